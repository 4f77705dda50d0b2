//! Kubernetes manifests, object by object and container by container.

mod pod;
#[cfg(test)]
mod tests;

use super::subject::{Risk, Subject};
use super::value::{bytes, canonical, documents, items, tree};
use super::words::{SETTING, words};
use crate::yaml::{Node, Value};

words! {
    ENTRY = "entry {key}", "entry {key} added", "entry {key} removed", "entry {key} changed";
    MAY = "right to {key}", "may {key}", "may no longer {key}", "may {key}";
    PORT = "port {key}", "port {key} {after} added", "port {key} {before} removed", "port {key} {before} → {after}";
    RULE = "{key}", "{key} {after} allowed", "{key} {before} no longer allowed", "{key} {before} → {after}";
}

/// What manifests say; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let mut out = Vec::new();
    for document in documents(text)? {
        if document.value == Value::Null {
            continue;
        }
        let listed = document.get("items").filter(|_| document.get("kind").and_then(Node::text) == Some("List"));
        for node in listed.map_or(std::slice::from_ref(&document), Node::items) {
            object(node, &mut out)?;
        }
    }
    Some(out)
}

fn object(node: &Node, out: &mut Vec<Subject>) -> Option<()> {
    let kind = node.get("kind")?.text()?;
    let metadata = node.get("metadata");
    let field = |key: &str| metadata.and_then(|it| it.get(key)).map(canonical).unwrap_or_default();
    let (name, namespace) = (field("name"), field("namespace"));
    let name = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
    let mut subject = Subject::new("object", format!("{kind} {name}").trim().to_owned(), bytes(node.get("kind")?));
    if kind == "NetworkPolicy" {
        subject.risk = Risk::GUARDS;
    }
    let index = out.len();
    let pod = pod_of(kind, node);
    for (key, it) in node.entries().filter(|(key, _)| *key != "kind") {
        match (kind, key) {
            (_, "metadata") => {
                for (key, it) in it.entries().filter(|(key, _)| !matches!(*key, "name" | "namespace")) {
                    tree(&mut subject, key, it, None);
                }
            }
            ("NetworkPolicy", "spec") => policy(&mut subject, it),
            ("Role" | "ClusterRole", "rules") => it.items().iter().for_each(|it| rule(&mut subject, it)),
            ("RoleBinding" | "ClusterRoleBinding", "subjects") => {
                for it in it.items() {
                    subject.say(&SETTING, "subject", canonical(it), &it.at).risk(Risk::GRANTS);
                }
            }
            ("Service", "spec") => service(&mut subject, it),
            // What is in it is nobody's to see.
            ("Secret", "data" | "stringData") => {
                for (key, it) in it.entries() {
                    subject.say(&ENTRY, key, canonical(it), &it.key).shown("");
                }
            }
            _ => besides(&mut subject, key, it, pod),
        }
    }
    out.push(subject);
    if let Some(pod) = pod {
        pod::read(pod, index, out);
    }
    Some(())
}

/// The description of the pods that an object makes.
fn pod_of<'n>(kind: &str, node: &'n Node) -> Option<&'n Node> {
    let spec = node.get("spec")?;
    match kind {
        "Pod" => Some(spec),
        "CronJob" => spec.get("jobTemplate")?.get("spec")?.get("template")?.get("spec"),
        _ => spec.get("template")?.get("spec").filter(|it| it.get("containers").is_some()),
    }
}

/// Says everything below `node` but what is below `pod`.
fn besides(subject: &mut Subject, path: &str, node: &Node, pod: Option<&Node>) {
    if pod.is_some_and(|it| std::ptr::eq(it, node)) {
        return;
    }
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            let path = if path == "spec" { "" } else { path.strip_prefix("spec.").unwrap_or(path) };
            for (key, it) in entries {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                besides(subject, &inner, it, pod);
            }
        }
        _ => tree(subject, path, node, None),
    }
}

fn policy(subject: &mut Subject, spec: &Node) {
    for (key, it) in spec.entries() {
        match key {
            "ingress" | "egress" => {
                for it in it.items() {
                    subject.say(&RULE, key, canonical(it), &it.at).risk(Risk::GRANTS);
                }
            }
            "policyTypes" => {
                for (name, at) in items(it) {
                    subject.say(&SETTING, format!("restricts {name}"), "", &at).risk(Risk::GUARDS);
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}

/// A rule of a role, as one right for each verb and resource.
fn rule(subject: &mut Subject, node: &Node) {
    let list = |key: &str| -> Vec<String> {
        node.get(key).map(|it| items(it).into_iter().map(|(it, _)| it).collect()).unwrap_or_default()
    };
    let (mut groups, names) = (list("apiGroups"), list("resourceNames"));
    if groups.is_empty() {
        groups.push(String::new());
    }
    let mut resources = list("nonResourceURLs");
    for resource in list("resources") {
        for group in &groups {
            resources.push(if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") });
        }
    }
    let of = if names.is_empty() { String::new() } else { format!(" called {}", names.join(", ")) };
    for verb in list("verbs") {
        for resource in &resources {
            let verb = if verb == "*" { "do everything with" } else { &verb };
            subject.say(&MAY, format!("{verb} {resource}{of}"), "", &node.at).risk(Risk::GRANTS).main();
        }
    }
}

fn service(subject: &mut Subject, spec: &Node) {
    for (key, it) in spec.entries() {
        match key {
            "type" => {
                let level = match it.text() {
                    Some("NodePort") => 1.0,
                    Some("LoadBalancer") => 2.0,
                    _ => 0.0,
                };
                subject.say(&SETTING, "type", canonical(it), &bytes(it)).risk(Risk::of(level, 0.0)).main();
            }
            "ports" => {
                for it in it.items() {
                    subject.say(&PORT, it.get("port").map(canonical).unwrap_or_default(), canonical(it), &it.at).main();
                }
            }
            "externalIPs" => {
                for (address, at) in items(it) {
                    subject.say(&SETTING, format!("external address {address}"), "", &at).risk(Risk::GRANTS);
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}
