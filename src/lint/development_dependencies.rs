//! Dependencies in the image that only developers need.

use super::dockerfile::{Dockerfile, Instruction};
use super::install::install;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "development-dependencies",
    severity: Severity::Warning,
    message: "dependencies for development get into the image",
    help: "install for production what the last stage gets: `npm ci --omit=dev`, `pnpm install --prod`, `composer install --no-dev`, `uv sync --no-dev`; where the build needs the others, in a stage of its own",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim AS build
RUN --mount=type=cache,target=/root/.npm npm ci

FROM node:24-slim
COPY --from=build /app/node_modules /app/node_modules
",
    good: "\
FROM node:24-slim AS build
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev

FROM node:24-slim
COPY --from=build /app/node_modules /app/node_modules
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((_, last)) = dockerfile.last() else { return };
    look(&dockerfile.image(), found);
    let mut seen = Vec::new();
    for copy in last.iter().filter(|it| it.name == "COPY") {
        let Some(from) = copy.flag("from") else { continue };
        let folders = ["node_modules", "vendor", ".venv", "venv"];
        let takes_them =
            copy.words().iter().any(|it| folders.iter().any(|folder| it.trim_end_matches('/').ends_with(folder)));
        if let Some(stage) = dockerfile.stage(from).filter(|_| takes_them && !seen.contains(&from)) {
            seen.push(from);
            look(&dockerfile.of(stage).iter().collect::<Vec<_>>(), found);
        }
    }
}

/// Looks at instructions whose result ends in the image.
fn look(instructions: &[&Instruction<'_>], found: &mut Found<'_>) {
    let for_production = |(name, value): &(String, Option<String>)| match name.as_str() {
        "NODE_ENV" => value.as_deref() == Some("production"),
        "UV_NO_DEV" | "COMPOSER_NO_DEV" | "BUNDLE_WITHOUT" | "NPM_CONFIG_OMIT" => true,
        _ => false,
    };
    if instructions.iter().flat_map(|it| it.pairs()).any(|it| for_production(&it)) {
        return;
    }
    let commands = || instructions.iter().filter(|it| it.name == "RUN").flat_map(|it| &it.commands);
    if commands().any(|it| matches!(it.verb(), "prune" | "focus")) {
        return;
    }
    for command in commands() {
        if let Some(install) = install(command).filter(|it| !it.production) {
            found.say(&command.bytes, format!("`{}` also installs what only developers need", install.manager));
        }
    }
}
