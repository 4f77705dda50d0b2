//! Compilers and headers in the image that runs.

use super::compose::{image_name, image_tag};
use super::dockerfile::Dockerfile;
use super::install::packages;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "toolchain-in-last-stage",
    severity: Severity::Warning,
    message: "the last stage has a toolchain",
    help: "compile in an earlier stage and copy the result; in the last one install what runs (`libpq5`, not `libpq-dev`), on a base image without compilers",
    lifted: Lifted::Quiet,
    bad: "\
FROM golang:1.26 AS build
RUN go build -o /app .

FROM debian:13-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
",
    good: "\
FROM golang:1.26 AS build
RUN go build -o /app .

FROM debian:13-slim
COPY --from=build /app /app
",
    check: Check::Dockerfile(check),
};

const BASES: &[&str] =
    &["buildpack-deps", "composer", "gcc", "golang", "gradle", "haskell", "maven", "rust", "sdk", "swift"];
const PACKAGES: &[&str] = &[
    "autoconf",
    "automake",
    "bison",
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "default-jdk",
    "flex",
    "g++",
    "gcc",
    "go",
    "golang",
    "golang-go",
    "gradle",
    "linux-headers",
    "make",
    "maven",
    "musl-dev",
    "ninja-build",
    "node-gyp",
    "npm",
    "pkg-config",
    "python3-pip",
    "rust",
    "rustc",
];

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((last, _)) = dockerfile.last() else { return };
    let base = std::iter::successors(Some(last), |it| dockerfile.stages.get(it.parent?)).last().unwrap_or(last);
    let is_jdk = image_tag(&base.image).is_some_and(|it| it.contains("jdk"));
    if BASES.contains(&image_name(&base.image)) || is_jdk {
        found.say(&last.at, format!("the last stage stands on `{}`, which is there to build", base.image));
    }
    for run in dockerfile.image().into_iter().filter(|it| it.name == "RUN") {
        let removes = |it: &Command| matches!(it.verb(), "del" | "purge" | "remove" | "autoremove");
        if run.commands.iter().any(removes) {
            continue;
        }
        for package in run.commands.iter().flat_map(packages) {
            if PACKAGES.contains(&package) || package.ends_with("-dev") || package.contains("-jdk") {
                found.say(&run.find(package), format!("the last stage has `{package}`, which is there to build"));
            }
        }
    }
}
