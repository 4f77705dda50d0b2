//! Base images without a tag, or with one that moves.

use super::compose::image_tag;
use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unpinned-base-image",
    severity: Severity::Error,
    message: "base image has no fixed version",
    help: "name a version, or better a version and its digest: without one, each build may start from something else",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:latest
",
    good: "\
FROM node:24-slim
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for stage in &dockerfile.stages {
        if stage.parent.is_none() && is_unpinned(&stage.image) {
            found.say(&stage.at, message(&stage.image));
        }
    }
    for instruction in &dockerfile.instructions {
        let Some(from) = instruction.flag("from").map(|it| dockerfile.expand(it)) else { continue };
        let is_context = !from.contains(['/', ':']);
        if dockerfile.stage(&from).is_none() && !is_context && is_unpinned(&from) {
            found.say(&instruction.find(&from), message(&from));
        }
    }
}

fn is_unpinned(image: &str) -> bool {
    // A tag from a variable without a default is for whoever builds to say.
    let is_known = !image.contains(['$', '@']) && image != "scratch" && !image.is_empty();
    is_known && matches!(image_tag(image), None | Some("latest"))
}

fn message(image: &str) -> String {
    match image_tag(image) {
        Some(tag) => format!("base image `{image}` moves with the tag `{tag}`"),
        None => format!("base image `{image}` has no tag"),
    }
}
