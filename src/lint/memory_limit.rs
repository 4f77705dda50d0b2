//! Containers that may take all of the memory.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "memory-limit",
    severity: Severity::Warning,
    message: "the container may take all of the host's memory",
    help: "write `deploy: { resources: { limits: { memory: 512M } } }`: otherwise one leak takes everything else down with it",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { memory: 512M } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let has_limit = ["deploy.resources.limits.memory", "mem_limit"].iter().any(|it| service.get(it).is_some());
    if !has_limit && !service.is_partial() {
        found.at(&service.bytes);
    }
}
