//! Containers that may start any number of processes.

use super::compose::{Service, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "pids-limit",
    severity: Severity::Warning,
    message: "the container may start any number of processes",
    help: "write `deploy: { resources: { limits: { pids: 200 } } }`: a fork bomb then ends in its own container",
    lifted: Lifted::Output("the container may start any number of processes (no pids limit)"),
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { pids: 200 } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let limit = service.get("deploy.resources.limits.pids").or_else(|| service.get("pids_limit"));
    let is_limited = limit.and_then(text).is_some_and(|it| it != "-1" && it != "0");
    if !is_limited && !service.is_partial() {
        found.at(&service.bytes);
    }
}
