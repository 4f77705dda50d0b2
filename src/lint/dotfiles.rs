//! `.env` and `.git`, one request away.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "dotfiles",
    severity: Severity::Warning,
    message: "files whose names begin with a dot are served",
    help: "write `location ~ /\\.(?!well-known/) { return 404; }`",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    root /srv/www;
}
",
    good: r#"server {
    listen 8080;
    root /srv/www;
    location ~ /\.(?!well-known/) { return 404; }
}
"#,
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    for server in nginx.servers() {
        let answers = server.holds(&["root", "alias", "proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass"]);
        if answers && !server.is_local() && !server.only_returns() && !server.all("location").any(denies_dotfiles) {
            found.at(&server.bytes);
        }
    }
}

fn denies_dotfiles(location: &Directive) -> bool {
    let [modifier, pattern] = location.args.as_slice() else { return false };
    let is_for_them = modifier.text.starts_with('~')
        && pattern.text.contains("\\.")
        && pattern.text.trim_start_matches(['^', '(', '/']).starts_with("\\.");
    let returns = location.get("return").is_some_and(|it| it.value().starts_with('4'));
    let denies = location.get("deny").is_some_and(|it| it.value() == "all");
    is_for_them && (returns || denies || location.get("internal").is_some())
}
