//! `forge explain`.

use std::fmt::Write as _;

use super::project::{Project, explanation, shown, valid};
use super::{Answer, Failure, Shell};
use crate::codes::CODES;
use crate::diagnostic::{Path, Place, Severity, Step, did_you_mean};
use crate::lint::{RULES, Rule};
use crate::project::{Container, Image, ImageRef, Mount, Origin, Resolved};
use crate::resolve::overlay;
use crate::yaml::Doc;

/// Say what a value is and who set it, or what a rule or code means
///
/// `forge explain services.api.resources.limits.memory` says what it is, in production and wherever it differs, and
/// whether the spec, a default or the stack set it. `forge explain services.api` says everything about it.
/// `forge explain read-only-root` explains a hardening rule, `forge explain unknown-key` a message.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A path in the spec, a hardening rule, or the code of a message; all rules and codes, if left out
    what: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let Some(what) = &arguments.what else {
        shell.answer(&everything())?;
        return Ok(Answer::Yes);
    };
    if let Some(rule) = RULES.iter().find(|it| it.name == what) {
        shell.answer(&explained(rule))?;
        return Ok(Answer::Yes);
    }
    if let Some(text) = explanation(what) {
        shell.answer(&format!("{what}\n\n{text}\n"))?;
        return Ok(Answer::Yes);
    }
    if !what.contains(['.', '[']) && !["services", "backings", "gateway"].contains(&what.as_str()) {
        let names = CODES.iter().map(|it| it.name).chain(RULES.iter().map(|it| it.name));
        let help = match did_you_mean(what, names) {
            Some(best) => format!("did you mean `{best}`?"),
            None => "`forge explain` lists rules and codes; a path begins like `services.api.resources`".to_owned(),
        };
        return Err(Failure::input(format!("there is no rule, code or path `{}`", what.escape_debug()), help));
    }
    let project = valid(shell)?;
    let text = explain_path(project, what, &shown(&shell.file))?;
    shell.answer(&text)?;
    Ok(Answer::Yes)
}

/// A rule with its reason and examples.
fn explained(rule: &Rule) -> String {
    let block = |title: &str, text: &str| {
        let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
        format!("\n{title}\n{lines}")
    };
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut out = format!("{} ({}, {severity})\n\n{}\n{}\n", rule.name, rule.format().name(), rule.message, rule.help);
    let _ = writeln!(out, "\nexceptions: [{{ rule: {}, reason: … }}]\n    {}", rule.name, rule.lifted);
    out.push_str(&block("bad", rule.bad));
    out.push_str(&block("good", rule.good));
    out
}

fn everything() -> String {
    let mut out = String::from("hardening rules\n");
    for rule in RULES {
        let _ = writeln!(out, "  {:<28} {}", rule.name, rule.message);
    }
    out.push_str("\ncodes of messages about the spec\n");
    for code in CODES {
        let _ = writeln!(
            out,
            "  {:<28} {}",
            code.name,
            code.explanation.split_inclusive(". ").next().unwrap_or_default().trim().trim_end_matches('.')
        );
    }
    out
}

/// A value of the project by its path, and where it came from.
struct Fact {
    path: Path,
    value: String,
    origin: Option<Origin>,
}

fn explain_path(project: &Project, what: &str, file: &str) -> Result<String, Failure> {
    let path = Path::parse(what);
    let resolved = &project.resolved;
    let mut out = String::new();
    let base = facts(resolved, None);
    let within = |fact: &&Fact| fact.path.0.starts_with(&path.0);
    let found: Vec<&Fact> = base.iter().filter(within).collect();
    let elsewhere = resolved.environments.keys().flat_map(|it| facts(resolved, Some(it)));
    if found.is_empty() && !elsewhere.into_iter().any(|it| within(&&it)) {
        let known: Vec<String> = base.iter().map(|it| it.path.to_string()).collect();
        let help = match did_you_mean(what, known.iter().map(String::as_str)) {
            Some(best) => format!("did you mean `{best}`?"),
            None => format!("for example: forge explain {}", known.first().map_or("services", String::as_str)),
        };
        return Err(Failure::input(format!("there is no value `{}`", what.escape_debug()), help));
    }
    for fact in &found {
        let _ = writeln!(out, "{}: {}\n    {}", fact.path, fact.value, told(fact, &project.doc, file));
    }
    for environment in resolved.environments.keys() {
        let Some(doc) = overlay(&project.doc, &Path::of(["environments", environment])) else { continue };
        for fact in facts(resolved, Some(environment)).iter().filter(within) {
            if base.iter().find(|it| it.path == fact.path).is_some_and(|it| it.value == fact.value) {
                continue;
            }
            let _ = writeln!(out, "in {environment}, {}: {}\n    {}", fact.path, fact.value, told(fact, &doc, file));
        }
    }
    Ok(out)
}

