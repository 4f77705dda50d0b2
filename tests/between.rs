//! `forge diff --env A..B`: what differs between two environments of a spec.

use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;

const SPEC: &str = r#"forge: 1
name: shop
services:
  api:
    build: { stack: python, context: ./api }
    command: [python, -m, app]
    port: 8000
    variables: [LEVEL]
    secrets: [KEY]
    needs: [db]
backings: { db: { kind: postgres } }
secrets: { KEY: { generate: { length: 40 } } }
variables: { LEVEL: { default: info } }
gateway:
  hosts: { main: { domain: shop.localhost } }
  tls: { mode: files }
  maintenance: {}
  routes: [{ path: /, to: api }]
environments:
  also: { overlay: {} }
  same: {}
  small:
    overlay:
      services: { api: { resources: { limits: { memory: 256M } } } }
  staging:
    overlay:
      services: { api: { resources: { limits: { memory: 192M } } } }
      variables: { LEVEL: { default: debug } }
      gateway: { hosts: { main: { domain: staging.shop.localhost } } }
"#;

/// A project of which nothing was generated: only its spec counts.
fn shop(name: &str) -> Sandbox {
    Sandbox::new(name).file("forge.yaml", SPEC).file("api/requirements.txt", "")
}

#[test]
fn two_environments_are_compared_in_words_and_as_text() {
    let sandbox = shop("between");
    let before = sandbox.tree();
    assert_data_eq!(
        sandbox.forge("diff --no-pager --env production..small"),
        str![[r#"
exit 1
--- stdout
compose.yaml: production and small differ
  services.api: memory 512M → 256M
--- production/compose.yaml
+++ small/compose.yaml
@@ -34,7 +34,7 @@
     <<: *defaults
     deploy:
       resources:
-        limits: { cpus: "1", memory: 512M, pids: 200 }
+        limits: { cpus: "1", memory: 256M, pids: 200 }
         reservations: { cpus: "0.25", memory: 128M }
     init: true
     # from the registry if it has this version, else built here

--- stderr
1 file differs

"#]]
    );
    let said = sandbox.run(&["diff", "--env", "small..staging", "--semantic", "compose.yaml"]);
    let words =
        "  services.api: environment LEVEL ${LEVEL:-info} → ${LEVEL:-debug}\n  services.api: memory 256M → 192M\n";
    assert!(said.stdout.contains(words) && !said.stdout.contains("@@"), "{}", said.text());
    for (pair, there, here) in [
        ("production..staging", "shop.localhost", "staging.shop.localhost"),
        ("staging..production", "staging.shop.localhost", "shop.localhost"),
    ] {
        let said = sandbox.run(&["diff", "--no-pager", "--env", pair]);
        assert_eq!(said.code, 1, "{}", said.text());
        let words = format!("\n-    server_name {there};\n+    server_name {here};\n");
        assert!(said.stdout.contains(&words), "no {words} in\n{}", said.text());
    }
    let names = sandbox.run(&["diff", "--env", "production..staging", "--format", "names"]).stdout;
    let differ = |path: &str| format!("{path}: production and staging differ\n");
    let all = [".env.example", "compose.yaml", "nginx/hosts/main.conf", "scripts/secrets"].map(differ).concat();
    assert_eq!(names, all);
    assert_eq!(sandbox.tree(), before, "to look is no matter");
}

#[test]
fn what_only_one_of_two_environments_has_is_said() {
    let sandbox = shop("between-only");
    let more = "  more:
    overlay:
      gateway:
        hosts: { admin: { domain: admin.example.com } }
        routes: [{ path: /, host: main, to: api }, { path: /, host: admin, to: api }]
";
    sandbox.write("forge.yaml", SPEC.to_owned() + more);
    for pair in ["production..more", "more..production"] {
        let said = sandbox.run(&["diff", "--env", pair, "--format", "names"]);
        let only = "\nnginx/hosts/admin.conf: only more has it\n";
        assert!(said.code == 1 && said.stdout.contains(only), "{}", said.text());
    }
}

#[test]
fn names_alone_are_no_difference() {
    let sandbox = shop("between-same");
    for pair in ["production..same", "same..production", "also..same", "staging..staging", "production..production"] {
        let said = sandbox.run(&["diff", "--env", pair]);
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "", "nothing differs\n"), "{pair}");
    }
    // It is of the disk's files that `diff` says they are new.
    assert_eq!(sandbox.run(&["diff"]).code, 1);
}

