//! Pods and their containers.

use std::ops::Range;

use super::PORT;
use crate::meaning::subject::{Risk, Subject};
use crate::meaning::value::{self, bytes, canonical, capability, dropped, image, is_on, items, tree};
use crate::meaning::words::{CAPABILITY, ENVIRONMENT, IMAGE, LIMIT, MOUNT, SETTING, SWITCH, words};
use crate::yaml::{Node, Value};

words! {
    PROBE = "{key}", "{key} added", "{key} removed", "{key}";
    REQUEST = "requested {key}", "requested {key} {after}", "requested {key} {before} removed", "requested {key} {before} → {after}";
}

/// Says what is in the description of a pod, of the subject `owner` and of one for each container.
pub(super) fn read(pod: &Node, owner: usize, out: &mut Vec<Subject>) {
    let at = pod.key.clone();
    for (key, name) in [
        ("hostNetwork", "network of the host"),
        ("hostPID", "processes of the host"),
        ("hostIPC", "memory of the host"),
    ] {
        switch(&mut out[owner], pod, key, name, (false, true), &at);
    }
    switch(&mut out[owner], pod, "automountServiceAccountToken", "token of the service account", (true, true), &at);
    for (key, it) in pod.entries() {
        match key {
            "hostNetwork"
            | "hostPID"
            | "hostIPC"
            | "automountServiceAccountToken"
            | "containers"
            | "initContainers"
            | "ephemeralContainers" => {}
            "securityContext" => context(&mut out[owner], it),
            "volumes" => it.items().iter().for_each(|it| volume(&mut out[owner], it)),
            _ => tree(&mut out[owner], key, it, None),
        }
    }
    for (key, noun) in
        [("containers", "container"), ("initContainers", "init container"), ("ephemeralContainers", "container")]
    {
        for node in pod.get(key).map(Node::items).unwrap_or_default() {
            let subject = container(node, noun, &out[owner].at.clone());
            out.push(Subject { parent: Some(owner), ..subject });
        }
    }
}

fn volume(subject: &mut Subject, node: &Node) {
    let name = node.get("name").map(canonical).unwrap_or_default();
    for (key, it) in node.entries().filter(|(key, _)| *key != "name") {
        let risk = if key == "hostPath" { Risk::of(2.0, 0.0) } else { Risk::NONE };
        subject.say(&SETTING, format!("volume {name}"), format!("{key} {}", canonical(it)), &bytes(it)).risk(risk);
    }
}

fn container(node: &Node, noun: &'static str, above: &str) -> Subject {
    let name = node.get("name").map(canonical).unwrap_or_default();
    let mut subject = Subject::new(noun, format!("{above} {noun} {name}"), node.at.clone());
    subject.ids = vec![format!("{noun} {name}")];
    for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
        let at = bytes(it);
        match key {
            "name" | "securityContext" => {}
            "image" => {
                let text = canonical(it);
                subject.say(&IMAGE, "image", &text, &at).risk(image(&text)).main();
            }
            "command" | "args" => {
                let words: Vec<String> = items(it).into_iter().map(|(it, _)| it).collect();
                subject.say(&SETTING, key, words.join("\u{1f}"), &at).shown(words.join(" "));
            }
            "env" => it.items().iter().for_each(|it| variable(&mut subject, it)),
            "ports" => it.items().iter().for_each(|it| port(&mut subject, it)),
            "resources" => resources(&mut subject, it),
            "livenessProbe" | "readinessProbe" | "startupProbe" => {
                let name = format!("{} probe", key.trim_end_matches("Probe"));
                subject.say(&PROBE, &name, "", &at).risk(Risk::GUARDS);
                for (field, it) in it.entries() {
                    tree(&mut subject, &format!("{name} {field}"), it, Some((&PROBE, &name)));
                }
            }
            "volumeMounts" => {
                for it in it.items() {
                    let path = it.get("mountPath").map(canonical).unwrap_or_default();
                    let others = it.entries().filter(|(key, _)| *key != "mountPath");
                    let mut said: Vec<String> = others.map(|(key, it)| format!("{key} {}", canonical(it))).collect();
                    said.sort();
                    subject.say(&MOUNT, path, said.join(", "), &it.at);
                }
            }
            _ => tree(&mut subject, key, it, None),
        }
    }
    let nothing = Node::default();
    let security = node.get("securityContext").unwrap_or(&nothing);
    let at = if security.key.is_empty() { node.at.clone() } else { security.key.clone() };
    for (key, name, default, worse) in [
        ("allowPrivilegeEscalation", "privilege escalation", true, true),
        ("privileged", "privileged mode", false, true),
        ("readOnlyRootFilesystem", "read-only root", false, false),
    ] {
        switch(&mut subject, security, key, name, (default, worse), &at);
    }
    context(&mut subject, security);
    subject
}

