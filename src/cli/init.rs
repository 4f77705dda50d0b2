//! `forge init`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::Path;

use serde_json::json;

use super::disk::Disk;
use super::project::{Read, counted, own_catalog, own_templates, read, shown, tell};
use super::state::manifest;
use super::{Answer, Failure, Format, Shell, eject};
use crate::catalog::{Catalog, Common, Detection};
use crate::credential::visible;
use crate::detect::spec::Draft;
use crate::detect::{Confidence, Evidence, Fact, Found, Service, Start, Tree, detect, slug, words};
use crate::targets::Extent;

/// More files than these say nothing new.
const MOST_FILES: usize = 20_000;

/// More notes than these nobody reads on a terminal.
const MOST_NOTES: usize = 8;

/// Folders are looked into no deeper.
const DEEPEST: usize = 12;

/// Larger files are data, and no source or manifest.
const LARGEST: u64 = 1 << 20;

/// Look at a folder and write a spec for what is in it
///
/// Finds languages, versions, package managers, frameworks, ports, start commands, health routes, migrations and backings
/// in manifests, lock files, code, env files (their names alone where they are secrets), Procfiles, and what a Dockerfile or
/// compose file says that is there already. Nothing of the folder is run, and no file is overwritten.
///
/// Ends with 0 when the spec was written and is valid, with 1 when something is left to say in it, and with 2 when nothing
/// was found or a spec is there already.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; say what was found, where, and how sure that is
    #[arg(long)]
    explain: bool,
    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
    /// How to say what was found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// The name of the project; that of its folder, if left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let spec = shell.directory.join(&shell.file);
    if !arguments.explain && fs::symlink_metadata(&spec).is_ok() {
        let message = format!("there is a {} in {} already", shown(&shell.file), shell.directory.display());
        return Err(Failure::input(message, "`forge add` adds to it; `forge init --explain` only says what it finds"));
    }
    let known = detection(shell)?;
    let catalog = own_catalog(shell)?;
    let mut found = look(&shell.directory, "", &forges(shell)?, &known)?;
    if found.services.is_empty() && found.backings.is_empty() {
        if arguments.format == Format::Json {
            shell.answer(&as_json(&found))?;
        }
        return Err(nothing(&known, &shell.directory));
    }
    let talks = io::stdin().is_terminal() && io::stderr().is_terminal();
    if talks && !arguments.yes && !arguments.explain && arguments.format == Format::Human {
        ask(&mut found, shell)?;
    }
    match arguments.format {
        Format::Json => {
            shell.answer(&as_json(&found))?;
        }
        Format::Human if arguments.explain => shell.answer(&visible(&explained(&found)))?,
        Format::Human => {}
    }
    if arguments.explain {
        return Ok(Answer::Yes);
    }
    let folder = shell.directory.canonicalize().map_err(Failure::io("find the folder"))?;
    let folder = folder.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let name = slug(arguments.name.as_deref().unwrap_or(&folder), "app");
    write(&found, &catalog, &known, &name, shell)
}

/// What was found, as a document for programs.
fn as_json(found: &Found) -> String {
    serde_json::to_string_pretty(found).expect("what was found is plain data") + "\n"
}

/// What forge recognises, with the project's own.
pub(super) fn detection(shell: &mut Shell<'_>) -> Result<Detection, Failure> {
    let own = own_templates(&shell.directory)?;
    Detection::new(&own).map_err(|them| {
        let said: Vec<String> = them.iter().map(|it| format!("forge-templates/{}: {}", it.file, it.message)).collect();
        Failure::input(said.join("\n"), "mend the file, or remove it to have forge's own")
    })
}

/// The paths of the files that forge wrote here: they show what it made of a spec, and nothing else.
pub(super) fn forges(shell: &Shell<'_>) -> Result<BTreeSet<String>, Failure> {
    let manifest = manifest(&Disk::new(&shell.directory)?, &shell.file)?;
    Ok(manifest.artifacts.into_values().map(|it| it.path).collect())
}

/// What is in `below`, a folder of `root`, without `forges`; paths are relative to it, those of `forges` to the root.
pub(super) fn look(root: &Path, below: &str, forges: &BTreeSet<String>, known: &Detection) -> Result<Found, Failure> {
    let root = root.join(below);
    if !root.is_dir() {
        return Err(Failure::input(
            format!("there is no folder {}", root.display()),
            "name an existing folder after -C",
        ));
    }
    let mut files = Vec::new();
    let mut cut = false;
    walk(&root, "", &known.common, 0, &mut files, &mut cut)?;
    let whole = |path: &String| if below.is_empty() { path.clone() } else { format!("{below}/{path}") };
    files.retain(|it| !forges.contains(&whole(it)));
    let text = |path: &str| {
        let place = root.join(path);
        let metadata = fs::metadata(&place).ok()?;
        if metadata.len() > LARGEST {
            return None;
        }
        String::from_utf8(fs::read(place).ok()?).ok()
    };
    let mut found = detect(&Tree::new(files, &text), known);
    if cut {
        let words = format!("the folder is large: only {MOST_FILES} files and {DEEPEST} levels of it were looked at");
        found.notes.push(Evidence::why(words));
    }
    Ok(found)
}

