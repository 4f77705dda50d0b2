//! Files of a project, written so that each is old or new, also when the run is killed in between.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::disk::{Disk, replace};
use super::state::{PENDING, STATE, bases, forget, forgotten, recorded, remembered};
use super::{Failure, lockfile};
use crate::compare::{Change, Kind, MANIFEST_VERSION, Manifest, Sources};
use crate::lock::FILE;
use crate::schema::compose_error;
use crate::targets::Artifact;
use crate::yaml;

/// What a run of `forge generate` comes to.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) changes: &'a [Change],
    pub(super) wanted: &'a [Artifact],
    /// What was remembered before.
    pub(super) before: &'a Manifest,
    /// What the files are made of.
    pub(super) sources: &'a Sources,
    /// More files below `.forge`, by name.
    pub(super) state: &'a [(&'a str, &'a str)],
}

impl Run<'_> {
    fn remembered(&self) -> Manifest {
        remembered(self.changes, self.wanted, self.before, self.sources)
    }
}

/// Writes what a run comes to. All texts are on the disk before the first file of the project is touched, so that a full
/// disk or a folder that cannot be written to leaves everything as it was. Then each is renamed into its place: base
/// texts, the manifest under another name, files, and last that manifest under its own. A run that is killed anywhere in
/// between leaves each file old or new, and enough for the next to know which are forge's.
///
/// `lock` is a new text of forge.lock.
///
/// # Errors
/// When the system refuses something, or what was made does not parse.
pub(super) fn write(disk: &mut Disk, run: Run<'_>, lock: Option<&str>) -> Result<(), Failure> {
    let Run { changes, wanted, state, .. } = run;
    let folder = disk.root.join(STATE);
    let pending = run.remembered();
    let settled = pending.clone().settled();
    let (pending, text) = (pending.text(), settled.text());
    let is_same = |name: &str, text: &str| fs::read(folder.join(name)).is_ok_and(|it| it == text.as_bytes());
    let bases = bases(wanted, &settled, &folder.join("base"));
    let written: Vec<(&Change, &[u8])> =
        changes.iter().filter(|it| it.text_is_written()).filter_map(|it| Some((it, it.wanted.as_deref()?))).collect();
    let modes: Vec<&Change> = changes.iter().filter(|it| it.mode && !it.text_is_written()).collect();
    let unwanted: Vec<&Change> = changes.iter().filter(|it| it.kind == Kind::Unwanted).collect();
    let mut kept: Vec<(&str, &str)> = state.to_vec();
    kept.push(("manifest.json", &text));
    kept.retain(|(name, text)| !is_same(name, text));
    let is_done = lock.is_none()
        && kept.is_empty()
        && bases.is_empty()
        && written.is_empty()
        && modes.is_empty()
        && unwanted.is_empty();
    if is_done && !folder.join(PENDING).exists() {
        return Ok(());
    }
    // What can be known to fail does so before anything is there.
    lock.map_or(Ok(()), lockfile::read_back)?;
    let touched = || written.iter().map(|(change, _)| *change).chain(modes.iter().chain(&unwanted).copied());
    for change in touched() {
        disk.check_folder(&change.path)?;
    }
    // Everything to the disk first, ...
    let stage = Stage::new(&folder)?;
    let texts: Vec<(&[u8], bool)> = written
        .iter()
        .map(|(change, text)| (*text, change.executable))
        .chain(bases.iter().map(|(_, text)| (text.as_bytes(), false)))
        .chain(kept.iter().map(|(_, text)| (text.as_bytes(), false)))
        .chain([(pending.as_bytes(), false)])
        .chain(lock.map(|text| (text.as_bytes(), false)))
        .collect();
    // Of a merged file, what forge wants in it; the rest is its owner's.
    let paths: HashSet<&str> = written.iter().map(|(change, _)| change.path.as_str()).collect();
    let made: Vec<&Artifact> = wanted.iter().filter(|it| paths.contains(it.path.as_str())).collect();
    let (right, staged) = rayon::join(
        || made.par_iter().try_for_each(|it| read_back(it)),
        || texts.par_iter().enumerate().try_for_each(|(index, (text, executable))| stage.put(index, text, *executable)),
    );
    right.and(staged)?;
    for change in touched() {
        disk.make_folder(&change.path)?;
    }
    let place = |disk: &mut Disk, change: &Change| {
        let gone = || Failure::input(format!("the folder of `{}` went away", change.path), "run forge again");
        disk.place(&change.path)?.ok_or_else(gone)
    };
    let mut moves: Vec<(usize, PathBuf, &Change)> = Vec::with_capacity(written.len());
    for (index, (change, _)) in written.iter().enumerate() {
        moves.push((index, place(disk, change)?, change));
    }
    // ... then each into its place.
    let own = |index: usize, name: &str| {
        stage.settle(index, &folder.join(name)).map_err(Failure::io(format!("write {STATE}/{name}")))
    };
    bases.par_iter().enumerate().try_for_each(|(at, (name, _))| own(written.len() + at, &format!("base/{name}")))?;
    own(written.len() + bases.len() + kept.len(), PENDING)?;
    if lock.is_some() {
        // Before the files: a run that is killed after it leaves digests of bots in files that the lock knows.
        let (index, place) = (texts.len() - 1, disk.root.join(FILE));
        stage.keep_mode(index, &place, false);
        stage.settle(index, &place).map_err(Failure::io(format!("write {FILE}")))?;
    }
    moves.par_iter().try_for_each(|(index, place, change)| {
        stage.keep_mode(*index, place, change.executable);
        stage.settle(*index, place).map_err(Failure::io(format!("write {}", change.path)))
    })?;
    for change in modes {
        let place = place(disk, change)?;
        set_mode(&place, change.executable).map_err(Failure::io(format!("set the mode of {}", change.path)))?;
    }
    // A folder that is empty then goes as well, so this comes when everything new has its place. By a link, what is no
    // longer wanted under one name can be what is wanted under another.
    let mut needed = HashSet::new();
    for change in changes.iter().filter(|it| !unwanted.is_empty() && it.wanted.is_some()) {
        needed.insert(place(disk, change)?);
    }
    for change in unwanted {
        let real = place(disk, change)?;
        if !needed.contains(&real) {
            let gone = remove(&disk.root, &real).and_then(|()| {
                let link = disk.root.join(&change.path);
                if link == real || fs::symlink_metadata(&link).is_err() { Ok(()) } else { fs::remove_file(&link) }
            });
            gone.map_err(Failure::io(format!("delete {}", change.path)))?;
        }
    }
    for (at, (name, _)) in kept.iter().enumerate() {
        own(written.len() + bases.len() + at, name)?;
    }
    // As long as the other manifest is there, the next run knows that this one was not at its end.
    forget(&folder.join("base"), &settled);
    fs::remove_file(folder.join(PENDING)).map_err(Failure::io(format!("delete {STATE}/{PENDING}")))
}

