//! Files of a project: found, and written so that each is old or new, whatever happens in between.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Failure;
use crate::compare::{Change, Found, Kind, MANIFEST_VERSION, Manifest, Record, digest};
use crate::targets::{Artifact, Extent};

/// Where forge keeps what it has to remember.
const STATE: &str = ".forge";

/// The files of a project.
pub(super) struct Disk {
    root: PathBuf,
    /// Folders that were seen to lie inside of the project.
    safe: HashSet<PathBuf>,
}

impl Disk {
    /// The project in `root`.
    pub(super) fn new(root: &Path) -> Result<Disk, Failure> {
        let root = root.canonicalize().map_err(Failure::io(format!("open the folder {}", root.display())))?;
        // A clone can bring links along; what forge remembers is never anywhere else.
        for name in ["", "base", "new", "lock", "manifest.json", "schema.json", ".gitattributes", ".gitignore"] {
            let place = if name.is_empty() { root.join(STATE) } else { root.join(STATE).join(name) };
            if fs::symlink_metadata(&place).is_ok_and(|it| it.file_type().is_symlink()) {
                let shown = place.strip_prefix(&root).unwrap_or(&place).display().to_string();
                return Err(Failure::input(
                    format!("`{shown}` is a link"),
                    "remove it: forge keeps its memory in the project",
                ));
            }
        }
        Ok(Disk { safe: HashSet::from([root.clone()]), root })
    }

    /// The file at `path`, relative to the project, if there is one.
    ///
    /// # Errors
    /// When something other than a file is there, when a link on the way leads out of the project, or the system refuses.
    pub(super) fn find(&mut self, path: &str) -> Result<Option<Found>, Failure> {
        let Some(place) = self.place(path)? else { return Ok(None) };
        // To read a pipe would be to wait for somebody who writes to it.
        if fs::metadata(&place).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
            let message = format!("`{path}` is no file, and forge wants to write one there");
            return Err(Failure::input(message, "move it away"));
        }
        match fs::read(&place) {
            Ok(bytes) => Ok(Some(Found { bytes, executable: executable(&place) })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::IsADirectory => Err(Failure::input(
                format!("`{path}` is a folder, and forge wants to write a file there"),
                "move the folder away",
            )),
            Err(error) => Err(Failure::Io { doing: format!("read {path}"), source: error }),
        }
    }

