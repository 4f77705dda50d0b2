//! Memory file systems without a size, or with more rights than files need.

use super::compose::{Service, below};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tmpfs-options",
    severity: Severity::Warning,
    message: "a tmpfs without a size takes half of the memory",
    help: "write `\"/tmp:size=64m,uid=10001,gid=10001,mode=0700,noexec,nosuid,nodev\"`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", tmpfs: [/tmp] }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", tmpfs: ["/tmp:size=64m,mode=0700,noexec,nosuid,nodev"] }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for tmpfs in service.tmpfs() {
        let has = |name: &str| tmpfs.options.iter().any(|it| it.split('=').next() == Some(name));
        let missing: Vec<&str> = match tmpfs.long {
            // The long form knows no other option.
            Some(long) => ["size"].into_iter().filter(|_| below(long, "tmpfs.size").is_none()).collect(),
            None => ["size", "noexec", "nosuid", "nodev"].into_iter().filter(|it| !has(it)).collect(),
        };
        if !missing.is_empty() {
            found.say(&tmpfs.bytes, format!("the tmpfs on `{}` lacks `{}`", tmpfs.target, missing.join("`, `")));
        }
    }
}
