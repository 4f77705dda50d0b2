//! Environments and their settings: examples of `.env`, and what is checked of one that somebody filled in.

use std::collections::BTreeSet;
use std::process::Command;

use snapbox::prelude::*;
use snapbox::{assert_data_eq, str};

use crate::properties::random::with_gateway;
use crate::properties::{resolved, told};
use crate::sandbox::{SMALLEST, Sandbox};
use crate::skipped::skipped;

/// A program that reads settings, in three environments: one of them asks for the same as production.
const SETTINGS: &str = r#"    variables: [LEVEL, WORKERS, CACHE, SUPPORT, SEARCH, REGION]
    needs: [db]
  worker: { from: api, command: [python, -m, worker], variables: [BATCH], exceptions: [{ rule: healthcheck, reason: it asks nobody }] }
backings: { db: { kind: postgres } }
variables:
  LEVEL: { type: one_of, values: [debug, info], default: info, description: how much is logged }
  WORKERS: { type: integer, min: 1, max: 32, default: 4 }
  CACHE: { type: duration, min: 1s, default: 5m }
  SUPPORT: { type: email, required: true, description: where customers write to, group: mail }
  SEARCH: { type: url }
  REGION: { default: "north of here" }
  BATCH: { type: integer, required: true }
environments:
  same: {}
  staging:
    overlay:
      services: { api: { variables: [LEVEL, WORKERS, CACHE, SUPPORT, SEARCH, REGION, TRIAL] } }
      variables: { WORKERS: { default: 1 }, TRIAL: { type: boolean, default: true } }
"#;

fn settings(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name).file("forge.yaml", SMALLEST.to_owned() + SETTINGS);
    sandbox.generate();
    sandbox
}

#[test]
fn an_example_of_env_is_for_people_and_there_is_one_for_each_environment_that_differs() {
    let sandbox = settings("examples");
    assert!(!sandbox.exists(".env.same.example"), "it asks for the same as production");
    assert_data_eq!(
        sandbox.read(".env.staging.example"),
        str![[r#"
# What compose asks for in staging. Copy to .env and fill in; `forge env check --env staging` says what is missing.
# Comments stand on lines of their own: after an empty value one would become the value.
# Secrets are files, and not here: scripts/secrets makes them and asks for those of others.

# == images ==

# the version to run, a tag in the registry; empty: what is built here
SHOP_VERSION=

# == api, worker ==

# a duration of at least 1s, like 1h30m or 500ms
CACHE=5m

# how much is logged
# one of debug, info
LEVEL=info

# text
REGION='north of here'

# a URL; not set, if left out
# SEARCH=

# true or false
TRIAL=true

# an integer from 1 to 32
WORKERS=1

# == mail ==

# where customers write to
# an e-mail address; required
SUPPORT=

# == worker ==

# an integer; required
BATCH=

# forge:keep variables
# forge:end

"#]]
        .raw()
    );
    let production = sandbox.read(".env.example");
    assert!(!production.contains("TRIAL") && production.contains("\nWORKERS=4\n"), "{production}");
    let first = |file: &str| sandbox.read(file).lines().next().unwrap_or_default().to_owned();
    assert!(first("compose.yaml").contains("and .env from .env.example"), "{}", first("compose.yaml"));
    assert!(first("compose.same.yaml").contains("and .env from .env.example"), "{}", first("compose.same.yaml"));
    assert!(first("compose.staging.yaml").contains(".env from .env.staging.example"));
}

/// The variables that compose files ask for: `${NAME}`, not `$${NAME}`, and `NAME: null`.
fn asked(texts: &[String]) -> BTreeSet<String> {
    let lines: Vec<&str> = texts.iter().flat_map(|it| it.lines()).map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|it| !it.starts_with('#')).collect();
    let alone = lines.iter().filter_map(|it| it.strip_suffix(": null").filter(|it| *it == it.to_uppercase()));
    let named = lines.iter().flat_map(|it| it.split("$$")).flat_map(names);
    named.chain(alone.map(str::to_owned)).collect()
}

fn names(text: &str) -> Vec<String> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    text.split("${").skip(1).map(|it| it.split(|it| !is_name(it)).next().unwrap_or_default().to_owned()).collect()
}

