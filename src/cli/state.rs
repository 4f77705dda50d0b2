//! What forge remembers in `.forge`: which files are its own, and the texts that it last wanted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use serde::Deserialize;

use super::Failure;
use super::disk::Disk;
use crate::compare::{Change, Kind, MANIFEST_VERSION, Manifest, Record, Sources, digest};
use crate::merge::unmarked;
use crate::targets::{Artifact, Extent, could_be};

/// Where forge keeps what it has to remember.
pub(super) const STATE: &str = ".forge";

/// The manifest of a run until that run is at its end.
pub(super) const PENDING: &str = "pending.json";

/// Files below `.forge` that are always the same, by name.
const FIXED: [(&str, &str); 2] =
    [(".gitattributes", "* -text\nbase/* -merge\n"), (".gitignore", "new/\npending.json\n")];

/// All files below `.forge` beside the manifest and the base texts, by name; `schema` is the text of one.
pub(super) fn kept(schema: &str) -> Vec<(&str, &str)> {
    FIXED.into_iter().chain([("schema.json", schema)]).collect()
}

/// Refuses links below `.forge`: a clone can bring them along, and what forge remembers is never anywhere else.
///
/// # Errors
/// When there is one.
pub(super) fn refuse_links(disk: &Disk) -> Result<(), Failure> {
    let fixed = FIXED.iter().map(|(name, _)| *name);
    for name in ["", "base", "new", PENDING, "manifest.json", "schema.json"].into_iter().chain(fixed) {
        let shown = if name.is_empty() { STATE.to_owned() } else { format!("{STATE}/{name}") };
        if fs::symlink_metadata(disk.root.join(&shown)).is_ok_and(|it| it.file_type().is_symlink()) {
            let help = "remove it: forge keeps its memory in the project";
            return Err(Failure::input(format!("`{shown}` is a link"), help));
        }
    }
    Ok(())
}

/// What forge wrote before. Nothing, where it never was here. `spec` is the file with the spec.
///
/// # Errors
/// When the manifest cannot be read, is of a newer forge, or names what is not in the project.
pub(super) fn manifest(disk: &Disk, spec: &Path) -> Result<Manifest, Failure> {
    refuse_links(disk)?;
    let folder = disk.root.join(STATE);
    // In this order: a run that ends meanwhile makes the second of the first.
    let stopped = read(&folder, PENDING, "delete it: files that the stopped run wrote then count as edited")?;
    let help = "take it from version control again (`git checkout .forge`), or delete the folder .forge: forge then takes over the files that are as it wants them";
    let mut manifest = read(&folder, "manifest.json", help)?.unwrap_or_default();
    let bases = names(&folder.join("base")).map_err(Failure::io("read .forge/base"))?;
    // Of a side of a merge that the other one changed, the base text is gone.
    for it in manifest.artifacts.values_mut().filter(|it| !bases.contains(&it.base)) {
        if let Some(other) = it.interrupted.iter().position(|it| bases.contains(it)) {
            it.base = it.interrupted.remove(other);
        }
    }
    // What forge wrote has its base text; without one, it is nobody's claim.
    let lost = manifest.artifacts.values().filter(|it| !bases.contains(&it.base)).map(|it| it.path.clone()).collect();
    manifest.artifacts.retain(|_, it| bases.contains(&it.base));
    manifest.lost = lost;
    if let Some(stopped) = stopped {
        manifest = manifest.interrupted(stopped);
    }
    // No target makes the spec, or anything in these folders: whoever wrote a manifest that lists them wants them deleted.
    let spec_name = spec.file_name();
    let spec = spec.canonicalize().ok();
    // To follow every path takes longer than to read the file: only these can come to the spec.
    let is_spec = |path: &str| {
        let place = disk.root.join(path);
        let is_named = place.file_name().zip(spec_name).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let is_link = || fs::symlink_metadata(&place).is_ok_and(|it| it.file_type().is_symlink());
        (is_named || is_link()) && spec.is_some() && place.canonicalize().ok() == spec
    };
    manifest.artifacts.retain(|id, it| {
        let folder = it.path.split('/').next().unwrap_or_default();
        let is_kept = [".git", STATE].iter().any(|kept| folder.eq_ignore_ascii_case(kept));
        // Whoever wrote a manifest that lists sources wants them deleted.
        could_be(id, &it.path) && !is_kept && !is_spec(&it.path)
    });
    Ok(manifest)
}

/// The manifest as it stands there, with what a stopped run added: what is to be written again with a change.
///
/// # Errors
/// When one of the two cannot be read.
pub(super) fn recorded(disk: &Disk) -> Result<Manifest, Failure> {
    let folder = disk.root.join(STATE);
    let help = "take it from version control again: `git checkout .forge`";
    let stopped = read(&folder, PENDING, help)?;
    let manifest = read(&folder, "manifest.json", help)?.unwrap_or_default();
    Ok(match stopped {
        Some(stopped) => manifest.interrupted(stopped),
        None => manifest,
    })
}

