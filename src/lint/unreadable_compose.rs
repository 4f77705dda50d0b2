//! Text that compose would not read.

use super::compose::Compose;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unreadable-compose",
    severity: Severity::Error,
    message: "this cannot be read as a compose file",
    help: "mend it first: nothing else in it, or in what is laid over it, was looked at",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1"
"#,
    good: "\
name: shop
",
    check: Check::Compose(check),
};

fn check(compose: &Compose, found: &mut Found<'_>) {
    for (bytes, problem) in &compose.problems {
        found.say(bytes, problem.clone());
    }
}
