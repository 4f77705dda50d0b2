//! Variables that are silently empty.

use super::compose::{Compose, bytes, undecided};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::yaml::{Node, Value};

pub(super) static RULE: Rule = Rule {
    name: "variable-without-default",
    severity: Severity::Warning,
    message: "without a value in the environment this is empty",
    help: "write a default, `${PORT:-8080}`, or words that stop the start, `${DOMAIN:?where the shop is reached}`",
    lifted: Lifted::Quiet,
    bad: "\
name: ${PROJECT}
",
    good: "\
name: ${PROJECT:-shop}
",
    check: Check::Compose(check),
};

fn check(compose: &Compose, found: &mut Found<'_>) {
    look(&compose.root, found);
}

fn look(node: &Node, found: &mut Found<'_>) {
    match &node.value {
        Value::String(text) => {
            if let Some(name) = undecided(text) {
                found.say(&bytes(node), format!("`{name}` is empty where the environment does not set it"));
            }
        }
        Value::List(items) => items.iter().for_each(|it| look(it, found)),
        Value::Map(entries) => {
            entries.iter().filter(|(key, _)| !key.starts_with("x-")).for_each(|(_, it)| look(it, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
