//! Overlays: what an environment says of the spec, laid on the tree of the whole.

mod names;

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, Step, listed};
use crate::schema::WHOLE;
use crate::yaml::{Doc, Node, Value};
pub(super) use names::{explain, is_unused_of_spec};

/// The document with the overlay of the environment at `here` laid on it; `None` where there is no such environment.
pub fn overlay(doc: &Doc, here: &Path) -> Option<Doc> {
    let environment = doc.root.at(here)?;
    let mut doc = doc.clone();
    if let Some(mut over) = environment.get("overlay").cloned() {
        for key in WHOLE {
            over.remove(&Path::of([key]));
        }
        for (group, name) in refused(&doc.root, &over).into_iter().map(|(group, name, _)| (group, name)) {
            if let Some(Value::Map(entries)) = over.at_mut(&group).map(|it| &mut it.value) {
                entries.shift_remove(&name);
            }
        }
        merge_routes(&doc.root, &mut over);
        spell_out(&mut doc.root, &over);
        doc.root.overlay(&over);
    }
    Some(doc)
}

/// Lists replace, but routes merge by host and path: puts those of the spec into the overlay's list.
fn merge_routes(root: &Node, over: &mut Node) {
    let routes = Path::of(["gateway", "routes"]);
    let Some(base) = root.at(&routes).filter(|it| matches!(it.value, Value::List(_))) else { return };
    let Some(Value::List(changed)) = over.at_mut(&routes).map(|it| &mut it.value) else { return };
    let only = only_host(root);
    let mut merged = base.items().to_vec();
    for route in std::mem::take(changed) {
        // Two of the overlay itself are two routes, and told as such.
        let mut of_spec = merged.iter_mut().take(base.items().len());
        match of_spec.find(|it| route_key(it, only) == route_key(&route, only)) {
            Some(same) => same.overlay(&route),
            None => merged.push(route),
        }
    }
    *changed = merged;
}

/// The host of a spec that has one: a route need not name it.
fn only_host(root: &Node) -> Option<&str> {
    let mut hosts = root.at(&Path::of(["gateway", "hosts"])).into_iter().flat_map(Node::entries);
    hosts.next().filter(|_| hosts.next().is_none()).map(|(name, _)| name)
}

/// What tells a route from the others: its host and path.
fn route_key(route: &Node, only: Option<&str>) -> (Option<String>, Option<String>) {
    let text = |key| route.get(key).and_then(Node::text);
    (text("host").or(only).map(str::to_owned), text("path").map(str::to_owned))
}

/// A path of the spec, in the overlay at `at`.
fn within(at: &Path, path: &Path) -> Path {
    Path(at.0.iter().chain(&path.0).cloned().collect())
}

/// `needs: [db]` is short for `needs: { db: }`: where an overlay has a map, the spec's list becomes one.
fn spell_out(root: &mut Node, over: &Node) {
    for (name, service) in over.get("services").into_iter().flat_map(Node::entries) {
        for key in ["needs", "secrets"] {
            let is_map = service.get(key).is_some_and(|it| matches!(it.value, Value::Map(_)));
            let Some(base) = root.at_mut(&Path::of(["services", name, key])).filter(|_| is_map) else { continue };
            if let Value::List(items) = &base.value {
                let entry = |it: &Node| Node { value: Value::Null, key: it.at.clone(), ..it.clone() };
                let named = items.iter().filter_map(|it| Some((it.text()?.to_owned(), entry(it))));
                base.value = Value::Map(named.collect());
            }
        }
    }
}

/// A diagnostic about a document with an overlay: it points at the words themselves, wherever they stand.
pub(super) fn moved(mut diagnostic: Diagnostic, overlaid: &Doc, environment: &str) -> Diagnostic {
    if let Place::Key(path) | Place::Value(path) = &diagnostic.place {
        diagnostic.message = format!("{} (in `{environment}`)", diagnostic.message);
        // Of a map that the spec and the overlay share, the overlay's words are the ones to look at.
        let own = overlaid.root.at(path).filter(|it| !it.overlaid).and_then(Node::first_overlaid);
        diagnostic.place = Place::Bytes(match own {
            Some(own) if !own.key.is_empty() => own.key.start..own.at.end.max(own.key.end),
            Some(own) => own.at.clone(),
            None => overlaid.locate(&diagnostic.place),
        });
    }
    diagnostic
}

/// What no environment can differ in: which containers there are. Each with the path of the map that it stands in, its
/// name, and whether the overlay takes it away instead of adding it.
fn refused(root: &Node, over: &Node) -> Vec<(Path, String, bool)> {
    let mut found = Vec::new();
    for group in ["services", "backings"] {
        let known = |name: &str| root.get(group).is_some_and(|it| it.get(name).is_some());
        for (name, node) in over.get(group).into_iter().flat_map(Node::entries) {
            let is_taken = node.value == Value::Null;
            if is_taken || !known(name) {
                found.push((Path::of([group]), name.to_owned(), is_taken));
            }
        }
    }
    if over.get("gateway").is_some_and(|it| it.value == Value::Null) {
        found.push((Path::default(), "gateway".to_owned(), true));
    }
    found
}

