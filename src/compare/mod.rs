//! Wanted files against found files: what would change, and whose doing that is. Pure; what was found is handed in.

mod manifest;
mod plans;
mod sources;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

pub use manifest::{HandsOff, MANIFEST_VERSION, Manifest, Record, digest};
pub use plans::plans;
pub use sources::{Movers, Party, Sources};

use crate::keep;
use crate::merge::{Conflict, distance, has_windows_ends, merge_sound, unmarked};
use crate::targets::{Artifact, Extent};
use crate::yaml;

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
    /// What is there; of a file that moves, what is where it comes from.
    pub found: Option<Vec<u8>>,
    /// Where it comes from, if it was elsewhere before.
    pub from: Option<String>,
    /// Of what somebody has to decide: the text if the edit goes first, and the text if what forge wants does.
    pub sides: Option<[Vec<u8>; 2]>,
    /// Whether it is to be a program.
    pub executable: bool,
    /// Whether its mode has to be set, whatever becomes of its text.
    pub mode: bool,
    /// Whether forge wrote it, and knows no more what: its base text is gone.
    pub lost: bool,
}

impl Change {
    /// A file that neither moves nor waits for anybody's decision, and is no program.
    pub fn new(path: impl Into<String>, kind: Kind, wanted: Option<Vec<u8>>, found: Option<Vec<u8>>) -> Change {
        let (from, sides) = (None, None);
        Change { path: path.into(), kind, wanted, found, from, sides, executable: false, mode: false, lost: false }
    }

    /// Why the file differs, in words.
    ///
    /// `moved` says who made forge want another text than before: `the spec moved`.
    pub fn reason(&self, moved: &str) -> String {
        if self.lost {
            return "is there, and its base text is missing: take .forge from version control again".to_owned();
        }
        let mode = if self.mode && self.kind != Kind::Mode { ", and its mode was changed" } else { "" };
        let from = self.from.as_ref().map(|it| format!(", from {it}")).unwrap_or_default();
        format!("{}{mode}{from}", self.kind.reason(moved))
    }

    /// Whether `forge generate` has something to do or to tell, other than to keep an edit.
    pub fn is_due(&self) -> bool {
        self.mode || !matches!(self.kind, Kind::Same | Kind::Edited)
    }

    /// Whether `forge generate` writes the text of the file.
    pub fn text_is_written(&self) -> bool {
        use Kind::{Gone, Lines, Marked, Merged, Moved, New, Renamed};
        matches!(self.kind, New | Gone | Moved | Renamed | Lines | Merged | Marked)
    }
}

/// What `forge generate` does with a file, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
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
    /// The spec wants it under another path: it goes there with its edits, merged with what else the spec wants in it.
    Renamed,
    /// It is somebody else's, and lacks lines that forge needs in it: they are added.
    Lines,
    /// Somebody edited it, and forge wants what it wanted before: kept.
    Edited,
    /// Somebody edited it, and forge wants another text as well; both fit together: merged.
    Merged,
    /// Somebody edited it, and forge wants something else in the same place: nothing at all is written.
    Conflict,
    /// There are markers of a conflict in it, and nobody has chosen between them: nothing at all is written.
    Undecided,
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
        matches!(self, Kind::Conflict | Kind::Undecided | Kind::Unmergeable)
    }

    /// Why the file differs, in words; `moved` says who made forge want another text.
    fn reason(self, moved: &str) -> String {
        let fixed = match self {
            Kind::Same => "as wanted",
            Kind::New => "new",
            Kind::Gone => "was removed",
            Kind::Moved => moved,
            Kind::Renamed => "moves",
            Kind::Lines => "lacks lines that forge needs",
            Kind::Edited => "was edited",
            Kind::Merged => return format!("was edited, and {moved}: both fit together"),
            Kind::Conflict => return format!("was edited, and {moved} in the same place"),
            Kind::Marked => return format!("was edited, and {moved} in the same place: both are marked"),
            Kind::Unmergeable => {
                let why = "it is no UTF-8, or its base text in .forge/base is damaged";
                return format!("was edited, and {moved}; {why}");
            }
            Kind::Undecided => "has markers of a conflict in it, between which nobody has chosen",
            Kind::Foreign => "was never forge's",
            Kind::Mode => "its mode was changed",
            Kind::Unwanted => "no longer wanted",
            Kind::Orphaned => "was edited, and is no longer wanted",
        };
        fixed.to_owned()
    }
}

