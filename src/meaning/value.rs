//! Values in one spelling each: what means the same is equal.

use std::ops::Range;

use super::subject::{Fact, Risk, Subject};
use super::words::{DROPPED, SETTING, Words};
use crate::credential::{has_credential, is_secret};
use crate::lint::compose::{assume, image_tag, size_of};
use crate::yaml::{self, Node, Value};

/// A scalar as text; of anything else, all of it on one line with the keys of maps in order.
pub(super) fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Null => String::new(),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => it.to_string(),
        Value::String(it) => it.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, it)| format!("{key}: {}", canonical(it))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The bytes of a node, or of its key where nothing is written.
pub(super) fn bytes(node: &Node) -> Range<usize> {
    if node.key.is_empty() { node.at.clone() } else { node.key.start..node.at.end.max(node.key.end) }
}

/// Whether it is `true`, or a word that means it.
pub(super) fn is_on(node: &Node) -> bool {
    matches!(canonical(node).to_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y")
}

/// Whether an overlay of compose takes it back, whatever is written beside that.
pub(super) fn is_reset(node: &Node) -> bool {
    node.tag.as_deref() == Some("!reset")
}

/// Nanoseconds of `1m30s`, `90s`, `1.5h`.
pub(super) fn duration(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|it: char| !it.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86400e9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    Some(sum)
}

/// A scalar in one spelling, by what its key says that it is: sizes in bytes, durations in nanoseconds.
fn scalar(key: &str, node: &Node) -> String {
    const SIZES: [&str; 6] = ["memory", "size", "shm_size", "mem_reservation", "memswap_limit", "mem_limit"];
    const DURATIONS: [&str; 8] =
        ["interval", "timeout", "start_period", "start_interval", "stop_grace_period", "delay", "monitor", "window"];
    let text = canonical(node);
    let known = match key {
        _ if SIZES.contains(&key) => size_of(&text).filter(|_| !text.contains('$')).map(|it| it.to_string()),
        _ if DURATIONS.contains(&key) => duration(&text).map(|it| it.to_string()),
        _ => None,
    };
    known.unwrap_or(text)
}

/// Says everything below a node, a fact for each leaf, called by its path.
pub(super) fn tree(subject: &mut Subject, path: &str, node: &Node, of: Option<(&'static Words, &str)>) {
    match &node.value {
        _ if is_reset(node) => {}
        Value::Map(entries) if !entries.is_empty() => {
            for (key, it) in entries {
                tree(subject, &format!("{path}.{key}"), it, of);
            }
        }
        // One by one, so that one more does not make all the others differ.
        Value::List(items) if items.iter().any(|it| matches!(it.value, Value::Map(_))) => {
            for item in items {
                let text = canonical(item);
                subject.order.push(format!("{path} {text}"));
                let fact = subject.say(&SETTING, path, text, &item.at);
                if let Some((words, key)) = of {
                    fact.of(words, key);
                }
            }
        }
        _ => {
            let key = path.rsplit('.').next().unwrap_or(path);
            let fact = subject.say(&SETTING, path, scalar(key, node), &bytes(node)).shown(canonical(node));
            if let Some((words, key)) = of {
                fact.of(words, key);
            }
        }
    }
}

/// The names and values of a map, or of a list of `NAME=value`; with no value where none is written.
pub(super) fn pairs(node: &Node) -> Vec<(String, Option<String>, Range<usize>)> {
    let listed = node.items().iter().filter(|it| !matches!(it.value, Value::Map(_) | Value::List(_))).map(|it| {
        let text = canonical(it);
        match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned()), it.at.clone()),
            None => (text, None, it.at.clone()),
        }
    });
    let mapped = node
        .entries()
        .filter(|(_, it)| !is_reset(it))
        .map(|(name, it)| (name.to_owned(), Some(canonical(it)).filter(|_| it.value != Value::Null), bytes(it)));
    listed.chain(mapped).collect()
}

