//! What `forge diff` tells a reviewer: whose doing a difference is, what it means, and in which formats.

use std::path::Path;
use std::process::Command;

use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;

/// A project after its first `generate`.
fn generated(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name);
    sandbox.generate();
    sandbox
}

/// A project in which `api/Dockerfile` was edited where the spec moved, and elsewhere.
fn conflicting(name: &str) -> Sandbox {
    let sandbox = generated(name);
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9999");
    sandbox.edit("api/Dockerfile", "FROM python:3.13-slim AS source\n", "FROM python:3.13-slim AS source\n# mine\n");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    sandbox
}

/// Every format that `forge diff` has.
const FORMATS: [&str; 8] = ["human", "names", "unified", "stat", "markdown", "json", "github", "sarif"];

/// Validates what `--format json` gives against the schema that is shipped.
fn valid(sandbox: &Sandbox, words: &[&str]) -> serde_json::Value {
    let said = sandbox.run(words);
    let document = said.json();
    let schema = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/diff.schema.json"));
    let schema = serde_json::from_str(&schema.expect("it is shipped")).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", said.text());
    document
}

#[test]
fn the_schema_of_the_json_format_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/diff.schema.json");
    let said = Sandbox::new("diff-schema").run(&["schema", "diff"]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &said.stdout).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(said.stdout == committed, "schema/diff.schema.json is stale: `UPDATE=1 cargo test schema` writes it");
}

#[test]
fn each_hunk_says_whose_it_is() {
    let sandbox = generated("hunks");
    sandbox.edit("api/Dockerfile", "FROM python:3.13-slim AS source\n", "FROM python:3.13-slim AS source\n# mine\n");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    assert_data_eq!(
        sandbox.forge("diff --no-pager"),
        str![[r#"
exit 1
--- stdout
api/Dockerfile: was edited, and the spec moved: both fit together
  stage final: port 8001 exposed
  stage final: port 8000 no longer exposed
  stage final: health check … socket.create_connection(('127.0.0.1', 8000), 4) → … socket.create_connection(('127.0.0.1', 8001), 4)
--- forge/api/Dockerfile
+++ disk/api/Dockerfile
@@ -11,6 +11,7 @@ edited by hand: kept
     pip --python /opt/venv/bin/python install --requirement /tmp/requirements.txt
 
 FROM python:3.13-slim AS source
+# mine
 WORKDIR /app
 COPY . .
 # a checkout under umask 077 must not become files that uid 10001 cannot read
--- disk/api/Dockerfile
+++ forge/api/Dockerfile
@@ -34,7 +34,7 @@ the spec moved
 # forge:keep final
 # forge:end
 USER 10001:10001
-EXPOSE 8000
+EXPOSE 8001
 HEALTHCHECK --interval=30s --timeout=5s --retries=3 --start-period=30s --start-interval=1s /
-    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 4)"]
+    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8001), 4)"]
 CMD ["python", "-m", "app"]

--- stderr
1 file differs, 1 of them edited: `forge generate` keeps edits

"#]]
    );
    let document = valid(&sandbox, &["diff", "--format", "json"]);
    let hunks = document["changes"][0]["hunks"].as_array().expect("a list");
    let by: Vec<_> = hunks.iter().map(|it| (it["by"][0].clone(), it["stays"].clone())).collect();
    assert_eq!(by, [("edit".into(), true.into()), ("spec".into(), false.into())]);
}

#[test]
fn a_conflict_shows_both_sides_in_every_format() {
    let sandbox = conflicting("conflict-formats");
    // A patch does what `forge generate` does: nothing.
    for format in FORMATS.into_iter().filter(|it| *it != "unified") {
        let said = sandbox.run(&["diff", "--format", format]);
        assert_eq!(said.code, 1, "{format}: {}", said.text());
        assert!(said.stdout.contains("api/Dockerfile"), "{format}: {}", said.text());
    }
    let document = valid(&sandbox, &["diff", "--format", "json"]);
    let hunks = document["changes"][0]["hunks"].as_array().expect("a list");
    let conflict = hunks.iter().find(|it| it["conflict"] == true).expect("there is one");
    assert_eq!(conflict["by"], serde_json::json!(["spec", "edit"]));
    assert_eq!(document["summary"]["conflicts"], 1);
    let github = sandbox.run(&["diff", "--format", "github"]).stdout;
    let line = sandbox.read("api/Dockerfile").lines().position(|it| it == "EXPOSE 8000 9999").expect("it is there") + 1;
    let expected = format!("::error file=api/Dockerfile,line={line},title=conflict::was edited, and the spec moved");
    assert!(github.contains(&expected), "{github}");
}

