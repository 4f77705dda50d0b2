//! Patches that a spec holds for generated files: text in, text out, and a complaint where the place is not there.

mod dockerfile;
mod lines;
mod nginx;
mod yaml;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, did_you_mean, listed};
use crate::keep;
use crate::project::{Edit, Patch};

/// Why a patch does not fit.
#[derive(Debug, PartialEq, Eq)]
struct Missed {
    /// The key of the patch that is wrong: `at`, `expect`, `set` and so on.
    key: &'static str,
    message: String,
    help: String,
}

impl Missed {
    fn new(key: &'static str, message: impl Into<String>, help: impl Into<String>) -> Missed {
        Missed { key, message: message.into(), help: help.into() }
    }

    /// Nothing is at the place; `there` is what is.
    fn place<'a>(what: &str, name: &str, there: impl IntoIterator<Item = &'a str>) -> Missed {
        let there: Vec<&str> = there.into_iter().collect();
        let help = match did_you_mean(name, there.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if there.is_empty() => "it has none".to_owned(),
            None => format!("it has {}", listed(there.iter().take(12))),
        };
        Missed::new("at", format!("there is no {what} `{}`", name.escape_debug()), help)
    }
}

/// The text of a file with all `patches` that are for it, in order.
///
/// # Errors
/// A diagnostic for each that does not fit: what it names is not there, is not what it expects, or there already.
pub fn patched(patches: &[Patch], id: &str, path: &str, text: String) -> Result<String, Vec<Diagnostic>> {
    let mut text = text;
    let mut told = Vec::new();
    for (index, patch) in patches.iter().enumerate().filter(|(_, it)| it.file == path) {
        match one(patch, id, path, &text) {
            // What its owner writes there would go before the patch.
            Ok(changed) if keep::bodies(&changed) != keep::bodies(&text) => {
                let place = Place::Value(Path::of(["patches"]).index(index).key("at"));
                let message = "this is in a block that is kept for the owner of the file";
                let help = "write into the block in the file itself, or name a place outside of it";
                told.push(Diagnostic::error(&codes::PATCH, place, message).help(help));
            }
            Ok(changed) => text = changed,
            Err(missed) => {
                let patches = Path::of(["patches"]).index(index);
                let place = Place::Value(patches.key(missed.key));
                told.push(Diagnostic::error(&codes::PATCH, place, missed.message).help(missed.help));
            }
        }
    }
    if told.is_empty() { Ok(text) } else { Err(told) }
}

/// A text of YAML with the entry at `at` set to a value; comments and layout of all else stay.
///
/// # Errors
/// Why it cannot be, in words.
pub fn set(text: &str, at: &Path, value: &Value) -> Result<String, String> {
    yaml::apply(text, at, &Edit::Set(value.clone()), None).map_err(|it| it.message)
}

/// An entry at the left edge of a file, with its lines.
pub fn entry(key: &str, value: &Value) -> String {
    yaml::rendered(&crate::diagnostic::Step::Key(key.into()), value, 0, false)
}

fn one(patch: &Patch, id: &str, path: &str, text: &str) -> Result<String, Missed> {
    let at = || Path::parse(&patch.at);
    let (edit, expect) = (&patch.edit, patch.expect.as_ref());
    let name = path.rsplit('/').next().unwrap_or(path);
    if crate::yaml::is_yaml(name) {
        yaml::apply(text, &at(), edit, expect)
    } else if id.starts_with("dockerfile:") {
        dockerfile::apply(text, &at(), edit, expect)
    } else if name.ends_with(".conf") {
        nginx::apply(text, &at(), edit, expect)
    } else {
        lines::apply(text, &patch.at, edit, expect)
    }
}

/// The key of a patch that says what is done.
fn key(edit: &Edit) -> &'static str {
    match edit {
        Edit::Set(_) => "set",
        Edit::Add(_) => "add",
        Edit::Before(_) => "before",
        Edit::After(_) => "after",
        Edit::Remove => "remove",
    }
}

/// Text, or a list of lines, as lines with an end each.
fn words(value: &Value, key: &'static str) -> Result<String, Missed> {
    let one = |it: &Value| match it {
        Value::String(text) => Some(text.trim_end().to_owned() + "\n"),
        Value::Number(number) => Some(format!("{number}\n")),
        _ => None,
    };
    let all = match value {
        Value::Array(items) => items.iter().map(one).collect(),
        value => one(value),
    };
    all.ok_or_else(|| Missed::new(key, "this file takes text", "write a text, or a list of lines"))
}

/// `text` as one line with single blanks.
fn collapsed(text: &str) -> String {
    text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks what a patch expects of a text, blanks aside.
fn check(expect: Option<&Value>, found: &[&str]) -> Result<(), Missed> {
    let Some(expect) = expect else { return Ok(()) };
    let wanted = collapsed(&words(expect, "expect")?);
    if found.iter().any(|it| collapsed(it) == wanted) {
        return Ok(());
    }
    let found = found.first().map(|it| collapsed(it)).unwrap_or_default();
    Err(Missed::new("expect", format!("it is `{}` there", found.escape_debug()), moved()))
}

/// What to do where the target of a patch is another than it was made for.
fn moved() -> &'static str {
    "what forge makes has changed: look at it, then mend `expect` or the patch"
}

/// The start of the line that a byte is in.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |it| it + 1)
}

/// The end of the line that a byte is in, its line end included.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |it| at + it + 1)
}

/// The end of the last line of what ends at `end`, its line end included.
fn whole_lines(text: &str, end: usize) -> usize {
    if text[..end].ends_with('\n') { end } else { line_end(text, end) }
}

/// `text` with `new` in place of some bytes.
fn replaced(text: &str, bytes: std::ops::Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..bytes.start], &text[bytes.end..])
}

#[cfg(test)]
mod tests;