/// Compares what forge wants with what is there. `find` gives the file at a path, if there is one, and `base` the text
/// of a digest that [`Record::base`] names.
///
/// The result has an entry for each wanted path and for each that was wanted before, sorted by path; none for what was
/// ejected. A file whose path moved takes its edits along: it is compared where it was, as [`Change::from`] says.
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
    let hands_off = manifest.hands_off();
    let wanted: Vec<&Artifact> = wanted.iter().filter(|it| hands_off.of(&it.id, &it.path).is_none()).collect();
    let paths: HashSet<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    let is_left = |it: &&Record| !paths.contains(it.path.as_str()) && !manifest.ejected.contains_key(&it.path);
    let mut left: HashSet<&str> = HashSet::new();
    let mut changes = Vec::with_capacity(wanted.len());
    for artifact in wanted {
        let found = find(&artifact.path)?;
        if artifact.extent == Extent::Lines {
            changes.push(lines(artifact, found));
            continue;
        }
        let here = |found| whole(artifact, records.get(artifact.path.as_str()).copied(), found, &base);
        let Some(old) = manifest.artifacts.get(&artifact.id).filter(is_left) else {
            changes.push(here(found));
            continue;
        };
        let moved = find(&old.path)?.map(|it| moved(artifact, old, it, &base));
        match (found, moved) {
            (None, Some(moved)) => {
                left.insert(&old.path);
                changes.push(moved);
            }
            // Somebody has moved it already.
            (Some(found), None) if !records.contains_key(artifact.path.as_str()) && was(old, &found, &base) => {
                changes.push(whole(artifact, Some(old), Some(found), &base));
            }
            (found, moved) => {
                // A run that was stopped before it came to delete the old one.
                if moved.is_some_and(|it| it.wanted.as_ref() == found.as_ref().map(|it| &it.bytes)) {
                    left.insert(&old.path);
                }
                changes.push(here(found));
            }
        }
    }
    for (path, record) in
        records.iter().filter(|(path, _)| !(paths.contains(*path) || manifest.ejected.contains_key(**path)))
    {
        if let Some(found) = find(path)? {
            let is_unwanted = left.contains(path) || record.is_forges(&found.bytes);
            let kind = if is_unwanted { Kind::Unwanted } else { Kind::Orphaned };
            let change = Change::new(*path, kind, None, Some(found.bytes));
            changes.push(Change { executable: record.executable, ..change });
        }
    }
    for it in changes.iter_mut().filter(|it| it.kind == Kind::Foreign) {
        it.lost = manifest.lost.contains(&it.path);
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// Whether a file is, for the most part, what forge wrote elsewhere.
fn was(record: &Record, found: &Found, base: impl Fn(&str) -> Option<String>) -> bool {
    let Ok(text) = std::str::from_utf8(&found.bytes) else { return false };
    let text = &text.replace("\r\n", "\n");
    let is_near = |base: String| 2 * distance(&base, text) < base.lines().count() + text.lines().count();
    record.is_forges(&found.bytes) || nearest(record, text, base).is_some_and(is_near)
}

/// What becomes of an artifact that was at the path of `record` and has another now, where nothing is.
fn moved(artifact: &Artifact, record: &Record, found: Found, base: impl Fn(&str) -> Option<String>) -> Change {
    let mut change = whole(artifact, Some(record), Some(found), base);
    if change.kind == Kind::Edited {
        change.wanted = change.found.clone();
    }
    if !change.kind.is_open() {
        change.kind = Kind::Renamed;
    }
    Change { from: Some(record.path.clone()), mode: false, ..change }
}

fn whole(
    artifact: &Artifact,
    record: Option<&Record>,
    found: Option<Found>,
    base: impl Fn(&str) -> Option<String>,
) -> Change {
    let mode = found.as_ref().and_then(|it| it.executable).is_some_and(|it| it != artifact.executable);
    let owned = Owned::new(found.as_ref(), &artifact.text);
    let mut text = owned.filled(&artifact.text);
    let mut sides = None;
    let kind = match (&found, record) {
        (None, None) => Kind::New,
        (None, Some(_)) => Kind::Gone,
        (Some(found), _) if found.bytes == text.as_bytes() => {
            if mode {
                Kind::Mode
            } else {
                Kind::Same
            }
        }
        (Some(_), None) => Kind::Foreign,
        (Some(found), Some(record)) => {
            let outcome = owned.outcome(artifact, record, &found.bytes, &base);
            text = outcome.text.map_or(text, Cow::Owned);
            sides = outcome.sides;
            outcome.kind
        }
    };
    let wanted = text.into_owned().into_bytes();
    Change {
        sides,
        executable: artifact.executable,
        // What was never forge's is not touched at all.
        mode: mode && kind != Kind::Foreign,
        ..Change::new(&artifact.path, kind, Some(wanted), found.map(|it| it.bytes))
    }
}

/// What becomes of a file.
struct Outcome {
    kind: Kind,
    /// What is written, if it is not what forge wants.
    text: Option<String>,
    sides: Option<[Vec<u8>; 2]>,
}

/// What its owner wrote into the blocks of a file that are kept: those that forge still wants in it.
struct Owned<'a> {
    bodies: BTreeMap<&'a str, &'a str>,
    /// What forge wants in these blocks.
    wanted: BTreeMap<&'a str, &'a str>,
}

