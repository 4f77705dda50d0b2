//! Installs that run again for every edit of the sources.

use super::dockerfile::{Dockerfile, Instruction};
use super::install::install;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "copy-before-install",
    severity: Severity::Warning,
    message: "dependencies are installed after the sources were copied, so again after each edit",
    help: "bring in the lock file alone, `RUN --mount=type=bind,source=package-lock.json,target=package-lock.json …` or a COPY of it, install, and copy the sources after that",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci
",
    good: "\
FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for stage in &dockerfile.stages {
        let instructions = dockerfile.of(stage);
        let installs = |it: &&Instruction<'_>| {
            it.name == "RUN" && it.commands.iter().any(|it| install(it).is_some_and(|it| it.by_list))
        };
        let Some(first) = instructions.iter().position(|it| installs(&it)) else { continue };
        if instructions[..first].iter().any(copies_all) {
            found.at(&instructions[first].head);
        }
    }
}

fn copies_all(instruction: &Instruction<'_>) -> bool {
    let is_local = matches!(instruction.name.as_str(), "COPY" | "ADD") && instruction.flag("from").is_none();
    is_local && instruction.words().first().is_some_and(|it| matches!(it.as_str(), "." | "./" | "*" | "./*"))
}
