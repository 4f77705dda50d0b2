//! Old versions of TLS.

use super::nginx::Nginx;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tls-protocols",
    severity: Severity::Error,
    message: "which versions of TLS are spoken is left to the build",
    help: "write `ssl_protocols TLSv1.2 TLSv1.3;`, as Mozilla's intermediate profile has it",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8443 ssl;
    ssl_protocols TLSv1 TLSv1.2;
}
",
    good: "\
server {
    listen 8443 ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for directive in nginx.all("ssl_protocols") {
        for arg in directive.args.iter().filter(|it| !matches!(it.text.as_str(), "TLSv1.2" | "TLSv1.3")) {
            found.say(&arg.bytes, format!("`{}` is broken", arg.text));
        }
    }
    if let Some(server) = nginx.tls_server_without("ssl_protocols") {
        found.at(&server.bytes);
    }
}
