//! Where files lie: what the layout says, and what becomes of files that move.

use snapbox::{assert_data_eq, str};

use crate::files::{generated, with_gateway};
use crate::sandbox::Sandbox;

const LAYOUT: &str = "layout:\n  compose: { production: { file: docker/docker-compose.production.yml }, staging: { file: staging.yml, whole: true } }\n  dockerfile: docker/production/{service}.Dockerfile\n  nginx: docker/nginx\n  scripts: ops\n";

#[test]
fn files_go_where_the_layout_says_and_what_refers_to_them_follows() {
    let sandbox = with_gateway("layout");
    sandbox.write("forge.yaml", sandbox.read("forge.yaml") + LAYOUT);
    sandbox.generate();
    let own = |path: &String| !path.starts_with(".forge/") && sandbox.path(path).is_file();
    let files: Vec<String> = sandbox.tree().into_keys().filter(own).collect();
    assert_data_eq!(
        files.join("\n"),
        str![[r#"
.env.example
.env.staging.example
.gitattributes
.gitignore
api/requirements.txt
docker/docker-compose.production.yml
docker/nginx/compression.conf
docker/nginx/filter.conf
docker/nginx/headers.conf
docker/nginx/hosts/main.conf
docker/nginx/limits.conf
docker/nginx/log.conf
docker/nginx/maps.conf
docker/nginx/nginx.conf
docker/nginx/proxy.conf
docker/nginx/proxy_headers.conf
docker/nginx/proxy_hide.conf
docker/nginx/requests.conf
docker/nginx/routes/main.conf
docker/nginx/tls.conf
docker/nginx/upstreams.conf
docker/production/api.Dockerfile
docker/production/api.Dockerfile.dockerignore
forge.yaml
ops/secrets
secrets/.gitignore
staging.yml
"#]]
    );
    let lines = |path: &str, words: &[&str]| -> String {
        let text = sandbox.read(path);
        let lines = text.lines().filter(|it| words.iter().any(|word| it.contains(word)));
        lines.map(|it| it.trim().to_owned() + "\n").collect()
    };
    assert_data_eq!(
        lines("docker/docker-compose.production.yml", &["docker compose", "First", "build:", "source:"]),
        str![[r##"
# Production, by forge from forge.yaml. First `ops/secrets`, and .env from .env.example; then
#   docker compose --env-file .env -f docker/docker-compose.production.yml up --detach --build --wait
build: { context: ../api, dockerfile: ../docker/production/api.Dockerfile, args: { VERSION: "${SHOP_VERSION:-local}" } }
- { type: bind, source: ../docker/nginx, target: /etc/nginx, read_only: true, bind: { create_host_path: false } }
- { type: bind, source: ../secrets/tls, target: /run/secrets/tls, read_only: true, bind: { create_host_path: false } }

"##]]
    );
    assert_data_eq!(
        lines("staging.yml", &["docker compose", "First", "build:", "source:"]),
        str![[r##"
# Staging, by forge from forge.yaml. First `ops/secrets --env staging`, and .env from .env.staging.example; then
#   docker compose -f staging.yml up --detach --build --wait
build: { context: ./api, dockerfile: ../docker/production/api.Dockerfile, args: { VERSION: "${SHOP_VERSION:-local}" } }
- { type: bind, source: ./docker/nginx, target: /etc/nginx, read_only: true, bind: { create_host_path: false } }
- { type: bind, source: ./secrets/tls, target: /run/secrets/tls, read_only: true, bind: { create_host_path: false } }

"##]]
    );
    assert_data_eq!(
        lines("ops/secrets", &["[init]", "cd -- ", "cd secrets", "chmod -R"]),
        str![[r##"
#   ops/secrets [init] [--env NAME]    makes what is missing
cd -- "$(dirname -- "$0")/../"
cd secrets
chmod -R go+rX ../docker/nginx

"##]]
    );
    assert_eq!(sandbox.run(&["diff"]).code, 0, "{}", sandbox.forge("diff"));
    assert_eq!(sandbox.run(&["lint"]).code, 0, "{}", sandbox.forge("lint"));
}

#[test]
fn a_file_that_moves_takes_an_edit_along_and_can_come_back() {
    let sandbox = with_gateway("moves");
    sandbox.generate();
    let spec = sandbox.read("forge.yaml");
    sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
    sandbox.edit("compose.yaml", "# forge:keep services\n", "# forge:keep services\n  # my own service\n");
    sandbox.write("forge.yaml", format!("{spec}{LAYOUT}"));
    sandbox.generate();
    let moved = "docker/production/api.Dockerfile";
    assert!(sandbox.read(moved).contains("# mine") && !sandbox.exists("api/Dockerfile"), "{}", sandbox.forge("diff"));
    assert!(sandbox.read("docker/docker-compose.production.yml").contains("  # my own service\n"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
    sandbox.write("forge.yaml", &spec);
    sandbox.generate();
    assert!(
        sandbox.read("api/Dockerfile").contains("# mine") && !sandbox.exists("docker"),
        "{}",
        sandbox.forge("diff")
    );
    // Somebody else's file is where one wants to go: nothing is lost, and nothing is written.
    sandbox.write("forge.yaml", format!("{spec}{LAYOUT}"));
    sandbox.write(moved, "FROM scratch\n");
    let said = sandbox.run(&["generate"]);
    assert_eq!((said.code, sandbox.read(moved).as_str()), (1, "FROM scratch\n"), "{}", said.text());
    assert!(sandbox.read("api/Dockerfile").contains("# mine"));
}

#[test]
fn a_layout_that_cannot_be_is_refused() {
    let sandbox = with_gateway("odd-layout");
    let spec = sandbox.read("forge.yaml");
    let more = "layout:\n  compose:\n    production: { file: docker/compose.yml }\n    staging: { file: compose.override.yml }\n    stagin: { file: a.yml }\n  dockerfile: .git/Dockerfile\n  nginx: api\n";
    sandbox.write("forge.yaml", format!("{spec}{more}"));
    assert_data_eq!(
        sandbox.forge("validate"),
        str![[r#"
exit 1
--- stdout
error[context]: `api` is a folder that forge fills itself
 --> forge.yaml:5:38
  |
5 |     build: { stack: python, context: ./api }
  |                                      ^^^^^
  |
  = help: keep the source in another folder

error[layout]: compose reads `compose.override.yml` without being told, also in production
  --> forge.yaml:16:22
   |
16 |     staging: { file: compose.override.yml }
   |                      ^^^^^^^^^^^^^^^^^^^^
   |
   = help: call it otherwise

error[layout]: `compose.override.yml` is laid over `docker/compose.yml`, which lies in another folder
  --> forge.yaml:16:22
   |
16 |     staging: { file: compose.override.yml }
   |                      ^^^^^^^^^^^^^^^^^^^^
   |
   = help: paths in both begin where the first lies: put them into one folder, or write `whole: true`

error[unknown-name]: there is no environment `stagin`
  --> forge.yaml:17:5
   |
17 |     stagin: { file: a.yml }
   |     ^^^^^^
   |
   = help: did you mean `staging`?

error[layout]: nothing that forge writes can lie in `.git`
  --> forge.yaml:18:15
   |
18 |   dockerfile: .git/Dockerfile
   |               ^^^^^^^^^^^^^^^
   |
   = help: name another place

--- stderr
forge.yaml is invalid: 5 errors

"#]]
    );
}

#[test]
fn files_of_a_stopped_run_are_forges_whatever_they_are_called_by_then() {
    let spec = |name: &str| {
        format!("forge: 1\nname: shop\nservices:\n  {name}:\n    build: {{ stack: static, context: ./site }}\n")
    };
    let sandbox = Sandbox::new("renamed").file("forge.yaml", spec("site")).folder("site/public");
    sandbox.generate();
    let old = sandbox.read(".forge/manifest.json");
    sandbox.write("forge.yaml", spec("pages"));
    sandbox.generate();
    std::fs::rename(sandbox.path(".forge/manifest.json"), sandbox.path(".forge/pending.json")).expect("it is there");
    sandbox.write(".forge/manifest.json", old);
    sandbox.write("forge.yaml", spec("site"));
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 0 && !said.stderr.contains("edit"), "{}", said.text());
    assert!(sandbox.read("site/Dockerfile").contains("shop-site"));
}

#[test]
fn files_of_a_stopped_run_are_forges_where_their_folder_moved() {
    let sandbox = generated("moved").file("backend/requirements.txt", "");
    let (spec, old) = (sandbox.read("forge.yaml"), sandbox.read(".forge/manifest.json"));
    sandbox.write("forge.yaml", spec.replace("./api", "./backend"));
    sandbox.generate();
    std::fs::rename(sandbox.path(".forge/manifest.json"), sandbox.path(".forge/pending.json")).expect("it is there");
    sandbox.write(".forge/manifest.json", old);
    // The stopped run had written the new files, and the spec went back: they go.
    sandbox.write("forge.yaml", spec);
    sandbox.generate();
    assert!(!sandbox.exists("backend/Dockerfile") && sandbox.exists("api/Dockerfile"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
}

#[test]
fn what_is_needed_under_another_name_is_not_deleted_through_a_link() {
    let sandbox = generated("through-a-link");
    std::fs::rename(sandbox.path("api"), sandbox.path("backend")).expect("it is ours");
    let sandbox = sandbox.link("api", "backend");
    sandbox.write("forge.yaml", sandbox.read("forge.yaml").replace("./api", "./backend"));
    sandbox.generate();
    assert!(sandbox.exists("backend/Dockerfile"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
}