impl<'a> Owned<'a> {
    fn new(found: Option<&'a Found>, wanted: &'a str) -> Owned<'a> {
        let found = found.filter(|it| it.bytes != wanted.as_bytes());
        let found = found.and_then(|it| std::str::from_utf8(&it.bytes).ok()).unwrap_or_default();
        let mut bodies = keep::bodies(found);
        let mut wanted = if bodies.is_empty() { BTreeMap::new() } else { keep::bodies(wanted) };
        wanted.retain(|name, _| bodies.contains_key(name));
        bodies.retain(|name, _| wanted.contains_key(name));
        Owned { bodies, wanted }
    }

    /// What becomes of a file that is there and that forge wrote before.
    fn outcome(
        &self,
        artifact: &Artifact,
        record: &Record,
        found: &[u8],
        base: impl Fn(&str) -> Option<String>,
    ) -> Outcome {
        let edited = self.emptied(found);
        let filled = |it: String| self.filled(&it).into_owned();
        // What its owner wrote into a block may not go together with what forge wants now.
        let fits = |text: &str| is_sound(&artifact.path, text) || !is_text(found, |it| is_sound(&artifact.path, it));
        if record.is_forges(&edited) && (self.bodies.is_empty() || fits(&self.filled(&artifact.text))) {
            return Outcome { kind: Kind::Moved, text: None, sides: None };
        }
        // Markers of a conflict are no edit: somebody has to choose between them first.
        if let Some(sides) = std::str::from_utf8(found).ok().and_then(unmarked) {
            let [ours, theirs] = sides.map(|it| merged(it.as_bytes(), record, artifact, &base).unwrap_or(Ok(it)));
            let sides = [ours.unwrap_or_else(|it| it.ours), theirs.unwrap_or_else(|it| it.theirs)];
            let text = String::from_utf8_lossy(found).into_owned();
            return Outcome { kind: Kind::Undecided, text: Some(text), sides: Some(sides.map(String::into_bytes)) };
        }
        if record.interrupted.is_empty() && digest(artifact.text.as_bytes()) == record.base {
            return Outcome { kind: Kind::Edited, text: None, sides: None };
        }
        let done = match merged(&edited, record, artifact, &base) {
            // Where a block of the owner's moved, what is in it is an edit like any other.
            Some(done) if !self.is_in(&done) => merged(found, record, artifact, &base),
            done => done.map(|it| {
                it.map(filled).map_err(|it| Conflict {
                    marked: filled(it.marked),
                    ours: filled(it.ours),
                    theirs: filled(it.theirs),
                })
            }),
        };
        let is_unfit = |it: &Result<String, Conflict>| match it {
            Ok(text) => !fits(text),
            Err(it) => !fits(&it.ours) || !fits(&it.theirs),
        };
        // Without blocks of the owner's, the merge has seen to that already.
        let done = if !self.bodies.is_empty() && done.as_ref().is_some_and(is_unfit) {
            merged(found, record, artifact, &base)
        } else {
            done
        };
        match done {
            // Whoever has brought in by hand what forge wants has an edit again, and no more.
            Some(Ok(merged)) if merged.as_bytes() == found => Outcome { kind: Kind::Edited, text: None, sides: None },
            Some(Ok(merged)) => Outcome { kind: Kind::Merged, text: Some(merged), sides: None },
            Some(Err(it)) => {
                let sides = [it.ours.into_bytes(), it.theirs.into_bytes()];
                Outcome { kind: Kind::Conflict, text: Some(it.marked), sides: Some(sides) }
            }
            None => {
                let sides = [found.to_vec(), self.filled(&artifact.text).into_owned().into_bytes()];
                Outcome { kind: Kind::Unmergeable, text: None, sides: Some(sides) }
            }
        }
    }

    /// Whether each text that comes of a merge has a place for all that is the owner's.
    fn is_in(&self, done: &Result<String, Conflict>) -> bool {
        let holds = |text: &String| {
            let places = keep::bodies(text);
            self.bodies.iter().all(|(name, body)| body.is_empty() || places.contains_key(name))
        };
        match done {
            Ok(text) => holds(text),
            Err(it) => [&it.marked, &it.ours, &it.theirs].into_iter().all(holds),
        }
    }

    /// A text of forge's with what is the owner's in it.
    fn filled<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.bodies.is_empty() { text.into() } else { keep::filled(text, &self.bodies).into() }
    }

    /// What was found without what is the owner's.
    fn emptied<'t>(&self, found: &'t [u8]) -> Cow<'t, [u8]> {
        match std::str::from_utf8(found) {
            Ok(text) if !self.bodies.is_empty() => keep::filled(text, &self.wanted).into_bytes().into(),
            _ => found.into(),
        }
    }
}

