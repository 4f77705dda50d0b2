//! Requests of any length.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "body-size",
    severity: Severity::Warning,
    message: "how long a request may be is left to chance",
    help: "write `client_max_body_size 10m;`, as much as the application takes; 0 means without end",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
client_max_body_size 10m;
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let all = nginx.all("client_max_body_size");
    for directive in all.iter().filter(|it| it.value().trim_end_matches(['k', 'm', 'g', 'K', 'M', 'G']) == "0") {
        found.say(&directive.bytes, "a request may be of any length");
    }
    if let Some(server) = nginx.proxies().first().filter(|_| all.is_empty()) {
        found.at(&server.bytes);
    }
}
