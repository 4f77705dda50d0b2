//! Compose files on top of each other, as `docker compose -f … -f …` merges them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::words::{split, text};
use crate::yaml::{Node, Value};

/// How two values of one key come together.
enum Kind {
    /// The later one counts.
    Replace,
    /// Both as maps: `[A=b]` is `{A: b}`, `[a]` is `{a: null}`.
    Pairs,
    /// Maps by key, lists one after the other.
    Merge,
    /// Lists; a single value is a list of one.
    Append,
    /// The same; of two items with one target the later one counts.
    ByTarget,
}

/// What compose does at this place.
fn kind(path: &[String]) -> Kind {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"] => Kind::Replace,
        [
            "services",
            _,
            "environment" | "labels" | "annotations" | "sysctls" | "extra_hosts" | "depends_on" | "networks",
        ]
        | ["services", _, "build" | "deploy", "args" | "labels" | "additional_contexts" | "extra_hosts"]
        | ["networks" | "volumes", _, "labels"] => Kind::Pairs,
        ["services", _, "dns" | "dns_opt" | "dns_search" | "env_file"] => Kind::Append,
        ["services", _, "volumes" | "tmpfs" | "devices" | "secrets" | "configs"] => Kind::ByTarget,
        _ => Kind::Merge,
    }
}

pub(super) fn merge(base: &mut Node, over: Node, path: &mut Vec<String>) {
    if over.tag.as_deref() == Some("!reset") {
        *base = over;
        return;
    }
    if over.tag.as_deref() == Some("!override") || base.value == Value::Null {
        *base = over;
        return;
    }
    if over.value == Value::Null {
        return;
    }
    let kind = kind(path);
    if let (["services", _], Some("build")) = (path_of(path).as_slice(), path.last().map(String::as_str)) {
        build_as_map(base);
    }
    match kind {
        Kind::Replace => *base = over,
        Kind::Pairs
            if matches!((&base.value, &over.value), (Value::List(_), Value::List(_))) && !is_assigning(base) =>
        {
            append(base, over);
        }
        Kind::Pairs => {
            let over = as_map(over);
            *base = as_map(std::mem::replace(base, Node { value: Value::Null, ..over.clone() }));
            merge_maps(base, over, path);
        }
        Kind::Append => append(base, over),
        Kind::ByTarget => {
            let targets: HashSet<String> = over.items().iter().filter_map(target).collect();
            if let Value::List(items) = &mut base.value {
                items.retain(|it| target(it).is_none_or(|it| !targets.contains(&it)));
            }
            append(base, over);
        }
        Kind::Merge => match (&base.value, &over.value) {
            (Value::Map(_), Value::Map(_)) if is_other_driver(base, &over, path) => *base = over,
            (Value::Map(_), Value::Map(_)) => merge_maps(base, over, path),
            (Value::List(_), _) => append(base, over),
            _ => *base = over,
        },
    }
}

fn path_of(path: &[String]) -> Vec<&str> {
    path.iter().take(2).map(String::as_str).collect()
}

/// Whether the items are `NAME=value`, which have to meet by name.
fn is_assigning(node: &Node) -> bool {
    node.items().iter().any(|it| it.text().is_some_and(|it| it.contains('=')))
}

/// Options of one logging driver mean nothing to another.
fn is_other_driver(base: &Node, over: &Node, path: &[String]) -> bool {
    let other = matches!((base.get("driver"), over.get("driver")), (Some(a), Some(b)) if a.value != b.value);
    other && path.len() == 3 && path[2] == "logging"
}

fn merge_maps(base: &mut Node, over: Node, path: &mut Vec<String>) {
    let (Value::Map(entries), Value::Map(others)) = (&mut base.value, over.value) else { return };
    for (key, node) in others {
        path.push(key);
        let key = path.last().map_or("", String::as_str);
        match entries.get_mut(key) {
            Some(entry) => merge(entry, node, path),
            None => {
                entries.insert(key.to_owned(), node);
            }
        }
        path.pop();
    }
}

fn append(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::List(items), Value::List(others)) => items.extend(others),
        (Value::List(items), value) => items.push(Node { value, ..over }),
        (_, Value::List(mut others)) => {
            others.insert(0, base.clone());
            base.value = Value::List(others);
        }
        (_, value) => base.value = Value::List(vec![base.clone(), Node { value, ..over }]),
    }
}

/// A list as the map that it is short for.
fn as_map(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut entries = IndexMap::new();
    for item in items {
        let Some(text) = item.text() else { continue };
        let (name, value) = match text.split_once(['=', ':']) {
            Some((name, value)) => (name.to_owned(), Value::String(value.to_owned())),
            None => (text.to_owned(), Value::Null),
        };
        entries.insert(name, Node { value, key: item.at.clone(), ..item });
    }
    Node { value: Value::Map(entries), ..node }
}

/// `build: ./api` as `build: {context: ./api}`.
fn build_as_map(node: &mut Node) {
    if let Value::String(_) = node.value {
        let context = Node { key: node.at.clone(), ..node.clone() };
        node.value = Value::Map(IndexMap::from([("context".to_owned(), context)]));
    }
}

/// Where a volume, tmpfs, device, secret or config appears in the container.
fn target(node: &Node) -> Option<String> {
    match &node.value {
        Value::Map(_) => node.get("target").or_else(|| node.get("source")).and_then(text).map(Cow::into_owned),
        Value::String(text) => {
            let parts = split(text);
            // A tmpfs has its target first and options after it; a volume its source first.
            let is_tmpfs = parts.len() == 2 && parts[0].starts_with('/') && parts[1].contains('=');
            parts.get(usize::from(parts.len() > 1 && !is_tmpfs)).map(|it| (*it).to_owned())
        }
        _ => None,
    }
}

/// Lays each service that extends another one of these files over that one.
pub(super) fn extend(root: &mut Node) {
    let Some(services) = root.get("services") else { return };
    let base_of = |node: &Node| {
        let extends = node.get("extends")?;
        let named = extends.text().or_else(|| extends.get("service").and_then(Node::text));
        named.filter(|_| extends.get("file").is_none()).map(str::to_owned)
    };
    let bases: HashMap<String, String> =
        services.entries().filter_map(|(name, node)| Some((name.to_owned(), base_of(node)?))).collect();
    let mut merged = Vec::new();
    for name in bases.keys() {
        let mut line = vec![name.as_str()];
        while let Some(base) = bases.get(line[line.len() - 1]) {
            if line.contains(&base.as_str()) || line.len() > 20 {
                break;
            }
            line.push(base);
        }
        let mut nodes = line.iter().rev().filter_map(|it| services.get(it));
        let Some(first) = nodes.next() else { continue };
        let mut service = first.clone();
        let mut path = vec!["services".to_owned(), name.clone()];
        for node in nodes {
            merge(&mut service, node.clone(), &mut path);
            service.key = node.key.clone();
        }
        merged.push((name.clone(), service));
    }
    if let Value::Map(entries) = &mut root.value
        && let Some(Value::Map(services)) = entries.get_mut("services").map(|it| &mut it.value)
    {
        services.extend(merged);
    }
}

/// Takes out what an overlay takes back with `!reset`.
pub(super) fn prune(node: &mut Node) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(prune),
        Value::Map(entries) => {
            entries.retain(|_, it| it.tag.as_deref() != Some("!reset"));
            entries.values_mut().for_each(prune);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
