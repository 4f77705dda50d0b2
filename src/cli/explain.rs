//! `forge explain`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::project::{Project, environment, explanation, shown, valid};
use super::{Answer, Failure, Shell};
use crate::codes::CODES;
use crate::credential::{is_harmless, is_secret};
use crate::diagnostic::{Path, Place, Severity, Step, did_you_mean, listed};
use crate::lint::{RULES, Rule};
use crate::project::Project as Environment;
use crate::project::{Container, Env, Gateway, Image, ImageRef, Mount, Origin, Resolved, Role};
use crate::resolve::overlay;
use crate::schema::{description, fields};
use crate::spec::TlsMode;
use crate::yaml::{Doc, Node, Value, flow};

/// Say what a value is and who set it, or what a rule or code means
///
/// `forge explain services.api.resources.limits.memory` says what it is, in production and wherever it differs, and
/// whether the spec, a default or the stack set it. `forge explain services.api` says everything about it.
/// With --env, it is what holds in that environment, and beside it what production has, where that is something else or somebody else set it.
/// `forge explain read-only-root` explains a hardening rule, `forge explain unknown-key` a message.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Say what holds in this environment of the spec; `production` is the spec itself
    #[arg(long, value_name = "NAME", requires = "what")]
    env: Option<String>,
    /// A path in the spec, a hardening rule, or the code of a message; all rules and codes, if left out
    what: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let Some(what) = &arguments.what else {
        shell.answer(&everything())?;
        return Ok(Answer::Yes);
    };
    let is_general = RULES.iter().any(|it| it.name == what) || explanation(what).is_some();
    if arguments.env.is_some() && is_general {
        let message = format!("`{what}` is a rule or code, and means the same in each environment");
        return Err(Failure::input(message, "leave out --env"));
    }
    if let Some(rule) = RULES.iter().find(|it| it.name == what) {
        shell.answer(&explained(rule))?;
        return Ok(Answer::Yes);
    }
    if let Some(text) = explanation(what) {
        shell.answer(&format!("{what}\n\n{text}\n"))?;
        return Ok(Answer::Yes);
    }
    let top = fields();
    if !what.contains(['.', '[']) && !top.contains(what) {
        let names = CODES.iter().map(|it| it.name).chain(RULES.iter().map(|it| it.name));
        let otherwise = "`forge explain` lists rules and codes; a path begins like `services.api.resources`";
        return Err(Failure::unknown(
            "there is no rule, code or path",
            what,
            names.chain(top.iter().map(String::as_str)),
            otherwise,
        ));
    }
    let project = valid(shell)?;
    let file = shown(&shell.file);
    let text = match &arguments.env {
        Some(name) => explain_in(project, environment(&project.resolved, name)?, what, &file)?,
        None => explain_path(project, what, &file)?,
    };
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
#[derive(Clone)]
struct Fact {
    path: Path,
    value: String,
    origin: Option<Origin>,
}

impl Fact {
    /// What stands in the spec; a secret is not repeated.
    fn written(path: &Path, node: &Node) -> Fact {
        let hidden = matches!(path.0.last(), Some(Step::Key(key)) if is_secret(key)) && node.text().is_some();
        let value = if hidden { "(not shown)".to_owned() } else { flow(&node.json()) };
        Fact { path: path.clone(), value, origin: None }
    }
}

fn explain_path(project: &Project, what: &str, file: &str) -> Result<String, Failure> {
    let path = Path::parse(what);
    let resolved = &project.resolved;
    let mut out = String::new();
    let base = about(&path, &facts(resolved, None), &project.doc);
    for fact in &base {
        let _ = writeln!(out, "{}: {}\n    {}", fact.path, fact.value, told(fact, &project.doc, file));
    }
    for environment in resolved.environments.keys() {
        let Some(doc) = overlay(&project.doc, &Path::of(["environments", environment])) else { continue };
        for fact in about(&path, &facts(resolved, Some(environment)), &doc) {
            if base.iter().find(|it| it.path == fact.path).is_none_or(|it| it.value != fact.value) {
                let told = told(&fact, &doc, file);
                let _ = writeln!(out, "in {environment}, {}: {}\n    {told}", fact.path, fact.value);
            }
        }
    }
    if out.is_empty() { unset(project, &path, what) } else { Ok(out) }
}

