//! Files in the build context that only the builder reads.

use super::dockerignore::Dockerignore;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "build-files-in-context",
    severity: Severity::Warning,
    message: "the Dockerfile gets into the build context",
    help: "write `**/Dockerfile` and `**/.dockerignore`: no image needs them, and a change of theirs would copy everything again",
    lifted: Lifted::Quiet,
    bad: "\
**/.git
",
    good: "\
**/.git
**/.dockerignore
**/Dockerfile
",
    check: Check::Dockerignore(check),
};

fn check(dockerignore: &Dockerignore<'_>, found: &mut Found<'_>) {
    let leak = ["Dockerfile", ".dockerignore"].into_iter().find(|it| !dockerignore.ignores(it));
    if let Some(path) = leak {
        found.say(&dockerignore.head(), format!("`{path}` gets into the build context"));
    }
}
