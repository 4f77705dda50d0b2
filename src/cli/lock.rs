//! `forge lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::disk::Disk;
use super::project::{Project, counted, tell, valid_but_for};
use super::registry::{Question, Trouble, ask, timeout};
use super::releases::newest;
use super::{Answer, Failure, Format, Shell, lockfile};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, listed};
use crate::lock::{FILE, Lock, Pin, uses};
use crate::pins;
use crate::project::Action;
use crate::renovate::renovate;

/// Look up what the tags of images stand for, and write it into forge.lock
///
/// Generated files then name each image by tag and digest, so that what is built and what runs is the same everywhere
/// until somebody changes it. Each image has to be there for all `platforms` of the spec. What is locked stays as it is;
/// --update looks it up again. What nothing uses any more is dropped. `forge generate` then brings the digests into files.
///
/// Registries are asked as Docker asks them: with the credentials of its config.json (DOCKER_CONFIG) and of the helpers
/// that it names, through proxies (HTTPS_PROXY, NO_PROXY), without TLS only on this machine. More settings, all in the
/// environment: FORGE_REGISTRY_MIRRORS=docker.io=mirror.example.com,… asks a mirror first, http:// before it means without
/// TLS; FORGE_REGISTRY_TIMEOUT=30 are seconds for an answer.
///
/// Ends with 0 when everything is locked, with 1 when an image is not there for a platform (with --check: when forge.lock
/// is not complete or not current), and with 2 when somebody who was asked gave no answer.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Look these up again: images, services, backings, `gateway`, actions of GitHub, or `actions` for all of those; all images, if none is named
    #[arg(long, value_name = "NAME", num_args = 0..)]
    update: Option<Vec<String>>,
    /// Write nothing and ask nobody: say what forge.lock lacks, and what nothing uses
    #[arg(long, conflicts_with = "update")]
    check: bool,
    /// With --check, ask whether tags stand for something else by now
    #[arg(long, requires = "check")]
    online: bool,
    /// Write nothing and ask nobody: give a `renovate.json`, with which Renovate raises files and forge.lock together
    #[arg(long, conflicts_with_all = ["update", "check", "online", "format"])]
    renovate: bool,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// What there is to say of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It is as it was.
    Kept,
    /// It is new.
    Added,
    /// It stands for something else than before.
    Updated,
    /// It is the same, and was checked for more platforms.
    Checked,
    /// Nothing uses it: it is gone.
    Dropped,
    /// Nothing uses it.
    Unused,
    /// The project uses it, and it is not there.
    Missing,
    /// It was not checked for all platforms.
    Unchecked,
    /// Its tag stands for something else by now.
    Stale,
    /// It could not be looked up.
    Failed,
}

