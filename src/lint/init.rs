//! Programs as PID 1 that are none.

use super::compose::{Service, is, texts};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "init",
    severity: Severity::Warning,
    message: "the container's program is PID 1, and leaves what its children leave behind",
    help: "write `init: true`: a process that was not written to be PID 1 ignores signals that it does not handle, and keeps the zombies of its children",
    lifted: Lifted::Output("the container's program is PID 1 itself (no `init`)"),
    bad: r#"name: shop
services:
  worker: { image: "worker:1", build: ., command: [celery, -A, app.worker, worker] }
"#,
    good: r#"name: shop
services:
  worker: { image: "worker:1", build: ., command: [celery, -A, app.worker, worker], init: true }
"#,
    check: Check::Service(check),
};

/// Servers that were written to be PID 1, and inits.
const FIT: &[&str] = &[
    "nginx",
    "postgres",
    "redis-server",
    "valkey-server",
    "caddy",
    "haproxy",
    "tini",
    "dumb-init",
    "s6-svscan",
    "php-fpm",
    "apache2-foreground",
];

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if is(service.get("init"), false) {
        return found.say(&service.at("init"), "the program is PID 1 itself");
    }
    // What an image of others starts, others have thought about; what is in a Dockerfile is not known here.
    if is(service.get("init"), true) || !service.is_built() {
        return;
    }
    let command = service.get("entrypoint").or_else(|| service.get("command")).map(texts).unwrap_or_default();
    // Options are for an entrypoint that the image has.
    let Some(first) = command.first().filter(|it| !it.starts_with('-')) else { return };
    let program = first.split_whitespace().next().unwrap_or("").rsplit('/').next().unwrap_or("");
    if !FIT.contains(&program) {
        found.at(&service.bytes);
    }
}
