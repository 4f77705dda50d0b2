//! Working folders that depend on the ones before them.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "relative-workdir",
    severity: Severity::Warning,
    message: "`WORKDIR` is relative, so where it is depends on the base image",
    help: "write the whole path: `WORKDIR /app`",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
WORKDIR app
",
    good: "\
FROM node:24-slim
WORKDIR /app
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in dockerfile.instructions.iter().filter(|it| it.name == "WORKDIR") {
        let path = instruction.text.trim().trim_matches(['"', '\'']);
        let is_windows = path.get(1..2) == Some(":") || path.starts_with('\\');
        if !path.starts_with(['/', '$']) && !is_windows {
            found.at(&instruction.head);
        }
    }
}
