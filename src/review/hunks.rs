//! The lines that differ between two texts, in hunks, each of one owner's doing.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::Party;
use crate::credential::{concealed, visible};
use crate::merge::{Change, changes, conflicts};

/// Lines that are the same around those that differ.
const CONTEXT: usize = 3;

/// Some lines that differ, and a few around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hunk {
    /// Whose doing it is.
    pub by: Vec<Party>,
    /// Whether two of them want something else here, so that somebody has to decide.
    pub conflict: bool,
    /// Whether it shows an edit that stays: `-` is what forge wants, `+` what somebody wrote instead. Otherwise `-` is what is
    /// there, and `+` what forge wants.
    pub stays: bool,
    /// The lines of the one side, counted from 1.
    pub old: Lines,
    /// The lines of the other.
    pub new: Lines,
    /// The text: ` `, `-` or `+` before each line, and `\` before what is to be said about the line above. Credentials are
    /// masked, and control characters are spelled out.
    pub lines: Vec<String>,
}

/// Lines of a text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lines {
    /// The first, or the one before where there are none.
    pub start: usize,
    /// How many.
    pub count: usize,
}

impl Lines {
    fn of(range: &Range<usize>) -> Lines {
        Lines { start: if range.is_empty() { range.start } else { range.start + 1 }, count: range.len() }
    }
}

impl Hunk {
    /// How it begins in a unified diff.
    pub fn header(&self) -> String {
        let side = |it: Lines| if it.count == 1 { it.start.to_string() } else { format!("{},{}", it.start, it.count) };
        format!("@@ -{} +{} @@", side(self.old), side(self.new))
    }

    /// How many lines come, and how many go.
    pub fn counts(&self) -> (usize, usize) {
        let count = |tag| self.lines.iter().filter(|it| it.starts_with(tag)).count();
        (count('+'), count('-'))
    }
}

/// What a change does to a file: where it was forge's to make it, and where an edit stays.
pub(super) struct Sides<'a> {
    /// What is there.
    pub(super) found: &'a str,
    /// What `forge generate` leaves there.
    pub(super) result: &'a str,
    /// What forge wants there, but for what belongs to the owner; `None` where nothing of it is edited.
    pub(super) asked: Option<&'a str>,
}

impl Sides<'_> {
    /// All hunks in the order of the result: those by which it differs from what is there are `by` these, those by which it
    /// differs from what forge wants are an edit's, and where both meet is a conflict.
    pub(super) fn hunks(&self, by: &[Party]) -> Vec<Hunk> {
        let conflicts = conflicts(self.result);
        let both: Vec<Party> = by.iter().copied().chain([Party::Edit]).collect();
        let mut hunks = hunks(
            self.found,
            self.result,
            &conflicts,
            |conflict| (if conflict { both.clone() } else { by.to_vec() }, false),
            visible,
        );
        if let Some(asked) = self.asked {
            let edits = self::hunks(asked, self.result, &conflicts, |_| (vec![Party::Edit], true), visible);
            hunks.extend(edits.into_iter().filter(|it| !it.conflict));
        }
        hunks.sort_by_key(|it| it.new.start);
        hunks
    }
}

/// The hunks of an edit that stays.
pub(super) fn edit(wanted: &str, found: &str) -> Vec<Hunk> {
    hunks(wanted, found, &[], |_| (vec![Party::Edit], true), visible)
}

/// What leads from one text to another, as lines of a patch: what belongs to a line end on Windows stays as it is.
pub fn patch(old: &str, new: &str) -> Vec<Hunk> {
    let line = |it: &str| match it.strip_suffix('\r') {
        Some(body) => format!("{}\r", visible(body)),
        None => visible(it),
    };
    hunks(old, new, &[], |_| (Vec::new(), false), line)
}

