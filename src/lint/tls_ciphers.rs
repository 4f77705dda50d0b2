//! Ciphers outside of Mozilla's intermediate profile.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tls-ciphers",
    severity: Severity::Error,
    message: "which ciphers are used is left to the build",
    help: "write the list of Mozilla's intermediate profile and `ssl_prefer_server_ciphers off;`: all of it is strong, so the client may choose what it is quick at",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl;
    ssl_ciphers HIGH:!aNULL:!MD5;
}
",
    good: "\
server {
    listen 8443 ssl;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;
}
",
    check: Check::Nginx(check),
};

const INTERMEDIATE: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    // in the guidelines before 6.0
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-CHACHA20-POLY1305",
];

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for directive in nginx.all("ssl_ciphers") {
        let other = directive.value().split(':').find(|it| !INTERMEDIATE.contains(it) && !it.starts_with("TLS_"));
        if let Some(cipher) = other {
            found.say(&directive.bytes, format!("`{cipher}` is not in Mozilla's intermediate profile"));
        }
    }
    // Those of TLS 1.3 are all good, and nginx leaves them as they are.
    let protocols = nginx.all("ssl_protocols");
    let only_new = !protocols.is_empty() && protocols.iter().all(|it| it.args.iter().all(|it| it.text == "TLSv1.3"));
    if let Some(server) = nginx.tls_server_without("ssl_ciphers").filter(|_| !only_new) {
        found.at(&server.bytes);
    }
    for directive in nginx.all("ssl_prefer_server_ciphers").into_iter().filter(|it| it.value() == "on") {
        found.say(&directive.bytes, "the server's order of ciphers makes clients without AES hardware slow");
    }
}
