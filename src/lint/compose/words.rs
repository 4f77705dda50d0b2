//! The words of compose files: texts, sizes, variables with their defaults, and names of images.

use std::borrow::Cow;

use crate::yaml::{Node, Value};

/// A scalar as text.
pub(in crate::lint) fn text(node: &Node) -> Option<Cow<'_, str>> {
    match &node.value {
        Value::String(it) => Some(Cow::Borrowed(it)),
        Value::Number(it) => Some(Cow::Owned(it.to_string())),
        Value::Bool(it) => Some(Cow::Borrowed(if *it { "true" } else { "false" })),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The texts of a list, or of a single scalar.
pub(in crate::lint) fn texts(node: &Node) -> Vec<Cow<'_, str>> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(text).collect(),
        _ => text(node).into_iter().collect(),
    }
}

/// A size in bytes: `512M`, `64kb`, or a number.
pub(in crate::lint) fn size(node: &Node) -> Option<u64> {
    size_of(&text(node)?)
}

/// The same of text.
pub(crate) fn size_of(text: &str) -> Option<u64> {
    let text = assume(text).trim().to_lowercase();
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are positive, and rounding is fine"
    )]
    number.parse::<f64>().ok().map(|it| (it * factor) as u64)
}

/// How many defaults may stand in each other: nobody writes more than two or three.
const DEEPEST: usize = 32;

/// `text` with the defaults of its variables: `${A:-b}` becomes `b`. A variable without one stays.
pub(crate) fn assume(text: &str) -> Cow<'_, str> {
    assume_within(text, DEEPEST)
}

fn assume_within(text: &str, depth: usize) -> Cow<'_, str> {
    if depth == 0 || !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        out.push_str(&rest[..dollar]);
        let length = braced(&rest[dollar..]);
        let whole = &rest[dollar..dollar + length];
        let inner = whole[2..].strip_suffix('}').unwrap_or(&whole[2..]);
        let name = inner.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(inner.len());
        let operator = &inner[name..];
        let escaped = out.ends_with('$');
        match operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-')) {
            Some(default) if !escaped => out.push_str(&assume_within(default, depth - 1)),
            _ => out.push_str(whole),
        }
        rest = &rest[dollar + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The first variable of `text` that is empty where the environment does not set it: `$A` or `${A}`, but not `$$A`.
pub(in crate::lint) fn undecided(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let after = &rest[dollar + 1..];
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        if let Some(escaped) = after.strip_prefix('$') {
            rest = escaped;
        } else if let Some(inner) = after.strip_prefix('{') {
            let end = inner.find(|it| !is_word(it)).unwrap_or(inner.len());
            if inner[end..].starts_with('}') {
                return Some(&inner[..end]);
            }
            // With a default or a message; what is in those is its own.
            rest = &after[braced(after)..];
        } else {
            let end = after.find(|it| !is_word(it)).unwrap_or(after.len());
            if after.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_') {
                return Some(&after[..end]);
            }
            rest = after;
        }
    }
    None
}

/// How long the `${…}` is that `text` begins with; braces nest.
fn braced(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// `text` at its colons, but not at those within `${…}` and `[…]`, nor behind the letter of a drive.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, char) in text.char_indices() {
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth <= 0 && !(at == start + 1 && begins_with_drive(&text[start..])) => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Whether a mount's text begins with a path of Windows: `C:\data`, or `C:/data` before another path.
fn begins_with_drive(text: &str) -> bool {
    let is_letter = text.starts_with(|it: char| it.is_ascii_alphabetic());
    let rest = text.get(1..).and_then(|it| it.strip_prefix(':')).filter(|_| is_letter);
    rest.is_some_and(|it| it.starts_with('\\') || (it.starts_with('/') && it.contains(":/")))
}

/// Whether the source of a mount is a path of the host, and no volume's name.
pub(crate) fn is_host_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~', '$', '\\']) || source.get(1..).is_some_and(|it| it.starts_with(':'))
}

/// An image without registry, tag and digest: `postgres` of `ghcr.io/acme/postgres:18`.
pub(in crate::lint) fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split(':').next().unwrap_or(name)
}

/// The tag of an image; none if it has none. An image by digest has none, and needs none.
pub(crate) fn image_tag(image: &str) -> Option<&str> {
    let image = image.split('@').next().unwrap_or(image);
    image.rsplit('/').next().and_then(|it| it.split_once(':')).map(|(_, tag)| tag)
}

/// Whether something is written here and is this boolean: quoted or not, in words that compose takes for one, or by the
/// default of a variable.
pub(in crate::lint) fn is(node: Option<&Node>, wanted: bool) -> bool {
    match node.map(|it| &it.value) {
        Some(Value::Bool(it)) => *it == wanted,
        Some(Value::String(it)) => match assume(it).to_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "1" => wanted,
            "false" | "no" | "n" | "off" | "0" => !wanted,
            _ => false,
        },
        _ => false,
    }
}
