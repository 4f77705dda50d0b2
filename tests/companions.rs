//! A stack of the project's own whose services are two containers: one that works, and one that others talk to.

use crate::sandbox::Sandbox;

const STACK: &str = r#"
title: Duo
about: a program, and nginx before it
default_version: "1"
versions: { "1": {} }
facts:
  images: { base: "gcr.io/distroless/python3-debian13:nonroot", build: "python:3.13-slim", web: "nginxinc/nginx-unprivileged:1.30" }
  system: distroless
  workdir: /app
  user: { name: nonroot, uid: 65532, gid: 65532 }
  port: 9000
  command: [python3, /app/app.py]
  probe: { tcp: [python3, -c, pass] }
  start_period: 10s
  resources: { cpus: 0.5, memory: 128M, pids: 50, reserved_cpus: 0.1, reserved_memory: 16M, least_memory: 32M }
  init: true
  shell: false
  entrypoint: { template: docker-entrypoint.py.j2, command: [python3, /usr/local/bin/docker-entrypoint.py] }
  audits: { look: { kind: code, image: "python:3.13-slim", script: "true" } }
  companions:
    web:
      target: web
      port: 8080
      user: { name: nginx, uid: 101, gid: 101 }
      health: /
      probe: { http: [curl, -fsS, "http://127.0.0.1:{{ port }}{{ path }}"] }
      start_period: 10s
      resources: { cpus: 0.5, memory: 64M, pids: 50, reserved_cpus: 0.1, reserved_memory: 16M, least_memory: 32M }
      tmpfs: { /tmp: 16M }
  front: web
"#;

const DOCKERFILE: &str = r#"
{%- import "partials/dockerfile.j2" as dockerfile -%}
{{ dockerfile.audits(image) -}}
FROM {{ image.images.build }} AS source
WORKDIR {{ image.workdir }}
{{- dockerfile.args(image) }}
COPY . .
RUN {{ dockerfile.audited(image) }}{{ dockerfile.folders(image) }}

FROM {{ image.images.web }} AS web
{{ dockerfile.finish(companions.web) }}

FROM {{ image.images.base }}
COPY --from=source {{ image.workdir }} .
{{- dockerfile.copy_folders(image, "source") }}
{{ dockerfile.finish(image) }}
"#;

const SPEC: &str = r#"
forge: 1
name: shop
registry: ghcr.io/acme
services:
  app:
    build: { stack: duo, context: ./app, audit: [look], args: { GREETING: "a 'b' $c" } }
    needs: { db: { environment: { DATABASE_URL: url } } }
    writable: { /app/data: { volume: data } }
  other:
    build: { stack: node, context: ./other, user: { name: csops, uid: 1000 } }
    port: 3000
    needs: [app]
backings: { db: { kind: postgres } }
gateway:
  hosts: { main: { domain: a.example.com } }
  tls: { mode: none }
  routes: [{ path: /, to: app }]
ci: { provider: github }
"#;

fn sandbox() -> Sandbox {
    Sandbox::new("companions")
        .file("forge-templates/stacks/duo/stack.yaml", STACK)
        .file("forge-templates/stacks/duo/Dockerfile.j2", DOCKERFILE)
        .file("forge-templates/stacks/duo/dockerignore.j2", "**/.git\n")
        .file("forge.yaml", SPEC)
        .folder("app")
        .file("other/package-lock.json", "{}")
        .file("other/package.json", "{}")
        .file("other/server.js", "")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?}, in this order, in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn others_talk_to_the_front_and_it_alone_talks_to_the_service() {
    let sandbox = sandbox();
    sandbox.generate();
    let compose = sandbox.read("compose.yaml");
    has(&compose, &["\n  app:\n", "networks: [app-web, db]", "user: \"65532:65532\""]);
    has(
        &compose,
        &[
            "\n  app-web:\n    image: ghcr.io/acme/shop-app-web:",
            "build: { context: ./app, target: web,",
            "app: { condition: service_healthy }",
            "networks: [app, app-web]",
            "user: \"101:101\"",
        ],
    );
    has(&compose, &["\n  gateway:", "app-web: { condition: service_started }", "networks: [app, gateway]"]);
    has(&compose, &["\n  other:\n", "app-web: { condition: service_healthy }", "APP_URL: http://app-web:8080"]);
    has(&sandbox.read("nginx/upstreams.conf"), &["upstream app {", "server app-web:8080 resolve;"]);
    let workflow = sandbox.read(".github/workflows/deliver.yml");
    has(
        &workflow,
        &[
            r#""app-web": { "context": "app", "dockerfile": "app/Dockerfile", "image": "ghcr.io/acme/shop-app-web", "target": "web""#,
        ],
    );
    has(&workflow, &["target: ${{ steps.of.outputs.target }}"]);
    has(&sandbox.forge("explain services.app.companions"), &["services.app.companions.app-web.port: 8080"]);
}