/// The items of a list, each with its bytes; of a single value, that one.
pub(super) fn items(node: &Node) -> Vec<(String, Range<usize>)> {
    match &node.value {
        Value::List(items) => items.iter().map(|it| (canonical(it), it.at.clone())).collect(),
        Value::Null => Vec::new(),
        _ => vec![(canonical(node), node.at.clone())],
    }
}

/// Whether a variable of this name and value holds a credential, and not where one is to be found.
fn is_credential(name: &str, value: &str) -> bool {
    (is_secret(name) || !value.is_empty()) && has_credential(&format!("{name}={value}"))
}

/// Says a variable, which gives something up where a credential stands in it; with no value where it comes from outside.
pub(super) fn variable<'s>(
    subject: &'s mut Subject,
    words: &'static Words,
    name: &str,
    value: Option<&str>,
    at: &Range<usize>,
) -> &'s mut Fact {
    let risk = if value.is_some_and(|it| is_credential(name, it)) { Risk::GRANTS } else { Risk::NONE };
    let shown = match value {
        None => "(from outside)",
        Some("") => "\"\"",
        Some(it) => it,
    };
    // To come from outside is no value.
    let compared = value.map_or_else(String::new, |it| format!("={it}"));
    subject.say(words, name, compared, at).shown(shown).risk(risk)
}

/// `CAP_NET_ADMIN` as `NET_ADMIN`.
pub(super) fn capability(name: &str) -> String {
    let name = name.to_uppercase();
    name.strip_prefix("CAP_").map_or_else(|| name.clone(), str::to_owned)
}

/// Says the capabilities that are dropped: all in one, since one of them, `ALL`, stands for the others.
pub(super) fn dropped(subject: &mut Subject, node: &Node) {
    let mut names: Vec<String> = items(node).iter().map(|(it, _)| capability(it)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let count = f64::from(u32::try_from(names.len()).unwrap_or(u32::MAX));
    let left = if names.iter().any(|it| it == "ALL") { 0.0 } else { 1.0 / (1.0 + count) };
    subject.say(&DROPPED, "", names.join(", "), &bytes(node)).risk(Risk::of(left, 1.0));
}

/// The documents of a text, one after the other, with places that count through all of it; `None` where one cannot be read.
pub(super) fn documents(text: &str) -> Option<Vec<Node>> {
    let mut out = Vec::new();
    let (mut begin, mut at) = (0, 0);
    let mut read = |part: Range<usize>| -> Option<()> {
        let mut node = yaml::read(&text[part.clone()]).ok()?.root;
        node.shift(part.start);
        out.push(node);
        Some(())
    };
    for line in text.split_inclusive('\n') {
        let is_mark = line.strip_prefix("---").is_some_and(|it| it.trim().is_empty() || it.starts_with([' ', '\t']));
        if is_mark && at > begin {
            read(begin..at)?;
            begin = at;
        }
        at += line.len();
    }
    read(begin..text.len())?;
    Some(out)
}

/// A size in bytes.
#[expect(clippy::cast_precision_loss, reason = "only compared with others")]
pub(super) fn size(text: &str) -> Option<f64> {
    size_of(text).map(|it| it as f64)
}

/// A limit at which 0 and what is below it mean that there is none.
pub(super) fn limit(number: Option<f64>) -> Risk {
    Risk::limit(number.map(|it| if it <= 0.0 { f64::INFINITY } else { it }))
}

/// A user of a container: worst where it is root, or where nothing but the image says who.
pub(super) fn user(text: &str) -> Risk {
    let assumed = assume(text);
    let name = assumed.split(':').next().unwrap_or_default().trim();
    let is_root = name == "root" || (!name.is_empty() && name.bytes().all(|it| it == b'0'));
    Risk::of(if is_root { 1.0 } else { 0.0 }, 1.0)
}

/// How exactly an image is said: by digest, by a tag, by none or `latest`.
pub(super) fn image(text: &str) -> Risk {
    let assumed = assume(text);
    Risk::level(match image_tag(&assumed) {
        _ if assumed.contains('@') || assumed.is_empty() || assumed == "scratch" => 0.0,
        None | Some("latest") => 2.0,
        Some(_) => 1.0,
    })
}
