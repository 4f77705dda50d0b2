//! Text that Docker would not read.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unreadable-dockerfile",
    severity: Severity::Error,
    message: "this cannot be read as a Dockerfile",
    help: "mend it first: Docker refuses the file, and what stands around this place was not looked at",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
COPPY . .
",
    good: "\
FROM node:24-slim
COPY . .
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for (bytes, problem) in &dockerfile.problems {
        found.say(bytes, problem.clone());
    }
}