/// A field that nobody set: what the schema says of it, which has its default.
fn unset(project: &Project, path: &Path, what: &str) -> Result<String, Failure> {
    let facts = facts(&project.resolved, None);
    let is_there = |it: &Path| !about(it, &facts, &project.doc).is_empty();
    match description(&project.catalog.choices(), path, is_there) {
        Some(said) => Ok(format!("{path}: not set\n    {}\n", said.replace('\n', "\n    "))),
        None => Err(no_value(project, path, what)),
    }
}

/// The same for one environment, with what production has where that is something else.
fn explain_in(project: &Project, of: &Environment, what: &str, file: &str) -> Result<String, Failure> {
    let path = Path::parse(what);
    let resolved = &project.resolved;
    let base = about(&path, &facts(resolved, None), &project.doc);
    let in_production = |it: &Fact| format!("    in production {}, {}\n", it.value, told(it, &project.doc, file));
    let mut out = String::new();
    let Some(name) = &of.environment else {
        for fact in &base {
            let _ =
                writeln!(out, "in production, {}: {}\n    {}", fact.path, fact.value, told(fact, &project.doc, file));
        }
        return if out.is_empty() { unset(project, &path, what) } else { Ok(out) };
    };
    let here = Path::of(["environments", name]);
    let doc = overlay(&project.doc, &here).expect("it was resolved from there");
    let own = about(&path, &facts(resolved, Some(name)), &doc);
    for fact in &own {
        let _ = writeln!(out, "in {name}, {}: {}\n    {}", fact.path, fact.value, told(fact, &doc, file));
        // What is published stands more than once at its path, and of values that are not shown only who set them tells them apart.
        let mut there = base.iter().filter(|it| it.path == fact.path).peekable();
        if there.peek().is_none() {
            out.push_str("    not there in production\n");
        } else if !there
            .clone()
            .any(|it| it.value == fact.value && told(it, &project.doc, file) == told(fact, &doc, file))
        {
            there.for_each(|it| out += &in_production(it));
        }
    }
    for fact in base.iter().filter(|it| !own.iter().any(|own| own.path == it.path)) {
        let _ = writeln!(out, "in {name}, {}: not there", fact.path);
        // The overlay says so of the value, or of something that the value is in.
        let said = Path(here.key("overlay").0.into_iter().chain(fact.path.0.iter().cloned()).collect());
        let lengths = (here.0.len() + 2..=said.0.len()).rev();
        let mut above = lengths.map(|length| Path(said.0[..length].to_vec()));
        if let Some(at) = above.find(|it| project.doc.root.at(it).is_some()) {
            let line = project.doc.line(project.doc.locate(&Place::Key(at)).start);
            let _ = writeln!(out, "    taken away by the environment's overlay, {file} line {line}");
        }
        out += &in_production(fact);
    }
    if out.is_empty() { unset(project, &path, what) } else { Ok(out) }
}

/// That nothing has this path.
fn no_value(project: &Project, path: &Path, what: &str) -> Failure {
    let all = about(&Path::default(), &facts(&project.resolved, None), &project.doc);
    let help = nearest(path, all.iter().map(|it| &it.path));
    Failure::input(format!("there is no value `{}`", what.escape_debug()), help)
}

/// What there is to say about `path` and all below it: what was resolved, and what was only written.
fn about(path: &Path, facts: &[Fact], doc: &Doc) -> Vec<Fact> {
    let mut out: Vec<Fact> = facts.iter().filter(|it| it.path.0.starts_with(&path.0)).cloned().collect();
    let mut written = Vec::new();
    leaves(&doc.root, &mut Path::default(), &mut written);
    let said: BTreeSet<&Path> = facts.iter().map(|it| &it.path).collect();
    let is_said = |at: &Path| {
        let above = (1..=at.0.len()).any(|length| said.contains(&Path(at.0[..length].to_vec())));
        above || said.range::<&Path, _>(at..).next().is_some_and(|it| it.0.starts_with(&at.0))
    };
    written.retain(|it| it.path.0.starts_with(&path.0) && !is_said(&it.path));
    out.extend(written);
    if out.is_empty()
        && let Some(node) = doc.root.at(path).filter(|_| path.0.first() != Some(&Step::Key("environments".into())))
    {
        out.push(Fact::written(path, node));
    }
    out
}

