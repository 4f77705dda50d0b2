//! `X-Forwarded-For` as the client wrote it.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "forwarded-for",
    severity: Severity::Warning,
    message: "what the client claims to be goes on to the service",
    help: "write `proxy_set_header X-Forwarded-For $remote_addr;`, or name the trusted proxies with `set_real_ip_from`",
    lifted: Lifted::Quiet,
    bad: "\
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
",
    good: "\
proxy_set_header X-Forwarded-For $remote_addr;
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    if !nginx.all("set_real_ip_from").is_empty() {
        return;
    }
    for header in nginx.all("proxy_set_header") {
        if header.arg(1).contains("$proxy_add_x_forwarded_for") || header.arg(1).contains("$http_x_forwarded_for") {
            found.at(&header.bytes);
        }
    }
    let mut said = false;
    nginx.each(|it, scope| {
        let sets = |it: &&Directive| it.value().eq_ignore_ascii_case("x-forwarded-for");
        if it.name == "proxy_pass" && !said && !scope.effective("proxy_set_header").iter().any(sets) {
            said = true;
            found.say(&it.bytes, "the `X-Forwarded-For` that the client sent goes on to the service as it is");
        }
    });
}
