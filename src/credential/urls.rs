//! Passwords and keys in URLs.

use std::ops::Range;

/// The bytes of every password that stands in a URL: of `postgres://shop:secret@db/shop`, those of `secret`.
pub fn url_passwords(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        // It ends where the next one begins, too.
        let word = text[start..].split("://").next().unwrap_or_default();
        let word = &word[..word.find([' ', '"', '\'', '`', '\n']).unwrap_or(word.len())];
        let end = word.find(['/', '?']).unwrap_or(word.len());
        // A password may hold what ends the name of a host; a port is only digits.
        let login = word[..end].rsplit_once('@').or_else(|| {
            let (_, after) = word[..end].split_once(':')?;
            let is_port = after.bytes().all(|it| it.is_ascii_digit());
            word.rsplit_once('@').filter(|_| !is_port)
        });
        let (user, password) = login?.0.split_once(':')?;
        let from = start + user.len() + 1;
        // `{password}` is a place for one.
        let is_place = password.strip_prefix('{').and_then(|it| it.strip_suffix('}')).is_some_and(is_a_name);
        (!password.is_empty() && !is_place).then_some(from..from + password.len())
    })
}

fn is_a_name(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
}

/// Whether `text` has a URL with a password in it that is no variable and no placeholder.
pub fn has_password(text: &str) -> bool {
    url_passwords(text).any(|it| !text[it].contains(['$', '{', '<']))
}

/// The bytes of each key that stands in a URL before the `@` and has no password beside it, as Sentry's addresses have
/// one: of `https://0123456789abcdef0123@o1.ingest.sentry.io/1`, those of the digits.
pub(super) fn url_keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        let key = &text[start..start + text[start..].find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?];
        let is_key = key.len() >= 20 && key.bytes().any(|it| it.is_ascii_digit());
        (is_key && text[start + key.len()..].starts_with('@')).then_some(start..start + key.len())
    })
}
