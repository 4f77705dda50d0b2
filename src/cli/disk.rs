//! Files of a project as they are, and nothing outside of it.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Failure;
use super::state::STATE;
use crate::compare::Found;

/// The files of a project.
pub(super) struct Disk {
    pub(super) root: PathBuf,
    /// Folders that were seen to lie inside of the project.
    safe: HashSet<PathBuf>,
}

impl Disk {
    /// The project in `root`.
    pub(super) fn new(root: &Path) -> Result<Disk, Failure> {
        let root = root.canonicalize().map_err(Failure::io(format!("open the folder {}", root.display())))?;
        // A clone can bring links along; what forge remembers is never anywhere else.
        for name in ["", "base", "new", "pending.json", "manifest.json", "schema.json", ".gitattributes", ".gitignore"]
        {
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
    pub(super) fn place(&mut self, path: &str) -> Result<Option<PathBuf>, Failure> {
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

    /// Keeps other forges from writing here as long as the file lives; `None` where the system has no such locks.
    ///
    /// # Errors
    /// When another forge is writing.
    pub(super) fn lock(&self) -> Result<Option<File>, Failure> {
        // The folder itself is locked, so that a run that writes nothing leaves nothing behind.
        let Ok(folder) = File::open(&self.root) else { return Ok(None) };
        match folder.try_lock() {
            Ok(()) => Ok(Some(folder)),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::input("another forge is writing here", "wait until it is done"))
            }
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }

    /// Makes the folder of `path` where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or files cannot be put into it.
    pub(super) fn make_folder(&mut self, path: &str) -> Result<(), Failure> {
        let folder = self.root.join(path);
        let folder = folder.parent().expect("it is below the project");
        let doing = || Failure::io(format!("write {path}"));
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(doing())?;
        }
        writable(folder).map_err(doing())
    }
}

#[cfg(unix)]
fn writable(folder: &Path) -> std::io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn writable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn outside(path: &str, real: &Path) -> Failure {
    Failure::input(
        format!("`{path}` leads out of the project, to {}", real.display()),
        "forge writes below forge.yaml only: replace the link by a folder or file",
    )
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
