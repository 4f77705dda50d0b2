//! Builds that leave everything that they needed in the image.

use super::dockerfile::Dockerfile;
use super::install::{builds, install};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "single-stage-build",
    severity: Severity::Warning,
    message: "the image is built in one stage, so what only the build needs stays in it",
    help: "install and compile in a stage of its own, and `COPY --from=` it what runs: compilers, package managers and caches are of use to nobody but an intruder",
    lifted: Lifted::Quiet,
    bad: r#"FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
CMD ["node", "server.js"]
"#,
    good: r#"FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev

FROM node:24-slim
COPY --from=dependencies /app/node_modules /app/node_modules
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let [_] = dockerfile.stages.as_slice() else { return };
    let built = dockerfile.runs().find(|run| run.commands.iter().any(|it| install(it).is_some() || builds(it)));
    if let Some(run) = built {
        found.at(&run.head);
    }
}