/// The edit `found` with what forge wants now, on the base that it was made on: what forge last wanted, or what a run wanted
/// that was stopped, whichever it differs least from. `None` where there is no such text, or the edit is no text.
fn merged(
    found: &[u8],
    record: &Record,
    artifact: &Artifact,
    base: impl Fn(&str) -> Option<String>,
) -> Option<Result<String, Conflict>> {
    let found = std::str::from_utf8(found).ok()?;
    // An editor or a checkout can have given all lines other ends: that alone meets nothing.
    let is_windows = has_windows_ends(found);
    let plain = if is_windows { Cow::from(found.replace("\r\n", "\n")) } else { found.into() };
    let base = nearest(record, &plain, base)?;
    let wanted = artifact.text.as_str();
    let join = |text: &str| merge_sound(&base, text, wanted, |it| is_sound(&artifact.path, it));
    Some(if is_windows && !base.contains('\r') {
        let back = |text: String| text.replace('\n', "\r\n");
        let conflict =
            |it: Conflict| Conflict { marked: back(it.marked), ours: back(it.ours), theirs: back(it.theirs) };
        join(&plain).map(back).map_err(conflict)
    } else {
        join(found)
    })
}

/// Whether a text can be what its name says.
fn is_sound(path: &str, text: &str) -> bool {
    !yaml::is_yaml(path) || yaml::read(text).is_ok()
}

fn is_text(bytes: &[u8], test: impl Fn(&str) -> bool) -> bool {
    std::str::from_utf8(bytes).is_ok_and(test)
}

