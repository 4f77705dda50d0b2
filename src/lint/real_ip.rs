//! Client addresses that anybody may make up.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "real-ip",
    severity: Severity::Error,
    message: "anybody may say which address a request came from",
    help: "name the proxies that stand before this one, `set_real_ip_from 10.1.2.0/24;`, and no others: limits and logs go by this address",
    lifted: Lifted::Quiet,
    bad: "\
set_real_ip_from 0.0.0.0/0;
real_ip_header X-Forwarded-For;
",
    good: "\
set_real_ip_from 10.1.2.0/24;
real_ip_header X-Forwarded-For;
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for directive in nginx.all("set_real_ip_from") {
        if matches!(directive.value(), "0.0.0.0/0" | "::/0" | "0/0") {
            found.at(&directive.bytes);
        }
    }
    if let Some(header) = nginx.all("real_ip_header").first().filter(|_| nginx.all("set_real_ip_from").is_empty()) {
        found.say(&header.bytes, "no proxy is named whose word would be taken for the address");
    }
}