/// What leads from one text to another. `whose` says of what is in a conflict, and of what is not, whose it is and whether it
/// stays; `conflicts` are lines of the other text, and `show` makes a line harmless. Lines are compared as they are and shown
/// without credentials, so that a changed one still is a difference.
fn hunks(
    old: &str,
    new: &str,
    conflicts: &[Range<usize>],
    whose: impl Fn(bool) -> (Vec<Party>, bool),
    show: impl Fn(&str) -> String,
) -> Vec<Hunk> {
    let (masked_old, masked_new) = (concealed(old), concealed(new));
    let (shown_old, shown_new): (Vec<&str>, Vec<&str>) =
        (masked_old.split_inclusive('\n').collect(), masked_new.split_inclusive('\n').collect());
    let groups = groups(changes(old, new), conflicts);
    let mut out = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        // Half of what lies between two hunks belongs to each, so that none is shown twice.
        let before = match index.checked_sub(1).map(|it| &groups[it]) {
            Some(previous) => CONTEXT.min((group.new.start - previous.new.end) / 2),
            None => CONTEXT.min(group.new.start),
        };
        let after = match groups.get(index + 1) {
            Some(next) => CONTEXT.min((next.new.start - group.new.end).div_ceil(2)),
            None => CONTEXT.min(shown_new.len() - group.new.end),
        };
        let old = group.old.start - before..group.old.end + after;
        let new = group.new.start - before..group.new.end + after;
        let mut lines = Vec::new();
        let mut push = |tag: char, line: &&str| {
            lines.push(format!("{tag}{}", show(line.strip_suffix('\n').unwrap_or(line))));
            if !line.ends_with('\n') {
                lines.push("\\ No newline at end of file".to_owned());
            }
        };
        let mut at = old.start;
        for change in &group.changes {
            shown_old[at..change.base.start].iter().for_each(|it| push(' ', it));
            shown_old[change.base.clone()].iter().for_each(|it| push('-', it));
            shown_new[change.text.clone()].iter().for_each(|it| push('+', it));
            at = change.base.end;
        }
        shown_old[at..old.end].iter().for_each(|it| push(' ', it));
        let (by, stays) = whose(group.conflict);
        out.push(Hunk { by, conflict: group.conflict, stays, old: Lines::of(&old), new: Lines::of(&new), lines });
    }
    out
}

/// Changes that are near each other, and all in a conflict or none.
struct Group {
    conflict: bool,
    changes: Vec<Change>,
    old: Range<usize>,
    new: Range<usize>,
}

