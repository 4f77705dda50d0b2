//! Specs that are valid by construction, made from dice: what holds for all of them.

use std::collections::BTreeMap;

use forge::contract::{Texts, findings};
use forge::schema::COMPOSE;
use forge::yaml::{self, Node};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{compared_with_itself, files, resolved, yaml as written};

/// Numbers thrown before, read one after the other; where none is left, the first choice is taken.
struct Dice {
    thrown: Vec<u8>,
    next: usize,
}

impl Dice {
    /// Below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.next += 1;
        self.thrown.get(self.next - 1).map_or(0, |it| usize::from(*it)) % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    fn yes(&mut self) -> bool {
        self.roll(2) == 1
    }
}

/// A spec with a gateway, the same for the same seed.
pub(crate) fn with_gateway(seed: u64) -> Value {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    loop {
        let mut thrown = Vec::new();
        for _ in 0..220 {
            // xorshift64: any bytes do, as long as they are the same tomorrow.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            thrown.push((state >> 32) as u8);
        }
        let mut spec = spec(&mut Dice { thrown, next: 0 });
        if spec.get("gateway").is_some() {
            // Judges look for the files where they usually lie.
            spec.as_object_mut().expect("a spec is a map").remove("layout");
            return spec;
        }
    }
}

/// A spec that keeps every rule of the schema and every rule of meaning.
fn spec(dice: &mut Dice) -> Value {
    let mut spec = json!({ "forge": 1, "name": dice.pick(&["shop", "a", "my-long-name-2"]) });
    if dice.yes() {
        spec["registry"] = json!(dice.pick(&["ghcr.io/acme", "localhost:5000/a/b"]));
    }
    if dice.yes() {
        spec["defaults"] = json!({
            "stop_grace_period": dice.pick(&["10s", "1m30s"]),
            "user": { "name": "runner", "uid": 12345 },
            "logging": { "max_size": "5M", "max_files": 3 },
        });
    }
    spec["secrets"] =
        json!({ "KEY": { "generate": { "length": 32 } }, "TOKEN": { "supplied": "it's a \"token\", $5" } });
    spec["variables"] = json!({
        "ADDRESS": { "type": "email", "required": true, "description": "who: #1 {of} $all" },
        "LEVEL": { "default": "a b$c" },
    });
    let mut backings = Map::new();
    for index in 0..dice.roll(3) {
        let kind = *dice.pick(&["postgres", "redis", "valkey"]);
        let mut backing = json!({ "kind": kind });
        match kind {
            "postgres" => backing["version"] = json!(dice.pick(&["18", "17"])),
            _ => backing["use"] = json!(dice.pick(&["cache", "queue", "store"])),
        }
        if dice.yes() {
            backing["resources"] = json!({ "limits": { "memory": dice.pick(&["256M", "2G"]), "cpus": 0.5 } });
        }
        backings.insert(format!("back{index}"), backing);
    }
    let mut services = Map::new();
    let mut routed = Vec::new();
    for index in 0..=dice.roll(5) {
        let name = format!("svc{index}");
        let (service, port) = service(dice, &name, &backings, &services);
        if port {
            routed.push(name.clone());
        }
        services.insert(name, service);
    }
    if dice.yes() && services["svc0"].get("build").is_some() && services["svc0"]["build"]["stack"] != "static" {
        services.insert(
            "worker".into(),
            json!({ "from": "svc0", "command": ["work", "--on", "it"], "healthcheck": { "file": { "path": "/tmp/alive", "max_age": "60s" } } }),
        );
    }
    if !routed.is_empty() && dice.yes() {
        spec["gateway"] = gateway(dice, &routed);
    }
    if dice.yes() {
        let mut overlay = json!({ "services": { "svc0": { "replicas": 3, "environment": { "ONLY_HERE": "1" } } } });
        if spec.get("gateway").is_some() && dice.yes() {
            overlay["gateway"] =
                json!({ "hosts": { "main": { "domain": "staging.example.com" } }, "tls": { "mode": "self-signed" } });
        }
        spec["environments"] = json!({ "staging": { "overlay": overlay }, "development": {} });
    }
    if dice.yes() {
        spec["layout"] = layout(dice, spec.get("environments").is_some());
    }
    spec["services"] = services.into();
    spec["backings"] = backings.into();
    spec
}

