//! Probes that ask nobody.

use super::dockerfile::Dockerfile;
use super::shell::{Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "probe-cannot-fail",
    severity: Severity::Warning,
    message: "the probe succeeds whatever the service does",
    help: "let the probe end with another status than 0 when the service does not answer: no `|| true`, no `exit 0` at its end",
    lifted: Lifted::Quiet,
    bad: "\
FROM nginx:1.30
HEALTHCHECK CMD curl -fsS http://127.0.0.1:8080/ || true
",
    good: "\
FROM nginx:1.30
HEALTHCHECK CMD curl -fsS http://127.0.0.1:8080/ || exit 1
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    if let Some(probe) = dockerfile.final_one("HEALTHCHECK").filter(|it| cannot_fail(&it.commands)) {
        found.at(&probe.head);
    }
}

/// Whether these commands, run by a shell, end with status 0 in any case.
pub(super) fn cannot_fail(commands: &[Command]) -> bool {
    let succeeds = |it: &Command| match it.program() {
        "true" | ":" | "echo" => true,
        "exit" => it.args().first().is_some_and(|it| it == "0"),
        _ => false,
    };
    match commands {
        [only] => succeeds(only),
        [.., last] => succeeds(last) && matches!(last.before, Join::Or | Join::End),
        [] => false,
    }
}
