//! Containers in which a setuid program still makes root.

use super::compose::{Service, texts};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "no-new-privileges",
    severity: Severity::Error,
    message: "a setuid program in it may gain privileges",
    help: "write `security_opt: [\"no-new-privileges:true\"]`",
    lifted: Lifted::Output("the container may gain privileges (`security_opt` without `no-new-privileges`)"),
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", security_opt: ["no-new-privileges:true"] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let options = service.get("security_opt").map(texts).unwrap_or_default();
    let mut values = options.iter().filter_map(|it| it.strip_prefix("no-new-privileges"));
    // The last one counts.
    let is_set = values.next_back().is_some_and(|it| matches!(it.trim_start_matches([':', '=']), "" | "true"));
    if !is_set && !service.is_partial() {
        found.at(&service.at("security_opt"));
    }
}
