//! What a service publishes.

use crate::lint::compose::{assume, split};
use crate::meaning::subject::{Risk, Subject};
use crate::meaning::value::{bytes, canonical, tree};
use crate::meaning::words::words;
use crate::yaml::{Node, Value};

words! {
    PORT = "published port {key}", "publishes port {after}", "no longer publishes port {before}", "published port {before} → {after}";
}

/// A published port in parts; any of them may be a variable.
#[derive(Default)]
struct Port {
    address: String,
    published: String,
    target: String,
    protocol: String,
}

/// Says each entry of `ports`, in either form.
pub(super) fn read(subject: &mut Subject, node: &Node) {
    for item in node.items() {
        let Some(port) = port(item) else {
            tree(subject, "ports", item, None);
            continue;
        };
        let protocol = if port.protocol.is_empty() || port.protocol == "tcp" {
            String::new()
        } else {
            format!("/{}", port.protocol)
        };
        // The address may hide in the variable before the target.
        let assumed = assume(&port.published).into_owned();
        let hidden = assumed.rsplit_once(':').map(|(address, _)| address.to_owned());
        let address = hidden.unwrap_or_else(|| assume(&port.address).into_owned());
        let address = address.trim_matches(['[', ']']).to_owned();
        let is_every = matches!(address.as_str(), "" | "0.0.0.0" | "::" | "*");
        let is_local = address.starts_with("127.") || address == "::1" || address == "localhost";
        let written = if is_every || port.address.is_empty() { String::new() } else { format!("{}:", port.address) };
        let published = if port.published.is_empty() { "any" } else { &port.published };
        let every = if is_every { " on every address" } else { "" };
        let shown = format!("{written}{published}:{}{protocol}{every}", port.target);
        // What only the host itself reaches gives nothing up by being there.
        let risk = if is_every {
            Risk::of(2.0, 0.0)
        } else if is_local {
            Risk::level(1.0)
        } else {
            Risk::of(1.5, 0.0)
        };
        let key = format!("{}{protocol}", port.target);
        let value = format!("{written}{published}");
        subject.say(&PORT, &key, value, &bytes(item)).shown(shown).risk(risk).main();
        for (field, it) in item.entries() {
            let is_default = matches!((field, it.text()), ("mode", Some("ingress")));
            if !matches!(field, "target" | "published" | "host_ip" | "protocol") && !is_default {
                tree(subject, &format!("port {key} {field}"), it, Some((&PORT, &key)));
            }
        }
    }
}

fn port(node: &Node) -> Option<Port> {
    if let Value::Map(_) = node.value {
        let field = |key: &str| node.get(key).map(canonical).unwrap_or_default();
        let target = node.get("target").map(canonical)?;
        return Some(Port {
            address: field("host_ip"),
            published: field("published"),
            target,
            protocol: field("protocol"),
        });
    }
    if matches!(node.value, Value::List(_) | Value::Null) {
        return None;
    }
    let text = canonical(node);
    let (text, protocol) = match text.rsplit_once('/') {
        Some((text, protocol)) if !protocol.contains(['}', ':']) => (text, protocol),
        _ => (text.as_str(), ""),
    };
    let mut parts = split(text);
    let target = parts.pop()?.to_owned();
    let published = parts.pop().unwrap_or_default().to_owned();
    Some(Port { address: parts.join(":"), published, target, protocol: protocol.to_owned() })
}
