//! One mistake is told once: a name that is gone is missed in many places, and what only follows from another mistake is left out.

use crate::codes;
use crate::diagnostic::{Code, Diagnostic, Path, Severity};
use crate::yaml::{Doc, Node};

/// What is said of many places for one and the same reason.
const REPEATED: [&Code; 4] = [&codes::UNKNOWN_NAME, &codes::MISSING_KEY, &codes::CONTEXT, &codes::OVERLAY_BAKED];

/// The same with one diagnostic for each mistake; it says on which lines the others stood.
pub(super) fn told_once(doc: &Doc, mut told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    told.sort_by_key(|it| doc.locate(&it.place).start);
    let routes = doc.root.at(&Path::of(["gateway", "routes"])).map(|it| it.key.start..end(it)).unwrap_or_default();
    let is_wrong = told.iter().any(|it| {
        it.severity == Severity::Error && it.code != &codes::UNUSED && routes.contains(&doc.locate(&it.place).start)
    });
    // A host has no routes because those that were meant for it are wrong.
    let follows = |it: &Diagnostic| is_wrong && it.code == &codes::UNUSED && it.severity == Severity::Error;
    let mut out: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    for it in told.into_iter().filter(|it| !follows(it)) {
        let line = doc.line(doc.locate(&it.place).start);
        let same = out.iter_mut().find(|(first, _)| REPEATED.contains(&it.code) && cause(first) == cause(&it));
        match same {
            Some((_, lines)) => lines.push(line),
            None => out.push((it, vec![line])),
        }
    }
    out.into_iter().map(|(it, lines)| with_lines(it, lines)).collect()
}

/// Where a value ends: a list in lines of its own does not say.
fn end(node: &Node) -> usize {
    let below = node.items().iter().chain(node.entries().map(|(_, it)| it));
    below.map(end).max().unwrap_or_default().max(node.at.end)
}

/// What is the matter, whoever says it: a service may be missed as a service, or as one of services and backings.
fn cause(it: &Diagnostic) -> (&'static str, String) {
    let message = it.message.replace(" or backing `", " `");
    (it.code.name, message.split(" (in `").next().unwrap_or_default().to_owned())
}

fn with_lines(it: Diagnostic, mut lines: Vec<usize>) -> Diagnostic {
    let first = lines[0];
    lines.dedup();
    lines.retain(|line| *line != first);
    let numbers: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let also = match &numbers[..] {
        [] => return it,
        [one] => format!("the same on line {one}"),
        [all @ .., last] if all.len() < 12 => format!("the same on lines {} and {last}", all.join(", ")),
        all => format!("the same on lines {}, … ({} in all)", all[..12].join(", "), all.len() + 1),
    };
    let help = match &it.help {
        Some(it) if it.ends_with('?') => format!("{it} ({also})"),
        Some(it) => format!("{it}; {also}"),
        None => also,
    };
    it.help(help)
}

/// Whether a diagnostic names one of `lost`, also in another case: then it may only say that this is missing.
pub(super) fn names_any(it: &Diagnostic, lost: &[String]) -> bool {
    let message = it.message.to_lowercase();
    lost.iter().any(|name| message.contains(&format!("`{}`", name.to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Place;
    use crate::yaml;

    #[test]
    fn the_lines_of_the_others_are_counted_out() {
        let doc = yaml::read("a: 1\nb: 1\nc: 1\nd: [1, 1]\n").expect("it is YAML");
        let of = |key: &str, message: &str| {
            Diagnostic::error(&codes::UNKNOWN_NAME, Place::Key(Path::of([key])), message).help("declare it")
        };
        let told = vec![of("d", "no `x`"), of("d", "no `x`"), of("a", "no `x`"), of("b", "no `y`"), of("c", "no `x`")];
        let once = told_once(&doc, told);
        let said: Vec<_> =
            once.iter().map(|it| (it.message.as_str(), it.help.as_deref().unwrap_or_default())).collect();
        assert_eq!(said, [("no `x`", "declare it; the same on lines 3 and 4"), ("no `y`", "declare it")]);
    }
}
