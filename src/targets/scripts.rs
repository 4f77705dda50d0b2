//! Scripts for the operator.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::{ConfigFile, Host, Project, SWITCHES, Secret, TlsMode};

pub(super) static TARGET: Target = Target {
    name: "scripts",
    about: "scripts/secrets, which makes the secrets that are missing, and scripts/maintenance",
    plan,
};

#[derive(Serialize)]
struct Values<'a> {
    generated: BTreeMap<&'a str, u32>,
    supplied: BTreeMap<&'a str, &'a str>,
    /// Production's certificates first.
    certificates: Vec<Certificates<'a>>,
    environments: Vec<&'a str>,
    /// The script's path in the project.
    script: &'a str,
    /// From the script's folder to the project.
    up: String,
    /// Folders of forge's that containers read as other users.
    folders: Vec<&'a str>,
    /// Files of the project's own that they read.
    files: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Certificates<'a> {
    environment: &'a str,
    mode: TlsMode,
    hosts: &'a [Host],
}

#[derive(Serialize)]
struct Maintenance<'a> {
    /// Those that can be closed, production first.
    environments: Vec<&'a str>,
    /// The script's path in the project.
    script: &'a str,
    /// From the script's folder to the project.
    up: String,
    /// The folder with the switches.
    folder: &'a str,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut out = secrets(context)?;
    out.extend(maintenance(context)?);
    Ok(out)
}

/// The switch that closes the gateway, where one is wanted.
fn maintenance(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let closes = |it: &&Project| it.gateway.as_ref().is_some_and(|it| it.maintenance.is_some());
    let environments: Vec<&str> = super::environments(context.resolved)
        .filter(closes)
        .map(|it| it.environment.as_deref().unwrap_or("production"))
        .collect();
    if environments.is_empty() {
        return Ok(Vec::new());
    }
    let path = context.resolved.base.layout.script("maintenance");
    let up = "../".repeat(path.matches('/').count());
    let values = Maintenance { environments, script: &path, up, folder: SWITCHES };
    let text = context.engine.render("scripts/maintenance.j2", &values)?;
    Ok(vec![
        Artifact { executable: true, ..Artifact::new("script:maintenance", path, text) },
        Artifact::new("maintenance:gitignore", format!("{SWITCHES}/.gitignore"), "*\n!.gitignore\n"),
    ])
}

fn secrets(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut generated = BTreeMap::new();
    let mut supplied = BTreeMap::new();
    for project in super::environments(context.resolved) {
        for (name, secret) in &project.secrets {
            match secret {
                Secret::Generate(it) => drop(generated.insert(name.as_str(), it.length.unwrap_or(48))),
                Secret::Supplied(what) => drop(supplied.insert(name.as_str(), what.as_str())),
            }
        }
    }
    let certificates: Vec<Certificates<'_>> = super::environments(context.resolved)
        .filter_map(|it| {
            let gateway = it.gateway.as_ref().filter(|it| it.tls != TlsMode::None)?;
            Some(Certificates {
                environment: it.environment.as_deref().unwrap_or("production"),
                mode: gateway.tls,
                hosts: &gateway.hosts,
            })
        })
        .collect();
    if generated.is_empty() && supplied.is_empty() && certificates.is_empty() {
        return Ok(Vec::new());
    }
    let environments =
        std::iter::once("production").chain(context.resolved.environments.keys().map(String::as_str)).collect();
    let base = &context.resolved.base;
    let containers = super::environments(context.resolved).flat_map(|it| it.containers.values());
    let files: Vec<&ConfigFile> = containers.flat_map(|it| it.files.values()).collect();
    let backings = files.iter().any(|it| it.made.is_some()).then_some("backings");
    let nginx = base.gateway.as_ref().map(|_| base.layout.nginx.as_str());
    let authors = files.iter().filter(|it| it.made.is_none()).map(|it| it.path.as_str()).collect();
    let folders = nginx.into_iter().chain(backings).collect();
    let path = base.layout.script("secrets");
    let up = "../".repeat(path.matches('/').count());
    let values = Values { generated, supplied, certificates, environments, script: &path, up, folders, files: authors };
    let text = context.engine.render("scripts/secrets.j2", &values)?;
    Ok(vec![
        Artifact { executable: true, ..Artifact::new("script:secrets", path, text) },
        Artifact::new("secrets:gitignore", "secrets/.gitignore", "*\n!.gitignore\n"),
    ])
}
