//! Changes of files as somebody reviews them: whose doing each part is, what it means, and which version of forge brought it.
//! Pure: compared texts in, data out that every report shows in its own way.

mod changelog;
mod contact;
mod hunks;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use changelog::{CHANGELOG, Entry, concerning};
pub use contact::{Contact, Lack, Stranger, contacts, strangers};
pub use hunks::{Hunk, Lines, patch};

use crate::compare::{Change, Kind, Manifest, Movers, Party};
use crate::keep;
use crate::meaning::{Cost, Meaning, between, unreadable};
use crate::merge::{has_windows_ends, unmarked};
use crate::targets::Artifact;
use hunks::{Sides, edit};

/// One file that differs, with all that there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reviewed {
    /// Its path, relative to the project.
    pub path: String,
    /// Where it was before, if that is elsewhere.
    pub from: Option<String>,
    /// What it is, whatever its path: `dockerfile:api`; `null` for what forge only remembers.
    pub id: Option<String>,
    /// What `forge generate` does with it, and why.
    pub kind: Kind,
    /// The same in words.
    pub reason: String,
    /// Whether it is to be a program, where its mode is another.
    pub executable: Option<bool>,
    /// What the difference means, what gives up security first, then what may cost data; empty where only order, comments or spelling differ, and `null`
    /// where the file is in no format that forge knows the meaning of.
    pub meanings: Option<Vec<Said>>,
    /// What the changelog says of it, where another forge wrote it.
    pub changelog: Vec<Entry>,
    /// How a file that never was forge's stands beside what forge wants there.
    pub contact: Option<Contact>,
    /// The lines that differ.
    pub hunks: Vec<Hunk>,
}

/// What a difference means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Said {
    /// Whose doing it is.
    pub by: Vec<Party>,
    /// What it is about: `services.api`; empty for the file itself.
    pub at: String,
    /// What is different: `memory 512M → 1G`.
    pub what: String,
    /// What it gives up: `security`, `data` that is left behind or may not be read any more, or nothing.
    pub cost: Option<Cost>,
    /// Whether it is only on the side of `-`.
    pub gone: bool,
    /// The line on the side of `+`, or of `-` where it is gone, counted from 1.
    pub line: Option<usize>,
}

impl Said {
    pub(super) fn new(by: &[Party], meaning: Meaning) -> Said {
        let Meaning { at, what, cost, gone, line } = meaning;
        Said { by: by.to_vec(), at, what, cost, gone, line }
    }

    /// `services.api: memory 512M → 1G`
    pub fn words(&self) -> String {
        if self.at.is_empty() { self.what.clone() } else { format!("{}: {}", self.at, self.what) }
    }
}

/// All that differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Review {
    /// Each file that differs, by path.
    pub files: Vec<Reviewed>,
    /// Files that do under another name what forge's files do.
    pub strangers: Vec<Stranger>,
    /// What gives up security in blocks that are their owner's, whether or not their files differ.
    pub kept: Vec<Kept>,
    /// What the sides are called that are compared.
    pub sides: Names,
    /// Why nothing could be compared, if that is so: then there is nothing else.
    pub trouble: Option<Trouble>,
}

/// What the owner of a file wrote into blocks that are kept, and what of it gives up security: it stays, and is theirs to answer
/// for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Kept {
    /// The file, relative to the project.
    pub path: String,
    /// What gives up some security, beside what forge wants there with empty blocks.
    pub meanings: Vec<Said>,
}

/// Why nothing could be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What the two sides are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Names {
    /// What is there.
    pub there: String,
    /// What forge wants.
    pub wanted: String,
}

impl Default for Names {
    fn default() -> Names {
        Names { there: "disk".to_owned(), wanted: "forge".to_owned() }
    }
}

