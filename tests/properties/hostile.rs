//! Texts that mean something to YAML, compose, Docker, a shell, `.env` or nginx, in every text field of the spec: each
//! comes back unchanged when the files are read again, or is refused at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path as FilePath;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use forge::diagnostic::{Diagnostic, Path, Place, Step};
use forge::targets::Artifact;
use forge::yaml::{Doc, Node};
use serde_json::{Map, Value, json};

use super::meaning::{meaning, substituted};
use super::{FORGE, Outcome, outcome, yaml};
use crate::sandbox::{Sandbox, end};

/// One of everything. Names begin with a, b or c, so that the names below sort behind them.
const BASE: &str = r#"
forge: 1
name: base
registry: ghcr.io/acme
platforms: [linux/amd64]
defaults:
  resources: { limits: { memory: 256M }, reservations: { memory: 32M } }
  user: { name: app }
  stop_grace_period: 30s
  logging: { max_size: 10M }
services:
  api:
    build:
      stack: python
      context: ./api
      version: "3.13"
      options: { package_manager: pip, framework: plain, app: "app.main:app", test_requirements: requirements-test.txt }
      packages: { build: [gcc], run: [libpq5] }
      user: { name: app }
      sources: [src]
    command: [python, -m, app]
    port: 8000
    ports: { binary: 9000 }
    healthcheck: { command: [python, -c, pass], interval: 30s, timeout: 5s, start_period: 20s }
    needs: { bank: { environment: { BANK_URL: url } } }
    environment: { AAA: info }
    variables: [ADDRESS]
    secrets: { ATOKEN: { environment: ATOKEN_VALUE } }
    migrate: { command: [python, -m, migrate], timeout: 5m }
    test: { command: [python, -m, unittest] }
    resources: { limits: { memory: 512M }, reservations: { memory: 128M } }
    writable: { /data/up: { volume: auploads }, /scratch: { tmpfs: 16M } }
    stop_grace_period: 30s
    exceptions: [{ rule: read-only-root, reason: because }]
  alone:
    from: api
    command: [python, -m, worker]
    healthcheck: { file: { path: /tmp/alive, max_age: 60s } }
  asset:
    build: { stack: static, context: ./asset, options: { root: public } }
    healthcheck: { http: /healthz }
  blog:
    build: { stack: node, context: ./blog, options: { package_manager: npm, framework: plain, main: server.js, build_script: build } }
    port: 3000
    needs: [api]
    secrets: [ABC]
    variables: [BADDRESS]
  box:
    image: traefik/whoami:v1
    user: { uid: 65532, gid: 65532 }
    command: [/whoami]
    healthcheck: { command: [/probe] }
backings:
  bank:
    kind: postgres
    version: "18"
    database: abank
    user: auser
    stop_grace_period: 1m
    resources: { limits: { memory: 1G }, reservations: { memory: 256M } }
    exceptions: [{ rule: read-only-root, reason: because }]
  cache: { kind: redis, use: cache }
secrets:
  ABC: { generate: { length: 50 } }
  ATOKEN: { supplied: words }
variables:
  ADDRESS: { type: string, default: somewhere, description: words }
  BADDRESS: { required: true, description: words }
gateway:
  version: "1.30"
  hosts: { amain: { domain: a.example.com, aliases: [www.a.example.com] } }
  tls: { mode: files }
  ports: { host_ip: 127.0.0.1 }
  limits: { alimit: { rate: 10r/s } }
  routes: [{ host: amain, path: /a/, to: api, limit: alimit }]
  trusted_proxies: [10.0.0.0/8]
  max_body_size: 10M
  resources: { limits: { memory: 256M }, reservations: { memory: 64M } }
  stop_grace_period: 30s
  exceptions: [{ rule: read-only-root, reason: because }]
environments:
  alpha: { source_mounts: true }
  beta: { approval: true }
ci:
  provider: github
  branch: main
  runner: arunner
  login: { token: { username: AUSER, secret: ASECRET } }
  scan: { severity: high }
  audit: { snyk: { secret: SNYK }, safety: { secret: SAFETY } }
  schedule: { rebuild: "17 3 * * 1", lock: "17 4 * * 1" }
  deploy: { beta: { command: [./deploy, beta], secrets: [AKEY], runner: another } }
  forge: { revision: 0123456789012345678901234567890123456789 }
layout:
  compose: { alpha: { file: alpha.yml } }
  dockerfile: "{service}/{service}.Dockerfile"
  nginx: anginx
  scripts: ascripts
"#;

/// A text field of the schema, and where in [`BASE`] texts are put to try it. A place that ends with `{key}` is the
/// name of an entry.
struct Field {
    field: &'static str,
    places: &'static [&'static str],
    fate: Fate,
}

/// What becomes of a text that the field takes.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It stands in a file.
    Lands,
    /// It stands in comments at most, or decides something.
    Vanishes,
    /// There is a fixed set of texts, or it names something that has to be there: none of the hostile ones is taken.
    Refused,
}

