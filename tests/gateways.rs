//! The gateway: configurations of many kinds of specs before nginx itself, gixy and crossplane.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::properties::random::with_gateway;
use crate::properties::told;
use crate::sandbox::{SMALLEST, Sandbox, laid};
use crate::skipped::skipped;

/// How many random specs are judged besides.
const RANDOM: u64 = 12;

/// Two services behind a gateway for two hosts, one of which has other names.
fn shop() -> Value {
    json!({
        "forge": 1, "name": "shop",
        "services": {
            "api": { "build": { "stack": "python", "context": "./api" }, "command": ["python", "-m", "app"], "port": 8000 },
            "web": { "build": { "stack": "static", "context": "./web" } },
        },
        "gateway": {
            "hosts": {
                "main": { "domain": "shop.example.com", "aliases": ["www.shop.example.com", "shop.example.org"] },
                "admin": { "domain": "admin.example.com" },
            },
            "tls": { "mode": "files" },
            "routes": [
                { "host": "main", "path": "/healthz", "to": "api", "limit": "health" },
                { "host": "main", "path": "/api/", "to": "api" },
                { "host": "main", "path": "/socket/", "to": "api", "websocket": true },
                { "host": "main", "path": "/", "to": "web" },
                { "host": "admin", "path": "/", "to": "web" },
            ],
        },
    })
}

/// One route, all of whose requests count in this class.
fn classed(rate: &str) -> Value {
    json!({
        "hosts": { "admin": null },
        "limits": { "own": { "rate": rate } },
        "routes": [{ "path": "/", "to": "api", "limit": "own" }],
    })
}

/// As long as a spec may have them, with all that variables and tables of nginx are called by.
fn long_names() -> Value {
    let path = |letter: char| format!("/{}/", letter.to_string().repeat(498));
    let class = "c".repeat(63);
    let origins: Vec<String> = (0..3).map(|it| format!("https://{}{it}.example.com", "o".repeat(60))).collect();
    json!({
        "hosts": { "admin": null, "main": { "domain": format!("{}.example.com", "d".repeat(63)) } },
        "limits": { class.clone(): { "rate": "10r/s", "connections": 10 } },
        "headers": { "extra": { "X".repeat(46): "a" } },
        "maintenance": {},
        "routes": [
            { "path": path('a'), "to": "api", "strip_prefix": true, "limit": class, "allow": ["10.0.0.0/8"], "cors": { "origins": origins } },
            { "path": path('b'), "redirect": { "to": "/", "keep_path": true } },
            { "path": format!("/{0}/{0}/", "c".repeat(248)), "files": { "folder": "web", "max_age": "1h" } },
            { "path": path('e'), "to": "api", "canary": { "to": "web", "percent": 1 }, "cache": { "for": "1m" } },
            { "path": path('f'), "to": "api", "grpc": true, "cors": { "origins": origins } },
            { "path": "/", "to": "web" },
        ],
    })
}

