//! Packages that nobody vouches for.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unsigned-packages",
    severity: Severity::Error,
    message: "signatures of packages are not checked",
    help: "leave the check on, and add the repository's key",
    lifted: Lifted::Quiet,
    bad: "\
FROM alpine:3.24
RUN apk add --no-cache --allow-untrusted ./app.apk
",
    good: "\
FROM alpine:3.24
RUN apk add --no-cache ./app.apk
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    const OFF: &[&str] = &[
        "--allow-untrusted",
        "--allow-unauthenticated",
        "--force-yes",
        "--nogpgcheck",
        "--nosignature",
        "--no-gpg-checks",
    ];
    for run in dockerfile.runs() {
        for command in
            run.commands.iter().filter(|it| it.has(OFF) || it.words.iter().any(|it| it.contains("[trusted=yes")))
        {
            found.at(&command.bytes);
        }
    }
}
