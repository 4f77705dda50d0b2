//! Memory file systems that kill their container when they are full.

use super::compose::{Mount, Service, below, size, size_of};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tmpfs-above-memory",
    severity: Severity::Error,
    message: "the container's tmpfs, when full, are more than its memory limit",
    help: "make them smaller or the limit larger: what lies in a tmpfs counts as memory of the container, which is killed above its limit",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api:
    image: "api:1"
    tmpfs: ["/tmp:size=512m,mode=0700,noexec,nosuid,nodev"]
    deploy: { resources: { limits: { memory: 256M } } }
"#,
    good: r#"name: shop
services:
  api:
    image: "api:1"
    tmpfs: ["/tmp:size=64m,mode=0700,noexec,nosuid,nodev"]
    deploy: { resources: { limits: { memory: 256M } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(limit) = service.memory_limit() else { return };
    let sum = service.tmpfs().filter_map(room).fold(0, u64::saturating_add);
    if sum >= limit
        && let Some(first) = service.tmpfs().next()
    {
        found.at(&first.bytes);
    }
}

fn room(tmpfs: &Mount<'_>) -> Option<u64> {
    match tmpfs.long {
        Some(long) => below(long, "tmpfs.size").and_then(size),
        None => tmpfs.options.iter().find_map(|it| it.strip_prefix("size=")).and_then(size_of),
    }
}
