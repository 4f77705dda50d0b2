//! What `forge init` finds in the applications of `../shared/corpus/apps`, held against what people found there, and how
//! `forge init` and `forge add` behave.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;
use crate::skipped::absent;

/// Facts that were right, and those that were asked for.
#[derive(Default)]
struct Score {
    by_kind: BTreeMap<&'static str, (usize, usize)>,
    missed: Vec<String>,
    right: usize,
    asked: usize,
}

impl Score {
    fn fact(&mut self, kind: &'static str, is_right: bool, wanted: &str, found: &str) {
        let count = self.by_kind.entry(kind).or_default();
        count.1 += 1;
        self.asked += 1;
        if is_right {
            count.0 += 1;
            self.right += 1;
        } else {
            self.missed.push(format!("    {kind}: {found:?} is not {wanted:?}"));
        }
    }
}

#[test]
fn the_corpus_is_understood() {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/apps");
    let Ok(folders) = fs::read_dir(&apps) else {
        absent("../shared/corpus");
        return;
    };
    let mut folders: Vec<PathBuf> =
        folders.map(|it| it.expect("it is readable").path()).filter(|it| it.is_dir()).collect();
    folders.sort();
    let mut score = Score::default();
    let mut wrong_starts = Vec::new();
    for folder in &folders {
        let expected = fs::read_to_string(folder.join("expect.yaml")).expect("each application has an answer");
        let expected = forge::yaml::plain(&expected).expect("an answer is YAML");
        let tree = folder.join("tree").to_string_lossy().into_owned();
        let ended = Sandbox::new("detect").run(&["-C", &tree, "init", "--explain", "--format", "json"]);
        let found = if ended.code == 0 { ended.json() } else { Value::Null };
        let before = (score.right, score.asked, score.missed.len());
        let name = folder.file_name().expect("it was listed").to_string_lossy().into_owned();
        application(&expected, &found, &mut score, &mut |it| wrong_starts.push(format!("{name}: {it}")));
        println!("{name:<42} {} of {}", score.right - before.0, score.asked - before.1);
        score.missed[before.2..].iter().for_each(|it| println!("{it}"));
    }
    for (kind, (right, asked)) in &score.by_kind {
        println!("{kind:<16} {right} of {asked}");
    }
    println!("{} of {} facts", score.right, score.asked);
    assert!(score.asked > 400, "{} facts", score.asked);
    assert!(score.right * 100 >= score.asked * 95, "{} of {}", score.right, score.asked);
    assert_eq!(wrong_starts, [""; 0], "start commands that are sure, and wrong");
}

