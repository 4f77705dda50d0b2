//! What the operator fills in: an example of `.env` for each environment, and the lines that keep `.env` out of version control.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Artifact, Context, Extent, Target};
use crate::diagnostic::Broken;
use crate::project::{Env, Project, Resolved, TlsMode, Variable};
use crate::values::wanted;

pub(super) static TARGET: Target = Target {
    name: "environment",
    about: ".env.example, one for each environment that differs, and lines in .gitignore and .gitattributes",
    plan,
};

#[derive(PartialEq, Serialize)]
struct Values<'a> {
    /// The environment's name, and what its files are called; none is production.
    environment: Option<&'a str>,
    /// The variable for the version of what is built here, if anything is.
    version: Option<String>,
    /// Whether there are secrets, and who makes them.
    secrets: Option<String>,
    /// Where the gateway listens.
    gateway: Option<Listening>,
    /// Headings, each with its variables.
    groups: BTreeMap<String, Vec<Setting>>,
}

#[derive(PartialEq, Serialize)]
struct Listening {
    /// Its ports, each with the variable that changes it.
    ports: Vec<(String, u16)>,
    tls: bool,
    /// Only on this address.
    host_ip: Option<String>,
    /// Whether it listens on all addresses, but for those of IPv6.
    ipv4_alone: bool,
    /// Whether production listens there, too.
    shared: bool,
}

/// A variable of the spec.
#[derive(PartialEq, Serialize)]
struct Setting {
    name: String,
    /// What it holds, in words.
    wanted: String,
    required: bool,
    default: Option<String>,
    description: Option<String>,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut out = Vec::new();
    for project in super::environments(context.resolved) {
        let environment = project.environment.as_deref();
        let own = path(environment);
        if file(context.resolved, project).is_some_and(|it| it == own) {
            let values = values(context.resolved, project);
            let text = context.engine.render("project/env.example.j2", &values)?;
            out.push(Artifact::new(format!("env:{}", environment.unwrap_or("example")), own, text));
        }
    }
    let lines = |id: &str, path: &str, text: &str| Artifact { extent: Extent::Lines, ..Artifact::new(id, path, text) };
    out.push(lines(
        "lines:gitignore",
        ".gitignore",
        ".env\n.env.*\n!.env*.example\n/secrets/*\n!/secrets/.gitignore\n",
    ));
    out.push(lines(
        "lines:gitattributes",
        ".gitattributes",
        &format!("*.sh text eol=lf\n{}/* text eol=lf\n", context.resolved.base.layout.scripts),
    ));
    Ok(out)
}

/// The example that an environment's `.env` is made from, if its operator can set anything: its own, or production's where
/// they ask for the same.
pub(super) fn file(resolved: &Resolved, project: &Project) -> Option<String> {
    let own = values(resolved, project);
    let is_empty = own.gateway.is_none() && own.groups.is_empty() && own.version.is_none();
    let base = Values { environment: own.environment, ..values(resolved, &resolved.base) };
    (!is_empty).then(|| path(own.environment.filter(|_| own != base)))
}

/// Where the example of an environment lies.
fn path(environment: Option<&str>) -> String {
    environment.map_or_else(|| ".env.example".to_owned(), |it| format!(".env.{it}.example"))
}

/// What an operator can set in an environment.
fn values<'a>(resolved: &'a Resolved, project: &'a Project) -> Values<'a> {
    let has_secrets = !project.secrets.is_empty() || project.gateway.as_ref().is_some_and(|it| it.tls.is_by_files());
    let mut groups: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
    for (name, variable) in variables(resolved, project) {
        let group = variable.group.clone().unwrap_or_else(|| readers(resolved, project, &name));
        let wanted = wanted(&variable);
        let Variable { required, default, description, .. } = variable;
        groups.entry(group).or_default().push(Setting { name, wanted, required, default, description });
    }
    Values {
        environment: project.environment.as_deref(),
        version: version(resolved, project),
        secrets: has_secrets.then(|| project.layout.script("secrets")),
        gateway: listening(resolved, project),
        groups,
    }
}

fn version(resolved: &Resolved, project: &Project) -> Option<String> {
    (!resolved.base.images.is_empty()).then(|| project.version_variable())
}

fn listening(resolved: &Resolved, project: &Project) -> Option<Listening> {
    let gateway = project.gateway.as_ref()?;
    let numbers = [gateway.ports.http, gateway.ports.https];
    let production = resolved.base.gateway.as_ref().filter(|_| project.environment.is_some()).map(|it| &it.ports);
    let shared = production.is_some_and(|it| {
        it.host_ip == gateway.ports.host_ip && numbers.iter().any(|port| [it.http, it.https].contains(port))
    });
    let tls = gateway.tls != TlsMode::None;
    let ports = gateway.ports.variables().into_iter().zip(numbers).take(if tls { 2 } else { 1 }).collect();
    let ipv4_alone = gateway.ports.is_ipv4_alone();
    Some(Listening { ports, tls, host_ip: gateway.ports.host_ip.clone(), ipv4_alone, shared })
}

/// What a `.env` of an environment can set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Variables of the spec.
    pub variables: BTreeMap<String, Variable>,
    /// Variables for ports, and whether they take an address, too.
    pub ports: BTreeMap<String, bool>,
    /// The variable for the version of images.
    pub version: Option<String>,
    /// What only other environments ask for, with one of them.
    pub elsewhere: BTreeMap<String, String>,
    /// The path of its example.
    pub example: String,
}

/// What compose asks for in an environment.
pub fn asked(resolved: &Resolved, project: &Project) -> Asked {
    let of = |project: &Project| -> BTreeMap<String, bool> {
        let Some(it) = listening(resolved, project) else { return BTreeMap::new() };
        it.ports.into_iter().map(|(name, _)| (name, it.host_ip.is_none())).collect()
    };
    let mut elsewhere = BTreeMap::new();
    for other in super::environments(resolved) {
        let name = other.called();
        let names = variables(resolved, other).into_keys().chain(of(other).into_keys());
        for it in names {
            elsewhere.entry(it).or_insert_with(|| name.to_owned());
        }
    }
    Asked {
        variables: variables(resolved, project),
        ports: of(project),
        version: version(resolved, project),
        elsewhere,
        example: file(resolved, project).unwrap_or_else(|| path(None)),
    }
}

/// The variables of the spec that compose asks for in an environment, by name. Where its file is laid over production's, compose
/// reads that, too: what it insists on has to be set, whatever the environment says of it.
fn variables(resolved: &Resolved, project: &Project) -> BTreeMap<String, Variable> {
    let mut out = project.variables.clone();
    if project.environment.is_some() && !project.layout.whole {
        for (name, variable) in &resolved.base.variables {
            let ours = out.entry(name.clone()).or_insert_with(|| variable.clone());
            ours.required |= variable.required;
        }
    }
    out
}

/// Who reads a variable: the containers of an environment that have it, or else production's.
fn readers(resolved: &Resolved, project: &Project, name: &str) -> String {
    let of = |it: &Project| -> BTreeSet<String> {
        let has = it.containers.values().filter(|it| it.environment.get(name) == Some(&Env::Variable));
        has.filter(|it| !it.is_one_shot()).map(|it| it.name.clone()).collect()
    };
    let ours = of(project);
    let readers = if ours.is_empty() { of(&resolved.base) } else { ours };
    readers.into_iter().collect::<Vec<_>>().join(", ")
}