/// The files of a folder, without links and without what nobody wrote.
fn walk(
    folder: &Path,
    name: &str,
    common: &Common,
    depth: usize,
    files: &mut Vec<String>,
    cut: &mut bool,
) -> Result<(), Failure> {
    let doing = || format!("read {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // What nobody lets us see below a folder is not ours to complain about.
        Err(_) if depth > 0 => return Ok(()),
        Err(error) => return Err(Failure::io(doing())(error)),
    };
    let mut entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(Failure::io(doing()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut folders = Vec::new();
    for entry in entries {
        let Ok(file) = entry.file_name().into_string() else { continue };
        // No Dockerfile and no spec can name it.
        if file.contains(char::is_control) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        let path = if name.is_empty() { file.clone() } else { format!("{name}/{file}") };
        if kind.is_dir() && !common.skip.contains(&file) {
            folders.push((entry.path(), path));
        } else if kind.is_file() {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            *cut = true;
            return Ok(());
        }
    }
    *cut |= depth == DEEPEST && !folders.is_empty();
    for (place, path) in folders.into_iter().filter(|_| depth < DEEPEST) {
        walk(&place, &path, common, depth + 1, files, cut)?;
        if files.len() > MOST_FILES {
            break;
        }
    }
    Ok(())
}

/// Nothing was recognised: what would have been.
fn nothing(known: &Detection, folder: &Path) -> Failure {
    let manifests: BTreeSet<&str> =
        known.stacks.values().flat_map(|it| it.manifests.iter()).map(String::as_str).collect();
    let manifests: Vec<String> = manifests.iter().map(|it| format!("`{it}`")).collect();
    let help = format!(
        "forge knows {}, and builds anything with a Dockerfile of its own: write `services: {{ app: {{ build: {{ stack: custom, context: . }} }} }}` into forge.yaml, or name the folder of the program after -C",
        manifests.join(", ")
    );
    Failure::input(format!("no program that forge knows is in {}", folder.display()), help)
}

/// Asks about what is uncertain; an empty line takes what stands in brackets.
fn ask(found: &mut Found, shell: &mut Shell<'_>) -> Result<(), Failure> {
    for service in &mut found.services {
        let name = service.name.value.clone();
        if service.role.as_ref().is_some_and(|it| it.confidence == Confidence::Low) {
            let role = question(shell, &format!("does `{name}` answer HTTP? [y/N]"), |it| match it {
                "" | "n" | "N" | "no" => Ok("worker"),
                "y" | "Y" | "yes" => Ok("web"),
                _ => Err("say y or n"),
            })?;
            service.role = Some(answered(role.to_owned()));
        }
        let is_web = service.role.as_ref().is_some_and(|it| it.value == "web");
        let is_unsure = service.port.as_ref().is_none_or(|it| it.confidence == Confidence::Low);
        if is_web && is_unsure && service.from.is_none() {
            let usual = service.port.as_ref().map(|it| it.value);
            let shown = usual.map_or("the framework's own".to_owned(), |it| it.to_string());
            let port = question(shell, &format!("on which port does `{name}` listen? [{shown}]"), |it| match it {
                "" => Ok(None),
                it => it.parse().ok().filter(|it| *it > 0).map(Some).ok_or("a port is a number from 1 to 65535"),
            })?;
            if let Some(port) = port {
                service.port = Some(answered(port));
            }
        }
        let has_framework = service.options.contains_key("framework");
        if service.start.is_none() && !has_framework && service.role.as_ref().is_none_or(|it| it.value != "static") {
            let text = question(shell, &format!("how is `{name}` started? [leave it open]"), |it| {
                let is_closed = |quote: char| it.matches(quote).count() % 2 == 0;
                if is_closed('"') && is_closed('\'') { Ok(it.to_owned()) } else { Err("a quote has no end") }
            })?;
            if !text.is_empty() {
                service.start = Some(answered(Start { words: words(&text), text, ..Start::default() }));
            }
        }
    }
    Ok(())
}

fn answered<T>(value: T) -> Fact<T> {
    Fact::new(value, Evidence::why("you said so"), Confidence::High)
}

/// Asks until `read` understands the answer, and says what it does not understand.
///
/// # Errors
/// Where there are no more answers (Ctrl-D): nothing is written of half an answer.
fn question<T>(
    shell: &mut Shell<'_>,
    text: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, Failure> {
    loop {
        write!(shell.talk, "{} ", visible(text)).and_then(|()| shell.talk.flush()).map_err(Failure::io("ask"))?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).map_err(Failure::io("read the answer"))? == 0 {
            shell.insist("")?;
            return Err(Failure::input("no answer: nothing was written", "`forge init --yes` asks nothing"));
        }
        match read(line.trim()) {
            Ok(answer) => return Ok(answer),
            Err(why) => shell.insist(&format!("  {why}"))?,
        }
    }
}

/// Writes the spec, and where files are in the way of what it asks for, once more with other places for that.
fn write(
    found: &Found,
    catalog: &Catalog,
    known: &Detection,
    name: &str,
    shell: &mut Shell<'_>,
) -> Result<Answer, Failure> {
    let place = shell.directory.join(&shell.file);
    let file = shown(&shell.file);
    let mut draft = Draft { found, catalog, known, name: name.to_owned(), domain: None, layout: None };
    let mut written = draft.write();
    let doing = || format!("write {file}");
    let mut made = OpenOptions::new().write(true).create_new(true).open(&place).map_err(Failure::io(doing()))?;
    made.write_all(written.text.as_bytes()).map_err(Failure::io(doing()))?;
    let taken = in_the_way(shell)?;
    if let Some(layout) = layout(&taken, &shell.directory) {
        draft.layout = Some(layout);
        written = draft.write();
        // It is the file that was made a moment ago.
        fs::write(&place, &written.text).map_err(Failure::io(doing()))?;
    }
    shell.say(&format!("{:>18} {file}", "wrote"))?;
    let names: Vec<String> = found.services.iter().map(summary).collect();
    for line in names {
        shell.say(&format!("{:>18} {line}", ""))?;
    }
    let valid = match read(shell)? {
        Read::Valid(project) => {
            if !shell.quiet {
                tell(shell, &project.warnings)?;
            }
            true
        }
        Read::Invalid(them) => {
            tell(shell, &them)?;
            false
        }
    };
    for it in found.notes.iter().take(MOST_NOTES) {
        shell.say(&format!("{:>18} {it}", "note"))?;
    }
    if let Some(more) = found.notes.len().checked_sub(MOST_NOTES).filter(|it| *it > 0) {
        shell.say(&format!("{:>18} and {more} more at the top of {file}", "note"))?;
    }
    for it in &written.open {
        shell.insist(&format!("left open: {it}"))?;
    }
    let kept = if valid { in_the_way(shell)? } else { Vec::new() };
    if !kept.is_empty() {
        let said = format!(
            "{:>18} {}, as it is: once `forge adopt` took it over, `forge diff` shows what the spec asks there, and `forge generate` writes that where the file is gone",
            "left to you",
            kept.join(", ")
        );
        // What there is to warn of was told a moment ago.
        let quiet = std::mem::replace(&mut shell.quiet, true);
        let ejected = eject::run(&eject::Arguments { paths: kept }, shell);
        shell.quiet = quiet;
        ejected?;
        shell.say(&said)?;
    }
    if !written.wanted.is_empty() {
        shell.say(&format!("before the first start it wants from you: {}", written.wanted.join(", ")))?;
    }
    if valid && written.open.is_empty() {
        shell.say("read it through, and then: forge generate")?;
        Ok(Answer::Yes)
    } else {
        let count = counted(written.open.len().max(1), "thing");
        shell.say(&format!("{count} left to mend, in {file} or where it says: and then: forge generate"))?;
        Ok(Answer::No)
    }
}

/// A service in a few words.
fn summary(it: &Service) -> String {
    let mut words = vec![it.stack.value.clone()];
    words.extend(it.options.get("framework").map(|it| it.value.clone()));
    words.extend(it.port.as_ref().map(|it| format!("port {}", it.value)));
    if !it.needs.is_empty() {
        words.push(format!("needs {}", it.needs.keys().cloned().collect::<Vec<_>>().join(", ")));
    }
    format!("{} in {}: {}", it.name.value, it.path, words.join(", "))
}

/// The files that the spec asks for and that somebody else has made.
fn in_the_way(shell: &mut Shell<'_>) -> Result<Vec<String>, Failure> {
    let Read::Valid(project) = read(shell)? else { return Ok(Vec::new()) };
    let (wanted, forges) = (project.plan(shell)?, forges(shell)?);
    let is_there = |path: &str| fs::symlink_metadata(shell.directory.join(path)).is_ok();
    Ok(wanted
        .into_iter()
        .filter(|it| it.extent == Extent::File && !forges.contains(&it.path) && is_there(&it.path))
        .map(|it| it.path)
        .collect())
}

/// Other places for what would lie where something is.
fn layout(taken: &[String], root: &Path) -> Option<serde_json::Value> {
    let free = |names: &[&str]| -> String {
        let found = names.iter().find(|it| fs::symlink_metadata(root.join(it)).is_err());
        (*found.unwrap_or(&names[names.len() - 1])).to_owned()
    };
    let named = |it: &str| it.rsplit('/').next().unwrap_or(it).to_owned();
    let mut out = serde_json::Map::new();
    let is_build = |it: &String| {
        let name = named(it);
        name.contains("Dockerfile") || name.ends_with(".dockerignore") || name.starts_with("docker-entrypoint")
    };
    let folder = free(&["docker", "deploy", "forge"]);
    if taken.iter().any(is_build) {
        out.insert("dockerfile".to_owned(), json!(format!("{folder}/{{service}}.Dockerfile")));
    }
    if taken.iter().any(|it| it == "compose.yaml") {
        let file = free(&["compose.production.yaml", "compose.forge.yaml"]);
        out.insert("compose".to_owned(), json!({ "production": { "file": file } }));
    }
    if taken.iter().any(|it| it.starts_with("nginx/")) {
        out.insert("nginx".to_owned(), json!(free(&["gateway", "deploy/nginx", "forge/nginx"])));
    }
    if taken.iter().any(|it| it.starts_with("scripts/")) {
        out.insert("scripts".to_owned(), json!(free(&["ops", "deploy/scripts", "forge/scripts"])));
    }
    (!out.is_empty()).then(|| out.into())
}

/// Every fact with its evidence.
fn explained(found: &Found) -> String {
    let mut out = String::new();
    for service in &found.services {
        let _ = writeln!(out, "{} in {}", service.name.value, service.path);
        for (fact, value, confidence, evidence) in facts(service) {
            let _ = writeln!(out, "  {fact:<16} {value}\n  {:<16} {confidence}: {evidence}", "");
        }
        out.push('\n');
    }
    for it in &found.backings {
        let optional = if it.optional { ", which it can use and nothing asks for" } else { "" };
        let _ = writeln!(out, "{}: {}{optional}", it.name, it.kind.value);
        for evidence in &it.kind.evidence {
            let _ = writeln!(out, "  {:<16} {}: {evidence}", "", said(it.kind.confidence));
        }
        out.push('\n');
    }
    for it in &found.notes {
        let _ = writeln!(out, "{it}");
    }
    for it in &found.open {
        let _ = writeln!(out, "left open: {it}");
    }
    out
}

fn said(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "a guess",
        Confidence::Medium => "likely",
        Confidence::High => "sure",
    }
}

/// The facts of a service as lines: what, its value, how sure, and why.
fn facts(it: &Service) -> Vec<(String, String, &'static str, String)> {
    let mut out = Vec::new();
    let mut add = |what: &str, value: String, confidence: Confidence, evidence: &[Evidence]| {
        let evidence: Vec<String> = evidence.iter().map(ToString::to_string).collect();
        // What somebody else wrote takes one line, whatever it holds.
        let line = |text: String| text.replace('\n', "\\n");
        out.push((what.to_owned(), line(value), said(confidence), line(evidence.join(", "))));
    };
    let mut text = |what: &str, fact: &Fact<String>| add(what, fact.value.clone(), fact.confidence, &fact.evidence);
    text("stack", &it.stack);
    for (what, fact) in [
        ("role", &it.role),
        ("version", &it.version),
        ("health", &it.health),
        ("migrate", &it.migrate),
        ("port variable", &it.port_variable),
    ] {
        if let Some(fact) = fact {
            text(what, fact);
        }
    }
    for (option, fact) in &it.options {
        text(option, fact);
    }
    for fact in &it.volumes {
        text("volume", fact);
    }
    for fact in &it.data {
        text("data file", fact);
    }
    for fact in &it.also {
        text("also", fact);
    }
    if let Some(fact) = &it.port {
        text("port", &fact.with(fact.value.to_string()));
    }
    if let Some(fact) = &it.start {
        text("start", &fact.with(fact.value.text.clone()));
    }
    for (name, fact) in &it.variables {
        text(if fact.value.secret { "secret" } else { "variable" }, &fact.with(name.clone()));
    }
    for (name, fact) in &it.packages {
        text("package", &fact.with(name.clone()));
    }
    for (name, need) in &it.needs {
        let given: Vec<String> = need.environment.iter().map(|(name, output)| format!("{name}: {output}")).collect();
        text("needs", &Fact::new(name.clone(), Evidence::why(given.join(", ")), Confidence::Medium));
    }
    out
}
