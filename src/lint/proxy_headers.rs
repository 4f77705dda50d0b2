//! `proxy_set_header` in a block, which drops all that came from outside.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "proxy-headers",
    severity: Severity::Warning,
    message: "this drops the headers that are set outside of this block",
    help: "repeat them here, with one include: nginx takes the `proxy_set_header` of the innermost block that has any",
    lifted: Lifted::Quiet,
    bad: "\
proxy_set_header Host $host;
server {
    listen 127.0.0.1:8080;
    location / {
        proxy_set_header Upgrade $http_upgrade;
        proxy_pass http://127.0.0.1:8000;
    }
}
",
    good: "\
proxy_set_header Host $host;
server {
    listen 127.0.0.1:8080;
    location / {
        proxy_set_header Host $host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_pass http://127.0.0.1:8000;
    }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    nginx.each(|it, scope| {
        if it.name != "proxy_pass" {
            return;
        }
        let mut levels =
            scope.outward().map(|it| it.own("proxy_set_header").collect::<Vec<_>>()).filter(|it| !it.is_empty());
        let (Some(own), Some(outer)) = (levels.next(), levels.next()) else { return };
        let is_kept = |header: &&Directive| own.iter().any(|it| it.value().eq_ignore_ascii_case(header.value()));
        let lost: Vec<String> = outer.iter().filter(|it| !is_kept(it)).map(|it| format!("`{}`", it.value())).collect();
        if let (false, Some(first)) = (lost.is_empty(), own.first()) {
            found.say(&first.bytes, format!("this drops {} from outside of this block", lost.join(", ")));
        }
    });
}
