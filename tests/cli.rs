//! The commands, as somebody types them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::sandbox::{SMALLEST, Sandbox, end};

const COMMANDS: [&str; 9] =
    ["validate", "generate", "diff", "lint", "explain", "stacks", "schema", "completions", "man"];

// ---- help, exit codes, pipes -----------------------------------------------------------------------------------

#[test]
fn help() {
    assert_data_eq!(Sandbox::new("help").forge("--help"), str![[]]);
}

#[test]
fn every_command_has_a_help_of_its_own() {
    let sandbox = Sandbox::new("help");
    let all = sandbox.forge("--help");
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "`forge --help` lacks {command}:\n{all}");
        let short = sandbox.run(&[command, "-h"]);
        let long = sandbox.run(&[command, "--help"]);
        assert_eq!((short.code, long.code), (0, 0));
        assert!(long.stdout.contains(&format!("Usage: forge {command}")), "{}", long.text());
    }
}

#[test]
fn a_command_that_does_not_exist() {
    assert_data_eq!(Sandbox::new("words").forge("genrate"), str![[]]);
}

#[test]
fn no_command_at_all() {
    let ended = Sandbox::new("words").run(&[]);
    assert_eq!(ended.code, 2, "{}", ended.text());
    assert!(ended.stderr.contains("Usage: forge"), "{}", ended.text());
}

#[test]
fn exit_codes_are_yes_no_and_cannot_say() {
    let sandbox = Sandbox::smallest("codes");
    let code = |line: &str| sandbox.run(&line.split_whitespace().collect::<Vec<_>>()).code;
    assert_eq!((code("validate"), code("diff"), code("generate --check"), code("generate --dry-run")), (0, 1, 1, 1));
    assert_eq!((code("generate"), code("diff"), code("generate --check"), code("generate --dry-run")), (0, 0, 0, 0));
    sandbox.edit("forge.yaml", "port", "prot");
    assert_eq!((code("validate"), code("diff"), code("generate"), code("lint")), (1, 2, 2, 2));
    assert_eq!((code("explain services.api"), code("explain nothing-like-this"), code("stacks nothing")), (2, 2, 2));
    fs::remove_file(sandbox.path("forge.yaml")).expect("it is there");
    assert_eq!((code("validate"), code("diff"), code("generate")), (2, 2, 2));
}

#[test]
fn who_closes_the_pipe_has_seen_enough() {
    let sandbox = Sandbox::smallest("pipe");
    for line in ["explain", "schema", "diff", "man", "completions bash", "--help", "validate --format json"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = sandbox
            .command(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
        let status = child.wait().expect("it ends");
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{line}: {said}");
        // A closed pipe is no answer: what would have been 0 or 1 stays no failure.
        assert!(matches!(status.code(), Some(0 | 1)), "{line}: {status}\n{said}");
    }
}

#[test]
fn a_full_standard_output_is_a_failure() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let mut command = Sandbox::smallest("full").command(&["schema"]);
    let output = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it starts").wait_with_output();
    let output = output.expect("it ends");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn quiet_says_only_what_is_wrong() {
    let sandbox = Sandbox::smallest("quiet");
    assert_eq!(sandbox.forge("generate --quiet"), "exit 0\n");
    assert_eq!(sandbox.forge("diff --quiet"), "exit 0\n");
    sandbox.write("compose.yaml", "mine\n");
    sandbox.edit("forge.yaml", "8000", "8001");
    assert!(sandbox.forge("generate -q").contains("compose.yaml"), "it does not say what it kept");
}

#[test]
fn another_folder_and_another_file() {
    let sandbox = Sandbox::new("elsewhere").file("shop/spec.yaml", SMALLEST).file("shop/api/requirements.txt", "");
    assert_eq!(sandbox.run(&["-C", "shop", "-f", "spec.yaml", "generate"]).code, 0);
    assert!(sandbox.exists("shop/compose.yaml") && !sandbox.exists("compose.yaml"));
    assert_eq!(sandbox.run(&["diff", "-C", "shop", "-f", "spec.yaml"]).code, 0);
    assert!(sandbox.read("shop/compose.yaml").contains("by forge from spec.yaml"), "it names another file than it read");
}

#[test]
fn colours_are_for_terminals() {
    let sandbox = Sandbox::smallest("colour");
    assert!(!sandbox.run(&["diff"]).stdout.contains('\u{1b}'));
    assert!(sandbox.run(&["diff", "--color", "always"]).stdout.contains('\u{1b}'));
    assert!(!sandbox.run(&["diff", "--color", "never"]).stdout.contains('\u{1b}'));
}

// ---- formats ---------------------------------------------------------------------------------------------------

/// Two mistakes: one in a line with wide characters before it.
const MISTAKEN: &str = "forge: 1\nname: shop\nservices:\n  api: { image: \"a:1\", user: { uid: 1, gid: 1 }, environment: { A: \"日本\" }, prot: 8000 }\nservces: {}\n";

#[test]
fn validate_for_people() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", MISTAKEN);
    assert_data_eq!(sandbox.forge("validate"), str![[]]);
    assert_data_eq!(Sandbox::smallest("formats").forge("validate"), str![[]]);
}

