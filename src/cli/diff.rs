//! `forge diff`.

use std::collections::BTreeMap;
use std::fs;

use super::compared::{Compared, chosen, compared};
use super::project::{Project, Read, environment, read, valid};
use super::revision::project_at;
use super::state::kept;
use super::strangers::look_alike;
use super::write::{Run, state_changes, state_texts};
use super::{Answer, Failure, Shell};
use crate::compare::{Change, Kind, Movers, Party, plans};
use crate::diagnostic::Severity;
use crate::lock::FILE;
use crate::pins::Taken;
use crate::project::{Project as Environment, Resolved};
use crate::report::changes::{Detail, github, human, json, markdown, names, sarif, stat, summary, unified};
use crate::review::{self, Background, Names, Review, Reviewed, Trouble, contacts, review};
use crate::schema;
use crate::targets::Artifact;

/// From this width on, old and new lines stand beside each other.
const WIDE: usize = 160;

/// Show how the files differ from what the spec asks for, whose doing that is, and what it means
///
/// For each file the reason comes first: the spec moved, somebody edited it, forge itself moved to another version, or several
/// of these. Then what the difference means, `!` before what loosens security or may cost data. Then the lines: `-` is what is there and `+`
/// what `forge generate` would write; of an edit that stays, `-` is what forge wants and `+` what somebody wrote. Where a file
/// has both, each hunk says whose it is, and a conflict shows both sides.
///
/// Of a file that never was forge's: the rules that it breaks, and what it has that the spec does not say.
///
/// With --against, the files do not count: what the spec of a git revision would generate is compared with what the present
/// one would.
///
/// With --env, the files do not count either: two environments of the spec are compared, each as if it were the spec itself.
/// What they are called is no difference, and CI and `patches` are left out.
///
/// On a terminal the answer goes through a pager: FORGE_PAGER, PAGER or `less`.
///
/// What gives up security in blocks between `# forge:keep` and `# forge:end` is told, and is no difference.
///
/// Ends with 0 when nothing differs, with 1 when something does, and with 2 when that could not be found out: the formats
/// for programs say why.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Count only what somebody has to do something about: no edits that `forge generate` keeps, and no newer digests
    /// of a bot that it takes into forge.lock
    #[arg(long)]
    check: bool,
    /// Compare what files mean: order, comments and spelling are no difference
    #[arg(long)]
    semantic: bool,
    /// Old and new lines beside each other, also where the terminal is narrow
    #[arg(long)]
    side_by_side: bool,
    /// Compare with what the spec of this git revision would generate, instead of with the files
    #[arg(long, value_name = "REV", conflicts_with = "check", allow_hyphen_values = true)]
    against: Option<String>,
    /// Compare two environments of the spec with each other, instead of the spec with the files: `production..staging`
    #[arg(long, value_name = "A..B", conflicts_with_all = ["check", "against"], allow_hyphen_values = true)]
    env: Option<String>,
    /// Write to the terminal without a pager
    #[arg(long)]
    no_pager: bool,
    /// Only these files, or those below these folders
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// What a diff looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Reasons, meanings and lines; side by side where the terminal is wide
    Human,
    /// A line for each file, with the reason
    Names,
    /// One patch of all that `forge generate` would do, for `patch -p1`
    Unified,
    /// How many lines come and go in each file
    Stat,
    /// For a comment on a pull request, with files that open and close
    Markdown,
    /// One JSON document, with a schema: `forge schema diff`
    Json,
    /// Annotations for GitHub's workflow log
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let answer = look(arguments, shell);
    let is_for_programs = matches!(arguments.format, Format::Markdown | Format::Json | Format::Github | Format::Sarif);
    // Who waits for a document gets one that says why there is nothing in it.
    if let Err(failure) = answer.as_ref()
        && is_for_programs
    {
        let review = Review { trouble: Some(trouble(failure, shell)), ..Review::default() };
        show(&review, &[], arguments, shell)?;
    }
    answer
}

