//! The version of nginx in every answer.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "server-tokens",
    severity: Severity::Warning,
    message: "every answer says which version of nginx this is",
    help: "write `server_tokens off;` in `http`",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    return 204;
}
",
    good: "\
server_tokens off;
server {
    listen 8080;
    return 204;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let all = nginx.all("server_tokens");
    for directive in all.iter().filter(|it| !matches!(it.value(), "off" | "build")) {
        found.at(&directive.bytes);
    }
    if let Some(server) = nginx.servers().into_iter().find(|it| !it.is_local()).filter(|_| all.is_empty()) {
        found.at(&server.bytes);
    }
}
