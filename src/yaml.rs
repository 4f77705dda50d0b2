//! YAML text into a tree that knows where each key and value was written. The only file that names the YAML crate.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_yaml::{Spanned, Tagged};

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, Step};
use crate::merge::first_marker;

/// One value of a document, and where it stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// What was written.
    pub value: Value,
    /// The bytes of the key before it; empty in lists and at the root.
    pub key: Range<usize>,
    /// The bytes of the value itself.
    pub at: Range<usize>,
    /// A tag of the document's own, such as `!override`.
    pub tag: Option<Box<str>>,
    /// Whether an overlay of the same document put it here.
    pub overlaid: bool,
}

/// A value by kind. Whole floats are integers: `1.0` and `1` mean the same everywhere in forge.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    #[default]
    Null,
    /// `true` or `false`, and no other word.
    Bool(bool),
    /// Any number.
    Number(Number),
    /// Text.
    String(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: b}`, in the order written.
    Map(IndexMap<String, Node>),
}

/// A document: its text and its tree.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The text as it was read.
    pub text: Arc<str>,
    /// The value of the whole document.
    pub root: Node,
    /// Where its lines begin.
    starts: Vec<usize>,
}

/// Whether a file of this name holds YAML.
pub fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Reads one YAML document that somebody wrote.
///
/// # Errors
/// One diagnostic that points into `text`: syntax, a duplicate key, more than one document, nesting or aliases beyond
/// what a spec needs, a number that is none.
pub fn read(text: &str) -> Result<Doc, Diagnostic> {
    read_within(text, 200_000)
}

/// Reads what forge itself wrote or brings along, which needs no places and takes a third of the time without. Aliases
/// may stand for as much as they like; what has a tag is read as if it had none.
///
/// # Errors
/// What is wrong with it, in the words of the YAML reader.
pub fn plain(text: &str) -> Result<serde_json::Value, String> {
    serde_yaml::from_str_with_options(text, options(usize::MAX)).map_err(|error| complaint(text, &error).message)
}

/// `replayed` is how many nodes aliases may stand for, all together.
fn options(replayed: usize) -> serde_yaml::Options {
    serde_yaml::options! {
        strict_booleans: true,
        with_snippet: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: replayed,
            max_alias_expansions_per_anchor: usize::MAX,
        },
        budget: serde_yaml::budget! {
            max_events: 8_000_000,
            max_nodes: 4_000_000,
            max_aliases: 1_000_000,
            max_merge_keys: 1_000_000,
            max_total_scalar_bytes: 64 << 20,
            enforce_alias_anchor_ratio: false,
        },
    }
}

fn read_within(text: &str, replayed: usize) -> Result<Doc, Diagnostic> {
    match serde_yaml::from_str_with_options::<Spanned<Node>>(text, options(replayed)) {
        Ok(root) => Ok(Doc::new(text, place(root))),
        Err(error) => Err(complaint(text, &error)),
    }
}

fn complaint(text: &str, error: &serde_yaml::Error) -> Diagnostic {
    if let Some(at) = first_marker(text) {
        return Diagnostic::error(&codes::YAML, Place::Bytes(at), "a merge left its conflict markers here")
            .help("keep one side of each conflict, or what both come to, and take the lines of markers out");
    }
    let at = error.location().map_or(0..0, |it| words(text, &it));
    let message = error.render_with_formatter(&serde_yaml::UserMessageFormatter);
    // The reader adds " at line 3, column 1"; the place says so already.
    let message = message.split(" at line ").next().unwrap_or(&message).trim();
    let tabbed = text.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line))
    });
    let tabbed = tabbed.into_iter().find(|(_, line)| line.trim_start_matches(' ').starts_with('\t'));
    if let Some((start, line)) = tabbed.filter(|_| message.contains(" tab")) {
        let tab = start + line.find('\t').unwrap_or(0);
        return Diagnostic::error(&codes::YAML, Place::Bytes(tab..tab + 1), "a line begins with a tab")
            .help("YAML indents with spaces");
    }
    // The reader's own words are about its counters.
    let (message, help) = if message.contains("single YAML document") {
        (message, Some("a spec is one document: remove the `---` between them"))
    } else if message.contains("recursion limit") || message.contains("Depth") {
        ("the document is nested too deeply", Some("a spec is no deeper than ten levels: is this really one?"))
    } else if message.contains("replayed") || message.contains("alias") && message.contains("complex") {
        ("the aliases of the document stand for too much", Some("write out what an alias stands for, once"))
    } else if message.contains("too large or too complex") {
        ("the document is larger than a spec can be", Some("is this really a spec?"))
    } else if message.contains("duplicate mapping key") {
        (message, Some("each name stands once in a map: keep one of the two, or give this one another name"))
    } else if message.contains("mapping values are not allowed") {
        (message, Some("mend the indentation; a value with `: ` in it needs quotes"))
    } else if message.contains("',' or ") {
        (message, Some("close the bracket, or put a comma between entries"))
    } else if message.contains("simple key expected") {
        (message, Some("write `key: value`, with a colon and a blank between them"))
    } else if message.contains("unexpected character") || message.contains("unknown anchor") {
        (message, Some("put the value in quotes"))
    } else if message.contains("quoted scalar") {
        (message, Some("close the quotes, or indent what follows"))
    } else if message.contains("expected key") || message.contains("indentation") {
        (message, Some("mend the indentation: entries of one map begin in one column"))
    } else {
        (message, None)
    };
    let complaint = Diagnostic::error(&codes::YAML, Place::Bytes(at), message);
    match help {
        Some(help) => complaint.help(help),
        None => complaint,
    }
}

/// The bytes of what an error is about: of a syntax error only line and column are known, and then it is the rest of the line.
fn words(text: &str, location: &serde_yaml::Location) -> Range<usize> {
    if location.span().byte_offset().is_some_and(|it| it > 0) {
        let at = bytes(location);
        return at.start.min(text.len())..at.end.min(text.len());
    }
    let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX).saturating_sub(1);
    let (line, column) = (number(location.line()), number(location.column()));
    // At its end, a text that lacks something has no more words to show: its last line has.
    let last = text.lines().count().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line.min(last)).map(str::len).sum();
    let words = text[start..].lines().next().unwrap_or_default();
    let skipped = if line > last { 0 } else { words.chars().take(column).map(char::len_utf8).sum() };
    let skipped = if words[skipped..].trim().is_empty() { words.len() - words.trim_start().len() } else { skipped };
    start + skipped..start + words.trim_end().len().max(skipped)
}

/// The bytes of a place; a reader of text always knows them.
fn bytes(location: &serde_yaml::Location) -> Range<usize> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset().unwrap_or(0)).unwrap_or(0);
    start..start + usize::try_from(span.byte_len().unwrap_or(0)).unwrap_or(0)
}

fn place(spanned: Spanned<Node>) -> Node {
    Node { at: bytes(&spanned.referenced), ..spanned.value }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
                Ok(Value::Bool(it))
            }
            fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
                Ok(Value::Number(it.into()))
            }
            fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
                Ok(Value::Number(it.into()))
            }
            fn visit_f64<E: de::Error>(self, it: f64) -> Result<Value, E> {
                number(it).map(Value::Number)
            }
            fn visit_str<E>(self, it: &str) -> Result<Value, E> {
                Ok(Value::String(it.to_owned()))
            }
            fn visit_string<E>(self, it: String) -> Result<Value, E> {
                Ok(Value::String(it))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element::<Spanned<Node>>()? {
                    items.push(place(item));
                }
                Ok(Value::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = IndexMap::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    let node = map.next_value::<Spanned<Node>>()?;
                    let node = Node { key: bytes(&key.referenced), ..place(node) };
                    entries.insert(key.value, node);
                }
                Ok(Value::Map(entries))
            }
        }
        struct Untagged(Value);
        impl<'de> Deserialize<'de> for Untagged {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Untagged, D::Error> {
                deserializer.deserialize_any(Any).map(Untagged)
            }
        }
        let Tagged(Untagged(value), tag) = Tagged::<Untagged>::deserialize(deserializer)?;
        let tag = tag.filter(|it| it.starts_with('!')).map(Into::into);
        Ok(Node { value, key: 0..0, at: 0..0, tag, overlaid: false })
    }
}

/// A value as somebody would write it on one line of YAML.
pub fn flow(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, it)| format!("{key}: {}", flow(it))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// JSON Schema calls 80.0 an integer and serde does not; settled here, once.
#[expect(clippy::cast_possible_truncation, reason = "only where the float is whole and small")]
fn number<E: de::Error>(it: f64) -> Result<Number, E> {
    if it.fract() == 0.0 && it.abs() < 9e15 {
        return Ok((it as i64).into());
    }
    Number::from_f64(it).ok_or_else(|| E::custom("not a finite number"))
}

impl Node {
    /// The entry `key` of a map; `None` in anything else.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The node at `path`, if something was written there.
    pub fn at(&self, path: &Path) -> Option<&Node> {
        path.0.iter().try_fold(self, Node::step)
    }

    /// Moves all places on by so many bytes: those of a text that is a part of another one.
    pub fn shift(&mut self, by: usize) {
        for range in [&mut self.key, &mut self.at] {
            *range = range.start + by..range.end + by;
        }
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|it| it.shift(by)),
            Value::Map(entries) => entries.values_mut().for_each(|it| it.shift(by)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Takes out the node at `path`; whether there was one. The root stays.
    pub fn remove(&mut self, path: &Path) -> bool {
        let Some((last, above)) = path.0.split_last() else { return false };
        let Some(node) = self.at_mut(&Path(above.to_vec())) else { return false };
        match (last, &mut node.value) {
            (Step::Key(key), Value::Map(entries)) => entries.shift_remove(&**key).is_some(),
            (Step::Index(index), Value::Map(entries)) => entries.shift_remove(&index.to_string()).is_some(),
            (Step::Index(index), Value::List(items)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            _ => false,
        }
    }

    /// As [`at`](Self::at), to change it. Items of a list are not found by their text.
    pub fn at_mut(&mut self, path: &Path) -> Option<&mut Node> {
        path.0.iter().try_fold(self, |node, step| match (step, &mut node.value) {
            (Step::Key(key), Value::Map(entries)) => entries.get_mut(&**key),
            (Step::Index(index), Value::List(items)) => items.get_mut(*index),
            _ => None,
        })
    }

    fn step<'a>(&'a self, step: &Step) -> Option<&'a Node> {
        match (step, &self.value) {
            (Step::Key(key), Value::Map(entries)) => entries.get(&**key),
            // `needs: [db]` is the short form of `needs: {db: {}}`: a path by name finds the item.
            (Step::Key(key), Value::List(items)) => {
                let named = items.iter().find(|it| matches!(&it.value, Value::String(text) if **text == **key));
                named.or_else(|| items.get(key.parse::<usize>().ok()?))
            }
            (Step::Index(index), Value::List(items)) => items.get(*index),
            // A JSON pointer does not tell a number from a key that looks like one.
            (Step::Index(index), Value::Map(entries)) => entries.get(&index.to_string()),
            _ => None,
        }
    }

    /// The entries of a map with their keys; of anything else, none.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        let entries = match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        };
        entries.into_iter().flatten().map(|(key, node)| (key.as_str(), node))
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string; `None` for anything else.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same tree as JSON, without places.
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(it) => (*it).into(),
            Value::Number(it) => serde_json::Value::Number(it.clone()),
            Value::String(it) => it.clone().into(),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Map(entries) => entries.iter().map(|(key, node)| (key.clone(), node.json())).collect(),
        }
    }

    /// Lays `over` on this tree: maps merge, all else replaces, `null` takes the entry away.
    pub fn overlay(&mut self, over: &Node) {
        match (&mut self.value, &over.value) {
            (Value::Map(entries), Value::Map(others)) => {
                for (key, node) in others {
                    if node.value == Value::Null {
                        entries.shift_remove(key);
                    } else if let Some(entry) = entries.get_mut(key) {
                        entry.overlay(node);
                    } else {
                        entries.insert(key.clone(), node.clone().overlaid());
                    }
                }
            }
            _ => *self = over.clone().overlaid(),
        }
    }

    /// The first node below this one that an overlay put there.
    pub fn first_overlaid(&self) -> Option<&Node> {
        let below: Box<dyn Iterator<Item = &Node>> = match &self.value {
            Value::List(items) => Box::new(items.iter()),
            Value::Map(entries) => Box::new(entries.values()),
            _ => Box::new(std::iter::empty()),
        };
        below.into_iter().find_map(|it| if it.overlaid { Some(it) } else { it.first_overlaid() })
    }

    /// This node, marked as an overlay's with all below it; entries that are `null` go.
    #[must_use]
    fn overlaid(mut self) -> Node {
        self.overlaid = true;
        self.value = match self.value {
            Value::List(items) => Value::List(items.into_iter().map(Node::overlaid).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .filter(|(_, node)| node.value != Value::Null)
                    .map(|(key, node)| (key, node.overlaid()))
                    .collect(),
            ),
            other => other,
        };
        self
    }
}

impl Doc {
    /// A document of this text and tree.
    pub fn new(text: &str, root: Node) -> Doc {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Doc { text: text.into(), root, starts }
    }

    /// The numbers that were written in another way than JSON writes them (`1.10`, `0x1f`): where each is, as a JSON
    /// pointer, the words, and the number.
    pub fn rewritten_numbers(&self) -> Vec<(String, String, Number)> {
        fn walk(node: &Node, text: &str, pointer: &mut String, out: &mut Vec<(String, String, Number)>) {
            let depth = pointer.len();
            match &node.value {
                Value::Number(number) => {
                    let written = text.get(node.at.clone()).unwrap_or_default();
                    let is_number = written.bytes().all(|it| it.is_ascii_alphanumeric() || b".+-".contains(&it));
                    if is_number && !written.is_empty() && written != number.to_string() {
                        out.push((pointer.clone(), written.to_owned(), number.clone()));
                    }
                }
                Value::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        pointer.push_str(&format!("/{index}"));
                        walk(item, text, pointer, out);
                        pointer.truncate(depth);
                    }
                }
                Value::Map(entries) => {
                    for (key, value) in entries {
                        pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                        walk(value, text, pointer, out);
                        pointer.truncate(depth);
                    }
                }
                _ => {}
            }
        }
        let mut out = Vec::new();
        walk(&self.root, &self.text, &mut String::new(), &mut out);
        out
    }

    /// The bytes that `place` names. What was never written is located at the nearest thing around it that was.
    pub fn locate(&self, place: &Place) -> Range<usize> {
        let (path, wants_key) = match place {
            Place::Bytes(range) => return range.clone(),
            Place::Key(path) => (path, true),
            Place::Value(path) => (path, false),
        };
        let mut node = &self.root;
        let mut found = true;
        for step in &path.0 {
            match node.step(step) {
                Some(next) => node = next,
                None => {
                    found = false;
                    break;
                }
            }
        }
        let has_key = !node.key.is_empty();
        let scalar = !matches!(node.value, Value::Map(_) | Value::List(_)) && !node.at.is_empty();
        if has_key && (wants_key || !found || !scalar) { node.key.clone() } else { self.first_line(&node.at) }
    }

    /// The line, counted from 1, on which `byte` stands.
    pub fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|it| *it <= byte)
    }

    fn first_line(&self, at: &Range<usize>) -> Range<usize> {
        let text = self.text.get(at.clone()).unwrap_or("");
        let line = text.lines().next().unwrap_or("").trim_end();
        at.start..at.start + line.len()
    }
}
