//! `forge.lock` on the disk.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::Failure;
use super::disk::replace;
use crate::codes;
use crate::compare::digest;
use crate::credential::masked;
use crate::diagnostic::Severity;
use crate::lock::{Broken, FILE, Lock};
use crate::report::Notice;

/// More than any lock needs: 10,000 images are about 2 MB.
const LARGEST: u64 = 16 << 20;

/// `forge.lock` as it was found.
#[derive(Default)]
pub(super) struct Found {
    /// `None` where there is none, or it cannot be read.
    pub(super) lock: Option<Lock>,
    /// What is wrong inside of it.
    pub(super) broken: Vec<Notice>,
    /// The digest of its text; `None` where there is none.
    pub(super) digest: Option<String>,
}

/// The lock of the project in `root`.
///
/// # Errors
/// When what is there is no file, or the system refuses.
pub(super) fn read(root: &Path) -> Result<Found, Failure> {
    let place = root.join(FILE);
    match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) => return Err(Failure::Io { doing: format!("read {FILE}"), source: error }),
        // By a link, forge would read, and write, what is not the project's; and a pipe it would wait for.
        Ok(it) if !it.is_file() => {
            return Err(Failure::input(format!("{FILE} is no file"), "remove it, and run `forge lock`"));
        }
        Ok(it) if it.len() > LARGEST => {
            return Err(Failure::input(
                format!("{FILE} has {} MB, and forge reads at most {}", it.len() >> 20, LARGEST >> 20),
                "take it from version control again",
            ));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(&place).map_err(Failure::io(format!("read {FILE}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let digest = Some(digest(&bytes));
    Ok(match Lock::read(&text) {
        Ok(lock) => Found { lock: Some(lock), broken: Vec::new(), digest },
        Err(them) => {
            let shown: Arc<str> = masked(&text).into();
            Found { lock: None, broken: them.into_iter().map(|it| notice(it, &shown)).collect(), digest }
        }
    })
}

/// Writes the lock of the project in `root`, beside itself and then in its place; whether that changed anything.
///
/// # Errors
/// When the system refuses, or the text would be no lock.
pub(super) fn write(root: &Path, lock: &Lock) -> Result<bool, Failure> {
    let place = root.join(FILE);
    let text = lock.text();
    if fs::read(&place).is_ok_and(|it| it == text.as_bytes()) {
        return Ok(false);
    }
    read_back(&text)?;
    let mode = fs::metadata(&place).ok().map(|it| it.permissions());
    replace(&place, text.as_bytes(), mode).map(|()| true).map_err(Failure::io(format!("write {FILE}")))
}

/// Reads the text of a lock again: what forge would refuse is never written.
///
/// # Errors
/// When it would.
pub(super) fn read_back(text: &str) -> Result<(), Failure> {
    let Err(them) = Lock::read(text) else { return Ok(()) };
    let why: Vec<String> = them.into_iter().map(|it| it.message).collect();
    Err(Failure::input(
        format!("what forge made for {FILE} is wrong: {}", why.join("; ")),
        "this is a bug in forge: please report it with the lock and the files that were edited",
    ))
}

fn notice(told: Broken, text: &Arc<str>) -> Notice {
    Notice {
        code: codes::LOCK.name.to_owned(),
        severity: Severity::Error,
        message: told.message,
        help: Some(told.help.to_owned()),
        path: FILE.to_owned(),
        text: Some(Arc::clone(text)),
        bytes: told.at,
    }
}