/// Why nothing could be compared.
fn trouble(failure: &Failure, shell: &Shell<'_>) -> Trouble {
    let (message, help) = match failure {
        Failure::Input { message, help } => (message.clone(), help.clone()),
        Failure::Io { doing, source } => (format!("cannot {doing}: {source}"), None),
        Failure::Told => match read(shell) {
            Ok(Read::Invalid(them)) => {
                let errors = them.iter().filter(|it| it.severity == Severity::Error);
                let lines: Vec<String> = errors.map(|it| format!("{}: {}", it.path, it.message)).collect();
                (lines.join("; "), Some("`forge validate` shows the words".to_owned()))
            }
            _ => (
                "a template, or the spec of the revision, cannot be used".to_owned(),
                Some("standard error says why".to_owned()),
            ),
        },
    };
    Trouble { message, help }
}

fn look(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    if arguments.semantic && arguments.format == Format::Unified {
        let message = "a patch is made of lines, and --semantic leaves them out";
        return Err(Failure::input(message, "leave out --semantic, or take another --format"));
    }
    let project = valid(shell)?;
    if let Some(revision) = &arguments.against {
        return against(revision, project, arguments, shell);
    }
    if let Some(pair) = &arguments.env {
        return environments(pair, project, arguments, shell);
    }
    let compared = compared(project, &project.root, false, shell)?;
    compared.tell_pins(project, "`forge generate` takes from here into forge.lock", shell)?;
    compared.tell_memory(shell)?;
    compared.tell_ejected(shell)?;
    let Compared { disk, manifest, changes, wanted, movers, pins, sources, .. } = &compared;
    let mut shown: Vec<Change> =
        chosen(&project.root, changes, &arguments.paths, wanted, &manifest.ejected)?.into_iter().cloned().collect();
    let own = review::kept(&shown, wanted);
    if arguments.check {
        compared.tell_behind(shell)?;
        shown.retain(|it| !compared.is_behind_a_bot(it));
    }
    let is_whole = arguments.paths.is_empty();
    let schema = schema::text(&project.catalog.choices());
    let state = kept(&schema);
    let run = Run { changes, wanted, before: manifest, sources, state: &state };
    if is_whole && !shown.iter().any(Change::is_due) {
        let wanted = compared.wanted_but_for_pins();
        shown.extend(state_changes(disk, Run { wanted: &wanted, ..run }));
    }
    if arguments.check {
        shown.retain(|it| it.kind != Kind::Edited || it.mode || compared.is_disputed(&it.path));
    }
    if arguments.format == Format::Unified {
        let stops: Vec<&Change> = changes.iter().filter(|it| it.kind == Kind::Foreign || it.kind.is_open()).collect();
        // Different digests of one image were told already, with their files.
        if !(stops.is_empty() && pins.disputed.is_empty()) {
            for it in stops {
                shell.insist(&format!("{}: {}", it.path, it.reason(&movers.words())))?;
            }
            shell.insist(
                "the patch is empty: `forge generate` writes nothing before these are decided; `forge diff` shows them",
            )?;
            return Ok(Answer::No);
        }
        // With --check, what `forge generate` takes over is nothing to do; where something else is, a patch does all of it.
        let takes = !(arguments.check || pins.news.is_empty());
        if is_whole && (takes || shown.iter().any(Change::is_due)) {
            shown.clone_from(changes);
            shown.extend(lock_change(project, pins)?);
            shown.extend(state_texts(disk, run));
        }
    }
    let mut files = review(&shown, &Background::new(wanted, manifest, movers));
    // What forge remembers is nobody's to read: that it is another is all that there is to say.
    files.iter_mut().filter(|it| it.path.starts_with(".forge/")).for_each(|it| it.hunks.clear());
    let mut contacts = contacts(&shown, &project.resolved, wanted);
    files.iter_mut().for_each(|it| it.contact = contacts.remove(&it.path));
    if arguments.semantic {
        files = meant(files);
    }
    // `docker compose` reads a new compose.yaml instead of an older file.
    let meets = |it: &Reviewed| it.kind == Kind::Foreign || it.kind == Kind::New && it.path == "compose.yaml";
    let is_first = files.iter().any(meets) || manifest.artifacts.is_empty();
    let strangers = if is_whole && is_first { look_alike(&disk.root, wanted) } else { Vec::new() };
    show(&Review { files, strangers, kept: own, ..Review::default() }, &shown, arguments, shell)
}

