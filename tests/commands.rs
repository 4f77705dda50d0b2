//! The commands, as somebody types them.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use snapbox::{assert_data_eq, str};

use crate::sandbox::{SMALLEST, Sandbox};

const SHOP: &str = r#"forge: 1
name: shop
defaults: { stop_grace_period: 40s }
services:
  api:
    build: { stack: python, context: ./api, options: { framework: fastapi } }
    resources: { limits: { memory: 384M } }
environments:
  staging: { overlay: { services: { api: { resources: { limits: { memory: 192M } } } } } }
"#;

fn shop(name: &str) -> Sandbox {
    Sandbox::new(name).file("forge.yaml", SHOP).file("api/requirements.txt", "").file("api/app/main.py", "")
}

#[test]
fn the_schema_is_current_and_describes_every_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/forge.schema.json");
    let said = Sandbox::new("schema").run(&["schema"]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &said.stdout).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(said.stdout == committed, "schema/forge.schema.json is stale: `UPDATE=1 cargo test schema` writes it");
    let schema = said.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let mut lacking = Vec::new();
    undescribed(&schema, "", &mut lacking);
    assert!(lacking.is_empty(), "these lack a description or an example: {lacking:#?}");
}

/// Properties without a description or an example.
fn undescribed(schema: &serde_json::Value, at: &str, out: &mut Vec<String>) {
    let Some(object) = schema.as_object() else {
        for item in schema.as_array().into_iter().flatten() {
            undescribed(item, at, out);
        }
        return;
    };
    for (key, value) in object {
        if key == "if" || key == "examples" || key == "default" {
            continue;
        }
        for (name, field) in value.as_object().filter(|_| key == "properties").into_iter().flatten() {
            // The shape that belongs to a choice adds to a field that is described where it stands.
            let refines = at.contains("/allOf") && ["options", "use"].contains(&name.as_str());
            if !refines && (field["description"].is_null() || field["examples"].is_null()) {
                out.push(format!("{at}/{name}"));
            }
        }
        undescribed(value, &format!("{at}/{key}"), out);
    }
}

#[test]
fn a_spec_is_no_link_that_leads_out_of_the_project() {
    let secret = Sandbox::new("spec-link");
    let outside = secret.outside("shadow");
    std::fs::write(&outside, "root:hunter2\n").expect("a file in a temporary folder");
    let secret = secret.link("forge.yaml", &outside);
    for words in [&["validate"][..], &["diff"], &["generate"], &["lint"]] {
        let said = secret.run(words);
        assert!(said.code == 2 && said.stderr.contains("is a link that leads out of the project"), "{}", said.text());
        assert!(!said.text().contains("root"), "{}", said.text());
    }
    let inside = Sandbox::smallest("spec-link-inside");
    std::fs::rename(inside.path("forge.yaml"), inside.path("shop.yaml")).expect("it is there");
    let inside = inside.link("forge.yaml", "shop.yaml");
    assert_eq!(inside.run(&["validate"]).code, 0);
    // What somebody names is meant.
    std::fs::copy(inside.path("shop.yaml"), inside.outside("elsewhere.yaml")).expect("it is there");
    assert_eq!(inside.run(&["-f", "../elsewhere.yaml", "validate"]).code, 0);
}

#[test]
fn help_of_help_is_help() {
    let sandbox = Sandbox::new("help-help");
    for words in [&["help", "--help"][..], &["help", "-h"], &["help", "help"]] {
        let said = sandbox.run(words);
        assert!(said.code == 0 && said.stdout.contains("Usage: forge help [COMMAND]"), "{words:?}: {}", said.text());
    }
}