#[test]
fn who_moved_is_told_of_every_file() {
    let sandbox = generated("movers");
    let reason = || sandbox.run(&["diff", "--format", "names", "api/Dockerfile"]).stdout;
    sandbox.edit("forge.yaml", "name: shop", "# a comment is no other spec\nname: shop");
    assert_eq!(sandbox.run(&["diff"]).code, 0, "what the files are made of is nothing to commit by itself");
    let template =
        "{% extends \"forge/stacks/python/Dockerfile.j2\" %}\n{% block source %}# ours\n{{ super() }}{% endblock %}\n";
    sandbox.write("forge-templates/stacks/python/Dockerfile.j2", template);
    assert_eq!(reason(), "api/Dockerfile: forge-templates/ moved\n");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    assert_eq!(reason(), "api/Dockerfile: the spec and forge-templates/ moved\n");
    sandbox.generate();
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

/// Makes the project one that an older forge generated, whose Dockerfiles lacked a line.
fn aged(sandbox: &Sandbox, line: &str) {
    let text = sandbox.read("api/Dockerfile");
    let older = text.replacen(line, "", 1);
    assert_ne!(text, older);
    let (now, then) = (forge::compare::digest(text.as_bytes()), forge::compare::digest(older.as_bytes()));
    sandbox.write("api/Dockerfile", &older);
    sandbox.write(&format!(".forge/base/{then}"), &older);
    std::fs::remove_file(sandbox.path(&format!(".forge/base/{now}"))).expect("it is there");
    sandbox.edit(".forge/manifest.json", &now, &then);
    sandbox.edit(".forge/manifest.json", "\"forge\": \"", "\"forge\": \"0.0.1-");
}

#[test]
fn what_another_forge_changes_is_told_with_its_changelog_and_merged() {
    let sandbox = generated("upgrade");
    aged(&sandbox, "EXPOSE 8000\n");
    let version = env!("CARGO_PKG_VERSION");
    let said = sandbox.run(&["diff"]);
    assert!(
        said.stdout.starts_with(&format!("api/Dockerfile: forge (0.0.1-{version} → {version}) moved\n")),
        "{}",
        said.text()
    );
    assert!(said.stdout.contains(&format!("\n  forge {version}: Multi-stage builds")), "{}", said.text());
    assert!(!said.stdout.contains("A gateway with TLS"), "that is about other files: {}", said.text());
    let document = valid(&sandbox, &["diff", "--format", "json"]);
    assert_eq!(document["changes"][0]["hunks"][0]["by"], serde_json::json!(["forge"]));
    assert_eq!(document["changes"][0]["changelog"][0]["version"], version);
    let markdown = sandbox.run(&["diff", "--format", "markdown"]).stdout;
    assert!(markdown.contains(&format!("\n- forge {version}: Multi-stage builds")), "{markdown}");
    // An edit of the older file stays, and what forge wants now comes in.
    sandbox.edit("api/Dockerfile", "FROM python:3.13-slim AS source\n", "FROM python:3.13-slim AS source\n# mine\n");
    sandbox.generate();
    let dockerfile = sandbox.read("api/Dockerfile");
    assert!(dockerfile.contains("# mine\n") && dockerfile.contains("EXPOSE 8000\n"), "{dockerfile}");
    assert!(sandbox.read(".forge/manifest.json").contains(&format!("\"forge\": \"{version}\"")));
}

#[test]
fn another_forge_that_makes_the_same_files_is_no_difference() {
    let sandbox = generated("same-upgrade");
    sandbox.edit(".forge/manifest.json", "\"forge\": \"", "\"forge\": \"0.0.1-");
    assert_eq!(sandbox.run(&["diff"]).code, 0);
    assert_eq!(sandbox.run(&["generate", "--check"]).code, 0);
}

#[test]
fn what_a_difference_means_comes_before_its_lines() {
    let sandbox = generated("meaning");
    sandbox.edit("compose.yaml", "memory: 512M", "memory: 1G");
    let said = sandbox.run(&["diff"]);
    let meaning = said.stdout.find("! loosens security: services.api: ").unwrap_or_else(|| panic!("{}", said.text()));
    assert!(meaning < said.stdout.find("@@").expect("there are lines"), "{}", said.text());
    assert!(said.stderr.contains("1 change loosens security"), "{}", said.text());
    let github = sandbox.run(&["diff", "--format", "github"]).stdout;
    assert!(github.contains("::warning file=compose.yaml,line="), "{github}");
    assert_eq!(valid(&sandbox, &["diff", "--format", "json"])["summary"]["loosening"], 1);
    let semantic = sandbox.run(&["diff", "--semantic"]);
    assert!(semantic.code == 1 && semantic.stdout.contains("loosens security") && !semantic.stdout.contains("@@"));
}

#[test]
fn what_may_cost_data_is_not_called_a_matter_of_security() {
    let spec = |version| {
        format!("{}backings:\n  db: {{ kind: postgres, version: \"{version}\" }}\n", crate::sandbox::SMALLEST)
    };
    let sandbox = Sandbox::smallest("costs-data").file("forge.yaml", spec(17));
    sandbox.generate();
    sandbox.write("forge.yaml", spec(18));
    let said = sandbox.run(&["diff", "compose.yaml"]);
    let words = "may cost data: services.db: what is in its volumes is of postgres 17, and 18 may not read it";
    assert!(said.stdout.contains(&format!("! {words}")) && !said.text().contains("security"), "{}", said.text());
    assert!(said.stderr.contains("1 change may cost data"), "{}", said.text());
    let github = sandbox.run(&["diff", "--format", "github"]).stdout;
    assert!(github.contains("title=costs-data::may cost data: services.db: "), "{github}");
    let sarif = sandbox.run(&["diff", "--format", "sarif"]).json();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].to_string();
    assert!(rules.contains("\"costs-data\"") && !rules.contains("loosens-security"), "{rules}");
    let json = valid(&sandbox, &["diff", "--format", "json"]);
    assert_eq!((&json["summary"]["loosening"], &json["summary"]["costing_data"]), (&0.into(), &1.into()));
    assert_eq!(json["changes"].to_string().matches("\"cost\":\"data\"").count(), 1, "{json}");
    assert!(sandbox.run(&["diff", "--format", "markdown"]).stdout.contains("- ⚠️ may cost data: services.db: "));
}

