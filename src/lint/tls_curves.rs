//! Key exchange that is left to the build, or weak.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tls-curves",
    severity: Severity::Warning,
    message: "which key exchanges are used is left to the build",
    help: "write `ssl_ecdh_curve ?X25519MLKEM768:X25519:prime256v1:secp384r1;`: the first one also holds against quantum computers, `?` skips it where OpenSSL is too old",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl;
}
",
    good: "\
server {
    listen 8443 ssl;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    const GOOD: &[&str] = &["X25519MLKEM768", "X25519", "prime256v1", "P-256", "secp256r1", "secp384r1", "P-384"];
    for directive in nginx.all("ssl_ecdh_curve") {
        if let Some(curve) = directive.value().split(':').find(|it| !GOOD.contains(&it.trim_start_matches('?'))) {
            found.say(&directive.bytes, format!("`{curve}` is not in Mozilla's intermediate profile"));
        }
    }
    if let Some(server) = nginx.tls_server_without("ssl_ecdh_curve") {
        found.at(&server.bytes);
    }
}