fn text(value: &Value) -> String {
    match value {
        Value::String(it) => it.clone(),
        Value::Null => String::new(),
        it => it.to_string(),
    }
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// Whether a service of what was found is this component of what was expected.
fn is_it(service: &Value, component: &Value) -> bool {
    let path = match service["program"].as_str().filter(|it| *it != ".") {
        Some(program) if service["path"] == "." => program.to_owned(),
        Some(program) => format!("{}/{program}", text(&service["path"])),
        None => text(&service["path"]),
    };
    let is_process = component["process"].as_str().is_some_and(|it| it != "web");
    path == text(&component["path"]) && service.get("from").is_some() == is_process
}

fn application(expected: &Value, found: &Value, score: &mut Score, wrong: &mut dyn FnMut(String)) {
    let services: Vec<&Value> = found["services"].as_array().into_iter().flatten().collect();
    let components: Vec<&Value> = expected["components"].as_array().into_iter().flatten().collect();
    for component in &components {
        let service = services.iter().find(|it| is_it(it, component));
        score.fact("component", service.is_some(), &text(&component["path"]), "nothing there");
        if let Some(service) = service {
            facts(component, service, found, score, wrong);
        }
    }
    let more: Vec<String> = services
        .iter()
        .filter(|service| service.get("from").is_none() && !components.iter().any(|it| is_it(service, it)))
        .map(|it| text(&it["path"]))
        .collect();
    score.fact("nothing else", more.is_empty(), "", &more.join(" "));
}

fn facts(component: &Value, service: &Value, found: &Value, score: &mut Score, wrong: &mut dyn FnMut(String)) {
    let fact = |name: &str| text(&service[name]["value"]);
    let option = |name: &str| text(&service["options"][name]["value"]);
    let role = fact("role");
    let language = match text(&service["language"]).as_str() {
        "node" if option("runtime") == "bun" => "bun".to_owned(),
        it => it.to_owned(),
    };
    score.fact("language", language == text(&component["language"]), &text(&component["language"]), &language);
    match text(&component["version"]).as_str() {
        // Nothing pins one: what an image or a manifest says all the same is no mistake.
        "" => {}
        // Not a version of the language, but of its rules.
        it if it.contains("edition") => {
            score.fact("version", it.ends_with(&option("edition")), it, &option("edition"));
        }
        it => {
            let (wanted, got) = (numbers(it), numbers(&fact("version")));
            let both = wanted.len().min(got.len());
            score.fact("version", both > 0 && wanted[..both] == got[..both], it, &fact("version"));
        }
    }
    if let Some(manager) = component["package_manager"].as_str() {
        let found = option("package_manager");
        let is_right = manager.split([' ', '@', '(']).any(|it| it == found);
        score.fact("package manager", is_right, manager, &found);
    }
    let framework = text(&component["framework"]);
    let wanted = framework.split(' ').next().unwrap_or_default();
    let got = option("framework");
    score.fact("framework", got == wanted || wanted.is_empty() && got == "plain", &framework, &got);
    if let Some(lock) = component["lockfile"].as_str() {
        score.fact("lock file", text(&service["lockfile"]).ends_with(lock), lock, &text(&service["lockfile"]));
    }
    score.fact("role", role == text(&component["role"]), &text(&component["role"]), &role);
    if let Some(serves) = component["serves_http"].as_bool() {
        score.fact("serves HTTP", matches!(role.as_str(), "web" | "static") == serves, &serves.to_string(), &role);
    }
    port(component, &fact("port"), &role, &language, score);
    start(component, service, &role, &language, score, wrong);
    needs(component, service, found, score);
    if let Some(health) = component["health"].as_str() {
        let is_right = fact("health").trim_end_matches('/').starts_with(health.trim_end_matches('/'));
        score.fact("health", is_right, health, &fact("health"));
    }
    if let Some(folder) = component["static_dir"].as_str() {
        let got = option("output") + &option("root");
        let is_right = !got.is_empty() && (folder == got || folder.ends_with(&format!("/{got}")));
        score.fact("output", is_right, folder, &got);
    }
    if component.get("also").is_some() {
        let also = service["also"].as_array().is_some_and(|it| !it.is_empty());
        score.fact("also", also, &text(&component["also"]["language"]), "nothing");
    }
}

/// The port of the application. That of a server before it, and what a framework listens on where nobody says anything, are
/// facts of stacks and not of the folder.
fn port(component: &Value, found: &str, role: &str, language: &str, score: &mut Score) {
    let from = text(&component["port_from"]);
    let wanted = text(&component["port"]);
    let is_servers = ["static file server", "web server in front", "nginx in"].iter().any(|it| from.starts_with(it));
    let is_usual = ["default", "convention"].iter().any(|it| from.contains(it));
    let is_right = if is_servers {
        role == "static" || language == "php"
    } else {
        found == wanted || found.is_empty() && is_usual
    };
    score.fact("port", is_right, &format!("{wanted} ({from})"), found);
}

/// How it starts. Where nothing is written down, the stack starts the application object that was found.
fn start(
    component: &Value,
    service: &Value,
    role: &str,
    language: &str,
    score: &mut Score,
    wrong: &mut dyn FnMut(String),
) {
    let wanted = text(&component["start"]);
    let got = text(&service["start"]["value"]["text"]);
    let app = text(&service["options"]["app"]["value"]);
    let is_right = if wanted.is_empty() {
        got.is_empty() || role == "static"
    } else if wanted.starts_with("php-fpm") {
        language == "php" && got.is_empty()
    } else if got.is_empty() {
        !app.is_empty() && wanted.contains(app.split(':').next().unwrap_or(&app))
    } else if language == "go" {
        // The build gives the program its name: what comes after it is the application's.
        got.split_whitespace().count() == wanted.split_whitespace().count()
    } else {
        let ((program, words), (own, own_words)) = (essence(&wanted), essence(&got));
        let shares = words.is_empty() || own_words.is_empty() || words.iter().any(|it| own_words.contains(it));
        program == own && (shares || language == "java")
    };
    if !is_right && service["start"]["confidence"] == "high" {
        wrong(format!("{got:?} is not {wanted:?}"));
    }
    score.fact("start", is_right, &wanted, &got);
}

/// The program that a command runs at last, and what it is given to run.
fn essence(command: &str) -> (String, Vec<String>) {
    let last = command.split("&&").last().unwrap_or(command).trim();
    let last =
        ["npx ", "bundle exec ", "poetry run "].iter().fold(last, |it, wrapper| it.strip_prefix(wrapper).unwrap_or(it));
    let mut words = last.split_whitespace().filter(|it| it.starts_with('-') || !it.contains('='));
    let program = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let is_thing = |it: &&str| {
        !it.starts_with('-')
            && it.contains(['.', '/', ':'])
            && !it.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_uppercase() || b".:[]${}-".contains(&it))
    };
    let things = words.filter(is_thing).map(|it| it.trim_start_matches(['.', '/']).to_owned()).collect();
    (program.replace("python3", "python"), things)
}

