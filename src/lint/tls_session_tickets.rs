//! Session tickets, whose one key opens what was recorded.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tls-session-tickets",
    severity: Severity::Warning,
    message: "session tickets are on, and their key is kept as long as the process runs",
    help: "write `ssl_session_tickets off;` beside a shared session cache: who gets the key could read what was recorded",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl;
}
",
    good: "\
server {
    listen 8443 ssl;
    ssl_session_tickets off;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for directive in nginx.all("ssl_session_tickets").into_iter().filter(|it| it.value() == "on") {
        found.at(&directive.bytes);
    }
    if let Some(server) = nginx.tls_server_without("ssl_session_tickets") {
        found.at(&server.bytes);
    }
}
