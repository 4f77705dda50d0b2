//! Headers that tell browsers what a page may do, in every answer.

use super::nginx::{Directive, Nginx, Scope};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "security-headers",
    severity: Severity::Warning,
    message: "security headers are missing",
    help: "add them with `always` where all locations have them, with `add_header_inherit merge;`, or include them in each block that has an `add_header` of its own: nginx otherwise drops all that came from outside",
    lifted: Lifted::Quiet,
    bad: "\
server {
    listen 8080;
    add_header X-Content-Type-Options nosniff always;
    location / { proxy_pass http://127.0.0.1:8000; }
}
",
    good: r#"server {
    listen 8080;
    add_header_inherit merge;
    add_header Content-Security-Policy "default-src 'self'" always;
    add_header Permissions-Policy "camera=()" always;
    add_header Referrer-Policy strict-origin-when-cross-origin always;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Frame-Options DENY always;
    location / { proxy_pass http://127.0.0.1:8000; }
}
"#,
    check: Check::Nginx(check),
};

const HEADERS: &[&str] =
    &["Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"];

fn check(nginx: &Nginx, found: &mut Found<'_>) {
    if !nginx.is_edge() {
        return;
    }
    nginx.each(|it, scope| {
        let is_block = it.block.is_some() && matches!(it.name.as_str(), "server" | "location" | "if");
        let Some(server) = (if it.name == "server" { Some(it) } else { scope.within("server") }) else { return };
        if !is_block || server.is_local() || server.refuses_handshakes() {
            return;
        }
        // Said once, where they get lost.
        let is_own = it.name == "server" || it.all("add_header").next().is_some();
        if !is_own || (it.name != "server" && it.get("internal").is_some()) {
            return;
        }
        let headers = held(it, scope);
        // A redirect shows no page, and what turns everything away is for nobody to see.
        let mut wanted = if server.only_returns() { Vec::new() } else { HEADERS.to_vec() };
        if server.is_tls() && !server.get("return").is_some_and(|it| it.value().starts_with('4')) {
            wanted.push("Strict-Transport-Security");
        }
        let missing: Vec<String> = wanted.iter().filter_map(|it| lack(it, &headers)).collect();
        if !missing.is_empty() {
            found.say(&it.bytes, format!("answers from here lack {}", missing.join(", ")));
        }
    });
}

/// The headers that hold in a block: its own, and those from outside if it has none or merges.
fn held<'n>(block: &'n Directive, scope: &Scope<'_, 'n>) -> Vec<&'n Directive> {
    let merges = block.get("add_header_inherit").map(Directive::value).or_else(|| scope.value("add_header_inherit"))
        == Some("merge");
    let own: Vec<&Directive> = block.block.iter().flatten().filter(|it| it.name == "add_header").collect();
    if !merges {
        return if own.is_empty() { scope.effective("add_header") } else { own };
    }
    let outside = scope.outward().flat_map(|it| it.own("add_header"));
    own.into_iter().chain(outside).collect()
}

/// How a header is missing, if it is.
fn lack(name: &str, headers: &[&Directive]) -> Option<String> {
    let mut same = headers.iter().filter(|it| it.value().eq_ignore_ascii_case(name)).peekable();
    let frames = name == "X-Frame-Options" && headers.iter().any(|it| it.arg(1).contains("frame-ancestors"));
    if frames {
        return None;
    }
    if same.peek().is_none() {
        return Some(format!("`{name}`"));
    }
    if same.any(|it| it.arg(2) == "always") { None } else { Some(format!("`{name}` when they are errors (`always`)")) }
}
