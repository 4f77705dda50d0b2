//! Installs that download everything again.

use super::dockerfile::Dockerfile;
use super::install::install;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "missing-cache-mount",
    severity: Severity::Warning,
    message: "what is downloaded is not kept for the next build",
    help: "mount the package manager's cache: `RUN --mount=type=cache,target=/root/.npm npm ci`; it makes builds quick and is no part of the image",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
RUN npm ci
",
    good: "\
FROM node:24-slim
RUN --mount=type=cache,target=/root/.npm npm ci
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.runs().filter(|it| it.mounts("cache").next().is_none()) {
        for command in &run.commands {
            if let Some(cache) = install(command).and_then(|it| it.cache) {
                found.say(&command.bytes, format!("what is downloaded to `{cache}` is not kept for the next build"));
            }
        }
    }
}