/// What is wrong with the overlay at `here` itself, whatever comes of laying it on the spec.
pub(super) fn check(doc: &Doc, here: &Path, overlaid: &Doc) -> Vec<Diagnostic> {
    let at = here.key("overlay");
    let nothing = Node::default();
    let over = doc.root.at(&at).unwrap_or(&nothing);
    let mut told = Vec::new();
    for key in WHOLE.into_iter().filter(|it| over.get(it).is_some()) {
        let message = format!("`{key}` is about all environments, and no overlay's to say");
        let complaint = Diagnostic::error(&codes::OVERLAY_BAKED, Place::Key(at.key(key)), message);
        told.push(complaint.help("write it at the top of the spec, beside `environments`"));
    }
    for (group, name, is_taken) in refused(&doc.root, over) {
        let place = Place::Key(within(&at, &group).key(&name));
        let known = doc.root.at(&group).into_iter().flat_map(Node::entries).map(|(name, _)| name);
        told.push(if is_taken && doc.root.at(&group.key(&name)).is_none() {
            let message = format!("there is no `{}` here that could be taken away", name.escape_debug());
            Diagnostic::error(&codes::NO_EFFECT, place, message).help("leave it out").nearest_or_keep(&name, known)
        } else if is_taken {
            let message = format!("an environment cannot take `{name}` away: a compose overlay has no word for it");
            Diagnostic::error(&codes::OVERLAY_BAKED, place, message).help("keep it in all environments")
        } else {
            let message = format!("an environment cannot add `{}`", name.escape_debug());
            let help = "all environments run the same containers; say it in the spec itself";
            Diagnostic::error(&codes::OVERLAY_BAKED, place, message).help(help).nearest_or_keep(&name, known)
        });
    }
    let hosts = Path::of(["gateway", "hosts"]);
    for (name, host) in over.at(&hosts).into_iter().flat_map(Node::entries) {
        let aliases = doc.root.at(&hosts.key(name).key("aliases")).is_some_and(|it| !it.items().is_empty());
        if aliases && host.get("domain").is_some() && host.get("aliases").is_none() {
            let place = Place::Key(within(&at, &hosts).key(name).key("domain"));
            let message = format!("`{name}` has another domain here, and production's aliases are led to it");
            let warning = Diagnostic::warning(&codes::ALIASES, place, message);
            told.push(warning.help("write its own `aliases` beside it, or `aliases: []` for none"));
        }
    }
    check_domains(doc, over, here, overlaid, &mut told);
    check_required(doc, over, here, &mut told);
    names::check(&doc.root, over, &at, &mut told);
    told
}

/// An environment that answers to production's names, and does not say itself that it should. One for the machine of a developer
/// is not looked at: its certificates are nobody's.
fn check_domains(doc: &Doc, over: &Node, here: &Path, overlaid: &Doc, told: &mut Vec<Diagnostic>) {
    let Some(Step::Key(name)) = here.0.last().filter(|it| **it != Step::Key("development".into())) else { return };
    let hosts = Path::of(["gateway", "hosts"]);
    let domain =
        |root: &Node, host: &str| root.at(&hosts.key(host).key("domain")).and_then(Node::text).map(str::to_owned);
    let all = doc.root.at(&hosts).into_iter().flat_map(Node::entries).map(|(name, _)| name);
    let is_local = |it: &str| it == "localhost" || it.ends_with(".localhost");
    let shared = all.filter(|host| over.at(&hosts.key(host).key("domain")).is_none());
    let shared = shared.filter_map(|host| Some((host, domain(&doc.root, host)?)).filter(|it| !is_local(&it.1)));
    let shared: Vec<(&str, String)> =
        shared.filter(|(host, there)| domain(&overlaid.root, host).as_ref() == Some(there)).collect();
    let Some((host, _)) = shared.first() else { return };
    let domains: Vec<&str> = shared.iter().map(|(_, it)| it.as_str()).collect();
    let message = format!("`{name}` answers to {}, as production does", listed(&domains));
    let warning = Diagnostic::warning(&codes::INHERITED_DOMAIN, Place::Key(here.clone()), message);
    let help = format!(
        "give it its own in the overlay: `gateway: {{ hosts: {{ {host}: {{ domain: … }} }} }}`; the same, written there, is meant"
    );
    told.push(warning.help(help));
}

/// What production insists on cannot be left out where its compose file is read as well.
fn check_required(doc: &Doc, over: &Node, here: &Path, told: &mut Vec<Diagnostic>) {
    let Some(Step::Key(environment)) = here.0.last() else { return };
    let is = |node: Option<&Node>| node.is_some_and(|it| it.value == Value::Bool(true));
    if is(doc.root.at(&Path::of(["layout", "compose", environment, "whole"]))) {
        return;
    }
    let variables = Path::of(["variables"]);
    for (name, declared) in over.at(&variables).into_iter().flat_map(Node::entries) {
        let at = variables.key(name);
        if !is(doc.root.at(&at.key("required"))) {
            continue;
        }
        let gone = declared.get("required").is_some_and(|it| !is(Some(it)));
        let place = match declared.value {
            Value::Null => at,
            _ if gone => at.key("required"),
            _ => continue,
        };
        let message = format!("compose reads production's file here, too, and that insists on `{name}`");
        let help = format!(
            "leave it required; or write `layout: {{ compose: {{ {environment}: {{ file: compose.{environment}.yaml, whole: true }} }} }}`, and its file is used alone"
        );
        let place = Place::Key(within(&here.key("overlay"), &place));
        told.push(Diagnostic::error(&codes::NO_EFFECT, place, message).help(help));
    }
}

/// What there is to say of an environment: of its overlay, and of what came of that. That a name may be misspelt is not said where
/// something else is said of it.
pub(super) fn told(doc: &Doc, of_overlay: Vec<Diagnostic>, more: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let places: Vec<_> = more.iter().map(|it| doc.locate(&it.place)).collect();
    let is_said = |it: &Diagnostic| it.code == &codes::OVERLAY_NAME && places.contains(&doc.locate(&it.place));
    of_overlay.into_iter().filter(|it| !is_said(it)).chain(more).collect()
}
