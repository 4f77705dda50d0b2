//! What routes can and cannot be: each mistake is told at its words.

use forge::diagnostic::Severity;

use crate::properties::{resolved, told};

/// A spec of two services, with the routes and more of the gateway.
fn spec(routes: &str, more: &str) -> String {
    let service = |port: &str| {
        format!(
            "{{ image: \"a:1\", user: {{ uid: 1000, gid: 1000 }}, command: [run], {port}healthcheck: {{ command: [probe] }} }}"
        )
    };
    format!(
        "forge: 1\nname: a\nservices:\n  api: {}\n  next: {}\n  mute: {}\nsecrets: {{ USERS: {{ supplied: \"lines of htpasswd\" }}, MADE: {{ generate: {{}} }} }}\ngateway:\n  hosts: {{ main: {{ domain: a.example.com }} }}\n  tls: {{ mode: none }}\n  routes:\n    - {{ path: /kept/, to: api, login: {{ users: USERS }} }}\n    - {{ path: /kept-too/, to: next }}\n{routes}{more}",
        service("port: 8000, ports: { grpc: 9000 }, "),
        service("port: 8000, "),
        service("")
    )
}

#[test]
fn what_a_route_cannot_be_is_told_at_its_words() {
    let cases = [
        ("{ path: /x }", "one-of", "/x"),
        ("{ path: /x, to: api, redirect: { to: / } }", "one-of", "/x"),
        ("{ path: /x, to: apo }", "unknown-name", "apo"),
        ("{ path: /x, to: mute }", "no-port", "mute"),
        ("{ path: /x, to: api, port: grcp }", "unknown-name", "grcp"),
        ("{ path: /x, to: api, limit: logn }", "unknown-name", "logn"),
        ("{ path: /x, to: api, strip_prefix: true }", "no-effect", "strip_prefix"),
        ("{ path: /x/, to: api, grpc: true, strip_prefix: true }", "unsupported", "strip_prefix"),
        ("{ path: /x/, to: api, grpc: true, websocket: true }", "one-of", "grpc"),
        ("{ path: /x/, to: api, grpc: true, cache: { for: 1m } }", "no-effect", "cache"),
        ("{ path: /x/, to: api, events: true, cache: { for: 1m } }", "no-effect", "cache"),
        ("{ path: /x/, to: api, login: { users: USERS }, cache: { for: 1m } }", "no-effect", "cache"),
        ("{ path: /x/, to: api, upload: { max_size: 1G }, cache: { for: 1m } }", "no-effect", "cache"),
        ("{ path: /x/, to: api, allow: [192.0.2.7/24] }", "invalid-value", "192.0.2.7/24"),
        ("{ path: /x/, to: api, allow: [\"2001:db8::1/32\"] }", "invalid-value", "\"2001:db8::1/32\""),
        ("{ path: /x/, to: api, allow: [\"2001:db8::/32\"] }", "no-effect", "\"2001:db8::/32\""),
        ("{ path: /x/, to: api, cache: { for: 0s } }", "invalid-value", "0s"),
        ("{ path: /x/, to: api, upload: { max_size: 10K } }", "invalid-value", "10K"),
        ("{ path: /x/, to: api, timeouts: { connect: 2m } }", "invalid-value", "2m"),
        ("{ path: /x/, to: api, timeouts: { read: 0s } }", "invalid-value", "0s"),
        ("{ path: /x/, to: api, canary: { to: api, percent: 5 } }", "no-effect", "api"),
        ("{ path: /x/, to: api, canary: { to: nxt, percent: 5 } }", "unknown-name", "nxt"),
        ("{ path: /x/, to: api, canary: { to: next, percent: 100 } }", "invalid-value", "100"),
        ("{ path: /x/, redirect: { to: /x/y } }", "no-effect", "/x/y"),
        ("{ path: /x, redirect: { to: /x?y=1 } }", "no-effect", "/x?y=1"),
        ("{ path: /x/, redirect: { to: /y/ } }\n    - { path: /y/, redirect: { to: /x/ } }", "no-effect", "/y/"),
        ("{ path: /x/, redirect: { to: /y, status: 404 } }", "unknown-choice", "404"),
        ("{ path: /x/, redirect: { to: /y, keep_path: true } }", "no-effect", "keep_path"),
        ("{ path: /x/, redirect: { to: //evil.example.com } }", "invalid-value", "//evil.example.com"),
        ("{ path: /x/, redirect: { to: / }, login: { users: USERS } }", "no-effect", "login"),
        ("{ path: /x/, files: { folder: secrets/tls } }", "context", "secrets/tls"),
        ("{ path: /x/, files: { folder: ../x } }", "invalid-value", "../x"),
        ("{ path: /x, files: { folder: x, spa: true } }", "no-effect", "spa"),
        ("{ path: /x/, files: { folder: x }, websocket: true }", "no-effect", "websocket"),
        ("{ path: /x/, to: api, login: { users: USRES } }", "unknown-name", "USRES"),
        ("{ path: /x/, to: api, login: { users: MADE } }", "unsupported", "MADE"),
        ("{ path: /x/, to: api, allow: [] }", "invalid-value", "allow"),
        ("{ path: /x/, to: api, allow: [10.0.0.0/33] }", "invalid-value", "10.0.0.0/33"),
        ("{ path: /x/, to: api, cors: { origins: [\"*\"], credentials: true } }", "unsupported", "credentials"),
        ("{ path: /x/, to: api, cors: { origins: [\"https://b.example.com\", \"*\"] } }", "no-effect", "\"*\""),
        ("{ path: /x/, to: api, cors: { origins: [b.example.com] } }", "invalid-value", "b.example.com"),
        ("{ path: /x//y/, to: api }", "no-effect", "/x//y/"),
        ("{ path: /x/../y/, to: api }", "no-effect", "/x/../y/"),
        ("{ path: /.x/, to: api }", "no-effect", "/.x/"),
        ("{ path: /kept/, to: next }", "route-twice", "/kept/"),
    ];
    for (route, code, words) in cases {
        let text = spec(&format!("    - {route}\n"), "");
        found(&text, code, words);
    }
    let long = format!("/{}/", "x".repeat(256));
    found(&spec(&format!("    - {{ path: {long}, files: {{ folder: x }} }}\n"), ""), "invalid-value", &long);
    let kept = spec(
        "    - { path: /x/, to: api, cache: { for: 1m } }\n",
        "  headers: { csp: { policy: { script-src: [self, nonce] } } }\n",
    );
    found(&kept, "no-effect", "cache");
    found(
        &spec("    - { path: /_errors/x, to: api }\n", "  pages: { folder: x, errors: { 5xx: x.html } }\n"),
        "route-twice",
        "/_errors/x",
    );
    let two = "  hosts: { main: { domain: a.example.com }, other: { domain: b.example.com } }\n";
    let lonely = spec("", "")
        .replace("  hosts: { main: { domain: a.example.com } }\n", two)
        .replace("- { path:", "- { host: main, path:");
    found(&lonely, "unused", "other");
    for (more, code, words) in [
        ("  upstreams: { apj: { balance: sticky } }\n", "unknown-name", "apj"),
        ("  upstreams: { mute: { balance: sticky } }\n", "unused", "mute"),
        ("  cache_size: 64M\n", "unused", "cache_size"),
        ("  compression: { brotli: true }\n", "unsupported", "brotli"),
        ("  pages: { folder: .forge, errors: { 5xx: x.html } }\n", "context", ".forge"),
        ("  pages: { folder: secrets, errors: { 5xx: x.html } }\n", "context", "secrets"),
        ("  pages: { folder: x, errors: { \"418\": x.html } }\n", "invalid-value", "\"418\""),
        ("  maintenance: { allow: [10.0.0.256] }\n", "invalid-value", "10.0.0.256"),
        ("  client: { connections: 9 }\n  limits: { login: { rate: 5r/s, connections: 10 } }\n", "no-effect", "10"),
        (&format!("  headers: {{ extra: {{ {}: a }} }}\n", "X".repeat(47)), "invalid-value", &"X".repeat(47)),
        (
            &format!(
                "  headers: {{ csp: {{ policy: {{ img-src: [{}] }} }} }}\n",
                (0..20).map(|it| format!("https://{}{it}.example.com", "a".repeat(200))).collect::<Vec<_>>().join(", ")
            ),
            "invalid-value",
            "policy",
        ),
    ] {
        found(&spec("", more), code, words);
    }
}

