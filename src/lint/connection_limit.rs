//! Servers that keep any number of connections of one client.

use super::nginx::{Nginx, PASSES};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "connection-limit",
    severity: Severity::Warning,
    message: "a client may keep any number of connections",
    help: "write `limit_conn_zone $binary_remote_addr zone=conn_client:10m;` and `limit_conn conn_client 100;`; with HTTP/2 each open request counts",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
limit_conn_zone $binary_remote_addr zone=conn_client:10m;
limit_conn conn_client 100;
limit_conn_status 429;
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let mut said = Vec::new();
    nginx.each(|it, scope| {
        let passes = PASSES.contains(&it.name.as_str()) && scope.effective("limit_conn").is_empty();
        if let Some(server) = scope.within("server").filter(|it| passes && !it.is_local() && !said.contains(&it.bytes))
        {
            said.push(server.bytes.clone());
            found.at(&server.bytes);
        }
    });
}
