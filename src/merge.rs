//! Three texts into one: what somebody edited and what forge wants now, both made from one base.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// `ours` with the changes that lead from `base` to `theirs`, line by line; `None` where both changed the same lines in
/// different ways.
///
/// ```
/// let merged = forge::merge::merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n");
/// assert_eq!(merged.as_deref(), Some("A\nb\nC\n"));
/// assert_eq!(forge::merge::merge("a\n", "b\n", "c\n"), None);
/// ```
pub fn merge(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let (in_ours, in_theirs) = (kept(&base, &ours), kept(&base, &theirs));
    let mut out = String::new();
    let (mut b, mut o, mut t) = (0, 0, 0);
    while b <= base.len() {
        // The next line that all three have, or their ends.
        let next = (b..base.len()).find_map(|at| Some((at, in_ours[at]?, in_theirs[at]?)));
        let (next_b, next_o, next_t) = next.unwrap_or((base.len(), ours.len(), theirs.len()));
        let (was, our, their) = (&base[b..next_b], &ours[o..next_o], &theirs[t..next_t]);
        let taken = match (our == was, their == was) {
            (true, _) => their,
            (_, true) => our,
            _ if our == their => our,
            _ => return None,
        };
        out.extend(taken.iter().map(String::as_str));
        out.extend(next.map(|(at, _, _)| base[at].as_str()));
        (b, o, t) = (next_b + 1, next_o + 1, next_t + 1);
    }
    Some(out)
}

/// For each line of `base` where it stands in `text`, if it still does.
fn kept(base: &[String], text: &[String]) -> Vec<Option<usize>> {
    let mut kept = vec![None; base.len()];
    for op in capture_diff_slices(Algorithm::Myers, base, text) {
        if op.tag() == DiffTag::Equal {
            op.old_range().zip(op.new_range()).for_each(|(old, new)| kept[old] = Some(new));
        }
    }
    kept
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
            ("", "a\n", "", Some("a\n")),
            ("", "", "", Some("")),
            ("a", "a", "a\nb", Some("a\nb")),
        ] {
            assert_eq!(merge(base, ours, theirs).as_deref(), merged, "{base:?} {ours:?} {theirs:?}");
        }
    }
}
