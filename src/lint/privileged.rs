//! Containers that are the host.

use super::compose::{Service, is};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "privileged",
    severity: Severity::Error,
    message: "a privileged container is root on the host",
    help: "leave `privileged` out, and add the one device or capability that is needed",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", privileged: true }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if is(service.get("privileged"), true) {
        found.at(&service.at("privileged"));
    }
}
