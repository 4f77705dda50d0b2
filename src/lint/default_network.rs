//! Services that can reach every other one.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "default-network",
    severity: Severity::Warning,
    message: "the container is on the default network, with everything else",
    help: "give each service that is called a network, and put its callers on it: `networks: [db]`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", networks: [api] }
networks:
  api: { internal: true }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.get("network_mode").is_some() || service.is_partial() {
        return;
    }
    let networks = service.networks();
    if networks.is_empty() {
        found.at(&service.bytes);
    } else if let Some((_, at)) = networks.iter().find(|(name, _)| name == "default") {
        found.at(at);
    }
}
