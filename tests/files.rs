//! Whose file is it: what `generate` does with files that are there, and what `diff` says of them.

use snapbox::{assert_data_eq, str};

use crate::sandbox::{SMALLEST, Sandbox};

/// A project after its first `generate`.
pub(crate) fn generated(name: &str) -> Sandbox {
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
fn a_diff_is_a_patch_that_does_what_generate_does() {
    let sandbox = generated("patch");
    sandbox.edit("api/Dockerfile", "LABEL org", "# mine ```\nLABEL org");
    sandbox.edit("compose.yaml", "services:", "# kept\nservices:");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    let patch = sandbox.run(&["diff", "--format", "unified"]);
    assert!(patch.code == 1 && !patch.stdout.contains("# kept"), "{}", patch.text());
    let other = Sandbox::new("patched");
    for path in ["api/Dockerfile", "compose.yaml"] {
        other.write(path, sandbox.read(path));
    }
    other.apply(&["git", "apply", "--include=api/Dockerfile"], &patch.stdout);
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
fn nothing_is_written_over_a_file_that_was_never_forges() {
    let sandbox = Sandbox::smallest("foreign").file("compose.yaml", "services: {}\n");
    let before = sandbox.tree();
    assert_data_eq!(
        sandbox.forge("generate"),
        str![[r#"
exit 1
--- stderr
compose.yaml: is there already, and never was forge's
nothing was written: 1 file is in the way. `forge diff` shows what forge would write; `forge adopt` takes them over as edits, `forge eject` leaves them to you for good

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
fn what_is_ejected_stays_so_when_its_path_changes() {
    let sandbox = generated("eject-moved");
    assert_eq!(sandbox.run(&["eject", "compose.yaml"]).code, 0);
    sandbox.write("compose.yaml", "services: {}\n");
    let spec = sandbox.read("forge.yaml");
    let layout = "layout: { compose: { production: { file: docker-compose.yml } } }\n";
    sandbox.write("forge.yaml", format!("{spec}{layout}"));
    let told = "docker-compose.yml is ejected as compose.yaml: move it yourself, then `forge eject docker-compose.yml`, or `forge adopt docker-compose.yml` takes it back\n";
    for words in [&["diff"][..], &["generate"], &["generate", "--check"]] {
        let said = sandbox.run(words);
        assert!(said.code == 0 && said.stderr.contains(told), "{words:?}: {}", said.text());
        assert!(!sandbox.exists("docker-compose.yml"), "{words:?}");
    }
    assert_eq!(sandbox.run(&["eject"]).stdout, "compose.yaml (the spec wants docker-compose.yml now)\n");
    // An edit of theirs is at either path what they wrote.
    std::fs::rename(sandbox.path("compose.yaml"), sandbox.path("docker-compose.yml")).expect("it is there");
    assert_eq!(sandbox.run(&["eject", "docker-compose.yml"]).code, 0);
    assert_eq!(sandbox.run(&["eject"]).stdout, "docker-compose.yml\n");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 0 && !said.stderr.contains("is ejected as"), "{}", said.text());
    assert_eq!(sandbox.read("docker-compose.yml"), "services: {}\n");
    // What an older forge remembers is only a path.
    let manifest: serde_json::Value = serde_json::from_str(&sandbox.read(".forge/manifest.json")).expect("it is JSON");
    assert_eq!(manifest["ejected"], serde_json::json!({ "docker-compose.yml": "compose" }));
    let mut old = manifest.clone();
    old["ejected"] = serde_json::json!(["docker-compose.yml"]);
    sandbox.write(".forge/manifest.json", serde_json::to_string_pretty(&old).expect("it is JSON") + "\n");
    sandbox.generate();
    let now: serde_json::Value = serde_json::from_str(&sandbox.read(".forge/manifest.json")).expect("it is JSON");
    assert_eq!((now, sandbox.read("docker-compose.yml").as_str()), (manifest, "services: {}\n"));
    sandbox.write("forge.yaml", spec);
    let said = sandbox.run(&["adopt", "compose.yaml"]);
    assert!(said.code == 0 && said.stderr.contains("adopted compose.yaml"), "{}", said.text());
    sandbox.generate();
    assert!(sandbox.read("compose.yaml").contains("api:"), "{}", sandbox.read("compose.yaml"));
    assert_eq!(sandbox.read("docker-compose.yml"), "services: {}\n");
}

#[test]
fn what_is_said_of_an_ejected_file_says_that_it_is_ejected() {
    let sandbox = generated("eject-told");
    assert_eq!(sandbox.run(&["eject", "compose.yaml"]).code, 0);
    let said = sandbox.run(&["eject", "compose.yaml", "api/Dockerfile"]);
    assert!(said.code == 0 && said.stderr.contains("compose.yaml is out of forge's hands already"), "{}", said.text());
    assert_eq!(sandbox.run(&["eject"]).stdout, "api/Dockerfile\ncompose.yaml\n");
    for words in [&["diff", "compose.yaml"][..], &["generate", "--theirs", "compose.yaml"], &["diff", "./compose.yaml"]]
    {
        let said = sandbox.run(words);
        assert!(said.code == 2 && said.stderr.contains("compose.yaml` is ejected"), "{words:?}: {}", said.text());
        assert!(said.stderr.contains("compose.yaml` takes it back"), "{words:?}: {}", said.text());
    }
    // Its service is gone: there is nothing to take back.
    let spec = SMALLEST.replace("  api:", "  web:").replace("./api", "./web");
    let sandbox = sandbox.file("forge.yaml", spec).file("web/requirements.txt", "");
    let said = sandbox.run(&["eject"]);
    assert!(said.stdout.starts_with("api/Dockerfile (forge makes no such file any more"), "{}", said.text());
    assert_eq!(sandbox.run(&["adopt", "api/Dockerfile"]).code, 0);
    assert_eq!(sandbox.run(&["eject"]).stdout, "compose.yaml\n");
    sandbox.write("docker-compose.yml", "services: {}\n");
    let said = sandbox.run(&["adopt", "docker-compose.yml"]);
    let told = "`layout: { compose: { production: { file: docker-compose.yml } } }` in the spec gives";
    assert!(said.code == 2 && said.stderr.contains(told), "{}", said.text());
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
fn files_without_what_forge_remembers_of_them_are_not_all_that_was_asked_for() {
    let sandbox = generated("forgotten");
    std::fs::remove_dir_all(sandbox.path(".forge")).expect("it is ours");
    for arguments in [&["generate", "--check"][..], &["diff", "--check", "--format", "names"]] {
        let said = sandbox.run(arguments);
        assert!(said.code == 1 && said.stdout.contains(".forge/: was removed"), "{}", said.text());
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
pub(crate) fn with_gateway(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name);
    let more = "gateway:\n  hosts: { main: { domain: a.example.com } }\n  tls: { mode: self-signed }\n  routes: [{ path: /, to: api }]\nenvironments: { staging: { overlay: { services: { api: { replicas: 3 } }, gateway: { hosts: { main: { domain: a.example.com } } } } } }\n";
    sandbox.write("forge.yaml", sandbox.read("forge.yaml") + more);
    sandbox
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
            "{ file: compose.yaml, at: services.api.build, remove: true }, { file: compose.yaml, at: services.api.image, remove: true }",
            "has no image",
        ),
        (
            "{ file: compose.yaml, at: services.api, remove: true }",
            "service `api` in `compose.staging.yaml` has no image",
        ),
        ("{ file: compose.yaml, at: services.api.privileged, set: \"TRUE\" }", "breaks `privileged`"),
        ("{ file: compose.yaml, at: services.api.user, set: \"00\" }", "breaks `container-root-user`"),
        (
            "{ file: compose.yaml, at: services.api.security_opt, set: [\"no-new-privileges:true\", \"no-new-privileges:false\"] }",
            "breaks `no-new-privileges`",
        ),
        (
            "{ file: compose.yaml, at: services.api.post_start, set: [{ command: id, privileged: true }] }",
            "breaks `privileged`",
        ),
        ("{ file: compose.yaml, at: services.api.networks, add: [elsewhere] }", "breaks `undefined-reference`"),
        (
            "{ file: api/Dockerfile, at: final.USER, before: RUNN x, exceptions: [{ rule: unreadable-dockerfile, reason: a }] }",
            "cannot be lifted",
        ),
        ("{ file: nginx/nginx.conf, at: http, add: \"map $uri $worn { ~^/(a+)+$ 1; }\" }", "breaks `runaway-regex`"),
        ("{ file: nginx/nginx.conf, at: forge:keep http, remove: true }", "there is no directive"),
        ("{ file: .env.example, at: \"# forge:keep variables\", after: A=1 }", "kept for the owner"),
    ] {
        sandbox.write("forge.yaml", format!("{spec}patches: [{patch}]\n"));
        let said = sandbox.run(&["validate"]);
        assert!(said.code == 1 && said.stdout.contains(words), "{patch}: {}", said.text());
        assert!(!said.text().contains("hunter2"), "{}", said.text());
    }
}
