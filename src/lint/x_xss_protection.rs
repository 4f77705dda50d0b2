//! A header that made browsers less safe.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "x-xss-protection",
    severity: Severity::Warning,
    message: "`X-XSS-Protection` made browsers less safe, and they dropped it",
    help: "leave it out; a Content-Security-Policy does what it was meant to",
    lifted: Lifted::Quiet,
    bad: r#"add_header X-XSS-Protection "1; mode=block" always;
"#,
    good: "\
add_header X-Content-Type-Options nosniff always;
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for header in nginx.all("add_header") {
        if header.value().eq_ignore_ascii_case("x-xss-protection") && header.arg(1) != "0" {
            found.at(&header.bytes);
        }
    }
}
