//! Names of what is not there.

use std::borrow::Cow;
use std::ops::Range;

use super::compose::{Service, bytes, is, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::{Severity, did_you_mean};
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "undefined-reference",
    severity: Severity::Error,
    message: "the file names what is not in it, and compose does not take it",
    help: "mend the name, or declare it: below `networks`, `volumes`, `secrets`, `configs` or `services`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", networks: [api] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", networks: [api] }
networks:
  api: { internal: true }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let root = &service.compose.root;
    // What is not here can stand in a file that is not here.
    if service.compose.has_partial {
        return;
    }
    let networks = service.networks().into_iter().filter(|(name, _)| name != "default").map(|it| ("networks", it));
    let volumes = service.mounts.iter().filter(|it| it.kind == "volume" && !it.source.is_empty());
    let volumes = volumes.map(|it| ("volumes", (Cow::from(it.source.as_str()), it.bytes.clone())));
    let files = ["secrets", "configs"].into_iter().flat_map(|kind| sources(service, kind).map(move |it| (kind, it)));
    let awaited = service.get("depends_on").into_iter().flat_map(awaited).map(|it| ("services", it));
    for (kind, (name, at)) in networks.chain(volumes).chain(files).chain(awaited) {
        let declared = root.get(kind);
        if name.contains('$') || declared.is_some_and(|it| it.get(&name).is_some()) {
            continue;
        }
        let names = declared.into_iter().flat_map(Node::entries).map(|(it, _)| it);
        let nearest = did_you_mean(&name, names).map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
        let one = kind.trim_end_matches('s');
        found.say(&at, format!("there is no {one} `{name}` in the file{nearest}"));
    }
}

/// The secrets or configs that a service names.
fn sources<'c>(service: &Service<'c>, kind: &str) -> impl Iterator<Item = (Cow<'c, str>, Range<usize>)> {
    let named = |node: &'c Node| Some((text(node.get("source").unwrap_or(node))?, bytes(node)));
    service.get(kind).into_iter().flat_map(Node::items).filter_map(named)
}

/// The services that have to be there for this one.
fn awaited(node: &Node) -> Vec<(Cow<'_, str>, Range<usize>)> {
    let listed = node.items().iter().filter_map(|it| Some((text(it)?, it.at.clone())));
    let mapped = node.entries().filter(|(_, it)| !is(it.get("required"), false));
    listed.chain(mapped.map(|(name, it)| (name.into(), it.key.clone()))).collect()
}
