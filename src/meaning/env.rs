//! An env file: names and defaults. Comments do not count, and neither do quotes.

use std::collections::HashSet;

use super::subject::Subject;
use super::value::variable;
use super::words::VARIABLE;

/// What an env file says; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let mut file = Subject::new("", "", 0..0);
    let mut start = 0;
    // Until its quote is closed, a value goes on over the lines.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    start += text.len() - rest.len();
    while !rest.is_empty() {
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            start += line.len();
            rest = &rest[line.len()..];
            continue;
        }
        let statement = words.strip_prefix("export ").map_or(words, str::trim_start);
        let name = statement.split(['=', ':']).next().unwrap_or_default().trim();
        if name.is_empty() || !name.chars().all(|it| it.is_alphanumeric() || "_.-".contains(it)) {
            return None;
        }
        let (value, length) = value(rest, line.len());
        let bytes = start..start + length;
        variable(&mut file, &VARIABLE, name, value.as_deref(), &bytes);
        start += length;
        rest = &rest[length..];
    }
    // Of several the last one counts.
    let mut seen = HashSet::new();
    file.facts.reverse();
    file.facts.retain(|it| seen.insert(it.key.clone()));
    file.facts.reverse();
    Some(vec![file])
}

/// The value that the first line of `rest`, which is `line` bytes long, gives a variable; and how long all of it is.
fn value(rest: &str, line: usize) -> (Option<String>, usize) {
    let Some(at) = rest[..line].find('=') else { return (None, line) };
    let after = &rest[at + 1..];
    let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
    let begin = at + 1 + blank;
    let Some(quote) = rest[begin..].chars().next().filter(|it| matches!(it, '"' | '\'')) else {
        let text = rest[at + 1..line].trim();
        let text = if text.starts_with('#') { "" } else { text.split(" #").next().unwrap_or(text) };
        return (Some(text.trim_end().to_owned()), line);
    };
    let mut escaped = false;
    for (offset, it) in rest[begin + 1..].char_indices() {
        if it == quote && !escaped {
            let end = begin + 1 + offset;
            let whole = rest[end..].find('\n').map_or(rest.len(), |it| end + it + 1);
            return (Some(rest[begin + 1..end].to_owned()), whole);
        }
        escaped = it == '\\' && !escaped && quote == '"';
    }
    // A quote that nothing closes is a character like others.
    (Some(rest[at + 1..line].trim().to_owned()), line)
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{check, said};

    #[test]
    fn comments_quotes_and_order_do_not_count() {
        for (before, after) in [
            ("A=1\nB=2\n", "# why\n\nB='2'\r\nexport A=\"1\" # what\n"),
            ("A=", "A=\"\""),
            ("A=0\nA=1", "A=1"),
            ("# A=1", ""),
        ] {
            assert_eq!(said(".env.example", before, after), [""; 0], "{before}\n{after}");
        }
    }

    #[test]
    fn variables_have_their_words() {
        check(
            ".env.production.example",
            &[
                ("A=1", "A=2", &["variable A 1 → 2"]),
                ("A=", "A=2", &["variable A \"\" → 2"]),
                ("", "A=2", &["variable A=2 added"]),
                ("A=2", "", &["variable A removed"]),
                ("A='1\nB=2'", "A='1\nB=3'", &["variable A 1\\nB=2 → 1\\nB=3"]),
                ("DB_PASSWORD=", "DB_PASSWORD=hunter2secret", &["! variable DB_PASSWORD changed"]),
                ("DB_PASSWORD=hunter2secret", "DB_PASSWORD=", &["variable DB_PASSWORD changed"]),
                ("", "API_TOKEN=abcdefgh1234", &["! variable API_TOKEN added"]),
                ("A=1 2", "A=1 3", &["variable A 1 2 → 1 3"]),
            ],
            str::to_owned,
        );
        assert_eq!(crate::meaning::between(".env", Some("hello world"), Some("")), None);
    }
}