const fn field(field: &'static str, fate: Fate, places: &'static [&'static str]) -> Field {
    Field { field, places, fate }
}

use Fate::{Lands, Refused, Vanishes};

/// Every text field of the schema. A new one makes `every_text_field_of_the_schema_is_tried` fail.
const FIELDS: &[Field] = &[
    field("name", Lands, &["name"]),
    field("registry", Lands, &["registry"]),
    field("platforms[]", Refused, &["platforms[0]"]),
    field("defaults.resources.limits.memory", Refused, &["defaults.resources.limits.memory"]),
    field("defaults.resources.reservations.memory", Refused, &["defaults.resources.reservations.memory"]),
    field("defaults.user.name", Lands, &["defaults.user.name"]),
    field("defaults.stop_grace_period", Refused, &["defaults.stop_grace_period"]),
    field("defaults.logging.max_size", Refused, &["defaults.logging.max_size"]),
    field("services.{key}", Lands, &["services.box.{key}"]),
    field("services.*.build.stack", Refused, &["services.api.build.stack"]),
    field("services.*.build.context", Lands, &["services.api.build.context"]),
    field("services.*.build.version", Refused, &["services.api.build.version"]),
    field("services.*.build.options.{key}", Refused, &["services.api.build.options.app.{key}"]),
    field("services.*.build.options.package_manager", Refused, &["services.api.build.options.package_manager"]),
    field("services.*.build.options.framework", Refused, &["services.api.build.options.framework"]),
    field("services.*.build.options.app", Vanishes, &["services.api.build.options.app"]),
    field("services.*.build.options.main", Lands, &["services.blog.build.options.main"]),
    field("services.*.build.options.build_script", Lands, &["services.blog.build.options.build_script"]),
    field("services.*.build.options.test_requirements", Lands, &["services.api.build.options.test_requirements"]),
    field("services.*.build.options.root", Lands, &["services.asset.build.options.root"]),
    field("services.*.build.packages.build[]", Lands, &["services.api.build.packages.build[0]"]),
    field("services.*.build.packages.run[]", Lands, &["services.api.build.packages.run[0]"]),
    field("services.*.build.user.name", Lands, &["services.api.build.user.name"]),
    field("services.*.build.sources[]", Lands, &["services.api.build.sources[0]"]),
    field("services.*.image", Lands, &["services.box.image"]),
    field("services.*.from", Refused, &["services.alone.from"]),
    field(
        "services.*.command[]",
        Lands,
        &["services.api.command[2]", "services.alone.command[2]", "services.box.command[0]"],
    ),
    field("services.*.ports.{key}", Vanishes, &["services.api.ports.binary.{key}"]),
    field("services.*.healthcheck.http", Lands, &["services.asset.healthcheck.http"]),
    field(
        "services.*.healthcheck.command[]",
        Lands,
        &["services.api.healthcheck.command[2]", "services.box.healthcheck.command[0]"],
    ),
    field("services.*.healthcheck.file.path", Lands, &["services.alone.healthcheck.file.path"]),
    field("services.*.healthcheck.file.max_age", Refused, &["services.alone.healthcheck.file.max_age"]),
    field("services.*.healthcheck.interval", Refused, &["services.api.healthcheck.interval"]),
    field("services.*.healthcheck.timeout", Refused, &["services.api.healthcheck.timeout"]),
    field("services.*.healthcheck.start_period", Refused, &["services.api.healthcheck.start_period"]),
    field("services.*.needs[]", Refused, &["services.blog.needs[0]"]),
    field("services.*.needs.{key}", Refused, &["services.api.needs.bank.{key}"]),
    field("services.*.needs.*.environment.{key}", Lands, &["services.api.needs.bank.environment.BANK_URL.{key}"]),
    field("services.*.needs.*.environment.*", Refused, &["services.api.needs.bank.environment.BANK_URL"]),
    field("services.*.environment.{key}", Lands, &["services.api.environment.AAA.{key}"]),
    field("services.*.environment.*", Lands, &["services.api.environment.AAA"]),
    field("services.*.variables[]", Refused, &["services.api.variables[0]"]),
    field("services.*.secrets[]", Refused, &["services.blog.secrets[0]"]),
    field("services.*.secrets.{key}", Refused, &["services.api.secrets.ATOKEN.{key}"]),
    field("services.*.secrets.*.environment", Lands, &["services.api.secrets.ATOKEN.environment"]),
    field("services.*.migrate.command[]", Lands, &["services.api.migrate.command[2]"]),
    field("services.*.test.command[]", Lands, &["services.api.test.command[2]"]),
    field("services.*.migrate.timeout", Refused, &["services.api.migrate.timeout"]),
    field("services.*.resources.limits.memory", Refused, &["services.api.resources.limits.memory"]),
    field("services.*.resources.reservations.memory", Refused, &["services.api.resources.reservations.memory"]),
    field("services.*.writable.{key}", Lands, &["services.api.writable./data/up.{key}"]),
    field("services.*.writable.*.volume", Lands, &["services.api.writable./data/up.volume"]),
    field("services.*.writable.*.tmpfs", Refused, &["services.api.writable./scratch.tmpfs"]),
    field("services.*.stop_grace_period", Refused, &["services.api.stop_grace_period"]),
    field("services.*.exceptions[].rule", Refused, &["services.api.exceptions[0].rule"]),
    field("services.*.exceptions[].reason", Vanishes, &["services.api.exceptions[0].reason"]),
    field("backings.{key}", Lands, &["backings.cache.{key}"]),
    field("backings.*.kind", Refused, &["backings.bank.kind"]),
    field("backings.*.version", Refused, &["backings.bank.version"]),
    field("backings.*.use", Refused, &["backings.cache.use"]),
    field("backings.*.database", Lands, &["backings.bank.database"]),
    field("backings.*.user", Lands, &["backings.bank.user"]),
    field("backings.*.resources.limits.memory", Refused, &["backings.bank.resources.limits.memory"]),
    field("backings.*.resources.reservations.memory", Refused, &["backings.bank.resources.reservations.memory"]),
    field("backings.*.stop_grace_period", Refused, &["backings.bank.stop_grace_period"]),
    field("backings.*.exceptions[].rule", Refused, &["backings.bank.exceptions[0].rule"]),
    field("backings.*.exceptions[].reason", Vanishes, &["backings.bank.exceptions[0].reason"]),
    field("secrets.{key}", Lands, &["secrets.ATOKEN.{key}", "services.api.secrets.ATOKEN.{key}"]),
    field("secrets.*.supplied", Lands, &["secrets.ATOKEN.supplied"]),
    field("variables.{key}", Lands, &["variables.ADDRESS.{key}", "services.api.variables[0]"]),
    field("variables.*.type", Refused, &["variables.ADDRESS.type"]),
    field("variables.*.default", Lands, &["variables.ADDRESS.default"]),
    field("variables.*.description", Lands, &["variables.ADDRESS.description", "variables.BADDRESS.description"]),
    field("gateway.version", Refused, &["gateway.version"]),
    field("gateway.hosts.{key}", Lands, &["gateway.hosts.amain.{key}", "gateway.routes[0].host"]),
    field("gateway.hosts.*.domain", Lands, &["gateway.hosts.amain.domain"]),
    field("gateway.hosts.*.aliases[]", Lands, &["gateway.hosts.amain.aliases[0]"]),
    field("gateway.tls.mode", Refused, &["gateway.tls.mode"]),
    field("gateway.ports.host_ip", Refused, &["gateway.ports.host_ip"]),
    field("gateway.limits.{key}", Lands, &["gateway.limits.alimit.{key}", "gateway.routes[0].limit"]),
    field("gateway.limits.*.rate", Refused, &["gateway.limits.alimit.rate"]),
    field("gateway.routes[].host", Refused, &["gateway.routes[0].host"]),
    field("gateway.routes[].path", Lands, &["gateway.routes[0].path"]),
    field("gateway.routes[].to", Refused, &["gateway.routes[0].to"]),
    field("gateway.routes[].limit", Refused, &["gateway.routes[0].limit"]),
    field("gateway.trusted_proxies[]", Refused, &["gateway.trusted_proxies[0]"]),
    field("gateway.max_body_size", Refused, &["gateway.max_body_size"]),
    field("gateway.resources.limits.memory", Refused, &["gateway.resources.limits.memory"]),
    field("gateway.resources.reservations.memory", Refused, &["gateway.resources.reservations.memory"]),
    field("gateway.stop_grace_period", Refused, &["gateway.stop_grace_period"]),
    field("gateway.exceptions[].rule", Refused, &["gateway.exceptions[0].rule"]),
    field("gateway.exceptions[].reason", Vanishes, &["gateway.exceptions[0].reason"]),
    field("layout.compose.{key}", Refused, &["layout.compose.{key}"]),
    field("layout.compose.*.file", Lands, &["layout.compose.alpha.file"]),
    field("layout.dockerfile", Lands, &["layout.dockerfile"]),
    field("layout.nginx", Lands, &["layout.nginx"]),
    field("layout.scripts", Lands, &["layout.scripts"]),
    field("environments.{key}", Lands, &["environments.beta.{key}", "ci.deploy.beta.{key}"]),
    field("ci.provider", Refused, &["ci.provider"]),
    field("ci.branch", Lands, &["ci.branch"]),
    field("ci.runner", Lands, &["ci.runner"]),
    field("ci.login.ecr.role", Lands, &["ci.login.ecr.role"]),
    field("ci.login.gar.identity_provider", Lands, &["ci.login.gar.identity_provider"]),
    field("ci.login.gar.service_account", Lands, &["ci.login.gar.service_account"]),
    field("ci.login.acr.client", Refused, &["ci.login.acr.client"]),
    field("ci.login.acr.tenant", Refused, &["ci.login.acr.tenant"]),
    field("ci.login.acr.subscription", Refused, &["ci.login.acr.subscription"]),
    field("ci.login.token.username", Lands, &["ci.login.token.username"]),
    field("ci.login.token.secret", Lands, &["ci.login.token.secret"]),
    field("ci.scan.severity", Refused, &["ci.scan.severity"]),
    field("ci.audit.snyk.secret", Lands, &["ci.audit.snyk.secret"]),
    field("ci.audit.safety.secret", Lands, &["ci.audit.safety.secret"]),
    field("ci.schedule.rebuild", Refused, &["ci.schedule.rebuild"]),
    field("ci.schedule.lock", Refused, &["ci.schedule.lock"]),
    field("ci.deploy.{key}", Refused, &["ci.deploy.beta.{key}"]),
    field("ci.deploy.*.command[]", Lands, &["ci.deploy.beta.command[1]"]),
    field("ci.deploy.*.secrets[]", Lands, &["ci.deploy.beta.secrets[0]"]),
    field("ci.deploy.*.runner", Lands, &["ci.deploy.beta.runner"]),
    field("ci.updates", Refused, &["ci.updates"]),
    field("ci.bot.app.client", Lands, &["ci.bot.app.client"]),
    field("ci.bot.app.key", Lands, &["ci.bot.app.key"]),
    field("ci.bot.token.secret", Lands, &["ci.bot.token.secret"]),
    field("ci.forge.revision", Refused, &["ci.forge.revision"]),
];

/// What is tried in every field.
static HOSTILE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts: Vec<String> = [
        "it's",
        "say \"hi\"",
        "a\nb",
        "a\n",
        "a$b",
        "${X}",
        "$$",
        "`id`",
        "{{ name }}",
        "%}",
        "a #b",
        "a: b",
        "a;b",
        "a}b",
        "a\0b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{2029}b",
        "\u{feff}a",
        "a\rb",
        " a",
        "a ",
        "",
        "yes",
        "null",
        "0x1f",
        "1_000",
        "a\\",
        "..",
        "../a",
        "/etc",
        "esac",
        "NULL",
    ]
    .map(str::to_owned)
    .into();
    texts.push("long".repeat(1200));
    texts
});

