//! `forge generate`.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::compared::{Compared, chosen, compared};
use super::disk::OBEYED;
use super::project::{counted, shown, valid};
use super::state::kept;
use super::strangers::look_alike;
use super::write::{Run, state_changes, write};
use super::{Answer, Failure, Shell};
use crate::compare::{Change, Kind};
use crate::diagnostic::listed;
use crate::keep;
use crate::lock::{FILE, uses};
use crate::project::Secret;
use crate::report::changes::names;
use crate::schema;

/// Write everything that the spec asks for
///
/// Files that are right already are not touched. Edits are kept, and merged with what the spec asks now. Where both want
/// something else in the same place, and where a file never was forge's, nothing at all is written, and they are listed.
///
/// Ends with 0 when it is done, with 1 when an edit stands in the way of what the spec asks now or a file was refused
/// (with --check or --dry-run: when anything would change), and with 2 when it could not be done.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; end with 1 if anything would change but newer digests of a bot, which `forge diff --check` lets pass, too
    #[arg(long)]
    check: bool,
    /// Write nothing; list what would change
    #[arg(long)]
    dry_run: bool,
    /// What becomes of a file where an edit and the spec want something else in the same place
    #[arg(long, value_name = "WAY")]
    conflict: Option<Resolution>,
    /// In this file, or those below this folder, the edit stays where both want something else; can be repeated
    #[arg(long, value_name = "PATH")]
    ours: Vec<String>,
    /// In this file, or those below this folder, what the spec asks replaces the edit; can be repeated
    #[arg(long, value_name = "PATH")]
    theirs: Vec<String>,
    /// Write into this folder instead of the project, for a look at what comes out
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// What becomes of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Resolution {
    /// Both go into the file, with the base between them, for somebody to choose
    Markers,
    /// Where both meet, the edit stays, and what the spec asks is left out
    Ours,
    /// Where both meet, what the spec asks is written, and the edit is lost
    Theirs,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let project = valid(shell)?;
    let root = arguments.output.as_ref().unwrap_or(&project.root);
    let writes = !(arguments.check || arguments.dry_run);
    if let Some(folder) = &arguments.output {
        let real = folder.canonicalize().unwrap_or_default();
        let names: Vec<_> = folder.iter().chain(real.iter()).map(|it| it.to_string_lossy().to_lowercase()).collect();
        if names.iter().any(|it| OBEYED.contains(&it.as_str())) {
            let message = format!("{} is a place that others obey", folder.display());
            return Err(Failure::input(message, "name another folder"));
        }
    }
    if let Some(folder) = arguments.output.as_ref().filter(|it| it.join(&shell.file).exists())
        && folder.canonicalize().ok() != project.root.canonicalize().ok()
    {
        let message = format!("{} has a {} of its own", folder.display(), shown(&shell.file));
        return Err(Failure::input(
            message,
            "name an empty folder: forge would take the files of that project for its own",
        ));
    }
    if arguments.output.is_some() && writes {
        fs::create_dir_all(root).map_err(Failure::io(format!("make the folder {}", root.display())))?;
    }
    let compared = compared(project, root, writes, shell)?;
    compared.tell_pins(project, "forge.lock takes", shell)?;
    compared.tell_ejected(shell)?;
    let (mut behind, mut pinned, mut disputed) = (HashSet::new(), Vec::new(), Vec::new());
    if !writes {
        let paths = |is: &dyn Fn(&Change) -> bool| -> Vec<String> {
            compared.changes.iter().filter(|it| is(it)).map(|it| it.path.clone()).collect()
        };
        behind.extend(paths(&|it| compared.is_behind_a_bot(it)));
        disputed = paths(&|it| compared.is_disputed(&it.path));
        pinned = compared.wanted_but_for_pins();
    }
    if arguments.check {
        compared.tell_behind(shell)?;
    }
    let Compared { mut disk, manifest, wanted, mut changes, movers, pins, sources, _lock } = compared;
    let mut decided = Vec::new();
    let open = |paths: &[String]| -> Result<HashSet<String>, Failure> {
        let named = if paths.is_empty() {
            Vec::new()
        } else {
            chosen(&project.root, &changes, paths, &wanted, &manifest.ejected)?
        };
        let open: HashSet<String> =
            named.into_iter().filter(|it| it.kind.is_open()).map(|it| it.path.clone()).collect();
        if open.is_empty() && !paths.is_empty() {
            let help = "an edit that is in nobody's way stays: `forge diff` shows it; take it out by hand, or delete the file, which `forge generate` then writes anew";
            return Err(Failure::input(format!("there is nothing to decide in {}", paths.join(", ")), help));
        }
        Ok(open)
    };
    let (ours, theirs) = (open(&arguments.ours)?, open(&arguments.theirs)?);
    if let Some(both) = ours.intersection(&theirs).next() {
        let message = format!("`{both}` is both in --ours and in --theirs");
        return Err(Failure::input(message, "name it in one of them"));
    }
    for change in changes.iter_mut().filter(|it| it.kind.is_open()) {
        let way = match &change.path {
            path if ours.contains(path) => Some(Resolution::Ours),
            path if theirs.contains(path) => Some(Resolution::Theirs),
            _ => arguments.conflict,
        };
        let asked = wanted.iter().find(|it| it.path == change.path).map(|it| it.text.as_str());
        decided.extend(way.and_then(|way| resolve(change, way, asked)));
    }
    let foreign: Vec<&Change> = changes.iter().filter(|it| it.kind == Kind::Foreign).collect();
    let schema = schema::text(&project.catalog.choices());
    let state = kept(&schema);
    if !writes {
        let mut differs: Vec<Change> = changes.iter().filter(|it| it.is_due()).cloned().collect();
        // What a bot wrote is to be taken over at the next run: for a check that is nothing to do now.
        let is_behind = differs.iter().all(|it| behind.contains(&it.path));
        if is_behind && (arguments.check || differs.is_empty() && pins.news.is_empty()) {
            let sources = &project.sources;
            let run = Run { changes: &changes, wanted: &pinned, before: &manifest, sources, state: &state };
            differs = state_changes(&disk, run);
        }
        let is_news = !(pins.news.is_empty() || arguments.check && differs.is_empty());
        let reasons = differs.iter().map(|it| (it.path.as_str(), it.reason(&movers.words())));
        let disputes =
            disputed.iter().map(|it| (it.as_str(), "its digest of an image is not that of all files".into()));
        let lock = (FILE, "a bot wrote newer digests into files".to_owned());
        shell.answer(&names(reasons.chain(disputes).chain(is_news.then_some(lock))))?;
        return Ok(if differs.is_empty() && disputed.is_empty() && !is_news { Answer::Yes } else { Answer::No });
    }
    if !pins.disputed.is_empty() {
        shell.insist("nothing was written")?;
        return Ok(Answer::No);
    }
    if !foreign.is_empty() {
        for change in &foreign {
            let why = if change.lost {
                change.reason(&movers.words())
            } else {
                "is there already, and never was forge's".to_owned()
            };
            shell.insist(&format!("{}: {why}", change.path))?;
        }
        shell.insist(&format!(
            "nothing was written: {} in the way. `forge diff` shows what forge would write; `forge adopt` takes them over as edits, `forge eject` leaves them to you for good",
            if foreign.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", foreign.len()) }
        ))?;
        return Ok(Answer::No);
    }
    let conflicts: Vec<&Change> = changes.iter().filter(|it| it.kind.is_open()).collect();
    if !conflicts.is_empty() {
        for change in &conflicts {
            shell.insist(&format!("{}: {}", change.path, change.reason(&movers.words())))?;
        }
        shell.insist("nothing was written. `forge diff` shows both sides; bring what the spec asks into the file by hand, or decide: `--ours PATH`, `--theirs PATH` for single files, `--conflict=markers`, `ours` or `theirs` for all")?;
        return Ok(Answer::No);
    }
    // The lock is the project's own, also where files go elsewhere.
    let takes = arguments.output.is_none() && !pins.news.is_empty();
    let lock = takes.then(|| pins.lock.text());
    let sources = if takes { &sources } else { &project.sources };
    let run = Run { changes: &changes, wanted: &wanted, before: &manifest, sources, state: &state };
    write(&mut disk, run, lock.as_deref())?;
    summary(shell, &changes)?;
    let missing = |(name, it): (&String, &Secret)| it.is_file() && !root.join("secrets").join(name).exists();
    if arguments.output.is_none() && project.resolved.base.secrets.iter().any(missing) {
        let script = project.resolved.base.layout.script("secrets");
        shell.say(&format!("secrets are missing: `{script}` makes them"))?;
    }
    if !project.resolved.locked && pins.news.is_empty() && !uses(&project.resolved).is_empty() {
        shell.say("warning: images go by their tags alone, which can stand for something else tomorrow: `forge lock` looks up their digests")?;
    }
    for text in decided {
        shell.insist(&text)?;
    }
    if changes.iter().any(|it| it.kind == Kind::New && it.path == "compose.yaml") {
        // Compose reads the new file instead of what people had.
        for it in look_alike(root, &wanted).iter().filter(|it| is_compose_file(&it.path)) {
            shell.insist(&format!("{}: {}", it.path, it.note))?;
        }
    }
    for change in changes.iter().filter(|it| it.kind == Kind::Orphaned) {
        let reason = change.reason(&movers.words());
        shell.insist(&format!(
            "{}: {reason}; it was kept. It is yours from now on, and what it refers to may be gone: keep it, or delete it",
            change.path
        ))?;
    }
    Ok(Answer::Yes)
}

