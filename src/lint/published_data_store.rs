//! Databases that the world can reach.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "published-data-store",
    severity: Severity::Error,
    message: "a data store is published to other hosts",
    help: "publish nothing: services reach it on their network; for a look from the host itself write `127.0.0.1:5432:5432`. Published ports go past the host's firewall",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  db: { image: "postgres:18", ports: ["5432:5432"] }
"#,
    good: r#"name: shop
services:
  db: { image: "postgres:18", ports: ["127.0.0.1:5432:5432"] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for port in service.ports.iter().filter(|it| service.is_data_store() && !it.is_local()) {
        found.say(&port.bytes, format!("port {} of a data store is published to other hosts", port.target));
    }
}
