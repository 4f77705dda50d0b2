//! Containers that can write anywhere.

use super::compose::{Service, is};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "read-only-root",
    severity: Severity::Warning,
    message: "the container's root file system is writable",
    help: "write `read_only: true`, and give what it writes a tmpfs or a volume: an intruder can then leave nothing behind",
    lifted: Lifted::Output("the container's root file system is writable (`read_only: false`)"),
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", read_only: true }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if !is(service.get("read_only"), true) && !service.is_partial() {
        found.at(&service.at("read_only"));
    }
}
