//! Files of a project as they are, and nothing outside of it.

use std::collections::HashMap;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Failure;
use super::state::STATE;
use crate::compare::Found;

/// Folders that others obey: what lies in them is run or believed by a version control system, or by forge itself.
pub(super) const OBEYED: [&str; 4] = [".git", ".hg", ".svn", STATE];

/// The files of a project.
pub(super) struct Disk {
    pub(super) root: PathBuf,
    /// Folders that were looked up, with what they are after all links.
    real: HashMap<PathBuf, PathBuf>,
}

impl Disk {
    /// The project in `root`.
    pub(super) fn new(root: &Path) -> Result<Disk, Failure> {
        let root = match root.canonicalize() {
            // To look at, a folder that is not there is as good as an empty one.
            Err(error) if error.kind() == ErrorKind::NotFound => root.to_owned(),
            other => other.map_err(Failure::io(format!("open the folder {}", root.display())))?,
        };
        Ok(Disk { real: HashMap::new(), root })
    }

    /// The file at `path`, relative to the project, if there is one.
    ///
    /// # Errors
    /// When something other than a file is there, when a link on the way leads out of the project, or the system refuses.
    pub(super) fn find(&mut self, path: &str) -> Result<Option<Found>, Failure> {
        let Some(place) = self.place(path)? else { return Ok(None) };
        let metadata = match fs::metadata(&place) {
            Ok(it) if it.is_dir() => {
                let message = format!("`{path}` is a folder, and forge wants to write a file there");
                return Err(Failure::input(message, "move the folder away"));
            }
            // To read a pipe would be to wait for somebody who writes to it.
            Ok(it) if !it.is_file() => {
                let message = format!("`{path}` is no file, and forge wants to write one there");
                return Err(Failure::input(message, "move it away"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Failure::io(format!("read {path}")))?,
        };
        let bytes = fs::read(&place).map_err(Failure::io(format!("read {path}")))?;
        Ok(Some(Found { bytes, executable: executable(&metadata) }))
    }

    /// Where `path` is, links followed; `None` where a folder on the way is missing.
    ///
    /// # Errors
    /// When it leads out of the project, or to what forge keeps its hands off.
    pub(super) fn place(&mut self, path: &str) -> Result<Option<PathBuf>, Failure> {
        let wanted = self.root.join(path);
        self.refuse_private(path, &wanted)?;
        let (folder, name) =
            (wanted.parent().expect("it is below the project"), wanted.file_name().unwrap_or_default());
        let real = match self.real.get(folder) {
            Some(real) => real.join(name),
            None => match folder.canonicalize() {
                Ok(real) => {
                    self.real.insert(folder.to_owned(), real.clone());
                    real.join(name)
                }
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
            },
        };
        self.refuse_private(path, &real)?;
        if !fs::symlink_metadata(&real).is_ok_and(|it| it.file_type().is_symlink()) {
            return Ok(Some(real));
        }
        let Ok(real) = real.canonicalize() else {
            return Err(Failure::input(format!("`{path}` is a link that leads nowhere"), "remove the link"));
        };
        self.refuse_private(path, &real)?;
        Ok(Some(real))
    }

    /// Refuses what `path` comes to, `real` after all links, where forge has no business: outside of the project, in what
    /// a version control system or forge itself obeys, and in `secrets/` or `.env`, which nobody is to be shown.
    fn refuse_private(&self, path: &str, real: &Path) -> Result<(), Failure> {
        let Ok(below) = real.strip_prefix(&self.root) else { return Err(outside(path, real)) };
        let names: Vec<String> = below.iter().map(|it| it.to_string_lossy().to_lowercase()).collect();
        let is_kept = names.iter().any(|it| OBEYED.contains(&it.as_str()));
        let is_secret = names.first().is_some_and(|it| it == "secrets") && names.len() > 1 && names[1] != ".gitignore";
        let is_env = names.last().is_some_and(|it| it.starts_with(".env") && !it.ends_with(".example"));
        if is_kept || is_secret || is_env {
            let message = format!("`{path}` is `{}`, and forge writes nothing there", below.display());
            return Err(Failure::input(message, "build from another folder; replace a link by a folder or file"));
        }
        Ok(())
    }

    /// A missing folder can hide a link that leads out: looks at what of the way is there.
    fn check_missing(&self, path: &str) -> Result<(), Failure> {
        let mut way = self.root.clone();
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            way.push(part);
            match fs::symlink_metadata(&way) {
                Ok(it) if it.file_type().is_symlink() => match way.canonicalize() {
                    Ok(real) => self.refuse_private(path, &real)?,
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

    /// Whether a file can be put at `path`: its folder, or the nearest above it that is there, can be written to.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) fn check_folder(&self, path: &str) -> Result<(), Failure> {
        let place = self.root.join(path);
        let folder = place.ancestors().skip(1).find(|it| it.is_dir()).unwrap_or(&self.root);
        writable(folder).map_err(Failure::io(format!("write {path}")))
    }

    /// Makes the folder of `path` where it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make_folder(&self, path: &str) -> Result<(), Failure> {
        let place = self.root.join(path);
        let folder = place.parent().expect("it is below the project");
        if folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder).map_err(Failure::io(format!("make the folder of {path}")))
    }
}

/// Puts a text in the place of a file, all of it or nothing: it is written beside that under a name that nobody has, so
/// that nothing which waits there is written through. Without `mode` the file has that of a new one.
///
/// # Errors
/// When the system refuses.
pub(super) fn replace(place: &Path, text: &[u8], mode: Option<Permissions>) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".forge-new-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The user's mask is applied to it.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(place.parent().unwrap_or(Path::new(".")))?;
    beside.write_all(text)?;
    if let Some(mode) = mode {
        beside.as_file().set_permissions(mode)?;
    }
    beside.persist(place).map(drop).map_err(|it| it.error)
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
fn executable(metadata: &fs::Metadata) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &fs::Metadata) -> Option<bool> {
    None
}
