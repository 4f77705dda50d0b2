//! A YAML document on its way out: a tree with comments, written in the style of somebody who writes it by hand, and
//! the difference of two such trees as a compose overlay.

use std::fmt::Write as _;

use super::{json, one_line};

/// A value that will be written as YAML.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Text as it is meant; quoted where it has to be.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Any other number.
    Float(serde_json::Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A list.
    List(Vec<Tree>, Style),
    /// A map, in the order in which it is written.
    Map(Vec<Entry>, Style),
    /// A value with a tag: `!override [a]`.
    Tagged(&'static str, Box<Tree>),
    /// `&name` before a value.
    Anchor(String, Box<Tree>),
    /// `*name`.
    Alias(String),
    /// No value: a block of this name for the owner of the file, where an entry of a map could stand.
    Keep(String),
}

/// How a list or map is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Each entry on a line of its own.
    Block,
    /// On one line, as long as it fits there.
    Flow,
}

/// An entry of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// What its reader should know, above it.
    pub comment: Option<String>,
    /// Its value.
    pub value: Tree,
}

/// Comments say the same thing twice, so they make no difference.
impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key == other.key && self.value == other.value
    }
}

/// Longer than prose: a mount on one line is easier to compare with the next than five lines are.
const WIDTH: usize = 130;

impl Tree {
    /// A map, a line for each entry.
    pub fn map(entries: impl IntoIterator<Item = Entry>) -> Tree {
        Tree::Map(entries.into_iter().collect(), Style::Block)
    }

    /// A map on one line.
    pub fn flow_map(entries: impl IntoIterator<Item = Entry>) -> Tree {
        Tree::Map(entries.into_iter().collect(), Style::Flow)
    }

    /// A list, a line for each item.
    pub fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
        Tree::List(items.into_iter().collect(), Style::Block)
    }

    /// A list on one line.
    pub fn flow_list(items: impl IntoIterator<Item = Tree>) -> Tree {
        Tree::List(items.into_iter().collect(), Style::Flow)
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Tree {
        Tree::Text(text.into())
    }

    /// The value of `key`, in a map.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Map(entries, _) => entries.iter().find(|it| it.key == key).map(|it| &it.value),
            _ => None,
        }
    }

    /// The text of a document, with a blank line between its entries, and between services.
    pub fn document(&self) -> String {
        let mut out = String::new();
        if let Tree::Map(entries, _) = self {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push('\n');
                }
                write_entry(&mut out, entry, 0, entry.key == "services");
            }
        }
        out
    }

    pub(crate) fn flow(&self) -> Option<String> {
        Some(match self {
            Tree::Text(text) => scalar(text, true),
            Tree::Number(it) => it.to_string(),
            Tree::Float(it) => it.to_string(),
            Tree::Bool(it) => it.to_string(),
            Tree::Null => "null".to_owned(),
            Tree::Alias(name) => format!("*{name}"),
            Tree::List(items, _) => {
                let items: Option<Vec<String>> = items.iter().map(Tree::flow).collect();
                format!("[{}]", items?.join(", "))
            }
            Tree::Map(entries, _) => {
                if entries.iter().any(|it| it.comment.is_some()) {
                    return None;
                }
                let entries: Option<Vec<String>> =
                    entries.iter().map(|it| Some(format!("{}: {}", scalar(&it.key, true), it.value.flow()?))).collect();
                let entries = entries?;
                if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
            }
            Tree::Tagged(tag, value) => format!("{tag} {}", value.flow()?),
            Tree::Anchor(name, value) => format!("&{name} {}", value.flow()?),
            Tree::Keep(_) => return None,
        })
    }

    fn is_empty(&self) -> bool {
        matches!(self, Tree::List(items, _) if items.is_empty())
            || matches!(self, Tree::Map(entries, _) if entries.is_empty())
    }

    /// Whether it is written after its key, on the same line, given what stands there already.
    fn inline(&self, used: usize) -> Option<String> {
        let wants = match self {
            Tree::List(_, style) | Tree::Map(_, style) => *style == Style::Flow || self.is_empty(),
            Tree::Tagged(_, value) | Tree::Anchor(_, value) => {
                return self.flow().filter(|it| value.inline(used).is_some() && used + it.len() <= WIDTH);
            }
            Tree::Text(text) => return block_text(text).is_none().then(|| scalar(text, false)),
            _ => true,
        };
        let text = if wants { self.flow()? } else { return None };
        let simple = !matches!(self, Tree::List(..) | Tree::Map(..));
        (simple || self.is_empty() || used + text.len() <= WIDTH).then_some(text)
    }
}

/// An entry with its lines, so far indented.
pub fn lines(entry: &Entry, indent: usize) -> String {
    let mut out = String::new();
    write_entry(&mut out, entry, indent, false);
    out
}

/// An entry without a comment.
pub fn entry(key: impl Into<String>, value: Tree) -> Entry {
    Entry { key: key.into(), comment: None, value }
}

impl Entry {
    /// A block for the owner of the file.
    pub fn keep(name: impl Into<String>) -> Entry {
        entry("", Tree::Keep(name.into()))
    }

