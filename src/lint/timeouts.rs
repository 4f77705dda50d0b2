//! Connections that may take for ever.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "timeouts",
    severity: Severity::Warning,
    message: "slow clients and services are waited for as long as nginx likes",
    help: "write client_header_timeout, client_body_timeout, send_timeout and keepalive_timeout, and proxy_connect_timeout, proxy_read_timeout and proxy_send_timeout",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
client_header_timeout 15s;
client_body_timeout 15s;
send_timeout 30s;
keepalive_timeout 65s;
proxy_connect_timeout 2s;
proxy_read_timeout 60s;
proxy_send_timeout 60s;
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let Some(server) = nginx.proxies().into_iter().next() else { return };
    let mut wanted = vec!["client_header_timeout", "client_body_timeout", "send_timeout", "keepalive_timeout"];
    if !nginx.all("proxy_pass").is_empty() {
        wanted.extend(["proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout"]);
    }
    wanted.retain(|it| !nginx.sets(it));
    if !wanted.is_empty() {
        found.say(&server.bytes, format!("nothing sets `{}`", wanted.join("`, `")));
    }
}
