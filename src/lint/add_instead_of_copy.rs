//! `ADD` where it does more than it seems, or fetches what nobody checked.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "add-instead-of-copy",
    severity: Severity::Warning,
    message: "`ADD` also unpacks and downloads",
    help: "write COPY for files of the context; for a download write `ADD --checksum=sha256:… https://…`, so that it is what it was when you looked",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
ADD server.js /app/
",
    good: "\
FROM node:24-slim
COPY server.js /app/
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in dockerfile.instructions.iter().filter(|it| it.name == "ADD" && it.flag("checksum").is_none()) {
        let words = instruction.words();
        let Some(source) = words.first() else { continue };
        let is_archive = source.contains(".tar") || source.ends_with(".tgz");
        let is_git = source.ends_with(".git") || source.contains(".git#") || source.starts_with("git@");
        if source.starts_with("http") && !is_git {
            found.say(&instruction.find(source), format!("nobody checks what `{source}` is by now"));
        } else if !is_archive && !is_git && !source.starts_with("<<") {
            found.at(&instruction.head);
        }
    }
}