#[test]
fn help_names_every_command() {
    let said = Sandbox::new("help").run(&["--help"]);
    assert_eq!(said.code, 0);
    for command in [
        "init",
        "add",
        "validate",
        "generate",
        "diff",
        "adopt",
        "eject",
        "lint",
        "lock",
        "explain",
        "stacks",
        "secrets",
        "templates",
        "schema",
        "completions",
        "man",
    ] {
        assert!(said.stdout.contains(&format!("\n  {command}")), "{command} is not in\n{}", said.stdout);
        let help = Sandbox::new("help").run(&[command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.stdout.lines().count() > 8, "{}", help.stdout);
    }
    assert_eq!(Sandbox::new("help").run(&["--no-such"]).code, 2);
    assert_eq!(Sandbox::new("help").run(&[]).code, 2);
}

#[test]
fn explain_says_who_set_a_value() {
    let sandbox = shop("explain");
    assert_data_eq!(
        sandbox.forge("explain services.api.resources.limits.memory"),
        str![[r#"
exit 0
--- stdout
services.api.resources.limits.memory: 384M
    set by the spec, forge.yaml line 7
in staging, services.api.resources.limits.memory: 192M
    set by the environment's overlay, forge.yaml line 9

"#]]
    );
    for (path, said) in [
        ("services.api.port", "8000\n    set by the stack `python`\n"),
        ("services.api.stop_grace_period", "40s\n    set by the spec, forge.yaml line 3\n"),
        ("services.api.healthcheck.start_period", "30s\n    set by the stack `python`\n"),
        ("services.api.writable.\"/tmp\"", "tmpfs of 64M\n    set by the stack `python`\n"),
        ("services.api.healthcheck.interval", "30s\n    set by forge\n"),
        ("services.api.environment.WEB_CONCURRENCY", "\"1\"\n    derived: by the stack, from cpus and memory\n"),
    ] {
        let text = sandbox.forge(&format!("explain {path}"));
        assert!(text.contains(&format!("{path}: {said}")), "{text}");
    }
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../schema/forge.schema.json")).expect("the schema is JSON");
    for top in schema["properties"].as_object().expect("a spec has fields").keys() {
        let text = sandbox.forge(&format!("explain {top}"));
        assert!(!text.contains("no rule, code or path"), "{top}: {text}");
    }
    for (path, help) in [
        ("services.api.prot", "did you mean `services.api.port`?"),
        ("services.apo.resources.limits.memory", "did you mean `services.api.resources.limits.memory`?"),
        ("services.api.xyz", "there is `services.api.build`"),
        ("servces", "did you mean `services`?"),
    ] {
        let odd = sandbox.run(&["explain", path]);
        assert_eq!(odd.code, 2);
        assert!(odd.stderr.contains(help), "{}", odd.text());
    }
}

#[test]
fn explain_says_what_a_value_is_in_one_environment() {
    let sandbox = Sandbox::smallest("explain-env").file(
        "forge.yaml",
        SMALLEST.to_owned()
            + "    resources: { limits: { memory: 384M } }
    environment: { MODE: fast, LEVEL: info }
environments:
  same: {}
  staging:
    overlay:
      services:
        api:
          resources: { limits: { memory: 192M } }
          environment: { MODE: null, TRIAL: \"1\" }
",
    );
    let line =
        |words: &str| 1 + sandbox.read("forge.yaml").lines().position(|it| it.contains(words)).expect("it is there");
    let (memory, environment) = (line("memory: 384M"), line("MODE: fast"));
    let (less, taken) = (line("memory: 192M"), line("MODE: null"));
    let at = "services.api.resources.limits.memory";
    let spec = format!("set by the spec, forge.yaml line {memory}");
    let overlay = format!("set by the environment's overlay, forge.yaml line {less}\n    in production 384M, {spec}");
    let variable = "services.api.environment";
    let by_spec = format!("set by the spec, forge.yaml line {environment}");
    for (name, path, said) in [
        ("production", at, format!("in production, {at}: 384M\n    {spec}\n")),
        ("same", at, format!("in same, {at}: 384M\n    {spec}\n")),
        ("staging", at, format!("in staging, {at}: 192M\n    {overlay}\n")),
        ("staging", "services.api.port", "in staging, services.api.port: 8000\n    set by".to_owned()),
        (
            "staging",
            "services.api.environment.LEVEL",
            format!("in staging, {variable}.LEVEL: \"info\"\n    {by_spec}\n"),
        ),
        (
            "staging",
            "services.api.environment.MODE",
            format!(
                "in staging, {variable}.MODE: not there\n    taken away by the environment's overlay, forge.yaml line {taken}\n    \
                 in production \"fast\", {by_spec}\n"
            ),
        ),
        (
            "staging",
            "services.api.environment.TRIAL",
            format!(
                "in staging, {variable}.TRIAL: \"1\"\n    set by the environment's overlay, forge.yaml line {taken}\n    \
                 not there in production\n"
            ),
        ),
    ] {
        let text = sandbox.run(&["explain", "--env", name, path]);
        let is_whole = said.ends_with('\n');
        assert!(text.code == 0 && text.stdout.starts_with(&said), "{said}\n{}", text.text());
        assert!(!is_whole || text.stdout == said, "{said}\n{}", text.text());
    }
    for (words, help) in [
        (["explain", "--env", "stagin", at], "did you mean `staging`?"),
        (["explain", "--env", "staging", "services.api.prot"], "did you mean `services.api.port`?"),
        (["explain", "--env", "staging", "read-only-root"], "means the same in each environment"),
        (["explain", "--env", "staging", "unknown-key"], "leave out --env"),
    ] {
        let odd = sandbox.run(&words);
        assert!(odd.code == 2 && odd.stdout.is_empty() && odd.stderr.contains(help), "{}", odd.text());
    }
    assert_eq!(sandbox.run(&["explain", "--env", "staging"]).code, 2, "of what?");
}

#[test]
fn an_overlay_changes_parts_of_lists_and_choices() {
    let spec = "\
forge: 1
name: shop
services:
  api:
    build: { stack: python, context: ./api }
    command: [python, -m, app]
    port: 8000
    needs: [db, cache]
    writable: { /data: { volume: data } }
backings:
  db: { kind: postgres }
  cache: { kind: redis }
gateway:
  hosts: { main: { domain: shop.example.com } }
  tls: { mode: none }
  limits: { api: { rate: 5r/s } }
  routes: [{ path: /a/, to: api }, { path: /b/, to: api }]
environments:
  staging:
    overlay:
      services: { api: { needs: { cache: null }, writable: { /data: { volume: null, tmpfs: 8M } } } }
      gateway: { routes: [{ path: /b/, host: main, limit: api }] }
";
    let sandbox = Sandbox::new("overlay").file("forge.yaml", spec).file("api/requirements.txt", "");
    sandbox.generate();
    let overlay = sandbox.read("compose.staging.yaml");
    assert!(overlay.contains("networks: !override [api, db]"), "{overlay}");
    assert!(overlay.contains("CACHE_HOST: !reset null") && !overlay.contains("DB_HOST"), "{overlay}");
    assert!(overlay.contains("tmpfs:\n      - /data:"), "{overlay}");
    let routes = sandbox.read("nginx/staging/routes/main.conf");
    assert!(routes.contains("location /a/") && routes.contains("zone=limit_api"), "{routes}");
    let baked =
        sandbox.read("forge.yaml").replace("overlay:\n", "overlay:\n      defaults: { user: { uid: 20000 } }\n");
    sandbox.write("forge.yaml", baked);
    let said = sandbox.run(&["validate"]);
    assert!(said.stdout.contains("[overlay-baked]") && said.stdout.contains("forge.yaml:21:"), "{}", said.text());
}

#[test]
fn explain_knows_every_rule_and_code() {
    let sandbox = Sandbox::new("explain-all");
    let names = forge::lint::RULES.iter().map(|it| it.name).chain(forge::codes::CODES.iter().map(|it| it.name));
    let all = sandbox.run(&["explain"]).stdout;
    for name in names {
        assert!(all.contains(name), "{name} is not listed");
        let said = sandbox.run(&["explain", name]);
        assert_eq!(said.code, 0, "{}", said.text());
        assert!(said.stdout.starts_with(name) && said.stdout.lines().count() > 2, "{}", said.stdout);
    }
    assert!(sandbox.run(&["explain", "read-only-rot"]).stderr.contains("did you mean `read-only-root`?"));
}

#[test]
fn reports_have_the_formats_that_programs_read() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", "forge: 1\nname: shop\nserices: {}\n");
    let json = sandbox.run(&["validate", "--format", "json"]);
    assert_eq!(json.code, 1);
    let notice = &json.json()["notices"][0];
    assert_eq!((&notice["code"], &notice["start"]["line"]), (&"unknown-key".into(), &3.into()));
    let sarif = sandbox.run(&["validate", "--format", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(*region, serde_json::json!({ "startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 8 }));
    assert_data_eq!(
        sandbox.forge("validate --format github"),
        str![[r#"
exit 1
--- stdout
::error file=forge.yaml,line=3,endLine=3,col=1,title=unknown-key::a spec has no `serices`%0Adid you mean `services`?

"#]]
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let sandbox = Sandbox::new("pipe");
    let mut command = sandbox.command(&["schema"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is UTF-8");
    assert!(child.wait().expect("it ends").success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn completions_and_manual_come_out() {
    let sandbox = Sandbox::new("completions");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = sandbox.run(&["completions", shell]);
        assert!(said.code == 0 && said.stdout.contains("generate"), "{shell}");
    }
    assert!(sandbox.run(&["man"]).stdout.contains(".TH forge"));
    assert!(sandbox.run(&["man", "diff"]).stdout.contains("forge diff"));
    assert!(sandbox.run(&["man", "dif"]).stderr.contains("did you mean `diff`?"));
}

#[test]
fn lint_looks_at_all_that_lies_below_a_folder() {
    let sandbox = Sandbox::new("lint-folder")
        .file("deploy/compose.yaml", "name: a\nservices:\n  api: { image: \"api:1\", privileged: true }\n")
        .file("deploy/compose.debug.yaml", "services:\n  api: { pid: host }\n")
        .file("api/Dockerfile", "FROM debian:latest\n")
        .file("api/node_modules/x/Dockerfile", "FROM debian:latest\n")
        .file("api/values.yaml", "no: compose file\n")
        .file("docker/web.dockerfile", "FROM debian:latest\n")
        .file("src/dockerfile.go", "package dockerfile\n");
    assert_eq!(sandbox.run(&["lint", "docker/web.dockerfile"]).code, 1);
    let said = sandbox.run(&["lint", "."]);
    assert_eq!(said.code, 1, "{}", said.text());
    for (words, there) in [
        (" --> deploy/compose.yaml:3", true),
        (" --> deploy/compose.debug.yaml:2", true),
        (" --> api/Dockerfile:1", true),
        (" --> docker/web.dockerfile:1", true),
        ("dockerfile.go", false),
        ("node_modules", false),
        ("values.yaml", false),
    ] {
        assert_eq!(said.stdout.contains(words), there, "{words}\n{}", said.text());
    }
}

#[test]
fn lint_says_what_an_edit_broke_and_an_exception_lifts_it() {
    let sandbox = shop("lint");
    sandbox.generate();
    assert_eq!(sandbox.run(&["lint"]).code, 0);
    sandbox.edit("compose.yaml", "read_only: true", "read_only: false");
    let said = sandbox.run(&["lint", "--format", "json"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.json()["notices"][0]["code"], "read-only-root");
    sandbox.edit(
        "forge.yaml",
        "    resources",
        "    exceptions: [{ rule: read-only-root, reason: \"it writes # everywhere\" }]\n    resources",
    );
    assert_eq!(sandbox.run(&["lint"]).code, 0);
}

#[test]
fn an_exception_changes_what_is_generated_and_says_why() {
    let sandbox = shop("exception");
    sandbox.edit(
        "forge.yaml",
        "    resources",
        "    exceptions: [{ rule: read-only-root, reason: \"it writes # everywhere\" }]\n    resources",
    );
    sandbox.generate();
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("    # exception read-only-root: it writes # everywhere\n    read_only: false\n"),
        "{compose}"
    );
}

#[test]
fn lint_looks_at_files_that_somebody_else_wrote() {
    let sandbox = Sandbox::new("lint-other").file("Dockerfile", "FROM debian\nCMD npm start\n");
    let said = sandbox.run(&["lint", "Dockerfile", "--format", "json"]);
    let codes: Vec<String> = said.json()["notices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["code"].as_str().expect("text").to_owned())
        .collect();
    for code in ["unpinned-base-image", "root-user", "shell-form-command"] {
        assert!(codes.iter().any(|it| it == code), "{codes:?}");
    }
}

#[test]
fn a_project_brings_a_stack_and_a_backing_of_its_own() {
    let stack = r#"title: Shell
about: Programs for a shell
default_version: "13"
versions: { "13": {} }
options:
  greeting: { type: string, pattern: "^[a-z]+$", default: hello, description: What it says., examples: [hello] }
facts:
  images: { base: "debian:{{ version }}-slim" }
  workdir: /srv
  user: { name: app, uid: 10001, gid: 10001 }
  command: [sh, -c, "echo {{ options.greeting }} with {{ memory }} MiB; sleep 1d"]
  probe: { file: [find, "{{ path }}", -newermt, "-{{ max_age }} seconds"] }
  start_period: 5s
  resources: { cpus: 1, memory: 32M, pids: 20, reserved_cpus: 0.1, reserved_memory: 8M, least_memory: 8M }
  init: true
  shell: true
"#;
    let dockerfile = "{%- import \"partials/dockerfile.j2\" as dockerfile -%}\n# syntax=docker/dockerfile:1\n# check=error=true\n\nFROM {{ image.images.base }}\nRUN {{ dockerfile.prepare(image) }}\n{{ dockerfile.finish(image) }}\n";
    let backing = r#"title: Memcached
about: A cache
default_version: "1.6"
versions: { "1.6": {} }
facts:
  image: "memcached:{{ version }}"
  port: 11211
  user: { uid: 11211, gid: 11211 }
  command: [memcached, -m, "{{ memory * 3 // 4 }}"]
  healthcheck: [CMD-SHELL, "echo version | nc 127.0.0.1 {{ port }}"]
  start_period: 5s
  stop_grace_period: 10s
  resources: { cpus: 0.5, memory: 64M, pids: 20, reserved_cpus: 0.1, reserved_memory: 16M, least_memory: 16M }
  outputs: { url: { value: "memcached://{{ name }}:{{ port }}" } }
  short: [url]
"#;
    let sandbox = Sandbox::new("own")
        .file("forge-templates/stacks/shell/stack.yaml", stack)
        .file("forge-templates/stacks/shell/Dockerfile.j2", dockerfile)
        .file("forge-templates/stacks/shell/dockerignore.j2", "**/.git\n")
        .file("forge-templates/backings/memcached/backing.yaml", backing)
        .file(
            "forge-templates/stacks/python/Dockerfile.j2",
            "{% extends \"forge/stacks/python/Dockerfile.j2\" %}\n{% block source %}FROM scratch AS source\nCOPY . /app{% endblock %}\n",
        )
        .file(
            "forge.yaml",
            "forge: 1\nname: own\nservices:\n  say:\n    build: { stack: shell, context: ./say, options: { greeting: hi } }\n    needs: [cache]\n    healthcheck: { file: { path: /tmp/alive, max_age: 60s } }\n    writable: { /tmp: { tmpfs: 4M } }\n  api:\n    build: { stack: python, context: ./api, options: { framework: fastapi } }\nbackings:\n  cache: { kind: memcached }\n",
        )
        .file("api/requirements.txt", "")
        .folder("say");
    sandbox.generate();
    assert!(sandbox.read("say/Dockerfile").contains(r#"CMD ["sh", "-c", "echo hi with 32 MiB; sleep 1d"]"#));
    assert!(sandbox.read("api/Dockerfile").contains("FROM scratch AS source"));
    assert!(sandbox.read("api/Dockerfile").contains("ENV PATH=/opt/venv/bin"), "the other blocks are forge's");
    let compose = sandbox.read("compose.yaml");
    assert!(compose.contains("CACHE_URL: memcached://cache:11211"), "{compose}");
    assert!(compose.contains(r#"command: [memcached, -m, "48"]"#), "{compose}");
    assert!(sandbox.read(".forge/schema.json").contains("\"greeting\""));
    assert!(sandbox.run(&["stacks"]).stdout.contains("of this project"));

    sandbox.write("forge-templates/stacks/shell/stack.yaml", stack.replace("init: true", "init: maybe"));
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("forge-templates/stacks/shell/stack.yaml:") && said.stderr.contains("init: maybe"),
        "{}",
        said.text()
    );
    for (odd, words) in [
        ("{ type: banana }", "banana"),
        ("{ type: string, pattern: \"(\" }", "regex"),
        ("{ type: integer, default: a }", "\"a\""),
    ] {
        sandbox.write(
            "forge-templates/stacks/shell/stack.yaml",
            stack.replace("facts:", &format!("  odd: {odd}\nfacts:")),
        );
        let said = sandbox.run(&["generate"]);
        assert!(said.code == 2 && said.stderr.contains(words), "{}", said.text());
    }
    sandbox.write("forge-templates/stacks/shell/stack.yaml", stack);
    sandbox.write("forge-templates/stacks/shell/Dockerfile.j2", "FROM x\n{% if %}\n");
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("forge-templates/stacks/shell/Dockerfile.j2:2:7"), "{}", said.text());
    sandbox.write("forge-templates/stacks/shell/Dockerfile.j2", "FROM x\nRUN {{ image.nothing }}\n");
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("forge-templates/stacks/shell/Dockerfile.j2:2:"), "{}", said.text());
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    sandbox.write("forge-templates/stacks/shell/Dockerfile.j2", format!("FROM x\n{endless}\n"));
    let said = sandbox.run(&["generate"]);
    assert!(said.stderr.contains("does not come to an end"), "{}", said.text());
    sandbox.write("forge-templates/stacks/bare/stack.yaml", stack);
    let said = sandbox.run(&["generate"]);
    assert!(said.stderr.contains("write forge-templates/stacks/bare/Dockerfile.j2"), "{}", said.text());
}

#[test]
fn a_field_that_nobody_set_is_explained_with_its_default() {
    let sandbox = Sandbox::copy("unset", std::path::Path::new("examples/shop"));
    let words = "gateway.client.body_timeout: not set\n    How long for the next part of a body; 15s, if left out.\n";
    for arguments in [
        &["explain", "gateway.client.body_timeout"][..],
        &["explain", "--env", "staging", "gateway.client.body_timeout"],
    ] {
        let said = sandbox.run(arguments);
        assert_eq!((said.code, said.stdout.as_str()), (0, words), "{}", said.text());
    }
    let said = sandbox.run(&["explain", "services.api.egress"]);
    assert!(said.code == 0 && said.stdout.starts_with("services.api.egress: not set\n"), "{}", said.text());
    // Of a name that nobody has, and of a field that there is not, there is nothing to say.
    for what in
        ["services.nope.egress", "gateway.limits.nope.rate", "services.api.wibble", "gateway.routes[99].websocket"]
    {
        let said = sandbox.run(&["explain", what]);
        assert!(said.code == 2 && said.stderr.contains("there is no value"), "{what}: {}", said.text());
    }
}
