//! Containers that share the host's network, processes or users.

use super::compose::{Service, assume, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "host-namespace",
    severity: Severity::Error,
    message: "the container shares a namespace of the host",
    help: "leave it out: put services that talk to each other on a network of their own, and publish what has to be reached",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", network_mode: host }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", networks: [api] }
networks:
  api: { internal: true }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for key in ["network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup", "build.network"] {
        if service.get(key).and_then(text).is_some_and(|it| assume(&it) == "host") {
            found.say(&service.at(key), format!("`{key}: host` shares a namespace of the host"));
        }
    }
}
