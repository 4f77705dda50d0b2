//! Whose file is it: what `generate` does with files that are there, and what `diff` says of them.

use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;

/// A project after its first `generate`.
fn generated(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name);
    sandbox.generate();
    sandbox
}

#[test]
fn generating_again_touches_nothing() {
    let sandbox = generated("again");
    let before = sandbox.tree();
    assert_data_eq!(
        sandbox.forge("generate"),
        str![[r#"
exit 0
--- stderr
6 files: 6 right already
warning: images go by their tags alone, which can stand for something else tomorrow: `forge lock` looks up their digests

"#]]
    );
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn an_edit_is_kept_and_shown() {
    let sandbox = generated("edit");
    sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
    assert_data_eq!(
        sandbox.forge("diff"),
        str![[r#"
exit 1
--- stdout
api/Dockerfile: was edited
--- forge/api/Dockerfile
+++ disk/api/Dockerfile
@@ -11,6 +11,7 @@
     pip --python /opt/venv/bin/python install --requirement /tmp/requirements.txt
 
 FROM python:3.13-slim AS source
+# mine
 WORKDIR /app
 COPY . .
 # a checkout under umask 077 must not become files that uid 10001 cannot read

--- stderr
1 file differs, 1 of them edited: `forge generate` keeps edits

"#]]
    );
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert!(sandbox.read("api/Dockerfile").contains("# mine"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0, "an edit that is kept is no reason to fail a check");
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 0);
}

#[test]
fn a_file_follows_the_spec() {
    let sandbox = generated("moved");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    let said = sandbox.run(&["diff", "--format", "names"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, "api/Dockerfile: the spec moved\n"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 1);
    sandbox.generate();
    assert!(sandbox.read("api/Dockerfile").contains("EXPOSE 8001"));
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

/// A project in which `api/Dockerfile` was edited where the spec moved.
fn conflicting(name: &str) -> Sandbox {
    let sandbox = generated(name);
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9999");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    sandbox
}

#[test]
fn what_cannot_be_merged_is_never_marked() {
    for (name, damage) in [("no-text", false), ("no-base", true)] {
        let sandbox = generated(name);
        if damage {
            sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
            // As a search and replace over the whole project does.
            let digest = forge::compare::digest(sandbox.read("api/Dockerfile").replace("# mine\n", "").as_bytes());
            sandbox.edit(&format!(".forge/base/{digest}"), "WORKDIR", "WORK");
        } else {
            let mut bytes = sandbox.read("api/Dockerfile").into_bytes();
            bytes.extend(b"# gr\xfcn\n");
            sandbox.write("api/Dockerfile", bytes);
        }
        sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
        let before = sandbox.tree();
        for arguments in [&["generate"][..], &["generate", "--conflict=markers"]] {
            let said = sandbox.run(arguments);
            assert!(said.code == 1 && said.stderr.contains("base text in .forge/base is damaged"), "{}", said.text());
            assert_eq!(sandbox.tree(), before);
        }
        let said = sandbox.run(&["generate", "--conflict=theirs"]);
        assert!(said.code == 0 && said.stderr.contains("your edit was dropped"), "{}", said.text());
    }
}

#[test]
fn what_is_ejected_stays_whatever_becomes_of_its_service() {
    let spec = |name: &str| {
        format!(
            "forge: 1\nname: shop\nservices:\n  {name}:\n    build: {{ stack: static, context: ./site }}\n  more:\n    build: {{ stack: static, context: ./more }}\n"
        )
    };
    let sandbox =
        Sandbox::new("eject-renamed").file("forge.yaml", spec("web")).folder("site/public").folder("more/public");
    sandbox.generate();
    // A run was stopped before, and the service has another name by now.
    std::fs::copy(sandbox.path(".forge/manifest.json"), sandbox.path(".forge/pending.json")).expect("it is there");
    sandbox.write("forge.yaml", spec("front"));
    assert_eq!(sandbox.run(&["eject", "site/Dockerfile"]).code, 0);
    let kept = sandbox.read("site/Dockerfile");
    sandbox.generate();
    assert_eq!(sandbox.read("site/Dockerfile"), kept);
    let without = spec("front").replace("  front:\n    build: { stack: static, context: ./site }\n", "");
    sandbox.write("forge.yaml", without);
    sandbox.generate();
    assert_eq!(sandbox.read("site/Dockerfile"), kept);
    assert!(!sandbox.exists("site/.dockerignore"), "what was not ejected goes with its service");
}

#[test]
fn to_eject_without_base_texts_forgets_nothing_else() {
    let sandbox = generated("eject-without-base");
    sandbox.edit("compose.yaml", "services:", "# mine\nservices:");
    std::fs::rename(sandbox.path(".forge/base"), sandbox.path("aside")).expect("it is there");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 1 && said.stderr.contains("its base text is missing"), "{}", said.text());
    assert_eq!(sandbox.run(&["eject", "api/Dockerfile"]).code, 0);
    std::fs::remove_dir_all(sandbox.path(".forge/base")).ok();
    std::fs::rename(sandbox.path("aside"), sandbox.path(".forge/base")).expect("it is there");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 0 && said.stderr.contains("kept your edit of compose.yaml"), "{}", said.text());
}

#[test]
fn an_edit_is_merged_with_what_the_spec_asks_later() {
    let sandbox = generated("merged");
    sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    let said = sandbox.run(&["diff", "--check", "--format", "names"]);
    assert!(
        said.stdout.contains("api/Dockerfile: was edited, and the spec moved: both fit together"),
        "{}",
        said.text()
    );
    sandbox.generate();
    let dockerfile = sandbox.read("api/Dockerfile");
    assert!(dockerfile.contains("# mine") && dockerfile.contains("EXPOSE 8001"), "{dockerfile}");
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
    // The base is what forge wanted, so the edit is still one.
    let diff = sandbox.forge("diff");
    assert!(diff.contains("+# mine") && !diff.contains("800"), "{diff}");
}

#[test]
fn a_diff_is_a_patch_that_does_what_generate_does() {
    let sandbox = generated("patch");
    sandbox.edit("api/Dockerfile", "LABEL org", "# mine ```\nLABEL org");
    sandbox.edit("compose.yaml", "services:", "# kept\nservices:");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    let patch = sandbox.run(&["diff", "--format", "unified"]);
    assert!(patch.code == 1 && !patch.stdout.contains("# kept"), "{}", patch.text());
    sandbox.write("changes.patch", &patch.stdout);
    let other = Sandbox::new("patched");
    for path in ["api/Dockerfile", "compose.yaml"] {
        other.write(path, sandbox.read(path));
    }
    let applied = std::process::Command::new("git")
        .args(["apply", "--include=api/Dockerfile"])
        .arg(sandbox.path("changes.patch"))
        .current_dir(other.path(""))
        .status();
    assert!(applied.expect("git is there").success());
    let stat = sandbox.forge("diff --format stat");
    assert!(stat.contains(" api/Dockerfile | ") && stat.contains("both fit together"), "{stat}");
    let markdown = sandbox.forge("diff --format markdown");
    assert!(
        markdown.contains("<summary><code>api/Dockerfile</code>") && markdown.contains("\n````diff\n"),
        "{markdown}"
    );
    sandbox.generate();
    assert_eq!(other.read("api/Dockerfile"), sandbox.read("api/Dockerfile"));
}

#[test]
fn where_an_edit_and_the_spec_want_something_else_nothing_is_written() {
    let sandbox = conflicting("conflict");
    let before = sandbox.tree();
    for _ in 0..2 {
        let said = sandbox.run(&["generate"]);
        assert_eq!(said.code, 1);
        let words = "api/Dockerfile: was edited, and the spec moved in the same place\nnothing was written.";
        assert!(said.stderr.contains(words), "{}", said.text());
    }
    assert_eq!(sandbox.tree(), before);
    let diff = sandbox.forge("diff api/Dockerfile");
    assert!(
        diff.contains("+<<<<<<< edited\n EXPOSE 8000 9999\n+||||||| base\n+EXPOSE 8000\n+=======\n+EXPOSE 8001"),
        "{diff}"
    );
}

#[test]
fn a_conflict_is_decided_by_who_generates() {
    for (way, has, lacks) in [
        ("ours", "EXPOSE 8000 9999\n", "EXPOSE 8001"),
        ("theirs", "EXPOSE 8001\n", "9999"),
        ("markers", "||||||| base\nEXPOSE 8000\n=======\nEXPOSE 8001\n>>>>>>> forge\n", "nothing of that"),
    ] {
        let sandbox = conflicting(way);
        let said = sandbox.run(&["generate", &format!("--conflict={way}")]);
        assert_eq!(said.code, 0, "{}", said.text());
        let dockerfile = sandbox.read("api/Dockerfile");
        assert!(dockerfile.contains(has) && !dockerfile.contains(lacks), "{way}:\n{dockerfile}");
        // As long as markers are in it, it is not done.
        assert_eq!(sandbox.run(&["generate", "--check"]).code, i32::from(way == "markers"));
    }
}

#[test]
fn nothing_is_written_over_a_file_that_was_never_forges() {
    let sandbox = Sandbox::smallest("foreign").file("compose.yaml", "services: {}\n");
    let before = sandbox.tree();
    assert_data_eq!(
        sandbox.forge("generate"),
        str![[r#"
exit 1
--- stderr
compose.yaml: is there already, and never was forge's
nothing was written: 1 file is in the way. `forge diff` shows what forge would write; `forge adopt` takes them over as edits, or move them away

"#]]
    );
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn what_was_never_forges_is_adopted_as_an_edit() {
    let sandbox = generated("adopt");
    std::fs::remove_dir_all(sandbox.path(".forge")).expect("it is there");
    sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
    sandbox.edit("compose.yaml", "name: shop", "# mine\nname: shop");
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    assert!(sandbox.run(&["adopt", "api/Dockrfile"]).stderr.contains("did you mean `api/Dockerfile`?"));
    let before = sandbox.read("compose.yaml");
    let said = sandbox.run(&["adopt", "compose.yaml", "api"]);
    assert!(said.code == 0 && said.stderr.contains("2 files taken over as edits"), "{}", said.text());
    assert_eq!(sandbox.read("compose.yaml"), before);
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    sandbox.generate();
    let dockerfile = sandbox.read("api/Dockerfile");
    assert!(dockerfile.contains("# mine") && dockerfile.contains("EXPOSE 8001"), "{dockerfile}");
    assert_eq!(sandbox.read("compose.yaml"), before);
    let said = sandbox.run(&["adopt", "."]);
    assert!(said.code == 0 && said.stderr.contains("nothing to adopt"), "{}", said.text());
}

#[test]
fn what_is_ejected_is_its_owners_until_it_is_adopted() {
    let sandbox = generated("eject");
    let said = sandbox.run(&["eject", "api/Dockerfile", "api/.dockerignore"]);
    assert!(said.code == 0 && said.stderr.contains("2 files out of forge's hands"), "{}", said.text());
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0, "that is what forge remembers");
    sandbox.write("api/Dockerfile", "FROM scratch\n");
    std::fs::remove_file(sandbox.path("api/.dockerignore")).expect("it is there");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    sandbox.generate();
    assert_eq!(sandbox.read("api/Dockerfile"), "FROM scratch\n");
    assert!(!sandbox.exists("api/.dockerignore"));
    assert_eq!(sandbox.run(&["diff"]).code, 0);
    let said = sandbox.run(&["adopt", "api"]);
    assert!(said.code == 0 && said.stderr.contains("adopted api/Dockerfile"), "{}", said.text());
    sandbox.generate();
    assert!(sandbox.exists("api/.dockerignore"), "what is not there is written again");
    let diff = sandbox.forge("diff");
    assert!(diff.contains("api/Dockerfile: was edited") && diff.contains("+FROM scratch"), "{diff}");
    assert_eq!(sandbox.run(&["eject", ".gitignore"]).code, 2);
}

#[test]
fn a_file_that_is_just_as_wanted_is_taken_over() {
    let sandbox = generated("takeover");
    std::fs::remove_dir_all(sandbox.path(".forge")).expect("it is there");
    sandbox.generate();
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn a_removed_file_comes_back_and_a_mode_is_set_again() {
    let sandbox = Sandbox::smallest("gone").file(
        "forge.yaml",
        "forge: 1\nname: shop\nservices:\n  api:\n    build: { stack: python, context: ./api }\n    command: [python, -m, app]\n    port: 8000\n    needs: [db]\nbackings:\n  db: { kind: postgres }\n",
    );
    sandbox.generate();
    std::fs::remove_file(sandbox.path("compose.yaml")).expect("it is there");
    sandbox.set_mode("scripts/secrets", 0o644);
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 0);
    assert!(
        said.stderr.contains("wrote compose.yaml (it was removed; `forge eject` lets it stay away)"),
        "{}",
        said.text()
    );
    assert!(said.stderr.contains("set the mode of scripts/secrets"), "{}", said.text());
    assert_eq!(sandbox.mode("scripts/secrets") & 0o111, 0o111);
}

#[test]
fn what_is_no_longer_wanted_goes_unless_it_was_edited() {
    let spec = "forge: 1\nname: shop\nservices:\n  a:\n    build: { stack: static, context: ./a }\n  b:\n    build: { stack: static, context: ./b }\n";
    let sandbox = Sandbox::new("unwanted").file("forge.yaml", spec).folder("a/public").folder("b/public");
    sandbox.generate();
    sandbox.edit("b/nginx.conf", "sendfile on;", "sendfile off;");
    sandbox.write("forge.yaml", spec.split("  b:").next().expect("it has a beginning"));
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 0);
    assert!(said.stderr.contains("b/nginx.conf: was edited, and is no longer wanted; it was kept"), "{}", said.text());
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 0, "it is its owner's from then on");
    assert!(!sandbox.exists("b/Dockerfile") && sandbox.exists("b/nginx.conf") && sandbox.exists("a/Dockerfile"));
}

#[test]
fn lines_go_into_a_gitignore_that_somebody_has() {
    let sandbox = Sandbox::smallest("lines").file(".gitignore", "target");
    sandbox.generate();
    assert_eq!(sandbox.read(".gitignore"), "target\n.env\n.env.*\n!.env*.example\n/secrets/*\n!/secrets/.gitignore\n");
    sandbox.edit(".gitignore", "target\n", "target\nmore\n");
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn looking_writes_nothing() {
    let sandbox = Sandbox::smallest("look");
    let before = sandbox.tree();
    for line in [
        &["generate", "--check"][..],
        &["generate", "--dry-run"],
        &["diff"],
        &["validate"],
        &["explain", "services.api"],
    ] {
        sandbox.run(line);
        assert_eq!(sandbox.tree(), before, "{line:?}");
    }
}

#[test]
fn an_output_folder_gets_everything_and_the_project_nothing() {
    let sandbox = Sandbox::smallest("output");
    let before = sandbox.tree();
    let out = sandbox.outside("out");
    let said = sandbox.run(&["generate", "--output", &out.to_string_lossy()]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(out.join("compose.yaml").is_file() && out.join("api/Dockerfile").is_file());
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn the_mode_of_an_edited_file_is_set_and_the_edit_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = generated("edited-mode");
    sandbox.edit("api/Dockerfile", "WORKDIR /app", "# mine\nWORKDIR /app");
    let path = sandbox.path("api/Dockerfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let said = sandbox.run(&["diff", "--check"]);
    assert!(said.code == 1 && said.stdout.contains("was edited, and its mode was changed"), "{}", said.text());
    sandbox.generate();
    assert_eq!(std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o111, 0);
    assert!(sandbox.read("api/Dockerfile").contains("# mine"));
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 0);
}

#[test]
fn a_run_that_was_killed_between_files_and_manifest_leaves_no_edits_behind() {
    let sandbox = generated("killed");
    let spec = |port: u16| sandbox.read("forge.yaml").replace("port: 8000", &format!("port: {port}"));
    let (first, killed, last) = (spec(8000), spec(8001), spec(8002));
    let old = [sandbox.read(".forge/manifest.json"), sandbox.read("compose.yaml")];
    sandbox.write("forge.yaml", killed);
    sandbox.generate();
    // As if it had been killed after some of its files: no manifest, no base texts, and another spec since.
    std::fs::rename(sandbox.path(".forge/manifest.json"), sandbox.path(".forge/pending.json")).expect("it is there");
    sandbox.write(".forge/manifest.json", &old[0]);
    sandbox.write("compose.yaml", &old[1]);
    for entry in std::fs::read_dir(sandbox.path(".forge/base")).expect("it is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !old[0].contains(&name) {
            std::fs::remove_file(path).expect("it is ours");
        }
    }
    sandbox.write("forge.yaml", last);
    sandbox.generate();
    assert_eq!(sandbox.run(&["diff"]).code, 0);
    assert!(!sandbox.path(".forge/pending.json").exists());
    sandbox.write("forge.yaml", first);
    sandbox.generate();
    assert_eq!([sandbox.read(".forge/manifest.json"), sandbox.read("compose.yaml")], old);
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

#[test]
fn files_without_what_forge_remembers_of_them_are_not_all_that_was_asked_for() {
    let sandbox = generated("forgotten");
    std::fs::remove_dir_all(sandbox.path(".forge")).expect("it is ours");
    for arguments in [&["generate", "--check"][..], &["diff", "--check", "--format", "names"]] {
        let said = sandbox.run(arguments);
        assert!(said.code == 1 && said.stdout.contains(".forge/manifest.json: new"), "{}", said.text());
    }
    sandbox.generate();
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn an_output_folder_with_a_project_of_its_own_is_refused() {
    let sandbox = generated("into-another");
    let other = generated("another");
    let before = other.tree();
    let said = sandbox.run(&["generate", "--output", &other.path("").to_string_lossy()]);
    assert!(said.code == 2 && said.stderr.contains("has a forge.yaml of its own"), "{}", said.text());
    assert_eq!(other.tree(), before);
    let said = sandbox.run(&["generate", "--check", "--output", "not-there"]);
    assert!(said.code == 1 && said.stdout.contains("compose.yaml: new"), "{}", said.text());
    assert!(!sandbox.exists("not-there"));
}

#[test]
fn whoever_brings_in_by_hand_what_the_spec_asks_for_is_done() {
    let sandbox = conflicting("by-hand");
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    sandbox.edit("api/Dockerfile", "EXPOSE 8000 9999", "EXPOSE 8001 9999");
    assert_eq!(sandbox.run(&["generate"]).code, 1, "forge cannot know that this is both");
    sandbox.edit("api/Dockerfile", "EXPOSE 8001 9999", "EXPOSE 8001");
    sandbox.generate();
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
}

#[test]
fn two_forges_do_not_write_at_once() {
    let sandbox = generated("two");
    let folder = std::fs::File::open(sandbox.path("")).expect("it is there");
    folder.lock().expect("nobody else has it");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 2 && said.stderr.contains("another forge is writing here"), "{}", said.text());
    assert_eq!(sandbox.run(&["diff"]).code, 0, "to look is no matter");
    drop(folder);
    sandbox.generate();
}

/// The smallest project with an environment and a gateway.
fn with_gateway(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name);
    let more = "gateway:\n  hosts: { main: { domain: a.example.com } }\n  tls: { mode: self-signed }\n  routes: [{ path: /, to: api }]\nenvironments: { staging: { overlay: { services: { api: { replicas: 3 } } } } }\n";
    sandbox.write("forge.yaml", sandbox.read("forge.yaml") + more);
    sandbox
}

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
.gitattributes
.gitignore
api/requirements.txt
docker/docker-compose.production.yml
docker/nginx/headers.conf
docker/nginx/hosts/main.conf
docker/nginx/limits.conf
docker/nginx/log.conf
docker/nginx/nginx.conf
docker/nginx/proxy.conf
docker/nginx/proxy_headers.conf
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
# Staging, by forge from forge.yaml. First `ops/secrets staging`, and .env from .env.example; then
#   docker compose -f staging.yml up --detach --build --wait
build: { context: ./api, dockerfile: ../docker/production/api.Dockerfile, args: { VERSION: "${SHOP_VERSION:-local}" } }
- { type: bind, source: ./docker/nginx, target: /etc/nginx, read_only: true, bind: { create_host_path: false } }
- { type: bind, source: ./secrets/tls, target: /run/secrets/tls, read_only: true, bind: { create_host_path: false } }

"##]]
    );
    assert_data_eq!(
        lines("ops/secrets", &["ops/", "cd ", "nginx"]),
        str![[r##"
#   ops/secrets
#   ops/secrets staging
echo "ops/secrets: no such environment: $environment" >&2
cd "$(dirname "$0")/../secrets"
chmod -R go+rX ../docker/nginx
echo "ops/secrets: another one is running, or was stopped: then remove secrets/.new" >&2
echo "ops/secrets: secrets/tls/$domain.crt and .key cannot be read, or do not belong together" >&2

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
fn a_conflict_is_decided_file_by_file() {
    let sandbox = with_gateway("decided");
    sandbox.generate();
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9000");
    sandbox.edit("nginx/upstreams.conf", "server api:8000 resolve;", "server api:8000 resolve max_fails=3;");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8080");
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    let said = sandbox.run(&["generate", "--ours", "api", "--theirs", "api/Dockerfile"]);
    assert_data_eq!(
        said.text(),
        str![[r#"
exit 2
--- stderr
error: `api/Dockerfile` is both in --ours and in --theirs
  = help: name it in one of them

"#]]
    );
    let said = sandbox.run(&["generate", "--ours", "api", "--theirs", "nginx/upstreams.conf"]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(sandbox.read("api/Dockerfile").contains("EXPOSE 8000 9000"));
    assert!(sandbox.read("nginx/upstreams.conf").contains("server api:8080 resolve;"));
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
}

#[test]
fn two_branches_that_both_generated_are_merged() {
    let sandbox = with_gateway("branches");
    let git = |words: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]);
        command.args(words).current_dir(sandbox.path("."));
        command.output().expect("git is there").status.success()
    };
    let commit = |message: &str| assert!(git(&["add", "-A"]) && git(&["commit", "-qm", message]));
    assert!(git(&["init", "-q", "-b", "main"]));
    sandbox.generate();
    commit("first");
    assert!(git(&["switch", "-qc", "other"]));
    sandbox.edit("forge.yaml", "replicas: 3", "replicas: 4");
    sandbox.generate();
    commit("other");
    assert!(git(&["switch", "-q", "main"]));
    sandbox.edit("forge.yaml", "  api:\n", "  api:\n    stop_grace_period: 45s\n");
    sandbox.generate();
    commit("main");
    assert!(!git(&["merge", "-q", "other"]), "the manifests are at odds");
    assert!(sandbox.read(".forge/manifest.json").contains("<<<<<<<"));
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 1, "the conflict is a difference");
    sandbox.generate();
    assert!(!sandbox.read(".forge/manifest.json").contains("<<<<<<<"));
    assert!(sandbox.read("compose.staging.yaml").contains("replicas: 4"));
    assert!(sandbox.read("compose.yaml").contains("stop_grace_period: 45s"));
    assert_eq!(sandbox.run(&["diff"]).code, 0, "{}", sandbox.forge("diff"));
}

#[test]
fn deciding_a_conflict_decides_that_alone() {
    for (way, port) in [("--theirs", "EXPOSE 8080"), ("--ours", "EXPOSE 8000 9000")] {
        let sandbox = with_gateway("alone");
        sandbox.generate();
        sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9000");
        sandbox.edit("api/Dockerfile", "# forge:keep final\n", "# forge:keep final\nRUN mine\n");
        sandbox.edit(
            "api/Dockerfile",
            "FROM python:3.13-slim AS source",
            "# elsewhere\nFROM python:3.13-slim AS source",
        );
        sandbox.edit("forge.yaml", "port: 8000", "port: 8080");
        let said = sandbox.run(&["generate", way, "api/Dockerfile"]);
        assert_eq!(said.code, 0, "{}", said.text());
        let text = sandbox.read("api/Dockerfile");
        for line in [port, "RUN mine", "# elsewhere"] {
            assert!(text.contains(line), "{way}: no {line} in\n{text}");
        }
        assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
    }
}

#[test]
fn markers_that_nobody_decided_are_no_edit() {
    let sandbox = with_gateway("undecided");
    sandbox.generate();
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9000");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8080");
    assert_eq!(sandbox.run(&["generate", "--conflict", "markers"]).code, 0);
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 1);
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 1);
    assert_data_eq!(
        sandbox.forge("generate"),
        str![[r#"
exit 1
--- stderr
api/Dockerfile: has markers of a conflict in it, between which nobody has chosen
nothing was written. `forge diff` shows both sides; bring what the spec asks into the file by hand, or decide: `--ours PATH`, `--theirs PATH` for single files, `--conflict=markers`, `ours` or `theirs` for all

"#]]
    );
    assert_eq!(sandbox.run(&["generate", "--theirs", "api/Dockerfile"]).code, 0);
    let text = sandbox.read("api/Dockerfile");
    assert!(text.contains("EXPOSE 8080\n") && !text.contains("<<<<<<<"), "{text}");
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn a_block_of_the_owners_that_moved_is_not_lost_in_a_conflict() {
    let sandbox = with_gateway("moved-block");
    sandbox.generate();
    sandbox.edit("api/Dockerfile", "# forge:keep final\n# forge:end\n", "");
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "# forge:keep final\nRUN mine\n# forge:end\nEXPOSE 8000 9000");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8080");
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    assert_eq!(sandbox.run(&["generate", "--conflict", "markers"]).code, 0);
    assert!(sandbox.read("api/Dockerfile").contains("RUN mine"), "{}", sandbox.read("api/Dockerfile"));
}

#[test]
fn a_patch_that_would_do_harm_is_refused() {
    let sandbox = with_gateway("harm");
    let spec = sandbox.read("forge.yaml");
    for (patch, words) in [
        ("{ file: .env.example, add: \"DB_PASSWORD=hunter2secret99\" }", "credential"),
        ("{ file: api/Dockerfile, at: final.USER, before: \"ENV API_TOKEN=hunter2secret99\" }", "credential"),
        ("{ file: compose.yaml, at: services.api.environment, set: { API_TOKEN: hunter2secret99 } }", "credential"),
        ("{ file: compose.yaml, at: services.api.foo, set: bar }", "is no compose file"),
        (
            "{ file: api/Dockerfile, at: final.USER, before: RUNN x, exceptions: [{ rule: unreadable-dockerfile, reason: a }] }",
            "cannot be lifted",
        ),
        ("{ file: nginx/nginx.conf, at: forge:keep http, remove: true }", "there is no directive"),
        ("{ file: .env.example, at: \"# forge:keep variables\", after: A=1 }", "kept for the owner"),
    ] {
        sandbox.write("forge.yaml", format!("{spec}patches: [{patch}]\n"));
        let said = sandbox.run(&["validate"]);
        assert!(said.code == 1 && said.stdout.contains(words), "{patch}: {}", said.text());
        assert!(!said.text().contains("hunter2"), "{}", said.text());
    }
}
