//! What forge wants beside what is there: where every command begins that looks at generated files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

use super::disk::Disk;
use super::project::Project;
use super::raised::advice;
use super::state::{STATE, base_text, manifest};
use super::{Failure, Shell};
use crate::compare::{Change, Kind, Manifest, Movers, Record, Sources, compare, digest};
use crate::lock::{is_digest, uses};
use crate::pins::{self, Taken, Written};
use crate::review::strangers;
use crate::targets::Artifact;

/// A project compared with what is on disk.
pub(super) struct Compared {
    pub(super) disk: Disk,
    pub(super) manifest: Manifest,
    pub(super) wanted: Vec<Artifact>,
    pub(super) changes: Vec<Change>,
    /// Who moved since forge last wrote.
    pub(super) movers: Movers,
    /// What bots wrote into files.
    pub(super) pins: Taken,
    /// What the files are made of, with the lock that takes what bots wrote.
    pub(super) sources: Sources,
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
    let mut manifest = manifest(&disk, &shell.directory.join(&shell.file))?;
    let mut wanted = project.plan(shell)?;
    let bases = disk.root.join(STATE).join("base");
    let base = |name: &str| base_text(&bases, name);
    let mut changes = compare(&wanted, &manifest, |path| disk.find(path), base)?;
    // A bot that raised the lock as well made files right that forge did not write so.
    let is_lock_new = manifest.sources.as_ref().is_some_and(|it| it.lock != project.sources.lock);
    let found = edits(&changes, &manifest, is_lock_new, base);
    let written: Vec<Written> = found.iter().flat_map(|it| pins::written(it.path, &it.base, it.text)).collect();
    let pins = pins::take(project.lock.as_ref(), &uses(&project.resolved), &written);
    if !written.is_empty() {
        // What forge wrote and a bot pinned otherwise is no edit of anybody's.
        let repinned: Vec<(String, String)> =
            found.iter().map(|it| (it.id.to_owned(), pins::repinned(&it.base, it.text, &pins.known))).collect();
        let texts: HashMap<String, String> =
            repinned.iter().map(|(_, text)| (digest(text.as_bytes()), text.clone())).collect();
        for (id, text) in &repinned {
            let record = manifest.artifacts.get_mut(id).filter(|it| it.base != digest(text.as_bytes()));
            record.into_iter().for_each(|it| it.interrupted.push(digest(text.as_bytes())));
        }
        if !pins.news.is_empty() {
            wanted = project.plan_with(&pins.lock, shell)?;
        }
        let base = |name: &str| texts.get(name).cloned().or_else(|| base(name));
        changes = compare(&wanted, &manifest, |path| disk.find(path), base)?;
    }
    let mut sources = project.sources.clone();
    if !pins.news.is_empty() {
        sources.lock = Some(digest(pins.lock.text().as_bytes()));
    }
    let movers = Movers::since(&manifest, &sources, env!("CARGO_PKG_VERSION"));
    Ok(Compared { disk, manifest, wanted, changes, movers, pins, sources, _lock: lock })
}

/// A file that somebody edited, with what forge wrote there.
struct Edit<'a> {
    id: &'a str,
    path: &'a str,
    base: String,
    text: &'a str,
}

/// The texts of the files that are not as forge wrote them; with those that are as it wants them now, where that `can_be_right`.
fn edits<'a>(
    changes: &'a [Change],
    manifest: &'a Manifest,
    can_be_right: bool,
    base: impl Fn(&str) -> Option<String>,
) -> Vec<Edit<'a>> {
    let edited = |it: &&Change| match it.kind {
        Kind::Edited | Kind::Merged | Kind::Conflict => true,
        Kind::Same => can_be_right,
        _ => false,
    };
    let by_path: HashMap<&str, (&String, &Record)> =
        manifest.artifacts.iter().map(|(id, record)| (record.path.as_str(), (id, record))).collect();
    let edit = |it: &'a Change| {
        let (id, record) = *by_path.get(it.path.as_str())?;
        let text = std::str::from_utf8(it.found.as_deref()?).ok()?;
        Some(Edit { id, path: &it.path, base: base(&record.base)?, text })
    };
    changes.iter().filter(edited).filter_map(edit).collect()
}

impl Compared {
    /// What forge wants, as it was when it last wrote, where only pins are others since: that a bot does not bring `.forge`
    /// along is no difference that anybody has to do something about.
    pub(super) fn wanted_but_for_pins(&self) -> Vec<Artifact> {
        let bases = self.disk.root.join(STATE).join("base");
        let old = |it: &Artifact| {
            let record = self.manifest.artifacts.get(&it.id)?;
            let is_old = record.base != digest(it.text.as_bytes());
            let text = is_old.then(|| base_text(&bases, &record.base))??;
            pins::alike(&text, &it.text).then_some(text)
        };
        let wanted = self.wanted.iter().map(|it| match old(it) {
            Some(text) => Artifact { text, ..it.clone() },
            None => it.clone(),
        });
        wanted.collect()
    }

    /// Whether a file only lacks a digest that a bot wrote into another.
    pub(super) fn is_behind_a_bot(&self, change: &Change) -> bool {
        let texts = change.found.as_deref().zip(change.wanted.as_deref());
        let texts = texts.and_then(|(a, b)| Some((std::str::from_utf8(a).ok()?, std::str::from_utf8(b).ok()?)));
        let names = texts.and_then(|(found, wanted)| pins::differing(found, wanted));
        let Taken { news, agreed, .. } = &self.pins;
        matches!(change.kind, Kind::Moved | Kind::Merged)
            && !change.mode
            && names.is_some_and(|it| {
                !it.is_empty() && it.iter().all(|name| news.contains_key(name) || agreed.contains(name))
            })
    }