/// What gateways can differ in, by name.
fn variations() -> Vec<(&'static str, Value)> {
    vec![
        ("plain", json!({})),
        ("self-signed", json!({ "tls": { "mode": "self-signed" } })),
        ("no-tls", json!({ "tls": { "mode": "none" } })),
        ("no-tls-behind-a-proxy", json!({ "tls": { "mode": "none" }, "trusted_proxies": ["10.0.0.0/8", "fd00::/8"] })),
        ("behind-a-proxy", json!({ "trusted_proxies": ["192.0.2.1", "2001:db8::/32"] })),
        (
            "modern",
            json!({ "tls": { "profile": "modern", "hsts": { "max_age": "365d", "subdomains": true, "preload": true } } }),
        ),
        ("acme", json!({ "tls": { "mode": "acme", "email": "ops@example.com", "staging": true } })),
        (
            "acme-elsewhere",
            json!({
                "tls": { "mode": "acme", "email": "ops@example.com", "directory": "https://ca.internal:9000/dir" },
                "trusted_proxies": ["192.0.2.1"],
            }),
        ),
        (
            "headers",
            json!({ "headers": {
                "csp": {
                    "policy": {
                        "script-src": ["self", "nonce", "strict-dynamic", "sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc="],
                        "img-src": ["self", "data:", "https://*.example.com:8443/a/", "*"],
                        "upgrade-insecure-requests": [],
                        "sandbox": ["allow-forms"],
                        "require-trusted-types-for": ["script"],
                        "object-src": [],
                    },
                    "report_uri": "https://reports.example.com/csp?a=b&c=d",
                },
                "referrer_policy": "no-referrer",
                "permissions_policy": { "camera": ["self", "https://a.example.org"], "payment": ["*"], "usb": [] },
                "frame_options": "sameorigin",
                "cross_origin_opener_policy": "same-origin-allow-popups",
                "cross_origin_resource_policy": "same-site",
                "cross_origin_embedder_policy": "credentialless",
                "extra": { "X-Words": "it's \"quoted\"; \\ # {all}", "Reporting-Endpoints": "main=\"https://a.example.com/r\"" },
            } }),
        ),
        ("reports", json!({ "headers": { "csp": { "report_only": true } }, "tls": { "mode": "none" } })),
        ("narrow", json!({ "filter": { "methods": ["GET", "HEAD"], "scanners": false } })),
        (
            "clients",
            json!({ "client": {
                "header_timeout": "1s", "body_timeout": "10m", "send_timeout": "1m", "keepalive": "0s",
                "max_header_size": "64K", "connections": 1,
            } }),
        ),
        // zones and tables are made for the classes that there are
        ("fast-classes-alone", classed("100r/s")),
        ("slow-classes-alone", classed("2r/m")),
        (
            "classes-with-everything",
            json!({ "limits": { "default": { "rate": "5r/m", "burst": 3, "connections": 10 }, "health": { "rate": "7r/s" } } }),
        ),
        ("large-bodies", json!({ "max_body_size": "40M", "resources": { "limits": { "memory": "1G" } } })),
        (
            "small",
            json!({ "resources": { "limits": { "memory": "64M", "cpus": 0.1 }, "reservations": { "memory": "16M" } } }),
        ),
        ("long-names", long_names()),
        (
            "routes",
            json!({
                "upstreams": { "api": {
                    "balance": "sticky", "max_fails": 0, "fail_timeout": "1m", "keepalive": 1,
                    "retries": { "on": ["http_500", "http_502", "http_503", "http_504", "http_429", "invalid_header"], "tries": 5, "timeout": "1m" },
                } },
                "pages": { "folder": "web", "errors": { "4xx": "a.html", "404": "b.html", "503": "c.html", "5xx": "d.html" }, "intercept": true },
                "maintenance": { "allow": ["192.0.2.0/24", "2001:db8::/32"] },
                "ports": { "ipv6": true },
                "compression": { "gzip": false },
                "cache_size": "16M",
                "routes": [
                    { "host": "main", "path": "/healthz", "to": "api", "limit": "health" },
                    { "host": "main", "path": "/strip/", "to": "api", "strip_prefix": true, "canary": { "to": "web", "percent": 1 }, "cors": { "origins": ["*"] } },
                    { "host": "main", "path": "/Kept.and+more/", "to": "api", "cache": { "for": "1m", "ignore_cookies": true }, "canary": { "to": "web", "percent": 99 } },
                    { "host": "main", "path": "/kept_and_more/", "to": "api", "strip_prefix": true, "cache": { "for": "24h" }, "allow": ["10.0.0.0/8"] },
                    { "host": "main", "path": "/socket", "to": "api", "websocket": true, "allow": ["10.0.0.0/8", "fd00::/8"] },
                    { "host": "main", "path": "/live/", "to": "api", "events": true, "timeouts": { "connect": "75s", "read": "24h", "send": "1s" } },
                    { "host": "main", "path": "/a.v1.Cart/", "to": "api", "grpc": true, "cors": { "origins": ["https://a.example.org"], "methods": ["POST"] } },
                    { "host": "main", "path": "/up", "to": "api", "upload": { "max_size": "100G" }, "cors": { "origins": ["http://localhost:3000"], "credentials": true } },
                    { "host": "main", "path": "/gone/", "redirect": { "to": "https://docs.example.com/", "keep_path": true }, "allow": ["10.0.0.0/8"] },
                    { "host": "main", "path": "/there", "redirect": { "to": "/a?b=c&d", "status": 302 } },
                    { "host": "main", "path": "/files/", "files": { "folder": "web", "max_age": "1h" }, "allow": ["10.0.0.0/8"] },
                    { "host": "main", "path": "/favicon.ico", "files": { "folder": "web" } },
                    { "host": "main", "path": "/", "files": { "folder": "web", "spa": true, "max_age": "1h" } },
                    { "host": "admin", "path": "/", "to": "api", "allow": ["10.0.0.0/8"] },
                ],
            }),
        ),
        ("ipv6", json!({ "ports": { "ipv6": true } })),
        ("ipv6-without-tls", json!({ "ports": { "ipv6": true }, "tls": { "mode": "none" } })),
        ("ports", json!({ "ports": { "http": 8000, "https": 8400, "host_ip": "127.0.0.1" } })),
    ]
}