/// Of the texts that forge or a stopped run of it wanted, the one that a text differs least from.
fn nearest(record: &Record, text: &str, base: impl Fn(&str) -> Option<String>) -> Option<String> {
    let bases = std::iter::once(&record.base).chain(&record.interrupted).filter_map(|it| base(it));
    bases.min_by_key(|base| distance(base, text))
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
    Change::new(&artifact.path, kind, Some(wanted), found.map(|it| it.bytes))
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

    /// What becomes of the artifact `a` at `new`, which forge wanted as `base` at `old`, with these files on disk: the
    /// kind and text of each path, and whether it comes from elsewhere.
    fn renamed(files: &[(&str, &str)], base: &str, wanted: &str) -> Vec<(Kind, Option<String>, bool)> {
        let record = Record { path: "old".into(), ..record(base) };
        let manifest = Manifest { artifacts: BTreeMap::from([("a".to_owned(), record)]), ..Manifest::default() };
        let find = |path: &str| {
            let text = files.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
            Ok::<_, ()>(text.map(|it| Found { bytes: it.into(), executable: Some(false) }))
        };
        let wanted = Artifact { path: "new".into(), ..artifact(wanted) };
        let changes = compare(&[wanted], &manifest, find, |_| Some(base.to_owned())).expect("nothing fails");
        let text = |it: &Change| it.wanted.clone().map(|it| String::from_utf8(it).expect("text"));
        changes.iter().map(|it| (it.kind, text(it), it.from.is_some())).collect()
    }

    #[test]
    fn a_file_whose_path_moves_takes_its_edits_along() {
        let base = "1\n2\n3\n";
        for (disk, wanted, kind, text) in [
            (base, base, Kind::Renamed, base),
            (base, "1\n2\n4\n", Kind::Renamed, "1\n2\n4\n"),
            ("mine\n2\n3\n", base, Kind::Renamed, "mine\n2\n3\n"),
            ("mine\n2\n3\n", "1\n2\n4\n", Kind::Renamed, "mine\n2\n4\n"),
        ] {
            let found = renamed(&[("old", disk)], base, wanted);
            let gone = (Kind::Unwanted, None, false);
            assert_eq!(found, [(kind, Some(text.to_owned()), true), gone.clone()], "{disk:?} {wanted:?}");
            // Stopped before the old one was deleted, the next run deletes it.
            let found = renamed(&[("old", disk), ("new", text)], base, wanted);
            assert_eq!(found[1], gone, "{disk:?} {wanted:?}");
        }
        assert_eq!(renamed(&[("old", "mine\n2\n3\n")], base, "1\n4\n3\n")[0].0, Kind::Conflict);
        // Somebody moved it by hand, or something else is there.
        for (disk, wanted, kind, text) in [
            (base, base, Kind::Same, base),
            (base, "1\n2\n4\n", Kind::Moved, "1\n2\n4\n"),
            ("mine\n2\n3\n", "1\n2\n4\n", Kind::Merged, "mine\n2\n4\n"),
            ("other\n", base, Kind::Foreign, base),
        ] {
            let found = renamed(&[("new", disk)], base, wanted);
            assert_eq!(found, [(kind, Some(text.to_owned()), false)], "{disk:?} {wanted:?}");
        }
        let other = renamed(&[("old", "mine\n2\n3\n"), ("new", "other\n")], base, base);
        assert_eq!([other[0].0, other[1].0], [Kind::Foreign, Kind::Orphaned], "somebody else's is there already");
    }

    #[test]
    fn what_is_in_kept_blocks_is_never_drift_and_never_lost() {
        let text = |body: &str, end: &str| format!("a\n# forge:keep x\n{body}# forge:end\n{end}");
        let base = text("", "b\n");
        let manifest = Manifest { artifacts: BTreeMap::from([("a".to_owned(), record(&base))]), ..Manifest::default() };
        let change = |disk: &str, wanted: &str| {
            let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: disk.into(), executable: None }));
            let change = compare(&[artifact(wanted)], &manifest, find, |_| Some(base.clone())).expect("nothing fails");
            let text = change[0].wanted.clone().map(|it| String::from_utf8(it).expect("text")).expect("it is wanted");
            (change[0].kind, text)
        };
        let mine = text("mine\n", "b\n");
        assert_eq!(change(&mine, &base), (Kind::Same, mine.clone()));
        assert_eq!(change(&mine, &text("", "c\n")), (Kind::Moved, text("mine\n", "c\n")));
        let edited = format!("edit\n{mine}");
        assert_eq!(change(&edited, &base), (Kind::Edited, mine.clone()));
        assert_eq!(change(&edited, &text("", "c\n")), (Kind::Merged, format!("edit\n{}", text("mine\n", "c\n"))));
        let (kind, marked) = change(&mine.replace("b\n", "mine\n"), &text("", "c\n"));
        assert_eq!(kind, Kind::Conflict);
        assert!(marked.contains("# forge:keep x\nmine\n# forge:end\n<<<<<<<"), "{marked}");
        // forge wants the block no more: what is in it is an edit like any other.
        assert_eq!(change(&mine, "a\nb\n").0, Kind::Conflict);
        assert_eq!(change(&base, "a\nb\n").0, Kind::Moved);
    }

    #[test]
    fn lines_that_merge_into_no_yaml_are_a_conflict() {
        let base = "a:\n  x: 1\n  y: 2\n";
        let manifest = Manifest { artifacts: BTreeMap::from([("a".to_owned(), record(base))]), ..Manifest::default() };
        let change = |disk: &str, wanted: &str| {
            let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: disk.into(), executable: None }));
            let wanted = Artifact { path: "a.yaml".into(), ..artifact(wanted) };
            let manifest = Manifest {
                artifacts: BTreeMap::from([("a".to_owned(), Record { path: "a.yaml".into(), ..record(base) })]),
                ..manifest.clone()
            };
            compare(&[wanted], &manifest, find, |_| Some(base.to_owned())).expect("nothing fails").remove(0)
        };
        let both = change("a:\n  z: 3\n  x: 1\n  y: 2\n", "a:\n  x: 1\n  y: 2\n  z: 4\n");
        assert_eq!(both.kind, Kind::Conflict);
        let marked = String::from_utf8(both.wanted.expect("both sides")).expect("text");
        assert!(
            marked.starts_with("a:\n<<<<<<< edited\n  z: 3\n") && marked.ends_with("  z: 4\n>>>>>>> forge\n"),
            "{marked}"
        );
        assert_eq!(change("a:\n  w: 3\n  x: 1\n  y: 2\n", "a:\n  x: 1\n  y: 2\n  z: 4\n").kind, Kind::Merged);
        // What was broken before is no reason to stop.
        assert_eq!(change("a:\n  w: [\n  x: 1\n  y: 2\n", "a:\n  x: 1\n  y: 2\n  z: 4\n").kind, Kind::Merged);
    }

    #[test]
    fn what_is_in_a_kept_block_is_a_conflict_where_forge_wants_the_same_key() {
        let text = |body: &str, end: &str| format!("a: 1\n# forge:keep x\n{body}# forge:end\n{end}");
        let (base, mine) = (text("", "b: 2\n"), text("c: 3\n", "b: 2\n"));
        let record = Record { path: "a.yaml".into(), ..record(&base) };
        let manifest = Manifest { artifacts: BTreeMap::from([("a".to_owned(), record)]), ..Manifest::default() };
        let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: mine.clone().into(), executable: None }));
        let change = |wanted: &str| {
            let wanted = Artifact { path: "a.yaml".into(), ..artifact(wanted) };
            compare(&[wanted], &manifest, find, |_| Some(base.clone())).expect("nothing fails").remove(0)
        };
        let other = text("", "b: 2\nc: 4\n");
        let change_of_both = change(&other);
        assert_eq!(change_of_both.kind, Kind::Conflict);
        let sides = change_of_both.sides.expect("of a conflict").map(|it| String::from_utf8(it).expect("text"));
        assert_eq!(sides, [mine.clone(), other]);
        assert_eq!(change(&text("", "b: 2\nd: 4\n")).kind, Kind::Moved);
    }

    #[test]
    fn markers_that_git_wrote_wait_for_somebody_too() {
        let manifest =
            Manifest { artifacts: BTreeMap::from([("a".to_owned(), record("1\n2\n"))]), ..Manifest::default() };
        let marked = "1\n<<<<<<< HEAD\nmine\n=======\n2\n>>>>>>> topic\n";
        let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: marked.into(), executable: None }));
        let change = compare(&[artifact("1\n2\n")], &manifest, find, |_| Some("1\n2\n".to_owned()))
            .expect("nothing fails")
            .remove(0);
        assert_eq!(change.kind, Kind::Undecided);
        assert_eq!(change.sides, Some([b"1\nmine\n".to_vec(), b"1\n2\n".to_vec()]));
    }

    #[test]
    fn other_line_ends_alone_are_no_conflict() {
        let manifest =
            Manifest { artifacts: BTreeMap::from([("a".to_owned(), record("1\n2\n3\n"))]), ..Manifest::default() };
        let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: b"1\r\n2\r\nmine\r\n".into(), executable: None }));
        let base = |_: &str| Some("1\n2\n3\n".to_owned());
        let change = compare(&[artifact("one\n2\n3\n")], &manifest, find, base).expect("nothing fails").remove(0);
        assert_eq!((change.kind, change.wanted.as_deref()), (Kind::Merged, Some(&b"one\r\n2\r\nmine\r\n"[..])));
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
