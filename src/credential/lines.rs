//! Names and values in a line of any file.

use std::ops::Range;

use super::names::{is_harmless, is_option, is_secret, literal};

/// The value that belongs to a secret's name in a line.
pub(super) enum Found {
    At(Range<usize>),
    /// It stands on the lines below: as a block after `|` or `>`, or just there.
    Below {
        block: bool,
    },
}

/// All values in a line that follow the name of a secret or an option for one.
pub(super) fn values(line: &str) -> Vec<Found> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    let mut found = Vec::new();
    let mut at = 0;
    let lead = line.len() - line.trim_start().len();
    // How many brackets are open, and up to where they were counted.
    let (mut open, mut counted) = (0_i64, 0);
    while let Some(begin) = line[at..].find(is_word).map(|it| at + it) {
        let end = line[begin..].find(|it| !is_word(it)).map_or(line.len(), |it| begin + it);
        at = end;
        let word = &line[begin..end];
        let before = &line[lead..begin];
        for it in line[counted..begin].bytes() {
            open += i64::from(matches!(it, b'{' | b'[')) - i64::from(matches!(it, b'}' | b']'));
        }
        counted = begin;
        let is_setting = word.eq_ignore_ascii_case("pwd") && before.ends_with(';');
        let is_login = word == "auth" && before.ends_with(['"', '\'']);
        let is_signing = word == "secure_link_md5" && before.is_empty();
        if !(is_secret(word.trim_start_matches('-')) || is_option(word) || is_setting || is_login || is_signing) {
            continue;
        }
        // JSON in a text of another language has a backslash before each quote.
        let rest = line[end..].strip_prefix('\\').unwrap_or(&line[end..]);
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
        let is_instruction = matches!(before.trim_end(), "ENV" | "ARG");
        let in_brackets = open > 0;
        // In a sentence a colon only ends a word; and `pwd` is a password only among other settings.
        let stands_alone =
            before.is_empty() || before.trim_end().ends_with(['{', '[', ',', '"', '\'', ';', '&', '?', '-']);
        let (value, to_the_end) = if let Some(value) = rest.strip_prefix(':').filter(|_| stands_alone) {
            // `a:b` is no key of YAML, but may be one of JSON.
            (value, !in_brackets && value.starts_with([' ', '\t']))
        } else if let Some(value) = rest.strip_prefix('=') {
            let is_first = before.is_empty() || matches!(before.trim_end(), "-" | "export" | "- \"" | "- '");
            (value, is_first && !value.contains(" --"))
        } else if is_option(word) {
            (rest.trim_start_matches([',', ' ']), false)
        } else if is_instruction {
            (&line[end..], true)
        } else if let Some(value) = directive(before, &line[end..]) {
            let from = end + line[end..].find(value).unwrap_or_default();
            found.push(Found::At(from..from + value.len()));
            at = from + value.len();
            continue;
        } else {
            continue;
        };
        let is_key = rest.starts_with(':') && !in_brackets;
        let value = value.trim_start();
        let from = line.len() - value.len();
        let range = match value.chars().next() {
            None if is_key => {
                found.push(Found::Below { block: false });
                continue;
            }
            None => continue,
            Some('|' | '>') if is_key => {
                found.push(Found::Below { block: true });
                continue;
            }
            // An anchor, an alias, a tag, a list or a map: what is inside of those is looked at by itself.
            Some('&' | '*' | '!' | '[' | '{') if rest.starts_with(':') && !value.starts_with("{{") => continue,
            // What comes next is another command, and not a value.
            Some('&' | '|' | ';') => continue,
            Some('\\') if value[1..].starts_with('"') => {
                from + 2..from + 2 + value[2..].find("\\\"").unwrap_or(value.len() - 2)
            }
            Some('\\') if value.len() == 1 => continue,
            Some(quote @ ('"' | '\'')) => from + 1..from + 1 + quoted(&value[1..], quote),
            Some(_) if to_the_end => {
                let ends = |at: usize| [" #", " && ", " || "].iter().any(|it| value[at..].starts_with(it));
                let end = value.match_indices(' ').map(|it| it.0).find(|it| ends(*it)).unwrap_or(value.len());
                from..from + value[..end].trim_end().len()
            }
            Some(_) if in_brackets => {
                let end = value.find([',', '}', ']']).unwrap_or(value.len());
                from..from + value[..end].trim_end().len()
            }
            Some(_) => {
                let word = value.split([' ', '\t', '`', ';']).next().unwrap_or(value);
                let end = ["&&", "||"].iter().filter_map(|it| word.find(it)).min().unwrap_or(word.len());
                from..from + end
            }
        };
        at = at.max(range.end);
        if is_login && !is_base64(&line[range.clone()]) {
            continue;
        }
        // `SECRET_KEY_BASE=dummy rails …`: a command follows.
        if rest.starts_with('=') && is_harmless(line[range.clone()].split(' ').next().unwrap_or_default()) {
            continue;
        }
        if let Some(part) = literal(line[range.clone()].trim_end_matches(['"', '\''])) {
            found.push(Found::At(range.start + part.start..range.start + part.end));
        }
    }
    found
}

/// What a directive of nginx gives a secret's name: `proxy_set_header X-Api-Key VALUE;`, `secure_link_secret VALUE;`.
fn directive<'a>(before: &str, after: &'a str) -> Option<&'a str> {
    const GIVES: [&str; 8] = [
        "",
        "proxy_set_header",
        "grpc_set_header",
        "fastcgi_param",
        "uwsgi_param",
        "scgi_param",
        "add_header",
        "set $",
    ];
    // Only few words give one, so that the rest of a line is not looked through for each word of it.
    if !GIVES.contains(&before.trim_end().trim_end_matches(['"', '\'']).trim_end()) {
        return None;
    }
    let value = after.strip_prefix(['"', '\'']).unwrap_or(after).strip_prefix([' ', '\t'])?.trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => &value[1..=quoted(&value[1..], quote)],
        _ => &value[..value.find([';', ' ', '\t'])?],
    };
    let is_variable =
        value.strip_prefix('$').is_some_and(|it| it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_'));
    let ends = after.split('#').next().unwrap_or(after).trim_end().ends_with([';', '}']);
    (ends && !is_variable && !is_harmless(value)).then_some(value)
}

/// Whether a text is what Docker keeps of a name and a password.
fn is_base64(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || b"+/-_".contains(&it);
    text.len() >= 8 && text.len().is_multiple_of(4) && letters.bytes().all(is_letter)
}

/// How long the text is that a quote closes: in double quotes a backslash escapes, in single ones a second quote does.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, it)) = characters.next() {
        if it == '\\' && quote == '"' {
            characters.next();
        } else if it == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, it)| *it == '\'') {
                characters.next();
            } else {
                return at;
            }
        }
    }
    text.len()
}
