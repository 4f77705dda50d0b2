//! Devices of the host in a container.

use super::compose::{Service, bytes, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "host-device",
    severity: Severity::Warning,
    message: "a device of the host",
    help: "leave it out, or give only the one that is needed, read-only where that is enough: `/dev/x:/dev/x:r`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", devices: ["/dev/sda:/dev/sda"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for device in service.get("devices").map(|it| it.items()).unwrap_or_default() {
        let source = device.get("source").unwrap_or(device);
        if let Some(shown) = text(source).filter(|it| it.starts_with("/dev/")) {
            let shown = shown.split(':').next().unwrap_or(&shown);
            found.say(&bytes(source), format!("`{shown}` is a device of the host"));
        }
    }
}
