//! Wanted files against found files: what would change, and whose doing that is. Pure; what was found is handed in.

mod manifest;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

pub use manifest::{MANIFEST_VERSION, Manifest, Record, digest};

use crate::merge::{Conflict, distance, merge};
use crate::targets::{Artifact, Extent};

/// A file on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it is a program; `None` where the system does not know that.
    pub executable: Option<bool>,
}

/// One file, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path, relative to the project.
    pub path: String,
    /// What is to be said about it.
    pub kind: Kind,
    /// The text that forge wants to be there now; `None` where it wants none any more. Of a conflict, both sides marked.
    pub wanted: Option<Vec<u8>>,
    /// What is there.
    pub found: Option<Vec<u8>>,
    /// Whether it is to be a program.
    pub executable: bool,
    /// Whether its mode has to be set, whatever becomes of its text.
    pub mode: bool,
}

impl Change {
    /// Why the file differs, in words.
    pub fn reason(&self) -> String {
        let mode = if self.mode && self.kind != Kind::Mode { ", and its mode was changed" } else { "" };
        format!("{}{mode}", self.kind.reason())
    }

    /// Whether `forge generate` has something to do or to tell, other than to keep an edit.
    pub fn is_due(&self) -> bool {
        self.mode || !matches!(self.kind, Kind::Same | Kind::Edited)
    }

    /// Whether `forge generate` writes the text of the file.
    pub fn text_is_written(&self) -> bool {
        matches!(self.kind, Kind::New | Kind::Gone | Kind::Moved | Kind::Lines | Kind::Merged | Kind::Marked)
    }
}

/// What `forge generate` does with a file, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is as forge wants it: left alone.
    Same,
    /// There is none yet: written.
    New,
    /// It was there and was removed: written again.
    Gone,
    /// Nobody edited it, and forge wants another text: written.
    Moved,
    /// It is somebody else's, and lacks lines that forge needs in it: they are added.
    Lines,
    /// Somebody edited it, and forge wants what it wanted before: kept.
    Edited,
    /// Somebody edited it, and forge wants another text as well; both fit together: merged.
    Merged,
    /// Somebody edited it, and forge wants something else in the same lines: nothing at all is written.
    Conflict,
    /// As a conflict that somebody wants marked in the file: written, with both sides.
    Marked,
    /// Somebody edited it, and forge wants another text as well; it is no text, or there is nothing to merge from.
    Unmergeable,
    /// It never was forge's: nothing at all is written.
    Foreign,
    /// Only the mode differs: set.
    Mode,
    /// Forge wants it no more, and nobody edited it: deleted.
    Unwanted,
    /// Forge wants it no more, and somebody edited it: kept, and told.
    Orphaned,
}

impl Kind {
    /// Whether somebody has to decide before anything is written.
    pub fn is_open(self) -> bool {
        matches!(self, Kind::Conflict | Kind::Unmergeable)
    }

    /// Why the file differs, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Kind::Same => "as wanted",
            Kind::New => "new",
            Kind::Gone => "was removed",
            Kind::Moved => "the spec moved",
            Kind::Lines => "lacks lines that forge needs",
            Kind::Edited => "was edited",
            Kind::Merged => "was edited, and the spec moved: both fit together",
            Kind::Conflict => "was edited, and the spec moved in the same lines",
            Kind::Marked => "was edited, and the spec moved in the same lines: both are marked",
            Kind::Unmergeable => {
                "was edited, and the spec moved; it is no UTF-8, or its base text in .forge/base is damaged"
            }
            Kind::Foreign => "was never forge's",
            Kind::Mode => "its mode was changed",
            Kind::Unwanted => "no longer wanted",
            Kind::Orphaned => "was edited, and is no longer wanted",
        }
    }
}