fn project(name: &str, gateway: &Value) -> Sandbox {
    let mut spec = shop();
    spec["gateway"] = laid(&spec["gateway"], gateway);
    Sandbox::new(name).file("forge.yaml", spec.to_string()).file("api/requirements.txt", "").folder("web")
}

/// What the public judges say, where they are installed: `.ci/judges --install`.
#[test]
fn public_judges_find_nothing_in_gateways_of_any_kind() {
    if std::env::var_os("FORGE_JUDGES").is_none() {
        skipped("no FORGE_JUDGES");
        return;
    }
    let known = variations().into_iter().map(|(name, gateway)| (name.to_owned(), project(name, &gateway)));
    let random = (0..RANDOM).map(|seed| {
        let name = format!("random-{seed}");
        let sandbox = Sandbox::new(&name).file("forge.yaml", with_gateway(seed).to_string());
        (name, sandbox.folder("files").folder("pages/app"))
    });
    let mut generated = Vec::new();
    for (name, sandbox) in known.chain(random) {
        for service in 0..9 {
            fs::create_dir_all(sandbox.path(&format!("svc{service}"))).expect("a folder in a temporary folder");
        }
        let ended = sandbox.run(&["generate"]);
        assert_eq!(ended.code, 0, "{name}: {}", ended.text());
        generated.push(sandbox);
    }
    let mut judges = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/judges"));
    judges.args(["--only", "nginx-t,gixy,crossplane"]);
    judges.args(generated.iter().map(|it| it.path("")));
    let said = judges.output().expect("the judges start");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
    // nginx -t wants an engine
    for judge in ["gixy", "crossplane"] {
        assert_eq!(text.matches(&format!("ok {judge} ")).count(), generated.len(), "{text}");
    }
}

