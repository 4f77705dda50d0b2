//! Services that are killed before they are done.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "stop-grace-period",
    severity: Severity::Warning,
    message: "the container is killed 10 seconds after it was told to stop",
    help: "write `stop_grace_period: 30s`, longer than the application's own time to finish what it began",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", stop_grace_period: 30s }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.get("stop_grace_period").is_none() && !service.is_one_shot() && !service.is_partial() {
        found.at(&service.bytes);
    }
}
