//! Networks of databases that have a way out.

use std::collections::HashSet;

use super::compose::{Compose, is};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "internal-network",
    severity: Severity::Error,
    message: "a network with a data store on it is not internal",
    help: "write `internal: true`: what is on it can then reach nothing outside, and nothing outside reaches it",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  db: { image: "postgres:18", networks: [data] }
networks:
  data: {}
"#,
    good: r#"name: shop
services:
  db: { image: "postgres:18", networks: [data] }
networks:
  data: { internal: true }
"#,
    check: Check::Compose(check),
};

const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";

fn check(compose: &Compose, found: &mut Found<'_>) {
    let Some(networks) = compose.root.get("networks") else { return };
    let mut said = HashSet::new();
    for store in compose.services().filter(|it| it.is_data_store()) {
        for (name, _) in store.networks() {
            let Some(network) = networks.get(&name).filter(|it| !is(it.get("internal"), true)) else { continue };
            // Made for a port on the loopback address, which an internal network would silently not publish.
            if is(network.get("driver_opts").and_then(|it| it.get(MASQUERADE)), false) {
                continue;
            }
            if network.get("external").is_none() && said.insert(name.clone()) {
                found.say(&network.key, format!("`{name}` is not internal, and `{}` keeps data on it", store.name));
            }
        }
    }
}
