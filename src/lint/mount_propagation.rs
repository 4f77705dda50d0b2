//! Mounts that come back to the host.

use super::compose::{Service, below};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "mount-propagation",
    severity: Severity::Error,
    message: "mounts made in it appear on the host",
    help: "leave the propagation out, or write `rprivate`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: ["./data:/data:rshared"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", volumes: ["./data:/data"] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for mount in &service.mounts {
        let long = mount.long.and_then(|it| below(it, "bind.propagation")).and_then(Node::text);
        let mut all = mount.options.iter().map(String::as_str).chain(long);
        if all.any(|it| matches!(it, "shared" | "rshared")) {
            found.at(&mount.bytes);
        }
    }
}
