//! Decoded paths in headers.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "request-uri",
    severity: Severity::Error,
    message: "a line end in the path becomes a header of its own",
    help: "write `$request_uri`: `$uri` is decoded, and a `%0d%0a` in it ends the header",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 127.0.0.1:8080;
    return 308 https://shop.example.com$uri;
}
",
    good: "\
server {
    listen 127.0.0.1:8080;
    return 308 https://shop.example.com$request_uri;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    nginx.each(|it, _| {
        let words = match it.name.as_str() {
            "return" if it.value().starts_with('3') || it.value().starts_with("http") => it.args.as_slice(),
            "add_header" | "proxy_set_header" => it.args.get(1..).unwrap_or_default(),
            _ => return,
        };
        if let Some(word) =
            words.iter().find(|it| has_variable(&it.text, "uri") || has_variable(&it.text, "document_uri"))
        {
            found.at(&word.bytes);
        }
    });
}

/// Whether `$name` stands in `text`, and not as the beginning of a longer name.
fn has_variable(text: &str, name: &str) -> bool {
    let continues = |it: char| it.is_ascii_alphanumeric() || it == '_';
    text.match_indices('$').any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('{');
        rest.strip_prefix(name).is_some_and(|it| !it.starts_with(continues))
    })
}