fn groups(changes: Vec<Change>, conflicts: &[Range<usize>]) -> Vec<Group> {
    let in_conflict = |it: &Range<usize>| {
        // Conflicts are in order, and do not meet.
        let next = conflicts.partition_point(|conflict| conflict.end <= it.start);
        conflicts.get(next).is_some_and(|conflict| conflict.start < it.end.max(it.start + 1))
    };
    let mut groups: Vec<Group> = Vec::new();
    for change in changes {
        let conflict = in_conflict(&change.text);
        match groups.last_mut() {
            Some(last) if last.conflict == conflict && change.text.start - last.new.end <= 2 * CONTEXT => {
                (last.old.end, last.new.end) = (change.base.end, change.text.end);
                last.changes.push(change);
            }
            _ => {
                let (old, new) = (change.base.clone(), change.text.clone());
                groups.push(Group { conflict, changes: vec![change], old, new });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, changed: &[(usize, &str)]) -> String {
        (1..=count)
            .map(|it| {
                changed.iter().find(|(at, _)| *at == it).map_or(format!("{it}\n"), |(_, text)| format!("{text}\n"))
            })
            .collect()
    }

    /// Each hunk as a header, whose it is, and the lines that differ.
    fn told(hunks: &[Hunk]) -> Vec<String> {
        let line = |it: &Hunk| {
            let differing: Vec<&str> = it.lines.iter().filter(|it| !it.starts_with(' ')).map(String::as_str).collect();
            let conflict = if it.conflict { " conflict" } else { "" };
            format!("{} {:?}{conflict} {}", it.header(), it.by, differing.join(" "))
        };
        hunks.iter().map(line).collect()
    }

    #[test]
    fn hunks_of_an_edit_and_of_the_spec_are_told_apart() {
        let (found, asked) = (lines(20, &[(3, "mine")]), lines(20, &[(15, "theirs")]));
        let result = lines(20, &[(3, "mine"), (15, "theirs")]);
        let hunks = Sides { found: &found, result: &result, asked: Some(&asked) }.hunks(&[Party::Spec]);
        assert_eq!(told(&hunks), ["@@ -1,6 +1,6 @@ [Edit] -3 +mine", "@@ -12,7 +12,7 @@ [Spec] -15 +theirs"]);
        assert_eq!(hunks.iter().map(|it| it.stays).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn neighbours_of_two_owners_are_two_hunks() {
        let (found, asked) = (lines(9, &[(4, "mine")]), lines(9, &[(6, "theirs")]));
        let result = lines(9, &[(4, "mine"), (6, "theirs")]);
        let hunks = Sides { found: &found, result: &result, asked: Some(&asked) }.hunks(&[Party::Spec, Party::Forge]);
        let expected = ["@@ -1,7 +1,7 @@ [Edit] -4 +mine", "@@ -3,7 +3,7 @@ [Spec, Forge] -6 +theirs"];
        assert_eq!(told(&hunks), expected);
    }

    #[test]
    fn a_conflict_has_both_sides_and_what_is_beside_it_has_one() {
        let (found, asked) = (lines(9, &[(2, "mine"), (8, "kept")]), lines(9, &[(2, "theirs"), (5, "asked")]));
        let marked = crate::merge::merge(&lines(9, &[]), &found, &asked).expect_err("line 2").marked;
        let hunks = Sides { found: &found, result: &marked, asked: Some(&asked) }.hunks(&[Party::Spec]);
        let conflict =
            "@@ -1,3 +1,9 @@ [Spec, Edit] conflict +<<<<<<< edited +||||||| base +2 +======= +theirs +>>>>>>> forge";
        assert_eq!(told(&hunks), [conflict, "@@ -4,5 +10,5 @@ [Spec] -5 +asked", "@@ -6,4 +12,4 @@ [Edit] -8 +kept"]);
    }

    /// What `patch` makes of a text.
    fn applied(old: &str, hunks: &[Hunk]) -> String {
        let lines: Vec<&str> = old.split_inclusive('\n').collect();
        let mut out = String::new();
        let mut at = 0;
        for hunk in hunks {
            let start = hunk.old.start - usize::from(hunk.old.count > 0);
            out.extend(lines[at..start].iter().copied());
            at = start + hunk.old.count;
            let mut lines = hunk.lines.iter().peekable();
            while let Some(line) = lines.next() {
                let is_last = lines.peek().is_some_and(|it| it.starts_with('\\'));
                if line.starts_with([' ', '+']) {
                    out.push_str(&line[1..]);
                    out.push_str(if is_last { "" } else { "\n" });
                }
            }
        }
        out.extend(lines[at..].iter().copied());
        out
    }

    proptest::proptest! {
        #[test]
        fn a_patch_leads_from_one_text_to_the_other(old in "([ab\r]\n){0,12}[ab]{0,1}", new in "([ab\r]\n){0,12}[ab]{0,1}") {
            proptest::prop_assert_eq!(applied(&old, &patch(&old, &new)), new);
        }

        #[test]
        fn all_hunks_of_what_generate_does_lead_to_it(base in "([abc]\n){0,12}", found in "([abc]\n){0,12}", asked in "([abc]\n){0,12}") {
            let result = crate::merge::merge(&base, &found, &asked).unwrap_or_else(|it| it.marked);
            let hunks = Sides { found: &found, result: &result, asked: Some(&asked) }.hunks(&[Party::Spec]);
            let due: Vec<Hunk> = hunks.iter().filter(|it| !it.stays).cloned().collect();
            proptest::prop_assert_eq!(applied(&found, &due), result);
            proptest::prop_assert!(hunks.iter().all(|it| it.conflict == (it.by.len() > 1)));
        }
    }

    #[test]
    fn credentials_and_control_characters_are_not_shown() {
        let hunks = edit("a\n", "DB_PASSWORD=hunter2\u{1b}[2J");
        assert_eq!(hunks[0].lines[..2], ["-a", "+DB_PASSWORD=********"]);
        let hunks = edit("a\n", "\u{1b}[2J");
        assert_eq!(hunks[0].lines, ["-a", "+\\u{1b}[2J", "\\ No newline at end of file"]);
    }
}