/// Changes what is remembered, adds base texts by their digests, and touches nothing else.
///
/// # Errors
/// When the system refuses something.
pub(super) fn remember(
    disk: &Disk,
    bases: &[(String, &str)],
    change: impl FnOnce(&mut Manifest),
) -> Result<(), Failure> {
    let folder = disk.root.join(STATE);
    let mut manifest = recorded(disk)?;
    change(&mut manifest);
    manifest.version = MANIFEST_VERSION;
    // Who wrote the files that are there already is still to be told.
    if manifest.forge.is_empty() {
        manifest.forge = env!("CARGO_PKG_VERSION").to_owned();
    }
    let text = manifest.text();
    let stage = Stage::new(&folder)?;
    let texts = bases.iter().map(|(name, text)| (format!("base/{name}"), *text));
    let texts: Vec<(String, &str)> = texts.chain([("manifest.json".to_owned(), text.as_str())]).collect();
    for (index, (_, text)) in texts.iter().enumerate() {
        stage.put(index, text.as_bytes(), false)?;
    }
    for (index, (name, _)) in texts.iter().enumerate() {
        stage.settle(index, &folder.join(name)).map_err(Failure::io(format!("write {STATE}/{name}")))?;
    }
    // What a stopped run had to say is in the manifest now.
    match fs::remove_file(folder.join(PENDING)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::Io { doing: format!("delete {STATE}/{PENDING}"), source: error })
        }
        _ => Ok(()),
    }
}

/// What [`write`] would do below `.forge` alone, where no file of the project has to change: whoever committed the files
/// without it has nothing to merge with later. That another forge, or another spec, makes the same files is no such thing.
pub(super) fn state_changes(disk: &Disk, run: Run<'_>) -> Vec<Change> {
    let State { folder, manifest, changes: mut out } = State::of(disk, run);
    if !folder.join("manifest.json").exists() && !folder.join(PENDING).exists() {
        // All of it is told at once: of what is in it, nobody wants to see the lines.
        return vec![state_change("", Kind::Gone, None, None)];
    }
    let as_before = manifest.clone().as_written_by(run.before).text().into_bytes();
    out.retain(|it| it.path != format!("{STATE}/manifest.json") || it.found.as_ref() != Some(&as_before));
    // That some of them are missing is all that somebody can do something about.
    if !bases(run.wanted, &manifest, &folder.join("base")).is_empty() {
        out.push(state_change("base", Kind::Gone, None, None));
    }
    if let Ok(found) = fs::read(folder.join(PENDING)) {
        out.push(state_change(PENDING, Kind::Unwanted, None, Some(found)));
    }
    out
}

