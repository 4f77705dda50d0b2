//! Installed dependencies in the build context, of folders below the first.

use super::dockerignore::Dockerignore;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "dependencies-in-context",
    severity: Severity::Warning,
    message: "installed dependencies get into the build context",
    help: "write it with `**/` before it: without, it is only left out at the root of the context, and what a machine installed for itself gets over what the image installed",
    lifted: Lifted::Quiet,
    bad: "\
node_modules
",
    good: "\
**/node_modules
",
    check: Check::Dockerignore(check),
};

fn check(dockerignore: &Dockerignore<'_>, found: &mut Found<'_>) {
    for folder in ["node_modules", ".venv", "venv", "__pycache__"] {
        let pattern = dockerignore.patterns.iter().find(|it| it.text.trim_matches('/') == folder);
        if let Some(pattern) = pattern.filter(|_| !dockerignore.ignores(&format!("app/{folder}/x"))) {
            found.say(&pattern.bytes, format!("`{folder}` is left out at the root only, `app/{folder}` gets in"));
        }
    }
}
