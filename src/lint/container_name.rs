//! Names that only one container can have.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "container-name",
    severity: Severity::Warning,
    message: "a fixed name stands in the way of replicas, and of a second project on the host",
    help: "leave it out: compose names containers after project and service, and services find each other by the service's name",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", container_name: api }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.get("container_name").is_some() {
        found.at(&service.at("container_name"));
    }
}
