//! YAML files, by path: `services.api.labels`, `services.api.ports[0]`. What is not patched keeps its comments and its
//! style.

use std::ops::Range;

use serde_json::Value;

use super::{Missed, line_end, line_start, moved, replaced};
use crate::diagnostic::{Path, Step};
use crate::project::Edit;
use crate::render::tree::{Tree, entry, lines};
use crate::yaml::{self, Doc, Node};

/// A place is a path of keys, and of numbers from 0 in lists. What an alias or `<<` brings in can be set, which takes it
/// out of what is shared.
pub(super) fn apply(text: &str, at: &Path, edit: &Edit, expect: Option<&Value>) -> Result<String, Missed> {
    let broken = |it: crate::diagnostic::Diagnostic| {
        Missed::new("file", it.message, "the file is no YAML any more: mend the patches before this one")
    };
    let doc = yaml::read(text).map_err(broken)?;
    let found = doc.root.at(at);
    if let Some(expect) = expect {
        let there = found.map(Node::json);
        if there.as_ref() != Some(expect) {
            let message = match there {
                Some(it) => format!("it is `{}` there", yaml::flow(&it).escape_debug()),
                None => format!("there is no `{at}`"),
            };
            return Err(Missed::new("expect", message, moved()));
        }
    }
    if let Edit::Set(value) | Edit::Add(value) = edit
        && (at.0.last().is_some_and(|it| matches!(it, Step::Key(key) if &**key == "<<")) || has_merge_key(value))
    {
        let help = "write the entries that it stands for";
        return Err(Missed::new(super::key(edit), "`<<` is no key, but takes in another map", help));
    }
    let file = File { doc: &doc, text };
    match (edit, found) {
        (Edit::Set(value), _) => file.set(at, value),
        (Edit::Add(value), None) => file.set(at, value),
        (Edit::Add(value), Some(node)) => file.add(at, node, value),
        (Edit::Remove, Some(_)) => file.remove(at),
        (Edit::Remove, None) => Err(file.missed(at)),
        (Edit::Before(_) | Edit::After(_), _) => {
            let help = "the order of keys means nothing: write `set:` or `add:`";
            Err(Missed::new(super::key(edit), "this is for files of lines", help))
        }
    }
}

/// Where what is said in the braces that open at `start` ends, and where they close.
fn braces(text: &str, start: usize) -> Option<(usize, usize)> {
    let (mut depth, mut said) = (0_usize, start);
    let (mut quote, mut before) = (None, '\n');
    let mut characters = text.get(start..).filter(|it| it.starts_with('{'))?.char_indices();
    while let Some((at, it)) = characters.next() {
        let at = start + at;
        match (quote, it) {
            (None, '#') if before.is_whitespace() => {
                before = characters.find(|(_, it)| *it == '\n')?.1;
                continue;
            }
            (Some('"'), '\\') => drop(characters.next()),
            (Some(open), _) if it == open => quote = None,
            (Some(_), _) => {}
            // In the middle of a word it is a character like others.
            (None, '"' | '\'') if before.is_whitespace() || "{[,:".contains(before) => quote = Some(it),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') if depth == 1 => return Some((said, at)),
            (None, '}' | ']') => depth -= 1,
            _ => {}
        }
        if !it.is_whitespace() || quote.is_some() {
            said = at + it.len_utf8();
        }
        before = it;
    }
    None
}

/// Whether `<<` stands anywhere as a key.
fn has_merge_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_merge_key),
        Value::Object(map) => map.iter().any(|(key, it)| key == "<<" || has_merge_key(it)),
        _ => false,
    }
}

/// A document, and its text with what it is written like.
struct File<'a> {
    doc: &'a Doc,
    text: &'a str,
}

/// Where an entry of a map, or an item of a list, is written on lines of its own.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    /// From the start of its first line to the end of its last.
    bytes: Range<usize>,
    /// How far it is indented.
    indent: usize,
}

