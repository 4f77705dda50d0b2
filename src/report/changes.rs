//! Changes of files: a line each, and unified diffs.

use std::fmt::Write as _;

use serde_json::json;
use similar::TextDiff;

use super::visible;
use crate::compare::{Change, Kind};
use crate::credential::masked;

/// Files that differ, each with the reason and a unified diff. The `-` side is what is there, the `+` side what forge
/// wants; for an edit it is the other way round, so that `+` is what somebody wrote. Credentials are masked.
pub fn human(changes: &[Change], color: bool) -> String {
    let mut out = String::new();
    for change in differing(changes) {
        let path = shown(&change.path);
        let _ = writeln!(out, "{}", paint(color, "1", &format!("{path}: {}", change.reason())));
        for line in hunks(change).split_inclusive('\n') {
            let code = match line.as_bytes().first() {
                _ if line.starts_with("--- ") || line.starts_with("+++ ") => "1",
                Some(b'-') => "31",
                Some(b'+') => "32",
                Some(b'@') => "36",
                _ => "",
            };
            out.push_str(&paint(color, code, line));
        }
        out.push('\n');
    }
    out
}

/// What `forge generate` would do as one patch, for `patch -p1`: edits that stay are not in it. Credentials are masked, so
/// that lines with some in them do not apply.
pub fn unified(changes: &[Change]) -> String {
    differing(changes).filter(|it| it.kind != Kind::Edited).map(hunks).collect()
}

/// How many lines come and go in each file that differs.
pub fn stat(changes: &[Change]) -> String {
    let mut out = String::new();
    let width = differing(changes).map(|it| shown(&it.path).chars().count()).max().unwrap_or_default();
    for change in differing(changes) {
        let (more, fewer) = counts(&hunks(change));
        let _ =
            writeln!(out, " {:width$} | {:>9}  {}", shown(&change.path), format!("+{more} -{fewer}"), change.reason());
    }
    out
}

/// For a comment on a pull request: a line for each file that differs, which opens to its diff.
pub fn markdown(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in differing(changes) {
        let text = hunks(change);
        let (more, fewer) = counts(&text);
        // A fence is longer than any that the text could close it with.
        let longest = text.split(|it| it != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let path = shown(&change.path).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            out,
            "<details><summary><code>{path}</code>: {} (+{more} −{fewer})</summary>\n\n{fence}diff\n{text}{fence}\n\n</details>\n",
            change.reason()
        );
    }
    out
}

fn differing(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|it| it.kind != Kind::Same)
}

/// How many lines of a diff come and go.
fn counts(diff: &str) -> (usize, usize) {
    let body = || diff.lines().filter(|it| !it.starts_with("--- ") && !it.starts_with("+++ "));
    (body().filter(|it| it.starts_with('+')).count(), body().filter(|it| it.starts_with('-')).count())
}

/// The mode and the hunks of one file.
fn hunks(change: &Change) -> String {
    let path = shown(&change.path);
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let (found, wanted) = (text(&change.found), text(&change.wanted));
    let name = |there: bool, side: &str| if there { format!("{side}/{path}") } else { "/dev/null".to_owned() };
    let mut out = String::new();
    if change.mode {
        let (old, new) = if change.executable { ("100644", "100755") } else { ("100755", "100644") };
        let _ = writeln!(out, "old mode {old}\nnew mode {new}");
    }
    out + &visible(&if change.kind == Kind::Edited {
        diff(&wanted, &found, &name(true, "forge"), &name(true, "disk"))
    } else {
        diff(&found, &wanted, &name(change.found.is_some(), "disk"), &name(change.wanted.is_some(), "forge"))
    })
}

/// One line for each file that differs.
pub fn names(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in differing(changes) {
        let _ = writeln!(out, "{}: {}", shown(&change.path), change.reason());
    }
    out
}

/// One JSON document: each file that differs, with its reason and diff.
pub fn json(changes: &[Change]) -> String {
    let list: Vec<_> = differing(changes)
        .map(|it| json!({ "path": it.path, "kind": it.kind, "reason": it.reason(), "diff": hunks(it) }))
        .collect();
    let mut text = serde_json::to_string_pretty(&json!({ "version": 1, "changes": list })).expect("plain data is JSON");
    text.push('\n');
    text
}

/// The hunks between two texts. Lines are compared as they are and shown without credentials, so that a changed one
/// still is a difference.
fn diff(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (shown_old, shown_new) = (lines(&masked(old)), lines(&masked(new)));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let diff = TextDiff::from_slices(&old, &new);
    let mut out = String::new();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        if out.is_empty() {
            let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
        }
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let line = match (change.old_index(), change.new_index()) {
                (Some(index), _) => &shown_old[index],
                (None, index) => &shown_new[index.expect("a line is on one side at least")],
            };
            let _ = write!(out, "{}{line}", change.tag());
            if !line.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    out
}

fn paint(color: bool, code: &str, text: &str) -> String {
    if !color || code.is_empty() {
        return text.to_owned();
    }
    let (line, end) = text.strip_suffix('\n').map_or((text, ""), |it| (it, "\n"));
    format!("\x1b[{code}m{line}\x1b[0m{end}")
}

fn shown(path: &str) -> String {
    path.escape_debug().to_string()
}