#[test]
fn what_cannot_be_is_told_at_its_place() {
    let tls = |more: &str| format!("  tls: {{ {more} }}\n");
    let plain = "  tls: { mode: none }\n";
    let files = "  tls: { mode: files }\n";
    let cases = [
        (tls("mode: acme"), "missing-key", "tls"),
        (
            tls("mode: acme, email: a@example.com, staging: true, directory: \"https://ca.example.com/\""),
            "one-of",
            "staging",
        ),
        (tls("mode: acme, email: a@example.com, ca: ca.pem"), "no-effect", "ca"),
        (tls("mode: acme, email: a@example"), "invalid-value", "a@example"),
        (
            tls("mode: acme, email: a@example.com, directory: \"http://ca.example.com/\""),
            "invalid-value",
            "\"http://ca.example.com/\"",
        ),
        (tls("mode: files, email: a@example.com"), "no-effect", "email"),
        (tls("mode: files, hsts: { preload: true }"), "invalid-value", "true"),
        (tls("mode: files, hsts: { preload: true, subdomains: true, max_age: 30d }"), "invalid-value", "true"),
        (tls("mode: none, profile: modern"), "no-effect", "profile"),
        (format!("{files}  trusted_proxies: [0.0.0.0/0]\n"), "invalid-value", "0.0.0.0/0"),
        (format!("{files}  trusted_proxies: [\"::/0\"]\n"), "invalid-value", "\"::/0\""),
        (format!("{files}  trusted_proxies: [0.0.0.0/1, 128.0.0.0/1]\n"), "invalid-value", "0.0.0.0/1"),
        (format!("{files}  trusted_proxies: [\"2000::/15\"]\n"), "invalid-value", "\"2000::/15\""),
        (format!("{files}  trusted_proxies: [\"fd00::/16\"]\n"), "no-effect", "trusted_proxies"),
        (format!("{files}  trusted_proxies: [10.0.0.1/8]\n"), "invalid-value", "10.0.0.1/8"),
        (format!("{files}  ports: {{ host_ip: 192.0.2.1, ipv6: true }}\n"), "no-effect", "ipv6"),
        (format!("{files}  maintenance: {{ allow: [\"2001:db8::/32\"] }}\n"), "no-effect", "\"2001:db8::/32\""),
        (format!("{plain}  headers: {{ permissions_policy: {{ camera: [\"*\", self] }} }}\n"), "no-effect", "\"*\""),
        (tls("mode: acme, email: a@example.com") + "  ports: { http: 8000 }\n", "no-effect", "8000"),
        (tls("mode: acme, email: a@example.com") + "  ports: { host_ip: 127.0.0.1 }\n", "no-effect", "127.0.0.1"),
        (
            format!("{plain}  headers: {{ csp: {{ policy: {{ scritp-src: [self] }} }} }}\n"),
            "unknown-name",
            "scritp-src",
        ),
        (format!("{plain}  headers: {{ csp: {{ policy: {{ script-src: [slef] }} }} }}\n"), "unknown-name", "slef"),
        (
            format!("{plain}  headers: {{ csp: {{ policy: {{ script-src: [none, self] }} }} }}\n"),
            "invalid-value",
            "none",
        ),
        (
            format!("{plain}  headers: {{ csp: {{ policy: {{ script-src: [sha256-abc] }} }} }}\n"),
            "unknown-name",
            "sha256-abc",
        ),
        (
            format!("{plain}  headers: {{ csp: {{ policy: {{ upgrade-insecure-requests: [self] }} }} }}\n"),
            "invalid-value",
            "self",
        ),
        (format!("{plain}  headers: {{ extra: {{ x-FRAME-options: deny }} }}\n"), "no-effect", "x-FRAME-options"),
        (
            format!("{plain}  headers: {{ extra: {{ Transfer-Encoding: chunked }} }}\n"),
            "no-effect",
            "Transfer-Encoding",
        ),
        (
            format!("{plain}  headers: {{ extra: {{ Access-Control-Allow-Origin: \"*\" }} }}\n"),
            "no-effect",
            "Access-Control-Allow-Origin",
        ),
        (format!("{plain}  headers: {{ extra: {{ X-A: b, x-a: c }} }}\n"), "name-twice", "x-a"),
        (format!("{plain}  headers: {{ extra: {{ X-Api-Key: hunter2 }} }}\n"), "credential-in-spec", "hunter2"),
        (format!("{plain}  headers: {{ extra: {{ X-A: a$b }} }}\n"), "invalid-value", "a$b"),
        (format!("{plain}  filter: {{ methods: [POST] }}\n"), "invalid-value", "methods"),
        (format!("{plain}  filter: {{ methods: [GTE] }}\n"), "unknown-choice", "GTE"),
        (format!("{plain}  client: {{ header_timeout: 10m }}\n"), "invalid-value", "10m"),
        (format!("{plain}  client: {{ body_timeout: 0s }}\n"), "invalid-value", "0s"),
        (format!("{plain}  client: {{ keepalive: 2h }}\n"), "invalid-value", "2h"),
        (format!("{plain}  client: {{ max_header_size: 1M }}\n"), "invalid-value", "1M"),
    ];
    for (more, code, words) in &cases {
        let routes = "  routes: [{ path: /, to: api }]\n";
        let text = format!("{SMALLEST}gateway:\n  hosts: {{ main: {{ domain: a.example.com }} }}\n{more}{routes}");
        let (doc, them) = told(&text);
        let found = them.iter().find(|it| it.code.name == *code);
        let found = found.unwrap_or_else(|| panic!("no {code} for\n{text}\nbut {them:#?}"));
        assert_eq!(&doc.text[doc.locate(&found.place)], *words, "{code}: {found:#?}");
    }
    // a name that no public authority knows, and names of forge's own
    let acme = "  tls: { mode: acme, email: a@example.com }\n";
    let local = format!(
        "{SMALLEST}gateway:\n  hosts: {{ main: {{ domain: a.local }} }}\n{acme}  routes: [{{ path: /, to: api }}]\n"
    );
    assert!(told(&local).1.iter().any(|it| it.message.contains("gives no certificate for `a.local`")));
    let of_others = local.replace("a@example.com", "a@example.com, directory: \"https://ca.example.com/dir\"");
    assert!(!told(&of_others).1.iter().any(|it| it.message.contains("a.local")), "{:#?}", told(&of_others).1);
    for (text, name) in
        [(local.replace("a.local", "gateway"), "`gateway`"), (of_others.replace("a.local", "192.0.2.7"), "`192.0.2.7`")]
    {
        assert!(told(&text).1.iter().any(|it| it.message.contains(name)), "{:#?}", told(&text).1);
    }
    let named = local
        .replace("a.local", "a.example.com")
        .replace("  api:", "  certificates:")
        .replace("to: api", "to: certificates");
    assert!(told(&named).1.iter().any(|it| it.code.name == "name-twice"), "{:#?}", told(&named).1);
    for route in ["cors: { origins: [\"https://b.example.com\"] }", "grpc: true"] {
        let narrow = format!(
            "{}  filter: {{ methods: [GET] }}\n",
            local.replace("a.local", "a.example.com").replace("to: api", &format!("to: api, {route}"))
        );
        assert!(
            told(&narrow).1.iter().any(|it| it.message.contains("`filter.methods` leaves out")),
            "{:#?}",
            told(&narrow).1
        );
    }
    let scanned = local.replace("a.local", "a.example.com").replace("path: /,", "path: /wp-admin/,");
    assert!(told(&scanned).1.iter().any(|it| it.code.name == "no-effect"), "{:#?}", told(&scanned).1);
}

