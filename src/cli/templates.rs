//! `forge templates`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use super::disk::Disk;
use super::project::{Read, counted, own_catalog, own_templates, read, tell, template_notices};
use super::{Answer, Failure, Shell};
use crate::catalog::{Catalog, built_in};
use crate::contract::known_rules;
use crate::diagnostic::{Broken, did_you_mean};
use crate::project::Resolved;
use crate::render::Engine;
use crate::report::Notice;
use crate::resolve::resolve;
use crate::schema::Judge;
use crate::targets;
use crate::yaml;

/// The folder of a project's own.
const FOLDER: &str = "forge-templates";

/// List, show, take over and try the templates that files are made from
///
/// A file in the project's own forge-templates/ goes before forge's of the same name, and can extend it:
/// `{% extends "forge/stacks/python/Dockerfile.j2" %}` with one of its blocks; below ci/ it is `{{% … %}}`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Action {
    /// All templates, and whose each is
    List,
    /// The text of one: the project's own, where it has one; `forge/NAME` is forge's in any case
    Show {
        /// Its name, `stacks/python/Dockerfile.j2`
        name: String,
    },
    /// Copy forge's into forge-templates/, to change it there
    ///
    /// Extending it is often better: what is copied does not move when forge does.
    Eject {
        /// Its name, `stacks/python/Dockerfile.j2`
        name: String,
    },
    /// Render all with the project's spec, and those that it does not use with a spec of forge's
    ///
    /// Ends with 0 when all of them render and each is used, with 1 when not.
    Test,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    match arguments.action.clone().unwrap_or(Action::List) {
        Action::List => list(shell),
        Action::Show { name } => show(&name, shell),
        Action::Eject { name } => eject(&name, shell),
        Action::Test => test(shell),
    }
}

fn list(shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let own: BTreeMap<String, String> = own_templates(&shell.directory)?.into_iter().collect();
    let forges: BTreeMap<&str, &str> = built_in().collect();
    let names: BTreeSet<&str> = forges.keys().copied().chain(own.keys().map(String::as_str)).collect();
    let mut out = String::new();
    for name in names {
        let whose = match (own.get(name), forges.contains_key(name)) {
            (None, _) => "forge",
            (Some(text), true) if text.contains(&format!("forge/{name}")) => "extended",
            (Some(_), true) => "overridden",
            (Some(_), false) => "own",
        };
        let _ = writeln!(out, "{whose:<10} {name}");
    }
    shell.answer(&out)?;
    Ok(Answer::Yes)
}

fn show(name: &str, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let own = own_templates(&shell.directory)?;
    let known: BTreeMap<String, &str> = built_in()
        .map(|(name, text)| (name.to_owned(), text))
        .chain(own.iter().map(|(name, text)| (name.clone(), text.as_str())))
        .chain(built_in().map(|(name, text)| (format!("forge/{name}"), text)))
        .collect();
    let Some(text) = known.get(plain(name)) else {
        return Err(unknown(name, known.keys().map(String::as_str)));
    };
    shell.answer(text)?;
    Ok(Answer::Yes)
}

fn eject(name: &str, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let wanted = plain(name).trim_start_matches("forge/");
    let Some((name, text)) = built_in().find(|(it, _)| *it == wanted) else {
        return Err(unknown(name, built_in().map(|(name, _)| name)));
    };
    let path = format!("{FOLDER}/{name}");
    let mut disk = Disk::new(&shell.directory)?;
    let _lock = disk.lock()?;
    // Looks where links lead, before a folder is made there.
    disk.place(&path)?;
    disk.make_folder(&path)?;
    let place = disk.place(&path)?.ok_or_else(|| Failure::input(format!("`{path}` has no folder"), "make it"))?;
    let mut file = fs::File::create_new(&place).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::input(format!("{path} is there already"), "it is yours: remove it to have forge's own again")
        }
        _ => Failure::Io { doing: format!("write {path}"), source: error },
    })?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(Failure::io(format!("write {path}")))?;
    shell.say(&format!("{path} is yours now"))?;
    Ok(Answer::Yes)
}

fn test(shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let own = own_templates(&shell.directory)?;
    let catalog = match own_catalog(shell) {
        // What is wrong was told, and it is what was asked for.
        Err(Failure::Told) => return Ok(Answer::No),
        other => other?,
    };
    let engine = match Engine::new(&catalog) {
        Ok(engine) => engine,
        Err(broken) => return answer(broken, &own, &catalog, shell),
    };
    let mut broken = unused(&own, &catalog);
    // Without a spec the templates are tried all the same.
    if shell.directory.join(&shell.file).is_file() {
        match read(shell)? {
            Read::Valid(project) => broken.extend(targets::broken(&project.resolved, &engine)),
            Read::Invalid(them) => {
                tell(shell, &them)?;
                shell.insist("the spec is invalid: mend it first")?;
                return Err(Failure::Told);
            }
        }
    }
    let judge = Judge::new(&catalog.choices());
    for sample in samples(&own, &catalog) {
        if let Some(resolved) = resolved(&sample, &catalog, &judge) {
            broken.extend(targets::broken(&resolved, &engine));
        }
    }
    answer(broken, &own, &catalog, shell)
}

