//! Builds that go on with half of a download.

use super::dockerfile::Dockerfile;
use super::shell::{Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "run-pipe-failure",
    severity: Severity::Warning,
    message: "the left side of this pipe can fail unseen",
    help: "set `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`, or write into a file first: `sh` only looks at the last command of a pipe",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN curl -fsSL https://example.com/app.tar.gz | tar -xz -C /opt
",
    good: "\
FROM debian:13-slim
RUN curl -fsSL -o /tmp/app.tar.gz https://example.com/app.tar.gz && tar -xzf /tmp/app.tar.gz -C /opt
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for stage in &dockerfile.stages {
        let instructions = dockerfile.of(stage);
        let is_set = |text: &str| text.contains("pipefail");
        if instructions.iter().any(|it| it.name == "SHELL" && is_set(&it.text)) {
            continue;
        }
        for run in instructions.iter().filter(|it| it.name == "RUN" && it.json.is_none()) {
            let sets = run.commands.iter().any(|it| it.program() == "set" && it.args().iter().any(|it| is_set(it)));
            if let Some(command) = run.commands.iter().find(|it| !sets && hides(it)) {
                found.at(&command.bytes);
            }
        }
    }
}

/// Whether a failure of this command goes unseen and matters.
fn hides(command: &Command) -> bool {
    let harmless = [
        "echo", "printf", "yes", "true", "ls", "uname", "dpkg", "ldd", "grep", "find", "scanelf", "sort", "cat", "sed",
    ];
    command.next == Join::Pipe && !harmless.contains(&command.program())
}
