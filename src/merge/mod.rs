//! Three texts into one: what somebody edited and what forge wants now, both made from one base.

mod markers;
mod moves;

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput, Token};

use markers::write_conflict;
pub use markers::{conflicts, first_marker, unmarked};

/// Why two changes could not be brought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The text with both sides of each conflict and the base between them, in the markers that git writes with
    /// `merge.conflictStyle = diff3`.
    pub marked: String,
    /// The text in which `ours` stands wherever both meet, and the rest is merged.
    pub ours: String,
    /// The text in which `theirs` stands wherever both meet, and the rest is merged.
    pub theirs: String,
}

/// `ours` with the changes that lead from `base` to `theirs`, line by line. A clean merge is what `git merge-file` gives.
///
/// # Errors
/// Where both changed the same lines, or lines that touch, in different ways.
///
/// ```
/// let merged = forge::merge::merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n");
/// assert_eq!(merged.as_deref(), Ok("A\nb\nC\n"));
/// let conflict = forge::merge::merge("a\n", "b\n", "c\n").unwrap_err();
/// assert_eq!(conflict.marked, "<<<<<<< edited\nb\n||||||| base\na\n=======\nc\n>>>>>>> forge\n");
/// ```
pub fn merge(base: &str, ours: &str, theirs: &str) -> Result<String, Conflict> {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (was, our, their) = (lines(base), lines(ours), lines(theirs));
    let (our_changes, their_changes) = (changes(base, ours), changes(base, theirs));
    let (mut mine, mut other) = (our_changes.iter().peekable(), their_changes.iter().peekable());
    let (mut out, mut left, mut right) = (String::new(), String::new(), String::new());
    let mut conflicts = 0;
    let mut at = 0;
    loop {
        let next = match (mine.peek(), other.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) => a.base.start.min(b.base.start),
            (Some(a), None) => a.base.start,
            (None, Some(b)) => b.base.start,
        };
        // All changes that overlap or touch are looked at together.
        let mut region = Region { base: next..next, ours: None, theirs: None };
        while region.take(&mut mine, |it| &mut it.ours) || region.take(&mut other, |it| &mut it.theirs) {}
        let same = was[at..region.base.start].concat();
        at = region.base.end;
        let side = |change: &Option<Change>, text: &[&str]| -> String {
            match change {
                None => was[region.base.clone()].concat(),
                Some(it) => {
                    let before = it.base.start - region.base.start;
                    let after = region.base.end - it.base.end;
                    text[it.text.start - before..it.text.end + after].concat()
                }
            }
        };
        let (edited, wanted) = (side(&region.ours, &our), side(&region.theirs, &their));
        let agreed = if region.ours.is_none() || edited == wanted {
            Some(&wanted)
        } else {
            Some(&edited).filter(|_| region.theirs.is_none())
        };
        for (out, text) in [(&mut left, agreed.unwrap_or(&edited)), (&mut right, agreed.unwrap_or(&wanted))] {
            out.push_str(&same);
            out.push_str(text);
        }
        out.push_str(&same);
        if let Some(agreed) = agreed {
            out.push_str(agreed);
            continue;
        }
        conflicts += 1;
        write_conflict(&mut out, &edited, &was[region.base.clone()].concat(), &wanted);
    }
    let rest = was[at..].concat();
    [&mut out, &mut left, &mut right].into_iter().for_each(|it| it.push_str(&rest));
    if conflicts == 0 { Ok(out) } else { Err(Conflict { marked: out, ours: left, theirs: right }) }
}