fn layout(dice: &mut Dice, staging: bool) -> Value {
    let mut layout = json!({
        "nginx": dice.pick(&["docker/nginx", "gateway"]),
        "scripts": dice.pick(&["ops", "docker/bin"]),
    });
    if dice.yes() {
        layout["dockerfile"] = json!(dice.pick(&["docker/{service}.Dockerfile", "{service}/docker/Dockerfile"]));
    }
    if dice.yes() {
        layout["compose"] = json!({ "production": { "file": "docker-compose.yml" } });
        if staging {
            layout["compose"]["staging"] =
                json!({ "file": dice.pick(&["deploy/staging/compose.yaml", "staging.yml"]), "whole": true });
        }
    }
    layout
}

fn service(dice: &mut Dice, name: &str, backings: &Map<String, Value>, others: &Map<String, Value>) -> (Value, bool) {
    let context = format!("./{name}");
    let kind = dice.roll(4);
    let mut service = match kind {
        0 => {
            json!({ "build": { "stack": "python", "context": context, "version": dice.pick(&["3.13", "3.14"]), "options": {
            "package_manager": dice.pick(&["pip", "uv"]), "framework": dice.pick(&["fastapi", "flask"]) } } })
        }
        1 => {
            json!({ "build": { "stack": "node", "context": context, "options": { "framework": "express", "main": "src/main.js" } } })
        }
        2 => json!({ "build": { "stack": "static", "context": context } }),
        _ => json!({ "image": "traefik/whoami:v1.11", "user": { "uid": 65532, "gid": 65532 }, "port": 8080,
                     "healthcheck": { "command": ["/whoami", "--check"] } }),
    };
    let own = kind < 2;
    if own {
        let mut needs = Map::new();
        for (backing, it) in backings {
            if dice.yes() {
                let output = *dice.pick(&["url", "host", "password", "password_file"]);
                let variable = format!("{}_{}_{}", name.to_uppercase(), backing.to_uppercase(), output.to_uppercase());
                needs.insert(
                    backing.clone(),
                    if dice.yes() { json!({ "environment": { variable: output } }) } else { json!({}) },
                );
                let _ = it;
            }
        }
        if let Some(other) = others.keys().next().filter(|_| dice.yes()) {
            needs.insert(other.clone(), json!({ "wait": dice.yes() }));
        }
        service["needs"] = needs.into();
        service["secrets"] =
            if dice.yes() { json!(["KEY"]) } else { json!({ "TOKEN": { "environment": "THE_TOKEN" } }) };
        service["variables"] = json!(dice.pick(&[&["ADDRESS"][..], &["ADDRESS", "LEVEL"], &[]]));
        if dice.yes() {
            let earlier: Vec<&String> =
                others.iter().filter(|(_, it)| it["migrate"].is_object()).map(|(name, _)| name).collect();
            service["migrate"] = json!({ "command": ["migrate", "up"], "after": earlier });
        }
        if dice.yes() {
            service["writable"] =
                json!({ "/data/files": { "volume": format!("{name}-files") }, "/cache": { "tmpfs": "8M" } });
        }
        if dice.yes() {
            service["build"]["packages"] = json!({ "build": ["gcc"], "run": ["libpq5"] });
        }
    }
    service["environment"] =
        json!({ "PLAIN": "text", "ODD": dice.pick(&["$x `y` \"z\" {{ a }} #;%", "no", "a: b\nc", " ", "é\u{2028}"]) });
    if dice.yes() {
        service["egress"] = json!(true);
        service["replicas"] = json!(2);
    }
    if dice.yes() {
        service["resources"] =
            json!({ "limits": { "memory": dice.pick(&["192M", "1G"]), "cpus": dice.pick(&[0.25, 4.0]), "pids": 99 } });
    }
    if dice.yes() {
        let rule = *dice.pick(&[
            "read-only-root",
            "no-new-privileges",
            "drop-capabilities",
            "pids-limit",
            "init",
            "healthcheck",
        ]);
        if rule == "healthcheck" {
            service.as_object_mut().expect("it is a map").remove("healthcheck");
        }
        service["exceptions"] = json!([{ "rule": rule, "reason": "because: # of {this}" }]);
    }
    (service, true)
}

