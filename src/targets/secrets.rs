//! `scripts/secrets`, and what keeps git from the values.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Artifact, Context, compose};
use crate::diagnostic::Broken;
use crate::project::{Alphabet, ConfigFile, Host, Project, Secret, SecretFormat, Source, TlsMode};

/// What [`Values::environments`] calls the spec itself.

#[derive(Serialize)]
struct Values<'a> {
    /// Where values come from in any environment.
    sources: BTreeSet<&'static str>,
    alphabets: Vec<Characters>,
    /// Whether the lines of any are users with hashes.
    htpasswd: bool,
    /// Production first.
    environments: Vec<Environment<'a>>,
    /// The secrets of environments that have the same, as arguments of `secret`.
    groups: Vec<Group<'a>>,
    /// Who reads each.
    readers: Vec<Readers<'a>>,
    /// Whose password or key each is.
    servers: Vec<Server<'a>>,
    /// Those that are one file in several environments.
    shared: Vec<Shared<'a>>,
    /// Containers that end by themselves.
    one_shots: BTreeSet<&'a str>,
    /// Production's certificates first.
    certificates: Vec<Certificates<'a>>,
    /// Who makes certificates, in any environment.
    modes: BTreeSet<&'static str>,
    /// The script's path in the project.
    script: &'a str,
    /// From the script's folder to the project.
    up: String,
    /// Folders of forge's that containers read as other users.
    folders: Vec<&'a str>,
    /// Files of the project's own that they read.
    project_files: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Characters {
    name: &'static str,
    /// As `tr` writes it.
    set: &'static str,
}

#[derive(Serialize)]
struct Environment<'a> {
    name: &'a str,
    /// What `docker compose` has to be told.
    compose: String,
}

#[derive(Serialize)]
struct Group<'a> {
    environments: Vec<&'a str>,
    lines: Vec<Vec<String>>,
}

/// Something about a secret that holds in some environments, or in all of them.
#[derive(Serialize)]
struct Readers<'a> {
    secret: &'a str,
    environments: Vec<&'a str>,
    everywhere: bool,
    words: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Server<'a> {
    secret: &'a str,
    environments: Vec<&'a str>,
    everywhere: bool,
    server: &'a str,
    tell: Option<&'a str>,
    forget: Option<&'a str>,
    at_start: bool,
    by_hand: Option<&'a str>,
    /// Where other environments have the file, too: whether their servers have to be told before it changes.
    needs_old: bool,
    unproven: Option<&'a str>,
}

#[derive(Serialize)]
struct Shared<'a> {
    secret: &'a str,
    environments: Vec<&'a str>,
}

#[derive(Serialize)]
struct Certificates<'a> {
    environment: &'a str,
    mode: &'static str,
    hosts: &'a [Host],
}

/// The arguments of `secret` in the script.
fn line(name: &str, secret: &Secret) -> Vec<String> {
    let format = match secret.format {
        Some(SecretFormat::Htpasswd) => "htpasswd",
        None => "text",
    };
    let (source, format, place, key) = match &secret.source {
        Source::Generated { length, alphabet } => {
            ("generated", characters(*alphabet).name, length.to_string(), String::new())
        }
        Source::Supplied { hint } => ("supplied", format, hint.clone(), String::new()),
        Source::External { name } => ("external", format, name.clone(), String::new()),
        Source::Vault { path, key } => ("vault", format, path.clone(), key.clone()),
        Source::Sops { file, key } => {
            ("sops", format, file.clone(), key.iter().map(|it| format!("[\"{it}\"]")).collect())
        }
        Source::Age { file } => ("age", format, file.clone(), String::new()),
    };
    vec![name.to_owned(), source.to_owned(), format.to_owned(), place, key]
}

fn characters(alphabet: Alphabet) -> Characters {
    let (name, set) = match alphabet {
        Alphabet::Hex => ("hex", "0-9a-f"),
        Alphabet::Alphanumeric => ("alphanumeric", "0-9A-Za-z"),
        Alphabet::Base64url => ("base64url", "0-9A-Za-z_-"),
        Alphabet::Digits => ("digits", "0-9"),
    };
    Characters { name, set }
}

/// Puts environments together of which the same holds.
fn together<'a, T: PartialEq>(all: impl Iterator<Item = (&'a str, T)>) -> Vec<(Vec<&'a str>, T)> {
    let mut groups: Vec<(Vec<&str>, T)> = Vec::new();
    for (environment, it) in all {
        match groups.iter_mut().find(|(_, other)| *other == it) {
            Some((them, _)) => them.push(environment),
            None => groups.push((vec![environment], it)),
        }
    }
    groups
}