/// Every value of a spec that is no map, but for what its environments say.
fn leaves(node: &Node, path: &mut Path, out: &mut Vec<Fact>) {
    let is_map = matches!(node.value, Value::Map(_));
    if !is_map || (node.entries().next().is_none() && !path.0.is_empty()) {
        out.push(Fact::written(path, node));
    }
    let is_root = path.0.is_empty();
    for (key, value) in node.entries().filter(|(key, _)| !is_root || !["environments", "forge"].contains(key)) {
        path.0.push(Step::Key(key.into()));
        leaves(value, path, out);
        path.0.pop();
    }
}

/// What somebody who asked for `path` most likely meant: as far as it is known, and then a name like the next.
fn nearest<'a>(path: &Path, known: impl Iterator<Item = &'a Path>) -> String {
    let known: Vec<&Path> = known.collect();
    let is_known = |path: &[Step]| known.iter().any(|it| it.0.starts_with(path));
    let depth = (0..path.0.len()).rev().find(|depth| is_known(&path.0[..*depth])).unwrap_or(0);
    let mut below: Vec<Path> = known
        .iter()
        .filter(|it| it.0.starts_with(&path.0[..depth]) && it.0.len() > depth)
        .map(|it| Path(it.0[..=depth].to_vec()))
        .collect();
    below.sort();
    below.dedup();
    let last = |path: &Path| path.0.last().map(|it| Path(vec![it.clone()]).to_string()).unwrap_or_default();
    let names: Vec<String> = below.iter().map(last).collect();
    let typed = Path(path.0[depth..=depth].to_vec()).to_string();
    if let Some(best) = did_you_mean(&typed, names.iter().map(String::as_str)) {
        let mut meant = below[names.iter().position(|it| it == best).expect("it is one of them")].clone();
        meant.0.extend_from_slice(&path.0[depth + 1..]);
        let meant = if is_known(&meant.0) { meant } else { Path(meant.0[..=depth].to_vec()) };
        return format!("did you mean `{meant}`?");
    }
    let below: Vec<String> = below.iter().map(Path::to_string).collect();
    format!("there is {}", listed(&below.iter().map(String::as_str).collect::<Vec<_>>()))
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
        Some(Origin::Catalog(_)) if doc.root.at(&fact.path).is_some() => written(&fact.path),
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
            Role::Service => Path::of(["services", &container.name]),
            Role::Backing => Path::of(["backings", &container.name]),
            Role::Gateway => Path::of(["gateway"]),
            // What its stack knows of a companion cannot be said otherwise in the spec.
            Role::Companion(ref of) => Path::of(["services", of, "companions", &container.name]),
            Role::Migration(_) | Role::Job(_) | Role::Certificates => continue,
        };
        let image = match &container.image {
            ImageRef::Built(name) => project.images.get(name),
            ImageRef::Named(_) => None,
        };
        container_facts(container, image, &at, &mut out);
    }
    if let Some(gateway) = &project.gateway {
        gateway_facts(gateway, &mut out);
    }
    let mut add = |path: &str, value: String| out.push(Fact { path: Path::parse(path), value, origin: None });
    add("name", project.name.clone());
    add("defaults.stop_grace_period", project.stop_grace_period.to_string());
    add("defaults.logging.driver", project.logging.driver.clone());
    if let (Some(size), Some(files)) = (project.logging.max_size, project.logging.max_files) {
        add("defaults.logging.max_size", size.to_string());
        add("defaults.logging.max_files", files.to_string());
    }
    for (name, value) in &project.logging.options {
        let path = Path::of(["defaults", "logging", "options"]).key(name);
        out.push(Fact { path, value: value.clone(), origin: None });
    }
    out
}

