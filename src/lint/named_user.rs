//! Users that only the image's own /etc/passwd can tell apart from root.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "named-user",
    severity: Severity::Warning,
    message: "`USER` is not a number for user and group",
    help: "write `USER 10001:10001`: Kubernetes' runAsNonRoot cannot look up names, and without a group it is whatever the image says, often root's",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
USER node
",
    good: "\
FROM node:24-slim
USER 1000:1000
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some(user) = dockerfile.final_one("USER") else { return };
    let written = dockerfile.expand(user.text.trim());
    let is_number = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_digit());
    let is_numeric = written.split_once(':').is_some_and(|(user, group)| is_number(user) && is_number(group));
    // `$APP_UID` comes from the base image.
    let is_unknown = written.contains('$');
    let is_root = matches!(written.split(':').next(), Some("root" | "0"));
    if !is_numeric && !is_unknown && !is_root {
        found.say(&user.head, format!("`USER {written}` is not a number for user and group"));
    }
}