/// The variables of an example, also those that stand behind a `#`.
fn offered(text: &str) -> BTreeSet<String> {
    let line = |it: &str| it.trim_start_matches("# ").split_once('=').map(|(name, _)| name.to_owned());
    let is_name = |it: &String| {
        !it.is_empty() && it.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
    };
    text.lines().filter_map(line).filter(is_name).collect()
}

#[test]
fn an_example_has_what_some_compose_file_asks_for_and_nothing_else() {
    let shop = Sandbox::copy("example-shop", std::path::Path::new("examples/shop"));
    for (sandbox, environments) in
        [(shop, ["development", "staging"]), (settings("example-names"), ["same", "staging"])]
    {
        let base = sandbox.read("compose.yaml");
        assert_eq!(offered(&sandbox.read(".env.example")), asked(std::slice::from_ref(&base)));
        for name in environments {
            let example = format!(".env.{name}.example");
            let example = if sandbox.exists(&example) { example } else { ".env.example".to_owned() };
            let mut asked = asked(&[base.clone(), sandbox.read(&format!("compose.{name}.yaml"))]);
            // Where production listens: another environment puts its own ports in the place of these.
            asked.retain(|it| !["SHOP_HTTP", "SHOP_HTTPS"].contains(&it.as_str()));
            assert_eq!(offered(&sandbox.read(&example)), asked, "{name}");
        }
    }
}

