//! Line ends that the kernel takes for part of the shell's name.

use super::script::Script;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "crlf",
    severity: Severity::Error,
    message: "lines end with CRLF",
    help: "write LF, and `*.sh text eol=lf` in .gitattributes: with CRLF the first line names a shell `sh\\r`, which nobody has",
    lifted: Lifted::Quiet,
    bad: "#!/bin/sh\r\nset -eu\r\n",
    good: "\
#!/bin/sh
set -eu
",
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    if let Some(at) = script.text.find("\r\n") {
        found.at(&(at..at + 1));
    }
}
