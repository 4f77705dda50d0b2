//! TLS without HTTP/2, or with the old word for it.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "http2-directive",
    severity: Severity::Warning,
    message: "a TLS server without HTTP/2",
    help: "write `http2 on;` in the server: `listen … http2` warns since nginx 1.25.1",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl http2;
}
",
    good: "\
server {
    listen 8443 ssl;
    http2 on;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let old: Vec<_> = nginx.all("listen").into_iter().filter(|it| it.says("http2")).collect();
    for listen in &old {
        found.say(&listen.bytes, "`listen … http2` is the old form");
    }
    for off in nginx.all("http2").into_iter().filter(|it| it.value() != "on") {
        found.at(&off.bytes);
    }
    if let Some(server) = nginx.tls_server_without("http2").filter(|_| old.is_empty()) {
        found.at(&server.bytes);
    }
}
