//! Containers that may take all of the processors.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "cpu-limit",
    severity: Severity::Warning,
    message: "the container may take all of the host's processors",
    help: "write `deploy: { resources: { limits: { cpus: \"1\" } } }`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { cpus: "1" } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let has_limit = ["deploy.resources.limits.cpus", "cpus", "cpu_quota"].iter().any(|it| service.get(it).is_some());
    if !has_limit && !service.is_partial() {
        found.at(&service.bytes);
    }
}
