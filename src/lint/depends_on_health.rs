//! Services that start before what they need is there.

use super::compose::{Service, bytes, is_unchecked, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "depends-on-health",
    severity: Severity::Warning,
    message: "the container starts before what it needs is ready",
    help: "write `depends_on: { db: { condition: service_healthy } }`; a one-shot is waited for with `service_completed_successfully`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", depends_on: [db] }
  db: { image: "db:1", healthcheck: { test: [CMD, db, ping] } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", depends_on: { db: { condition: service_healthy } } }
  db: { image: "db:1", healthcheck: { test: [CMD, db, ping] } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(needs) = service.get("depends_on") else { return };
    for item in needs.items() {
        found.say(&bytes(item), format!("the container starts before `{}` is ready", text(item).unwrap_or_default()));
    }
    for (name, need) in needs.entries() {
        let Some(needed) = service.compose.service(name) else { continue };
        let restart = needed.get("restart").and_then(Node::text);
        match need.get("condition").and_then(Node::text) {
            None => found.say(&need.key, format!("the container starts before `{name}` is ready")),
            Some("service_healthy") if is_unchecked(needed) => {
                found.say(
                    &need.key,
                    format!("the container waits for the health of `{name}`, whose healthcheck is switched off"),
                );
            }
            Some("service_completed_successfully") if matches!(restart, Some("always" | "unless-stopped")) => {
                found.say(
                    &need.key,
                    format!("the container waits until `{name}` is done, which starts again each time"),
                );
            }
            Some(_) => {}
        }
    }
}
