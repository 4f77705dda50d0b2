//! Services that stay down.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "restart-policy",
    severity: Severity::Warning,
    message: "the container stays down after a crash, and after a reboot of the host",
    help: "write `restart: unless-stopped`, or `restart: \"no\"` for what is to run once",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", restart: unless-stopped }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let has_policy = ["restart", "deploy.restart_policy"].iter().any(|it| service.get(it).is_some());
    if !has_policy && !service.is_one_shot() && !service.is_partial() {
        found.at(&service.bytes);
    }
}