/// The script, where there is anything to make, ask for or check.
pub(super) fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let projects: Vec<&Project> = super::environments(context.resolved).collect();
    let secrets = || projects.iter().flat_map(|it| &it.secrets);
    let certificates: Vec<Certificates<'_>> = projects.iter().filter_map(|it| certificates(it)).collect();
    if secrets().next().is_none() && certificates.is_empty() {
        return Ok(Vec::new());
    }
    let groups = together(
        projects
            .iter()
            .map(|it| (Project::called(it), it.secrets.iter().map(|(name, it)| line(name, it)).collect::<Vec<_>>())),
    );
    let groups: Vec<Group<'_>> = groups
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(environments, lines)| Group { environments, lines })
        .collect();
    let alphabets = secrets().filter_map(|(_, it)| match it.source {
        Source::Generated { alphabet, .. } => Some(characters(alphabet)),
        _ => None,
    });
    let alphabets: BTreeMap<&str, Characters> = alphabets.map(|it| (it.name, it)).collect();
    let base = &context.resolved.base;
    let files: Vec<&ConfigFile> =
        projects.iter().flat_map(|it| it.containers.values()).flat_map(|it| it.files.values()).collect();
    let backings = files.iter().any(|it| it.made.is_some()).then_some("backings");
    let nginx = base.gateway.as_ref().map(|_| base.layout.nginx.as_str());
    let path = base.layout.script("secrets");
    let one_shots = projects.iter().flat_map(|it| it.containers.values()).filter(|it| it.is_one_shot());
    let values = Values {
        sources: groups
            .iter()
            .flat_map(|it| &it.lines)
            .filter_map(|it| SOURCES.into_iter().find(|name| *name == it[1]))
            .collect(),
        alphabets: alphabets.into_values().collect(),
        htpasswd: secrets().any(|(_, it)| it.format == Some(SecretFormat::Htpasswd)),
        environments: projects
            .iter()
            .map(|it| Environment { name: Project::called(it), compose: compose::arguments(context.resolved, it) })
            .collect(),
        groups,
        readers: readers(&projects),
        servers: servers(&projects),
        shared: shared(&projects),
        one_shots: one_shots.map(|it| it.name.as_str()).collect(),
        modes: certificates.iter().map(|it| it.mode).collect(),
        certificates,
        script: &path,
        up: "../".repeat(path.matches('/').count()),
        folders: nginx.into_iter().chain(backings).collect(),
        project_files: files.iter().filter(|it| it.made.is_none()).map(|it| it.path.as_str()).collect(),
    };
    let text = context.engine.render("scripts/secrets.j2", &values)?;
    Ok(vec![
        Artifact { executable: true, ..Artifact::new("script:secrets", path, text) },
        Artifact::new("secrets:gitignore", "secrets/.gitignore", "*\n!.gitignore\n"),
    ])
}

/// What the script calls the sources.
const SOURCES: [&str; 6] = ["generated", "supplied", "external", "vault", "sops", "age"];

/// The certificates that are files below `secrets/tls`.
fn certificates(project: &Project) -> Option<Certificates<'_>> {
    let gateway = project.gateway.as_ref()?;
    let mode = match gateway.tls {
        TlsMode::Files => "files",
        TlsMode::SelfSigned => "self-signed",
        TlsMode::Acme | TlsMode::None => return None,
    };
    Some(Certificates { environment: Project::called(project), mode, hosts: &gateway.hosts })
}

/// The environments of each secret, by its name.
fn owners<'a>(projects: &[&'a Project]) -> BTreeMap<&'a str, Vec<&'a Project>> {
    let mut owners: BTreeMap<&str, Vec<&Project>> = BTreeMap::new();
    for project in projects {
        for name in project.secrets.keys() {
            owners.entry(name).or_default().push(project);
        }
    }
    owners
}

fn readers<'a>(projects: &[&'a Project]) -> Vec<Readers<'a>> {
    let mut all = Vec::new();
    for (secret, owners) in owners(projects) {
        let words = |project: &'a Project| -> BTreeSet<&'a str> {
            let reads = |it: &&crate::project::Container| {
                it.secrets.contains(secret) || it.borrowed_secrets.values().any(|it| it == secret)
            };
            project.containers.values().filter(reads).map(|it| it.name.as_str()).collect()
        };
        for (environments, words) in together(owners.iter().map(|it| (Project::called(it), words(it)))) {
            all.push(Readers { secret, everywhere: environments.len() == owners.len(), environments, words });
        }
    }
    all
}

fn servers<'a>(projects: &[&'a Project]) -> Vec<Server<'a>> {
    let mut all = Vec::new();
    for (secret, owners) in owners(projects) {
        let rotation = |it: &&'a Project| it.secrets[secret].rotation.as_ref();
        for (environments, rotation) in together(owners.iter().map(|it| (Project::called(it), rotation(it)))) {
            let Some(it) = rotation else { continue };
            all.push(Server {
                secret,
                everywhere: environments.len() == owners.len(),
                environments,
                server: &it.container,
                tell: it.tell.as_deref(),
                forget: it.forget.as_deref(),
                at_start: it.at_start,
                by_hand: it.by_hand.as_deref(),
                needs_old: it.needs_old && owners.len() > 1,
                unproven: it.unproven.as_deref(),
            });
        }
    }
    all
}

fn shared<'a>(projects: &[&'a Project]) -> Vec<Shared<'a>> {
    let mut all = Vec::new();
    for (secret, owners) in owners(projects) {
        let environments: Vec<&str> =
            owners.iter().filter(|it| it.secrets[secret].is_file()).map(|it| Project::called(it)).collect();
        if environments.len() > 1 {
            all.push(Shared { secret, environments });
        }
    }
    all
}