    /// Whether a file has a digest for which another file has another one.
    pub(super) fn is_disputed(&self, path: &str) -> bool {
        self.pins.disputed.values().flat_map(BTreeMap::values).any(|it| it.contains(path))
    }

    /// Says of the files that only lack what a bot wrote into others that they will follow.
    pub(super) fn tell_behind(&self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        for it in self.changes.iter().filter(|it| self.is_behind_a_bot(it)) {
            shell.say(&format!("{}: it has an older digest still, which `forge generate` replaces", it.path))?;
        }
        Ok(())
    }

    /// Says where forge has been here, and nothing of it is remembered.
    pub(super) fn tell_memory(&self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let is_known = |it: &Change| it.kind == Kind::Same && it.wanted.as_ref().is_some_and(|it| !it.is_empty());
        if !self.disk.root.join(STATE).join("manifest.json").exists() && self.changes.iter().any(is_known) {
            shell.insist("there is no .forge, in which forge remembers what it wrote: take it from version control again (`git checkout .forge`), and edits can be told from what forge wrote; without it `forge generate` begins anew")?;
        }
        Ok(())
    }

    /// Says of what was ejected and is wanted under another path by now that nobody has moved it.
    pub(super) fn tell_ejected(&self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let hands_off = self.manifest.hands_off();
        for Artifact { id, path, .. } in &self.wanted {
            if let Some(at) = hands_off.of(id, path).filter(|at| at != path) {
                let at = at.escape_debug();
                shell.insist(&format!("{path} is ejected as {at}: move it yourself, then `forge eject {path}`, or `forge adopt {path}` takes it back"))?;
            }
        }
        Ok(())
    }

    /// What there is to say of what bots wrote; `taken` says what becomes of it.
    pub(super) fn tell_pins(&self, project: &Project, taken: &str, shell: &mut Shell<'_>) -> Result<(), Failure> {
        for (name, path) in &self.pins.news {
            let what = if self.pins.lock.actions.contains_key(name) { "commit" } else { "digest" };
            shell.say(&format!("{path}: {taken} the {what} of `{name}`"))?;
        }
        for (path, name) in &self.pins.left {
            shell.say(&format!("{path}: what it has for `{name}` is not in forge.lock, which was changed since; `forge lock --update {name}` looks up the newest"))?;
        }
        for (name, pins) in &self.pins.disputed {
            let files: BTreeSet<&String> = pins.values().flatten().collect();
            let files: Vec<&str> = files.into_iter().map(String::as_str).collect();
            let what = if pins.keys().all(|it| is_digest(it)) { "digests" } else { "commits" };
            shell.insist(&format!(
                "{}: {} different {what} of `{name}`, and nobody can tell which is the newer: write one of them everywhere, or `forge lock --update {name}` looks up the newest",
                files.join(", "),
                pins.len()
            ))?;
        }
        for it in &self.pins.raised {
            let at = it.at.as_ref().map_or_else(|| "the spec".to_owned(), |at| format!("`{at}`"));
            shell.insist(&format!(
                "{}: it has `{}`, and {at} in the spec asks for `{}`: {}",
                it.path,
                it.is,
                it.was,
                advice(project, it)
            ))?;
        }
        Ok(())
    }
}

/// The changes of files that somebody named, or that lie below folders that somebody named; all, where nobody named any.
/// Names are relative to the project in `root`, or absolute.
///
/// # Errors
/// When a name is none of a file that forge makes, or made, or is one of the `ejected`.
pub(super) fn chosen<'a>(
    root: &Path,
    changes: &'a [Change],
    paths: &[String],
    wanted: &[Artifact],
    ejected: &BTreeMap<String, Option<String>>,
) -> Result<Vec<&'a Change>, Failure> {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let named = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let inside = |asked: &str| -> String {
        let place = Path::new(asked);
        let rest = place.strip_prefix(&named).or_else(|_| place.strip_prefix(&real));
        match rest.ok().and_then(Path::to_str).filter(|_| place.is_absolute()) {
            Some("") => ".".to_owned(),
            Some(rest) => rest.replace('\\', "/"),
            None => asked.to_owned(),
        }
    };
    let below = |path: &str, asked: &str| {
        let asked = inside(asked);
        let asked = asked.trim_start_matches("./").trim_end_matches('/');
        asked.is_empty() || asked == "." || path == asked || path.starts_with(&format!("{asked}/"))
    };
    if paths.iter().any(|it| it.trim().is_empty()) {
        return Err(Failure::input("an empty path names nothing", "name a file, or `.` for all"));
    }
    // A file that moves answers to both of its names.
    let is_named =
        |it: &Change, asked: &str| below(&it.path, asked) || it.from.as_ref().is_some_and(|from| below(from, asked));
    if let Some(odd) = paths.iter().find(|asked| !changes.iter().any(|it| is_named(it, asked))) {
        if ejected.keys().any(|it| below(it, odd)) {
            let odd = odd.escape_debug();
            return Err(Failure::input(format!("`{odd}` is ejected"), format!("`forge adopt {odd}` takes it back")));
        }
        if let Some(it) = strangers(&[inside(odd)], wanted).into_iter().find(|it| root.join(&it.path).is_file()) {
            let message = format!("forge makes no file `{}`", odd.escape_debug());
            return Err(Failure::input(message, it.note));
        }
        let known = wanted.iter().map(|it| it.path.as_str());
        let otherwise = "`forge generate --verbose` lists all that it writes";
        return Err(Failure::unknown("forge makes no file", odd, known, otherwise));
    }
    Ok(changes.iter().filter(|it| paths.is_empty() || paths.iter().any(|asked| is_named(it, asked))).collect())
}
