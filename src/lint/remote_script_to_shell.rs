//! Programs from the net that run unseen.

use super::dockerfile::{Dockerfile, is_shell};
use super::shell::{Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "remote-script-to-shell",
    severity: Severity::Error,
    message: "a script from the net is run without a look at it",
    help: "install a package, or download a fixed version with `ADD --checksum=sha256:…` and run that: whoever owns the address owns the build",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN curl -fsSL https://example.com/install.sh | sh
",
    good: "\
FROM debian:13-slim
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 https://example.com/install.sh /tmp/
RUN sh /tmp/install.sh
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for run in dockerfile.runs() {
        for (index, command) in run.commands.iter().enumerate() {
            let next = run.commands.get(index + 1).filter(|_| command.next == Join::Pipe);
            let is_piped = downloads(command) && next.is_some_and(interprets);
            let is_argument = is_shell(command.program())
                && command.args().iter().any(|it| it.contains("$(curl") || it.contains("$(wget"));
            if is_piped || is_argument {
                found.at(&command.bytes);
            }
        }
    }
}

fn downloads(command: &Command) -> bool {
    matches!(command.program(), "curl" | "wget")
}

fn interprets(command: &Command) -> bool {
    let program = command.program();
    let by_name = matches!(program, "perl" | "ruby" | "node" | "php") || program.starts_with("python");
    // `python -c …` reads its input as data.
    is_shell(program) || (by_name && !command.has(&["-c", "-e", "-m", "-r"]))
}
