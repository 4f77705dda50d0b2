//! Downloads from whoever answers.

use super::dockerfile::Dockerfile;
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tls-verification-off",
    severity: Severity::Error,
    message: "certificates are not checked",
    help: "leave the check on and install `ca-certificates`, or the certificate of your own authority",
    lifted: Lifted::Quiet,
    bad: "\
FROM debian:13-slim
RUN curl -fsSLk -o /tmp/app https://example.com/app
",
    good: "\
FROM debian:13-slim
RUN curl -fsSL -o /tmp/app https://example.com/app
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    for instruction in &dockerfile.instructions {
        for (name, value) in instruction.pairs() {
            if switches_off(&name, value.as_deref()) {
                found.say(&instruction.find(&name), format!("`{name}` switches the check of certificates off"));
            }
        }
    }
    for command in dockerfile.runs().flat_map(|it| &it.commands).filter(|it| trusts_all(it)) {
        found.at(&command.bytes);
    }
}

fn switches_off(name: &str, value: Option<&str>) -> bool {
    match name {
        "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY" => value == Some("0"),
        "NPM_CONFIG_STRICT_SSL" | "npm_config_strict_ssl" => value == Some("false"),
        "GIT_SSL_NO_VERIFY" | "PIP_TRUSTED_HOST" => value.is_some_and(|it| !it.is_empty()),
        _ => false,
    }
}

fn trusts_all(command: &Command) -> bool {
    let args = command.args();
    let short = |it: &String| {
        it.starts_with('-')
            && !it.starts_with("--")
            && it.chars().skip(1).all(|it| it.is_ascii_alphabetic())
            && it.contains('k')
    };
    match command.program() {
        "curl" => command.has(&["--insecure"]) || args.iter().any(short),
        "wget" => command.has(&["--no-check-certificate"]),
        "git" => args.join(" ").to_lowercase().replace('=', " ").contains("http.sslverify false"),
        "npm" | "yarn" | "pnpm" => args.join(" ").replace('=', " ").contains("strict-ssl false"),
        "pip" | "pip3" => command.has(&["--trusted-host"]),
        _ => false,
    }
}
