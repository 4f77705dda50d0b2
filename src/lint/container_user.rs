//! Containers that run as whoever the image says.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "container-user",
    severity: Severity::Warning,
    message: "no `user`, so the container runs as whoever the image says, mostly root",
    help: "write the image's own unprivileged user by number, `user: \"999:999\"`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  cache: { image: "redis:8" }
"#,
    good: r#"name: shop
services:
  cache: { image: "redis:8", user: "999:999" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.get("user").is_none() && !service.is_built() && !service.is_partial() {
        found.at(&service.bytes);
    }
}