    /// Where `path` is, links followed; `None` where a folder on the way is missing.
    fn place(&mut self, path: &str) -> Result<Option<PathBuf>, Failure> {
        let wanted = self.root.join(path);
        let folder = wanted.parent().expect("it is below the project").to_owned();
        if !self.safe.contains(&folder) {
            match folder.canonicalize() {
                Ok(real) if real.starts_with(&self.root) => drop(self.safe.insert(folder)),
                Ok(real) => return Err(outside(path, &real)),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.check_missing(path)?;
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::NotADirectory => {
                    return Err(Failure::input(
                        format!("a folder on the way to `{path}` is a file"),
                        "move that file away",
                    ));
                }
                Err(error) => return Err(Failure::Io { doing: format!("read {path}"), source: error }),
            }
        }
        let is_link = fs::symlink_metadata(&wanted).is_ok_and(|it| it.file_type().is_symlink());
        if !is_link {
            return Ok(Some(wanted));
        }
        match wanted.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(Some(real)),
            Ok(real) => Err(outside(path, &real)),
            Err(_) => Err(Failure::input(format!("`{path}` is a link that leads nowhere"), "remove the link")),
        }
    }

    /// A missing folder can hide a link that leads out: looks at what of the way is there.
    fn check_missing(&self, path: &str) -> Result<(), Failure> {
        let mut way = self.root.clone();
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            way.push(part);
            match fs::symlink_metadata(&way) {
                Ok(it) if it.file_type().is_symlink() => match way.canonicalize() {
                    Ok(real) if real.starts_with(&self.root) => {}
                    Ok(real) => return Err(outside(path, &real)),
                    Err(_) => {
                        return Err(Failure::input(
                            format!("a link on the way to `{path}` leads nowhere"),
                            "remove the link",
                        ));
                    }
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// What forge wrote before. Nothing, where it never was here.
    pub(super) fn manifest(&self) -> Result<Manifest, Failure> {
        let path = self.root.join(STATE).join("manifest.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Manifest::default()),
            Err(error) => return Err(Failure::Io { doing: "read .forge/manifest.json".into(), source: error }),
        };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
            Failure::input(format!(".forge/manifest.json cannot be read: {error}"), "take it from version control again (`git checkout .forge`), or delete the folder .forge: forge then takes over the files that are as it wants them")
        })?;
        if manifest.version > MANIFEST_VERSION {
            return Err(Failure::input(
                format!(".forge/manifest.json was written by a newer forge, {}", manifest.forge),
                "use that forge, or a newer one",
            ));
        }
        let leads_out = |it: &&Record| {
            it.path.is_empty()
                || Path::new(&it.path).components().any(|it| !matches!(it, std::path::Component::Normal(_)))
        };
        if let Some(odd) = manifest.artifacts.values().find(leads_out) {
            return Err(Failure::input(
                format!(".forge/manifest.json names `{}`, which is no path in this project", odd.path.escape_debug()),
                "take it from version control again: `git checkout .forge`",
            ));
        }
        let bases = names(&self.root.join(STATE).join("base"));
        let mut manifest = manifest;
        // What forge wrote has its base text; without one, or among files that no target makes, it is nobody's claim.
        manifest.artifacts.retain(|_, it| {
            let folder = it.path.split('/').next().unwrap_or_default();
            bases.contains(&it.base) && ![".git", STATE].contains(&folder)
        });
        Ok(manifest)
    }

    /// Writes what `changes` say, then base texts, then the manifest. All texts are on the disk before the first file
    /// of the project is touched, so that a full disk or a folder that cannot be written to leaves everything as it was.
    ///
    /// `state` are more files below `.forge`, by name.
    pub(super) fn write(
        &mut self,
        changes: &[Change],
        wanted: &[Artifact],
        before: &Manifest,
        state: &[(&str, String)],
    ) -> Result<(), Failure> {
        let manifest = manifest(changes, wanted, before);
        let text = serde_json::to_string_pretty(&manifest).expect("plain data is JSON") + "\n";
        let mut kept = vec![("manifest.json", text.as_str())];
        kept.extend(state.iter().map(|(name, text)| (*name, text.as_str())));
        let folder = self.root.join(STATE);
        let same = |name: &str, text: &str| fs::read(folder.join(name)).is_ok_and(|it| it == text.as_bytes());
        kept.retain(|(name, text)| !same(name, text));
        let bases = bases(changes, wanted, &manifest, &folder.join("base"));
        let files: Vec<&Change> = changes.iter().filter(|it| it.kind.is_written()).collect();
        if kept.is_empty() && bases.is_empty() && files.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(folder.join("base")).map_err(Failure::io("make the folder .forge/base"))?;
        let _lock = self.lock(&folder)?;
        let stage = Stage::new(folder.join("new"))?;
        // Everything to the disk first, ...
        let texts: Vec<(usize, &[u8], bool)> = files
            .iter()
            .filter(|it| it.kind != Kind::Mode)
            .filter_map(|it| Some((it.wanted.as_deref()?, it.executable)))
            .chain(bases.iter().map(|(_, text)| (text.as_bytes(), false)))
            .chain(kept.iter().map(|(_, text)| (text.as_bytes(), false)))
            .enumerate()
            .map(|(index, (text, executable))| (index, text, executable))
            .collect();
        texts.par_iter().try_for_each(|(index, text, executable)| stage.put(*index, text, *executable))?;
        for change in &files {
            if change.wanted.is_some() {
                self.make_folder(&change.path)?;
            }
        }
        // ... then each into its place: files, base texts, manifest. Stopped in between, the next run finds the rest.
        let mut index = 0;
        let mut moves: Vec<(usize, PathBuf, &Change)> = Vec::new();
        let mut removals: Vec<(PathBuf, &str)> = Vec::new();
        for change in &files {
            let place = self.place(&change.path)?.ok_or_else(|| {
                Failure::input(format!("the folder of `{}` went away", change.path), "run forge again")
            })?;
            match (change.kind, &change.wanted) {
                (Kind::Mode, _) => set_mode(&place, change.executable)
                    .map_err(Failure::io(format!("set the mode of {}", change.path)))?,
                (_, None) => removals.push((place, &change.path)),
                (_, Some(_)) => {
                    moves.push((index, place, change));
                    index += 1;
                }
            }
        }
        moves.par_iter().try_for_each(|(index, place, change)| {
            stage.keep_mode(*index, place, change.executable);
            stage.settle(*index, place).map_err(Failure::io(format!("write {}", change.path)))
        })?;
        // A folder that is empty then goes as well, so this comes when everything new has its place.
        for (place, path) in &removals {
            remove(&self.root, place).map_err(Failure::io(format!("delete {path}")))?;
        }
        let bases: Vec<(usize, PathBuf)> = bases
            .iter()
            .enumerate()
            .map(|(offset, (name, _))| (index + offset, folder.join("base").join(name)))
            .collect();
        bases
            .par_iter()
            .try_for_each(|(index, place)| stage.settle(*index, place).map_err(Failure::io("write .forge/base")))?;
        index += bases.len();
        // The manifest comes last: it is first among these, so they are written from the end.
        for (offset, (name, _)) in kept.iter().enumerate().rev() {
            stage.settle(index + offset, &folder.join(name)).map_err(Failure::io(format!("write .forge/{name}")))?;
        }
        forget(&folder.join("base"), &manifest);
        Ok(())
    }

    fn lock(&self, folder: &Path) -> Result<File, Failure> {
        let lock = File::options().create(true).write(true).truncate(false).open(folder.join("lock"));
        let file = lock.map_err(Failure::io("write .forge/lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::input("another forge is writing here", "wait until it is done"))
            }
            // A file system without locks: better unguarded than not at all.
            Err(TryLockError::Error(_)) => Ok(file),
        }
    }

    fn make_folder(&mut self, path: &str) -> Result<(), Failure> {
        let folder = self.root.join(path);
        let folder = folder.parent().expect("it is below the project");
        if !self.safe.contains(folder) && !folder.is_dir() {
            fs::create_dir_all(folder).map_err(Failure::io(format!("make the folder of {path}")))?;
        }
        Ok(())
    }
}

