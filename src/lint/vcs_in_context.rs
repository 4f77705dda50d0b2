//! The project's history in the build context.

use super::dockerignore::Dockerignore;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "vcs-in-context",
    severity: Severity::Warning,
    message: "`.git` gets into the build context",
    help: "write `**/.git`: it has every version of every file that was ever committed, and makes each commit a new context",
    lifted: Lifted::Quiet,
    bad: "\
**/.env*
",
    good: "\
**/.env*
**/.git
",
    check: Check::Dockerignore(check),
};

fn check(dockerignore: &Dockerignore<'_>, found: &mut Found<'_>) {
    if !dockerignore.ignores(".git/config") {
        found.at(&dockerignore.head());
    }
}
