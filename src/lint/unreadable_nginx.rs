//! Text that nginx would not read.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unreadable-nginx",
    severity: Severity::Error,
    message: "this cannot be read as an nginx configuration",
    help: "mend it first: nginx refuses the file, and what stands around this place was not looked at",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 127.0.0.1:8081
}
",
    good: "\
server {
    listen 127.0.0.1:8081;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for (bytes, problem) in &nginx.problems {
        found.say(bytes, problem.clone());
    }
}
