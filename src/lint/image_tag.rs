//! Images without a version, or with one that moves.

use super::compose::{Service, image_tag};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "image-tag",
    severity: Severity::Error,
    message: "the image has no fixed version",
    help: "name a version, or better a version and its digest: what runs should not depend on when it was pulled",
    lifted: Lifted::Quiet,
    bad: "\
name: shop
services:
  cache: { image: redis }
",
    good: r#"name: shop
services:
  cache: { image: "redis:8" }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let Some(image) = service.image().filter(|_| service.get("build").is_none()) else { return };
    if image.contains('@') || (image_tag(&image).is_none() && image.contains('$')) {
        return;
    }
    match image_tag(&image) {
        None => found.say(&service.at("image"), format!("image `{image}` has no tag")),
        Some("latest") => found.say(&service.at("image"), format!("image `{image}` moves with its tag")),
        Some(_) => {}
    }
}
