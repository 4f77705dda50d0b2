//! Versions as manifests write them, and which of those that forge knows is meant.

pub use crate::catalog::version::numbers;

/// Whether a text asks for a version or anything newer, and not for one.
pub fn is_range(text: &str) -> bool {
    let text = text.trim();
    // Bundler's `~> 3.1.0` is 3.1, and its `~> 3.1` all of 3.
    if text.starts_with("~>") && numbers(text).len() > 2 {
        return false;
    }
    text.contains('>')
        || text.starts_with('^')
        || text.contains('*') && numbers(text).len() < 2
        || numbers(text).is_empty()
}

/// Which of `known`, newest first, is meant by `asked`: the one that it names; for a range `usual`, if that is in it, or the
/// newest below its end; else the nearest that is newer. `None` where all are older.
pub fn chosen<'k>(asked: &str, known: &[&'k str], usual: &'k str) -> Option<&'k str> {
    // `^7.4 || ^8.0`: the usual one, if it is in any of them, and otherwise the newest.
    let ways: Vec<&'k str> =
        asked.split('|').filter(|it| !it.trim().is_empty()).filter_map(|it| meant(it, known, usual)).collect();
    let is_usual = ways.contains(&usual) || asked.trim().is_empty();
    if is_usual { Some(usual) } else { known.iter().find(|it| ways.contains(it)).copied() }
}

/// The version that one way of several asks for.
fn meant<'k>(asked: &str, known: &[&'k str], usual: &'k str) -> Option<&'k str> {
    let asked_numbers = numbers(asked);
    if asked_numbers.is_empty() {
        return Some(usual);
    }
    // `1.8` is what Java calls 8.
    let asked_numbers = match asked_numbers[..] {
        [1, minor @ 5..=8] if known.iter().all(|it| numbers(it).first().is_none_or(|it| *it > 8)) => vec![minor],
        _ => asked_numbers,
    };
    let starts = |it: &&&str| {
        let it = numbers(it);
        let both = it.len().min(asked_numbers.len());
        it[..both] == asked_numbers[..both]
    };
    // A caret and Bundler's `~>` keep the first number, which says little where languages count their releases with it.
    let is_open = is_range(asked) && !asked.contains('<');
    let keeps_major = asked.trim().starts_with(['^', '~']) && numbers(usual).first() != asked_numbers.first();
    let newer = |it: &&str| numbers(it) >= asked_numbers[..asked_numbers.len().min(numbers(it).len())].to_vec();
    if is_open && !keeps_major && newer(&usual) {
        return Some(usual);
    }
    if let Some((_, end)) = asked.split_once('<') {
        let (end, is_in) = (numbers(end), end.starts_with('='));
        let is_below = |it: &str| {
            let it = numbers(it);
            let both = it.len().min(end.len());
            it[..both] < end[..both] || is_in && it[..both] == end[..both]
        };
        let is_fit = |it: &&str| is_below(it) && (asked.trim().starts_with('<') || newer(it));
        let found = Some(usual).filter(is_fit).or_else(|| known.iter().find(|it| is_fit(it)).copied());
        if found.is_some() {
            return found;
        }
    }
    known.iter().find(starts).copied().or_else(|| known.iter().rev().find(|it| newer(it)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_meant_is_chosen() {
        let python = ["3.14", "3.13", "3.12", "3.11"];
        let node = ["26", "24", "22"];
        for (asked, known, usual, expected) in [
            ("3.12.1", &python[..], "3.13", Some("3.12")),
            (">=3.10", &python, "3.13", Some("3.13")),
            ("^3.9", &python, "3.13", Some("3.13")),
            (">=3.14,<4.0", &python, "3.13", Some("3.14")),
            ("3.9", &python, "3.13", Some("3.11")),
            ("v14.18.1", &node, "24", Some("22")),
            ("22.x", &node, "24", Some("22")),
            ("lts/*", &node, "24", Some("24")),
            ("^22.1.0", &node, "24", Some("22")),
            (">=20", &node, "24", Some("24")),
            ("1.8", &["25", "21", "17"], "21", Some("17")),
            ("30", &node, "24", None),
            (">=3.8,<3.13", &python, "3.13", Some("3.12")),
            (">=3.12,<3.14", &python, "3.13", Some("3.13")),
            ("<=3.12", &python, "3.13", Some("3.12")),
            (">=20 <24", &node, "24", Some("22")),
            ("^7.4|^8.0", &["8.5", "8.4", "8.0", "7.4"], "8.4", Some("8.4")),
            ("^7.4", &["8.5", "8.4", "8.0", "7.4"], "8.4", Some("7.4")),
            ("18 || 22", &node, "24", Some("22")),
            ("~> 3.1.0", &["4.0", "3.4", "3.1"], "3.4", Some("3.1")),
            ("~> 2.7", &["4.0", "3.4", "3.3"], "3.4", Some("3.3")),
            ("~> 3.1", &["4.0", "3.4", "3.1"], "3.4", Some("3.4")),
        ] {
            assert_eq!(chosen(asked, known, usual), expected, "{asked}");
        }
    }
}
