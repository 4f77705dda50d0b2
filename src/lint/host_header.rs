//! A Host header that the client chose.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "host-header",
    severity: Severity::Error,
    message: "the service gets whatever Host the client sent",
    help: "write `proxy_set_header Host $host;`: `$http_host` may differ from the name by which the server was chosen, and links are made of it",
    lifted: Lifted::Quiet,
    bad: "\
proxy_set_header Host $http_host;
",
    good: "\
proxy_set_header Host $host;
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for header in nginx.all("proxy_set_header") {
        let is_host =
            header.value().eq_ignore_ascii_case("host") || header.value().eq_ignore_ascii_case("x-forwarded-host");
        if is_host && header.arg(1).contains("$http_host") {
            found.at(&header.bytes);
        }
    }
}
