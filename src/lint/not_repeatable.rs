//! Steps that fail the second time.

use super::script::Script;
use super::shell::{Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "not-repeatable",
    severity: Severity::Warning,
    message: "this fails when the script runs again",
    help: "write the step so that it may find its work done: `mkdir -p`, `ln -sfn`, `docker network inspect … || docker network create …`",
    lifted: Lifted::Quiet,
    bad: "\
#!/bin/sh
set -eu
mkdir backups
",
    good: "\
#!/bin/sh
set -eu
mkdir -p backups
",
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    for command in script.commands.iter().filter(|it| fails_again(it)) {
        found.at(&command.bytes);
    }
}

fn fails_again(command: &Command) -> bool {
    // What is asked for its status is meant to fail: `if mkdir "$lock"`.
    let is_asked = matches!(command.next, Join::Or | Join::And)
        || command.before == Join::Or
        || command.led_by("if")
        || command.led_by("!")
        || command.led_by("until");
    let short = |letter: char| {
        command.args().iter().any(|it| it.starts_with('-') && !it.starts_with("--") && it.contains(letter))
    };
    // A folder of a name that this run made up.
    let is_own = command.args().iter().any(|it| it.contains('$'));
    let repeats = match command.program() {
        "mkdir" => short('p') || command.has(&["--parents"]) || is_own,
        "ln" => short('f') || command.has(&["--force"]) || !short('s'),
        "useradd" | "groupadd" | "adduser" | "addgroup" => false,
        "docker" => {
            !matches!(command.args(), [kind, verb, ..] if matches!(kind.as_str(), "network" | "secret" | "config") && verb == "create")
        }
        _ => true,
    };
    !repeats && !is_asked
}
