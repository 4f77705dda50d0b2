//! Probes that depend on how a name is looked up.

use super::compose::{Service, bytes, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "healthcheck-on-localhost",
    severity: Severity::Warning,
    message: "the probe asks `localhost`, which may be ::1, where nobody listens",
    help: "write 127.0.0.1: BusyBox' wget takes the first address it gets and tries no other",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", healthcheck: { test: [CMD, wget, -q, --spider, "http://localhost:8000/healthz"] } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", healthcheck: { test: [CMD, wget, -q, --spider, "http://127.0.0.1:8000/healthz"] } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(test) = service.get("healthcheck.test") else { return };
    let says = |it: &&crate::yaml::Node| text(it).is_some_and(|it| it.contains("localhost"));
    if let Some(word) = test.items().iter().chain([test]).find(says) {
        found.at(&bytes(word));
    }
}