/// What is tried as well where most of those are taken.
static MORE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts: Vec<String> = [
        "'",
        "\"",
        "a'b\\",
        "\na",
        "a\n b\n",
        "${HOME}",
        "${X:-y}",
        "$",
        "$$$",
        "$(id)",
        "{{",
        "}}",
        "{% raw %}",
        "{# c",
        "a#b",
        "#a",
        "a:b",
        "a:",
        ": a",
        ";",
        "a{b",
        "}\nserver { listen 1; }",
        "a\r\nb",
        "a\tb",
        "\ta",
        " ",
        "no",
        "on",
        "y",
        "n",
        "~",
        "true",
        "0o17",
        "017",
        "1e3",
        ".5",
        ".inf",
        "-1",
        "+1",
        "12:30",
        "12:30:45",
        "2024-01-01",
        "<<",
        "*a",
        "&a",
        "!t",
        "|",
        ">",
        "- a",
        "-",
        "--flag",
        "---",
        "...",
        "\\",
        "a\\nb",
        "\\c",
        "%41",
        "%s",
        "é",
        "日本",
        "🦀",
        "\u{7f}",
        "\u{9b}",
        "\u{1b}[31m",
        "\u{202e}a",
        "a/b",
        "in",
        "EOF",
        "IFS",
        "'; id; '",
        "\"; id; \"",
        "a\" b=\"c",
        "[a]",
        "[",
        "{a: b}",
        "a, b",
        "?",
        "a|b",
        "a&b",
        "a>b",
        "a*b",
        "a?b",
        "http://a.example/b?c=d&e=f#g",
        "=",
        "a=b",
        "@a",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{a0}a",
        "a\\\nb",
        "  \n  ",
    ]
    .map(str::to_owned)
    .into();
    texts.push("long ".repeat(1000));
    texts.push("x".repeat(70_000));
    texts
});