impl File<'_> {
    fn set(&self, at: &Path, value: &Value) -> Result<String, Missed> {
        let Some((last, above)) = at.0.split_last() else {
            return Err(Missed::new(
                "at",
                "a place is missing",
                "write `at:` with a path, such as `services.api.labels`",
            ));
        };
        if let Some(place) = self.written(at) {
            self.refuse_shared(at)?;
            // What stood on one line does so again.
            let was = self.doc.root.at(at).and_then(|it| self.text.get(it.at.clone())).unwrap_or_default();
            let new = rendered(last, value, place.indent, was.starts_with('{'));
            return Ok(replaced(self.text, place.bytes, &new));
        }
        // Beside its siblings, if those have lines of their own.
        let parent = Path(above.to_vec());
        let holder = self.doc.root.at(&parent).ok_or_else(|| self.missed(&parent))?;
        if let (Step::Key(_), yaml::Value::Map(entries)) = (last, &holder.value)
            && let Some(sibling) = entries.keys().rev().find_map(|it| self.written(&parent.key(it)))
        {
            // As short as what it comes after.
            let is_small = self.text[sibling.bytes.clone()].trim_end().lines().count() == 1 && value.is_object();
            let new = rendered(last, value, sibling.indent, is_small);
            return Ok(replaced(self.text, sibling.bytes.end..sibling.bytes.end, &new));
        }
        // Where somebody says something in or behind the braces around it, it goes before the last of them.
        if let Some(new) = self.in_braces(holder, &parent, last, value) {
            return Ok(new);
        }
        // Else what is around it on one line is written anew.
        let mut whole = holder.json();
        match (last, &mut whole) {
            (Step::Key(key), Value::Object(map)) => drop(map.insert(key.to_string(), value.clone())),
            (Step::Key(key), Value::Null) => whole = serde_json::json!({ &**key: value }),
            (Step::Index(index), Value::Array(items)) if *index < items.len() => items[*index] = value.clone(),
            _ => return Err(self.missed(at)),
        }
        self.set(&parent, &whole)
    }

    /// The text with one more entry behind the last one of a map in braces whose lines have comments; `None` where that is no
    /// such map, or what comes out says something else.
    fn in_braces(&self, holder: &Node, at: &Path, key: &Step, value: &Value) -> Option<String> {
        let (Step::Key(key), Value::Object(mut whole)) = (key, holder.json()) else { return None };
        let (said, close) = braces(self.text, holder.at.start)?;
        let lines = line_start(self.text, holder.at.start)..line_end(self.text, close);
        let is_commented = self.text[lines].contains(" #");
        let is_new = whole.insert(key.to_string(), value.clone()).is_none();
        if !is_commented || !is_new {
            return None;
        }
        let entry = Tree::flow_map([entry(&**key, tree(value, 1))]).flow()?;
        let entry = entry.strip_prefix("{ ")?.strip_suffix(" }")?;
        let comma = if self.text[..said].ends_with([',', '{']) { "" } else { "," };
        let new = replaced(self.text, said..said, &format!("{comma} {entry}"));
        let read = yaml::read(&new).ok()?;
        (read.root.at(at)?.json() == Value::Object(whole)).then_some(new)
    }

    fn add(&self, at: &Path, node: &Node, value: &Value) -> Result<String, Missed> {
        match (node.json(), value) {
            (Value::Array(mut items), value) => {
                let new: Vec<Value> = match value {
                    Value::Array(more) => more.clone(),
                    one => vec![one.clone()],
                };
                let last = items.len().checked_sub(1).and_then(|it| self.written(&at.index(it)));
                if let Some(last) = last {
                    let new: String = new.iter().map(|it| item(it, last.indent)).collect();
                    return Ok(replaced(self.text, last.bytes.end..last.bytes.end, &new));
                }
                items.extend(new);
                self.set(at, &items.into())
            }
            (Value::Object(there), Value::Object(new)) => {
                if let Some(key) = new.keys().find(|it| there.contains_key(*it)) {
                    let message = format!("`{}` is there already", key.escape_debug());
                    return Err(Missed::new("add", message, "write `set:` to replace it"));
                }
                // One after the other: each changes the text that the next is added to.
                new.iter().try_fold(self.text.to_owned(), |text, (key, value)| {
                    apply(&text, &at.key(key), &Edit::Set(value.clone()), None)
                })
            }
            (Value::Object(_), _) => Err(Missed::new("add", "a map takes entries", "write `add: { key: value }`")),
            _ => Err(Missed::new("add", format!("`{at}` is one value"), "write `set:` to replace it")),
        }
    }

    fn remove(&self, at: &Path) -> Result<String, Missed> {
        let Some((last, above)) = at.0.split_last() else { return Err(self.missed(at)) };
        let parent = Path(above.to_vec());
        let mut whole = self.doc.root.at(&parent).map(Node::json).unwrap_or_default();
        let is_only = match (last, &mut whole) {
            (Step::Key(key), Value::Object(map)) => {
                map.shift_remove(&**key);
                map.is_empty()
            }
            (Step::Index(index), Value::Array(items)) if *index < items.len() => {
                items.remove(*index);
                items.is_empty()
            }
            _ => return Err(self.missed(at)),
        };
        match self.written(at) {
            Some(place) if !is_only || above.is_empty() => {
                self.refuse_shared(at)?;
                Ok(replaced(self.text, self.commented(&place)..place.bytes.end, ""))
            }
            None if self.has_lines(&parent) => {
                let help = "set it to what it shall be here, or remove it where the anchor is";
                Err(Missed::new("at", format!("`{at}` comes in with `<<`"), help))
            }
            _ => self.set(&parent, &whole),
        }
    }

    /// Whether entries of the map at `at` have lines of their own.
    fn has_lines(&self, at: &Path) -> bool {
        let map = self.doc.root.at(at).into_iter().flat_map(Node::entries);
        map.map(|(key, _)| at.key(key)).any(|it| self.written(&it).is_some())
    }

    /// Where an entry or item is written, if its first line begins with it and it is no alias's.
    fn written(&self, at: &Path) -> Option<Written> {
        let mut node = &self.doc.root;
        let mut place = Written { bytes: 0..self.text.len(), indent: 0 };
        for step in &at.0 {
            // What stands in braces has commas around it, whatever lines it is on.
            let is_flow = self.text.get(node.at.start..).is_some_and(|it| it.starts_with('{'));
            node = node.at(&Path(vec![step.clone()]))?;
            let start = match step {
                Step::Key(_) if !node.key.is_empty() && !is_flow => node.key.start,
                Step::Key(_) => return None,
                Step::Index(_) => {
                    let dash = self.text[..node.at.start].rfind('-')?;
                    // What stands in between is another list, and this only an item of that.
                    let is_own = self.text[dash + 1..node.at.start].trim().is_empty();
                    Some(dash).filter(|_| is_own)?
                }
            };
            let line = line_start(self.text, start);
            let is_first = self.text[line..start].bytes().all(|it| it == b' ');
            let is_inside = place.bytes.contains(&start);
            if !is_first || !is_inside {
                return None;
            }
            let indent = start - line;
            place = Written { bytes: line..self.end(start, indent, place.bytes.end), indent };
        }
        Some(place)
    }

    /// The end of the last line of what begins at `start`: before what stands no further in, and before comments and
    /// blank lines that belong to that.
    fn end(&self, start: usize, indent: usize, limit: usize) -> usize {
        let is_item = self.text[start..].starts_with('-');
        let mut end = line_end(self.text, start);
        let mut at = end;
        while at < limit {
            let next = line_end(self.text, at);
            let line = &self.text[at..next];
            let inner = line.len() - line.trim_start_matches(' ').len();
            let words = line.trim();
            let is_quiet = words.is_empty() || words.starts_with('#');
            // The items of a list may stand no further in than their key.
            let is_own_item = !is_item && inner == indent && (words == "-" || words.starts_with("- "));
            // What closes a brace or bracket begins nothing.
            let is_close = inner == indent && words.starts_with(['}', ']']);
            if !is_quiet && inner <= indent && !is_own_item && !is_close {
                break;
            }
            if !is_quiet || (inner > indent && !words.is_empty()) {
                end = next;
            }
            at = next;
        }
        end
    }

    /// Where the comments right above a place begin, but for marks of forge's.
    fn commented(&self, place: &Written) -> usize {
        let mut start = place.bytes.start;
        while start > 0 {
            let above = line_start(self.text, start - 1);
            let words = self.text[above..start].trim();
            if !words.starts_with('#') || words.contains("forge:") {
                break;
            }
            start = above;
        }
        start
    }

    /// Refuses to take away what others refer to, or what has a tag.
    fn refuse_shared(&self, at: &Path) -> Result<(), Missed> {
        fn tagged(node: &Node) -> bool {
            node.tag.is_some() || node.entries().any(|(_, it)| tagged(it)) || node.items().iter().any(tagged)
        }
        let Some(node) = self.doc.root.at(at) else { return Ok(()) };
        let place = self.written(at).map(|it| it.bytes).unwrap_or_default();
        // Where a value begins, behind `:` or `-`.
        let is_anchor = |line: &str| {
            let value = line.trim_start().trim_start_matches("- ");
            let value = value.split_once(": ").map_or(value, |(_, value)| value).trim_start();
            value.strip_prefix('&').is_some_and(|it| it.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_'))
        };
        let what = if tagged(node) {
            "a tag"
        } else if self.text[place].lines().any(is_anchor) {
            "an anchor"
        } else {
            return Ok(());
        };
        Err(Missed::new("at", format!("`{at}` holds {what}, which would be lost"), "name an entry inside of it"))
    }

    /// Says which step of a path is not there, and what is.
    fn missed(&self, at: &Path) -> Missed {
        let depth = (0..=at.0.len()).rev().find(|it| self.doc.root.at(&Path(at.0[..*it].to_vec())).is_some());
        let (there, rest) = at.0.split_at(depth.unwrap_or(0));
        let holder = self.doc.root.at(&Path(there.to_vec()));
        if let (Some(Step::Index(_)), Some(yaml::Value::List(items))) = (rest.first(), holder.map(|it| &it.value)) {
            let count = if let [_] = items[..] { "1 item".to_owned() } else { format!("{} items", items.len()) };
            let help = "the numbers begin with 0; write `add:` with the list alone for one more";
            return Missed::new("at", format!("`{}` has {count}", Path(there.to_vec())), help);
        }
        let name = rest.first().map_or_else(|| at.to_string(), |it| Path(vec![it.clone()]).to_string());
        let known = holder.into_iter().flat_map(Node::entries).map(|(key, _)| key);
        let what = if there.is_empty() { "key".to_owned() } else { format!("key in `{}`:", Path(there.to_vec())) };
        Missed::place(&what, &name, known)
    }
}

