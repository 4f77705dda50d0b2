//! Keys and env files that become part of a layer.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::credential::is_secret_file;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "copied-secret",
    severity: Severity::Error,
    message: "a file that holds secrets is copied into the image",
    help: "leave it out of the context with .dockerignore; the build gets secrets through `RUN --mount=type=secret`, the program as files under /run/secrets",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
COPY .env /app/.env
",
    good: "\
FROM node:24-slim
COPY server.js /app/server.js
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in dockerfile.instructions.iter().filter(|it| matches!(it.name.as_str(), "COPY" | "ADD")) {
        if instruction.flag("from").is_some() {
            continue;
        }
        let mut words = instruction.words();
        words.pop();
        for source in words.iter().filter(|it| is_secret_file(it)) {
            found.say(&instruction.find(source), format!("`{source}` becomes part of the image"));
        }
    }
}