fn gateway(dice: &mut Dice, routed: &[String]) -> Value {
    let mut routes: Vec<Value> = Vec::new();
    for name in routed {
        let mut route = json!({ "host": "main", "path": format!("/{name}/"), "to": name });
        if dice.yes() {
            route["limit"] = json!(dice.pick(&["slow", "health"]));
        }
        match dice.roll(6) {
            0 => route["websocket"] = json!(true),
            1 => route["events"] = json!(true),
            2 => route["cache"] = json!({ "for": "1m", "ignore_cookies": dice.yes() }),
            3 => route["upload"] = json!({ "max_size": "1G" }),
            4 => {
                let other = if *name == routed[0] { &routed[routed.len() - 1] } else { &routed[0] };
                route["canary"] = json!({ "to": other, "percent": 7 });
            }
            _ => {}
        }
        if routed.len() == 1 {
            route.as_object_mut().expect("it is a map").remove("canary");
        }
        if dice.yes() {
            route["strip_prefix"] = json!(true);
        }
        if dice.yes() {
            route["timeouts"] = json!({ "connect": "5s", "read": "2m" });
        }
        if dice.yes() {
            let origins = *dice.pick(&[&["*"][..], &["https://a.example.org", "http://localhost:3000"]]);
            route["cors"] = json!({ "origins": origins, "methods": ["PATCH"], "expose": ["X-Request-Id"] });
        }
        if dice.yes() {
            route["allow"] = json!(["192.0.2.0/24", "2001:db8::/32"]);
        }
        if dice.yes() && route.get("cache").is_none() {
            route["login"] = json!({ "users": "TOKEN", "realm": "Back office" });
        }
        routes.push(route);
    }
    match dice.roll(4) {
        0 => routes.push(json!({ "host": "main", "path": "/old.words/", "redirect": { "to": "/", "keep_path": true } })),
        1 => routes.push(json!({ "host": "main", "path": "/Old", "redirect": { "to": "https://c.example.com/?a=b", "status": 301 } })),
        2 => routes.push(json!({ "host": "main", "path": "/files/", "files": { "folder": "files", "max_age": "1h" } })),
        _ => routes.push(json!({ "host": "main", "path": "/", "files": { "folder": "pages/app", "spa": true }, "allow": ["10.0.0.0/8"] })),
    }
    routes.push(json!({ "host": "other", "path": "/exact", "to": routed[0], "limit": "slow" }));
    let mut gateway = json!({
        "hosts": { "main": { "domain": "a.example.com", "aliases": ["www.a.example.com"] }, "other": { "domain": "b.example.com" } },
        "tls": dice.pick(&[
            json!({ "mode": "files" }),
            json!({ "mode": "self-signed", "profile": "modern" }),
            json!({ "mode": "none" }),
            json!({ "mode": "acme", "email": "ops@example.com", "staging": true }),
            json!({ "mode": "acme", "email": "ops@example.com", "directory": "https://ca.internal:9000/dir", "ca": "ca.pem", "hsts": { "max_age": "730d", "subdomains": true, "preload": true } }),
        ]),
        "limits": { "slow": { "rate": "5r/m", "burst": 3, "connections": 10 } },
        "routes": routes,
    });
    gateway["ports"] = json!({ "ipv6": true });
    if dice.yes() {
        gateway["trusted_proxies"] = json!(["10.0.0.0/8", "fd00::/8"]);
    }
    if dice.yes() {
        gateway["pages"] = json!({ "folder": "pages", "errors": { "404": "gone.html", "5xx": "sorry/again.html" }, "intercept": dice.yes() });
    }
    if dice.yes() {
        gateway["maintenance"] = json!({ "allow": ["192.0.2.7"] });
    }
    if dice.yes() {
        gateway["upstreams"] = json!({ routed[0].as_str(): {
            "balance": dice.pick(&["round_robin", "least_conn", "sticky"]),
            "retries": { "on": ["error", "http_503"], "tries": 3 }, "max_fails": 0, "keepalive": 4,
        } });
    }
    if dice.yes() {
        // What is kept would have another's.
        let keeps = gateway["routes"].as_array().is_some_and(|them| them.iter().any(|it| it.get("cache").is_some()));
        gateway["headers"] = json!({
            "csp": { "policy": { "script-src": ["self", if keeps { "https://a.example.org" } else { "nonce" }], "img-src": ["self", "data:"] }, "report_only": dice.yes() },
            "frame_options": "sameorigin",
            "permissions_policy": { "camera": ["self", "https://a.example.org"] },
            "extra": { "X-Words": "it's \"quoted\"; \\ # {all}" },
        });
    }
    if dice.yes() {
        gateway["filter"] = json!({ "methods": ["GET", "HEAD", "POST", "OPTIONS"], "scanners": dice.yes() });
        gateway["client"] =
            json!({ "header_timeout": "5s", "keepalive": "0s", "max_header_size": "16K", "connections": 7 });
    }
    if dice.yes() {
        gateway["ports"] = json!({ "http": 8000, "https": 8400, "host_ip": "127.0.0.1" });
    }
    gateway
}

