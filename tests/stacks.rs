//! What stacks make of choices: folders in memory, migrations where there is no shell, the author's own Dockerfile.

use crate::sandbox::Sandbox;

/// A project of one service, `web`, with `more` in it, and with the files that its build reads.
fn web(name: &str, build: &str, more: &str, files: &[(&str, &str)]) -> Sandbox {
    let spec = format!("forge: 1\nname: shop\nservices:\n  web:\n    build: {{ {build}, context: . }}\n{more}");
    files.iter().fold(Sandbox::new(name).file("forge.yaml", spec), |sandbox, (path, text)| sandbox.file(path, text))
}

fn compose(sandbox: &Sandbox) -> String {
    sandbox.generate();
    sandbox.read("compose.yaml")
}

#[test]
fn folders_in_memory_lie_where_options_say() {
    let build = "stack: node, options: { framework: next, directory: apps/web }";
    let files = [("package.json", "{}"), ("package-lock.json", "{}")];
    let compose = compose(&web("tmpfs", build, "    healthcheck: { http: /up }\n", &files));
    assert!(compose.contains("- /app/apps/web/.next/cache:size=64m,"), "{compose}");
}

#[test]
fn a_migration_is_bounded_with_what_the_image_has() {
    let migrate = "    port: 8000\n    migrate: { command: [/usr/local/bin/app, migrate], timeout: 90s }\n";
    let files = [("go.mod", ""), ("requirements.txt", "")];
    let of = |build: &str| compose(&web("bound", build, migrate, &files));
    let go = of("stack: go, options: { package_manager: none }");
    assert!(go.contains(r#"[/usr/local/libexec/healthcheck, bound, "90", /usr/local/bin/app, migrate]"#), "{go}");
    let slim = of("stack: go, options: { package_manager: none, variant: slim }");
    assert!(slim.contains(r#"[timeout, "90", /usr/local/bin/app, migrate]"#), "{slim}");
    let said = web("unbound", "stack: static", migrate, &[("public/index.html", "")]).run(&["validate"]);
    assert!(said.stdout.contains("nothing in this image ends a migration that takes too long"), "{}", said.text());
}

#[test]
fn of_volumes_only_those_are_told_that_an_own_dockerfile_says_nothing_of() {
    let more = "    command: [/app]\n    healthcheck: { command: [/app, well] }\n    writable: { /data: { volume: data }, /cache: { volume: cache } }\n";
    let dockerfile = "FROM debian:trixie-slim\nRUN install -d -o 10001 -g 10001 /data\n# /cache\nUSER 10001:10001\n";
    let build = "stack: custom, user: { uid: 10001, gid: 10001 }";
    let said = web("own", build, more, &[("Dockerfile", dockerfile)]).run(&["validate"]).text();
    assert!(said.contains("a new volume on `/cache` is root's") && !said.contains("on `/data`"), "{said}");
    assert!(said.contains("write `RUN install -d -o 10001 -g 10001 -m 0750 /cache` into it"), "{said}");
}

#[test]
fn a_file_that_a_backing_reads_is_looked_for() {
    let more = "    port: 8000\n    needs: [db]\nbackings:\n  db: { kind: postgres, options: { init: [db/one.sql, db/two.sql] } }\n";
    let files = [("go.mod", ""), ("db/one.sql", "")];
    let said = web("init", "stack: go, options: { package_manager: none }", more, &files).run(&["validate"]).text();
    assert!(
        said.contains("`db` reads `db/two.sql`, and there is no such file") && !said.contains("one.sql`,"),
        "{said}"
    );
}
