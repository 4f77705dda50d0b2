//! Containers that are told to run as root.

use super::compose::{Service, assume, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "container-root-user",
    severity: Severity::Error,
    message: "the container runs as root",
    help: "write an unprivileged user by number, `user: \"10001:10001\"`; what needs root once, to prepare a volume, is a one-shot of its own",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", user: root }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", user: "10001:10001" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(user) = service.get("user").and_then(text) else { return };
    let user = assume(&user);
    let name = user.split(':').next().unwrap_or_default();
    // Docker takes `00` and `+0` for the number that they are.
    if name == "root" || name.parse() == Ok(0) {
        found.at(&service.at("user"));
    }
}
