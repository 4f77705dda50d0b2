//! Ways in that do not lead through the gateway.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "published-port",
    severity: Severity::Warning,
    message: "the container can be reached past the gateway",
    help: "publish only the gateway's ports, and let it pass requests on; for a look from the host itself write `127.0.0.1:8000:8000`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", ports: ["8000:8000"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", ports: ["127.0.0.1:8000:8000"] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.is_gateway() || service.is_data_store() {
        return;
    }
    for port in service.ports.iter().filter(|it| !it.is_local()) {
        found.say(&port.bytes, format!("port {} can be reached past the gateway", port.target));
    }
}
