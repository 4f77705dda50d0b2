//! Containers for which nothing is kept.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "reservations",
    severity: Severity::Warning,
    message: "nothing is kept for the container when the host is full",
    help: "write `deploy: { resources: { reservations: { cpus: \"0.25\", memory: 128M } } }`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", deploy: { resources: { reservations: { cpus: "0.25", memory: 128M } } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.is_partial() {
        return;
    }
    let has = |keys: &[&str]| keys.iter().any(|it| service.get(it).is_some());
    let memory = has(&["deploy.resources.reservations.memory", "mem_reservation"]);
    let missing = match (memory, has(&["deploy.resources.reservations.cpus", "cpu_shares"])) {
        (true, true) => return,
        (true, false) => "no processor time is kept for the container when the host is full",
        (false, true) => "no memory is kept for the container when the host is full",
        (false, false) => found.rule.message,
    };
    found.say(&service.bytes, missing);
}
