//! `# check=error=true`, which makes BuildKit's own checks count.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "missing-build-checks",
    severity: Severity::Warning,
    message: "warnings of BuildKit's checks do not fail the build",
    help: "write `# check=error=true` below `# syntax=docker/dockerfile:1`: undefined variables, misspelt stages and secrets in ARG then end the build instead of scrolling by",
    lifted: Lifted::Quiet,
    bad: "\
# syntax=docker/dockerfile:1
FROM node:24-slim
",
    good: "\
# syntax=docker/dockerfile:1
# check=error=true
FROM node:24-slim
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let is_on = |(name, value, _): &(String, &str, _)| name == "check" && value.contains("error=true");
    if !dockerfile.directives.iter().any(is_on)
        && let Some(first) = dockerfile.instructions.first()
    {
        found.at(&first.head);
    }
}