#[test]
fn validate_as_json() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", MISTAKEN);
    let ended = sandbox.run(&["validate", "--format", "json"]);
    assert_eq!(ended.code, 1, "{}", ended.text());
    assert_data_eq!(ended.stdout.clone(), str![[]]);
    let notice = &ended.json()["notices"][0];
    let byte = |end: &str| usize::try_from(notice[end]["byte"].as_u64().expect("a number")).expect("it is small");
    assert_eq!(&MISTAKEN[byte("start")..byte("end")], "prot");
}

#[test]
fn validate_as_sarif() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", MISTAKEN);
    let ended = sandbox.run(&["validate", "--format", "sarif"]);
    assert_eq!(ended.code, 1, "{}", ended.text());
    let report = ended.json();
    assert_eq!((report["version"].as_str(), report["runs"].as_array().map(Vec::len)), (Some("2.1.0"), Some(1)));
    assert!(report["$schema"].as_str().is_some_and(|it| it.contains("sarif")), "{report:#}");
    let run = &report["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "forge");
    let rules: BTreeSet<&str> =
        driver["rules"].as_array().expect("rules").iter().filter_map(|it| it["id"].as_str()).collect();
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for it in results {
        assert!(rules.contains(it["ruleId"].as_str().expect("a rule")), "{it:#}");
        assert!(["error", "warning", "note"].contains(&it["level"].as_str().expect("a level")), "{it:#}");
        assert!(it["message"]["text"].as_str().is_some_and(|it| !it.is_empty()), "{it:#}");
        let place = &it["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "forge.yaml");
        let region = |key: &str| place["region"][key].as_u64().expect("a number");
        assert!(region("startLine") >= 1 && region("startColumn") >= 1 && region("endLine") >= region("startLine"));
        assert!(region("endLine") > region("startLine") || region("endColumn") > region("startColumn"), "{it:#}");
    }
    // Columns count characters, and the report says so.
    let line: Vec<char> = MISTAKEN.lines().nth(3).expect("it has four lines").chars().collect();
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    let column = |key: &str| usize::try_from(region[key].as_u64().expect("a number")).expect("it is small") - 1;
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(line[column("startColumn")..column("endColumn")].iter().collect::<String>(), "prot");
}

#[test]
fn validate_for_github() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", MISTAKEN);
    assert_data_eq!(sandbox.forge("validate --format github"), str![[]]);
}

#[test]
fn every_format_of_a_valid_spec_is_whole() {
    let sandbox = Sandbox::smallest("formats");
    assert_eq!(sandbox.run(&["validate", "--format", "json"]).json()["notices"], Value::Array(Vec::new()));
    assert_eq!(sandbox.run(&["validate", "--format", "sarif"]).json()["runs"][0]["results"], Value::Array(Vec::new()));
    assert_eq!(sandbox.forge("validate --format github"), "exit 0\n");
}