    /// The same with a comment above it.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Entry {
        self.comment = Some(comment.into());
        self
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}

fn write_comment(out: &mut String, comment: &str, depth: usize) {
    for line in comment.lines() {
        indent(out, depth);
        out.push_str("# ");
        out.push_str(one_line(line).trim_end());
        out.push('\n');
    }
}

fn write_entry(out: &mut String, entry: &Entry, depth: usize, spaced: bool) {
    if let Some(comment) = &entry.comment {
        write_comment(out, comment, depth);
    }
    if let Tree::Keep(name) = &entry.value {
        write_comment(out, &format!("forge:keep {name}\nforge:end"), depth);
        return;
    }
    indent(out, depth);
    // The merge key is no text: quoted, it would merge nothing.
    let key = if entry.key == "<<" { entry.key.clone() } else { scalar(&entry.key, false) };
    out.push_str(&key);
    out.push(':');
    write_value(out, &entry.value, depth, depth + key.len() + 2, spaced);
}

fn write_value(out: &mut String, value: &Tree, depth: usize, used: usize, spaced: bool) {
    if let Some(text) = value.inline(used) {
        out.push(' ');
        out.push_str(&text);
        out.push('\n');
        return;
    }
    match value {
        Tree::Text(text) => {
            let lines = block_text(text).expect("what is not inline is a block");
            out.push_str(" |\n");
            for line in lines {
                if !line.is_empty() {
                    indent(out, depth + 2);
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        Tree::Tagged(tag, value) => {
            let _ = write!(out, " {tag}");
            write_value(out, value, depth, used + tag.len() + 1, spaced);
        }
        Tree::Anchor(name, value) => {
            let _ = write!(out, " &{name}");
            write_value(out, value, depth, used + name.len() + 2, spaced);
        }
        Tree::List(items, Style::Flow) if items.iter().all(|it| matches!(it, Tree::Text(_))) => {
            let _ = writeln!(out, " {}", wrapped(items, used));
        }
        Tree::Map(entries, _) => {
            out.push('\n');
            for (index, entry) in entries.iter().enumerate() {
                if spaced && index > 0 {
                    out.push('\n');
                }
                write_entry(out, entry, depth + 2, false);
            }
        }
        Tree::List(items, _) => {
            out.push('\n');
            for item in items {
                indent(out, depth + 2);
                out.push('-');
                if let (Tree::Map(entries, _), None) = (item, item.inline(depth + 4)) {
                    // The first entry stands beside the dash.
                    let mut lines = String::new();
                    entries.iter().for_each(|it| write_entry(&mut lines, it, depth + 4, false));
                    out.push(' ');
                    out.push_str(lines.trim_start());
                } else {
                    write_value(out, item, depth + 2, depth + 4, false);
                }
            }
        }
        _ => unreachable!("scalars are always inline"),
    }
}

/// Words between brackets, on as many lines as they need; the others begin below the first.
fn wrapped(items: &[Tree], used: usize) -> String {
    let mut out = String::from("[");
    let mut column = used + 1;
    for (index, item) in items.iter().enumerate() {
        let word = item.flow().unwrap_or_default();
        let end = if index + 1 == items.len() { "]" } else { "," };
        if index > 0 && column + word.len() + 2 > WIDTH - 10 {
            out.push('\n');
            indent(&mut out, used + 1);
            column = used + 1;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        let _ = write!(out, "{word}{end}");
        column += word.len() + 1;
    }
    out
}

/// The lines of `text`, if it reads best as a block. Only what every reader takes unchanged.
fn block_text(text: &str) -> Option<Vec<&str>> {
    let body = text.strip_suffix('\n')?;
    let fits = |it: &str| {
        !it.ends_with(' ')
            && !it.chars().any(|it| {
                it.is_control()
                    || matches!(it, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            })
    };
    let lines: Vec<&str> = body.split('\n').collect();
    let begins = !body.starts_with([' ', '\n']) && !body.is_empty() && !body.ends_with('\n');
    (begins && lines.iter().all(|it| fits(it))).then_some(lines)
}

/// A scalar as short as every reader of YAML 1.1 and 1.2 takes it for this text.
pub(super) fn scalar(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) {
        return text.to_owned();
    }
    let single = text.contains(['"', '\\'])
        && !text.contains('\'')
        && text.chars().all(|it| (' '..='~').contains(&it) || (it > '\u{a0}' && it < '\u{2000}' && it != '\u{61c}'));
    if single { format!("'{text}'") } else { json(text) }
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return false };
    let flag = first == '-' && text.trim_start_matches('-').starts_with(|it: char| it.is_ascii_alphabetic());
    let begins = first.is_ascii_alphabetic() || matches!(first, '_' | '/' | '.') || flag;
    let amount = first.is_ascii_digit() && {
        let digits = text.trim_start_matches(|it: char| it.is_ascii_digit());
        !digits.is_empty()
            && digits.chars().all(|it| "smhKMG0123456789".contains(it))
            && digits.chars().any(|it| it.is_ascii_alphabetic())
    };
    let within =
        |it: char| it.is_ascii_alphanumeric() || "_./@+-".contains(it) || (!in_flow && "${}=%~(),;&^".contains(it));
    let mut before = first;
    let mut fits = begins || amount;
    for it in characters {
        fits &= within(it) || it == ':' || (it == ' ' && before != ':' && !in_flow);
        // `: ` ends a key.
        fits &= !(before == ':' && it == ' ');
        before = it;
    }
    let word = text.to_ascii_lowercase();
    let reserved =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", "-.inf", ".nan", "_", "-", "="]
            .contains(&word.as_str());
    let numeric = text.starts_with('.') && text[1..].starts_with(|it: char| it.is_ascii_digit());
    // In brackets a colon may end a word for some readers.
    let split = in_flow && text.contains("://");
    fits && !(reserved || numeric || split || before == ':' || before == ' ' || text.contains(" #"))
}

/// What has to stand in a compose overlay so that `base` with it becomes `wanted`; `None` where they are equal.
pub fn overlay(base: &Tree, wanted: &Tree) -> Option<Tree> {
    difference(base, wanted, "")
}

fn difference(base: &Tree, wanted: &Tree, key: &str) -> Option<Tree> {
    if base == wanted {
        return None;
    }
    match (base, wanted) {
        // Another driver is another log: compose takes nothing over from the one before.
        (Tree::Map(..), Tree::Map(..)) if key == "logging" && base.get("driver") != wanted.get("driver") => {
            Some(wanted.clone())
        }
        (Tree::Map(old, _), Tree::Map(new, style)) => {
            let mut entries: Vec<Entry> = Vec::new();
            for it in new {
                match old.iter().find(|old| old.key == it.key) {
                    None => entries.push(it.clone()),
                    Some(same) => {
                        // What is to be known about an entry stands in the base.
                        let comment = it.comment.clone().filter(|_| same.comment.is_none());
                        entries.extend(difference(&same.value, &it.value, &it.key).map(|value| Entry {
                            value,
                            comment,
                            key: it.key.clone(),
                        }));
                    }
                }
            }
            for it in old.iter().filter(|old| !new.iter().any(|it| it.key == old.key)) {
                entries.push(entry(it.key.clone(), Tree::Tagged("!reset", Box::new(Tree::Null))));
            }
            Some(Tree::Map(entries, *style))
        }
        // Compose replaces these.
        (Tree::List(..), Tree::List(..)) if ["command", "test", "entrypoint"].contains(&key) => Some(wanted.clone()),
        // Compose merges these by the path in the container: what is the same need not be said again.
        (Tree::List(old, _), Tree::List(new, style))
            if ["volumes", "tmpfs"].contains(&key)
                && old.iter().all(|it| new.iter().any(|new| target(new) == target(it))) =>
        {
            Some(Tree::List(new.iter().filter(|it| !old.contains(it)).cloned().collect(), *style))
        }
        // All other lists it appends.
        (Tree::List(..), Tree::List(..)) => Some(Tree::Tagged("!override", Box::new(wanted.clone()))),
        _ => Some(wanted.clone()),
    }
}

/// The path in the container of an item of `volumes` or `tmpfs`.
fn target(item: &Tree) -> Option<&str> {
    match item {
        Tree::Text(text) if text.starts_with('/') => text.split(':').next(),
        Tree::Text(text) => text.split(':').nth(1),
        item => match item.get("target") {
            Some(Tree::Text(text)) => Some(text),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_a_reader_would_take_it_for_something_else() {
        for plain in [
            "info",
            "30s",
            "512M",
            "1m30s",
            "/tmp:size=64m,uid=1",
            "a b",
            "ghcr.io/a/b:${V:-local}",
            "no-new-privileges:true",
        ] {
            assert_eq!(scalar(plain, false), plain);
        }
        for quoted in [
            "",
            "no",
            "NO",
            "1",
            "1.0",
            "1_000",
            "0x1f",
            "12:30",
            "2024-01-01",
            "a: b",
            "a #b",
            "- a",
            "*a",
            "~",
            "a\nb",
            "é",
            "'",
            "x:",
            " a",
        ] {
            let text = scalar(quoted, false);
            assert!(text.starts_with(['"', '\'']), "{quoted:?} is written as {text}");
        }
    }

    #[test]
    fn an_overlay_says_only_what_differs() {
        let tree = |replicas, ports: &[&str]| {
            Tree::map([
                entry("ports", Tree::list(ports.iter().map(|it| Tree::text(*it)))),
                entry("replicas", Tree::Number(replicas)),
                entry("image", Tree::text("a")),
            ])
        };
        let over = overlay(&tree(2, &["80"]), &tree(1, &["81"])).map(|it| it.document());
        assert_eq!(over.as_deref(), Some("ports: !override\n  - \"81\"\n\nreplicas: 1\n"));
        assert_eq!(overlay(&tree(2, &["80"]), &tree(2, &["80"])), None);
    }
}