#[test]
fn order_and_comments_are_no_semantic_difference() {
    let sandbox = generated("semantic");
    sandbox.edit("compose.yaml", "services:", "# mine\nservices:");
    assert_eq!(sandbox.run(&["diff"]).code, 1);
    for format in FORMATS.into_iter().filter(|it| *it != "unified") {
        let said = sandbox.run(&["diff", "--semantic", "--format", format]);
        assert_eq!(said.code, 0, "{format}: {}", said.text());
    }
    sandbox.edit("api/.dockerignore", "# secrets\n", "# secrets\n# mine\n");
    assert_eq!(sandbox.run(&["diff", "--semantic"]).code, 0);
    sandbox.edit("api/.dockerignore", "**/.env*\n", "");
    let said = sandbox.run(&["diff", "--semantic"]);
    assert!(
        said.code == 1 && said.stdout.contains("! loosens security: no longer keeps .env out of"),
        "{}",
        said.text()
    );
}

#[test]
fn a_patch_does_all_that_generate_does() {
    let sandbox = generated("patch-all");
    sandbox.edit("api/Dockerfile", "FROM python:3.13-slim AS source\n", "FROM python:3.13-slim AS source\n# mine\n");
    sandbox.edit("compose.yaml", "services:", "# kept\nservices:");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001\n  more:\n    build: { stack: static, context: ./more }");
    let sandbox = sandbox.folder("more/public");
    std::fs::remove_file(sandbox.path("scripts/secrets")).ok();
    let other = Sandbox::copy("patched", &sandbox.path(""));
    let patch = sandbox.run(&["diff", "--format", "unified"]);
    assert_eq!(patch.code, 1, "{}", patch.text());
    other.apply(&["patch", "-p1", "--silent", "-i"], &patch.stdout);
    sandbox.generate();
    let texts = |it: &Sandbox| -> Vec<(String, Vec<u8>, u32)> {
        let files = it.tree().into_iter().filter(|(path, _)| !path.ends_with(".orig"));
        files.map(|(path, seen)| (path, seen.bytes, seen.mode)).collect()
    };
    assert_eq!(texts(&other), texts(&sandbox));
    assert_eq!(other.run(&["diff", "--check"]).code, 0);
}

#[test]
fn a_patch_makes_a_project_of_nothing_but_a_spec() {
    let sandbox = Sandbox::smallest("patch-new");
    let more = "backings: { db: { kind: postgres }, cache: { kind: redis } }\n";
    let spec = sandbox.read("forge.yaml").replace("port: 8000", "port: 8000\n    needs: [cache, db]");
    sandbox.write("forge.yaml", spec + more);
    let patch = sandbox.run(&["diff", "--format", "unified"]);
    sandbox.apply(&["patch", "-p1", "--silent", "-i"], &patch.stdout);
    let said = sandbox.run(&["diff", "--check"]);
    assert!(said.code == 0 && !patch.stdout.contains("***"), "{}", said.text());
    sandbox.generate();
    assert!(!sandbox.forge("generate").contains("kept your edit"));
}