fn all() -> impl Iterator<Item = &'static String> {
    HOSTILE.iter().chain(MORE.iter())
}

/// What is put where the hostile texts go, to see where they land: fits every field, and is no part of anything else.
fn markers(field: &str) -> &'static [&'static str] {
    match field {
        _ if field.ends_with(".path") || field.ends_with(".http") || field.ends_with("writable.{key}") => {
            &["/tmp/zqx", "/zqx/"]
        }
        "services.*.image" => &["zqx:1"],
        "layout.compose.*.file" => &["zqx.yml"],
        "layout.dockerfile" => &["{service}/Dockerfile.zqx"],
        _ => &["zqx", "ZQX"],
    }
}

// ---- places in a spec ------------------------------------------------------------------------------------------

fn base() -> Value {
    forge::yaml::read(BASE).expect("the spec of this test is YAML").root.json()
}

/// Where texts are put, and who runs CI.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Spec,
    Overlay,
    Gitlab,
}

/// [`BASE`] without what has nothing to do with the places: there are thousands of texts to try.
fn around(places: &[&str], way: Way) -> Value {
    let over = way == Way::Overlay;
    let mut spec = base();
    let group = places[0].split('.').next().unwrap_or_default();
    if way == Way::Gitlab {
        spec["ci"]["provider"] = json!("gitlab");
    }
    for (kind, host, login) in [
        ("ecr", "1234.dkr.ecr.eu-west-1.amazonaws.com", json!({ "role": "arole" })),
        ("gar", "europe-docker.pkg.dev/acme", json!({ "identity_provider": "anid", "service_account": "anaccount" })),
        (
            "acr",
            "acme.azurecr.io",
            ["client", "tenant", "subscription"]
                .map(|it| (it, json!("5ad1c9f2-0000-4000-8000-000000000001")))
                .into_iter()
                .collect(),
        ),
    ] {
        if places[0].starts_with(&format!("ci.login.{kind}.")) {
            spec["registry"] = json!(host);
            spec["ci"]["login"] = json!({ kind: login });
        }
    }
    if places[0].starts_with("ci.bot.app.") {
        spec["ci"]["bot"] = json!({ "app": { "client": "ACLIENT", "key": "AKEY" } });
    }
    let top = spec.as_object_mut().expect("a spec is a map");
    if over || !["name", "registry", "services", "environments", "layout", "ci"].contains(&group) {
        top.remove("ci");
    }
    if !["name", "environments", "gateway", "layout"].contains(&group) {
        top.remove("gateway");
    }
    if group != "layout" {
        top.remove("layout");
    }
    // `api` is what others need.
    let named = places.iter().filter_map(|it| it.strip_prefix("services.")?.split('.').next());
    let mut services: Vec<&str> = named.chain(["api"]).collect();
    services.extend(match group {
        "name" | "environments" => &["alone", "asset", "blog", "box"][..],
        "defaults" => &["asset", "blog"],
        "services" if places[0].starts_with("services.api.") => &["alone"],
        "services" => &[],
        _ => &["blog"],
    });
    top["services"].as_object_mut().expect("they are a map").retain(|name, _| services.contains(&name.as_str()));
    if group != "backings" {
        top["backings"].as_object_mut().expect("they are a map").remove("cache");
    }
    let environments = top["environments"].as_object_mut().expect("they are a map");
    if over || !["name", "environments", "layout", "services"].contains(&group) {
        environments.remove("alpha");
    }
    if !over && !["name", "environments", "ci", "layout", "services", "registry"].contains(&group) {
        environments.remove("beta");
    }
    spec
}

/// `services.api.writable./data/up.{key}`: dots divide, `[0]` is an index, the rest is a key.
fn steps(place: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in place.split('.') {
        let (key, index) = part.split_once('[').map_or((part, None), |(key, rest)| (key, rest.strip_suffix(']')));
        steps.push(Step::Key(key.into()));
        steps.extend(index.and_then(|it| it.parse().ok()).map(Step::Index));
    }
    steps
}

fn entry<'a>(value: &'a mut Value, step: &Step) -> &'a mut Value {
    match step {
        Step::Key(key) => {
            if !value.is_object() {
                *value = json!({});
            }
            value.as_object_mut().expect("it was made one").entry(&**key).or_insert(Value::Null)
        }
        Step::Index(index) => &mut value[*index],
    }
}

