//! Small applications that somebody else wrote, with the spec that `forge init` writes for them: what they are said to answer,
//! they answer.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::apps::each_hardened;
use super::client::Client;
use super::contract;
use super::proof::{Proof, command, contains, end, ensure, lacks, run, same, within};
use super::stack::{HOSTILE, Stack, free_port};
use super::uv;
use crate::skipped::absent;

/// Each folder of `runnable/` with what only its folder cannot say: what of its spec cannot be had on these machines, and what
/// a process logs once it did its work.
struct Application {
    id: &'static str,
    name: &'static str,
    /// A text of the spec, what is put for it, and why.
    instead: Option<(&'static str, &'static str, &'static str)>,
    logs: Option<(&'static str, &'static str)>,
}

/// A test for each, so that one of them can be run alone: `cargo test corpus::django`.
macro_rules! applications {
    ($($test:ident: $id:literal $(, instead: $instead:expr)? $(, logs: $logs:expr)?;)*) => {
        $(#[test]
        fn $test() {
            runs_with_what_init_finds(&Application {
                id: $id,
                name: concat!("or-", stringify!($test)),
                instead: [$($instead)?].into_iter().next(),
                logs: [$($logs)?].into_iter().next(),
            });
        })*

        #[test]
        fn each_application_of_the_corpus_has_a_test() {
            let Ok(folders) = fs::read_dir(runnable()) else { return };
            for folder in folders.map(|it| it.expect("it is readable").path()).filter(|it| it.is_dir()) {
                let name = folder.file_name().expect("it was listed").to_string_lossy();
                assert!([$($id),*].contains(&&*name), "no test is about {name}");
            }
        }
    };
}

applications! {
    fastapi: "or-001-fastapi-postgres-redis",
        instead: ("\n      version: \"3.11\"\n", "\n      version: \"3.13\"\n", "no image of Python 3.11 here");
    django: "or-002-django-postgres";
    express: "or-003-express-redis";
    next: "or-004-next-standalone";
    vite: "or-005-vite-spa";
    axum: "or-006-axum-service";
    bullmq: "or-007-bullmq-worker", logs: ("worker", "sent");
    gonet: "or-008-go-stdlib";
}

/// `forge init --yes`, `forge generate`, `scripts/secrets`, `docker compose up`: no word of it is written by hand, and what its
/// authors say that it answers, it answers through the gateway.
fn runs_with_what_init_finds(application: &Application) {
    let Some(folder) = folder(application.id) else { return };
    let Some(mut stack) = Stack::new(application.name) else { return };
    let (id, name) = (application.id, application.name);
    let port = free_port();
    stack.set(&format!("{}_HTTP", name.to_uppercase().replace('-', "_")), port.to_string());
    stack.copy_authors_files(&folder.join("tree"));
    let said =
        end(command(env!("CARGO_BIN_EXE_forge")).args(["init", "--yes", "--name", name, "-C"]).arg(stack.path("")));
    stack.prove(format!("{id}: forge init leaves nothing open"), || same(said.code, Some(0)));
    if said.stderr.contains("run `uv lock` there") {
        stack.do_or_fail("the versions can be locked", uv::lock(&stack.path("")));
    }
    if let Some((text, other, why)) = application.instead {
        println!("      {id}: {} for {}: {why}", other.trim(), text.trim());
        stack.do_or_fail("the spec says so", stack.edit("forge.yaml", text, other));
    }
    let spec = stack.do_or_fail("there is a spec", stack.read("forge.yaml"));
    println!("{spec}");
    stack.prove(format!("{id}: generated"), || {
        stack.forge(&["generate"])?;
        let said = end(command(env!("CARGO_BIN_EXE_forge")).args(["validate", "-C"]).arg(stack.path("")));
        lacks(&said.stderr, "warning")
    });
    supply(&stack, &spec);
    if stack.path("scripts/secrets").exists() {
        stack.prove(format!("{id}: secrets made"), || run(&mut stack.script(&["scripts/secrets"])).map(drop));
    }
    let production = stack.production();
    stack.prove(format!("{id}: built"), || production.run(&["build"]).map(drop));
    stack.prove(format!("{id}: booted, healthy"), || production.up(&[]));
    let host = format!("{name}.localhost");
    let client = Client::new(None, &[(host.as_str(), port)]);
    let expect = fs::read_to_string(folder.join("expect.yaml")).expect("each application says what to expect");
    let expect: Expect = serde_yaml::from_str(&expect).expect("what to expect is YAML of a known shape");
    for process in &expect.processes {
        for check in &process.checks {
            stack.prove(
                format!("{id}: {} is answered with {} and {:?}", check.request, check.status, check.contains),
                || check.prove(&client, &host, port),
            );
        }
        if process.port.is_none() {
            stack.prove(format!("{id}: {} runs", process.name), || {
                ensure(production.container(&process.name)?.is_running(), "it does not")
            });
        }
    }
    if let Some((service, part)) = application.logs {
        stack.prove(format!("{id}: {service} logs {part:?}"), || {
            within(30, || contains(&production.container(service)?.all_logs(), part))
        });
    }
    stack.prove(format!("{id}: the hardening contract"), || {
        each_hardened(&production.containers()?, &production.project, &[])?;
        contract::no_secret_in_sight(&production.containers()?, &secrets(&stack))
    });
    stack.say_how_many();
}

/// Secrets that only their owner has: anything will do here.
fn supply(stack: &Stack, spec: &str) {
    let spec: serde_json::Value = serde_yaml::from_str(spec).expect("a spec is YAML");
    for (name, secret) in spec["secrets"].as_object().into_iter().flatten() {
        if secret.get("supplied").is_some() {
            stack.supply(&format!("secrets/{name}"), "supplied-by-the-test");
        }
    }
}

/// The values of all secrets.
fn secrets(stack: &Stack) -> Vec<String> {
    let files = fs::read_dir(stack.path("secrets")).into_iter().flatten();
    let names = files.map(|it| it.expect("it is readable").file_name().to_string_lossy().into_owned());
    let names: Vec<String> = names.filter(|it| !it.starts_with('.')).collect();
    let read = names.iter().map(|it| stack.read(&format!("secrets/{it}"))).collect();
    stack.do_or_fail("the secrets can be read", read)
}

/// What init does not write: other places for outputs, patches, and a variable with each character that means something.
const EXPRESS: &str = r#"
forge: 1
name: or-three
services:
  web:
    build:
      stack: node
      context: .
      version: "24"
      options: { package_manager: npm, framework: express, main: src/server.js }
    port: 3000
    healthcheck: { http: /health }
    needs:
      cache: { environment: { REDIS_URL: url } }
    environment: { HOSTILE: "a'b\"c $d@e:f\\g%h/i#j$${k}é" }
backings:
  cache: { kind: redis, version: "8", use: cache }
gateway:
  hosts: { main: { domain: corpus.localhost } }
  tls: { mode: none }
  routes:
    - { path: /, to: web }
layout:
  compose: { production: { file: deploy/docker-compose.production.yml } }
  dockerfile: "deploy/{service}.Dockerfile"
  nginx: deploy/gateway
  scripts: ops
patches:
  - { file: deploy/docker-compose.production.yml, at: services.web.labels, set: { team: shop } }
  - { file: deploy/web.Dockerfile, at: final.USER, before: "RUN echo patched >/patched" }
  - { file: deploy/gateway/proxy.conf, at: proxy_read_timeout, set: 45s, expect: 60s }
"#;

#[test]
fn somebody_elses_express_runs_with_outputs_elsewhere_and_patches() {
    let Some(folder) = folder("or-003-express-redis") else { return };
    let Some(mut stack) = Stack::new("or-three") else { return };
    let port = free_port();
    stack.set("OR_THREE_HTTP", format!("127.0.0.1:{port}"));
    stack.copy_authors_files(&folder.join("tree"));
    stack.write("forge.yaml", EXPRESS);
    let production = stack.with_file("deploy/docker-compose.production.yml");
    stack.prove("its authors' own .env.example is in the way, so nothing at all is written", || {
        let refusal = stack.forge(&["generate"]).err().ok_or("it was overwritten")?;
        contains(&refusal, ".env.example")?;
        ensure(!stack.path("deploy").exists(), "there is a compose file")
    });
    fs::rename(stack.path(".env.example"), stack.path("env.example")).expect("a file in a temporary folder");
    stack.prove("generated", || stack.forge(&["generate"]).map(drop));
    stack.prove("secrets made", || run(&mut stack.script(&["ops/secrets"])).map(drop));
    stack.prove("built", || production.run(&["build"]).map(drop));
    stack.prove("booted, healthy", || production.up(&[]));
    let client = Client::new(None, &[("corpus.localhost", port)]);
    stack.prove("it answers", || client.shows("visits", &format!("http://corpus.localhost:{port}/")));
    stack.prove("a variable arrives as it stands in forge.yaml, whatever its characters", || {
        same(production.container("web")?.inside(&["printenv", "HOSTILE"])?.trim_end(), HOSTILE)
    });
    stack.prove("what patches of the spec ask for is in what runs", || {
        let web = production.container("web")?;
        same(web.inside(&["cat", "/patched"])?.trim_end(), "patched")?;
        let gateway = production.container("gateway")?;
        let line = gateway.inside(&["grep", "proxy_read_timeout", "/etc/nginx/proxy.conf"])?;
        same(line.trim(), "proxy_read_timeout 45s;")?;
        contains(&production.run(&["config"])?, "team: shop")
    });
    contract::prove(&stack, &production, &secrets(&stack));
    stack.prove("the code is not the application's to write", || {
        contract::code_is_not_writable(&production.container("web")?, &["/app", "/opt"], "")
    });
    stack.say_how_many();
}

fn runnable() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/runnable")
}

/// It lies beside this repository where forge is built; elsewhere there is nothing to run.
fn folder(id: &str) -> Option<PathBuf> {
    let folder = runnable().join(id);
    if !folder.is_dir() {
        absent("corpus");
        return None;
    }
    Some(folder)
}

/// What `expect.yaml` says that is asked here.
#[derive(Deserialize)]
struct Expect {
    processes: Vec<Process>,
}

#[derive(Deserialize)]
struct Process {
    name: String,
    port: Option<u16>,
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    request: String,
    status: u16,
    body: Option<String>,
    #[serde(default)]
    contains: String,
}

impl Check {
    fn prove(&self, client: &Client, host: &str, port: u16) -> Proof {
        let (method, path) = self.request.split_once(' ').expect("a request has a method and a path");
        let url = format!("http://{host}:{port}{path}");
        let mut arguments = vec!["--request", method, url.as_str()];
        if let Some(body) = &self.body {
            arguments.extend(["--json", body]);
        }
        let response = client.ask(&arguments)?;
        contains(&response.text(), &self.contains)?;
        same(response.status, self.status)
    }
}
