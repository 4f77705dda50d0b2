//! What is mounted into a service: volumes, folders of the host, tmpfs.

use crate::lint::compose::{assume, is_host_path, split};
use crate::meaning::subject::{Risk, Subject};
use crate::meaning::value::{bytes, canonical, is_on, limit, size, tree};
use crate::meaning::words::{LIMIT, MOUNT, words};
use crate::yaml::{Node, Value};

words! {
    OPTION = "options of {key}", "options of {key}: {after}", "options of {key}: no {before}", "options of {key}: {before} → {after}";
}

/// Says each entry of `volumes`, in either form.
pub(super) fn volumes(subject: &mut Subject, node: &Node) {
    for item in node.items() {
        match &item.value {
            Value::Map(_) => long(subject, item),
            Value::String(text) => short(subject, text, item),
            _ => tree(subject, "volumes", item, None),
        }
    }
}

/// Whether one of the entries is a volume with a name, which is there after the container is gone.
pub(super) fn keep(node: &Node) -> bool {
    node.items().iter().any(|item| match &item.value {
        Value::Map(_) => {
            let is = |key: &str, wanted: &dyn Fn(&str) -> bool| item.get(key).is_some_and(|it| wanted(&canonical(it)));
            is("type", &|it| it == "volume") && is("source", &|it| !it.is_empty())
        }
        Value::String(text) => {
            let parts = split(text);
            parts.len() > 1 && !is_host_path(&assume(parts[0]))
        }
        _ => false,
    })
}

/// Says each entry of `tmpfs`: a target, and options behind a colon.
pub(super) fn tmpfs(subject: &mut Subject, node: &Node) {
    let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
    for item in items.iter().filter(|it| it.value != Value::Null) {
        let text = canonical(item);
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        mount(subject, "tmpfs", "", target, false, item);
        let mut others = Vec::new();
        for option in options.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            match option.split_once('=') {
                Some(("size", it)) => tmpfs_size(subject, target, it, item),
                Some(("mode", it)) => others.push(format!("mode={}", it.trim_start_matches('0'))),
                // As it is without them.
                _ if matches!(option, "rw" | "noexec" | "nosuid" | "nodev") => {}
                _ => others.push(option.to_owned()),
            }
        }
        options_of(subject, target, others, item);
    }
}

fn long(subject: &mut Subject, item: &Node) {
    let field = |key: &str| item.get(key).map(canonical).unwrap_or_default();
    let (kind, target) = (field("type"), field("target"));
    let kind = if kind.is_empty() { "volume" } else { &kind };
    mount(subject, kind, &field("source"), &target, item.get("read_only").is_some_and(is_on), item);
    for (key, it) in item.entries().filter(|(key, _)| !matches!(*key, "type" | "source" | "target" | "read_only")) {
        for (option, it) in it.entries() {
            match (key, option) {
                ("bind", "create_host_path") if is_on(it) => {}
                ("tmpfs", "size") => tmpfs_size(subject, &target, &canonical(it), it),
                _ => tree(subject, &format!("mount at {target}: {key}.{option}"), it, Some((&MOUNT, &target))),
            }
        }
        if !matches!(it.value, Value::Map(_)) {
            tree(subject, &format!("mount at {target}: {key}"), it, Some((&MOUNT, &target)));
        }
    }
}

fn short(subject: &mut Subject, text: &str, item: &Node) {
    let parts = split(text);
    let (source, target, options) = match parts.as_slice() {
        [] => return,
        [target] => ("", *target, ""),
        [source, target] => (*source, *target, ""),
        [source, target, options, ..] => (*source, *target, *options),
    };
    let kind = if is_host_path(&assume(source)) { "bind" } else { "volume" };
    let options: Vec<&str> = options.split(',').map(str::trim).collect();
    mount(subject, kind, source, target, options.contains(&"ro"), item);
    let is_plain = |it: &&str| matches!(*it, "" | "ro" | "rw" | "cached" | "delegated" | "consistent");
    let others = options.iter().filter(|it| !is_plain(it)).map(|it| (*it).to_owned()).collect();
    options_of(subject, target, others, item);
}

fn options_of(subject: &mut Subject, target: &str, mut options: Vec<String>, item: &Node) {
    if options.is_empty() {
        return;
    }
    options.sort();
    let dangerous =
        options.iter().filter(|it| matches!(it.as_str(), "exec" | "suid" | "dev" | "shared" | "rshared")).count();
    let risk = Risk::of(f64::from(u32::try_from(dangerous).unwrap_or(u32::MAX)), 0.0);
    subject.say(&OPTION, target, options.join(","), &bytes(item)).risk(risk).of(&MOUNT, target);
}

fn tmpfs_size(subject: &mut Subject, target: &str, text: &str, item: &Node) {
    let known = size(text);
    let value = known.map_or_else(|| text.to_owned(), |it| it.to_string());
    subject
        .say(&LIMIT, format!("tmpfs {target}"), value, &bytes(item))
        .shown(text)
        .risk(limit(known))
        .of(&MOUNT, target);
}

fn mount(subject: &mut Subject, kind: &str, source: &str, target: &str, read_only: bool, item: &Node) {
    let source = if source.len() > 1 { source.trim_end_matches('/') } else { source };
    let what = match kind {
        "bind" => "host path",
        "volume" if source.is_empty() => "a volume without a name",
        other => other,
    };
    let only = if read_only { " read-only" } else { "" };
    let shown = if source.is_empty() { format!("{what}{only}") } else { format!("{what} {source}{only}") };
    let of_host = kind == "bind" || kind == "npipe";
    let risk = if of_host {
        Risk::of(exposure(source) + if read_only { 0.0 } else { 0.5 }, 0.0)
    } else {
        Risk::level(if read_only { 0.0 } else { 0.1 })
    };
    let fact = subject.say(&MOUNT, target, &shown, &bytes(item)).risk(risk);
    if of_host {
        fact.main();
    }
}

/// How much of the host a path gives away.
fn exposure(source: &str) -> f64 {
    const SYSTEM: [&str; 12] = [
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/proc",
        "/root",
        "/run",
        "/sys",
        "/usr",
        "/var/lib/docker",
        "/var/run",
    ];
    let assumed = assume(source);
    let is_system = assumed == "/"
        || SYSTEM.iter().any(|it| assumed.strip_prefix(it).is_some_and(|it| it.is_empty() || it.starts_with('/')));
    if assumed.contains("docker.sock") || assumed.contains("docker_engine") || assumed.contains("containerd.sock") {
        4.0
    } else if is_system {
        3.0
    } else {
        1.0
    }
}
