//! A compose file, service by service.

use super::subject::{Risk, Subject};
use super::value::canonical;
use super::words::Words;
use crate::lint::compose::size;
use crate::yaml::{self, Node, Value};

static IMAGE: Words =
    Words { what: "image", come: "image {after}", go: "image {before} removed", change: "image {before} → {after}" };
static LIMIT: Words = Words {
    what: "{key}",
    come: "{key} limited to {after}",
    go: "{key} limit {before} removed",
    change: "{key} {before} → {after}",
};
static OTHER: Words = Words {
    what: "{key}",
    come: "{key} {after} added",
    go: "{key} {before} removed",
    change: "{key} {before} → {after}",
};

/// What a compose file says; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let root = yaml::read(text).ok()?.root;
    let mut out = Vec::new();
    let mut file = Subject::new("", "", 0..0);
    for (key, node) in root.entries().filter(|(key, _)| *key != "services") {
        file.say(&OTHER, key, canonical(node), &node.at);
    }
    out.push(file);
    for (name, node) in root.get("services").into_iter().flat_map(Node::entries) {
        out.push(service(name, node));
    }
    matches!(root.value, Value::Map(_) | Value::Null).then_some(out)
}

fn service(name: &str, node: &Node) -> Subject {
    let mut subject = Subject::new("service", format!("services.{name}"), node.key.clone());
    for (key, it) in node.entries() {
        match key {
            "image" => drop(subject.say(&IMAGE, "", canonical(it), &it.at).main()),
            "mem_limit" => memory(&mut subject, it),
            "deploy" => {
                let limit = it.get("resources").and_then(|it| it.get("limits")).and_then(|it| it.get("memory"));
                if let Some(limit) = limit {
                    memory(&mut subject, limit);
                }
                subject.say(&OTHER, key, canonical(it), &it.at);
            }
            _ => drop(subject.say(&OTHER, key, canonical(it), &it.at)),
        }
    }
    subject
}

#[expect(clippy::cast_precision_loss, reason = "only compared with others")]
fn memory(subject: &mut Subject, node: &Node) {
    let bytes = size(node);
    let value = bytes.map_or_else(|| canonical(node), |it| it.to_string());
    subject.say(&LIMIT, "memory", value, &node.at).shown(canonical(node)).risk(Risk::limit(bytes.map(|it| it as f64)));
}