fn outside(path: &str, real: &Path) -> Failure {
    Failure::input(
        format!("`{path}` leads out of the project, to {}", real.display()),
        "forge writes below forge.yaml only: replace the link by a folder or file",
    )
}

/// What will be remembered: all that is wanted, with what stays where somebody's edit met another wish.
fn manifest(changes: &[Change], wanted: &[Artifact], before: &Manifest) -> Manifest {
    let kinds: std::collections::HashMap<&str, Kind> = changes.iter().map(|it| (it.path.as_str(), it.kind)).collect();
    // A path can have been another artifact's; thousands of them are not looked through for each.
    let by_path: std::collections::HashMap<&str, &Record> =
        before.artifacts.values().map(|it| (it.path.as_str(), it)).collect();
    let mut artifacts = std::collections::BTreeMap::new();
    for artifact in wanted.iter().filter(|it| it.extent == Extent::File) {
        let old = by_path.get(artifact.path.as_str()).copied();
        let base = match (kinds.get(artifact.path.as_str()), before.artifacts.get(&artifact.id).or(old)) {
            // Until the two are merged, the base stays what the edit was made on.
            (Some(Kind::Both), Some(old)) => old.base.clone(),
            _ => digest(artifact.text.as_bytes()),
        };
        artifacts
            .insert(artifact.id.clone(), Record { path: artifact.path.clone(), executable: artifact.executable, base });
    }
    for (id, record) in &before.artifacts {
        if kinds.get(record.path.as_str()) == Some(&Kind::Orphaned) {
            // What it was may be somewhere else now; this edit stays known until somebody removes the file.
            let id = if artifacts.contains_key(id) { format!("orphan:{}", record.path) } else { id.clone() };
            artifacts.insert(id, record.clone());
        }
    }
    Manifest { version: MANIFEST_VERSION, forge: env!("CARGO_PKG_VERSION").to_owned(), artifacts }
}

