//! The key that once chose a schema.

use super::compose::Compose;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "version-key",
    severity: Severity::Warning,
    message: "`version` means nothing any more",
    help: "leave it out: compose warns of it at each call",
    lifted: Lifted::Quiet,
    bad: r#"version: "3.8"
name: shop
"#,
    good: "\
name: shop
",
    check: Check::Compose(check),
};

fn check(compose: &Compose, found: &mut Found<'_>) {
    if let Some(version) = compose.root.get("version") {
        found.at(&version.key);
    }
}
