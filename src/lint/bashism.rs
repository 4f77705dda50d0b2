//! Words that only some shells know, in a script for any.

use super::script::Script;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "bashism",
    severity: Severity::Error,
    message: "this is not POSIX sh",
    help: "write it so that dash and BusyBox read it: `[ a = b ]`, `. file`, `>file 2>&1`, `name() { …; }`; positional parameters instead of arrays",
    lifted: Lifted::Quiet,
    bad: "\
#!/bin/sh
set -eu
if [[ $1 == x ]]; then echo yes; fi
",
    good: r#"#!/bin/sh
set -eu
if [ "$1" = x ]; then echo yes; fi
"#,
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    if !script.is_posix() || script.shebang.is_none() {
        return;
    }
    for command in &script.commands {
        if let Some(word) = foreign(command) {
            found.say(&command.bytes, format!("`{word}` is not POSIX sh"));
        }
    }
}

fn foreign(command: &Command) -> Option<&str> {
    let args = command.args();
    let arg = |wanted: &str| args.iter().find(|it| *it == wanted).map(String::as_str);
    let here_string =
        command.redirects.iter().map(|(operator, _)| operator.as_str()).find(|it| matches!(*it, "<<<" | "&>"));
    match command.program() {
        program
        @ ("[[" | "source" | "function" | "declare" | "typeset" | "let" | "shopt" | "mapfile" | "readarray") => {
            Some(program)
        }
        "[" | "test" => arg("=="),
        "set" => arg("pipefail"),
        _ => here_string,
    }
}
