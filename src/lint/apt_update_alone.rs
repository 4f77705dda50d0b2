//! Package indexes that are older than what is installed by them.

use super::dockerfile::Dockerfile;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "apt-update-alone",
    severity: Severity::Warning,
    message: "the package index is updated in a layer of its own, and kept from then on",
    help: "update and install in one RUN: `apt-get update && apt-get install -y --no-install-recommends …`",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN apt-get update
",
    good: "\
FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.runs() {
        let is_apt = |it: &&Command| matches!(it.program(), "apt-get" | "apt");
        let apt: Vec<&Command> = run.commands.iter().filter(is_apt).collect();
        if let [only] = apt.as_slice()
            && only.verb() == "update"
            && run.commands.len() == 1
        {
            found.at(&only.bytes);
        }
    }
}
