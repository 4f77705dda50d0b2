//! Limits that look like a broken server.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "limit-status-429",
    severity: Severity::Warning,
    message: "who is over the limit gets 503, as if the server were broken",
    help: "write `limit_req_status 429;` and `limit_conn_status 429;`: clients then wait, and alerts for 5xx stay quiet",
    lifted: Lifted::Quiet,
    bad: "\
limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;
server {
    listen 127.0.0.1:8080;
    limit_req zone=limit_api;
}
",
    good: "\
limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;
limit_req_status 429;
server {
    listen 127.0.0.1:8080;
    limit_req zone=limit_api;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    nginx.each(|it, scope| {
        let status = match it.name.as_str() {
            "limit_req" => "limit_req_status",
            "limit_conn" => "limit_conn_status",
            _ => return,
        };
        if scope.value(status) != Some("429") {
            found.at(&it.bytes);
        }
    });
}