/// As [`merge`], for texts that have to be more than lines: `is_sound` says whether one means anything. Lines that merge into
/// a text that does not, such as a key that both added, are a conflict as well, and what a conflict is decided to is sound
/// where both texts were. Where ours moved a block, theirs goes to where it is now.
///
/// # Errors
/// Where the two cannot be brought together.
pub fn merge_sound(base: &str, ours: &str, theirs: &str, is_sound: impl Fn(&str) -> bool) -> Result<String, Conflict> {
    let judged = std::cell::LazyCell::new(|| is_sound(ours) && is_sound(theirs));
    let is_good = |text: &String| is_sound(text) || !*judged;
    let plain = match merge(base, ours, theirs) {
        Ok(text) if is_good(&text) => return Ok(text),
        Ok(_) => clash(base, ours, theirs),
        Err(conflict) => conflict,
    };
    let followed = moves::followed(base, ours, theirs);
    let (was, asked) = followed.as_ref().map_or((base, theirs), |(base, theirs)| (base, theirs));
    let all = followed.is_some().then(|| merge(was, ours, asked).unwrap_or_else(|it| it.theirs));
    Err(Conflict {
        marked: plain.marked,
        ours: Some(plain.ours).filter(is_good).unwrap_or_else(|| laid_over(base, theirs, ours, is_good)),
        theirs: all
            .into_iter()
            .chain([plain.theirs])
            .find(is_good)
            .unwrap_or_else(|| laid_over(was, ours, asked, is_good)),
    })
}

/// How many changes are tried one by one.
const MOST_CHANGES: usize = 100;

/// `first` with each of the changes that lead from `base` to `other` with which it still is good, one after the other; where
/// they meet, `first` goes first. What goes away may have come elsewhere, so nothing does unless all that comes has a place.
fn laid_over(base: &str, other: &str, first: &str, is_good: impl Fn(&String) -> bool) -> String {
    let was: Vec<&str> = base.split_inclusive('\n').collect();
    let to: Vec<&str> = other.split_inclusive('\n').collect();
    let with = |taken: &[Change]| {
        let mut some = String::new();
        let mut at = 0;
        for it in taken {
            some.push_str(&was[at..it.base.start].concat());
            some.push_str(&to[it.text.clone()].concat());
            at = it.base.end;
        }
        some.push_str(&was[at..].concat());
        Some(merge(base, &some, first).unwrap_or_else(|it| it.theirs)).filter(&is_good)
    };
    let all: Vec<Change> = changes(base, other).into_iter().take(MOST_CHANGES).collect();
    let (goes, comes): (Vec<Change>, Vec<Change>) = all.into_iter().partition(|it| it.text.is_empty());
    let (mut taken, mut best): (Vec<Change>, _) = (Vec::new(), first.to_owned());
    let mut take = |change: Change| {
        let at = taken.partition_point(|it| it.base.start < change.base.start);
        taken.insert(at, change);
        match with(&taken) {
            Some(text) => best = text,
            None => drop(taken.remove(at)),
        }
        taken.len()
    };
    let wanted = comes.len();
    if comes.into_iter().map(&mut take).last().unwrap_or(0) == wanted {
        goes.into_iter().for_each(|it| {
            take(it);
        });
    }
    best
}

/// Both texts as one conflict, from the first line in which any of the three differ to the last: for what merges line by
/// line into a text that means nothing.
fn clash(base: &str, ours: &str, theirs: &str) -> Conflict {
    let texts = [ours, base, theirs].map(|it| it.split_inclusive('\n').collect::<Vec<&str>>());
    let [our, was, their] = &texts;
    let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
    let first = (0..shortest).take_while(|it| our[*it] == was[*it] && was[*it] == their[*it]).count();
    let last = (1..=shortest - first)
        .take_while(|it| {
            let [our, was, their] = [our, was, their].map(|text| text[text.len() - it]);
            our == was && was == their
        })
        .count();
    let [edited, base, wanted] = [our, was, their].map(|it| it[first..it.len() - last].concat());
    let mut marked = was[..first].concat();
    write_conflict(&mut marked, &edited, &base, &wanted);
    marked.push_str(&was[was.len() - last..].concat());
    Conflict { marked, ours: ours.to_owned(), theirs: theirs.to_owned() }
}

/// Whether all lines of a text end as Windows ends them.
pub fn has_windows_ends(text: &str) -> bool {
    text.contains('\n') && text.matches('\n').count() == text.matches("\r\n").count()
}

