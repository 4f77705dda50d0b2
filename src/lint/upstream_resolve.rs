//! Addresses that are looked up once.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "upstream-resolve",
    severity: Severity::Error,
    message: "the address is looked up once, when nginx starts",
    help: "write `upstream api { zone upstream_api 64k; server api:8000 resolve; keepalive 16; }` and `resolver 127.0.0.11 valid=2s;`: a recreated container has another address, and nginx would send requests to the old one",
    lifted: Lifted::Quiet,
    bad: "\
upstream api {
    keepalive 16;
    server api:8000;
}
",
    good: "\
resolver 127.0.0.11 valid=2s;
upstream api {
    zone upstream_api 64k;
    keepalive 16;
    server api:8000 resolve;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let upstreams = nginx.all("upstream");
    let has_resolver = !nginx.all("resolver").is_empty();
    for upstream in &upstreams {
        for server in upstream.all("server").filter(|it| is_name(it.value())) {
            let lacking = if !server.says("resolve") {
                "`resolve`"
            } else if upstream.get("zone").is_none() {
                "a `zone` in its upstream"
            } else if !has_resolver && upstream.get("resolver").is_none() {
                "a `resolver`"
            } else {
                continue;
            };
            found.say(
                &server.bytes,
                format!("`{}` is looked up once, when nginx starts: it lacks {lacking}", server.value()),
            );
        }
    }
    let is_upstream = |host: &str| upstreams.iter().any(|it: &&Directive| it.value() == host);
    for pass in ["proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass"].into_iter().flat_map(|it| nginx.all(it)) {
        let address = pass.value().split_once("://").map_or(pass.value(), |(_, rest)| rest);
        let host = address.split('/').next().unwrap_or(address);
        if host.contains('$') && !has_resolver {
            found.say(&pass.bytes, format!("`{host}` cannot be looked up: there is no `resolver`"));
        } else if !host.contains('$') && !is_upstream(host) && is_name(host) {
            found.say(&pass.bytes, format!("`{host}` is looked up once, when nginx starts"));
        }
    }
}

/// Whether an address is a name and no number, socket or this host itself.
fn is_name(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let is_number = host.chars().all(|it| it.is_ascii_digit() || it == '.') || address.starts_with('[');
    !is_number && !address.starts_with("unix:") && host != "localhost" && host != "unix" && !host.is_empty()
}
