//! What `forge generate` would do as one patch.

use std::borrow::Cow;
use std::fmt::Write as _;

use similar::TextDiff;

use super::shown;
use crate::compare::{Change, Kind};
use crate::credential::{masked, visible};

/// One patch for `patch -p1` and `git apply`: edits that stay are not in it. Credentials are masked and control characters
/// spelled out, so that hunks with some in them do not apply.
pub fn unified(changes: &[Change]) -> String {
    let is_patched = |it: &&Change| it.mode || !matches!(it.kind, Kind::Same | Kind::Edited | Kind::Orphaned);
    changes.iter().filter(is_patched).map(file).collect()
}

fn file(change: &Change) -> String {
    let path = shown(&change.path);
    let from = shown(change.from.as_ref().unwrap_or(&change.path));
    let mut out = String::new();
    let _ = writeln!(out, "diff --git a/{from} b/{path}");
    let mode = if change.executable { "100755" } else { "100644" };
    let (old_name, new_name) = match (&change.found, &change.wanted) {
        (None, _) => {
            let _ = writeln!(out, "new file mode {mode}");
            ("/dev/null".to_owned(), format!("b/{path}"))
        }
        (Some(_), None) => {
            let _ = writeln!(out, "deleted file mode {mode}");
            (format!("a/{from}"), "/dev/null".to_owned())
        }
        (Some(_), Some(_)) => {
            if change.mode {
                let old = if change.executable { "100644" } else { "100755" };
                let _ = writeln!(out, "old mode {old}\nnew mode {mode}");
            }
            if from != path {
                let _ = writeln!(out, "rename from {from}\nrename to {path}");
            }
            (format!("a/{from}"), format!("b/{path}"))
        }
    };
    // An edit stays as it is, also where its mode is set.
    if change.kind != Kind::Edited {
        hunks(change, &old_name, &new_name, &mut out);
    }
    out
}

fn hunks(change: &Change, old_name: &str, new_name: &str, out: &mut String) {
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let (found, wanted) = (text(&change.found), text(&change.wanted));
    let (masked_old, masked_new) = (masked(&found), masked(&wanted));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (found.split_inclusive('\n').collect(), wanted.split_inclusive('\n').collect());
    let (shown_old, shown_new): (Vec<&str>, Vec<&str>) =
        (masked_old.split_inclusive('\n').collect(), masked_new.split_inclusive('\n').collect());
    let diff = TextDiff::from_slices(&old, &new);
    for (index, hunk) in diff.unified_diff().context_radius(3).iter_hunks().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
        }
        let _ = writeln!(out, "{}", hunk.header());
        for line in hunk.iter_changes() {
            let text = match (line.old_index(), line.new_index()) {
                (Some(index), _) => shown_old[index],
                (None, index) => shown_new[index.expect("a line is on one side at least")],
            };
            let _ = write!(out, "{}{}", line.tag(), harmless(text));
            if !text.ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
}

/// A line that does nothing to a terminal; the end that Windows gives it does nothing either, and belongs to the patch.
fn harmless(line: &str) -> Cow<'_, str> {
    match line.strip_suffix("\r\n") {
        Some(body) => format!("{}\r\n", visible(body)).into(),
        None => visible(line).into(),
    }
}
