//! The engine's socket in a container.

use super::compose::{Service, is};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "docker-socket",
    severity: Severity::Error,
    message: "whoever has the engine's socket is root on the host",
    help: "leave it out; what only wants to look gets a proxy that answers GET alone",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    const SOCKETS: &[&str] = &["docker.sock", "containerd.sock", "podman.sock", "crio.sock"];
    if is(service.get("use_api_socket"), true) {
        found.at(&service.at("use_api_socket"));
    }
    for mount in &service.mounts {
        let source = mount.source.trim_end_matches('/');
        let is_parent = matches!(source, "/var/run" | "/run" | "/run/containerd" | "/run/podman");
        if SOCKETS.iter().any(|it| source.ends_with(it)) || is_parent {
            found.say(&mount.bytes, format!("through `{source}` the container is root on the host"));
        }
    }
}