fn found(text: &str, code: &str, words: &str) {
    let (doc, them) = told(text);
    let here = them.iter().filter(|it| it.code.name == code).find(|it| &doc.text[doc.locate(&it.place)] == words);
    assert!(here.is_some(), "no {code} at {words} for\n{text}\nbut {them:#?}");
}

/// nginx has one namespace for variables, and no capitals in it.
#[test]
fn no_two_routes_share_their_variables() {
    let routes = ["/a-b/", "/A_B/", "/a/b/", "/a.b/", "/a+b/"]
        .map(|path| format!("    - {{ path: {path}, to: api, allow: [10.0.0.0/8] }}\n"))
        .concat();
    let text = spec(&routes, "");
    let (_, them) = told(&text);
    assert!(them.iter().all(|it| it.severity != Severity::Error), "{them:#?}");
    // Another kind of variable would have had the same name, too.
    let text = text
        .replace("    - { path: /kept/,", "    - { path: /, to: api }\n    - { path: /kept/,")
        .replace("{ main: {", "{ private: {")
        .replace("path: /kept-too/, to: next", "path: /next, to: next, allow: [10.0.0.0/8]");
    let maps = resolved(&text).1.into_iter().find(|it| it.path == "nginx/maps.conf").expect("it is made").text;
    let names: Vec<&str> = maps.lines().filter_map(|it| it.strip_prefix("geo ")).collect();
    let distinct: std::collections::BTreeSet<String> = names.iter().map(|it| it.to_lowercase()).collect();
    assert_eq!(names.len(), 7, "{maps}");
    assert_eq!(distinct.len(), 7, "{names:?}");
}