#[test]
fn a_migration_waits_for_no_service_nor_what_answers_for_one() {
    let sandbox = sandbox()
        .file("forge.yaml", SPEC.replace("needs: [app]", "needs: [app, db]\n    migrate: { command: [node, it.js] }"));
    sandbox.generate();
    let compose = sandbox.read("compose.yaml");
    has(&compose, &["\n  other:\n", "app-web: { condition: service_healthy }", "other-migrate: { condition: "]);
    has(&compose, &["\n  other-migrate:\n", "depends_on:\n      db: { condition: service_healthy }\n    #"]);
}

#[test]
fn a_container_of_a_service_has_limits_and_exceptions_of_its_own() {
    let sandbox = sandbox();
    let given = "    companions:\n      web:\n        resources: { limits: { memory: 128M } }\n        exceptions: [{ rule: healthcheck, reason: asked from outside }]\n";
    sandbox.edit(
        "forge.yaml",
        "    writable: { /app/data: { volume: data } }\n",
        &format!("{given}    writable: {{ /app/data: {{ volume: data }} }}\n"),
    );
    sandbox.generate();
    let compose = sandbox.read("compose.yaml");
    has(&compose, &["\n  app:\n", "memory: 128M", "\n  app-web:\n", "asked from outside", "memory: 128M"]);
    has(&compose, &["\n  other:\n", "app-web: { condition: service_started }"]);
    sandbox.edit("forge.yaml", "      web:\n", "      wep:\n");
    let said = sandbox.run(&["validate"]).stdout;
    has(&said, &["error[unknown-name]: this service has no further container `wep`", "did you mean `web`?"]);
    sandbox.edit("forge.yaml", "stack: duo", "stack: python");
    has(&sandbox.run(&["validate"]).stdout, &["no further container `wep`", "leave `companions` out"]);
}

#[test]
fn a_container_of_a_service_takes_no_name_of_another() {
    let taken = SPEC.replace("  other:\n", "  app-web:\n");
    let sandbox = sandbox().file("forge.yaml", taken);
    has(&sandbox.run(&["validate"]).stdout, &["error[name-twice]: `app-web` is a container of `app` already"]);
}

#[test]
fn an_image_without_a_shell_has_its_folders_entrypoint_and_audits_from_elsewhere() {
    let sandbox = sandbox();
    sandbox.generate();
    has(
        &sandbox.read("app/Dockerfile"),
        &[
            "FROM python:3.13-slim AS audit-look\n",
            "true && \\\n    touch /tmp/passed\n",
            "FROM python:3.13-slim AS source\n",
            "ARG GREETING=\"a 'b' \\$c\"\n",
            "RUN --mount=type=bind,from=audit-look,source=/tmp/passed,target=/tmp/look \\\n    install -d -o 65532 -g 65532 -m 0750 /folders/app/data\n",
            "FROM gcr.io/distroless/python3-debian13:nonroot\n",
            "COPY --from=source /folders /\n",
            "COPY --chmod=0555 docker-entrypoint.py /usr/local/bin/docker-entrypoint.py\n",
            "ENTRYPOINT [\"python3\", \"/usr/local/bin/docker-entrypoint.py\"]\n",
        ],
    );
    has(&sandbox.read("app/docker-entrypoint.py"), &["os.environ[\"DATABASE_URL\"] = f\"{user}:{password}@{rest}\""]);
    // The base image has a user of this number, who goes.
    has(&sandbox.read("other/Dockerfile"), &["userdel node && \\\n    groupadd --non-unique --gid 1000 csops"]);
    let said = sandbox.run(&["validate"]).text();
    assert!(!said.contains("error"), "{said}");
    sandbox.edit("forge.yaml", "GREETING: \"", "VERSION: \"");
    has(&sandbox.run(&["validate"]).stdout, &["error[reserved-name]: `VERSION` is told to builds by forge"]);
    sandbox.edit("forge.yaml", "VERSION: \"", "GREETING: \"");
    sandbox.edit("forge.yaml", "audit: [look]", "audit: [luke], packages: { run: [curl] }");
    let said = sandbox.run(&["validate"]).stdout;
    has(&said, &["the stack `duo` knows nobody called `luke` to ask", "there is `look`"]);
    has(&said, &["nothing installs packages in a distroless image", "= help: leave them out"]);
}