/// Puts `text` at `place`, and gives the path at which it then stands.
fn put(spec: &mut Value, place: &str, text: &str) -> Path {
    let mut steps = steps(place);
    let is_key = steps.last() == Some(&Step::Key("{key}".into()));
    if is_key {
        steps.pop();
    }
    let (last, before) = steps.split_last().expect("a place has a name");
    let mut at = &mut *spec;
    for step in before {
        at = entry(at, step);
    }
    let mut path = Path(before.to_vec());
    if is_key {
        let Step::Key(old) = last else { panic!("{place}: an index is no key") };
        let map = at.as_object_mut().expect("an entry is in a map");
        let renamed: Map<String, Value> = std::mem::take(map)
            .into_iter()
            .map(|(key, value)| if *key == **old { (text.to_owned(), value) } else { (key, value) })
            .collect();
        *map = renamed;
        path = path.key(text);
    } else {
        *entry(at, last) = json!(text);
        path.0.push(last.clone());
    }
    path
}

/// The spec with `text` at every place, and those places. In an overlay, if `way` says so.
fn spec_with(places: &[&str], text: &str, way: Way) -> (Value, Vec<Path>) {
    let base = around(places, way);
    let mut spec = base.clone();
    let mut paths = Vec::new();
    for place in places {
        if way == Way::Overlay {
            let mut part = json!({});
            let mut steps = steps(place);
            steps.retain(|it| *it != Step::Key("{key}".into()));
            // The whole list or map around it: an overlay replaces lists, and a name stands with what it names.
            let keys = steps.iter().take_while(|it| matches!(it, Step::Key(_))).count();
            let depth = if place.ends_with("{key}") { steps.len() - 1 } else { keys };
            let (mut from, mut to) = (&base, &mut part);
            for step in &steps[..depth] {
                let Step::Key(key) = step else { break };
                from = &from[&**key];
                to = entry(to, step);
            }
            *to = from.clone();
            let path = put(&mut part, place, text);
            let overlay = entry(
                entry(entry(&mut spec, &Step::Key("environments".into())), &Step::Key("beta".into())),
                &Step::Key("overlay".into()),
            );
            merge(overlay, &part);
            let mut whole = Path::of(["environments", "beta", "overlay"]);
            whole.0.extend(path.0);
            paths.push(whole);
        } else {
            paths.push(put(&mut spec, place, text));
        }
    }
    (spec, paths)
}

fn merge(base: &mut Value, over: &Value) {
    match (&mut *base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.iter().for_each(|(key, it)| merge(base.entry(key).or_insert(Value::Null), it));
        }
        _ => *base = over.clone(),
    }
}

// ---- what becomes of a text ------------------------------------------------------------------------------------

type Meanings = BTreeMap<String, Value>;

fn meanings(files: &BTreeMap<String, Artifact>) -> Result<Meanings, String> {
    files
        .iter()
        .map(|(path, it)| match meaning(it) {
            Ok(value) => Ok((path.clone(), value)),
            Err(why) => Err(format!("{path}: {why}")),
        })
        .collect()
}

/// All files with the marker at the places of a field.
struct Landed {
    marker: &'static str,
    files: BTreeMap<String, Artifact>,
    meanings: Meanings,
}

/// Where the marker lands when it stands at the places of `field`; nothing, if the field takes no marker.
fn landed(field: &Field, way: Way) -> Option<Landed> {
    markers(field.field).iter().find_map(|marker| {
        let (spec, _) = spec_with(field.places, marker, way);
        let Outcome::Files(files) = outcome(&yaml(&spec, 0)) else { return None };
        let meanings = meanings(&files).expect("files without anything hostile have a meaning");
        Some(Landed { marker, files, meanings })
    })
}

/// What became of one text in one field.
enum Verdict {
    Refused,
    Unchanged,
    Harm(String),
}

/// Whether `text` at the places of `field` is brought into the files unchanged, or is refused there.
fn harm(field: &Field, text: &str, way: Way, landed: Option<&Landed>) -> Verdict {
    let (spec, paths) = spec_with(field.places, text, way);
    let harm = match outcome(&yaml(&spec, 0)) {
        Outcome::Broken(why) => Some(format!("taken, and no files come of it: {why}")),
        // A key of more than 1024 characters is no key to YAML.
        Outcome::Refused(None, _) if text.len() > 1000 => return Verdict::Refused,
        Outcome::Refused(None, them) => Some(format!("read as no YAML: {}", them[0].message)),
        // Not in a message of compose, which would replace it: in .env.example alone.
        Outcome::Files(_) if field.field.ends_with("description") && text.contains(['$', '{', '}']) => None,
        Outcome::Refused(Some(doc), them) => match misplaced(&doc, &them, &paths) {
            None => return Verdict::Refused,
            some => some,
        },
        Outcome::Files(_) if field.fate == Refused => Some("taken, and nothing of that name is there".to_owned()),
        Outcome::Files(files) => match landed {
            None => Some("taken, and a harmless text is not".to_owned()),
            Some(landed) => difference(landed, files, text),
        },
    };
    harm.map_or(Verdict::Unchanged, Verdict::Harm)
}

