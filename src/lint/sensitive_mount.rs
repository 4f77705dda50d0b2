//! Folders of the host that nobody but the host should see.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "sensitive-mount",
    severity: Severity::Error,
    message: "a folder of the host's own is mounted",
    help: "mount the one folder that is needed, of the project and not of the host, with `read_only: true`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", volumes: ["/etc:/host/etc:ro"] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", volumes: ["./config:/config:ro"] }
"#,
    check: Check::Service(check),
};

/// With all that is in them.
const TREES: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/lib/modules",
    "/proc",
    "/root",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "~/.aws",
    "~/.config/gcloud",
    "~/.docker",
    "~/.gnupg",
    "~/.kube",
    "~/.ssh",
];
/// Read-only, they tell nothing.
const HARMLESS: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl/certs",
    "/etc/pki/ca-trust",
    "/dev/shm",
    "/etc/machine-id",
    "/etc/letsencrypt",
];

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for mount in service.mounts.iter().filter(|it| it.kind == "bind") {
        let source = mount.source.replace("${HOME}", "~").replace("$HOME", "~");
        let path = source.trim_end_matches('/');
        let is_in = |tree: &&str| path == *tree || path.strip_prefix(*tree).is_some_and(|it| it.starts_with('/'));
        let is_whole = matches!(path, "" | "/home" | "/opt" | "/var" | "/var/lib" | "/srv" | "~") && !source.is_empty();
        let is_harmless = mount.is_read_only() && HARMLESS.iter().any(is_in);
        if (is_whole || TREES.iter().any(is_in)) && !is_harmless {
            found.say(&mount.bytes, format!("`{source}` is the host's own"));
        }
    }
}