#[test]
fn each_format_shows_the_difference_of_environments() {
    let sandbox = shop("between-formats");
    for format in ["human", "names", "unified", "stat", "markdown", "json", "github", "sarif"] {
        let said = sandbox.run(&["diff", "--env", "production..staging", "--format", format]);
        assert!(said.code == 1 && said.stdout.contains("nginx/hosts/main.conf"), "{format}: {}", said.text());
        let said = sandbox.run(&["diff", "--env", "production..same", "--format", format]);
        assert!(said.code == 0 && !said.stdout.contains("compose.yaml"), "{format}: {}", said.text());
    }
    let document = sandbox.run(&["diff", "--env", "production..staging", "--format", "json"]).json();
    assert_eq!(document["sides"], serde_json::json!({ "there": "production", "wanted": "staging" }));
    let document = sandbox.run(&["diff", "--env", "production..stagin", "--format", "json"]).json();
    assert_eq!(document["error"]["help"], "did you mean `staging`?");
}

#[test]
fn patches_and_pipelines_are_not_compared() {
    let sandbox = shop("between-patches");
    let patch = "patches:\n  - { file: compose.staging.yaml, at: services.api.labels, set: { team: a } }\nci: { provider: github }\n";
    sandbox.write("forge.yaml", SPEC.replace("environments:\n", &format!("{patch}environments:\n")));
    let said = sandbox.run(&["diff", "--env", "production..same"]);
    let told = "`patches` are for files, and left out here\nnothing differs\n";
    assert!(said.code == 0 && said.stderr.ends_with(told), "{}", said.text());
    let said = sandbox.run(&["diff", "--env", "production..staging", "--format", "names"]);
    assert!(said.code == 1 && !said.stdout.contains(".github"), "{}", said.text());
}

#[test]
fn what_does_not_name_two_environments_is_told() {
    let sandbox = shop("between-wrong");
    for (pair, help) in [
        ("production..stagin", "did you mean `staging`?"),
        ("smal..staging", "did you mean `small`?"),
        ("production..elsewhere", "there is `production`, `also`, `same`, `small` and `staging`"),
        ("staging", "put two dots between two names: `--env production..staging`"),
        ("..staging", "name the other one, too: `--env production..staging`"),
        ("staging..", "name the other one, too: `--env production..staging`"),
        ("..", "names no environment"),
        ("...", "two dots stand between two names"),
        ("production...staging", "two dots stand between two names"),
        ("production..small..staging", "two dots stand between two names"),
        ("", "does not name two environments"),
        ("--x", "`--x` names one environment"),
        ("a\u{1b}[0m..b", "there is no environment `a\\u{1b}[0m`"),
    ] {
        let said = sandbox.run(&["diff", "--env", pair]);
        assert!(said.code == 2 && said.stdout.is_empty() && said.stderr.contains(help), "{pair}: {}", said.text());
    }
    for with in [["--check", "--no-pager"], ["--against", "HEAD"]] {
        let said = sandbox.run(&["diff", "--env", "production..staging", with[0], with[1]]);
        assert!(said.code == 2 && said.stderr.contains("cannot be used with"), "{}", said.text());
    }
    let said = sandbox.run(&["diff", "--env", "production..staging", "compose.staging.yaml"]);
    assert!(said.code == 2 && said.stderr.contains("forge makes no file `compose.staging.yaml`"), "{}", said.text());
}

#[test]
fn what_looks_like_a_credential_is_not_shown_of_either_environment() {
    let setting = |value: &str| format!("environment: {{ API_PASSWORD: {value} }}");
    let (there, here) = ("hunter2hunter2xyz", "swordfish99swordfish");
    let own = format!(
        "{}\n    exceptions: [{{ rule: literal-credential, reason: a test }}]\n    needs: [db]",
        setting(there)
    );
    let overlay = format!("services: {{ api: {{ {}, resources:", setting(here));
    let spec = SPEC.replace("needs: [db]", &own).replacen("services: { api: { resources:", &overlay, 1);
    let sandbox = shop("between-credentials");
    sandbox.write("forge.yaml", spec);
    for format in ["human", "names", "unified", "stat", "markdown", "json", "github", "sarif"] {
        let said = sandbox.run(&["diff", "--env", "production..small", "--format", format]);
        let text = said.text();
        assert!(said.code == 1 && !text.contains(there) && !text.contains(here), "{format}: {text}");
        assert!(text.contains("compose.yaml"), "{format}: {text}");
    }
    let said = sandbox.run(&["explain", "--env", "small", "services.api.environment.API_PASSWORD"]);
    assert!(
        said.code == 0 && said.stdout.contains("    in production (not shown), set by the spec"),
        "{}",
        said.text()
    );
    assert!(!said.text().contains(there) && !said.text().contains(here), "{}", said.text());
}