#[test]
fn a_spec_that_is_no_yaml_is_whole_in_every_format() {
    let sandbox = Sandbox::new("formats").file("forge.yaml", b"forge: [\xff");
    assert_eq!(sandbox.run(&["validate", "--format", "json"]).json()["notices"][0]["code"], "yaml");
    assert_eq!(sandbox.run(&["validate", "--format", "sarif"]).json()["runs"][0]["results"][0]["ruleId"], "yaml");
    let said = sandbox.forge("validate --format github");
    assert!(said.contains("::error file=forge.yaml,line=1,"), "{said}");
}

#[test]
fn diff_as_json_and_names() {
    let sandbox = Sandbox::smallest("formats");
    sandbox.generate();
    sandbox.edit("compose.yaml", "restart: unless-stopped", "restart: always");
    fs::remove_file(sandbox.path("api/Dockerfile")).expect("it is there");
    assert_data_eq!(sandbox.forge("diff --format names"), str![[]]);
    let found = sandbox.run(&["diff", "--format", "json"]).json();
    let changes = found["changes"].as_array().expect("it is a list");
    let kinds: Vec<_> = changes.iter().map(|it| (it["path"].as_str(), it["kind"].as_str())).collect();
    assert_eq!(kinds, [(Some("api/Dockerfile"), Some("gone")), (Some("compose.yaml"), Some("edited"))]);
    assert!(changes[1]["diff"].as_str().is_some_and(|it| it.contains("+  restart: always")), "{found:#}");
}

// ---- completions, manual, schema -------------------------------------------------------------------------------

