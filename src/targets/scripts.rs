//! Scripts for the operator.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::Host;
use crate::project::{Secret, TlsMode};

pub(super) static TARGET: Target =
    Target { name: "scripts", about: "scripts/secrets, which makes the secrets that are missing", plan };

#[derive(Serialize)]
struct Values<'a> {
    generated: BTreeMap<&'a str, u32>,
    supplied: BTreeMap<&'a str, &'a str>,
    /// Production's certificates first.
    certificates: Vec<Certificates<'a>>,
    environments: Vec<&'a str>,
    /// Whether there is one.
    gateway: bool,
}

#[derive(Serialize)]
struct Certificates<'a> {
    environment: &'a str,
    mode: TlsMode,
    hosts: &'a [Host],
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
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
    let values =
        Values { generated, supplied, certificates, environments, gateway: context.resolved.base.gateway.is_some() };
    let text = context.engine.render("scripts/secrets.j2", &values)?;
    Ok(vec![
        Artifact { executable: true, ..Artifact::new("script:secrets", "scripts/secrets", text) },
        Artifact::new("secrets:gitignore", "secrets/.gitignore", "*\n!.gitignore\n"),
    ])
}