/// What a route asks a name or address for is not to be had by another way.
#[test]
fn what_is_guarded_is_refused_on_every_way_to_the_service() {
    let routes = "    - { path: /ops/, to: api, login: { users: USERS } }\n    - { path: /api/, to: api, strip_prefix: true }\n    - { path: /raw/, to: api, port: grpc, strip_prefix: true }\n    - { path: /next/, to: next, strip_prefix: true }\n    - { path: /api/ops/open, to: api }\n";
    let maps =
        resolved(&spec(routes, "")).1.into_iter().find(|it| it.path == "nginx/maps.conf").expect("it is made").text;
    let lines: Vec<&str> = maps.lines().map(str::trim).collect();
    let at = |line: &str| lines.iter().position(|it| *it == line).unwrap_or_else(|| panic!("no {line} in\n{maps}"));
    let refused = at(r#""~*^(?:/;[^/]*)*/api(?:;[^/]*)?(?:/;[^/]*)*/ops(?:;[^/]*)?(?:[/.\s]|$)" 1;"#);
    at(r#""~*^(?:/;[^/]*)*/raw(?:;[^/]*)?(?:/;[^/]*)*/ops(?:;[^/]*)?(?:[/.\s]|$)" 1;"#);
    at(r#""~*^(?:/;[^/]*)*/raw(?:;[^/]*)?(?:/;[^/]*)*/metrics(?:;[^/]*)?(?:[/.\s]|$)" $outside_api;"#);
    assert!(refused < at(r#""~^/api(?:/|\z)" 0;"#), "{maps}");
    assert!(refused > at(r#""~^/api/ops/open\z" 0;"#), "{maps}");
    assert!(!maps.contains("/next/ops"), "{maps}");
}

/// A route that asks less than another does not lead where that one leads, and a canary is as guarded as its service.
#[test]
fn a_guard_is_no_way_past_another_one() {
    let maps = |routes: &str| {
        let made = resolved(&spec(routes, "")).1.into_iter().find(|it| it.path == "nginx/maps.conf");
        made.expect("it is made").text
    };
    let lax = |parts: &[&str]| {
        let path: String = parts.iter().map(|it| format!("(?:/;[^/]*)*/{it}(?:;[^/]*)?")).collect();
        format!("\"~*^{path}(?:[/.\\s]|$)\" 1;")
    };
    let guarded = "    - { path: /ops/, to: api, allow: [192.0.2.0/24] }\n";
    for (other, is_refused) in [
        ("login: { users: USERS }", true),
        ("allow: [192.0.2.0/24, 10.0.0.0/8]", true),
        ("allow: [192.0.2.0/25]", false),
        ("allow: [192.0.2.7], login: { users: USERS }", false),
    ] {
        let text = maps(&format!("{guarded}    - {{ path: /way/, to: api, strip_prefix: true, {other} }}\n"));
        assert_eq!(text.contains(&lax(&["way", "ops"])), is_refused, "{other}\n{text}");
    }
    let canary = "    - { path: /ops/, to: api, canary: { to: next, percent: 5 }, allow: [192.0.2.0/24] }\n    - { path: /way/, to: next, strip_prefix: true }\n";
    let text = maps(canary);
    assert!(text.contains(&lax(&["way", "ops"])), "{text}");
    // Of a guarded path below another route, other spellings are looked for first.
    let below = "    - { path: /a/, to: api }\n    - { path: /a/ops/, to: api, login: { users: USERS } }\n";
    let text = maps(below);
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in\n{text}"));
    let order = [place(r#""~^/a/ops(?:/|\z)" 0;"#), place(&lax(&["a", "ops"])), place(r#""~^/a(?:/|\z)" 0;"#)];
    assert!(order.is_sorted(), "{text}");
}

/// Beside what is refused stands what is not.
#[test]
fn redirects_may_lead_to_what_another_route_answers() {
    for routes in [
        "{ path: /, redirect: { to: /app/ } }\n    - { path: /app/, to: api }",
        "{ path: /x/, redirect: { to: /x/y } }\n    - { path: /x/y, to: api }",
        "{ path: /x/, redirect: { to: /y/ } }\n    - { path: /y/, redirect: { to: /kept/ } }",
        "{ path: /x, redirect: { to: \"https://a.example.com/x\" } }",
    ] {
        let (_, them) = told(&spec(&format!("    - {routes}\n"), ""));
        assert!(them.iter().all(|it| it.severity != Severity::Error), "{routes}\n{them:#?}");
    }
}

/// What a service shows to its operators stays theirs behind a route for the path alone, and at whoever runs the same image.
#[test]
fn what_is_private_stays_so_below_exact_routes_and_at_those_from_the_same_image() {
    let made = |routes: &str| {
        let text = format!(
            "forge: 1\nname: a\nservices:\n  api: {{ build: {{ stack: python, context: ./api, options: {{ framework: fastapi }} }}, private: {{ paths: [/docs, /ops] }} }}\n  plain: {{ build: {{ stack: python, context: ./plain, options: {{ framework: fastapi }} }} }}\n  web: {{ from: api, command: [uvicorn, \"app:web\"], port: 8000 }}\n  more: {{ from: plain, command: [uvicorn, \"app:web\"], port: 8000 }}\ngateway:\n  hosts: {{ main: {{ domain: a.example.com }} }}\n  tls: {{ mode: none }}\n  routes: [{routes}]\n"
        );
        let maps = resolved(&text).1.into_iter().find(|it| it.path == "nginx/maps.conf").expect("it is made").text;
        let lines: Vec<String> = maps.lines().map(|it| it.trim().to_owned()).collect();
        lines
    };
    let lax = |part: &str, of: &str| format!("\"~*^(?:/;[^/]*)*/{part}(?:;[^/]*)?(?:[/.\\s]|$)\" $outside_{of};");
    let exact = made("{ path: /docs, redirect: { to: /manual } }, { path: /, to: api }");
    let at = |line: &str| exact.iter().position(|it| it == line).unwrap_or_else(|| panic!("no {line} in {exact:#?}"));
    assert!(at(r#""~^/docs\z" 0;"#) < at(&lax("docs", "api")), "{exact:#?}");
    let from = made("{ path: /, to: web }");
    assert!(from.contains(&lax("ops", "web")) && !from.contains(&lax("redoc", "web")), "{from:#?}");
    let from = made("{ path: /, to: more }");
    assert!(from.contains(&lax("redoc", "more")), "{from:#?}");
}
