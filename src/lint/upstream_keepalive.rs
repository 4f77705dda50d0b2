//! A new connection to the service for each request.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "upstream-keepalive",
    severity: Severity::Warning,
    message: "each request makes a new connection to the service",
    help: "write `keepalive 16;` in the upstream, with `proxy_http_version 1.1;` and `proxy_set_header Connection \"\";`; its `keepalive_timeout` below the service's own",
    lifted: Lifted::Quiet,
    bad: "\
upstream api {
    server 10.0.0.1:8000;
}
",
    good: "\
upstream api {
    server 10.0.0.1:8000;
    keepalive 16;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let upstreams = nginx.all("upstream");
    let mut kept = Vec::new();
    for upstream in upstreams {
        match upstream.get("keepalive") {
            None => found.at(&upstream.bytes),
            Some(_) => kept.push(upstream.value()),
        }
    }
    nginx.each(|it, scope| {
        let host = it.value().split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
        if it.name != "proxy_pass" || !kept.contains(&host) {
            return;
        }
        let closes = |it: &&Directive| it.value().eq_ignore_ascii_case("connection") && it.arg(1) == "close";
        let headers = scope.effective("proxy_set_header");
        let opens = headers.iter().any(|it| it.value().eq_ignore_ascii_case("connection") && !closes(it));
        // Both are the default since nginx 1.29.7.
        if scope.value("proxy_http_version").is_none_or(|it| it == "1.0") || !opens {
            found.say(&it.bytes, "without `proxy_http_version 1.1` and an empty `Connection` header, older nginx closes connections to the service");
        }
    });
}
