//! Containers without the kernel's own fences.

use super::compose::{Service, bytes, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unconfined",
    severity: Severity::Error,
    message: "seccomp, AppArmor or SELinux is switched off",
    help: "leave it out: the default profiles allow what programs need",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", security_opt: ["seccomp:unconfined"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", security_opt: [] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for option in service.get("security_opt").map(|it| it.items()).unwrap_or_default() {
        let written = text(option).unwrap_or_default();
        let plain = written.replace('=', ":");
        if matches!(
            plain.as_str(),
            "seccomp:unconfined" | "apparmor:unconfined" | "label:disable" | "systempaths:unconfined"
        ) {
            found.say(&bytes(option), format!("`{written}` switches a fence of the kernel off"));
        }
    }
}