/// An entry of the lock, and what became of it.
#[derive(Debug, Clone, Serialize)]
struct Row {
    name: String,
    state: State,
    /// What it stands for now.
    pin: Option<String>,
    /// What it stood for.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

impl Row {
    fn of(name: &str, state: State, now: Option<&Pin>, before: Option<&Pin>) -> Row {
        let digest = |it: &Pin| it.digest.clone();
        let before = before.filter(|it| now.is_none_or(|now| now.digest != it.digest)).map(digest);
        Row { name: name.to_owned(), state, pin: now.map(digest), before }
    }
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    // Before anything is read: what another forge writes meanwhile would be lost.
    let writes = !(arguments.check || arguments.renovate);
    let _held = if writes { Disk::new(&shell.directory)?.lock()? } else { None };
    let project = valid_but_for(&[&codes::UNLOCKED], shell)?;
    let before = project.lock.clone().unwrap_or_default();
    let used = uses(&project.resolved);
    if arguments.renovate {
        shell.answer(&renovate(&used))?;
        return Ok(Answer::Yes);
    }
    if arguments.check {
        return check(project, &before, &used, arguments, shell);
    }
    let names = arguments.update.as_deref();
    let has_names = names.is_some_and(|it| !it.is_empty());
    let actions = if has_names || !before.actions.is_empty() { actions(project, shell)? } else { BTreeMap::new() };
    let again = chosen(names, project, &used, &actions)?;
    let mut work = Work {
        project,
        before: &before,
        lock: before.clone(),
        rows: Vec::new(),
        lacks: Vec::new(),
        troubles: Vec::new(),
    };
    work.look_up(&used, &again.images)?;
    work.drop_actions(&actions);
    work.look_up_actions(again.actions)?;
    let Work { lock, rows, lacks, troubles, .. } = work;
    if lock != before {
        lockfile::write(&project.root, &lock)?;
        shell.say("forge.lock was written: `forge generate` brings it into files")?;
    }
    show(&rows, arguments.format, shell)?;
    tell(shell, &project.notices(lacks.clone(), shell))?;
    failed(&troubles, shell)?;
    Ok(if lacks.is_empty() { Answer::Yes } else { Answer::No })
}

/// What is to be looked up again.
#[derive(Default)]
struct Again {
    images: BTreeSet<String>,
    /// As files have them.
    actions: BTreeMap<String, Action>,
}

/// What somebody named after --update.
///
/// # Errors
/// When there is no such thing.
fn chosen(
    names: Option<&[String]>,
    project: &Project,
    used: &BTreeMap<String, BTreeSet<Path>>,
    actions: &BTreeMap<String, Action>,
) -> Result<Again, Failure> {
    let Some(names) = names else { return Ok(Again::default()) };
    if names.is_empty() {
        return Ok(Again { images: used.keys().cloned().collect(), ..Again::default() });
    }
    let mut again = Again::default();
    for name in names {
        let of = |path: &Path| {
            let path = path.to_string();
            let mut parts = path.split('.');
            let (group, who) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            group == name || who == name
        };
        let found =
            used.iter().filter(|(image, at)| *image == name || at.iter().any(of)).map(|(image, _)| image.clone());
        let found: Vec<String> = found.collect();
        let named = actions.iter().filter(|(action, _)| name == "actions" || *action == name);
        again.actions.extend(named.map(|(name, it)| (name.clone(), it.clone())));
        if found.is_empty() && !actions.contains_key(name) && name != "actions" {
            let containers = project.resolved.base.containers.keys();
            let known = used.keys().chain(containers).chain(actions.keys()).map(String::as_str).chain(["actions"]);
            let otherwise = "name an image with its tag, a service, a backing, `gateway`, an action or `actions`";
            return Err(Failure::unknown("nothing here uses an image of the name", name, known, otherwise));
        }
        again.images.extend(found);
    }
    Ok(again)
}

/// The lock on its way from what it was to what it will be.
struct Work<'a> {
    project: &'a Project,
    before: &'a Lock,
    lock: Lock,
    rows: Vec<Row>,
    /// Images that are not there for a platform.
    lacks: Vec<Diagnostic>,
    troubles: Vec<Trouble>,
}