/// Base texts that are not there yet, by name.
fn bases<'a>(changes: &[Change], wanted: &'a [Artifact], manifest: &Manifest, folder: &Path) -> Vec<(String, &'a str)> {
    let both: HashSet<&str> = changes.iter().filter(|it| it.kind == Kind::Both).map(|it| it.path.as_str()).collect();
    let there = names(folder);
    let mut seen = HashSet::new();
    let files = wanted.iter().filter(|it| it.extent == Extent::File && !both.contains(it.path.as_str()));
    let named = files.filter_map(|it| Some((manifest.artifacts.get(&it.id)?.base.clone(), it.text.as_str())));
    named.filter(|(name, _)| !there.contains(name) && seen.insert(name.clone())).collect()
}

/// The names of the files in a folder; of none, where there is no such folder.
fn names(folder: &Path) -> HashSet<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Deletes base texts that nothing refers to any more. That it fails would do no harm.
fn forget(folder: &Path, manifest: &Manifest) {
    let used: HashSet<&str> = manifest.artifacts.values().map(|it| it.base.as_str()).collect();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_base = name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit());
        if is_base && !used.contains(name.as_str()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A folder in which texts wait for their places; gone when it is dropped.
struct Stage(PathBuf);

impl Stage {
    fn new(folder: PathBuf) -> Result<Stage, Failure> {
        // Left behind by a run that was killed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).map_err(Failure::io("make the folder .forge/new"))?;
        Ok(Stage(folder))
    }

    fn put(&self, index: usize, text: &[u8], executable: bool) -> Result<(), Failure> {
        let path = self.0.join(index.to_string());
        fs::write(&path, text)
            .and_then(|()| if executable { set_mode(&path, true) } else { Ok(()) })
            .map_err(Failure::io("write to .forge/new"))
    }

    /// Gives a text the mode of the file that it takes the place of, if there is one.
    fn keep_mode(&self, index: usize, place: &Path, executable: bool) {
        let staged = self.0.join(index.to_string());
        if let Ok(old) = fs::metadata(place) {
            // Where that fails it has the mode of a new file, which will do.
            let _ = fs::set_permissions(&staged, old.permissions()).and_then(|()| set_mode(&staged, executable));
        }
    }

    fn settle(&self, index: usize, place: &Path) -> io::Result<()> {
        let staged = self.0.join(index.to_string());
        match fs::rename(&staged, place) {
            // Part of the project is another file system: beside the place there is no such border.
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let mut beside = place.as_os_str().to_owned();
                beside.push(".forge-new");
                let beside = PathBuf::from(beside);
                fs::copy(&staged, &beside)?;
                fs::rename(&beside, place)
            }
            other => other,
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
fn executable(path: &Path) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).ok().map(|it| it.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Option<bool> {
    None
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = fs::metadata(path)?.permissions();
    // Who may read it may run it: the mask of the user's own choice stays in force.
    let readable = permissions.mode() & 0o444;
    permissions.set_mode(if executable { permissions.mode() | readable >> 2 } else { permissions.mode() & !0o111 });
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}