#[test]
fn a_patch_of_a_layout_keeps_edits() {
    let programs: [&[&str]; 2] = [&["patch", "-p1", "--silent", "-i"], &["git", "apply"]];
    for program in programs {
        let sandbox = generated("patch-layout");
        let first = "FROM python:3.13-slim AS source\n";
        sandbox.edit("api/Dockerfile", first, &format!("{first}# mine\n"));
        sandbox.edit("compose.yaml", "services:", "# kept\nservices:");
        let spec = sandbox.read("forge.yaml");
        let layout = "layout: { compose: { production: { file: docker-compose.yml } }, dockerfile: \"docker/{service}.Dockerfile\" }\n";
        sandbox.write("forge.yaml", format!("{spec}{layout}"));
        let other = Sandbox::copy("patched-layout", &sandbox.path(""));
        let patch = sandbox.run(&["diff", "--format", "unified"]);
        assert!(patch.code == 1 && !patch.stdout.contains("rename "), "{}", patch.text());
        other.apply(program, &patch.stdout);
        sandbox.generate();
        assert!(sandbox.read("docker/api.Dockerfile").contains("# mine"));
        let texts = |it: &Sandbox| -> Vec<(String, Vec<u8>, u32)> {
            it.tree().into_iter().map(|(path, seen)| (path, seen.bytes, seen.mode)).collect()
        };
        assert_eq!(texts(&other), texts(&sandbox), "{program:?}");
    }
}

#[test]
fn a_patch_does_nothing_that_generate_refuses() {
    let foreign = Sandbox::smallest("patch-foreign").file("compose.yaml", "services: {}\n");
    for sandbox in [conflicting("patch-conflict"), foreign] {
        let said = sandbox.run(&["diff", "--format", "unified"]);
        assert!(said.code == 1 && said.stdout.is_empty(), "{}", said.text());
        assert!(said.stderr.contains("the patch is empty"), "{}", said.text());
        assert!(said.stderr.contains("api/Dockerfile: was edited") || said.stderr.contains("compose.yaml: was never"));
    }
    let both = generated("patch-semantic").run(&["diff", "--format", "unified", "--semantic"]);
    assert!(both.code == 2 && both.stderr.contains("--semantic"), "{}", both.text());
}

#[test]
fn a_patch_applies_to_lines_of_windows_and_says_where_it_cannot() {
    let sandbox = generated("patch-windows");
    let windows = sandbox.read("api/Dockerfile").replace('\n', "\r\n").replace("WORKDIR /app", "WORKDIR /srv");
    sandbox.write("api/Dockerfile", &windows);
    sandbox.edit("forge.yaml", "port: 8000", "port: 8001");
    let patch = sandbox.run(&["diff", "--format", "unified", "api"]);
    assert!(patch.stderr.is_empty(), "{}", patch.text());
    sandbox.apply(&["patch", "-p1", "--binary", "--silent", "-i"], &patch.stdout);
    assert!(sandbox.read("api/Dockerfile").contains("EXPOSE 8001\r\n"));
    let first = "FROM python:3.13-slim AS source\n";
    let secret = generated("patch-credential");
    secret.edit("api/Dockerfile", first, &format!("{first}ENV DB_PASSWORD=hunter2\n"));
    secret.write("forge.yaml", secret.read("forge.yaml") + "layout: { dockerfile: \"docker/{service}.Dockerfile\" }\n");
    let said = secret.run(&["diff", "--format", "unified"]);
    assert!(said.code == 1 && said.stdout.is_empty() && !said.text().contains("hunter2"), "{}", said.text());
    assert!(said.stderr.contains("docker/api.Dockerfile: a patch would show"), "{}", said.text());
}

#[test]
fn old_and_new_stand_beside_each_other_on_request() {
    let sandbox = generated("side");
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9999");
    let said = sandbox.run(&["diff", "--side-by-side", "api/Dockerfile"]);
    let row =
        said.stdout.lines().find(|it| it.contains("EXPOSE 8000 9999")).unwrap_or_else(|| panic!("{}", said.text()));
    assert!(row.starts_with("EXPOSE 8000 ") && row.ends_with(" | EXPOSE 8000 9999"), "{row}");
}

#[test]
fn generate_says_what_its_compose_file_supersedes() {
    let sandbox = Sandbox::smallest("superseded").file("docker-compose.yml", "services: {}\n");
    let said = sandbox.run(&["generate"]);
    let words = [
        "docker-compose.yml: `docker compose` ignores it",
        "layout: { compose: { production: { file: docker-compose.yml",
    ];
    assert!(said.code == 0 && words.iter().all(|it| said.stderr.contains(it)), "{}", said.text());
    assert!(!sandbox.run(&["generate"]).stderr.contains("docker-compose.yml"));
}