impl Work<'_> {
    /// Asks about images that are missing, were not checked for all platforms, or are to be looked up again; drops what
    /// is not used.
    fn look_up(&mut self, used: &BTreeMap<String, BTreeSet<Path>>, again: &BTreeSet<String>) -> Result<(), Failure> {
        let platforms = &self.project.resolved.base.platforms;
        let mut questions = BTreeMap::new();
        for name in used.keys() {
            let known = self.before.images.get(name);
            match known {
                Some(pin) if !again.contains(name) => {
                    if !pin.platforms.is_superset(platforms) {
                        let digest = pin.digest.clone();
                        questions.insert(name, Question::Platforms { name: name.clone(), digest });
                    }
                }
                _ => {
                    questions.insert(name, Question::Tag { name: name.clone(), known: known.cloned() });
                }
            }
        }
        let answers = if questions.is_empty() { Vec::new() } else { ask(questions.values().cloned().collect())? };
        let mut answers: BTreeMap<&String, _> = questions.keys().copied().zip(answers).collect();
        for (name, at) in used {
            let before = self.before.images.get(name);
            let (state, now) = match answers.remove(name) {
                None => (State::Kept, before.cloned()),
                Some(Err(trouble)) => {
                    self.troubles.push(trouble);
                    (State::Failed, before.cloned())
                }
                Some(Ok(pin)) => {
                    let missing: Vec<&str> = platforms.difference(&pin.platforms).map(String::as_str).collect();
                    let is_same = before.is_some_and(|it| it.digest == pin.digest);
                    if missing.is_empty() {
                        let pin = Pin { digest: pin.digest, platforms: platforms.clone() };
                        let state = match before {
                            None => State::Added,
                            Some(it) if *it == pin => State::Kept,
                            Some(_) if is_same => State::Checked,
                            Some(_) => State::Updated,
                        };
                        (state, Some(pin))
                    } else {
                        let lacks = lacking(name, &missing, &pin, is_same, self.project, at);
                        self.lacks.push(lacks);
                        (State::Failed, before.cloned())
                    }
                }
            };
            self.rows.push(Row::of(name, state, now.as_ref(), before));
            self.lock.images.extend(now.map(|it| (name.clone(), it)));
        }
        for (name, pin) in self.before.images.iter().filter(|(name, _)| !used.contains_key(*name)) {
            self.lock.images.remove(name);
            self.rows.push(Row::of(name, State::Dropped, None, Some(pin)));
        }
        Ok(())
    }

    /// Asks GitHub, by git, for the newest release of each of these actions, within its major version.
    fn look_up_actions(&mut self, again: BTreeMap<String, Action>) -> Result<(), Failure> {
        if again.is_empty() {
            return Ok(());
        }
        for (name, now, found) in newest(again, 2 * timeout()?) {
            match found {
                Err(trouble) => {
                    self.troubles.push(trouble);
                    self.rows.push(Row { name, state: State::Failed, pin: Some(now.sha), before: None });
                }
                Ok(newest) => {
                    let state = if newest == now { State::Kept } else { State::Updated };
                    let before = (newest.sha != now.sha).then_some(now.sha);
                    self.rows.push(Row { name: name.clone(), state, pin: Some(newest.sha.clone()), before });
                    if state == State::Updated {
                        self.lock.actions.insert(name, newest);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes out actions that are not `used`.
    fn drop_actions(&mut self, used: &BTreeMap<String, Action>) {
        self.lock.actions.retain(|name, _| used.contains_key(name));
        self.rows.extend(unused_actions(self.before, used).map(|(name, sha)| Row {
            name,
            state: State::Dropped,
            pin: None,
            before: Some(sha),
        }));
    }
}

/// The actions that generated files use, as they have them.
///
/// # Errors
/// When there is no plan.
fn actions(project: &Project, shell: &mut Shell<'_>) -> Result<BTreeMap<String, Action>, Failure> {
    Ok(project.plan(shell)?.iter().flat_map(|it| pins::actions(&it.text)).collect())
}

/// The actions of a lock that are not `used`, with their commits.
fn unused_actions(lock: &Lock, used: &BTreeMap<String, Action>) -> impl Iterator<Item = (String, String)> {
    let unused = lock.actions.iter().filter(|(name, _)| !used.contains_key(*name));
    unused.map(|(name, it)| (name.clone(), it.sha.clone()))
}

/// An image is not there for a platform of the spec.
fn lacking(
    name: &str,
    missing: &[&str],
    pin: &Pin,
    is_locked: bool,
    project: &Project,
    at: &BTreeSet<Path>,
) -> Diagnostic {
    let there: Vec<&str> = pin.platforms.iter().map(String::as_str).collect();
    let what = if is_locked { format!("the digest that forge.lock has of `{name}`") } else { format!("`{name}`") };
    let message = format!("{what} is not there for {}, only for {}", listed(missing), listed(&there));
    let platforms = project.doc.root.get("platforms").map(crate::yaml::Node::items).unwrap_or_default();
    let index = platforms.iter().position(|it| it.text() == missing.first().copied());
    let place = match (index, at.first()) {
        (Some(index), _) => Path::of(["platforms"]).index(index),
        (None, Some(at)) => at.clone(),
        (None, None) => Path::default(),
    };
    let help = if is_locked {
        format!(
            "`forge lock --update {name}` looks whether its tag has more; otherwise use another image, or take the platform out of `platforms`"
        )
    } else {
        "use another image or version, or say under `platforms` what you run on".to_owned()
    };
    Diagnostic::error(&codes::PLATFORM, Place::Value(place), message).help(help)
}

/// Says what a lock lacks and what is too much in it, and, for who wants to know, what is no longer current.
fn check(
    project: &Project,
    lock: &Lock,
    used: &BTreeMap<String, BTreeSet<Path>>,
    arguments: &Arguments,
    shell: &mut Shell<'_>,
) -> Result<Answer, Failure> {
    let asked: Vec<&String> = used.keys().filter(|it| arguments.online && lock.images.contains_key(*it)).collect();
    let questions: Vec<Question> = asked.iter().map(|it| Question::Digest { name: (*it).clone() }).collect();
    let answers = if questions.is_empty() { Vec::new() } else { ask(questions)? };
    let mut answers: BTreeMap<&String, _> = asked.into_iter().zip(answers).collect();
    let mut troubles = Vec::new();
    let mut rows = Vec::new();
    for name in used.keys() {
        let Some(pin) = lock.images.get(name) else {
            rows.push(Row::of(name, State::Missing, None, None));
            continue;
        };
        rows.push(match answers.remove(name) {
            Some(Ok(now)) if now.digest != pin.digest => Row::of(name, State::Stale, Some(&now), Some(pin)),
            Some(Err(trouble)) => {
                troubles.push(trouble);
                Row::of(name, State::Failed, Some(pin), None)
            }
            _ if !pin.platforms.is_superset(&project.resolved.base.platforms) => {
                Row::of(name, State::Unchecked, Some(pin), None)
            }
            _ => Row::of(name, State::Kept, Some(pin), None),
        });
    }
    let unused = lock.images.iter().filter(|(name, _)| !used.contains_key(*name));
    rows.extend(unused.map(|(name, pin)| Row::of(name, State::Unused, Some(pin), None)));
    if !lock.actions.is_empty() {
        let actions = actions(project, shell)?;
        let row = |name, state, pin| Row { name, state, pin: Some(pin), before: None };
        rows.extend(unused_actions(lock, &actions).map(|(name, sha)| row(name, State::Unused, sha)));
    }
    show(&rows, arguments.format, shell)?;
    failed(&troubles, shell)?;
    let odd = rows.iter().filter(|it| it.state != State::Kept).count();
    if arguments.format == Format::Human {
        shell.say(&match odd {
            0 => format!("forge.lock has all that is used: {}", counted(rows.len(), "image")),
            odd => format!(
                "{} not right: `forge lock` mends it, with --update for what is stale",
                if odd == 1 { "1 entry is".to_owned() } else { format!("{odd} entries are") }
            ),
        })?;
    }
    Ok(if odd == 0 { Answer::Yes } else { Answer::No })
}

/// Says why there were no answers, if there were any questions without one.
///
/// # Errors
/// When there were.
fn failed(troubles: &[Trouble], shell: &mut Shell<'_>) -> Result<(), Failure> {
    for Trouble { message, help } in troubles {
        shell.insist(&format!("error: {message}\n  = help: {help}"))?;
    }
    if troubles.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

fn show(rows: &[Row], format: Format, shell: &mut Shell<'_>) -> Result<(), Failure> {
    if format == Format::Json {
        #[derive(Serialize)]
        struct Document<'a> {
            lock: &'a str,
            entries: &'a [Row],
        }
        let text = serde_json::to_string_pretty(&Document { lock: FILE, entries: rows }).expect("plain data is JSON");
        return shell.answer(&(text + "\n"));
    }
    let mut text = String::new();
    for Row { name, state, pin, before } in rows.iter().filter(|it| it.state != State::Kept || shell.verbose) {
        let verb = serde_json::to_value(state).expect("plain data is JSON");
        let verb = verb.as_str().unwrap_or_default();
        let change = match (before, pin) {
            (Some(before), Some(pin)) => format!(" {before} → {pin}"),
            (None, Some(it)) | (Some(it), None) => format!(" {it}"),
            (None, None) => String::new(),
        };
        writeln!(text, "{verb:>9} {name}{change}").expect("a string grows");
    }
    shell.answer(&text)
}
