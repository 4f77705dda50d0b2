//! Packages that nobody asked for.

use super::dockerfile::Dockerfile;
use super::install::packages;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "apt-installs-recommends",
    severity: Severity::Warning,
    message: "recommended packages are installed as well",
    help: "write `apt-get install --no-install-recommends`: each package more is one more to patch",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN apt-get update && apt-get install -y ca-certificates && rm -rf /var/lib/apt/lists/*
",
    good: "\
FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.runs() {
        if run.text.contains("APT::Install-Recommends") {
            continue;
        }
        let takes_all = |it: &&Command| {
            matches!(it.program(), "apt-get" | "apt")
                && !packages(it).is_empty()
                && !it.has(&["--no-install-recommends"])
        };
        if let Some(command) = run.commands.iter().find(takes_all) {
            found.at(&command.bytes);
        }
    }
}