#[test]
fn completions_are_scripts_of_their_shells() {
    let sandbox = Sandbox::new("completions");
    for (shell, check) in [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish --no-execute")] {
        let ended = sandbox.run(&["completions", shell]);
        assert!(ended.code == 0 && ended.stdout.contains("forge"), "{}", ended.text());
        for command in COMMANDS {
            assert!(ended.stdout.contains(command), "{shell} does not complete {command}");
        }
        sandbox.write("completions", &ended.stdout);
        let (program, flag) = check.split_once(' ').expect("a program and a flag");
        let mut command = Command::new(program);
        command.arg(flag).arg(sandbox.path("completions"));
        // Not every machine has every shell.
        if Command::new(program).arg("--version").output().is_ok() {
            let ended = end(command);
            assert_eq!(ended.code, 0, "{}", ended.text());
        }
    }
    assert_eq!(sandbox.run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn bash_completes_a_command() {
    let sandbox = Sandbox::new("completions");
    sandbox.write("forge.bash", sandbox.run(&["completions", "bash"]).stdout);
    let mut command = Command::new("bash");
    command.args(["-c", "source forge.bash; COMP_WORDS=(forge gen); COMP_CWORD=1; _forge forge gen forge; echo \"${COMPREPLY[@]}\""]);
    command.current_dir(sandbox.path(""));
    assert_eq!(end(command).stdout, "generate\n");
}

#[test]
fn the_manual_is_a_manual_page_of_everything() {
    let sandbox = Sandbox::new("manual");
    let ended = sandbox.run(&["man"]);
    assert!(ended.code == 0 && ended.stdout.contains(".TH forge 1"), "{}", ended.text());
    for command in COMMANDS {
        assert!(ended.stdout.contains(command), "the manual lacks {command}");
        let page = sandbox.run(&["man", command]);
        assert!(page.code == 0 && page.stdout.contains(".SH SYNOPSIS"), "{}", page.text());
    }
    let unknown = sandbox.run(&["man", "genrate"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean `generate`?"), "{}", unknown.text());
}

#[test]
fn the_published_schema_is_that_of_this_forge() {
    let schema = Sandbox::new("schema").run(&["schema"]).stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/forge.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &schema).expect("the schema can be written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == schema, "schema/forge.schema.json is stale: UPDATE=1 cargo test the_published_schema");
}

#[test]
fn every_property_of_the_schema_has_a_description_and_an_example() {
    fn look(value: &Value, at: &str, lacking: &mut Vec<String>) {
        for (key, it) in value["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            if it["description"].as_str().is_none_or(str::is_empty) {
                lacking.push(format!("{at}: description"));
            }
            if it["examples"].as_array().is_none_or(Vec::is_empty) {
                lacking.push(format!("{at}: example"));
            }
        }
        match value {
            Value::Object(entries) => {
                let schemas = entries.iter().filter(|(key, _)| !["examples", "default", "if"].contains(&key.as_str()));
                schemas.for_each(|(key, it)| look(it, &format!("{at}/{key}"), lacking));
            }
            Value::Array(items) => items.iter().for_each(|it| look(it, at, lacking)),
            _ => {}
        }
    }
    let schema = Sandbox::new("schema").run(&["schema"]).json();
    let mut lacking = Vec::new();
    look(&schema, "", &mut lacking);
    // A backing without uses says so with `use: false`, and that says nothing more.
    lacking.retain(|it| !it.contains("/then.use"));
    lacking.retain(|it| !it.contains("/then.options"));
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_example_of_the_schema_is_valid() {
    let schema = Sandbox::new("schema").run(&["schema"]).json();
    let mut wrong = Vec::new();
    examples(&schema, &schema, "", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn examples(root: &Value, schema: &Value, at: &str, wrong: &mut Vec<String>) {
    let Some(entries) = schema.as_object() else {
        schema.as_array().into_iter().flatten().for_each(|it| examples(root, it, at, wrong));
        return;
    };
    if let Some(Value::Array(given)) = entries.get("examples") {
        let mut judge = schema.clone();
        judge["$defs"] = root["$defs"].clone();
        let validator = jsonschema::validator_for(&judge).expect("a part of a schema is a schema");
        for example in given {
            if let Some(error) = validator.iter_errors(example).next() {
                wrong.push(format!("{at}: {example}: {error}"));
            }
        }
    }
    for (key, it) in entries.iter().filter(|(key, _)| !["examples", "default"].contains(&key.as_str())) {
        examples(root, it, &format!("{at}/{key}"), wrong);
    }
}

// ---- explain and stacks ----------------------------------------------------------------------------------------

#[test]
fn explain_says_what_a_value_is_and_who_set_it() {
    let spec = "forge: 1
name: shop
defaults: { stop_grace_period: 20s }
services:
  api:
    build: { stack: python, context: ./api }
    command: [python, -m, app]
    port: 8000
    resources: { limits: { memory: 768M } }
environments:
  staging: { overlay: { services: { api: { resources: { limits: { memory: 512M } } } } } }
";
    let sandbox = Sandbox::new("explain").file("forge.yaml", spec).file("api/requirements.txt", "");
    // by the spec, and by an overlay
    assert_data_eq!(sandbox.forge("explain services.api.resources.limits.memory"), str![[]]);
    // by the stack
    assert_data_eq!(sandbox.forge("explain services.api.resources.limits.pids"), str![[]]);
    // by the defaults
    assert_data_eq!(sandbox.forge("explain services.api.stop_grace_period"), str![[]]);
    // by forge
    assert_data_eq!(sandbox.forge("explain services.api.replicas"), str![[]]);
    assert_data_eq!(sandbox.forge("explain services.api"), str![[]]);
}

#[test]
fn explain_knows_every_rule_and_code() {
    let sandbox = Sandbox::new("explain");
    let all = sandbox.run(&["explain"]).stdout;
    let rules = forge::lint::RULES.iter().map(|it| it.name);
    for name in forge::codes::CODES.iter().map(|it| it.name).chain(rules) {
        assert!(all.contains(&format!("  {name} ")), "`forge explain` lacks {name}");
        let ended = sandbox.run(&["explain", name]);
        assert!(ended.code == 0 && ended.stdout.len() > 80, "{}", ended.text());
    }
    assert_data_eq!(sandbox.forge("explain unknown-key"), str![[]]);
    assert_data_eq!(sandbox.forge("explain read-only-root"), str![[]]);
}

#[test]
fn explain_offers_the_nearest_name() {
    let sandbox = Sandbox::smallest("explain");
    assert_data_eq!(sandbox.forge("explain read-only-rot"), str![[]]);
    assert_data_eq!(sandbox.forge("explain services.api.resources.limits.memry"), str![[]]);
    assert_data_eq!(sandbox.forge("explain services.web"), str![[]]);
}

#[test]
fn stacks_are_listed_and_described() {
    let sandbox = Sandbox::new("stacks");
    assert_data_eq!(sandbox.forge("stacks"), str![[]]);
    assert_data_eq!(sandbox.forge("stacks python"), str![[]]);
    assert_data_eq!(sandbox.forge("stacks redis"), str![[]]);
    assert_data_eq!(sandbox.forge("stacks pyhton"), str![[]]);
}

// ---- a project's own stacks, backings and templates ------------------------------------------------------------

const RUBY: &str = r#"title: Ruby
about: Programs with a Gemfile
default_version: "3.4"
versions: { "3.4": {} }
options:
  server: { type: string, enum: [puma, falcon], default: puma, description: What serves it., examples: [falcon] }
facts:
  images: { base: "ruby:{{ version }}-slim" }
  workdir: /app
  user: { name: app, uid: 10001, gid: 10001 }
  port: 9292
  command: [bundle, exec, "{{ options.server }}", --port, "{{ port }}"]
  probe: { tcp: [ruby, -e, "require 'socket'; TCPSocket.new('127.0.0.1', {{ port }}).close"] }
  start_period: 30s
  resources: { cpus: 1, memory: 256M, pids: 100, reserved_cpus: 0.25, reserved_memory: 64M, least_memory: 64M }
  init: true
  shell: true
  tmpfs: { /tmp: 32M }
  reads: [Gemfile, Gemfile.lock]
"#;

const RUBY_DOCKERFILE: &str = r#"{%- import "partials/dockerfile.j2" as dockerfile -%}
# syntax=docker/dockerfile:1
# check=error=true

FROM {{ image.images.base }} AS dependencies
WORKDIR {{ image.workdir }}
RUN --mount=type=bind,source=Gemfile,target=Gemfile --mount=type=bind,source=Gemfile.lock,target=Gemfile.lock \
    bundle install

FROM {{ image.images.base }}
RUN {{ dockerfile.prepare(image) }}
COPY --from=dependencies /usr/local/bundle /usr/local/bundle
WORKDIR {{ image.workdir }}
COPY . .
{{ dockerfile.finish(image) }}
"#;

const DOCKERIGNORE: &str = "{%- import \"partials/dockerignore.j2\" as ignore -%}\n{{ ignore.begin() }}\n{{ ignore.end(image) }}\n";

const MEMCACHED: &str = r#"title: Memcached
about: A cache
default_version: "1.6"
versions: { "1.6": {} }
facts:
  image: "memcached:{{ version }}"
  port: 11211
  user: { uid: 11211, gid: 11211 }
  data: null
  command: [memcached, -m, "{{ memory * 3 // 4 }}"]
  healthcheck: [CMD, bash, -c, "exec 3<>/dev/tcp/127.0.0.1/11211"]
  start_period: 10s
  stop_grace_period: 10s
  resources: { cpus: 0.5, memory: 128M, pids: 50, reserved_cpus: 0.1, reserved_memory: 32M, least_memory: 32M }
  outputs: { host: { value: "{{ name }}" }, servers: { value: "{{ name }}:{{ port }}" } }
  short: [host, servers]
"#;

fn own() -> Sandbox {
    let spec = "forge: 1
name: shop
services:
  api:
    build: { stack: ruby, context: ./api, options: { server: falcon } }
    needs: [cache]
backings:
  cache: { kind: memcached, resources: { limits: { memory: 64M } } }
";
    Sandbox::new("own")
        .file("forge.yaml", spec)
        .file("api/Gemfile", "")
        .file("api/Gemfile.lock", "")
        .file("forge-templates/stacks/ruby/stack.yaml", RUBY)
        .file("forge-templates/stacks/ruby/Dockerfile.j2", RUBY_DOCKERFILE)
        .file("forge-templates/stacks/ruby/dockerignore.j2", DOCKERIGNORE)
        .file("forge-templates/backings/memcached/backing.yaml", MEMCACHED)
}

#[test]
fn a_stack_and_a_backing_are_folders_in_the_project() {
    let sandbox = own();
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_data_eq!(sandbox.read("api/Dockerfile"), str![[]]);
    assert_data_eq!(sandbox.read("compose.yaml"), str![[]]);
    assert_eq!(sandbox.forge("diff"), "exit 0\n--- stderr\nnothing differs\n");
    let schema: Value = serde_json::from_str(&sandbox.read(".forge/schema.json")).expect("it is JSON");
    let stacks = &schema["$defs"]["Build"]["properties"]["stack"]["enum"];
    assert!(stacks.as_array().is_some_and(|it| it.contains(&"ruby".into())), "{stacks}");
    assert!(sandbox.forge("stacks").contains("ruby       Ruby: Programs with a Gemfile (3.4; of this project)"));
}

#[test]
fn an_option_of_an_own_stack_is_checked_like_any_other() {
    let sandbox = own();
    sandbox.edit("forge.yaml", "falcon", "webrick");
    assert_data_eq!(sandbox.forge("validate"), str![[]]);
}

#[test]
fn an_own_stack_that_is_no_yaml() {
    let sandbox = own();
    sandbox.edit("forge-templates/stacks/ruby/stack.yaml", "images: {", "images: [");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(!sandbox.exists("compose.yaml"));
}

#[test]
fn an_own_stack_that_lacks_a_fact() {
    let sandbox = own();
    sandbox.edit("forge-templates/stacks/ruby/stack.yaml", "  init: true\n", "");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
}

#[test]
fn an_own_backing_with_a_key_that_does_not_exist() {
    let sandbox = own();
    sandbox.edit("forge-templates/backings/memcached/backing.yaml", "  port: 11211", "  prot: 11211");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
}

#[test]
fn an_own_template_that_does_not_parse() {
    let sandbox = own();
    sandbox.edit("forge-templates/stacks/ruby/Dockerfile.j2", "{{ image.workdir }}", "{{ image.workdir }");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
}

#[test]
fn an_own_template_that_names_what_there_is_not() {
    let sandbox = own();
    sandbox.edit("forge-templates/stacks/ruby/Dockerfile.j2", "image.workdir", "image.wrokdir");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(!sandbox.exists("compose.yaml"));
}

#[test]
fn an_own_stack_without_its_dockerfile() {
    let sandbox = own();
    fs::remove_file(sandbox.path("forge-templates/stacks/ruby/Dockerfile.j2")).expect("it is there");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
}

#[test]
fn a_formula_that_names_what_there_is_not() {
    let sandbox = own();
    sandbox.edit("forge-templates/stacks/ruby/stack.yaml", "options.server", "options.sevrer");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
}

#[test]
fn an_own_template_extends_one_of_forge_and_replaces_a_block() {
    let more = "{% extends \"forge/stacks/python/Dockerfile.j2\" %}\n{% block source %}\n{{ super() }}\nRUN python -m compileall .\n{% endblock %}\n";
    let sandbox = Sandbox::smallest("extends");
    sandbox.generate();
    let before = sandbox.read("api/Dockerfile");
    sandbox.write("forge-templates/stacks/python/Dockerfile.j2", more);
    sandbox.generate();
    let after = sandbox.read("api/Dockerfile");
    let added: Vec<&str> = after.lines().filter(|it| !before.contains(it)).collect();
    assert_eq!(added, ["RUN python -m compileall ."]);
    let place = after.find("RUN python -m compileall").expect("it is there");
    assert!(after[..place].contains("AS source") && after[place..].contains("\nCMD "), "{after}");
}
