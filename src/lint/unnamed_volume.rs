//! Volumes that nobody finds again.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unnamed-volume",
    severity: Severity::Warning,
    message: "the volume has no name, and each new container gets another one",
    help: "name it, `uploads:/app/uploads`, and declare it under `volumes`; what need not last is a tmpfs",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: [/app/uploads] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", volumes: ["uploads:/app/uploads"] }
volumes:
  uploads: {}
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for mount in service.mounts.iter().filter(|it| it.kind == "volume" && it.source.is_empty()) {
        found.say(
            &mount.bytes,
            format!("the volume on `{}` has no name, and each new container gets another one", mount.target),
        );
    }
}
