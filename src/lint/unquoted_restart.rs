//! `no` without quotes.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unquoted-restart",
    severity: Severity::Warning,
    message: "some readers take this for a boolean",
    help: "write `restart: \"no\"`, in quotes: YAML 1.1 reads a bare `no` as false",
    lifted: Lifted::Quiet,
    bad: "\
name: shop
services:
  migrate: { restart: no }
",
    good: r#"name: shop
services:
  migrate: { restart: "no" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let at = service.at("restart");
    if service.compose.bare_words.contains(&at) {
        found.at(&at);
    }
}
