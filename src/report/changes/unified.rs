//! What `forge generate` would do as one patch.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::shown;
use crate::compare::{Change, Kind};
use crate::review::patch;

/// One patch for `patch -p1` and `git apply`: edits that stay are not in it.
///
/// A file that moves comes as a whole and goes as a whole: `patch` makes and removes files in the order in which they stand
/// here, and loses edits where a name is used twice. What comes is first, what goes last, and what forge remembers after it.
///
/// # Errors
/// The paths of files of which a patch would have to show what is never shown, credentials and what a terminal obeys: with
/// stars in its place, a patch writes stars.
pub fn unified(changes: &[Change]) -> Result<String, Vec<String>> {
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
    let texts: Vec<(&str, Option<String>)> = files.iter().map(|(path, it)| (*path, file(path, it))).collect();
    let hidden: Vec<String> = texts.iter().filter(|(_, it)| it.is_none()).map(|(path, _)| (*path).to_owned()).collect();
    if hidden.is_empty() { Ok(texts.into_iter().filter_map(|(_, it)| it).collect()) } else { Err(hidden) }
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

/// The part of a patch that is about one file; `None` where a line of it is not shown as it is.
fn file(path: &str, file: &File<'_>) -> Option<String> {
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
    let (old, new) = (text(file.old), text(file.new));
    let (old_lines, new_lines): (HashSet<&str>, HashSet<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let hunks = patch(&old, &new);
    let is_there = |line: &String| match line.split_at(1) {
        ("+", it) => new_lines.contains(it),
        ("-" | " ", it) => old_lines.contains(it),
        _ => true,
    };
    if !hunks.iter().flat_map(|it| &it.lines).all(is_there) {
        return None;
    }
    if !hunks.is_empty() {
        let _ = writeln!(out, "--- {old_name}\n+++ {new_name}");
    }
    for hunk in hunks {
        let _ = writeln!(out, "{}", hunk.header());
        hunk.lines.iter().for_each(|it| {
            let _ = writeln!(out, "{it}");
        });
    }
    Some(out)
}