/// How many there are of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that differ.
    pub files: usize,
    /// Those of them that somebody edited.
    pub edited: usize,
    /// Those of them in which somebody has to decide.
    pub conflicts: usize,
    /// Differences that give up some security.
    pub loosening: usize,
    /// Differences that may cost data.
    pub costing_data: usize,
}

impl Review {
    /// How many there are of what.
    pub fn summary(&self) -> Summary {
        let costs = || self.files.iter().flat_map(Reviewed::costs);
        let costing = |cost: Cost| costs().filter(|it| it.cost == Some(cost)).count();
        let count = |is: fn(&Reviewed) -> bool| self.files.iter().filter(|it| is(it)).count();
        Summary {
            files: self.files.len(),
            edited: count(|it| {
                use Kind::{Conflict, Edited, Merged, Orphaned, Unmergeable};
                matches!(it.kind, Edited | Merged | Conflict | Unmergeable | Orphaned)
            }),
            conflicts: count(|it| it.kind.is_open()),
            loosening: costing(Cost::Security),
            costing_data: costing(Cost::Data),
        }
    }
}

/// What changes are looked at with.
pub struct Background<'a> {
    /// What forge wants.
    pub wanted: &'a [Artifact],
    /// What was there before by path, with what it is; nothing, where forge is new.
    pub before: HashMap<&'a str, &'a str>,
    /// Who moved since then.
    pub movers: &'a Movers,
}

