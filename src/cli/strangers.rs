//! Hand-written files that do under another name what forge's files do.

use std::fs;
use std::path::Path;

use crate::review::{Stranger, strangers};
use crate::targets::Artifact;

/// People keep such files at most so deep: `deploy/docker/api/Dockerfile`.
const DEEPEST: usize = 4;

/// The more entries a project has, the less of them are such files.
const MOST: usize = 20_000;

/// Files below `root` that do the work of those that forge wants, but for hidden folders and those with what others made.
pub(super) fn look_alike(root: &Path, wanted: &[Artifact]) -> Vec<Stranger> {
    let mut paths = Vec::new();
    let mut left = MOST;
    collect(root, "", DEEPEST, &mut left, &mut paths);
    strangers(&paths, wanted)
}

fn collect(folder: &Path, name: &str, depth: usize, left: &mut usize, out: &mut Vec<String>) {
    // What cannot be read is nothing that forge could tell something about.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(less) = left.checked_sub(1) else { return };
        *left = less;
        let file = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        let path = if name.is_empty() { file.clone() } else { format!("{name}/{file}") };
        if kind.is_file() {
            out.push(path);
        } else if kind.is_dir()
            && depth > 1
            && !file.starts_with('.')
            && !["node_modules", "vendor", "target", "venv", "dist", "forge-templates"].contains(&file.as_str())
        {
            collect(&entry.path(), &path, depth - 1, left, out);
        }
    }
}
