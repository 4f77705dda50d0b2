//! Versions as manifests write them, and which of those that forge knows is meant.

/// The numbers of a version: `^3.10` and `v3.10.1` begin with `[3, 10]`.
pub fn numbers(text: &str) -> Vec<u32> {
    let start = text.find(|it: char| it.is_ascii_digit()).unwrap_or(text.len());
    let end = text[start..].find(|it: char| !(it.is_ascii_digit() || it == '.')).map_or(text.len(), |it| start + it);
    text[start..end].split('.').filter_map(|it| it.parse().ok()).collect()
}

/// Whether a text asks for a version or anything newer, and not for one.
pub fn is_range(text: &str) -> bool {
    let text = text.trim();
    text.contains('>')
        || text.starts_with('^')
        || text.contains('*') && numbers(text).len() < 2
        || numbers(text).is_empty()
}

/// Which of `known`, newest first, is meant by `asked`: the one that it names; for a range `usual`, if that is in it; else the
/// nearest that is newer. `None` where all are older.
pub fn chosen<'k>(asked: &str, known: &[&'k str], usual: &'k str) -> Option<&'k str> {
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
    // A caret keeps the first number, which says little where languages count their releases with it.
    let is_open = is_range(asked) && !asked.contains('<');
    let keeps_major = asked.trim().starts_with('^') && numbers(usual).first() != asked_numbers.first();
    let newer = |it: &&str| numbers(it) >= asked_numbers[..asked_numbers.len().min(numbers(it).len())].to_vec();
    if is_open && !keeps_major && newer(&usual) {
        return Some(usual);
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
        ] {
            assert_eq!(chosen(asked, known, usual), expected, "{asked}");
        }
    }
}
