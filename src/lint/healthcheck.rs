//! Services that cannot say how they are.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "healthcheck",
    severity: Severity::Warning,
    message: "nobody can tell whether the container is well",
    help: "write a `healthcheck` that asks the service itself, with what the image has, at 127.0.0.1; or a HEALTHCHECK in its Dockerfile",
    lifted: Lifted::Output("the container has no healthcheck (`disable: true`); nobody can wait for its health"),
    bad: r#"name: shop
services:
  cache: { image: "redis:8" }
"#,
    good: r#"name: shop
services:
  cache: { image: "redis:8", healthcheck: { test: [CMD, redis-cli, -e, ping], interval: 30s } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.is_one_shot() || service.is_partial() {
        return;
    }
    if service.is_unchecked() {
        found.say(&service.at("healthcheck"), "the healthcheck is switched off");
    } else if service.get("healthcheck").is_none() && !service.is_built() {
        found.at(&service.bytes);
    }
}
