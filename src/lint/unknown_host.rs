//! Names in the Host header that are nobody's.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unknown-host",
    severity: Severity::Error,
    message: "requests for names that are not ours are answered",
    help: "add a server with `listen … default_server` that has nothing but `return 444;`, for TLS `ssl_reject_handshake on; return 421;`: a foreign name in a link or in a cache must not lead here",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    server_name shop.example.com;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
server {
    listen 8080 default_server;
    return 444;
}
server {
    listen 8080;
    server_name shop.example.com;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    if !nginx.is_edge() {
        return;
    }
    let servers: Vec<&Directive> = nginx.servers().into_iter().filter(|it| !it.is_local()).collect();
    let mut sockets: Vec<&str> = servers.iter().flat_map(|it| it.all("listen")).map(Directive::value).collect();
    sockets.sort_unstable();
    sockets.dedup();
    let mut said = Vec::new();
    for socket in sockets {
        let mut on = servers.iter().filter_map(|it| Some((*it, it.all("listen").find(|it| it.value() == socket)?)));
        let first = on.clone().next();
        let default = on.find(|(_, listen)| listen.says("default_server") || listen.says("default"));
        if let Some((server, listen)) = default.or(first).filter(|(it, _)| !refuses(it) && !said.contains(&it.bytes)) {
            said.push(server.bytes.clone());
            found.say(&listen.bytes, format!("requests to {socket} for names that are not ours are answered here"));
        }
    }
}

/// Whether a server turns everything away.
fn refuses(server: &Directive) -> bool {
    let turns_away = |it: &Directive| it.value().starts_with('4');
    let everywhere = server.all("location").find(|it| it.value() == "/");
    let places = [Some(server), everywhere];
    let mut returns = places.iter().flatten().filter_map(|it| it.get("return"));
    let denies = places.iter().flatten().any(|it| it.get("deny").is_some_and(|it| it.value() == "all"));
    server.refuses_handshakes() || returns.any(turns_away) || denies
}
