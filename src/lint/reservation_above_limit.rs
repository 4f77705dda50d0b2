//! Reservations that can never be met.

use super::compose::{Service, size};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "reservation-above-limit",
    severity: Severity::Error,
    message: "more is reserved than may be used",
    help: "reserve at most what the limit is: the engine refuses to start it otherwise",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { memory: 128M }, reservations: { memory: 1G } } } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { limits: { memory: 1G }, reservations: { memory: 128M } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let written =
        ["deploy.resources.reservations.memory", "mem_reservation"].into_iter().find(|it| service.get(it).is_some());
    let Some(key) = written else { return };
    if let (Some(reserved), Some(limit)) = (service.get(key).and_then(size), service.memory_limit())
        && reserved > limit
    {
        found.at(&service.at(key));
    }
}