/// The tree as compose sees a file: what a `!reset` takes away is not there.
fn untagged(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Map(entries) => {
            let kept = entries.iter().filter(|(_, it)| it.tag.as_deref() != Some("!reset"));
            kept.map(|(key, it)| (key.clone(), untagged(it))).collect()
        }
        yaml::Value::List(items) => items.iter().map(untagged).collect(),
        _ => node.json(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_spec_gives_sound_files_that_keep_every_rule(thrown in prop::collection::vec(any::<u8>(), 220)) {
        let spec = spec(&mut Dice { thrown, next: 0 });
        let text = written(&spec, 0);
        let made = files(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&made, &files(&text).expect("it was valid before"), "twice is not the same");
        for turn in 1..4 {
            let turned = files(&written(&spec, turn)).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&made, &turned, "the order of keys makes a difference");
        }
        prop_assert_eq!(compared_with_itself(&made), vec![], "a diff after generate is not clean");
        for (path, artifact) in made.iter().filter(|(path, _)| path.ends_with(".yaml") || path.ends_with(".yml")) {
            let doc = yaml::read(&artifact.text).map_err(|it| TestCaseError::fail(format!("{path}: {it:?}\n{}", artifact.text)))?;
            let complaints: Vec<String> = COMPOSE.iter_errors(&untagged(&doc.root)).map(|it| it.to_string()).collect();
            prop_assert!(complaints.is_empty(), "{path}: {complaints:#?}\n{}", artifact.text);
        }
        let (resolved, wanted) = resolved(&text);
        let texts: Texts = wanted.iter().map(|it| (it.path.clone(), it.text.clone())).collect();
        let found: BTreeMap<String, String> =
            findings(&resolved, &wanted, &texts).into_iter().map(|it| (format!("{} in {}", it.rule.name, it.file), it.message)).collect();
        prop_assert!(found.is_empty(), "{found:#?}");
    }
}