/// What becomes of forge.lock, where bots wrote newer digests into files.
fn lock_change(project: &Project, pins: &Taken) -> Result<Option<Change>, Failure> {
    if pins.news.is_empty() {
        return Ok(None);
    }
    let found = match &project.lock {
        Some(_) => Some(fs::read(project.root.join(FILE)).map_err(Failure::io(format!("read {FILE}")))?),
        None => None,
    };
    let kind = if found.is_some() { Kind::Moved } else { Kind::New };
    Ok(Some(Change::new(FILE, kind, Some(pins.lock.text().into_bytes()), found)))
}

/// What the spec of a revision would generate beside what the present one would.
fn against(revision: &str, project: &Project, arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let old = project_at(revision, shell)?;
    let (before, wanted) = (old.plan(shell)?, project.plan(shell)?);
    let movers = Movers::between(&old.sources, &project.sources);
    let (shown, files) = reviewed(&before, &wanted, &movers, project, arguments)?;
    let sides = Names { there: revision.to_owned(), wanted: "now".to_owned() };
    show(&Review { files, sides, ..Review::default() }, &shown, arguments, shell)
}

/// What an environment of the spec would generate beside what another one would, each as if it were the spec itself.
fn environments(
    pair: &str,
    project: &Project,
    arguments: &Arguments,
    shell: &mut Shell<'_>,
) -> Result<Answer, Failure> {
    let (there, here) = two(pair)?;
    let resolved = &project.resolved;
    let (before, wanted) =
        (alone(resolved, environment(resolved, there)?), alone(resolved, environment(resolved, here)?));
    let (before, wanted) = (project.plan_as(&before, shell)?, project.plan_as(&wanted, shell)?);
    let movers = Movers { parties: vec![Party::Spec], versions: None };
    let (shown, mut files) = reviewed(&before, &wanted, &movers, project, arguments)?;
    for file in &mut files {
        file.reason = match file.kind {
            Kind::New => format!("only {here} has it"),
            Kind::Unwanted => format!("only {there} has it"),
            _ => format!("{there} and {here} differ"),
        };
    }
    if !resolved.base.patches.is_empty() {
        shell.say("`patches` are for files, and left out here")?;
    }
    let sides = Names { there: there.to_owned(), wanted: here.to_owned() };
    show(&Review { files, sides, ..Review::default() }, &shown, arguments, shell)
}

/// The names in `A..B`.
fn two(pair: &str) -> Result<(&str, &str), Failure> {
    let shown = pair.escape_debug();
    match pair.split_once("..") {
        Some(("", "")) => Err(Failure::input("`..` names no environment", "name two: `--env production..staging`")),
        Some(("", one) | (one, "")) if !one.contains('.') => Err(Failure::input(
            format!("`{shown}` names one environment, and two are compared"),
            format!("name the other one, too: `--env production..{}`", one.escape_debug()),
        )),
        Some((a, b)) if !(a.contains('.') || b.contains('.')) => Ok((a, b)),
        None if !pair.is_empty() => Err(Failure::input(
            format!("`{shown}` names one environment, and two are compared"),
            format!("put two dots between two names: `--env production..{shown}`"),
        )),
        _ => Err(Failure::input(
            format!("`{shown}` does not name two environments"),
            "two dots stand between two names: `--env production..staging`",
        )),
    }
}

