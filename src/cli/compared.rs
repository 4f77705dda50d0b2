//! What forge wants beside what is there: where every command begins that looks at generated files.

use std::fs::{self, File};
use std::path::Path;

use super::disk::Disk;
use super::project::Project;
use super::state::{STATE, manifest};
use super::{Failure, Shell};
use crate::compare::{Change, Manifest, Movers, compare, digest};
use crate::targets::Artifact;

/// A project compared with what is on disk.
pub(super) struct Compared {
    pub(super) disk: Disk,
    pub(super) manifest: Manifest,
    pub(super) wanted: Vec<Artifact>,
    pub(super) changes: Vec<Change>,
    /// Who moved since forge last wrote.
    pub(super) movers: Movers,
    /// Held as long as this is looked at and written.
    pub(super) _lock: Option<File>,
}

/// Plans the project and compares it with what is in `root`, where nobody else `writes` until the result is gone.
pub(super) fn compared(
    project: &Project,
    root: &Path,
    writes: bool,
    shell: &mut Shell<'_>,
) -> Result<Compared, Failure> {
    let mut disk = Disk::new(root)?;
    let lock = if writes { disk.lock()? } else { None };
    let manifest = manifest(&disk, &shell.directory.join(&shell.file))?;
    let wanted = project.plan(shell)?;
    let bases = disk.root.join(STATE).join("base");
    // A text that is not what its name says was changed by somebody, and is no base of anything.
    let base = |name: &str| fs::read_to_string(bases.join(name)).ok().filter(|it| digest(it.as_bytes()) == name);
    let changes = compare(&wanted, &manifest, |path| disk.find(path), base)?;
    let movers = Movers::since(&manifest, &project.sources, env!("CARGO_PKG_VERSION"));
    Ok(Compared { disk, manifest, wanted, changes, movers, _lock: lock })
}

/// The changes of files that somebody named, or that lie below folders that somebody named; all, where nobody named any.
///
/// # Errors
/// When a name is none of a file that forge makes, or made.
pub(super) fn chosen<'a>(
    changes: &'a [Change],
    paths: &[String],
    wanted: &[Artifact],
) -> Result<Vec<&'a Change>, Failure> {
    let below = |path: &str, asked: &str| {
        let asked = asked.trim_start_matches("./").trim_end_matches('/');
        asked.is_empty() || asked == "." || path == asked || path.starts_with(&format!("{asked}/"))
    };
    if paths.iter().any(|it| it.trim().is_empty()) {
        return Err(Failure::input("an empty path names nothing", "name a file, or `.` for all"));
    }
    if let Some(odd) = paths.iter().find(|asked| !changes.iter().any(|it| below(&it.path, asked))) {
        let known = wanted.iter().map(|it| it.path.as_str());
        let otherwise = "`forge generate --verbose` lists all that it writes";
        return Err(Failure::unknown("forge makes no file", odd, known, otherwise));
    }
    Ok(changes.iter().filter(|it| paths.is_empty() || paths.iter().any(|asked| below(&it.path, asked))).collect())
}