/// Tells what is wrong, each thing once.
fn answer(
    mut broken: Vec<Broken>,
    own: &[(String, String)],
    catalog: &Catalog,
    shell: &mut Shell<'_>,
) -> Result<Answer, Failure> {
    broken.sort_by(|a, b| (&a.file, a.at.start, &a.message).cmp(&(&b.file, b.at.start, &b.message)));
    broken.dedup();
    let notices: Vec<Notice> = template_notices(broken, &catalog.templates);
    tell(shell, &notices)?;
    if notices.is_empty() {
        shell.say(&format!("{} in {FOLDER}/, and nothing is wrong", counted(own.len(), "file")))?;
        return Ok(Answer::Yes);
    }
    shell.say(&format!("{} with {FOLDER}/", counted(notices.len(), "problem")))?;
    Ok(Answer::No)
}

/// Files of the project's own that nothing asks for: most often a name that is meant to be forge's.
fn unused(own: &[(String, String)], catalog: &Catalog) -> Vec<Broken> {
    let known = |name: &str| built_in().any(|(it, _)| it == name);
    let is_named = |name: &str| own.iter().any(|(other, text)| other != name && text.contains(&format!("\"{name}\"")));
    let is_used = |name: &str| {
        let parts: Vec<&str> = name.split('/').collect();
        known(name)
            || is_named(name)
            || match parts[..] {
                ["stacks", stack, file] => catalog.stacks.get(stack).is_some_and(|it| {
                    ["stack.yaml", "Dockerfile.j2", "dockerignore.j2"].contains(&file)
                        || it.facts.to_string().contains(&format!("\"{file}\""))
                }),
                ["backings", kind, "backing.yaml"] => catalog.backings.contains_key(kind),
                ["ci", provider, file] => catalog
                    .providers
                    .get(provider)
                    .is_some_and(|it| file == "provider.yaml" || it.files.contains_key(file)),
                _ => false,
            }
    };
    let names: Vec<&str> = built_in().map(|(name, _)| name).collect();
    let of = |name: &str| {
        let help = match did_you_mean(name, names.iter().copied()) {
            Some(best) => format!("did you mean `{best}`?"),
            None => {
                "name it in another template, or remove it; `forge templates` lists the names that forge has".into()
            }
        };
        Broken { help, ..Broken::new(name, "nothing asks for this file", 0..0) }
    };
    own.iter().map(|(name, _)| name.as_str()).filter(|it| !is_used(it)).map(of).collect()
}

/// Specs that use what the project has templates of its own for: its stacks, and each of its providers of CI.
fn samples(own: &[(String, String)], catalog: &Catalog) -> Vec<String> {
    let folders = |group: &str| -> BTreeSet<&str> {
        own.iter().filter_map(|(name, _)| name.strip_prefix(group)?.split('/').next()).collect()
    };
    let service = |stack: &str| {
        let (command, port) = if stack == "static" { ("", "") } else { ("command: [run], ", "port: 8000, ") };
        let test = catalog.stacks[stack].facts["tests"].as_bool().unwrap_or(false);
        let test = if test { "test: { command: [check] }, " } else { "" };
        format!("  a-{stack}: {{ {command}{port}{test}build: {{ stack: {stack}, context: ./{stack} }} }}\n")
    };
    let stacks: BTreeSet<&str> = folders("stacks/").into_iter().filter(|it| catalog.stacks.contains_key(*it)).collect();
    let services: String =
        stacks.iter().copied().chain(["python"]).collect::<BTreeSet<_>>().into_iter().map(service).collect();
    let head = format!("forge: 1\nname: sample\nregistry: ghcr.io/sample\nservices:\n{services}");
    let providers = folders("ci/").into_iter().filter(|it| catalog.providers.contains_key(*it));
    let with_ci = providers.map(|it| {
        let login = "login: { token: {} }";
        format!("{head}ci:\n  provider: {it}\n  {login}\n  deploy: {{ production: {{ command: [./deploy] }} }}\n")
    });
    let with_ci: Vec<String> = with_ci.collect();
    if stacks.is_empty() { with_ci } else { std::iter::once(head.clone()).chain(with_ci).collect() }
}

/// A sample as targets see it; `None`, where a stack wants more than a sample can know.
fn resolved(sample: &str, catalog: &Catalog, judge: &Judge) -> Option<Resolved> {
    let doc = yaml::read(sample).ok()?;
    let spec = judge.read(&doc).ok()?;
    resolve(&doc, &spec, catalog, None, judge, &known_rules()).ok().map(|(resolved, _)| resolved)
}

/// A name as people type it.
fn plain(name: &str) -> &str {
    name.trim_start_matches("./").trim_start_matches("forge-templates/")
}

fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    Failure::unknown("there is no template", plain(name), known, "`forge templates` lists them")
}