/// In the spec and in overlays: folders and pages that are not there, or that only their owner can read.
#[test]
#[cfg(unix)]
fn what_the_gateway_could_not_serve_is_told_wherever_it_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let overlay = json!({
        "hosts": { "main": { "domain": "s.example.com" } },
        "pages": { "errors": { "403": "nope.html", "503": "sorry.html" } },
        "routes": [{ "path": "/more/", "files": { "folder": "handbuch" } }],
    });
    let more = json!({
        "hosts": { "admin": null, "main": { "aliases": null } },
        "pages": { "folder": "pages", "errors": { "404": "gone.html", "5xx": "sorry.html" } },
        "routes": [{ "path": "/", "to": "api" }, { "path": "/files/", "files": { "folder": "private" } }],
    });
    let mut spec = laid(&shop(), &json!({ "gateway": more, "services": { "web": null } }));
    let other =
        json!({ "gateway": { "hosts": { "main": { "domain": "o.example.com" } }, "pages": { "folder": "other" } } });
    spec["environments"] = json!({ "other": { "overlay": other }, "staging": { "overlay": { "gateway": overlay } } });
    let sandbox = Sandbox::new("served")
        .file("forge.yaml", serde_json::to_string_pretty(&spec).expect("JSON"))
        .file("api/requirements.txt", "")
        .file("pages/sorry.html", "")
        .file("other/else.html", "")
        .file("private/a.txt", "");
    for (path, mode) in [("pages/sorry.html", 0o600), ("private", 0o700)] {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).expect("its mode can be set");
    }
    let said = sandbox.run(&["validate"]).stdout;
    for (words, times) in [
        ("`pages` has no page `gone.html`", 1),
        ("`pages` has no page `nope.html`", 1),
        ("the gateway cannot read `pages/sorry.html`", 2),
        ("the gateway cannot read `private`", 1),
        ("there is no folder `handbuch`", 1),
        ("`other` has no page `gone.html`", 1),
        ("`other` has no page `sorry.html`", 1),
    ] {
        assert_eq!(said.matches(words).count(), times, "{words}\n{said}");
    }
}
