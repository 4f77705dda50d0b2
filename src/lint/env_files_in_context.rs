//! Env files in the build context.

use super::dockerignore::Dockerignore;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "env-files-in-context",
    severity: Severity::Error,
    message: "env files get into the build context",
    help: "write `**/.env*` and `!**/.env.example`: a name without `**/` is only left out at the root of the context",
    lifted: Lifted::Quiet,
    bad: "\
.env
",
    good: "\
**/.env*
!**/.env.example
",
    check: Check::Dockerignore(check),
};

fn check(dockerignore: &Dockerignore<'_>, found: &mut Found<'_>) {
    let leak =
        [".env", "app/.env", ".env.production", "app/.env.local"].into_iter().find(|it| !dockerignore.ignores(it));
    if let Some(path) = leak {
        found.say(&dockerignore.head(), format!("env files such as `{path}` get into the build context"));
    }
}
