//! A second way to become root.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "sudo",
    severity: Severity::Warning,
    message: "`sudo` in a build",
    help: "a build is root until `USER`; leave sudo out, and out of the image",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN sudo make install
",
    good: "\
FROM debian:13-slim
RUN make install
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.runs() {
        let uses = |it: &&super::shell::Command| it.led_by("sudo") || super::install::packages(it).contains(&"sudo");
        if let Some(command) = run.commands.iter().find(uses) {
            found.at(&command.bytes);
        }
    }
}