/// Something that is on or off; `default` where nothing is written, and `worse` is what gives something up.
fn switch(
    subject: &mut Subject,
    node: &Node,
    key: &str,
    name: &str,
    (default, worse): (bool, bool),
    at: &Range<usize>,
) {
    let written = node.get(key).filter(|it| it.value != Value::Null);
    let on = written.map_or(default, is_on);
    let level = |state: bool| if state == worse { 1.0 } else { 0.0 };
    let at = written.map_or_else(|| at.clone(), bytes);
    let word = if on { "on" } else { "off" };
    subject.say(&SWITCH, name, word, &at).risk(Risk::of(level(on), level(default)));
}

/// The security context of a pod or a container, but for what is on or off by default.
fn context(subject: &mut Subject, node: &Node) {
    for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
        let text = canonical(it);
        match key {
            "allowPrivilegeEscalation" | "privileged" | "readOnlyRootFilesystem" => {}
            "runAsNonRoot" => {
                let level = if is_on(it) { 0.0 } else { 1.0 };
                let word = if is_on(it) { "on" } else { "off" };
                subject.say(&SWITCH, "refusal of root", word, &bytes(it)).risk(Risk::of(level, 1.0));
            }
            "runAsUser" | "runAsGroup" => {
                let name = if key == "runAsUser" { "user" } else { "group" };
                subject.say(&SETTING, name, &text, &bytes(it)).risk(value::user(&text));
            }
            "seccompProfile" | "appArmorProfile" => {
                let kind = it.get("type").map(canonical).unwrap_or_default();
                let risk = Risk::of(if kind == "Unconfined" { 1.0 } else { 0.0 }, 1.0);
                let name = if key == "seccompProfile" { "seccomp profile" } else { "AppArmor profile" };
                subject.say(&SETTING, name, text, &bytes(it)).shown(kind).risk(risk);
            }
            "capabilities" => {
                for (name, at) in it.get("add").map(items).unwrap_or_default() {
                    subject.say(&CAPABILITY, capability(&name), "", &at).risk(Risk::GRANTS);
                }
                if let Some(it) = it.get("drop") {
                    dropped(subject, it);
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}

fn variable(subject: &mut Subject, node: &Node) {
    let name = node.get("name").map(canonical).unwrap_or_default();
    if let Some(from) = node.get("valueFrom") {
        let from = canonical(from);
        subject.say(&ENVIRONMENT, name, format!("from {from}"), &node.at).shown(format!("from {from}"));
        return;
    }
    let value = node.get("value").map(canonical).unwrap_or_default();
    value::variable(subject, &ENVIRONMENT, &name, Some(&value), &node.at);
}

fn port(subject: &mut Subject, node: &Node) {
    let field = |key: &str| node.get(key).map(canonical).unwrap_or_default();
    let protocol = Some(field("protocol")).filter(|it| !it.is_empty() && it != "TCP").map(|it| format!("/{it}"));
    let key = format!("{}{}", field("containerPort"), protocol.unwrap_or_default());
    let mut others = Vec::new();
    for (name, it) in node.entries().filter(|(key, _)| !matches!(*key, "containerPort" | "protocol")) {
        others.push(format!("{name} {}", canonical(it)));
    }
    others.sort();
    let risk = if node.get("hostPort").is_some() { Risk::GRANTS } else { Risk::NONE };
    subject.say(&PORT, key, others.join(", "), &node.at).risk(risk).main();
}

fn resources(subject: &mut Subject, node: &Node) {
    for (kind, it) in node.entries() {
        for (key, it) in it.entries() {
            let text = canonical(it);
            let known = quantity(&text);
            let value = known.map_or_else(|| text.clone(), |it| it.to_string());
            match kind {
                "limits" => subject.say(&LIMIT, key, value, &bytes(it)).risk(Risk::limit(known)).shown(text),
                "requests" => subject.say(&REQUEST, key, value, &bytes(it)).shown(text),
                _ => subject.say(&SETTING, format!("resources.{kind}.{key}"), text, &bytes(it)),
            };
        }
    }
}

/// `500m`, `128Mi`, `1G`, `2` as a number.
fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|it| it * factor)
}