/// Compares what forge wants with what is there. `find` gives the file at a path, if there is one, and `base` the text
/// of a digest that [`Record::base`] names.
///
/// The result has an entry for each wanted path and for each that was wanted before, sorted by path; none for what was
/// ejected.
///
/// # Errors
/// The first error of `find`.
pub fn compare<E>(
    wanted: &[Artifact],
    manifest: &Manifest,
    mut find: impl FnMut(&str) -> Result<Option<Found>, E>,
    base: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Change>, E> {
    let records: BTreeMap<&str, &Record> = manifest.artifacts.values().map(|it| (it.path.as_str(), it)).collect();
    let mut changes = Vec::with_capacity(wanted.len());
    for artifact in wanted.iter().filter(|it| !manifest.ejected.contains(&it.path)) {
        let found = find(&artifact.path)?;
        changes.push(match artifact.extent {
            Extent::File => whole(artifact, records.get(artifact.path.as_str()).copied(), found, &base),
            Extent::Lines => lines(artifact, found),
        });
    }
    let paths: HashSet<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    for (path, record) in records.iter().filter(|(path, _)| !paths.contains(*path)) {
        if let Some(found) = find(path)? {
            let kind = if record.is_forges(&found.bytes) { Kind::Unwanted } else { Kind::Orphaned };
            changes.push(Change {
                path: (*path).to_owned(),
                kind,
                wanted: None,
                found: Some(found.bytes),
                executable: record.executable,
                mode: false,
            });
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

fn whole(
    artifact: &Artifact,
    record: Option<&Record>,
    found: Option<Found>,
    base: impl Fn(&str) -> Option<String>,
) -> Change {
    let mode = found.as_ref().and_then(|it| it.executable).is_some_and(|it| it != artifact.executable);
    let mut text = artifact.text.clone();
    let kind = match (&found, record) {
        (None, None) => Kind::New,
        (None, Some(_)) => Kind::Gone,
        (Some(found), _) if found.bytes == artifact.text.as_bytes() => {
            if mode {
                Kind::Mode
            } else {
                Kind::Same
            }
        }
        (Some(_), None) => Kind::Foreign,
        (Some(found), Some(record)) if record.is_forges(&found.bytes) => Kind::Moved,
        (Some(_), Some(record)) if record.interrupted.is_empty() && digest(artifact.text.as_bytes()) == record.base => {
            Kind::Edited
        }
        (Some(found), Some(record)) => match merged(&found.bytes, record, &artifact.text, base) {
            // Whoever has brought in by hand what forge wants has an edit again, and no more.
            Some(Ok(merged)) if merged.as_bytes() == found.bytes => Kind::Edited,
            Some(Ok(merged)) => {
                text = merged;
                Kind::Merged
            }
            Some(Err(conflict)) => {
                text = conflict.marked;
                Kind::Conflict
            }
            None => Kind::Unmergeable,
        },
    };
    Change {
        path: artifact.path.clone(),
        kind,
        wanted: Some(text.into_bytes()),
        found: found.map(|it| it.bytes),
        executable: artifact.executable,
        // What was never forge's is not touched at all.
        mode: mode && kind != Kind::Foreign,
    }
}

/// The edit `found` with what forge wants now, on the base that it was made on: what forge last wanted, or what a run wanted
/// that was stopped, whichever it differs least from. `None` where there is no such text, or the edit is no text.
fn merged(
    found: &[u8],
    record: &Record,
    wanted: &str,
    base: impl Fn(&str) -> Option<String>,
) -> Option<Result<String, Conflict>> {
    let found = std::str::from_utf8(found).ok()?;
    let bases = std::iter::once(&record.base).chain(&record.interrupted).filter_map(|it| base(it));
    let base = bases.min_by_key(|base| distance(base, found))?;
    Some(merge(&base, found, wanted))
}

/// A file that is somebody else's, and in which some lines have to be. What is missing goes to its end, and with it the
/// lines that belong together: one that begins with `!` is an exception to those before it.
fn lines(artifact: &Artifact, found: Option<Found>) -> Change {
    let there = found.as_ref().map(|it| it.bytes.clone()).unwrap_or_default();
    let has: HashSet<&[u8]> = there.split(|it| *it == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for line in artifact.text.lines() {
        match groups.last_mut().filter(|_| line.starts_with('!')) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    groups.retain(|group| !group.iter().all(|it| has.contains(it.as_bytes())));
    let complete = groups.is_empty();
    let mut wanted = there.clone();
    if !complete && !wanted.is_empty() && !wanted.ends_with(b"\n") {
        wanted.push(b'\n');
    }
    for line in groups.into_iter().flatten() {
        wanted.extend_from_slice(line.as_bytes());
        wanted.push(b'\n');
    }
    let kind = match &found {
        None => Kind::New,
        Some(_) if complete => Kind::Same,
        Some(_) => Kind::Lines,
    };
    Change {
        path: artifact.path.clone(),
        kind,
        wanted: Some(wanted),
        found: found.map(|it| it.bytes),
        executable: false,
        mode: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(text: &str) -> Artifact {
        Artifact { id: "a".into(), path: "a".into(), executable: false, extent: Extent::File, text: text.into() }
    }

    fn record(base: &str) -> Record {
        Record { path: "a".into(), executable: false, base: digest(base.as_bytes()), interrupted: Vec::new() }
    }

    /// What becomes of the file `a`, which forge wanted as `base`, found as `disk` and now wants as `wanted`.
    fn kind(base: Option<&str>, disk: Option<&str>, wanted: Option<&str>) -> Option<Kind> {
        let record = base.map(|it| ("a".to_owned(), record(it)));
        let manifest = Manifest { artifacts: record.into_iter().collect(), ..Manifest::default() };
        let wanted: Vec<Artifact> = wanted.map(artifact).into_iter().collect();
        let found = |_: &str| Ok::<_, ()>(disk.map(|it| Found { bytes: it.into(), executable: Some(false) }));
        compare(&wanted, &manifest, found, |_| None).expect("nothing fails").first().map(|it| it.kind)
    }

    #[test]
    fn the_table_of_ownership() {
        assert_eq!(kind(None, None, Some("w")), Some(Kind::New));
        assert_eq!(kind(Some("b"), None, Some("w")), Some(Kind::Gone));
        assert_eq!(kind(None, Some("w"), Some("w")), Some(Kind::Same));
        assert_eq!(kind(Some("b"), Some("w"), Some("w")), Some(Kind::Same));
        assert_eq!(kind(Some("b"), Some("b"), Some("w")), Some(Kind::Moved));
        assert_eq!(kind(Some("b"), Some("e"), Some("b")), Some(Kind::Edited));
        assert_eq!(kind(Some("b"), Some("e"), Some("w")), Some(Kind::Unmergeable));
        assert_eq!(kind(None, Some("e"), Some("w")), Some(Kind::Foreign));
        assert_eq!(kind(Some("b"), Some("b"), None), Some(Kind::Unwanted));
        assert_eq!(kind(Some("b"), Some("e"), None), Some(Kind::Orphaned));
        assert_eq!(kind(Some("b"), None, None), None);
    }

    #[test]
    fn what_a_stopped_run_wrote_is_forges() {
        let manifest =
            |base| Manifest { artifacts: BTreeMap::from([("a".to_owned(), record(base))]), ..Manifest::default() };
        let manifest = manifest("b").interrupted(manifest("stopped"));
        let twice = manifest.clone().interrupted(Manifest {
            artifacts: BTreeMap::from([(
                "a".to_owned(),
                Record { interrupted: vec![digest(b"first")], ..record("second") },
            )]),
            ..Manifest::default()
        });
        for text in ["b", "stopped", "first", "second"] {
            assert!(twice.artifacts["a"].is_forges(text.as_bytes()), "{text}");
        }
        let moved = Record { path: "elsewhere".into(), ..record("stopped") };
        let moved = Manifest { artifacts: BTreeMap::from([("a".to_owned(), moved)]), ..Manifest::default() };
        let paths: Vec<String> =
            manifest.clone().interrupted(moved).artifacts.into_values().map(|it| it.path).collect();
        assert_eq!(paths, ["a", "elsewhere"], "both files may be there");
        for (disk, kind) in [("b", Kind::Moved), ("stopped", Kind::Moved), ("edit", Kind::Unmergeable)] {
            let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: disk.into(), executable: None }));
            let changes = compare(&[artifact("w")], &manifest, find, |_| None).expect("nothing fails");
            assert_eq!(changes[0].kind, kind, "{disk}");
        }
    }

    #[test]
    fn an_edit_and_another_wish_are_merged_where_they_fit() {
        let manifest =
            Manifest { artifacts: BTreeMap::from([("a".to_owned(), record("1\n2\n3\n"))]), ..Manifest::default() };
        for (disk, wanted, kind, text) in [
            ("1\n2\n3\nmine\n", "one\n2\n3\n", Kind::Merged, "one\n2\n3\nmine\n"),
            ("one\n2\n3\nmine\n", "one\n2\n3\n", Kind::Edited, "one\n2\n3\n"),
            (
                "mine\n2\n3\n",
                "one\n2\n3\n",
                Kind::Conflict,
                "<<<<<<< edited\nmine\n||||||| base\n1\n=======\none\n>>>>>>> forge\n2\n3\n",
            ),
        ] {
            let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: disk.into(), executable: None }));
            let base = |it: &str| (it == digest(b"1\n2\n3\n")).then(|| "1\n2\n3\n".to_owned());
            let changes = compare(&[artifact(wanted)], &manifest, find, base).expect("nothing fails");
            let found = changes[0].wanted.as_deref().map(String::from_utf8_lossy);
            assert_eq!((changes[0].kind, found.as_deref()), (kind, Some(text)));
        }
    }

    #[test]
    fn the_mode_of_an_edited_file_is_set_too() {
        let manifest = Manifest { artifacts: BTreeMap::from([("a".to_owned(), record("b"))]), ..Manifest::default() };
        let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: b"edit".into(), executable: Some(true) }));
        let changes = compare(&[artifact("b")], &manifest, find, |_| None).expect("nothing fails");
        assert_eq!((changes[0].kind, changes[0].mode), (Kind::Edited, true));
    }

    #[test]
    fn lines_go_into_a_file_that_somebody_else_has_and_only_once() {
        let wanted = Artifact { extent: Extent::Lines, ..artifact(".env\n") };
        let find =
            |text: &'static str| move |_: &str| Ok::<_, ()>(Some(Found { bytes: text.into(), executable: None }));
        let change = compare(std::slice::from_ref(&wanted), &Manifest::default(), find("target"), |_| None)
            .expect("nothing fails")
            .remove(0);
        assert_eq!((change.kind, change.wanted.as_deref()), (Kind::Lines, Some(&b"target\n.env\n"[..])));
        let change = compare(&[wanted], &Manifest::default(), find(".env\ntarget\n"), |_| None)
            .expect("nothing fails")
            .remove(0);
        assert_eq!(change.kind, Kind::Same);
        let wanted = Artifact { extent: Extent::Lines, ..artifact("a\nb*\n!bc\n") };
        let change =
            compare(&[wanted], &Manifest::default(), find("a\n!bc\n"), |_| None).expect("nothing fails").remove(0);
        assert_eq!(change.wanted.as_deref(), Some(&b"a\n!bc\nb*\n!bc\n"[..]), "with its exception, and nothing else");
    }
}