/// How many lines of two texts differ.
pub fn distance(base: &str, text: &str) -> usize {
    changes(base, text).iter().map(|it| it.base.len() + it.text.len()).sum()
}

/// Lines of the base, and what stands in their place in another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The lines of the base, counted from 0.
    pub base: Range<usize>,
    /// Those of the text.
    pub text: Range<usize>,
}

impl Change {
    /// Whether the same change could as well stand `by` lines before.
    fn slides_up(&self, by: usize, input: &InternedInput<&str>) -> bool {
        self.moving(input).is_some_and(|(lines, it)| (1..=by).all(|n| lines[it.start - n] == lines[it.end - n]))
    }

    /// Whether the same change could as well stand `by` lines after.
    fn slides_down(&self, by: usize, input: &InternedInput<&str>) -> bool {
        self.moving(input).is_some_and(|(lines, it)| (0..by).all(|n| lines[it.start + n] == lines[it.end + n]))
    }

    /// The lines that only come or only go, with the text that they are in.
    fn moving<'a>(&self, input: &'a InternedInput<&str>) -> Option<(&'a [Token], Range<usize>)> {
        match (self.base.is_empty(), self.text.is_empty()) {
            (true, false) => Some((&input.after, self.text.clone())),
            (false, true) => Some((&input.before, self.base.clone())),
            _ => None,
        }
    }
}

/// Changes of both sides that overlap or touch, each side's as one.
struct Region {
    base: Range<usize>,
    ours: Option<Change>,
    theirs: Option<Change>,
}

impl Region {
    /// Takes the next change of a side in, if it begins no later than the region ends.
    fn take<'a>(
        &mut self,
        changes: &mut std::iter::Peekable<impl Iterator<Item = &'a Change>>,
        side: fn(&mut Region) -> &mut Option<Change>,
    ) -> bool {
        let Some(next) = changes.next_if(|it| it.base.start <= self.base.end) else { return false };
        self.base.end = self.base.end.max(next.base.end);
        let side = side(self);
        match side {
            Some(it) => (it.base.end, it.text.end) = (next.base.end, next.text.end),
            None => *side = Some(next.clone()),
        }
        true
    }
}

