//! Dependencies that are looked up anew at each build.

use super::dockerfile::Dockerfile;
use super::install::install;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unlocked-install",
    severity: Severity::Warning,
    message: "dependencies are not taken from a lock file",
    help: "install what the lock file says and nothing else: `npm ci`, `yarn install --immutable`, `pnpm install --frozen-lockfile`, `pip install --require-hashes -r requirements.txt`, `uv sync --locked`, `cargo build --locked`",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
RUN --mount=type=cache,target=/root/.npm npm install
",
    good: "\
FROM node:24-slim
RUN --mount=type=cache,target=/root/.npm npm install --package-lock-only && npm ci
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let variables = dockerfile.instructions.iter().flat_map(|it| it.pairs()).map(|(name, _)| name);
    let by_variable = variables.into_iter().any(|it| matches!(it.as_str(), "UV_LOCKED" | "UV_FROZEN"));
    for command in dockerfile.runs().flat_map(|it| &it.commands) {
        let Some(install) = install(command) else { continue };
        // What only writes a lock file installs nothing.
        let is_locked = install.locked
            || (install.manager == "uv" && by_variable)
            || (install.manager == "npm" && command.has(&["--package-lock-only"]));
        if !is_locked {
            found.say(&command.bytes, format!("`{}` does not keep to a lock file here", install.manager));
        }
    }
}
