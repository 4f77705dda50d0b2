//! Numbers about the inside that anybody may read.

use super::nginx::{Nginx, PASSES};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "status-page",
    severity: Severity::Warning,
    message: "anybody may read this",
    help: "write `allow` for those who scrape and `deny all;`, or listen on 127.0.0.1",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location /status { stub_status; }
}
",
    good: "\
server {
    listen 8080;
    location /status { stub_status; allow 127.0.0.1; deny all; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    nginx.each(|it, scope| {
        let path = scope.within("location").and_then(|it| it.args.last()).map_or("", |it| it.text.as_str());
        let is_metrics = PASSES.contains(&it.name.as_str()) && path.trim_end_matches(['/', '$']).ends_with("/metrics");
        if it.name != "stub_status" && !is_metrics {
            return;
        }
        let is_denied = scope.effective("deny").iter().any(|it| it.value() == "all");
        let is_guarded =
            scope.value("auth_basic").is_some_and(|it| it != "off") || !scope.effective("auth_request").is_empty();
        let is_inside = scope.within("server").is_some_and(|it| it.is_local());
        if !is_denied && !is_guarded && !is_inside {
            found.at(&it.bytes);
        }
    });
}