#[test]
fn a_first_contact_says_what_a_hand_written_file_lacks_and_has() {
    let compose = "services:\n  api:\n    image: acme/api\n    privileged: true\n    ports: [\"8080:8000\"]\n  mail:\n    image: acme/mail:1.2\n";
    let sandbox = Sandbox::smallest("contact")
        .file("compose.yaml", compose)
        .file("docker-compose.prod.yml", "services: {}\n")
        .file("docker/api.Dockerfile", "FROM scratch\n");
    let before = sandbox.tree();
    let said = sandbox.run(&["diff"]);
    assert_eq!(said.code, 1);
    for words in [
        "compose.yaml: was never forge's\n",
        "  breaks rules that forge's file keeps:\n",
        "    privileged: ",
        "    read-only-root: ",
        "  has what the spec does not say:\n",
        "services.mail",
        "\nhelp: say in the spec what has to stay; `forge adopt compose.yaml` then keeps",
        "docker-compose.prod.yml: `docker compose` reads it only where it is named with -f",
        "docker/api.Dockerfile: ",
    ] {
        assert!(said.stdout.contains(words), "no {words:?} in\n{}", said.text());
    }
    assert_eq!(sandbox.tree(), before, "to look is no matter");
    let document = valid(&sandbox, &["diff", "--format", "json"]);
    let lacks = document["changes"].as_array().and_then(|it| it.iter().find(|it| it["path"] == "compose.yaml"));
    let lacks = lacks.expect("it is there")["contact"]["lacks"].as_array().expect("a list").clone();
    assert!(lacks.iter().any(|it| it["rule"] == "privileged" && it["line"] == 4), "{lacks:#?}");
    assert_eq!(document["strangers"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_cannot_be_compared_is_said_in_the_formats_for_programs() {
    let broken = generated("trouble-manifest");
    broken.write(".forge/manifest.json", "{ no manifest");
    let invalid = Sandbox::smallest("trouble-spec");
    invalid.edit("forge.yaml", "port: 8000", "prot: 8000");
    for (sandbox, why) in
        [(&broken, ".forge/manifest.json cannot be read"), (&invalid, "forge.yaml: `services.api` has no `prot`")]
    {
        for format in FORMATS {
            let said = sandbox.run(&["diff", "--format", format]);
            assert_eq!(said.code, 2, "{format}: {}", said.text());
            let is_told = ["markdown", "json", "github", "sarif"].contains(&format);
            assert!(
                if is_told { said.stdout.contains(why) } else { said.stdout.is_empty() },
                "{format}: {}",
                said.text()
            );
            assert!(said.stderr.contains("error"), "{format}: {}", said.text());
        }
        let document = valid(sandbox, &["diff", "--format", "json"]);
        assert!(document["error"]["message"].as_str().is_some_and(|it| it.contains(why)), "{document:#}");
        assert_eq!(document["changes"], serde_json::json!([]));
        let markdown = sandbox.run(&["diff", "--format", "markdown"]).stdout;
        assert!(markdown.starts_with("<!-- forge diff -->\n**forge** could not compare the files: "), "{markdown}");
        let sarif = sandbox.run(&["diff", "--format", "sarif"]).json();
        assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }
    assert_eq!(valid(&generated("no-trouble"), &["diff", "--format", "json"])["error"], serde_json::Value::Null);
}

#[test]
fn what_a_kept_block_gives_up_is_told_as_its_owners() {
    let sandbox = generated("kept-loosens");
    let block = "  # forge:keep services\n";
    let service = "  mail:\n    image: acme/mail:1.2\n    privileged: true\n";
    sandbox.edit("compose.yaml", block, &format!("{block}{service}"));
    let words = "compose.yaml: loosens security in a kept block of yours: services.mail: service added: ";
    for check in [&["diff"][..], &["diff", "--check"]] {
        let said = sandbox.run(check);
        assert_eq!(said.code, 0, "{}", said.text());
        assert!(
            said.stdout.starts_with(&format!("! {words}")) && said.stdout.contains("privileged"),
            "{}",
            said.text()
        );
        let json = valid(&sandbox, &[check, &["--format", "json"]].concat());
        assert_eq!(json["kept"][0]["meanings"][0]["at"], "services.mail");
        assert_eq!(json["summary"]["files"], 0);
        let markdown = sandbox.run(&[check, &["--format", "markdown"]].concat()).stdout;
        assert!(
            markdown.contains("nothing differs") && markdown.contains("⚠️ <code>compose.yaml</code>: loosens"),
            "{markdown}"
        );
    }
    assert_eq!(sandbox.run(&["diff", "api"]).stdout, "");
}

#[test]
fn a_file_can_be_named_from_the_root_of_the_system() {
    let sandbox = generated("absolute");
    sandbox.edit("compose.yaml", "services:", "# mine\nservices:");
    let path = |it: &str| sandbox.path(it).display().to_string();
    for (name, code) in [("compose.yaml", 1), ("api", 0), ("", 1)] {
        let said = sandbox.run(&["diff", "--format", "names", &path(name)]);
        assert_eq!(said.code, code, "{name}: {}", said.text());
    }
    let real = sandbox.path("compose.yaml").canonicalize().expect("it is there");
    assert_eq!(sandbox.run(&["diff", &real.display().to_string()]).code, 1);
    let outside = sandbox.outside("compose.yaml").display().to_string();
    let said = sandbox.run(&["diff", &outside]);
    assert!(said.code == 2 && said.stderr.contains("forge makes no file"), "{}", said.text());
}

#[test]
fn what_forge_remembers_is_missed_in_one_line_and_in_one_wording() {
    let sandbox = generated("no-memory");
    std::fs::remove_dir_all(sandbox.path(".forge")).expect("it is there");
    assert_data_eq!(
        sandbox.forge("diff"),
        str![[r#"
exit 1
--- stdout
.forge/: was removed

--- stderr
there is no .forge, in which forge remembers what it wrote: take it from version control again (`git checkout .forge`), and edits can be told from what forge wrote; without it `forge generate` begins anew
1 file differs

"#]]
    );
    assert_eq!(sandbox.run(&["generate", "--check"]).stdout, ".forge/: was removed\n");
    let other = generated("other-schema");
    other.edit(".forge/schema.json", "{", "{ ");
    let said = other.run(&["diff"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ".forge/schema.json: forge moved\n\n"), "{}", said.text());
    let new = Sandbox::smallest("no-memory-yet").run(&["diff", "--format", "names"]);
    assert!(!new.stderr.contains("there is no .forge"), "{}", new.text());
    let sandbox = generated("no-bases");
    sandbox.edit("compose.yaml", "services:", "# mine\nservices:");
    std::fs::remove_dir_all(sandbox.path(".forge/base")).expect("it is there");
    let words = "compose.yaml: is there, and its base text is missing: take .forge from version control again\n";
    let said = sandbox.run(&["diff", "--format", "names"]);
    assert!(said.stdout.contains(words), "{}", said.text());
    assert!(sandbox.run(&["generate"]).stderr.contains(words));
    assert!(sandbox.run(&["generate", "--check"]).stdout.contains(words));
}

#[test]
fn sarif_is_what_its_schema_says() {
    // The schema of OASIS, as the package serde-sarif has it.
    let schema = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sarif/schema.json"));
    let mut schema: serde_json::Value = serde_json::from_str(&schema.expect("it is there")).expect("a schema is JSON");
    // Its pattern for languages has a bracket too many; forge names none.
    for place in ["run", "toolComponent"] {
        schema["definitions"][place]["properties"]["language"].as_object_mut().and_then(|it| it.remove("pattern"));
    }
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let differing = generated("sarif-loosens");
    differing.edit("compose.yaml", "memory: 512M", "memory: 1G");
    let contact =
        Sandbox::smallest("sarif-contact").file("compose.yaml", "services:\n  api: { image: a, privileged: true }\n");
    let invalid = Sandbox::smallest("sarif-invalid");
    invalid.edit("forge.yaml", "port: 8000", "prot: 8000");
    let same = generated("sarif-same");
    for (sandbox, command, results) in [
        (&same, "diff", 0),
        (&differing, "diff", 2),
        (&conflicting("sarif-conflict"), "diff", 1),
        (&contact, "diff", 5),
        (&invalid, "diff", 0),
        (&invalid, "validate", 1),
        (&differing, "lint", 0),
    ] {
        let document = sandbox.run(&[command, "--format", "sarif"]).json();
        let errors: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{command}: {errors:#?}\n{document:#}");
        let found = document["runs"][0]["results"].as_array().map_or(0, Vec::len);
        assert!(found >= results && (results > 0 || found == 0), "{command}: {found} of {results}\n{document:#}");
    }
    let wrong = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {}, "results": [{ "level": "bad" }] }] });
    assert!(!validator.is_valid(&wrong), "the schema refuses what is wrong");
}

#[test]
fn a_credential_in_an_adopted_file_is_told() {
    let spec = format!("{}backings:\n  db: {{ kind: postgres }}\n", crate::sandbox::SMALLEST);
    let sandbox = Sandbox::smallest("adopt-credential")
        .file("forge.yaml", spec)
        .file(".env.example", "A=b\nDB_PASSWORD=hunter2\nAPI_KEY=abc\n")
        .file("compose.yaml", "services: {}\n");
    let said = sandbox.run(&["adopt", "."]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(
        said.stderr.contains("warning: .env.example: what looks like a credential stands on line 2, 3: take it out"),
        "{}",
        said.text()
    );
    assert!(!said.text().contains("hunter2") && !said.stderr.contains("warning: compose.yaml"), "{}", said.text());
}

/// A git repository with a project in a folder of it, committed as it is after `generate`.
fn repository(name: &str) -> Sandbox {
    let sandbox =
        Sandbox::new(name).file("shop/forge.yaml", crate::sandbox::SMALLEST).file("shop/api/requirements.txt", "");
    git(&sandbox, &["init", "--quiet", "--initial-branch", "main"]);
    commit(&sandbox);
    sandbox
}

fn git(sandbox: &Sandbox, words: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgSign=false"];
    let done = Command::new("git").args(identity).args(words).current_dir(sandbox.path("")).status();
    assert!(done.expect("git is there").success(), "{words:?}");
}

fn commit(sandbox: &Sandbox) {
    git(sandbox, &["add", "--all"]);
    git(sandbox, &["commit", "--quiet", "--allow-empty", "--message", "a"]);
}

#[test]
fn a_spec_is_compared_with_that_of_a_revision() {
    let sandbox = repository("against");
    assert_data_eq!(
        sandbox.forge("-C shop diff --against HEAD"),
        str![[r#"
exit 0
--- stderr
nothing differs

"#]]
    );
    sandbox.edit("shop/forge.yaml", "port: 8000", "port: 8001\n  more:\n    build: { stack: static, context: ./more }");
    let sandbox = sandbox.folder("shop/more/public");
    let before = sandbox.tree();
    let said = sandbox.run(&["-C", "shop", "diff", "--against", "main"]);
    assert_eq!(said.code, 1, "{}", said.text());
    let starts = [
        "api/Dockerfile: the spec moved\n",
        "--- main/api/Dockerfile\n+++ now/api/Dockerfile\n",
        "-EXPOSE 8000\n+EXPOSE 8001\n",
    ];
    for words in starts.into_iter().chain(["more/Dockerfile: new\n", "services.more"]) {
        assert!(said.stdout.contains(words), "no {words:?} in\n{}", said.text());
    }
    for format in FORMATS {
        let said = sandbox.run(&["-C", "shop", "diff", "--against", "main", "--format", format]);
        assert!(said.code == 1 && said.stdout.contains("api/Dockerfile"), "{format}: {}", said.text());
    }
    valid(&sandbox, &["-C", "shop", "diff", "--against", "main", "--format", "json"]);
    let one = sandbox.run(&["-C", "shop", "diff", "--against", "main", "--format", "names", "more"]);
    assert_eq!(one.stdout, "more/.dockerignore: new\nmore/Dockerfile: new\nmore/nginx.conf: new\n");
    assert_eq!(sandbox.tree(), before, "to look is no matter");
    commit(&sandbox);
    assert_eq!(sandbox.run(&["-C", "shop", "diff", "--against", "HEAD"]).code, 0);
    let spec = sandbox.read("shop/forge.yaml");
    sandbox.write("shop/forge.yaml", format!("{spec}layout:\n  dockerfile: docker/{{service}}.Dockerfile\n"));
    let names = sandbox.run(&["-C", "shop", "diff", "--against", "HEAD", "--format", "names"]).stdout;
    assert!(names.contains("docker/api.Dockerfile: moves, from api/Dockerfile\n"), "{names}");
    sandbox.write("shop/forge.yaml", spec);
    let template =
        "{% extends \"forge/stacks/python/Dockerfile.j2\" %}\n{% block source %}# ours\n{{ super() }}{% endblock %}\n";
    sandbox.write("shop/forge-templates/stacks/python/Dockerfile.j2", template);
    let names = sandbox.run(&["-C", "shop", "diff", "--against", "HEAD", "--format", "names"]).stdout;
    assert_eq!(names, "api/Dockerfile: forge-templates/ moved\n");
    commit(&sandbox);
    assert_eq!(sandbox.run(&["-C", "shop", "diff", "--against", "HEAD"]).code, 0);
}

#[test]
fn a_spec_elsewhere_or_called_otherwise_is_found_in_a_revision() {
    let sandbox = repository("against-file");
    git(&sandbox, &["mv", "shop/forge.yaml", "shop.yaml"]);
    commit(&sandbox);
    sandbox.edit("shop.yaml", "port: 8000", "port: 8001");
    for file in ["../shop.yaml".to_owned(), sandbox.path("shop.yaml").display().to_string()] {
        let said = sandbox.run(&["-C", "shop", "-f", &file, "diff", "--against", "HEAD", "--format", "names"]);
        assert_eq!((said.code, said.stdout.as_str()), (1, "api/Dockerfile: the spec moved\n"), "{}", said.text());
    }
}

#[test]
fn a_revision_that_cannot_be_read_is_told() {
    let sandbox = repository("against-wrong");
    sandbox.write("shop/forge.yaml", "forge: 1\nname: shop\nserivces: {}\n");
    commit(&sandbox);
    git(&sandbox, &["rm", "--quiet", "-r", "shop"]);
    commit(&sandbox);
    let sandbox = sandbox.file("shop/forge.yaml", crate::sandbox::SMALLEST).file("shop/api/requirements.txt", "");
    let outside = Sandbox::smallest("against-none");
    for (sandbox, revision, words) in [
        (&outside, "HEAD", "git knows no revisions of ."),
        (&sandbox, "nowhere", "there is no revision `nowhere`"),
        (&sandbox, "HEAD..HEAD~1", "there is no revision"),
        (&sandbox, "--output=x", "is no name of a revision"),
        (&sandbox, "", "is no name of a revision"),
        (&sandbox, "HEAD", "`HEAD` has no folder shop"),
        (&sandbox, "HEAD~1", "HEAD~1:forge.yaml:3:1"),
    ] {
        let folder = if sandbox.exists("shop") { "shop" } else { "." };
        let before = sandbox.tree();
        let said = sandbox.run(&["-C", folder, "diff", &format!("--against={revision}")]);
        assert!(said.code == 2 && said.stdout.is_empty(), "{revision}: {}", said.text());
        assert!(said.stderr.contains(words), "no {words:?} in\n{}", said.text());
        assert_eq!(sandbox.tree(), before);
    }
    let mut without = sandbox.command(&["-C", "shop", "diff", "--against", "HEAD"]);
    without.env("PATH", "/nowhere");
    let said = crate::sandbox::end(without);
    assert!(said.code == 2 && said.stderr.contains("git cannot be run"), "{}", said.text());
}

/// What a terminal of so many columns is shown.
fn on_terminal(sandbox: &Sandbox, words: &[&str], columns: u16, variables: &[(&str, &str)]) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("it can be used");
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).expect("it has a size");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name").into_string().expect("of ASCII");
    let screen = std::fs::OpenOptions::new().read(true).write(true).open(name).expect("it can be opened");
    let mut command = sandbox.command(words);
    command.envs(variables.iter().copied()).stdout(screen);
    let mut child = command.spawn().expect("the program starts");
    // Nobody but the child has it open from here on, so that reading ends when that does.
    drop(command);
    let mut text = Vec::new();
    let mut terminal = std::fs::File::from(terminal);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = std::io::Read::read(&mut terminal, &mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    child.wait().expect("it can be waited for");
    String::from_utf8(text).expect("it is UTF-8").replace("\r\n", "\n")
}

#[test]
fn on_a_terminal_there_is_a_pager_and_a_wide_one_has_two_columns() {
    let sandbox = generated("terminal");
    sandbox.edit("api/Dockerfile", "EXPOSE 8000", "EXPOSE 8000 9999");
    let mark = [("PAGER", "sed 's/^/paged /'"), ("NO_COLOR", "1")];
    let shown = |words: &[&str], columns, variables: &[(&str, &str)]| on_terminal(&sandbox, words, columns, variables);
    let paged = shown(&["-q", "diff"], 100, &mark);
    assert!(
        paged.starts_with("paged api/Dockerfile: was edited\n") && paged.contains("paged +EXPOSE 8000 9999\n"),
        "{paged}"
    );
    let plain = shown(&["-q", "diff", "--no-pager"], 100, &mark);
    assert_eq!(paged.replace("paged ", ""), plain);
    assert_eq!(sandbox.run(&["diff"]).stdout, plain, "where it is no terminal there is no pager");
    for pager in ["no-such-pager", "cat", ""] {
        assert_eq!(shown(&["-q", "diff"], 100, &[mark[0], mark[1], ("FORGE_PAGER", pager)]), plain, "{pager:?}");
    }
    let closed = shown(&["-q", "diff"], 100, &[mark[1], ("FORGE_PAGER", "head -n 1")]);
    assert_eq!(closed, "api/Dockerfile: was edited\n");
    let wide = shown(&["-q", "diff", "--no-pager"], 200, &mark);
    let row = wide.lines().find(|it| it.contains("EXPOSE 8000 9999")).expect("it differs");
    assert_eq!(row.split(" | ").map(str::trim).collect::<Vec<_>>(), ["EXPOSE 8000", "EXPOSE 8000 9999"]);
    assert_eq!(row.find(" | "), Some(98), "{row:?}");
    let colored = shown(&["-q", "diff", "--no-pager"], 100, &mark[..1]);
    assert!(colored.contains("\x1b[32m+EXPOSE 8000 9999\x1b[0m\n"), "{colored}");
}
