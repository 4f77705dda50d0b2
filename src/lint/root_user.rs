//! Images whose program runs as root.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "root-user",
    severity: Severity::Error,
    message: "the image runs as root",
    help: "end with a user of its own by number, `USER 10001:10001`: what breaks into the program is then nobody in particular",
    lifted: Lifted::Quiet,
    bad: r#"FROM node:24-slim
CMD ["node", "server.js"]
"#,
    good: r#"FROM node:24-slim
USER 10001:10001
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((stage, _)) = dockerfile.last() else { return };
    let Some(user) = dockerfile.final_one("USER") else {
        return found.say(&stage.at, "the last stage sets no `USER`, so it is the base image's, mostly root");
    };
    let written = dockerfile.expand(user.text.trim());
    let name = written.split(':').next().unwrap_or("");
    if matches!(name, "root" | "0" | "") {
        found.at(&user.head);
    }
}
