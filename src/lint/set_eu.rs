//! Scripts that go on after a failure.

use super::script::Script;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "set-eu",
    severity: Severity::Warning,
    message: "the script goes on after a failure, and takes unset variables for empty",
    help: "write `set -eu` below the first line: `rm -rf \"$folder/\"` with a misspelt name is then an error and no loss",
    lifted: Lifted::Quiet,
    bad: r#"#!/bin/sh
echo "$1"
"#,
    good: r#"#!/bin/sh
set -eu
echo "$1"
"#,
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    if !script.is_shell() || script.commands.is_empty() {
        return;
    }
    let missing = match (script.sets('e', "errexit"), script.sets('u', "nounset")) {
        (true, true) => return,
        (true, false) => "the script takes unset variables for empty",
        (false, true) => "the script goes on after a failure",
        (false, false) => found.rule.message,
    };
    found.say(&script.head, missing);
}
