//! Containers that keep the engine's default capabilities.

use super::compose::{Service, texts};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "drop-capabilities",
    severity: Severity::Error,
    message: "the container keeps capabilities that it does not need",
    help: "write `cap_drop: [ALL]`, and under `cap_add` only what it cannot start without",
    lifted: Lifted::Output("the container keeps the engine's default capabilities (no `cap_drop`)"),
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", cap_drop: [ALL] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let dropped = service.get("cap_drop").map(texts).unwrap_or_default();
    if !dropped.iter().any(|it| it.eq_ignore_ascii_case("all")) && !service.is_partial() {
        found.at(&service.at("cap_drop"));
    }
}