/// Whether something is said about the words themselves.
fn misplaced(doc: &Doc, them: &[Diagnostic], paths: &[Path]) -> Option<String> {
    let mut ranges = Vec::new();
    for path in paths {
        doc.root.at(path).into_iter().for_each(|it| all_ranges(it, &mut ranges));
        // An item of a list has no name of its own.
        let keys = path.0.iter().take_while(|it| matches!(it, Step::Key(_))).count();
        ranges.extend(doc.root.at(&Path(path.0[..keys].to_vec())).map(|it| it.key.clone()));
    }
    let touches = |it: &Diagnostic| {
        let range = doc.locate(&it.place);
        let overlaps = |other: &Range<usize>| range.start < other.end && other.start < range.end;
        let is_there = !range.is_empty() && range.end <= doc.text.len();
        // What is baked into images is told at the image, wherever in the overlay it came from.
        is_there && (it.code.name == "overlay-baked" || ranges.iter().any(overlaps))
    };
    if them.iter().any(touches) {
        return None;
    }
    let shown: Vec<String> = them
        .iter()
        .map(|it| {
            let range = doc.locate(&it.place);
            let words = doc.text.get(range.clone()).unwrap_or("").chars().take(40).collect::<String>();
            format!("{} ({}) at {range:?} {words:?}", it.message.chars().take(100).collect::<String>(), it.code.name)
        })
        .collect();
    Some(format!("refused, and no message points at it: {}", shown.join("; ")))
}

/// Where a value, its key and all below it stand.
fn all_ranges(node: &Node, out: &mut Vec<Range<usize>>) {
    out.extend([node.key.clone(), node.at.clone()]);
    node.entries().for_each(|(_, it)| all_ranges(it, out));
    node.items().iter().for_each(|it| all_ranges(it, out));
}

/// Whether the files say anything else than those with the marker, but for the text in its place.
fn difference(landed: &Landed, mut files: BTreeMap<String, Artifact>, text: &str) -> Option<String> {
    // Most files have nothing of the text in them.
    let same = |path: &String, it: &Artifact| landed.files.get(path).is_some_and(|marked| marked.text == it.text);
    let untouched: BTreeSet<String> = files.iter().filter(|(path, it)| same(path, it)).map(|it| it.0.clone()).collect();
    files.retain(|path, _| !untouched.contains(path));
    let found = match meanings(&files) {
        Ok(found) => found,
        Err(why) => return Some(format!("taken, and then {why}")),
    };
    if let Some(it) = files.values().filter(|it| it.executable).find_map(|it| unreadable(&it.text)) {
        return Some(format!("taken, and a shell cannot read a script: {it}"));
    }
    let name = text.trim_end_matches('/').trim_start_matches("./");
    let put = |(path, it): (&String, &Value)| (path.replace(landed.marker, name), substituted(it, landed.marker, text));
    let wanted: Meanings = landed.meanings.iter().filter(|it| !untouched.contains(it.0)).map(put).collect();
    let found: Meanings = found.iter().map(|(path, it)| (path.clone(), substituted(it, "\u{0}none", ""))).collect();
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let path = paths.into_iter().find(|it| wanted.get(*it) != found.get(*it))?;
    let (Some(wanted), Some(found)) = (wanted.get(path), found.get(path)) else {
        return Some(format!("taken, and {path:?} is there in one case only"));
    };
    let (wanted, found) = first_difference(wanted, found);
    Some(format!("taken, and {path} then means\n      {found}\n    instead of\n      {wanted}"))
}

fn first_difference(wanted: &Value, found: &Value) -> (String, String) {
    let pair = match (wanted, found) {
        (Value::Object(a), Value::Object(b)) if a.keys().collect::<BTreeSet<_>>() == b.keys().collect() => {
            a.iter().map(|(key, it)| (it, &b[key])).find(|(a, b)| a != b)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a.iter().zip(b).find(|(a, b)| a != b),
        _ => None,
    };
    let short = |it: &Value| it.to_string().chars().take(300).collect::<String>();
    pair.map_or_else(|| (short(wanted), short(found)), |(a, b)| first_difference(a, b))
}

/// Tries every hostile text in every field, on as many threads as there are cores.
fn harms(way: Way) -> Vec<String> {
    let over = way == Way::Overlay;
    let is_tried = |it: &&Field| match way {
        Way::Spec => true,
        // The pipeline is one for all environments.
        Way::Overlay => !is_whole(it.field),
        // What is in the file of its own.
        Way::Gitlab => {
            ["name", "registry", "services.{key}", "services.*.build.context", "environments.{key}"].contains(&it.field)
                || it.field.starts_with("ci.") && !it.field.starts_with("ci.bot.app.") && it.field != "ci.updates"
        }
    };
    let fields: Vec<&Field> = FIELDS.iter().filter(is_tried).collect();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let mut found: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let fields: Vec<&Field> = fields.iter().copied().skip(worker).step_by(threads).collect();
                scope.spawn(move || {
                    let mut found = Vec::new();
                    for field in fields {
                        let landed = landed(field, way);
                        let mut taken = 0;
                        let mut try_them = |texts: &[String]| {
                            for text in texts {
                                match harm(field, text, way, landed.as_ref()) {
                                    Verdict::Refused => {}
                                    Verdict::Unchanged => taken += 1,
                                    Verdict::Harm(why) => {
                                        let text: String = text.chars().take(40).collect();
                                        found.push(format!("{} = {text:?}: {why}", field.field));
                                    }
                                }
                            }
                            taken
                        };
                        // In overlays the same code is at work, and words that are looked up are looked up in one way.
                        let step = if over {
                            3
                        } else if field.fate == Refused {
                            2
                        } else {
                            1
                        };
                        let texts: Vec<String> =
                            HOSTILE.iter().skip(field.field.len() % step).step_by(step).cloned().collect();
                        if try_them(&texts) > HOSTILE.len() / 2 && field.fate == Lands {
                            try_them(&MORE);
                        }
                    }
                    found
                })
            })
            .collect();
        workers.into_iter().flat_map(|it| it.join().expect("no text makes forge panic")).collect()
    });
    found.sort();
    found
}