fn read(folder: &Path, name: &str, help: &str) -> Result<Option<Manifest>, Failure> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
        forge: String,
    }
    let shown = format!("{STATE}/{name}");
    let place = folder.join(name);
    // To read a pipe would be to wait for somebody who writes to it.
    if fs::metadata(&place).is_ok_and(|it| !it.is_file()) {
        return Err(Failure::input(format!("{shown} is no file"), "remove it"));
    }
    let text = match fs::read(place) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::Io { doing: format!("read {shown}"), source: error }),
    };
    let broken = |error: serde_json::Error| Failure::input(format!("{shown} cannot be read: {error}"), help);
    // Two branches that both generated meet in it. What either wrote may be on the disk.
    let mut both: Option<Manifest> = None;
    for text in sides(&String::from_utf8_lossy(&text)) {
        // Before all else: the manifest of a newer forge may have any shape.
        let head: Head = serde_json::from_str(&text).map_err(broken)?;
        if head.version > MANIFEST_VERSION {
            return Err(Failure::input(
                format!("{shown} was written by a newer forge, {}", head.forge.escape_debug()),
                "use that forge, or a newer one",
            ));
        }
        let manifest: Manifest = serde_json::from_str(&text).map_err(broken)?;
        both = Some(match both {
            Some(ours) => ours.interrupted(manifest),
            None => manifest,
        });
    }
    let manifest = both.unwrap_or_default();
    let leads_out = |it: &&Record| {
        it.path.is_empty() || Path::new(&it.path).components().any(|it| !matches!(it, Component::Normal(_)))
    };
    if let Some(odd) = manifest.artifacts.values().find(leads_out) {
        return Err(Failure::input(
            format!("{shown} names `{}`, which is no path in this project", odd.path.escape_debug()),
            help,
        ));
    }
    Ok(Some(manifest))
}

/// A text, or where a version control system left a merge conflict in it, the text of either side.
fn sides(text: &str) -> Vec<String> {
    unmarked(text).map_or_else(|| vec![text.to_owned()], Into::into)
}

/// What will be remembered: all that is wanted. What is no longer wanted and was edited is its owner's from now on; what
/// is only about to be deleted is still known, until [`Manifest::settled`].
///
/// `sources` are what the files are made of.
pub(super) fn remembered(changes: &[Change], wanted: &[Artifact], before: &Manifest, sources: &Sources) -> Manifest {
    let kinds: HashMap<&str, Kind> = changes.iter().map(|it| (it.path.as_str(), it.kind)).collect();
    let by_path: HashMap<&str, &Record> = before.artifacts.values().map(|it| (it.path.as_str(), it)).collect();
    let mut artifacts = BTreeMap::new();
    let hands_off = before.hands_off();
    let kept = |it: &&Artifact| it.extent == Extent::File && hands_off.of(&it.id, &it.path).is_none();
    for artifact in wanted.iter().filter(kept) {
        // A path can have been another artifact's, and what lies there counts.
        let old = by_path.get(artifact.path.as_str()).copied();
        let base = digest(artifact.text.as_bytes());
        // Until this run is at its end, what others before it wrote may still be there.
        let interrupted = old.map(|it| it.interrupted.clone()).unwrap_or_default();
        let record = Record { path: artifact.path.clone(), executable: artifact.executable, base, interrupted };
        artifacts.insert(artifact.id.clone(), record);
    }
    let mut manifest = Manifest {
        version: MANIFEST_VERSION,
        forge: env!("CARGO_PKG_VERSION").to_owned(),
        sources: Some(sources.clone()),
        artifacts,
        ejected: before.ejected.clone(),
        ..Manifest::default()
    };
    manifest.name_ejected(wanted);
    for (id, record) in before.artifacts.iter().filter(|(_, it)| kinds.get(it.path.as_str()) == Some(&Kind::Unwanted)) {
        let mut record = record.clone();
        record.interrupted.push(record.base.clone());
        manifest.artifacts.insert(format!("{}@{}", id.split('@').next().unwrap_or(id), record.path), record);
    }
    manifest
}

/// Base texts that are not there yet, by name.
pub(super) fn bases<'a>(wanted: &'a [Artifact], manifest: &Manifest, folder: &Path) -> Vec<(String, &'a str)> {
    // What cannot be listed is written again.
    let there = names(folder).unwrap_or_default();
    let mut seen = HashSet::new();
    let files = wanted.iter().filter(|it| it.extent == Extent::File);
    let named = files.filter_map(|it| Some((manifest.artifacts.get(&it.id)?.base.clone(), it.text.as_str())));
    named.filter(|(name, _)| !there.contains(name) && seen.insert(name.clone())).collect()
}

/// The names of the files in a folder, links left out; none, where there is no such folder.
fn names(folder: &Path) -> io::Result<HashSet<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashSet::new()),
        entries => entries?,
    };
    let entries: Vec<fs::DirEntry> = entries.collect::<io::Result<_>>()?;
    // A clone can bring links and pipes along.
    let files = entries.iter().filter(|it| it.file_type().is_ok_and(|it| it.is_file()));
    Ok(files.map(|it| it.file_name().to_string_lossy().into_owned()).collect())
}

/// The base text of a name, if it is a file and what its name says: a text that somebody changed is no base of anything.
pub(super) fn base_text(folder: &Path, name: &str) -> Option<String> {
    let place = folder.join(name);
    let is_file = fs::symlink_metadata(&place).is_ok_and(|it| it.is_file());
    let text = if is_file { fs::read_to_string(place).ok()? } else { return None };
    (digest(text.as_bytes()) == name).then_some(text)
}

/// Deletes base texts that nothing refers to any more. That it fails would do no harm.
pub(super) fn forget(folder: &Path, manifest: &Manifest) {
    for name in forgotten(folder, manifest) {
        let _ = fs::remove_file(folder.join(name));
    }
}

/// The names of base texts that nothing refers to any more, sorted.
pub(super) fn forgotten(folder: &Path, manifest: &Manifest) -> Vec<String> {
    let used: HashSet<&str> = manifest.artifacts.values().map(|it| it.base.as_str()).collect();
    let is_base = |name: &str| name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit());
    let there = names(folder).unwrap_or_default().into_iter();
    let mut out: Vec<String> = there.filter(|it| is_base(it) && !used.contains(it.as_str())).collect();
    out.sort();
    out
}
