//! How differences are put into words.

use super::Meaning;
use super::subject::Fact;
use super::text::Text;
use crate::credential::{has_credential, masked};

/// How long a value may be before only the part of it is shown that differs.
const LONG: usize = 72;

/// The words for one kind of facts. `{key}`, `{before}` and `{after}` stand for what differs.
pub(super) struct Words {
    /// What it is, without a value: `environment {key}`.
    pub(super) what: &'static str,
    /// It was not there before.
    pub(super) come: &'static str,
    /// It is not there any more.
    pub(super) go: &'static str,
    /// It has another value.
    pub(super) change: &'static str,
}

/// What is said of a difference, with the texts that it stands in.
pub(super) fn of_change(before: Option<(&Text<'_>, &Fact)>, after: Option<(&Text<'_>, &Fact)>) -> String {
    let Some((_, fact)) = after.or(before) else { return String::new() };
    let hidden = [before, after].into_iter().flatten().any(|(text, fact)| is_hidden(text, fact));
    let (old, new) = (before.map_or("", |it| &it.1.shown), after.map_or("", |it| &it.1.shown));
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
        (None, _) => fill(words.come, &fact.key, old, &short(new)),
        (_, None) => fill(words.go, &fact.key, &short(old), new),
        _ if old == new => format!("{} changed", fill(words.what, &fact.key, "", "")),
        _ => {
            let (old, new) = apart(old, new);
            fill(words.change, &fact.key, &old, &new)
        }
    }
}

/// What is said of a fact whose subject is new.
pub(super) fn of_new(fact: &Fact, text: &Text<'_>) -> String {
    of_change(None, Some((text, fact)))
}

/// A meaning whose words can be shown anywhere.
pub(super) fn meaning(at: &str, what: &str, loosens: bool, line: usize) -> Meaning {
    Meaning { at: showable(at), what: showable(what), loosens, line: Some(line) }
}

fn is_hidden(text: &Text<'_>, fact: &Fact) -> bool {
    // An alias stands where it is used; its value is elsewhere.
    text.hides(&fact.bytes) || has_credential(&fact.shown) || has_credential(&format!("{}={}", fact.key, fact.shown))
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

/// The beginning of a long value.
fn short(value: &str) -> String {
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
    masked(text)
        .chars()
        .flat_map(|it| {
            // Marks that turn the direction of what follows make words look like others.
            let turns = matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let escaped: Vec<char> = if turns || it.is_control() { it.escape_debug().collect() } else { vec![it] };
            escaped
        })
        .collect()
}
