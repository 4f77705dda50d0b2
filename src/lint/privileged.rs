//! Containers that are the host.

use super::compose::{Service, bytes, is, text};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "privileged",
    severity: Severity::Error,
    message: "a privileged container is root on the host",
    help: "leave `privileged` out, and add the one device or capability that is needed",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", privileged: true }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for key in ["privileged", "build.privileged"] {
        if is(service.get(key), true) {
            found.at(&service.at(key));
        }
    }
    for hook in ["post_start", "pre_stop"].into_iter().filter_map(|it| service.get(it)).flat_map(Node::items) {
        if is(hook.get("privileged"), true) {
            found.say(&bytes(hook), "a hook runs privileged, which is root on the host");
        }
    }
    let entitlements = service.get("build.entitlements").into_iter().flat_map(Node::items);
    for it in entitlements.filter(|it| text(it).is_some_and(|it| it == "security.insecure")) {
        found.say(&bytes(it), "the build may do as root on the host does");
    }
}
