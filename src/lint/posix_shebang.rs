//! Scripts that need more than every system has.

use super::script::Script;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "posix-shebang",
    severity: Severity::Warning,
    message: "the script's first line does not name `/bin/sh`",
    help: "write `#!/bin/sh` and POSIX sh: images and small hosts have no bash",
    lifted: Lifted::Quiet,
    bad: "\
#!/bin/bash
set -eu
",
    good: "\
#!/bin/sh
set -eu
",
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    match script.shell() {
        None if script.text.trim().is_empty() => {}
        None => found.say(&script.head, "the script has no first line that names its shell"),
        Some(shell) if script.is_shell() && !script.is_posix() => {
            found.say(&script.head, format!("the script needs `{shell}`"));
        }
        Some(_) => {}
    }
}