fn needs(component: &Value, service: &Value, found: &Value, score: &mut Score) {
    let backings: Vec<&Value> = found["backings"].as_array().into_iter().flatten().collect();
    let kind = |name: &str| {
        let needed = backings.iter().find(|it| it["name"] == name && it["optional"] == false);
        needed.map(|it| text(&it["kind"]["value"]))
    };
    let mut got: Vec<String> =
        service["needs"].as_object().into_iter().flatten().filter_map(|(name, _)| kind(name)).collect();
    let mut wanted = list(&component["services"]);
    got.sort();
    wanted.sort();
    score.fact("services", got == wanted, &wanted.join(" "), &got.join(" "));
}

fn numbers(text: &str) -> Vec<u32> {
    forge::detect::version::numbers(text)
}

#[test]
fn what_was_found_is_written_with_its_evidence_and_generates_at_once() {
    let sandbox = Sandbox::new("init")
        .file("api/requirements.txt", "fastapi==0.120.0\nuvicorn==0.38.0\npsycopg[binary]==3.2.0\n")
        .file("api/.python-version", "3.13\n")
        .file("api/main.py", "import os\nfrom fastapi import FastAPI\napp = FastAPI()\nurl = os.environ[\"DATABASE_URL\"]\nkey = os.environ[\"SECRET_KEY\"]\n\n@app.get(\"/healthz\")\ndef health(): return {}\n")
        .file("api/.env.example", "DATABASE_URL=postgresql://localhost/shop\nSECRET_KEY=\nLOG_LEVEL=info\n")
        .file("api/Dockerfile", "FROM python:3.13\nCOPY . .\nRUN pip install -r requirements.txt\nCMD uvicorn main:app --host 0.0.0.0\n")
        .file("compose.yaml", "services:\n  api:\n    build: api\n    depends_on: [db]\n  db:\n    image: postgres:17\n");
    assert_data_eq!(
        sandbox.forge("init --name shop"),
        str![[r#"
exit 0
--- stderr
             wrote forge.yaml
                   api in api: python, fastapi, needs db
read it through, and then: forge generate

"#]]
    );
    assert_data_eq!(
        sandbox.read("forge.yaml"),
        str![[r##"
# yaml-language-server: $schema=.forge/schema.json
# Written by `forge init`. Beside what was inferred stands where it comes from; `forge init --explain` says more.
forge: 1

name: shop

services:
  # web, python: api/requirements.txt
  # was built by api/Dockerfile on python:3.13, 1 stage, run by root
  api:
    build:
      stack: python
      context: ./api
      # api/.python-version:1
      version: "3.13"
      options:
        # api/requirements.txt
        package_manager: pip
        # api/main.py:3
        framework: fastapi
        # api/Dockerfile:4
        app: main:app
    # api/main.py:7
    healthcheck: { http: /healthz }
    needs:
      # compose.yaml:6
      db: { environment: { DATABASE_URL: url } }
    variables: [LOG_LEVEL]
    secrets:
      SECRET_KEY: { environment: SECRET_KEY }

backings:
  # compose.yaml:6
  db: { kind: postgres, version: "17" }

secrets:
  # api/.env.example:2
  SECRET_KEY: { generate: { length: 64 } }

variables:
  # api/.env.example:3
  LOG_LEVEL: { default: info }

gateway:
  # yours, and then `tls: { mode: acme, … }` or files, and ports 80 and 443
  hosts: { main: { domain: shop.localhost } }
  tls: { mode: none }
  ports: { http: 8080, host_ip: "127.0.0.1" }
  routes:
    - { path: /, to: api }

# files of these names are there already, and stay as they are; take this out once they are gone
layout:
  dockerfile: docker/{service}.Dockerfile
  compose:
    production:
      file: compose.production.yaml

"##]]
    );
    sandbox.generate();
    assert_eq!(sandbox.read("compose.yaml").lines().count(), 6, "what was there stays");
    assert!(sandbox.read("docker/api.Dockerfile").contains("USER 10001"));
}

#[test]
fn a_spec_is_never_overwritten() {
    let sandbox = Sandbox::smallest("init-again");
    let before = sandbox.read("forge.yaml");
    assert_data_eq!(
        sandbox.forge("init --yes"),
        str![[r#"
exit 2
--- stderr
error: there is a forge.yaml in . already
  = help: `forge add` adds to it; `forge init --explain` only says what it finds

"#]]
    );
    assert_eq!(sandbox.read("forge.yaml"), before);
}

#[test]
fn an_explanation_writes_nothing() {
    let sandbox = Sandbox::new("init-explain")
        .file("package.json", "{\"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"express\": \"5\"}, \"engines\": {\"node\": \"24\"}}")
        .file("package-lock.json", "{}")
        .file("server.js", "const app = express();\napp.listen(process.env.PORT || 3100);\n");
    let before = sandbox.tree();
    assert_data_eq!(
        sandbox.forge("init --explain"),
        str![[r#"
exit 0
--- stdout
web in .
  stack            node
                   sure: package.json
  role             web
                   likely: server.js:1
  version          24
                   sure: package.json:1
  port variable    PORT
                   sure: server.js:2
  package_manager  npm
                   sure: package-lock.json
  framework        express
                   likely: server.js:1
  main             server.js
                   likely: package.json:1
  port             3100
                   likely: server.js:2
  start            node server.js
                   sure: package.json:1
  variable         PORT
                   likely: server.js:2


"#]]
    );
    let json = sandbox.run(&["init", "--explain", "--format", "json"]).json();
    assert_eq!(json["services"][0]["port"]["value"], 3100);
    assert_eq!(json["services"][0]["port"]["evidence"][0]["line"], 2);
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn a_folder_without_a_known_program_is_told_what_to_write() {
    assert_data_eq!(
        Sandbox::new("init-nothing").file("notes.txt", "x").forge("init"),
        str![[r#"
exit 2
--- stderr
error: no program that forge knows is in .
  = help: forge knows `*.csproj`, `*.fsproj`, `*.vbproj`, `CNAME`, `Cargo.toml`, `Gemfile`, `Pipfile`, `Staticfile`, `_config.static.yml`, `build.gradle`, `build.gradle.kts`, `composer.json`, `environment.yml`, `go.mod`, `manage.py`, `mix.exs`, `package.json`, `pom.xml`, `pyproject.toml`, `requirements.txt`, `requirements/*.txt`, `setup.py`, and builds anything with a Dockerfile of its own: write `services: { app: { build: { stack: custom, context: . } } }` into forge.yaml, or name the folder of the program after -C

"#]]
    );
}

#[test]
fn dependencies_and_what_lies_too_deep_are_not_looked_at() {
    let deep = format!("{}package.json", "a/".repeat(20));
    let sandbox = Sandbox::new("init-deep")
        .file("node_modules/x/package.json", "{\"scripts\": {\"start\": \"node x.js\"}}")
        .file(&deep, "{\"scripts\": {\"start\": \"node x.js\"}}")
        .link("link", "/")
        .file("pyproject.toml", "[project]\nname = \"x\"\n")
        .file("main.py", "print(1)\n");
    let json = sandbox.run(&["init", "--explain", "--format", "json"]).json();
    assert_eq!(json["services"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(json["services"][0]["language"], "python");
    assert!(json["notes"].to_string().contains("large"), "{json}");
}

/// A spec in the style of somebody, with comments in all places.
const OWN: &str = "# mine\nforge: 1\nname: shop   # the shop\n\nservices:\n  # answers\n  api:\n    build: { stack: python, context: ./api }   # Python\n    command: [python, -m, app]\n    port: 8000\n  # at the end\n";

#[test]
fn what_is_added_stands_before_the_end_of_the_document_in_its_line_ends() {
    let text = format!("{OWN}...\n# said behind the end\n").replace('\n', "\r\n");
    let sandbox = Sandbox::new("add-end").file("forge.yaml", text).file("api/requirements.txt", "");
    let said = sandbox.run(&["add", "backing", "db", "--kind", "postgres", "--for", "api"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let text = sandbox.read("forge.yaml");
    assert!(
        text.ends_with("\r\nbackings:\r\n  db: { kind: postgres }\r\n...\r\n# said behind the end\r\n"),
        "{text:?}"
    );
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
}

#[test]
fn a_backing_is_added_and_the_rest_stays_as_it_is() {
    let sandbox = Sandbox::new("add").file("forge.yaml", OWN).file("api/requirements.txt", "");
    assert_data_eq!(
        sandbox.forge("add backing db --kind postgres --for api"),
        str![[r#"
exit 0
--- stderr
             added backings.db to forge.yaml

"#]]
    );
    assert_data_eq!(
        sandbox.read("forge.yaml"),
        str![[r#"
# mine
forge: 1
name: shop   # the shop

services:
  # answers
  api:
    build: { stack: python, context: ./api }   # Python
    command: [python, -m, app]
    port: 8000
    needs: [db]
  # at the end

backings:
  db: { kind: postgres }

"#]]
    );
    assert_data_eq!(
        sandbox.forge("-q add backing cache --kind redis --use cache --for api"),
        str![[r#"
exit 0

"#]]
    );
    assert_data_eq!(
        sandbox.read("forge.yaml"),
        str![[r#"
# mine
forge: 1
name: shop   # the shop

services:
  # answers
  api:
    build: { stack: python, context: ./api }   # Python
    command: [python, -m, app]
    port: 8000
    needs: [db, cache]
  # at the end

backings:
  db: { kind: postgres }
  cache: { kind: redis, use: cache }

"#]]
    );
}

#[test]
fn a_service_is_added_as_its_folder_says() {
    let sandbox = Sandbox::new("add-service")
        .file("forge.yaml", OWN)
        .file("api/requirements.txt", "")
        .file(
            "web/package.json",
            "{\"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"express\": \"5\"}}",
        )
        .file("web/package-lock.json", "{}")
        .file("web/server.js", "const app = express();\napp.listen(3100);\n");
    assert_data_eq!(
        sandbox.forge("add service web --needs api"),
        str![[r#"
exit 0
--- stderr
             added services.web to forge.yaml

"#]]
    );
    assert_data_eq!(
        sandbox.read("forge.yaml"),
        str![[r#"
# mine
forge: 1
name: shop   # the shop

services:
  # answers
  api:
    build: { stack: python, context: ./api }   # Python
    command: [python, -m, app]
    port: 8000
  web:
    build:
      stack: node
      context: ./web
      options: { package_manager: npm, framework: express, main: server.js }
    port: 3100
    needs: [api]
  # at the end

"#]]
    );
    let before = sandbox.read("forge.yaml");
    for line in [
        "add service web",
        "add service nowhere",
        "add service x --stack pyton --context web",
        "add backing db --kind postgress",
        "add backing db --kind postgres --for wep",
        "add backing api --kind postgres",
        "add backing Big --kind postgres",
    ] {
        let ended = sandbox.run(&line.split(' ').collect::<Vec<_>>());
        println!("{line}: {}", ended.stderr);
        assert_eq!((ended.code, ended.stderr.contains("help")), (2, true), "{line}: {}", ended.text());
    }
    assert_eq!(sandbox.read("forge.yaml"), before);
}

#[test]
fn names_of_variables_are_kept_and_values_of_secrets_are_not() {
    let sandbox = Sandbox::new("init-names")
        .file("requirements.txt", "fastapi==0.120.0\nuvicorn==0.38.0\nsqlalchemy==2.0.0\nasyncpg==0.30.0\nopenai==1\n")
        .file("app/__init__.py", "")
        .file("app/main.py", "import os\nfrom fastapi import FastAPI\nfrom app import settings\napp = FastAPI()\nbucket = os.environ[\"BUCKET\"]\nregion = os.environ.get(\"REGION\", \"eu\")\n")
        .file("app/settings.py", "class Settings:\n    database_url: str\n    smtp_host: str\n")
        .file(".env.example", "DATABASE_URL=postgresql+asyncpg://shop:hunter2secret@localhost/shop\nOPENAI_API_KEY=sk-hunter2secret\nSECRET_KEY=hunter2secret\nDEBUG=True\nLOG_LEVEL=info\nSMTP_HOST=localhost\nALLOWED_HOSTS=[\"*\"]\n")
        .file("Dockerfile", "FROM python:3.13-slim\nENV PYTHONUNBUFFERED=1 UPLOADS=/data\nCMD uvicorn app.main:app\n")
        .file("compose.yaml", "x-env: &env\n  SENTRY_RATE: \"0.5\"\n  STRIPE_KEY: ${STRIPE_KEY}\nservices:\n  app:\n    build: .\n    environment:\n      <<: *env\n      MODE: ${MODE:-fast}\n    ports: [8000]\n  worker:\n    build: .\n    command: python -m app.worker\n");
    let ended = sandbox.run(&["init", "--yes", "--name", "shop"]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert!(
        ended.stderr.contains("it wants from you: BUCKET in .env, secrets/OPENAI_API_KEY, secrets/STRIPE_KEY"),
        "{}",
        ended.stderr
    );
    let spec = sandbox.read("forge.yaml");
    assert!(!spec.contains("hunter2"), "{spec}");
    for line in [
        "DATABASE_URL: \"postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}\"",
        "ALLOWED_HOSTS: '[\"shop.localhost\",\"localhost\",\"127.0.0.1\"]'",
        "DEBUG: \"False\"",
        "SENTRY_RATE: \"0.5\"",
        "UPLOADS: /data",
        "OPENAI_API_KEY: { supplied: ",
        "SECRET_KEY: { generate: { length: 64 } }",
        "BUCKET: { required: true }",
        "LOG_LEVEL: { default: info }",
        "MODE: { default: fast }",
        "REGION: { default: eu }",
        "SMTP_HOST: {}",
        "command: [python, -m, app.worker]",
    ] {
        assert!(spec.contains(line), "no {line} in\n{spec}");
    }
    assert!(!spec.contains("PYTHONUNBUFFERED"), "{spec}");
    assert!(spec.ends_with('\n') && !spec.ends_with("\n\n"), "{spec}");
    sandbox.generate();
}

#[test]
fn what_forge_wrote_is_no_evidence() {
    let sandbox = Sandbox::new("init-twice")
        .file(
            "package.json",
            "{\"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"express\": \"5\", \"redis\": \"5\"}}",
        )
        .file("package-lock.json", "{}")
        .file(
            "server.js",
            "const app = express();\nredis(process.env.REDIS_URL);\napp.listen(process.env.PORT || 3100);\n",
        );
    assert_eq!(sandbox.run(&["init", "--yes", "--name", "shop"]).code, 0);
    let first = sandbox.read("forge.yaml");
    sandbox.generate();
    std::fs::remove_file(sandbox.path("forge.yaml")).expect("it is there");
    assert_eq!(sandbox.run(&["init", "--yes", "--name", "shop"]).code, 0);
    assert_eq!(sandbox.read("forge.yaml"), first);
}

#[test]
fn a_service_is_added_with_what_it_reads_and_needs() {
    let own = format!("{OWN}backings:\n  store: {{ kind: postgres }}\n");
    let sandbox = Sandbox::new("add-needs")
        .file("forge.yaml", own.replace("port: 8000\n", "port: 8000\n    needs: [store]\n"))
        .file("api/requirements.txt", "")
        .file("web/package.json", "{\"scripts\": {\"start\": \"node server.js\"}, \"dependencies\": {\"express\": \"5\", \"pg\": \"8\", \"redis\": \"5\"}}")
        .file("web/package-lock.json", "{}")
        .file("web/server.js", "const app = express();\npg(process.env.DATABASE_URL);\nredis(process.env.REDIS_URL);\nsign(process.env.SESSION_SECRET);\nlog(process.env.LOG_LEVEL ?? \"info\");\napp.listen(3100);\n");
    assert_data_eq!(
        sandbox.forge("add service web --needs api"),
        str![[r#"
exit 0
--- stderr
             added services.web to forge.yaml

"#]]
    );
    assert_data_eq!(
        sandbox.read("forge.yaml"),
        str![[r#"
# mine
forge: 1
name: shop   # the shop

services:
  # answers
  api:
    build: { stack: python, context: ./api }   # Python
    command: [python, -m, app]
    port: 8000
    needs: [store]
  web:
    build:
      stack: node
      context: ./web
      options: { package_manager: npm, framework: express, main: server.js }
    port: 3100
    needs:
      cache:
        environment: { REDIS_URL: url }
      store:
        environment: { DATABASE_URL: url }
      api: {}
    variables: [LOG_LEVEL]
    secrets:
      SESSION_SECRET: { environment: SESSION_SECRET }
  # at the end
backings:
  store: { kind: postgres }
  cache: { kind: redis }

secrets:
  SESSION_SECRET:
    generate: { length: 64 }

variables:
  LOG_LEVEL: { default: info }

"#]]
    );
}

#[test]
fn a_database_in_a_file_beside_the_code_gets_a_folder_of_its_own() {
    let sandbox = Sandbox::new("init-file")
        .file("requirements.txt", "django==5.2\ngunicorn==23.0.0\n")
        .file("manage.py", "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site.settings\")\n")
        .file("shop/wsgi.py", "application = get_wsgi_application()\n")
        .file("shop/settings.py", "DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": BASE_DIR / \"db.sqlite3\"}}\n");
    assert_eq!(sandbox.run(&["init", "--yes", "--name", "shop"]).code, 0);
    let spec = sandbox.read("forge.yaml");
    assert!(spec.contains("/data: { volume: web-data }"), "{spec}");
    sandbox.generate();
    assert!(sandbox.read("Dockerfile").contains("RUN ln -sf /data/db.sqlite3 /app/db.sqlite3\n"), "{spec}");
    assert!(sandbox.read("compose.yaml").contains("web-data:/data"), "{spec}");
}

#[test]
fn a_backing_goes_into_the_variables_that_the_code_reads() {
    let text = "\u{feff}forge: 1\nname: shop\nservices:\n  api: { build: { stack: python, context: ./api }, command: [python, main.py], port: 8000 }  # mine\n";
    let sandbox = Sandbox::new("add-for")
        .file("forge.yaml", text)
        .file("api/requirements.txt", "psycopg\n")
        .file("api/main.py", "import os\nurl = os.environ[\"DATABASE_URL\"]\n");
    assert_data_eq!(
        sandbox.forge("add backing db --kind postgres --for api"),
        str![[r#"
exit 0
--- stderr
             added backings.db to forge.yaml

"#]]
    );
    let said = sandbox.run(&["add", "service", "jobs", "--from", "api", "--command", "python jobs.py 'a b'"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(sandbox.read("forge.yaml").starts_with('\u{feff}'));
    assert_data_eq!(
        sandbox.read("forge.yaml").trim_start_matches('\u{feff}'),
        str![[r#"
forge: 1
name: shop
services:
  api: { build: { stack: python, context: ./api }, command: [python, main.py], port: 8000, needs: { db: { environment: { DATABASE_URL: url } } } }  # mine
  jobs:
    from: api
    command: [python, jobs.py, "a b"]
    exceptions:
      - { rule: healthcheck, reason: "it listens nowhere, and touches no file yet" }

backings:
  db: { kind: postgres }

"#]]
    );
}

#[test]
fn a_member_of_a_workspace_is_built_from_its_root() {
    let sandbox = Sandbox::new("add-member")
        .file("forge.yaml", "forge: 1\nname: shop\nservices:\n  api:\n    build: { stack: rust, context: ., options: { package: api, binary: api } }\n    port: 7000\ngateway:\n  hosts: { main: { domain: shop.localhost } }\n  tls: { mode: none }\n  routes: [{ path: /, to: api }]\n")
        .file("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n")
        .file("Cargo.lock", "")
        .file("crates/api/Cargo.toml", "[package]\nname = \"api\"\n")
        .file("crates/api/src/main.rs", "let it = TcpListener::bind(\"0.0.0.0:7000\");")
        .file("crates/admin/Cargo.toml", "[package]\nname = \"admin\"\n")
        .file("crates/admin/src/main.rs", "let it = TcpListener::bind(\"0.0.0.0:7001\");");
    assert_data_eq!(
        sandbox.forge("add service admin --context crates/admin"),
        str![[r#"
exit 0
--- stderr
             added services.admin to forge.yaml
no route of the gateway leads to it yet; if people reach it: gateway.routes: [{ path: /admin/, to: admin }]

"#]]
    );
    assert!(
        sandbox.read("forge.yaml").contains("  admin:\n    build:\n      stack: rust\n      context: .\n      options: { package: admin, binary: admin }\n    port: 7001\n"),
        "{}",
        sandbox.read("forge.yaml")
    );
}

#[test]
fn what_is_past_its_end_is_kept_with_a_warning_and_what_is_unknown_gets_the_nearest() {
    let sandbox = Sandbox::new("init-old")
        .file("Pipfile", "[packages]\nflask = \"*\"\n[requires]\npython_version = \"3.8\"\n")
        .file("Pipfile.lock", "{}")
        .file("app.py", "from flask import Flask\napp = Flask(__name__)\n");
    let said = sandbox.run(&["init", "--yes"]);
    assert!(said.stderr.contains("Python 3.8 has had no security fixes since 2024-10-07"), "{}", said.stderr);
    let text = sandbox.read("forge.yaml");
    assert!(text.contains("version: \"3.8\"") && text.contains("gunicorn==23.0.0"), "{text}");
    let sandbox = sandbox.file("forge.yaml", text.replace("version: \"3.8\"", "version: 3.1"));
    let said = sandbox.run(&["validate"]);
    assert!((said.stdout.clone() + &said.stderr).contains("did you mean `3.10`?"), "{}{}", said.stdout, said.stderr);
}
