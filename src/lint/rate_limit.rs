//! Servers that take any number of requests from one client.

use super::nginx::{Nginx, PASSES};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "rate-limit",
    severity: Severity::Warning,
    message: "a client may send any number of requests",
    help: "declare a zone, `limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;`, and write `limit_req zone=limit_api burst=20 nodelay;` where requests are passed on",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;
limit_req_status 429;
server {
    listen 8080;
    location / {
        limit_req zone=limit_api burst=20 nodelay;
        proxy_pass http://127.0.0.1:8000;
    }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let mut limited = Vec::new();
    nginx.each(|it, scope| {
        if PASSES.contains(&it.name.as_str())
            && !scope.effective("limit_req").is_empty()
            && let Some(server) = scope.within("server")
        {
            limited.push(server.bytes.clone());
        }
    });
    for server in nginx.proxies().into_iter().filter(|it| !limited.contains(&it.bytes)) {
        found.at(&server.bytes);
    }
}