fn gateway_facts(gateway: &Gateway, out: &mut Vec<Fact>) {
    let at = Path::of(["gateway"]);
    let mut add = |path: Path, value: String| out.push(Fact { path, value, origin: None });
    if let Some(address) = &gateway.ports.host_ip {
        add(at.dotted("ports.host_ip"), address.clone());
    }
    add(at.dotted("ports.http"), gateway.ports.http.to_string());
    if gateway.tls != TlsMode::None {
        add(at.dotted("ports.https"), gateway.ports.https.to_string());
    }
    add(at.key("max_body_size"), format!("{}M", gateway.max_body_mib));
    for (name, limit) in &gateway.limits {
        let at = at.key("limits").key(name);
        add(at.key("rate"), limit.rate.to_string());
        add(at.key("burst"), limit.burst.to_string());
        if let Some(connections) = limit.connections {
            add(at.key("connections"), connections.to_string());
        }
    }
}

fn container_facts(container: &Container, image: Option<&Image>, at: &Path, out: &mut Vec<Fact>) {
    let mut options: Vec<Fact> = Vec::new();
    // Who set what nobody wrote: the stack or backing that brings all the rest.
    let from_catalog = |origin: &&Origin| matches!(origin, Origin::Catalog(_));
    let source = container.origins.iter().map(|(_, origin)| origin).find(from_catalog).cloned();
    let mut add = |key: &'static str, value: String| {
        let origin = container.origins.iter().find(|(name, _)| *name == key).map(|(_, origin)| origin.clone());
        let is_known_there = ["healthcheck", "healthcheck.start_period"].contains(&key);
        let origin = origin.or_else(|| source.clone().filter(|_| is_known_there));
        out.push(Fact { path: at.dotted(key), value, origin });
    };
    if let Some(image) = image.filter(|it| it.name == container.name) {
        for (key, value) in &image.options {
            let (path, value) = (at.dotted("build.options").key(key), flow(value));
            options.push(Fact { path, value, origin: None });
        }
        add("build.stack", image.stack.clone());
        add("build.version", image.version.clone());
        add("build.context", if image.context.is_empty() { ".".to_owned() } else { format!("./{}", image.context) });
        add("build.user", format!("{} ({}:{})", image.user.name, image.user.uid, image.user.gid));
    }
    if let ImageRef::Named(image) = &container.image {
        add("image", image.to_string());
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
    if container.origins.iter().any(|(key, _)| *key == "logging") {
        let options = container.logging.options.iter().map(|(name, value)| format!(", {name} {value}"));
        add("logging", format!("{}{}", container.logging.driver, options.collect::<String>()));
    }
    options.iter_mut().for_each(|it| it.origin = source.clone());
    out.append(&mut options);
    for (name, value) in &container.environment {
        let value = match value {
            Env::Text(text) if is_secret(name) && !is_harmless(text) => "(not shown)".to_owned(),
            Env::Text(text) => serde_json::to_string(text).expect("text is JSON"),
            Env::Variable => format!("${name}, from .env"),
        };
        let origin = container.environment_origins.get(name).cloned();
        out.push(Fact { path: at.key("environment").key(name), value, origin });
    }
    for (path, size) in &container.tmpfs {
        out.push(Fact {
            path: at.key("writable").key(path),
            value: format!("tmpfs of {size}"),
            origin: source.clone(),
        });
    }
    for (path, mount) in &container.mounts {
        let value = match mount {
            Mount::Volume(name) => format!("volume {name}"),
            Mount::Bind(source) => format!("{source} of this host, read-only"),
        };
        out.push(Fact { path: at.key("writable").key(path), value, origin: None });
    }
    for (port, published) in &container.published {
        out.push(Fact {
            path: at.key("publish"),
            value: format!("127.0.0.1:{port} leads to port {}: {}", published.inside, published.reason),
            origin: None,
        });
    }
    let networks: Vec<&str> = container.networks.iter().map(String::as_str).collect();
    out.push(Fact {
        path: at.key("networks"),
        value: networks.join(", "),
        origin: Some(Origin::Derived(
            "from `needs`, `egress`, `networks`, `publish` and the gateway's routes".to_owned(),
        )),
    });
}