/// An environment as a spec without others. What they are called makes no difference, and what all of them share is not in there.
fn alone(resolved: &Resolved, environment: &Environment) -> Resolved {
    let production = &resolved.base;
    let mut base = Environment {
        environment: None,
        // The files of one lie where those of the other do, so that they meet.
        layout: production.layout.clone(),
        // A patch is for one file, and expects what stands in that.
        patches: Vec::new(),
        // One pipeline checks and deploys all of them.
        ci: None,
        ..environment.clone()
    };
    if let Some(gateway) = &mut base.gateway {
        gateway.ports.prefix.clone_from(&production.prefix);
        let switch = production.gateway.as_ref().and_then(|it| it.maintenance.as_ref()).map(|it| &it.switch);
        if let (Some(own), Some(switch)) = (&mut gateway.maintenance, switch) {
            own.switch.clone_from(switch);
        }
    }
    let files = base.containers.values_mut().flat_map(|it| it.files.values_mut());
    for made in files.filter_map(|it| it.made.as_mut()) {
        if let Some(name) = made.values.get_mut("project") {
            *name = production.compose_name().into();
        }
    }
    Resolved { base, environments: BTreeMap::new(), locked: resolved.locked, actions: resolved.actions.clone() }
}

/// What leads from one plan to another, of the files that were asked for.
fn reviewed(
    before: &[Artifact],
    wanted: &[Artifact],
    movers: &Movers,
    project: &Project,
    arguments: &Arguments,
) -> Result<(Vec<Change>, Vec<Reviewed>), Failure> {
    let changes = plans(before, wanted);
    let shown: Vec<Change> =
        chosen(&project.root, &changes, &arguments.paths, wanted, &BTreeMap::new())?.into_iter().cloned().collect();
    let files = review(&shown, &Background::of_plans(wanted, before, movers));
    Ok((shown, if arguments.semantic { meant(files) } else { files }))
}

/// Files whose difference means something, without lines where it is known what.
fn meant(files: Vec<Reviewed>) -> Vec<Reviewed> {
    files.into_iter().filter(|it| !it.means_nothing()).map(Reviewed::without_lines).collect()
}

/// Writes a review in the format that was asked for; `changes` are what a patch is made of.
fn show(review: &Review, changes: &[Change], arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let look = shell.look;
    let side_by_side = arguments.side_by_side || shell.is_terminal && look.width >= WIDE;
    let text = match arguments.format {
        Format::Human => human(review, Detail { look, side_by_side, all: !arguments.paths.is_empty() }),
        Format::Names => names(review.files.iter().map(|it| (it.path.as_str(), it.reason.clone()))),
        Format::Unified => match unified(changes) {
            Ok(text) => text,
            Err(paths) => {
                for path in paths {
                    shell.insist(&format!("{path}: a patch would show what looks like a credential"))?;
                }
                shell.insist("the patch is empty: `forge generate` does what it would do, and shows nothing")?;
                return Ok(Answer::No);
            }
        },
        Format::Stat => stat(review),
        Format::Markdown => markdown(review),
        Format::Json => json(review),
        Format::Github => github(review),
        Format::Sarif => sarif(review),
    };
    if !arguments.no_pager && matches!(arguments.format, Format::Human | Format::Unified) {
        shell.answer_paged(&text)?;
    } else {
        shell.answer(&text)?;
    }
    if arguments.format == Format::Human {
        let is_memory = |it: &Reviewed| it.path.starts_with(".forge/") && it.path != ".forge/";
        if !review.files.is_empty() && review.files.iter().all(is_memory) {
            shell.say("only what forge remembers differs: `forge generate` brings it up to date, and it is committed with the files")?;
        }
        let said = if review.files.is_empty() { "nothing differs".to_owned() } else { summary(review) };
        shell.say(&said)?;
    }
    Ok(if review.files.is_empty() { Answer::Yes } else { Answer::No })
}
