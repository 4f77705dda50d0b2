//! Names in an overlay that the spec does not have: some are new, and most are misspelt.

use super::{only_host, route_key, within};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, Severity, Step};
use crate::yaml::{Doc, Node, Value};

/// Maps whose keys are their author's own words, in which any name can be new; `*` is any name.
const NAMED: [&str; 12] = [
    "gateway.hosts",
    "gateway.limits",
    "gateway.upstreams",
    "networks",
    "secrets",
    "services.*.environment",
    "services.*.needs",
    "services.*.publish",
    "services.*.secrets",
    "services.*.writable",
    "variables",
    "volumes",
];

/// What is taken away and is not there, and what is new and spelt almost like something that is there: in the overlay at `at`.
pub(super) fn check(root: &Node, over: &Node, at: &Path, told: &mut Vec<Diagnostic>) {
    let mut tell = |path: &Path, complaint| told.push(Diagnostic { place: Place::Key(within(at, path)), ..complaint });
    walk(root, over, &Path::default(), &mut tell);
    let (routes, only) = (Path::of(["gateway", "routes"]), only_host(root));
    for (index, route) in over.at(&routes).map(Node::items).unwrap_or_default().iter().enumerate() {
        let all = root.at(&routes).map(Node::items).unwrap_or_default();
        let there = all.iter().find(|it| route_key(it, only) == route_key(route, only));
        walk(there.unwrap_or(&Node::default()), route, &routes.index(index), &mut tell);
    }
}

fn walk(base: &Node, over: &Node, path: &Path, tell: &mut impl FnMut(&Path, Diagnostic)) {
    let nothing = Node::default();
    for (key, node) in over.entries() {
        let here = path.key(key);
        let there = base.at(&Path::of([key]));
        match there {
            // Which containers there are is no environment's to say, and told of all.
            None if ["services", "backings"].contains(&path.to_string().as_str()) => continue,
            None if node.value == Value::Null => tell(&here, not_there(base, path, key)),
            None if is_named(path) => {
                if let Some(meant) = names(base).into_iter().find(|it| is_slip(it, key) && over.get(it).is_none()) {
                    tell(&here, almost(key, meant));
                }
            }
            _ => {}
        }
        walk(there.unwrap_or(&nothing), node, &here, tell);
    }
}

fn not_there(base: &Node, path: &Path, key: &str) -> Diagnostic {
    let message = format!("there is no `{}` here that could be taken away", key.escape_debug());
    let lists =
        matches!(path.0.last(), Some(Step::Key(it)) if ["needs", "secrets"].contains(&&**it)) && path.0.len() == 3;
    let help = match lists {
        true => format!("`null` takes away; to add it, write `{key}: {{}}`"),
        false => "`null` takes away what the spec itself says: leave it out".to_owned(),
    };
    let place = Place::Key(path.key(key));
    Diagnostic::error(&codes::NO_EFFECT, place, message).help(help).nearest_or_keep(key, names(base))
}

fn almost(key: &str, meant: &str) -> Diagnostic {
    let (key, meant) = (key.escape_debug(), meant.escape_debug());
    let message = format!("`{key}` is new here, and almost called like `{meant}`");
    let help = format!("did you mean `{meant}`? If not, write that beside it, too: then both are meant");
    Diagnostic::warning(&codes::OVERLAY_NAME, Place::Key(Path::default()), message).help(help)
}

/// The names in a map, or in a list of names.
fn names(node: &Node) -> Vec<&str> {
    node.entries().map(|(key, _)| key).chain(node.items().iter().filter_map(Node::text)).collect()
}

fn is_named(path: &Path) -> bool {
    let fits = |(step, word): (&Step, &str)| matches!(step, Step::Key(key) if word == "*" || word == &**key);
    NAMED.iter().any(|it| it.split('.').count() == path.0.len() && path.0.iter().zip(it.split('.')).all(fits))
}

/// Whether one is the other with a slip of the finger: a letter more, less, another one, or two in each other's place. Numbers
/// tell names apart, and short names are easily alike.
fn is_slip(there: &str, typed: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) =
        (there.to_lowercase().chars().collect(), typed.to_lowercase().chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let behind = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&a[..a.len() - behind], &b[..b.len() - behind]);
    let is_letter = |it: &[char]| it.iter().all(|it| !it.is_ascii_digit());
    let is_one = match (left, right) {
        ([], []) | ([_], [] | [_]) | ([], [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    };
    is_one && is_letter(left) && is_letter(right) && there.chars().count().min(typed.chars().count()) > 3
}

/// The same of what came of laying the overlay on the spec, where a name that is misspelt explains it: one complaint about the
/// name in place of all that follows from it. `told` is of the document with the overlay.
pub(in crate::resolve) fn explain(doc: &Doc, overlaid: &Doc, told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let hosts = Path::of(["gateway", "hosts"]);
    let added = |it: &Path| doc.root.at(it).is_none() && overlaid.root.at(it).is_some_and(|it| it.overlaid);
    let all = |root: &Node| root.at(&hosts).map_or(0, |it| it.entries().count());
    let second = overlaid.root.at(&hosts).into_iter().flat_map(Node::entries).map(|(name, _)| hosts.key(name));
    let second = second.filter(|_| all(&doc.root) == 1 && all(&overlaid.root) > 1).find(added);
    // Routes of a spec with one host need not name it.
    let follows = |it: &Diagnostic| {
        let Place::Value(path) = &it.place else { return false };
        second.is_some()
            && it.code == &codes::MISSING_KEY
            && path.0.len() == 3
            && path.to_string().starts_with("gateway.routes[")
    };
    let count = told.iter().filter(|it| follows(it)).count();
    let mut out = Vec::new();
    if let Some(place) = second.as_ref().filter(|_| count > 0) {
        let message = format!("{} is a second host, and {count} of the routes name none", shown(place));
        let complaint = Diagnostic::error(&codes::MISSING_KEY, Place::Key(place.clone()), message);
        let help = "did you mean the one that there is? If not, write `host:` with its name at each route of the spec";
        out.push(nearest(complaint.help(help), doc, place));
    }
    for it in told.into_iter().filter(|it| !follows(it)) {
        let (Place::Key(path) | Place::Value(path)) = &it.place else {
            out.push(it);
            continue;
        };
        let path = path.clone();
        let is_about_a_name = [&codes::UNUSED, &codes::MISSING_KEY].contains(&it.code) && added(&path);
        out.push(if is_about_a_name { nearest(it, doc, &path) } else { it });
    }
    out
}

/// The same with the name of the spec that is most like the last one of `path`.
fn nearest(complaint: Diagnostic, doc: &Doc, path: &Path) -> Diagnostic {
    let Some((Step::Key(name), above)) = path.0.split_last() else { return complaint };
    let known = doc.root.at(&Path(above.to_vec())).map(names).unwrap_or_default();
    complaint.nearest_or_keep(name, known)
}

fn shown(path: &Path) -> String {
    path.0.last().map_or_else(String::new, |it| format!("`{}`", Path(vec![it.clone()])))
}

/// Whether it says that something is unused which the spec itself has: an environment need not use all of that.
pub(in crate::resolve) fn is_unused_of_spec(doc: &Doc, it: &Diagnostic) -> bool {
    let is_there = match &it.place {
        Place::Key(path) | Place::Value(path) => doc.root.at(path).is_some(),
        Place::Bytes(_) => true,
    };
    it.severity == Severity::Warning && it.code == &codes::UNUSED && is_there
}
