//! How differences are put into words.

use super::subject::Fact;
use super::text::Text;
use super::{Cost, Meaning};
use crate::credential::{argument_passwords, concealed, has_credential, visible};

/// How long a value may be before only the part of it is shown that differs.
const LONG: usize = 72;

/// What is said of a difference, with the texts that it stands in.
pub(super) fn of_change(before: Option<(&Text<'_>, &Fact)>, after: Option<(&Text<'_>, &Fact)>) -> String {
    let Some((_, fact)) = after.or(before) else { return String::new() };
    let hidden = [before, after].into_iter().flatten().any(|(text, fact)| is_hidden(text, fact));
    let shown = |side: Option<(&Text<'_>, &Fact)>| side.map_or_else(String::new, |it| digests_cut(&it.1.shown));
    let (old, new) = (shown(before), shown(after));
    let words = fact.words;
    if hidden {
        let verb = match (before, after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        return format!("{} {verb}", fill(words.what, &fact.key, "", ""));
    }
    match (before, after) {
        (None, _) => fill(words.come, &fact.key, "", &short(&new)),
        (_, None) => fill(words.go, &fact.key, &short(&old), ""),
        _ if old == new => format!("{} changed", fill(words.what, &fact.key, "", "")),
        _ => {
            let told = |it: String| if it.is_empty() { "(nothing)".to_owned() } else { it };
            let (old, new) = apart(&told(old), &told(new));
            fill(words.change, &fact.key, &old, &new)
        }
    }
}

/// What is said of a fact whose subject is new.
pub(super) fn of_new(fact: &Fact, text: &Text<'_>) -> String {
    of_change(None, Some((text, fact)))
}

/// A meaning whose words can be shown anywhere.
pub(super) fn meaning(at: &str, what: &str, cost: Option<Cost>, line: usize) -> Meaning {
    Meaning { at: showable(at), what: showable(what), cost, gone: false, line: Some(line) }
}

fn is_hidden(text: &Text<'_>, fact: &Fact) -> bool {
    // An alias stands where it is used; its value is elsewhere.
    text.hides(&fact.bytes)
        || has_credential(&fact.shown)
        || has_credential(&format!("{}={}", fact.key, fact.shown))
        || !argument_passwords(fact.shown.split(' ')).is_empty()
}

/// `pattern` with its three names filled in; a blank before nothing goes.
fn fill(pattern: &str, key: &str, before: &str, after: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + key.len() + before.len() + after.len());
    let mut rest = pattern;
    while let Some((text, inner)) = rest.split_once('{') {
        let (name, tail) = inner.split_once('}').unwrap_or((inner, ""));
        let value = match name {
            "key" => key,
            "before" => before,
            _ => after,
        };
        out.push_str(if value.is_empty() { text.trim_end() } else { text });
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// `text` with the first twelve digits of each digest, which tell it from all others.
fn digests_cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("sha256:") {
        let (head, tail) = rest.split_at(at + "sha256:".len());
        let digits = tail.bytes().take_while(u8::is_ascii_hexdigit).count();
        let shown = if digits == 64 { 12 } else { digits };
        out.push_str(head);
        out.push_str(&tail[..shown]);
        out.push_str(if shown < digits { "…" } else { "" });
        rest = &tail[digits..];
    }
    out.push_str(rest);
    out
}

/// The beginning of a long value.
pub(super) fn short(value: &str) -> String {
    if value.chars().count() <= LONG { value.to_owned() } else { value.chars().take(LONG).chain(['…']).collect() }
}

/// Two values side by side; of long ones, the words around which they differ.
fn apart(before: &str, after: &str) -> (String, String) {
    if before.chars().count().max(after.chars().count()) <= LONG {
        return (before.to_owned(), after.to_owned());
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split(' ').collect(), after.split(' ').collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let part = |words: &[&str]| {
        let begin = same.saturating_sub(1);
        let stop = (words.len() - end + 1).min(words.len());
        let lead = if begin > 0 { "… " } else { "" };
        let tail = if stop < words.len() { " …" } else { "" };
        short(&format!("{lead}{}{tail}", words[begin..stop].join(" ")))
    };
    (part(&old), part(&new))
}

/// One line that no terminal obeys, and no credential in it.
fn showable(text: &str) -> String {
    visible(&concealed(text)).replace('\n', "\\n").replace('\t', "\\t")
}