impl<'a> Background<'a> {
    /// What is wanted beside what forge wrote before.
    pub fn new(wanted: &'a [Artifact], manifest: &'a Manifest, movers: &'a Movers) -> Background<'a> {
        let before = manifest.artifacts.iter().map(|(id, it)| (it.path.as_str(), id.as_str())).collect();
        Background { wanted, before, movers }
    }

    /// What is wanted beside what another spec wants.
    pub fn of_plans(wanted: &'a [Artifact], before: &'a [Artifact], movers: &'a Movers) -> Background<'a> {
        Background { wanted, before: before.iter().map(|it| (it.path.as_str(), it.id.as_str())).collect(), movers }
    }
}

impl Reviewed {
    /// How many lines come, and how many go.
    pub fn counts(&self) -> (usize, usize) {
        self.hunks.iter().map(Hunk::counts).fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    }

    /// What gives up some security, or may cost data.
    pub fn costs(&self) -> impl Iterator<Item = &Said> {
        self.meanings.iter().flatten().filter(|it| it.cost.is_some())
    }

    /// Whether parts of it are an edit's, and others are not.
    pub fn is_mixed(&self) -> bool {
        matches!(self.kind, Kind::Merged | Kind::Conflict | Kind::Marked | Kind::Renamed)
    }

    /// Whether only order, comments or spelling differ, which nobody who runs the file can tell.
    pub fn means_nothing(&self) -> bool {
        let is_text = matches!(self.kind, Kind::Edited | Kind::Moved | Kind::Merged);
        is_text && self.executable.is_none() && self.meanings.as_ref().is_some_and(Vec::is_empty)
    }

    /// The same without lines where it is known what they mean.
    #[must_use]
    pub fn without_lines(self) -> Reviewed {
        let hunks = if self.meanings.is_some() { Vec::new() } else { self.hunks };
        Reviewed { hunks, ..self }
    }
}

/// Looks at each change that is one.
pub fn review(changes: &[Change], background: &Background<'_>) -> Vec<Reviewed> {
    let wanted: HashMap<&str, &Artifact> = background.wanted.iter().map(|it| (it.path.as_str(), it)).collect();
    let differing = changes.iter().filter(|it| it.kind != Kind::Same);
    differing
        .map(|change| {
            let artifact = wanted.get(change.path.as_str()).copied();
            let id = artifact.map(|it| it.id.as_str()).or_else(|| background.before.get(change.path.as_str()).copied());
            one(change, id, artifact.map(|it| it.text.as_str()), background)
        })
        .collect()
}

/// What gives up security, or may cost data, in the kept blocks of the files that are forge's.
pub fn kept(changes: &[Change], wanted: &[Artifact]) -> Vec<Kept> {
    let by_path: HashMap<&str, &Artifact> = wanted.iter().map(|it| (it.path.as_str(), it)).collect();
    let kept = |change: &Change| {
        let artifact = by_path.get(change.path.as_str()).filter(|_| change.kind != Kind::Foreign)?;
        let found = String::from_utf8_lossy(change.found.as_deref()?);
        let filled = keep::filled(&artifact.text, &keep::bodies(&found));
        let told =
            if filled == artifact.text { None } else { between(&change.path, Some(&artifact.text), Some(&filled)) };
        let costs = told.into_iter().flatten().filter(|it| it.cost.is_some());
        let meanings: Vec<Said> = costs.map(|it| Said::new(&[Party::Edit], it)).collect();
        (!meanings.is_empty()).then(|| Kept { path: change.path.clone(), meanings })
    };
    changes.iter().filter_map(kept).collect()
}

fn one(change: &Change, id: Option<&str>, asked: Option<&str>, background: &Background<'_>) -> Reviewed {
    let movers = background.movers;
    let by: Vec<Party> = match change.kind {
        Kind::Edited | Kind::Gone | Kind::Orphaned | Kind::Mode => vec![Party::Edit],
        Kind::Foreign => vec![Party::Owner],
        Kind::Unmergeable => movers.parties.iter().copied().chain([Party::Edit]).collect(),
        _ => movers.parties.clone(),
    };
    let texts = Texts::of(change, asked);
    let hunks = match change.kind {
        Kind::Edited => edit(&texts.result, &texts.found),
        Kind::Unmergeable => {
            let all = texts.sides().hunks(&by);
            all.into_iter().map(|it| Hunk { conflict: true, ..it }).collect()
        }
        _ => texts.sides().hunks(&by),
    };
    let moved_forge = movers.parties.contains(&Party::Forge) && by.contains(&Party::Forge);
    let changelog = match (&movers.versions, id) {
        (Some((from, to)), Some(id)) if moved_forge => concerning(CHANGELOG, id, from, to),
        _ => Vec::new(),
    };
    Reviewed {
        path: change.path.clone(),
        from: change.from.clone(),
        id: id.map(str::to_owned),
        kind: change.kind,
        reason: change.reason(&movers.words()) + &broken(change, &texts),
        executable: change.mode.then_some(change.executable),
        meanings: meanings(change, &texts, &by, !background.before.is_empty()),
        changelog,
        contact: None,
        hunks,
    }
}

/// What there is to say of a file whose edit makes it one that nobody can read.
fn broken(change: &Change, texts: &Texts<'_>) -> String {
    let is_edit = matches!(change.kind, Kind::Edited | Kind::Merged | Kind::Conflict | Kind::Unmergeable);
    let what = if is_edit { unreadable(&change.path, &texts.found) } else { None };
    what.map(|it| format!("; it cannot be read as {it}, so only its lines are compared")).unwrap_or_default()
}

/// The texts of one change.
struct Texts<'a> {
    found: Cow<'a, str>,
    result: Cow<'a, str>,
    /// What forge wants with what is its owner's in it; `None` where no edit stays beside what forge wants.
    asked: Option<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    fn of(change: &'a Change, asked: Option<&'a str>) -> Texts<'a> {
        let text = |it: &'a Option<Vec<u8>>| String::from_utf8_lossy(it.as_deref().unwrap_or_default());
        let (found, result) = (text(&change.found), text(&change.wanted));
        let stays = matches!(change.kind, Kind::Merged | Kind::Conflict | Kind::Marked | Kind::Renamed);
        let asked = asked.filter(|_| stays).map(|it| {
            let filled = keep::filled(it, &keep::bodies(&found));
            // An editor or a checkout can have given all lines other ends: that is no edit of each.
            Cow::Owned(if has_windows_ends(&result) && !filled.contains('\r') {
                filled.replace('\n', "\r\n")
            } else {
                filled
            })
        });
        Texts { found, result, asked }
    }