/// Makes of a conflict what somebody chose, and says so; `None` where that cannot be done. `asked` is all of what the spec
/// wants, and no edit.
fn resolve(change: &mut Change, way: Resolution, asked: Option<&str>) -> Option<String> {
    let path = &change.path;
    let [ours, theirs] = change.sides.take()?;
    let is_asked =
        asked.is_some_and(|it| keep::filled(it, &keep::bodies(&String::from_utf8_lossy(&theirs))).as_bytes() == theirs);
    let (text, said) = match way {
        Resolution::Markers if change.kind == Kind::Conflict => {
            change.kind = Kind::Marked;
            return Some(format!("{path}: choose between the markers in it, before anything reads it"));
        }
        Resolution::Markers => {
            change.sides = Some([ours, theirs]);
            return None;
        }
        Resolution::Ours if change.found.as_ref() == Some(&ours) => {
            (ours, "your edit stayed, and what the spec asks was left out")
        }
        Resolution::Ours => (ours, "where both met, your edit stayed, and what the spec asks was left out"),
        Resolution::Theirs if is_asked => (theirs, "it is what the spec asks, and your edit was dropped"),
        Resolution::Theirs => (theirs, "where both met, what the spec asks went first; the rest of your edit stayed"),
    };
    let lost = lost_blocks(change.found.as_deref().unwrap_or_default(), &text);
    let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
    let blocks = if lost.is_empty() { String::new() } else { format!("; what stood in {} went, too", listed(&lost)) };
    let said = format!("{path}: {said}{blocks}");
    // An edit that stays as it is can be in a file that moves.
    let is_there = change.from.is_none() && change.found.as_ref() == Some(&text);
    change.kind = match change.from {
        Some(_) => Kind::Renamed,
        None if is_there => Kind::Edited,
        None if is_asked && way == Resolution::Theirs => Kind::Moved,
        None => Kind::Merged,
    };
    change.wanted = if is_there { change.wanted.take() } else { Some(text) };
    Some(said)
}

