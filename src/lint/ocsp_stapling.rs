//! Stapling of answers that nobody gives any more.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "ocsp-stapling",
    severity: Severity::Warning,
    message: "OCSP stapling asks for an answer that is not given any more",
    help: "leave it out: Let's Encrypt ended its OCSP service in 2025, and certificates of others are short-lived by now",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl;
    ssl_stapling on;
}
",
    good: "\
server {
    listen 8443 ssl;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for name in ["ssl_stapling", "ssl_stapling_verify"] {
        for directive in nginx.all(name).into_iter().filter(|it| it.value() == "on") {
            found.at(&directive.bytes);
        }
    }
}