#[test]
fn an_env_file_is_held_against_what_its_environment_asks_for() {
    let sandbox = settings("env-check");
    sandbox.write(
        ".env.staging",
        "SUPPORT=ops@shop.test\nBATCH=ten\nWORKERS=33\nLEVLE=info\nTRIAL=true\nAPI_TOKEN=hunter2\n",
    );
    assert_data_eq!(
        sandbox.forge("env check .env.staging"),
        str![[r#"
exit 1
--- stdout
error[env-malformed]: the value of `BATCH` is not an integer
 --> .env.staging:2:7
  |
2 | BATCH=ten
  |       ^^^
  |
  = help: the container would end at its start

error[env-malformed]: the value of `WORKERS` is not an integer from 1 to 32
 --> .env.staging:3:9
  |
3 | WORKERS=33
  |         ^^
  |
  = help: the container would end at its start

warning[env-unknown]: nothing asks for `LEVLE`
 --> .env.staging:4:1
  |
4 | LEVLE=info
  | ^^^^^
  |
  = help: did you mean `LEVEL`?

warning[env-unknown]: nothing asks for `API_TOKEN`
 --> .env.staging:6:1
  |
6 | API_TOKEN=********
  | ^^^^^^^^^
  |
  = help: take it out, or declare it under `variables` in the spec

warning[env-weak]: the password in `API_TOKEN` can be guessed
 --> .env.staging:6:11
  |
6 | API_TOKEN=********
  |           ^^^^^^^^
  |
  = help: at least 16 random characters: `openssl rand -hex 24`

--- stderr
.env.staging, for staging: 2 errors, 3 warnings

"#]]
        .raw()
    );
    // Compose reads `.env` and no other file by itself, and so does forge.
    let said = sandbox.run(&["env", "check", "--env", "staging"]);
    let help = "`forge env check .env.staging` looks at that; compose reads it after `--env-file .env.staging`";
    assert!(
        said.code == 2 && said.stderr.contains("there is no file .env") && said.stderr.contains(help),
        "{}",
        said.text()
    );
    let said = sandbox.run(&["env", "check"]);
    assert!(said.code == 2 && said.stderr.contains("copy it from .env.example"), "{}", said.text());
    let said = sandbox.run(&["env", "check", "."]);
    assert!(
        said.code == 2 && said.stderr.contains(". is a folder") && said.stderr.contains("forge env check .env"),
        "{}",
        said.text()
    );
    // The file's name says whom it is for.
    let said = sandbox.run(&["env", "check", ".env.staging", "--format", "json"]);
    let codes: Vec<String> = said.json()["notices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["code"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(codes, ["env-malformed", "env-malformed", "env-unknown", "env-unknown", "env-weak"]);
    assert!(!said.text().contains("hunter2"), "{}", said.text());
    sandbox.write(".env", "SUPPORT=ops@shop.test\nBATCH=10\n");
    let said = sandbox.run(&["env", "check"]);
    assert!(said.code == 0 && said.stderr.contains(".env has what production asks for"), "{}", said.text());
    sandbox.write(".env", "SUPPORT=ops@shop.test\nBATCH=10\nTRIAL=true\n");
    let said = sandbox.run(&["env", "check"]);
    assert!(said.code == 1 && said.stdout.contains("`TRIAL` here: it is for staging"), "{}", said.text());
    // Names of the project's own stand in the block that is its owner's.
    sandbox.edit(".env.example", "# forge:keep variables\n", "# forge:keep variables\nTRIAL=\n");
    assert_eq!(sandbox.run(&["env", "check"]).code, 0);
    let said = sandbox.run(&["env", "check", "--env", "stagin"]);
    assert!(said.code == 2 && said.stderr.contains("did you mean `staging`?"), "{}", said.text());
    assert_eq!(sandbox.run(&["env", "check", "nowhere"]).code, 2);
}

/// Three environments' worth of names, in each of which an overlay can be misspelt.
const NAMES: &str = r#"forge: 1
name: shop
services:
  api:
    build: { stack: python, context: ./api }
    command: [python, -m, app]
    port: 8000
    variables: [LEVEL, SUPPORT]
    environment: { LOG_FORMAT: json }
    secrets: [SIGNING]
    needs: [db, cache]
    replicas: 2
backings: { db: { kind: postgres }, cache: { kind: redis, use: cache } }
secrets: { SIGNING: { generate: {} } }
variables: { LEVEL: { default: info }, SUPPORT: { type: email, required: true } }
gateway:
  hosts: { main: { domain: shop.test } }
  tls: { mode: files }
  limits: { slow: { rate: 5r/s } }
  routes: [{ path: /, to: api, limit: slow }, { path: /x/, to: api }]
environments:
  staging:
    overlay:
      gateway: { hosts: { main: { domain: staging.shop.test } } }
"#;

/// The spec with another overlay.
fn overlaid(overlay: &str) -> String {
    let (spec, _) = NAMES.split_once("      gateway: { hosts: { main: { domain: staging").expect("it is there");
    format!("{spec}      {overlay}\n")
}

#[test]
fn a_misspelt_name_in_an_overlay_is_told_with_the_one_that_was_meant() {
    let (_, none) = told(NAMES);
    assert!(none.is_empty(), "{none:#?}");
    let own = "hosts: { main: { domain: staging.shop.test } }";
    for (overlay, code, words, help) in [
        ("gateway: { hosts: { mian: { domain: s.shop.test } } }", "missing-key", "mian", "did you mean `main`?"),
        ("gateway: { hosts: { mian: { aliases: [] }, main: null } }", "missing-key", "mian", "did you mean `main`?"),
        ("gateway: { hosts: { mian: null } }", "no-effect", "mian", "did you mean `main`?"),
        (
            &format!("gateway: {{ {own}, limits: {{ solw: {{ rate: 1r/s }} }} }}"),
            "unused",
            "solw",
            "did you mean `slow`?",
        ),
        (&format!("gateway: {{ {own}, limits: {{ solw: null }} }}"), "no-effect", "solw", "did you mean `slow`?"),
        (
            &format!("gateway: {{ {own}, routes: [{{ path: /, limt: null }}] }}"),
            "no-effect",
            "limt",
            "did you mean `limit`?",
        ),
        ("variables: { LEVLE: { default: debug } }", "unused", "LEVLE", "did you mean `LEVEL`?"),
        ("variables: { LEVLE: null }", "no-effect", "LEVLE", "did you mean `LEVEL`?"),
        ("secrets: { SIGNIN: { generate: {} } }", "unused", "SIGNIN", "did you mean `SIGNING`?"),
        ("name: other", "overlay-baked", "name", "at the top of the spec"),
        (
            &format!("gateway: {{ {own}, routes: [{{ path: /x, to: api }}, {{ path: /x, to: api }}] }}"),
            "route-twice",
            "/x",
            "keep one of the two",
        ),
        ("layout: { scripts: bin }", "overlay-baked", "layout", "at the top of the spec"),
        ("patches: [{ file: nofile, at: a, set: b }]", "overlay-baked", "patches", "at the top of the spec"),
        ("targets: {}", "overlay-baked", "targets", "at the top of the spec"),
        ("ci: { provider: gitlab }", "overlay-baked", "ci", "at the top of the spec"),
        ("services: { ap: null }", "no-effect", "ap", "did you mean `api`?"),
        ("services: { ap: { replicas: 1 } }", "overlay-baked", "ap", "did you mean `api`?"),
        ("services: { api: { replicsa: null } }", "no-effect", "replicsa", "did you mean `replicas`?"),
        ("services: { api: { needs: { cahce: null } } }", "no-effect", "cahce", "did you mean `cache`?"),
        ("services: { api: { needs: { search: } } }", "no-effect", "search", "to add it, write `search: {}`"),
        ("services: { api: { secrets: { SIGNIN: {} } } }", "unknown-name", "SIGNIN", "did you mean `SIGNING`?"),
        (
            "services: { api: { environment: { LOG_FORAMT: text } } }",
            "overlay-name",
            "LOG_FORAMT",
            "did you mean `LOG_FORMAT`? If not",
        ),
        (
            "services: { api: { environment: { LOG_FORMT: null } } }",
            "no-effect",
            "LOG_FORMT",
            "did you mean `LOG_FORMAT`?",
        ),
    ] {
        let (doc, them) = told(&overlaid(overlay));
        let them: Vec<_> = them.iter().filter(|it| it.code.name != "inherited-domain").collect();
        let [it] = them[..] else { panic!("one complaint about {overlay}: {them:#?}") };
        assert_eq!((it.code.name, &doc.text[doc.locate(&it.place)]), (code, words), "{overlay}: {it:#?}");
        assert!(it.help.as_ref().is_some_and(|it| it.contains(help)), "{overlay}: {it:#?}");
    }
}

#[test]
fn what_an_overlay_adds_on_purpose_is_taken_as_it_is() {
    let own = "gateway: { hosts: { main: { domain: staging.shop.test } } }";
    for overlay in [
        "services: { api: { environment: { LOG_COLOR: never, DEBUG: \"1\" } } }",
        // Both are meant, and numbers tell names apart.
        "services: { api: { environment: { LOG_FORMAT: json, LOG_FORMATS: text } } }",
        "services: { api: { variables: [LEVEL, SUPPORT, LEVEL2] } }\n      variables: { LEVEL2: { default: info } }",
        "services: { api: { secrets: [SIGNING, TRIAL] } }\n      secrets: { TRIAL: { generate: {} } }",
        "services: { api: { needs: { cache: null } } }",
    ] {
        let (_, them) = told(&overlaid(&format!("{own}\n      {overlay}")));
        assert!(them.is_empty(), "{overlay}: {them:#?}");
    }
}

#[test]
fn no_file_of_an_environment_goes_because_a_host_was_misspelt() {
    let sandbox = Sandbox::new("misspelt").file("forge.yaml", NAMES).file("api/requirements.txt", "");
    sandbox.generate();
    assert!(sandbox.exists("nginx/staging/hosts/main.conf"));
    for overlay in [
        "gateway: { hosts: { mian: { domain: s.shop.test } } }",
        "gateway: { hosts: { main: null } }",
        "gateway: { hosts: { mian: null } }",
    ] {
        sandbox.write("forge.yaml", overlaid(overlay));
        let before = sandbox.tree();
        let said = sandbox.run(&["generate"]);
        assert_eq!(said.code, 2, "{overlay}: {}", said.text());
        assert_eq!(sandbox.tree(), before, "{overlay}");
    }
}

#[test]
fn an_environment_at_productions_domain_is_told_unless_it_says_so() {
    let of = |overlay: &str| {
        let (_, them) = told(&overlaid(overlay));
        them.into_iter().map(|it| format!("{} {}", it.code.name, it.message)).collect::<Vec<_>>()
    };
    assert_eq!(of("{}"), ["inherited-domain `staging` answers to `shop.test`, as production does"]);
    assert!(of("gateway: { hosts: { main: { domain: shop.test } } }").is_empty());
    let local = overlaid("{}").replace("shop.test", "shop.localhost");
    assert!(told(&local).1.is_empty());
    let (_, them) = told(&overlaid("{}").replace("staging:", "development:"));
    assert!(them.is_empty(), "{them:#?}");
    // Of ports nobody knows before there is a machine: the operator is told, who can change them there.
    let words =
        "# production listens there as well: on one machine with it, choose others\n# SHOP_STAGING_HTTP=0.0.0.0:80\n";
    let example = |overlay: &str| {
        let (_, artifacts) = resolved(&overlaid(overlay));
        artifacts.into_iter().find(|it| it.path == ".env.staging.example").expect("it has ports of its own").text
    };
    assert!(example("gateway: { hosts: { main: { domain: s.test } } }").contains(words));
    assert!(!example("gateway: { ports: { http: 8080, https: 8443 } }").contains("as well"));
}

#[test]
fn what_production_insists_on_stays_required_where_its_file_is_read() {
    let own = "gateway: { hosts: { main: { domain: staging.shop.test } } }";
    for (declared, words) in
        [("{ required: false }", "required"), ("{ required: null, default: a@b.c }", "required"), ("null", "SUPPORT")]
    {
        let spec = overlaid(&format!(
            "{own}\n      variables: {{ SUPPORT: {declared} }}\n      services: {{ api: {{ variables: [LEVEL] }} }}"
        ));
        let (doc, them) = told(&spec);
        let it = them.iter().find(|it| it.code.name == "no-effect").unwrap_or_else(|| panic!("{declared}: {them:#?}"));
        assert_eq!(&doc.text[doc.locate(&it.place)], words, "{declared}: {it:#?}");
        let (_, them) = told(&format!(
            "{spec}layout: {{ compose: {{ staging: {{ file: compose.staging.yaml, whole: true }} }} }}\n"
        ));
        assert!(them.iter().all(|it| it.code.name == "unused"), "{declared}: {them:#?}");
    }
}

/// What `docker compose config` says of these files together, with a file of variables.
fn composed(sandbox: &Sandbox, files: &[String], variables: &str) -> Result<String, String> {
    let mut compose = Command::new("docker");
    compose.arg("compose").args(files.iter().flat_map(|it| ["--file", it])).args(["--env-file", variables]);
    // Variables of whoever runs the tests go before those of the file.
    compose.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ended = compose.args(["config", "--quiet"]).current_dir(sandbox.path("")).output().expect("it was there");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    // A variable that is not set is a warning, and nobody was told to set it.
    if ended.status.success() && said.is_empty() { Ok(said) } else { Err(said) }
}

#[test]
fn compose_reads_all_files_that_are_used_together() {
    let there = Command::new("docker").args(["compose", "version"]).output();
    if !there.is_ok_and(|it| it.status.success()) {
        skipped("no docker compose");
        return;
    }
    let example = |name: &str| std::fs::read_to_string(format!("examples/{name}/forge.yaml")).expect("it is there");
    let specs = ["shop", "notes"].map(example).into_iter().chain([NAMES.to_owned()]);
    let (mut count, mut overlays) = (0, 0);
    for text in specs.chain((0..10).map(|seed| with_gateway(seed).to_string())) {
        let (resolved, artifacts) = resolved(&text);
        let sandbox = Sandbox::new("composed");
        artifacts.iter().for_each(|it| sandbox.write(&it.path, &it.text));
        for files in forge::targets::combinations(&resolved) {
            let last = sandbox.read(files.last().expect("there is one"));
            let first: Vec<&str> = last.lines().take(2).collect();
            let example = first[0].split(".env from ").nth(1).and_then(|it| it.split([';', ' ']).next());
            let settings = example.map(|it| sandbox.read(it.trim_end_matches('.'))).unwrap_or_default();
            // Whatever is asked for has some value.
            let filled: String = settings
                .lines()
                .filter(|it| !it.starts_with('#') && it.ends_with('=') && !it.contains("_VERSION"))
                .map(|it| format!("{it}1\n"))
                .collect();
            sandbox.write("filled.env", &filled);
            if let Err(said) = composed(&sandbox, &files, "filled.env") {
                panic!("{files:?}: {said}\n{text}");
            }
            // These are the files that its first words name.
            let named = files.iter().all(|it| files.len() == 1 || first[1].contains(&format!("-f {it}")));
            assert!(named, "{files:?}: {first:?}");
            count += 1;
            overlays += files.len() / 2;
            // It is asked, indeed: what is required is missed.
            if artifacts.iter().any(|it| it.text.contains("SUPPORT:?")) {
                sandbox.write("empty.env", "");
                let said = composed(&sandbox, &files, "empty.env").expect_err("a variable is required");
                assert!(said.contains("SUPPORT"), "{said}");
            }
        }
    }
    println!("{count} combinations, {overlays} of them with an overlay");
    assert!(count > 20 && overlays > 5, "{count} {overlays}");
}
