//! What `forge generate` would do as one patch.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shown;
use crate::compare::{Change, Kind};
use crate::credential::masked;
use crate::review::patch;

/// One patch for `patch -p1` and `git apply`: edits that stay are not in it. Credentials are masked and control characters
/// spelled out, so that hunks with some in them do not apply.
///
/// A file that moves comes as a whole and goes as a whole: `patch` makes and removes files in the order in which they stand
/// here, and loses edits where a name is used twice. What comes is first, what goes last, and what forge remembers after it.
pub fn unified(changes: &[Change]) -> String {
    let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
    for change in changes.iter().filter(is_patched) {
        let from = change.from.as_ref().unwrap_or(&change.path);
        if let Some(bytes) = &change.found {
            files.entry(from).or_default().old = Some((bytes.as_slice(), change.executable != change.mode));
        }
        // An edit stays as it is, also where its mode is set.
        let wanted = if change.kind == Kind::Edited { &change.found } else { &change.wanted };
        if let Some(bytes) = wanted {
            files.entry(&change.path).or_default().new = Some((bytes.as_slice(), change.executable));
        }
    }
    let mut files: Vec<(&str, File<'_>)> = files.into_iter().collect();
    files.sort_by_key(|(path, it)| (path.starts_with(".forge/"), it.new.is_none(), it.old.is_some()));
    files.iter().map(|(path, it)| file(path, it)).collect()
}

fn is_patched(change: &&Change) -> bool {
    change.mode || !matches!(change.kind, Kind::Same | Kind::Edited | Kind::Orphaned)
}

/// What is at a path before and after: the text, and whether it is a program.
#[derive(Default)]
struct File<'c> {
    old: Option<(&'c [u8], bool)>,
    new: Option<(&'c [u8], bool)>,
}

fn file(path: &str, file: &File<'_>) -> String {
    let path = shown(path);
    let mode = |executable| if executable { "100755" } else { "100644" };
    let mut out = format!("diff --git a/{path} b/{path}\n");
    let (mut old_name, mut new_name) = (format!("a/{path}"), format!("b/{path}"));
    match (file.old, file.new) {
        (None, Some((_, executable))) => {
            let _ = writeln!(out, "new file mode {}", mode(executable));
            old_name = "/dev/null".to_owned();
        }
        (Some((_, executable)), None) => {
            let _ = writeln!(out, "deleted file mode {}", mode(executable));
            new_name = "/dev/null".to_owned();
        }
        (Some((_, before)), Some((_, after))) if before != after => {
            let _ = writeln!(out, "old mode {}\nnew mode {}", mode(before), mode(after));
        }
        _ => {}
    }
    let text = |side: Option<(&[u8], bool)>| String::from_utf8_lossy(side.map_or(&[][..], |it| it.0)).into_owned();
    let hunks = patch(&text(file.old), &text(file.new));
    if !hunks.is_empty() {
        let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
    }
    for hunk in hunks {
        let _ = writeln!(out, "{}", hunk.header());
        hunk.lines.iter().for_each(|it| {
            let _ = writeln!(out, "{it}");
        });
    }
    out
}

fn text(bytes: &Option<Vec<u8>>) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.as_deref().unwrap_or_default())
}

/// Whether something in a patch of these changes is not shown, so that a hunk with it does not apply.
pub fn is_masked(changes: &[Change]) -> bool {
    let hides = |it: &Option<Vec<u8>>| matches!(masked(&text(it)), Cow::Owned(_));
    changes.iter().filter(is_patched).any(|it| hides(&it.found) || hides(&it.wanted))
}