fn assert_none(found: &[String]) {
    // One of each field is enough to see what is wrong.
    let mut fields = BTreeSet::new();
    let shown: Vec<&str> =
        found.iter().filter(|it| fields.insert(it.split(" = ").next())).map(String::as_str).collect();
    assert!(found.is_empty(), "{} texts do harm, among them\n{}", found.len(), shown.join("\n"));
}

#[test]
fn a_hostile_text_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Spec));
}

#[test]
fn a_hostile_text_in_an_overlay_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Overlay));
}

#[test]
fn a_hostile_text_in_a_pipeline_of_gitlab_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Gitlab));
}

/// Without this, a field whose harmless text is refused as well would prove nothing.
#[test]
fn a_harmless_text_lands_in_the_files_of_every_field_that_says_so() {
    for field in FIELDS {
        let lands = |found: &Meanings, marker: &str| {
            let text = format!("{found:?}").to_lowercase();
            text.contains(marker.trim_matches('/').rsplit('/').next().unwrap_or(marker).to_lowercase().as_str())
        };
        match (field.fate, landed(field, Way::Spec)) {
            (Lands, Some(it)) => assert!(lands(&it.meanings, it.marker), "{}: it lands nowhere", field.field),
            (Vanishes, Some(it)) => assert!(!lands(&it.meanings, it.marker), "{}: it does land", field.field),
            (Refused, None) => {}
            (_, None) => panic!("{}: a harmless text is refused", field.field),
            (Refused, Some(_)) => panic!("{}: nothing of that name is there, and it is taken", field.field),
        }
    }
}

// ---- the table is whole ----------------------------------------------------------------------------------------

/// The text fields of a schema: `services.*.command[]`, and `services.{key}` for names.
fn text_fields(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(schema, schema, "", &mut Vec::new(), &mut found);
    found
}

fn walk(root: &Value, schema: &Value, at: &str, inside: &mut Vec<String>, found: &mut BTreeSet<String>) {
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    if let Some(reference) = schema["$ref"].as_str() {
        // An overlay has the fields of a spec, and is tried with each of them.
        if reference.ends_with("/Overlay") || inside.iter().any(|it| it == reference) {
            return;
        }
        inside.push(reference.to_owned());
        let target = root.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        walk(root, target, at, inside, found);
        inside.pop();
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    };
    let says_text = ["enum", "const"].iter().any(|it| match &schema[*it] {
        Value::Array(words) => words.iter().any(Value::is_string),
        word => word.is_string(),
    });
    if types.contains(&"string") || schema.get("pattern").is_some() || says_text {
        found.insert(at.to_owned());
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        schema[key].as_array().into_iter().flatten().for_each(|it| walk(root, it, at, inside, found));
    }
    for key in ["then", "else"] {
        if schema[key].is_object() {
            walk(root, &schema[key], at, inside, found);
        }
    }
    if schema["items"].is_object() {
        walk(root, &schema["items"], &format!("{at}[]"), inside, found);
    }
    for (key, it) in schema["properties"].as_object().into_iter().flatten() {
        walk(root, it, &below(key), inside, found);
    }
    for (_, it) in schema["patternProperties"].as_object().into_iter().flatten() {
        found.insert(below("{key}"));
        walk(root, it, &below("*"), inside, found);
    }
    match &schema["additionalProperties"] {
        Value::Object(_) => {
            found.insert(below("{key}"));
            walk(root, &schema["additionalProperties"], &below("*"), inside, found);
        }
        Value::Bool(true) => drop(found.insert(below("{key}"))),
        _ => {}
    }
}

#[test]
fn every_text_field_of_the_schema_is_tried() {
    let schema = forge::schema::document(&FORGE.catalog.choices());
    let mut wanted = text_fields(&schema);
    // What a patch writes is meant for the file as it is; `patch::tests` tries its texts.
    wanted.retain(|it| !it.starts_with("patches"));
    let tried: BTreeSet<String> = FIELDS.iter().map(|it| it.field.to_owned()).collect();
    let missing: Vec<&String> = wanted.difference(&tried).collect();
    assert!(missing.is_empty(), "add these to FIELDS in tests/properties/hostile.rs: {missing:#?}");
    let gone: Vec<&String> = tried.difference(&wanted).collect();
    assert!(gone.is_empty(), "the schema has no such text fields any more: {gone:#?}");
}

/// Whether a field is about all environments.
fn is_whole(field: &str) -> bool {
    ["name", "environments", "layout", "patches", "ci"].contains(&field.split(['.', '[']).next().unwrap_or_default())
}

/// An overlay is a spec without what is about all environments: that is why trying a field there is trying it everywhere.
#[test]
fn an_overlay_has_the_text_fields_of_a_spec() {
    let schema = forge::schema::document(&FORGE.catalog.choices());
    let mut overlay = schema["$defs"]["Overlay"].clone();
    overlay["$defs"] = schema["$defs"].clone();
    let mut wanted = text_fields(&schema);
    wanted.retain(|it| !is_whole(it));
    assert_eq!(text_fields(&overlay), wanted);
}

// ---- scripts, run ----------------------------------------------------------------------------------------------