/// Whether compose takes a file of this name without being told.
fn is_compose_file(path: &str) -> bool {
    let name = path.trim_end_matches(".yaml").trim_end_matches(".yml");
    name != path && matches!(name, "compose" | "docker-compose" | "compose.override" | "docker-compose.override")
}

/// The blocks of a file whose owner's lines are not in what becomes of it.
fn lost_blocks(found: &[u8], text: &[u8]) -> Vec<String> {
    let (found, text) = (String::from_utf8_lossy(found), String::from_utf8_lossy(text));
    let stay = keep::bodies(&text);
    let bodies = keep::bodies(&found).into_iter().filter(|(_, body)| !body.trim().is_empty());
    bodies.filter(|(name, body)| stay.get(name) != Some(body)).map(|(name, _)| format!("forge:keep {name}")).collect()
}

/// Each file that was written, and what was done in a line.
fn summary(shell: &mut Shell<'_>, changes: &[Change]) -> Result<(), Failure> {
    let count = |kinds: &[Kind]| changes.iter().filter(|it| kinds.contains(&it.kind)).count();
    for change in changes {
        let verb = match change.kind {
            Kind::New | Kind::Gone => "wrote",
            Kind::Moved | Kind::Lines => "updated",
            Kind::Renamed => "moved",
            Kind::Merged => "merged your edit of",
            Kind::Marked => "marked a conflict in",
            Kind::Mode => "set the mode of",
            Kind::Unwanted => "deleted",
            Kind::Edited if change.mode => "set the mode, and kept your edit of",
            Kind::Edited => "kept your edit of",
            Kind::Same if shell.verbose => "left",
            _ => continue,
        };
        let note = match &change.from {
            Some(from) => format!(", from {from}"),
            None if change.kind == Kind::Gone => " (it was removed; `forge eject` lets it stay away)".to_owned(),
            None => String::new(),
        };
        shell.say(&format!("{verb:>18} {}{note}", change.path))?;
    }
    let parts = [
        (count(&[Kind::New, Kind::Gone]), "written"),
        (count(&[Kind::Moved, Kind::Lines, Kind::Mode]), "updated"),
        (count(&[Kind::Renamed]), "moved"),
        (count(&[Kind::Merged]), "merged with your edits"),
        (count(&[Kind::Marked]), "with conflicts marked"),
        (count(&[Kind::Unwanted]), "deleted"),
        (count(&[Kind::Edited, Kind::Orphaned]), "kept as edited"),
        (count(&[Kind::Same]), "right already"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    shell.say(&format!("{}: {}", counted(changes.len(), "file"), said.join(", ")))
}
