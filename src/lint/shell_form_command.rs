//! Commands with a shell between the engine and the program.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "shell-form-command",
    severity: Severity::Warning,
    message: "a shell is PID 1, and keeps signals from the program",
    help: "write the JSON form, `CMD [\"node\", \"server.js\"]`: SIGTERM then reaches the program, which can end in good order instead of being killed",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
CMD node server.js
",
    good: r#"FROM node:24-slim
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for name in ["ENTRYPOINT", "CMD"] {
        if let Some(instruction) = dockerfile.final_one(name).filter(|it| it.json.is_none() && !it.text.is_empty()) {
            found.say(
                &instruction.head,
                format!("`{name}` is in shell form: a shell is PID 1, and keeps signals from the program"),
            );
        }
    }
}
