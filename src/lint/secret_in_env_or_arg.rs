//! Secrets that everybody who has the image can read.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::credential::{has_password, is_secret};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "secret-in-env-or-arg",
    severity: Severity::Error,
    message: "a secret in ENV or ARG stays in the image",
    help: "read it at run time from a file under /run/secrets; what the build needs comes through `RUN --mount=type=secret,id=…`",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
ARG NPM_TOKEN
",
    good: "\
FROM node:24-slim
RUN --mount=type=secret,id=npm_token true
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in dockerfile.instructions.iter().filter(|it| matches!(it.name.as_str(), "ENV" | "ARG")) {
        for (name, value) in instruction.pairs() {
            if is_secret(&name) || value.is_some_and(|it| has_password(&it)) {
                found
                    .say(&instruction.find(&name), format!("`{name}` stays in the image, for all who have it to read"));
            }
        }
    }
}
