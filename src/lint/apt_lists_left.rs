//! Package indexes that stay in the image.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "apt-lists-left",
    severity: Severity::Warning,
    message: "the package index stays in the image",
    help: "end the same RUN with `rm -rf /var/lib/apt/lists/*`, or mount a cache there",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
",
    good: "\
FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.image().into_iter().filter(|it| it.name == "RUN") {
        let updates = run.commands.iter().find(|it| matches!(it.program(), "apt-get" | "apt") && it.verb() == "update");
        let is_mounted = || run.mounts("cache").chain(run.mounts("tmpfs")).any(|it| it.contains("/var/lib/apt"));
        let removes = || run.commands.iter().any(|it| it.args().iter().any(|it| it.contains("/var/lib/apt")));
        if let Some(command) = updates.filter(|_| !is_mounted() && !removes()) {
            found.at(&command.bytes);
        }
    }
}