/// The changes that lead from one text to another, in order, placed where git would place them.
pub fn changes(base: &str, text: &str) -> Vec<Change> {
    let input = InternedInput::new(base, text);
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let range = |it: Range<u32>| it.start as usize..it.end as usize;
    let hunks = diff.hunks().map(|it| Change { base: range(it.before), text: range(it.after) });
    let mut changes: Vec<Change> = Vec::new();
    for mut next in hunks {
        // Where lines are alike, a change can stand in several places. git lets it meet the one before or after it.
        if let Some(last) = changes.last_mut() {
            let gap = next.base.start - last.base.end;
            if next.slides_up(gap, &input) {
                last.base.end = next.base.end - gap;
                last.text.end = next.text.end - gap;
                continue;
            }
            if last.slides_down(gap, &input) {
                next.base.start = last.base.start + gap;
                next.text.start = last.text.start + gap;
                changes.pop();
            }
        }
        changes.push(next);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_kept_where_they_do_not_meet() {
        for (base, ours, theirs, merged) in [
            ("a\nb\nc\n", "a\nb\nc\n", "a\nB\nc\n", Some("a\nB\nc\n")),
            ("a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\n", Some("a\nB\nc\n")),
            ("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", Some("a\nB\nc\n")),
            ("a\nb\nc\n", "x\na\nb\nc\n", "a\nb\n", Some("x\na\nb\n")),
            ("a\nb\nc\n", "a\n1\nc\n", "a\n2\nc\n", None),
            ("a\nb\n", "A\nb\n", "a\nB\n", None),
            ("", "a\n", "", Some("a\n")),
            ("", "", "", Some("")),
            ("a", "a", "a\nb", Some("a\nb")),
        ] {
            assert_eq!(merge(base, ours, theirs).ok().as_deref(), merged, "{base:?} {ours:?} {theirs:?}");
        }
    }

    #[test]
    fn a_conflict_is_marked_and_the_rest_is_merged() {
        let conflict = merge("a\nb\nc\nd\n", "A\nb\n1\nd", "a\nb\n2\nd\n").expect_err("both changed c");
        let marked = "A\nb\n<<<<<<< edited\n1\nd\n||||||| base\nc\nd\n=======\n2\nd\n>>>>>>> forge\n";
        assert_eq!(conflict.marked, marked);
        assert_eq!([conflict.ours.as_str(), conflict.theirs.as_str()], ["A\nb\n1\nd", "A\nb\n2\nd\n"]);
        assert_eq!(unmarked(marked), Some(["A\nb\n1\nd\n".to_owned(), "A\nb\n2\nd\n".to_owned()]));
    }

    #[test]
    fn a_block_that_moved_is_followed_where_theirs_goes_first() {
        let base = "a:\n  1\n  2\n  3\n  4\n\nb:\n  5\n  6\n\nc:\n  7\n";
        let moved = "b:\n  5\n  6\n\na:\n  1\n  2\n  three\n  4\n\nc:\n  7\n";
        let theirs = base.replace("  5\n", "  five\n");
        let sound = |text: &str| text.matches("b:").count() == 1;
        let conflict = merge_sound(base, moved, &theirs, sound).expect_err("one moved what the other changed");
        assert_eq!(conflict.ours, moved);
        assert_eq!(conflict.theirs, moved.replace("  5\n", "  five\n"));
        assert_eq!(unmarked(&conflict.marked).map(|[ours, _]| ours).as_deref(), Some(moved));
    }

    #[test]
    fn what_merges_into_nothing_sound_is_a_conflict_between_sound_texts() {
        let once = |text: &str| text.matches('x').count() <= 1;
        let conflict = merge_sound("a\nb\nc\nd\n", "x\na\nb\nc\nd\n", "a\nb\nc\nx\nd\n", once).expect_err("two x");
        assert_eq!([conflict.ours.as_str(), conflict.theirs.as_str()], ["x\na\nb\nc\nd\n", "a\nb\nc\nx\nd\n"]);
        // What is beside it is merged.
        let ours = "x\na\nb\nc\nd\ne\nmine\n";
        let conflict = merge_sound("a\nb\nc\nd\ne\n", ours, "one\nb\nc\nx\nd\ne\n", once).expect_err("two x");
        assert_eq!(conflict.theirs, "one\nb\nc\nx\nd\ne\nmine\n");
        assert_eq!(conflict.ours, ours);
        // What moved and was edited has no other place: it stays where it was.
        let base = "x:\n  1\n  2\n  3\n\na\nb\nc\nd\n";
        let moved = "a\nb\nc\nd\nx:\n  one\n  2\n  3\n\n";
        let sound = |text: &str| text.matches('x').count() == 1;
        let conflict =
            merge_sound(base, moved, &base.replace("  2\n", "  two\n"), sound).expect_err("moved and changed");
        assert_eq!(conflict.theirs, base.replace("  2\n", "  two\n"));
        // What was not sound before is merged as it is.
        assert!(merge_sound("a\nb\nc\nd\n", "x\nx\na\nb\nc\nd\n", "a\nb\nc\nx\nd\n", once).is_ok());
    }

    #[test]
    fn a_clash_holds_all_that_differs_and_no_more() {
        let conflict = clash("a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\n", "a\nb\nc\nD\ne\n");
        let marked = "a\n<<<<<<< edited\nB\nc\nd\n||||||| base\nb\nc\nd\n=======\nb\nc\nD\n>>>>>>> forge\ne\n";
        assert_eq!(conflict.marked, marked);
        assert_eq!(unmarked(marked), Some([conflict.ours, conflict.theirs]));
        assert_eq!(
            clash("a\n", "a\na\n", "a\n").marked,
            "a\n<<<<<<< edited\na\n||||||| base\n=======\n>>>>>>> forge\n"
        );
        assert!(clash("", "", "").marked.starts_with("<<<<<<< edited"));
    }
}
