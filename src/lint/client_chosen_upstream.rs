//! Requests that go where the client wants.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "client-chosen-upstream",
    severity: Severity::Error,
    message: "the client chooses where this request goes",
    help: "name the upstream, or map what the client sends to one of several names: this way it reaches whatever nginx can reach",
    lifted: Lifted::Quiet,
    bad: "\
location / {
    resolver 127.0.0.11;
    proxy_pass http://$arg_target;
}
",
    good: "\
location / {
    resolver 127.0.0.11;
    proxy_pass http://10.0.0.1:8000;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    const CHOSEN: &[&str] =
        &["$arg_", "$http_", "$cookie_", "$host", "$request_uri", "$uri", "$args", "$query_string", "$1", "$2"];
    for pass in ["proxy_pass", "grpc_pass"].into_iter().flat_map(|it| nginx.all(it)) {
        let address = pass.value().split_once("://").map_or(pass.value(), |(_, rest)| rest);
        let host = address.split('/').next().unwrap_or(address);
        if CHOSEN.iter().any(|it| host.starts_with(it)) {
            found.at(&pass.bytes);
        }
    }
}
