//! Private keys in the build context.

use super::dockerignore::Dockerignore;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "keys-in-context",
    severity: Severity::Error,
    message: "private keys get into the build context",
    help: "write `**/*.key` and `**/*.pem`: a name without `**/` is only left out at the root of the context",
    lifted: Lifted::Quiet,
    bad: "\
*.key
*.pem
",
    good: "\
**/*.key
**/*.pem
",
    check: Check::Dockerignore(check),
};

fn check(dockerignore: &Dockerignore<'_>, found: &mut Found<'_>) {
    let leak = ["tls/server.key", "tls/server.pem"].into_iter().find(|it| !dockerignore.ignores(it));
    if let Some(path) = leak {
        found.say(&dockerignore.head(), format!("private keys such as `{path}` get into the build context"));
    }
}
