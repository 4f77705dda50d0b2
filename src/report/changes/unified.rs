//! What `forge generate` would do as one patch.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::shown;
use crate::compare::{Change, Kind};
use crate::credential::masked;
use crate::review::patch;

/// One patch for `patch -p1` and `git apply`: edits that stay are not in it. Credentials are masked and control characters
/// spelled out, so that hunks with some in them do not apply.
pub fn unified(changes: &[Change]) -> String {
    changes.iter().filter(is_patched).map(file).collect()
}

fn is_patched(change: &&Change) -> bool {
    change.mode || !matches!(change.kind, Kind::Same | Kind::Edited | Kind::Orphaned)
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
    let hunks = patch(&text(&change.found), &text(&change.wanted));
    if !hunks.is_empty() {
        let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
    }
    for hunk in hunks {
        let _ = writeln!(out, "{}", hunk.header());
        hunk.lines.iter().for_each(|it| {
            let _ = writeln!(out, "{it}");
        });
    }
}

fn text(bytes: &Option<Vec<u8>>) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.as_deref().unwrap_or_default())
}

/// Whether something in a patch of these changes is not shown, so that a hunk with it does not apply.
pub fn is_masked(changes: &[Change]) -> bool {
    let hides = |it: &Option<Vec<u8>>| matches!(masked(&text(it)), Cow::Owned(_));
    changes.iter().filter(is_patched).any(|it| hides(&it.found) || hides(&it.wanted))
}
