//! Probes that share a limit with everybody else.

use super::nginx::{Directive, Nginx, PASSES};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "health-limit",
    severity: Severity::Warning,
    message: "the health path shares its limit with other requests",
    help: "give it a generous class of its own, `limit_req zone=limit_health burst=100 nodelay;`: under load the probe would otherwise be the first to be turned away",
    lifted: Lifted::Quiet,
    bad: "\
limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;
limit_req_status 429;
server {
    listen 127.0.0.1:8080;
    location /healthz { limit_req zone=limit_api; proxy_pass http://127.0.0.1:8000; }
    location / { limit_req zone=limit_api; proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
limit_req_zone $binary_remote_addr zone=limit_api:10m rate=10r/s;
limit_req_zone $binary_remote_addr zone=limit_health:10m rate=50r/s;
limit_req_status 429;
server {
    listen 127.0.0.1:8080;
    location /healthz { limit_req zone=limit_health; proxy_pass http://127.0.0.1:8000; }
    location / { limit_req zone=limit_api; proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let (mut health, mut others): (Vec<&Directive>, Vec<&str>) = (Vec::new(), Vec::new());
    nginx.each(|it, scope| {
        if !PASSES.contains(&it.name.as_str()) {
            return;
        }
        let path = scope.within("location").and_then(|it| it.args.last()).map_or("", |it| it.text.as_str());
        let is_health = ["health", "livez", "readyz", "/ready", "/live", "/ping"].iter().any(|it| path.contains(it));
        for limit in scope.effective("limit_req") {
            if is_health { health.push(limit) } else { others.push(limit.value()) }
        }
    });
    for limit in health.into_iter().filter(|it| others.contains(&it.value())) {
        found.at(&limit.bytes);
    }
}
