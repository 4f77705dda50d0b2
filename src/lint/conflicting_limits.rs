//! One limit in two places.

use super::compose::{Service, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "conflicting-limits",
    severity: Severity::Error,
    message: "a limit stands in two places with two meanings",
    help: "write it under `deploy.resources.limits` only: compose refuses `pids_limit`, `mem_limit` and `cpus` beside it, unless both say the same",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", pids_limit: 100, deploy: { resources: { limits: { memory: 512M } } } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { memory: 512M, pids: 100 } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(limits) = service.get("deploy.resources.limits") else { return };
    for (old, new) in [("pids_limit", "pids"), ("mem_limit", "memory"), ("cpus", "cpus")] {
        let Some(value) = service.get(old) else { continue };
        if limits.get(new).and_then(text) != text(value) {
            found.say(
                &service.at(old),
                format!("`{old}` stands beside `deploy.resources.limits`, which compose refuses"),
            );
        }
    }
}