/// Who set a value, in words.
fn told(fact: &Fact, doc: &Doc, file: &str) -> String {
    let written = |path: &Path| {
        let bytes = doc.locate(&Place::Key(path.clone()));
        let overlaid = doc.root.at(path).is_some_and(|it| it.overlaid);
        format!(
            "set by {}, {file} line {}",
            if overlaid { "the environment's overlay" } else { "the spec" },
            doc.line(bytes.start)
        )
    };
    match &fact.origin {
        Some(Origin::Spec(path)) => written(path),
        Some(Origin::Catalog(name)) => match name.split_once('/') {
            Some(("stacks", stack)) => format!("set by the stack `{stack}`"),
            Some(("backings", kind)) => format!("set by the backing `{kind}`"),
            _ => "set by forge, for nginx".to_owned(),
        },
        Some(Origin::Derived(from)) => format!("derived: {from}"),
        None if doc.root.at(&fact.path).is_some() => written(&fact.path),
        None => "set by forge".to_owned(),
    }
}

/// Every value of an environment that can be explained, in the order of the reference.
fn facts(resolved: &Resolved, environment: Option<&str>) -> Vec<Fact> {
    let project = environment.map_or(&resolved.base, |it| &resolved.environments[it]);
    let mut out = Vec::new();
    for container in project.containers.values() {
        let at = match container.role {
            crate::project::Role::Service => Path::of(["services", &container.name]),
            crate::project::Role::Backing => Path::of(["backings", &container.name]),
            crate::project::Role::Gateway => Path::of(["gateway"]),
            crate::project::Role::Migration(_) => continue,
        };
        let image = match &container.image {
            ImageRef::Built(name) => project.images.get(name),
            ImageRef::Named(_) => None,
        };
        container_facts(container, image, &at, &mut out);
    }
    out
}

fn container_facts(container: &Container, image: Option<&Image>, at: &Path, out: &mut Vec<Fact>) {
    let mut add = |key: &'static str, value: String| {
        let origin = container.origins.iter().find(|(name, _)| *name == key).map(|(_, origin)| origin.clone());
        out.push(Fact { path: at.dotted(key), value, origin });
    };
    if let Some(image) = image.filter(|it| it.name == container.name) {
        add("build.stack", image.stack.clone());
        add("build.version", image.version.clone());
        add("build.context", if image.context.is_empty() { ".".to_owned() } else { format!("./{}", image.context) });
        add("build.user", format!("{} ({}:{})", image.user.name, image.user.uid, image.user.gid));
    }
    if let ImageRef::Named(image) = &container.image {
        add("image", image.clone());
    }
    if let Some(command) = container.command.as_ref().or(image.map(|it| &it.command)).filter(|it| !it.is_empty()) {
        add("command", serde_json::to_string(command).expect("text is JSON"));
    }
    if let Some(port) = container.port {
        add("port", port.to_string());
    }
    if let Some(healthcheck) = &container.healthcheck {
        add("healthcheck", serde_json::to_string(&healthcheck.test).expect("text is JSON"));
        add("healthcheck.interval", healthcheck.interval.to_string());
        add("healthcheck.timeout", healthcheck.timeout.to_string());
        add("healthcheck.retries", healthcheck.retries.to_string());
        add("healthcheck.start_period", healthcheck.start_period.to_string());
    }
    add("replicas", container.replicas.to_string());
    let resources = &container.resources;
    add("resources.limits.cpus", resources.cpus.to_string());
    add("resources.limits.memory", resources.memory.to_string());
    add("resources.limits.pids", resources.pids.to_string());
    add("resources.reservations.cpus", resources.reserved_cpus.to_string());
    add("resources.reservations.memory", resources.reserved_memory.to_string());
    add("stop_grace_period", container.stop_grace_period.to_string());
    for (name, value) in &container.environment {
        let value = match value {
            crate::project::Env::Text(text) => serde_json::to_string(text).expect("text is JSON"),
            crate::project::Env::Variable => format!("${name}, from .env"),
        };
        let origin = container.environment_origins.get(name).cloned();
        out.push(Fact { path: at.key("environment").key(name), value, origin });
    }
    for (path, size) in &container.tmpfs {
        out.push(Fact { path: at.key("writable").key(path), value: format!("tmpfs of {size}"), origin: None });
    }
    for (path, mount) in &container.mounts {
        let value = match mount {
            Mount::Volume(name) => format!("volume {name}"),
            Mount::Bind(source) => format!("{source} of this host, read-only"),
        };
        out.push(Fact { path: at.key("writable").key(path), value, origin: None });
    }
    let networks: Vec<&str> = container.networks.iter().map(String::as_str).collect();
    out.push(Fact {
        path: at.key("networks"),
        value: networks.join(", "),
        origin: Some(Origin::Derived("from `needs`, `egress` and the gateway's routes".to_owned())),
    });
    debug_assert!(
        out.iter().all(|it| it.path.0.iter().all(|it| matches!(it, Step::Key(_)))),
        "facts are found by names"
    );
}
