//! Requests of any length.

use super::nginx::{Directive, Nginx};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "body-size",
    severity: Severity::Warning,
    message: "how long a request may be is left to chance",
    help: "write `client_max_body_size 10m;`, as much as the application takes; 0 means without end",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: "\
client_max_body_size 10m;
server {
    listen 8080;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    check: Check::Nginx(check),
};

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    let endless = |it: &Directive| it.value().trim_end_matches(['k', 'm', 'g', 'K', 'M', 'G']) == "0";
    nginx.each(|directive, scope| {
        // Nobody asks for what is internal: a request that comes to a page for its error was measured before.
        let is_internal = scope.own("internal").next().is_some();
        if directive.name == "client_max_body_size" && endless(directive) && !is_internal {
            found.say(&directive.bytes, "a request may be of any length");
        }
    });
    let all = nginx.all("client_max_body_size");
    if let Some(server) = nginx.proxies().first().filter(|_| all.is_empty()) {
        found.at(&server.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{File, Source, run};
    use super::RULE;

    #[test]
    fn pages_for_errors_come_after_a_request_was_measured() {
        for (more, count) in [("internal; ", 0), ("", 1)] {
            let text = &format!("client_max_body_size 1m; location /_errors/ {{ {more}client_max_body_size 0; }}");
            let findings = run(&Source::Nginx(vec![File { path: "nginx.conf", text }]));
            assert_eq!(findings.iter().filter(|it| it.rule.name == RULE.name).count(), count, "{text}");
        }
    }
}
