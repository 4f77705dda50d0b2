//! Versions as people and manifests write them, as numbers.

/// The numbers of a version: `^3.10` and `v3.10.1` begin with `[3, 10]`.
pub fn numbers(text: &str) -> Vec<u32> {
    let start = text.find(|it: char| it.is_ascii_digit()).unwrap_or(text.len());
    let end = text[start..].find(|it: char| !(it.is_ascii_digit() || it == '.')).map_or(text.len(), |it| start + it);
    text[start..end].split('.').filter_map(|it| it.parse().ok()).collect()
}

/// The one of `known`, newest first, that is nearest to `asked` as a number; `None` where that has no number.
pub fn nearest<'k>(asked: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let wanted = numbers(asked);
    if wanted.is_empty() {
        return None;
    }
    let distance = |it: &str| {
        let it = numbers(it);
        let part = |of: &[u32], at: usize| of.get(at).copied().unwrap_or(0);
        (0..wanted.len().max(it.len())).map(|at| part(&it, at).abs_diff(part(&wanted, at))).collect::<Vec<_>>()
    };
    // YAML reads 3.10 without quotes as 3.1.
    let cut = format!("{asked}0");
    known.into_iter().min_by_key(|it| (*it != cut, distance(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_version_is_so_by_number() {
        let python = ["3.14", "3.13", "3.10", "3.9", "3.8"];
        for (asked, expected) in [
            ("3.1", Some("3.10")),
            ("3.15", Some("3.14")),
            ("2.7", Some("3.8")),
            ("3.13.2", Some("3.13")),
            ("3.12", Some("3.13")),
            ("3.11", Some("3.10")),
            ("latest", None),
        ] {
            assert_eq!(nearest(asked, python), expected, "{asked}");
        }
        assert_eq!(nearest("19", ["24", "22", "20", "18"]), Some("20"));
    }
}
