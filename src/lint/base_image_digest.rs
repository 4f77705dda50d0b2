//! Base images, images to copy from and the frontend without a digest, in a project that has a lock.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "base-image-digest",
    severity: Severity::Warning,
    message: "image without a digest, in a project that has a forge.lock",
    help: "`forge lock` looks up the digest, and `forge generate` writes it here: a tag alone can stand for something else tomorrow. Only asked for where there is a forge.lock",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
",
    good: "\
FROM node:24-slim@sha256:9f7a3ff2bd1e8ff13ae9ba2c4b4e4cb5b9e1e0f0a5b6c7d8e9f0a1b2c3d4e5f6
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for (_, frontend, at) in dockerfile.directives.iter().filter(|(name, ..)| name == "syntax") {
        if lacks_digest(frontend) {
            found.say(at, format!("frontend `{frontend}` has no digest"));
        }
    }
    for stage in dockerfile.stages.iter().filter(|it| it.parent.is_none() && lacks_digest(&it.image)) {
        found.say(&stage.at, format!("base image `{}` has no digest", stage.image));
    }
    for instruction in &dockerfile.instructions {
        let Some(from) = instruction.flag("from").map(|it| dockerfile.expand(it)) else { continue };
        let is_image = dockerfile.stage(&from).is_none() && from.contains(['/', ':']);
        if is_image && lacks_digest(&from) {
            found.say(&instruction.find(&from), format!("`{from}` has no digest"));
        }
    }
}

fn lacks_digest(image: &str) -> bool {
    // What a variable brings is for whoever builds to say.
    !image.contains(['$', '@']) && image != "scratch" && !image.is_empty()
}
