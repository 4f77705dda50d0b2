//! Files of lines: ignore files, templates of environments, scripts. A place is a whole line.

use serde_json::Value;

use super::{Missed, check, key, line_end, line_start, replaced, words};
use crate::project::Edit;

/// `at` is the text of one line without the blanks around it; nothing, to add lines at the end.
pub(super) fn apply(text: &str, at: &str, edit: &Edit, expect: Option<&Value>) -> Result<String, Missed> {
    if at.is_empty() {
        let Edit::Add(value) = edit else {
            return Err(Missed::new(key(edit), "a place is missing", "write `at:` with the text of a line"));
        };
        return Ok(format!("{text}{}", words(value, "add")?));
    }
    let mut starts = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim() == at.trim() {
            starts.push(start);
        }
        start += line.len();
    }
    let [start] = starts[..] else {
        return Err(match starts.len() {
            0 => Missed::place("line", at, text.lines().map(str::trim).filter(|it| !it.is_empty())),
            count => Missed::new("at", format!("{count} lines are like this"), "name one that stands there once"),
        });
    };
    check(expect, &[at])?;
    let start = line_start(text, start);
    let end = line_end(text, start);
    Ok(match edit {
        Edit::Set(value) => replaced(text, start..end, &words(value, "set")?),
        Edit::Before(lines) => replaced(text, start..start, &format!("{}\n", lines.trim_end())),
        Edit::After(lines) => replaced(text, end..end, &format!("{}\n", lines.trim_end())),
        Edit::Remove => replaced(text, start..end, ""),
        Edit::Add(_) => {
            return Err(Missed::new("add", "nothing can be added to a line", "write `before:` or `after:`"));
        }
    })
}
