//! Capabilities that are as good as root on the host, or nearly.

use super::compose::{Service, bytes, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "added-capability",
    severity: Severity::Error,
    message: "a capability that leads out of the container",
    help: "leave it out, or find the one that is needed: SYS_ADMIN, SYS_PTRACE, SYS_MODULE, DAC_READ_SEARCH, NET_ADMIN, NET_RAW, BPF and ALL reach the host or its network",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", cap_add: [SYS_ADMIN] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", cap_add: [NET_BIND_SERVICE] }
"#,
    check: Check::Service(check),
};

const DANGEROUS: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "IPC_OWNER",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "NET_RAW",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
];

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for added in service.get("cap_add").map(|it| it.items()).unwrap_or_default() {
        let name = text(added).unwrap_or_default().to_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name);
        if DANGEROUS.contains(&name) {
            found.say(&bytes(added), format!("`{name}` leads out of the container"));
        }
    }
}
