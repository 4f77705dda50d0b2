//! The lines that stand around a conflict in a text: forge's own, and those that git writes.

use std::ops::Range;

/// What forge's begin and end with.
const EDITED: &str = "<<<<<<< edited";
const FORGE: &str = ">>>>>>> forge";

/// Both sides of a conflict between markers, each with a line end.
pub(super) fn write_conflict(out: &mut String, edited: &str, base: &str, wanted: &str) {
    for (marker, text) in [(EDITED, edited), ("||||||| base", base), ("=======", wanted), (FORGE, "")] {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        out.push_str(&format!("{marker}\n{text}{end}"));
    }
}

/// Which part of a conflict a line is in.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Both,
    Ours,
    Base,
    Theirs,
}

/// The part that a line begins, if it is a marker that can come in `part`. git leaves the base out, unless it is asked.
fn begun(line: &str, part: Part) -> Option<Part> {
    let is = |marker: &str| line.strip_prefix(marker).is_some_and(|it| it.trim_end().is_empty() || it.starts_with(' '));
    match part {
        Part::Both if is("<<<<<<<") => Some(Part::Ours),
        Part::Ours if is("|||||||") => Some(Part::Base),
        Part::Ours | Part::Base if line.trim_end() == "=======" => Some(Part::Theirs),
        Part::Theirs if is(">>>>>>>") => Some(Part::Both),
        _ => None,
    }
}

/// The two texts, ours and theirs, of which `marked` is the conflict that nobody decided yet; `None` where no markers of one
/// are in it, or not all of them.
///
/// ```
/// let marked = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> topic\n";
/// assert_eq!(forge::merge::unmarked(marked), Some(["a\nb\n".to_owned(), "a\nc\n".to_owned()]));
/// assert_eq!(forge::merge::unmarked("a\n<<<<<<< HEAD\nb\n"), None);
/// ```
pub fn unmarked(marked: &str) -> Option<[String; 2]> {
    let (mut ours, mut theirs) = (String::new(), String::new());
    let mut part = Part::Both;
    let mut conflicts = 0;
    for line in marked.split_inclusive('\n') {
        if let Some(next) = begun(line, part) {
            conflicts += usize::from(next == Part::Both);
            part = next;
            continue;
        }
        if matches!(part, Part::Both | Part::Ours) {
            ours.push_str(line);
        }
        if matches!(part, Part::Both | Part::Theirs) {
            theirs.push_str(line);
        }
    }
    (conflicts > 0 && part == Part::Both).then_some([ours, theirs])
}

/// The lines of each conflict in a text, counted from 0, markers and all.
pub fn conflicts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut part, mut start) = (Part::Both, 0);
    for (index, line) in text.lines().enumerate() {
        let Some(next) = begun(line, part) else { continue };
        match next {
            Part::Ours => start = index,
            Part::Both => found.push(start..index + 1),
            Part::Base | Part::Theirs => {}
        }
        part = next;
    }
    found
}

/// The first line that looks like one of the markers around a conflict, by its bytes: also where others are missing.
pub fn first_marker(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').find_map(|line| {
        let at = start..start + line.trim_end().len();
        start += line.len();
        ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|it| line.starts_with(it)).then_some(at)
    })
}
