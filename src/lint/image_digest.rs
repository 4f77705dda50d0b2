//! Images of services without a digest, in a project that has a lock.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "image-digest",
    severity: Severity::Warning,
    message: "image without a digest, in a project that has a forge.lock",
    help: "`forge lock` looks up the digest, and `forge generate` writes it here: a tag alone can stand for something else tomorrow. Only asked for where there is a forge.lock",
    lifted: Lifted::Quiet,
    bad: "\
name: shop
services:
  cache: { image: \"redis:8\" }
",
    good: r#"name: shop
services:
  cache: { image: "redis:8@sha256:9f7a3ff2bd1e8ff13ae9ba2c4b4e4cb5b9e1e0f0a5b6c7d8e9f0a1b2c3d4e5f6" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(image) = service.image().filter(|_| !service.is_built()) else { return };
    if !image.contains(['@', '$']) {
        found.say(&service.at("image"), format!("image `{image}` has no digest"));
    }
}