/// All that [`write`] would do below `.forge`, text by text.
pub(super) fn state_texts(disk: &Disk, run: Run<'_>) -> Vec<Change> {
    let State { folder, manifest, changes: mut out } = State::of(disk, run);
    let base = folder.join("base");
    let new = bases(run.wanted, &manifest, &base);
    out.extend(new.iter().map(|(name, text)| state_change(&format!("base/{name}"), Kind::New, Some(text), None)));
    let gone = forgotten(&base, &manifest).into_iter();
    out.extend(gone.map(|it| {
        let found = fs::read(base.join(&it)).unwrap_or_default();
        state_change(&format!("base/{it}"), Kind::Unwanted, None, Some(found))
    }));
    out
}

fn state_change(name: &str, kind: Kind, wanted: Option<&str>, found: Option<Vec<u8>>) -> Change {
    Change::new(format!("{STATE}/{name}"), kind, wanted.map(|it| it.as_bytes().to_vec()), found)
}

/// What is below `.forge` after a run, its base texts aside.
struct State {
    folder: PathBuf,
    manifest: Manifest,
    /// The manifest and the files that are always the same, where they are not there or others.
    changes: Vec<Change>,
}

impl State {
    fn of(disk: &Disk, run: Run<'_>) -> State {
        let folder = disk.root.join(STATE);
        let manifest = run.remembered().settled();
        let text = manifest.text();
        let files = run.state.iter().copied().chain([("manifest.json", text.as_str())]);
        let differing = files.filter_map(|(name, text)| {
            let found = fs::read(folder.join(name)).ok();
            let kind = if found.is_some() { Kind::Moved } else { Kind::New };
            (found.as_deref() != Some(text.as_bytes())).then(|| state_change(name, kind, Some(text), found))
        });
        let changes = differing.collect();
        State { folder, manifest, changes }
    }
}

/// Reads a text again with the eyes of those who will read it: what does not parse is never written.
fn read_back(artifact: &Artifact) -> Result<(), Failure> {
    let Artifact { id, path, text, .. } = artifact;
    if !yaml::is_yaml(path) {
        return Ok(());
    }
    let is_compose = id.split(':').next() == Some("compose");
    let read = if is_compose { compose_error(text).map_or(Ok(()), Err) } else { yaml::plain(text).map(drop) };
    read.map_err(|message| {
        Failure::input(
            format!("what forge made for `{path}` is wrong: {message}"),
            "with templates of your own in forge-templates/, look there; otherwise this is a bug in forge: please report it with the spec",
        )
    })
}

/// A folder in which texts wait for their places; gone when it is dropped.
struct Stage {
    state: PathBuf,
    new: PathBuf,
}

impl Stage {
    /// In `state`, the folder `.forge`, which is made where it is missing.
    fn new(state: &Path) -> Result<Stage, Failure> {
        let stage = Stage { state: state.to_owned(), new: state.join("new") };
        // Left behind by a run that was killed.
        let _ = fs::remove_dir_all(&stage.new);
        fs::create_dir_all(state.join("base")).map_err(Failure::io("make the folder .forge/base"))?;
        fs::create_dir(&stage.new).map_err(Failure::io("make the folder .forge/new"))?;
        Ok(stage)
    }

    fn put(&self, index: usize, text: &[u8], executable: bool) -> Result<(), Failure> {
        let path = self.new.join(index.to_string());
        fs::write(&path, text)
            .and_then(|()| if executable { set_mode(&path, true) } else { Ok(()) })
            .map_err(Failure::io("write to .forge/new"))
    }

    /// Gives a text the mode of the file that it takes the place of, if there is one.
    fn keep_mode(&self, index: usize, place: &Path, executable: bool) {
        let staged = self.new.join(index.to_string());
        if let Ok(old) = fs::metadata(place) {
            // Where that fails it has the mode of a new file, which will do.
            let _ = fs::set_permissions(&staged, old.permissions()).and_then(|()| set_mode(&staged, executable));
        }
    }

    fn settle(&self, index: usize, place: &Path) -> io::Result<()> {
        let staged = self.new.join(index.to_string());
        match fs::rename(&staged, place) {
            // Part of the project is another file system: beside the place there is no such border.
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                replace(place, &fs::read(&staged)?, Some(fs::metadata(&staged)?.permissions()))
            }
            other => other,
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.new);
        // Of a first run that failed nothing stays; folders with something in them do.
        let _ = fs::remove_dir(self.state.join("base")).and_then(|()| fs::remove_dir(&self.state));
    }
}

/// Deletes a file, and the folders above it that are empty then.
fn remove(root: &Path, place: &Path) -> io::Result<()> {
    fs::remove_file(place)?;
    let mut folder = place.parent();
    while let Some(it) = folder.filter(|it| *it != root && fs::remove_dir(it).is_ok()) {
        folder = it.parent();
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = fs::metadata(path)?.permissions();
    // Who may read it may run it: the mask of the user's own choice stays in force.
    let readable = permissions.mode() & 0o444;
    permissions.set_mode(if executable {
        permissions.mode() | 0o500 | readable >> 2
    } else {
        permissions.mode() & !0o111
    });
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}