    fn sides(&self) -> Sides<'_> {
        Sides { found: &self.found, result: &self.result, asked: self.asked.as_deref() }
    }
}

/// What a change means. `is_known`: whether forge was here before; otherwise each new file would loosen something.
fn meanings(change: &Change, texts: &Texts<'_>, by: &[Party], is_known: bool) -> Option<Vec<Said>> {
    let said = |by: &[Party], before: Option<&str>, after: Option<&str>| {
        let told = between(&change.path, before, after)?;
        Some(told.into_iter().map(|it| Said::new(by, it)).collect::<Vec<Said>>())
    };
    let (found, result) = (Some(&*texts.found), Some(&*texts.result));
    match change.kind {
        // What a file says that is there again, or is looked at on its own, is no news.
        Kind::Same | Kind::Mode | Kind::Gone | Kind::Lines | Kind::Foreign | Kind::Undecided => None,
        Kind::New => said(by, None, result).filter(|_| is_known),
        Kind::Unwanted | Kind::Orphaned => said(by, found, None),
        Kind::Edited => said(by, result, found),
        Kind::Moved | Kind::Unmergeable => said(by, found, result),
        Kind::Merged | Kind::Conflict | Kind::Marked | Kind::Renamed => {
            let both = || [texts.result.to_string(), texts.result.to_string()];
            let [edited, wanted] = unmarked(&texts.result).unwrap_or_else(both);
            let mut all = said(by, found, Some(&wanted))?;
            if let Some(asked) = &texts.asked {
                all.extend(said(&[Party::Edit], Some(asked), Some(&edited))?);
            }
            all.sort_by_key(|it| Reverse(it.cost));
            Some(all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Found, Record, compare, digest};
    use crate::targets::Extent;

    /// What is said of `compose.yaml`, which forge wanted as `base`, found as `found` and wants as `wanted`.
    fn reviewed(base: &str, found: &str, wanted: &str, movers: &Movers) -> Vec<Reviewed> {
        let artifact = |text: &str| Artifact {
            id: "compose".into(),
            path: "compose.yaml".into(),
            executable: false,
            extent: Extent::File,
            text: text.into(),
        };
        let record = Record {
            path: "compose.yaml".into(),
            executable: false,
            base: digest(base.as_bytes()),
            interrupted: Vec::new(),
        };
        let manifest = Manifest { artifacts: [("compose".to_owned(), record)].into(), ..Manifest::default() };
        let find = |_: &str| Ok::<_, ()>(Some(Found { bytes: found.into(), executable: None }));
        let wanted = [artifact(wanted)];
        let changes = compare(&wanted, &manifest, find, |_| Some(base.to_owned())).expect("nothing fails");
        review(&changes, &Background::new(&wanted, &manifest, movers))
    }

    const BASE: &str = "services:\n  api:\n    image: a:1\n    mem_limit: 512M\n    environment:\n      A: one\n    networks: [back]\nnetworks:\n  back: {}\n";

    /// Each meaning with whose doing it is.
    fn told(it: &Reviewed) -> Vec<String> {
        it.meanings.iter().flatten().map(|it| format!("{:?} {}", it.by, it.words())).collect()
    }

    fn by(parties: &[Party]) -> Movers {
        Movers { parties: parties.to_vec(), versions: None }
    }

    #[test]
    fn what_an_edit_and_what_the_spec_mean_is_told_apart() {
        let found = BASE.replace("A: one", "A: mine");
        let wanted = BASE.replace("a:1", "a:2");
        let merged = &reviewed(BASE, &found, &wanted, &by(&[Party::Spec]))[0];
        assert_eq!(merged.kind, Kind::Merged);
        let told = told(merged);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("[Spec] services.api") && told[0].contains("a:2"), "{told:?}");
        assert!(told[1].starts_with("[Edit] services.api") && told[1].contains("mine"), "{told:?}");
    }

    #[test]
    fn a_conflict_means_what_each_side_would() {
        let (found, wanted) = (BASE.replace("a:1", "a:mine"), BASE.replace("a:1", "a:2"));
        let conflict = &reviewed(BASE, &found, &wanted, &by(&[Party::Spec, Party::Forge]))[0];
        assert_eq!(conflict.kind, Kind::Conflict);
        assert_eq!(conflict.reason, "was edited, and the spec and forge moved in the same place");
        let told = told(conflict);
        assert!(told.iter().any(|it| it.starts_with("[Spec, Forge]") && it.contains("a:2")), "{told:?}");
        assert!(told.iter().any(|it| it.starts_with("[Edit]") && it.contains("a:mine")), "{told:?}");
        assert!(conflict.hunks.iter().any(|it| it.conflict), "{:?}", conflict.hunks);
    }

    #[test]
    fn what_a_kept_block_loosens_is_told_whether_or_not_the_file_differs() {
        let block =
            |body: &str| format!("services:\n  api:\n    image: a:1\n    # forge:keep api\n{body}    # forge:end\n");
        let artifact = |text: String| Artifact {
            id: "compose".into(),
            path: "compose.yaml".into(),
            executable: false,
            extent: Extent::File,
            text,
        };
        let told = |kind: Kind, body: &str| {
            let change = Change::new("compose.yaml", kind, Some(block(body).into()), Some(block(body).into()));
            kept(&[change], &[artifact(block(""))])
        };
        let found = told(Kind::Same, "    privileged: true\n    labels: [a=b]\n");
        assert_eq!(found.len(), 1);
        let words: Vec<String> = found[0].meanings.iter().map(Said::words).collect();
        assert_eq!(words, ["services.api: privileged mode switched on"]);
        assert!(told(Kind::Same, "    labels: [a=b]\n").is_empty() && told(Kind::Same, "").is_empty());
        assert!(told(Kind::Foreign, "    privileged: true\n").is_empty(), "that is told of the whole file");
    }

    #[test]
    fn an_edit_that_breaks_a_file_is_told() {
        let edited =
            &reviewed(BASE, &BASE.replace("mem_limit: 512M", "mem_limit: [512M"), BASE, &by(&[Party::Spec]))[0];
        assert_eq!(edited.reason, "was edited; it cannot be read as a compose file, so only its lines are compared");
        assert!(edited.meanings.is_none() && !edited.hunks.is_empty());
    }

    #[test]
    fn comments_mean_nothing() {
        let edited = &reviewed(BASE, &format!("# mine\n{BASE}"), BASE, &by(&[Party::Spec]))[0];
        assert!(edited.kind == Kind::Edited && edited.means_nothing(), "{edited:?}");
        let edited = &reviewed(BASE, &BASE.replace("512M", "1G"), BASE, &by(&[Party::Spec]))[0];
        assert!(!edited.means_nothing() && edited.costs().count() == 1, "{edited:?}");
    }

    #[test]
    fn the_changelog_is_told_where_forge_moved() {
        let versions = Some(("0.0.9".to_owned(), "0.1.0".to_owned()));
        let forge = Movers { parties: vec![Party::Forge], versions };
        let wanted = BASE.replace("a:1", "a:2");
        let moved = &reviewed(BASE, BASE, &wanted, &forge)[0];
        assert_eq!(moved.reason, "forge (0.0.9 → 0.1.0) moved");
        assert!(moved.changelog.iter().all(|it| it.version == "0.1.0") && !moved.changelog.is_empty());
        let edited = &reviewed(BASE, &wanted, BASE, &forge)[0];
        assert!(edited.changelog.is_empty(), "an edit is nobody else's doing: {edited:?}");
    }
}