/// An entry or item with its lines.
pub(super) fn rendered(step: &Step, value: &Value, indent: usize, on_one_line: bool) -> String {
    match step {
        Step::Key(key) => lines(&entry(&**key, tree(value, usize::from(on_one_line))), indent),
        Step::Index(_) => item(value, indent),
    }
}

/// An item of a list with its lines; the dash stands at `indent`.
fn item(value: &Value, indent: usize) -> String {
    let list = lines(&entry("x", Tree::list([tree(value, 1)])), indent.saturating_sub(2));
    let item = list.split_once('\n').map_or("", |(_, rest)| rest);
    // A list at the left edge is written two further in than that.
    if indent >= 2 {
        item.to_owned()
    } else {
        item.lines().map(|it| format!("{}\n", it.get(2..).unwrap_or(it))).collect()
    }
}

/// A value in the style of a compose file: small maps and lists of words on one line.
fn tree(value: &Value, depth: usize) -> Tree {
    let is_word = |it: &Value| !(it.is_array() || it.is_object() || it.as_str().is_some_and(|it| it.contains('\n')));
    match value {
        Value::Null => Tree::Null,
        Value::Bool(it) => Tree::Bool(*it),
        Value::Number(it) => it.as_u64().map_or_else(|| Tree::Float(it.clone()), Tree::Number),
        Value::String(it) => Tree::text(it.as_str()),
        Value::Array(items) => {
            let trees = items.iter().map(|it| tree(it, depth + 1));
            if items.iter().all(is_word) { Tree::flow_list(trees) } else { Tree::list(trees) }
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, it)| entry(key.as_str(), tree(it, depth + 1)));
            let is_small = depth > 0 && map.len() <= 4 && map.values().all(is_word);
            if is_small { Tree::flow_map(entries) } else { Tree::map(entries) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_before_the_brace_that_a_comment_stands_behind() {
        for (text, expected) in [
            ("a: { b: 1, c: [x] }  # mine\nd: 2\n", "a: { b: 1, c: [x], new: { k: v } }  # mine\nd: 2\n"),
            ("a: { b: 'it is # no' } # mine\n", "a: { b: 'it is # no', new: { k: v } } # mine\n"),
            ("a: {\n  b: it's, # 2 }\n} # 3\n", "a: {\n  b: it's, new: { k: v } # 2 }\n} # 3\n"),
            ("a: {\n  b: 1,\n  c: x # mine\n}\n", "a: {\n  b: 1,\n  c: x, new: { k: v } # mine\n}\n"),
        ] {
            let at = Path::of(["a", "new"]);
            let new = apply(text, &at, &Edit::Set(serde_json::json!({ "k": "v" })), None);
            assert_eq!(new.map_err(|it| it.message), Ok(expected.to_owned()));
        }
    }
}
