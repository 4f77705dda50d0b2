//! Programs that are started by what installed them.

use super::dockerfile::Dockerfile;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "package-manager-as-pid-1",
    severity: Severity::Warning,
    message: "a package manager is PID 1",
    help: "start the program itself, `CMD [\"node\", \"server.js\"]`: npm and its like swallow signals, keep their own memory, and stay in the image only for this",
    lifted: Lifted::Quiet,
    bad: r#"FROM node:24-slim
CMD ["npm", "start"]
"#,
    good: r#"FROM node:24-slim
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in ["ENTRYPOINT", "CMD"].into_iter().filter_map(|it| dockerfile.final_one(it)) {
        if let Some(command) = instruction.commands.last().filter(|it| is_manager(it)) {
            found.say(&instruction.head, format!("`{}` is PID 1", command.program()));
        }
    }
}

pub(super) fn is_manager(command: &Command) -> bool {
    match command.program() {
        "npm" | "npx" | "yarn" | "yarnpkg" | "pnpm" | "pnpx" | "poetry" | "pipenv" | "uv" | "nodemon" => true,
        "mvn" | "mvnw" | "gradle" | "gradlew" => true,
        "go" | "cargo" | "dotnet" => command.verb() == "run",
        _ => false,
    }
}