fn sh(script: &str, path: &FilePath) -> Command {
    let mut command = Command::new(script);
    command.arg(path).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// What a shell says that reads `script` without running it.
fn unreadable(script: &str) -> Option<String> {
    let mut shell = Command::new("sh");
    let shell = shell.arg("-n").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut shell = shell.expect("a shell is there");
    // It ends early where it does not like what it reads.
    let _ = shell.stdin.take().expect("it is piped").write_all(script.as_bytes());
    let said = shell.wait_with_output().expect("it ends");
    (!said.status.success()).then(|| String::from_utf8_lossy(&said.stderr).into_owned())
}

#[test]
fn the_secrets_script_says_what_is_missing_in_the_words_of_the_spec() {
    for text in all().filter(|it| it.len() < 100) {
        let (spec, _) = spec_with(&["secrets.ATOKEN.supplied"], text, Way::Spec);
        let Outcome::Files(files) = outcome(&yaml(&spec, 0)) else { continue };
        let sandbox = Sandbox::new("words").folder("secrets").file("scripts/secrets", &files["scripts/secrets"].text);
        let ended = end(sh("sh", &sandbox.path("scripts/secrets")));
        let line = format!("MISSING   secrets/ATOKEN: {text}\n");
        assert!(ended.code == 1 && ended.stderr.contains(&line), "{text:?}: {ended:?}");
        assert_eq!(fs::read(sandbox.path("secrets/ABC")).expect("it was generated").len(), 50);
    }
}

#[test]
fn the_entrypoint_brings_secrets_of_any_bytes_to_the_program() {
    let Outcome::Files(files) = outcome(BASE) else { panic!("the spec of this test is valid") };
    let sandbox = Sandbox::new("entrypoint");
    let script = files["api/docker-entrypoint.sh"].text.replace("/run/secrets", &sandbox.path("").to_string_lossy());
    sandbox.write("docker-entrypoint.sh", script);
    for secret in all().filter(|it| it.len() < 10_000 && !it.contains('\0') && !it.trim_end_matches('\n').is_empty()) {
        // A file that somebody made with an editor ends with a line end, which is not meant.
        let secret = secret.trim_end_matches('\n');
        sandbox.write("ATOKEN", secret);
        sandbox.write("BANK_PASSWORD", secret);
        let mut command = sh("sh", &sandbox.path("docker-entrypoint.sh"));
        command
            .args(["printenv", "-0", "ATOKEN_VALUE", "BANK_URL"])
            .env("BANK_URL", "postgresql://auser@bank:5432/abank");
        let ended = end(command);
        let url: String = secret.bytes().map(|it| format!("%{it:02x}")).collect();
        let wanted = format!("{secret}\0postgresql://auser:{url}@bank:5432/abank\0");
        assert!(
            ended.code == 0 && ended.stdout == wanted,
            "{:?}: {ended:?}",
            secret.chars().take(40).collect::<String>()
        );
    }
}

// ---- docker compose itself -------------------------------------------------------------------------------------

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn docker_compose_reads_hostile_values_as_they_are_meant() {
    let there = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|it| it.status.success());
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no docker compose, and CI needs it");
        eprintln!("skipped: no docker compose");
        return;
    }
    let mut environment = Map::new();
    let mut variables = Map::new();
    for (index, text) in all().filter(|it| it.len() < 10_000).enumerate() {
        let alone = json!({ "environment": { "ALONE": text }, "variables": { "ALONE": { "default": text } } });
        if takes(&json!({ "A": alone["environment"]["ALONE"] }), &json!({})) {
            environment.insert(format!("E{index}"), json!(text));
        }
        if takes(&json!({}), &json!({ "A": alone["variables"]["ALONE"] })) {
            variables.insert(format!("V{index}"), json!({ "default": text }));
        }
    }
    assert!(environment.len() > 50 && variables.len() > 20, "{} and {} are taken", environment.len(), variables.len());
    let files =
        match outcome(&yaml(&spec_of(&Value::Object(environment.clone()), &Value::Object(variables.clone())), 0)) {
            Outcome::Files(files) => files,
            _ => panic!("each alone is taken, and all together are not"),
        };
    let sandbox = Sandbox::new("compose").folder("api");
    files.values().for_each(|it| sandbox.write(&it.path, &it.text));
    let without = configured(&sandbox);
    sandbox.write(".env", &files[".env.example"].text);
    let with = configured(&sandbox);
    for (how, found) in [("without .env", &without), ("with .env from .env.example", &with)] {
        for (name, text) in &environment {
            assert_eq!(&found[name], text, "{name}, {how}");
        }
        for (name, variable) in &variables {
            assert_eq!(&found[name], &variable["default"], "{name}, {how}");
        }
    }
}

fn spec_of(environment: &Value, variables: &Value) -> Value {
    let names: Vec<&String> = variables.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "forge": 1, "name": "shop", "variables": variables,
        "services": { "api": {
            "build": { "stack": "python", "context": "./api" }, "command": ["python"], "port": 8000,
            "environment": environment, "variables": names,
        } },
    })
}

fn takes(environment: &Value, variables: &Value) -> bool {
    matches!(outcome(&yaml(&spec_of(environment, variables), 0)), Outcome::Files(_))
}

/// The environment of `api`, as compose would set it.
fn configured(sandbox: &Sandbox) -> Value {
    let mut command = Command::new("docker");
    command.args(["compose", "config", "--format", "json"]).current_dir(sandbox.path(""));
    command.env_clear().envs(["PATH", "HOME"].into_iter().filter_map(|it| Some((it, std::env::var_os(it)?))));
    let ended = end(command);
    assert_eq!(ended.code, 0, "{}", ended.text());
    // `config` writes a file that compose would read again: a `$` stands twice.
    let text = ended.json()["services"]["api"]["environment"].clone();
    undollared(&text)
}

fn undollared(value: &Value) -> Value {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, it)| (key.clone(), json!(it.as_str().unwrap_or_default().replace("$$", "$"))))
        .collect()
}

/// The words themselves are what is pointed at, not the line or the map around them.
#[test]
fn a_refused_text_is_pointed_at_exactly() {
    let (spec, paths) = spec_with(&["services.api.environment.AAA"], "a\0b", Way::Spec);
    let Outcome::Refused(Some(doc), them) = outcome(&yaml(&spec, 0)) else { panic!("NUL is refused") };
    let at = doc.locate(&them[0].place);
    assert_eq!((them.len(), them[0].place.clone()), (1, Place::Value(paths[0].clone())));
    assert_eq!(&doc.text[at], "\"a\\U00000000b\"");
}
