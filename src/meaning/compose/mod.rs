//! A compose file: its services, networks, volumes and secrets. Short and long forms of a thing are the same here.

mod mounts;
mod ports;
mod service;
#[cfg(test)]
mod tests;

use super::subject::{Risk, Subject};
use super::value::{bytes, canonical, is_on, is_reset, pairs, tree};
use super::words::{LABEL, Words, words};
use crate::yaml::{self, Node, Value};

words! {
    INTERNAL = "internal", "internal now", "no longer internal", "internal";
    DEVICE = "host path", "keeps its data at {after} of the host", "no longer keeps its data at {before} of the host", "host path {before} → {after}";
    NAME = "name", "name {after}", "name {before} removed", "name {before} → {after}";
    PROJECT = "name", "name {after}", "name {before} removed", "name {before} → {after}: a project of its own with new volumes, and the data stays in the old ones";
    OTHER = "name", "name {after}: another volume, and the data stays in the old one", "name {before} removed: another volume, and the data stays in the old one", "name {before} → {after}: another volume, and the data stays in the old one";
    TAG = "{key} of the files below", "{key} of the files below {after}", "{key} of the files below no longer {before}", "{key} of the files below {after}";
}

/// What a compose file says; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let root = yaml::read(text).ok()?.root;
    if !matches!(root.value, Value::Map(_) | Value::Null) {
        return None;
    }
    let mut file = Subject::new("", "", 0..0);
    let mut out = Vec::new();
    for (key, node) in root.entries() {
        match key {
            "services" | "networks" | "volumes" | "secrets" | "configs" => {
                tag(&mut file, key, node);
                for (name, it) in node.entries() {
                    match key {
                        _ if is_reset(it) => tag(&mut file, &format!("{key}.{name}"), it),
                        "services" => out.push(service::read(name, it, &root)),
                        _ => out.push(part(key, name, it)),
                    }
                }
            }
            "name" => {
                tags(&mut file, key, node);
                let keeps = root.get("volumes").is_some_and(|it| it.entries().next().is_some());
                let (words, risk) = if keeps { (&PROJECT, Risk::OTHER) } else { (&NAME, Risk::NONE) };
                file.say(words, "", canonical(node), &bytes(node)).risk(risk);
            }
            // What others use by an alias is said where they use it.
            _ if key.starts_with("x-") && is_anchored(text, node) => tags(&mut file, key, node),
            _ => {
                tags(&mut file, key, node);
                tree(&mut file, key, node, None);
            }
        }
    }
    out.insert(0, file);
    Some(out)
}

fn is_anchored(text: &str, node: &Node) -> bool {
    text.get(node.key.end..)
        .and_then(|it| it.trim_start_matches(['"', '\'', ' ']).strip_prefix(':'))
        .is_some_and(|it| it.trim_start().starts_with('&'))
}

/// A network, volume, secret or config.
fn part(key: &str, name: &str, node: &Node) -> Subject {
    let noun = match key {
        "networks" => "network",
        "volumes" => "volume",
        "secrets" => "secret",
        _ => "config",
    };
    let mut subject = Subject::new(noun, format!("{key}.{name}"), node.key.clone());
    tags(&mut subject, "", node);
    if key == "volumes" {
        subject.risk = Risk::KEEPS;
        subject.behind = "what is in it stays there, and nothing reads it";
    }
    for (field, it) in node.entries() {
        match field {
            "name" if key == "volumes" => {
                subject.say(&OTHER, "", canonical(it), &bytes(it)).risk(Risk::OTHER);
            }
            "internal" if is_on(it) => {
                subject.say(&INTERNAL, "", "", &bytes(it)).risk(Risk::GUARDS);
            }
            "internal" => {}
            "labels" => labels(&mut subject, &LABEL, it),
            "driver_opts" if key == "volumes" => {
                for (option, it) in it.entries() {
                    match it.text().filter(|it| option == "device" && it.starts_with(['/', '.', '~'])) {
                        Some(device) => {
                            subject.say(&DEVICE, "", device, &bytes(it)).risk(Risk::GRANTS).main();
                        }
                        None => tree(&mut subject, &format!("driver_opts.{option}"), it, None),
                    }
                }
            }
            _ => tree(&mut subject, field, it, None),
        }
    }
    subject
}

/// Labels, in a list or a map.
fn labels(subject: &mut Subject, words: &'static Words, node: &Node) {
    for (name, value, at) in pairs(node) {
        subject.say(words, name, value.unwrap_or_default(), &at);
    }
}

/// Says where an overlay takes back or replaces what the files below it have, here and further in.
fn tags(subject: &mut Subject, path: &str, node: &Node) {
    tag(subject, path, node);
    for (key, it) in node.entries() {
        let inner = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        tags(subject, &inner, it);
    }
}

fn tag(subject: &mut Subject, path: &str, node: &Node) {
    const PROTECT: [&str; 6] = ["cap_drop", "security_opt", "read_only", "user", "healthcheck", "deploy"];
    let Some(tag) = node.tag.as_deref() else { return };
    let shown = match tag {
        "!reset" => "taken back",
        "!override" => "replaced",
        other => other,
    };
    let protects = tag == "!reset" && path.split('.').any(|it| PROTECT.contains(&it));
    let risk = if protects { Risk::GRANTS } else { Risk::NONE };
    let path = if path.is_empty() { "everything" } else { path };
    subject.say(&TAG, path, tag, &bytes(node)).shown(shown).risk(risk);
}
