//! Small applications that somebody else wrote, with forge files of ours: what they are said to answer, they answer.

use std::fs;
use std::path::{Path, PathBuf};

use super::client::Client;
use super::contract;
use super::proof::{Proof, contains, ensure, run, same};
use super::stack::{HOSTILE, Stack, free_port};
use super::uv;

/// A folder of the corpus, and the spec for it.
struct Application {
    id: &'static str,
    name: &'static str,
    spec: &'static str,
    secrets: &'static [&'static str],
    /// Where its production's compose file and its script for secrets lie.
    compose: &'static str,
    script: &'static str,
}

#[test]
fn somebody_elses_fastapi_runs() {
    runs(&Application {
        id: "or-001-fastapi-postgres-redis",
        name: "or-one",
        spec: r#"
forge: 1
name: or-one
services:
  web:
    build:
      stack: python
      context: .
      version: "3.13"
      options: { package_manager: uv, framework: fastapi, app: "notes.main:app" }
    port: 8000
    healthcheck: { http: /healthz }
    needs:
      db: { environment: { DATABASE_URL: url } }
      cache: { environment: { REDIS_URL: url } }
backings:
  db: { kind: postgres, version: "18" }
  cache: { kind: redis, version: "8", use: cache }
gateway:
  hosts: { main: { domain: corpus.localhost } }
  tls: { mode: none }
  routes:
    - { path: /, to: web }
"#,
        secrets: &["DB_PASSWORD", "CACHE_PASSWORD"],
        compose: "compose.yaml",
        script: "scripts/secrets",
    });
}

#[test]
fn somebody_elses_express_runs() {
    runs(&Application {
        id: "or-003-express-redis",
        name: "or-three",
        spec: r#"
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
"#,
        secrets: &["CACHE_PASSWORD"],
        compose: "deploy/docker-compose.production.yml",
        script: "ops/secrets",
    });
}

fn runs(application: &Application) {
    let Some(folder) = folder(application.id) else { return };
    let Some(mut stack) = Stack::new(application.name) else { return };
    let port = free_port();
    stack.set(&format!("{}_HTTP", application.name.to_uppercase().replace('-', "_")), format!("127.0.0.1:{port}"));
    stack.copy_authors_files(&folder.join("tree"));
    stack.write("forge.yaml", application.spec);
    if fs::exists(stack.path("pyproject.toml")).unwrap_or(false) {
        stack.do_or_fail("the versions can be locked", uv::lock(&stack.path("")));
    }
    let production = stack.with_file(application.compose);
    let id = application.id;
    stack.prove(format!("{id}: its authors' own .env.example is in the way, so nothing at all is written"), || {
        let refusal = stack.forge(&["generate"]).err().ok_or("it was overwritten")?;
        contains(&refusal, ".env.example")?;
        ensure(!stack.path(application.compose).exists(), "there is a compose file")
    });
    fs::rename(stack.path(".env.example"), stack.path("env.example")).expect("a file in a temporary folder");
    stack.prove(format!("{id}: generated"), || stack.forge(&["generate"]).map(drop));
    stack.prove(format!("{id}: secrets made"), || run(&mut stack.script(&[application.script])).map(drop));
    stack.prove(format!("{id}: built"), || production.run(&["build"]).map(drop));
    stack.prove(format!("{id}: booted, healthy"), || production.up(&[]));
    let client = Client::new(None, &[("corpus.localhost", port)]);
    let expect = fs::read_to_string(folder.join("expect.yaml")).expect("each application says what to expect");
    for check in checks(&expect) {
        stack.prove(
            format!("{id}: {} is answered with {} and {:?}", check.request, check.status, check.contains),
            || check.prove(&client, port),
        );
    }
    if application.spec.contains("HOSTILE") {
        stack.prove(format!("{id}: a variable arrives as it stands in forge.yaml, whatever its characters"), || {
            same(production.container("web")?.inside(&["printenv", "HOSTILE"])?.trim_end(), HOSTILE)
        });
    }
    if application.spec.contains("patches:") {
        stack.prove(format!("{id}: what patches of the spec ask for is in what runs"), || {
            let web = production.container("web")?;
            same(web.inside(&["cat", "/patched"])?.trim_end(), "patched")?;
            same(
                production
                    .container("gateway")?
                    .inside(&["grep", "proxy_read_timeout", "/etc/nginx/proxy.conf"])?
                    .trim(),
                "proxy_read_timeout 45s;",
            )?;
            contains(&production.run(&["config"])?, "team: shop")
        });
    }
    let secrets = application.secrets.iter().map(|it| stack.read(&format!("secrets/{it}")));
    let secrets = stack.do_or_fail("the secrets can be read", secrets.collect::<Result<Vec<String>, String>>());
    contract::prove(&stack, &production, &secrets.iter().map(String::as_str).collect::<Vec<_>>());
    stack.prove(format!("{id}: the code is not the application's to write"), || {
        contract::code_is_not_writable(&production.container("web")?, &["/app", "/opt"], "")
    });
    stack.say_how_many();
}

/// It lies beside this repository where forge is built; elsewhere there is nothing to run.
fn folder(id: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/runnable").join(id);
    if !folder.is_dir() {
        println!("skipped: no corpus");
        return None;
    }
    Some(folder)
}

#[derive(Default)]
struct Check {
    request: String,
    status: u16,
    body: Option<String>,
    contains: String,
}

/// The `checks` of an expect.yaml, each a few lines `key: value`.
fn checks(text: &str) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim_start().trim_start_matches("- ").split_once(": ") else { continue };
        let value = value.trim_matches('\'').to_string();
        if key == "request" {
            checks.push(Check { request: value, ..Check::default() });
            continue;
        }
        let Some(check) = checks.last_mut() else { continue };
        match key {
            "status" => check.status = value.parse().expect("a status is a number"),
            "body" => check.body = Some(value),
            "contains" => check.contains = value,
            _ => {}
        }
    }
    checks
}

impl Check {
    fn prove(&self, client: &Client, port: u16) -> Proof {
        let (method, path) = self.request.split_once(' ').expect("a request has a method and a path");
        let url = format!("http://corpus.localhost:{port}{path}");
        let mut arguments = vec!["--request", method, url.as_str()];
        if let Some(body) = &self.body {
            arguments.extend(["--json", body]);
        }
        let response = client.ask(&arguments)?;
        contains(&response.text(), &self.contains)?;
        same(response.status, self.status)
    }
}
