//! What people get wrong: each has a clear answer, nothing is written, and nothing hangs.

use std::fs;
use std::path::Path;
use std::process::Command;

use forge::codes::CODES;
use forge::diagnostic::{Place, Severity};

use crate::properties::{resolved, told};
use crate::sandbox::{SMALLEST, Sandbox, end};
use crate::skipped::skipped;

/// Runs `generate` on a spec; it has to refuse with these words, and to write nothing.
fn refused(sandbox: &Sandbox, words: &str) {
    let before = sandbox.tree();
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 2, "{}", said.text());
    assert!(said.stderr.contains(words), "no {words:?} in\n{}", said.text());
    assert!(!said.stderr.contains("panicked"), "{}", said.text());
    assert_eq!(sandbox.tree(), before, "something was written");
}

#[test]
fn a_text_that_is_no_spec_is_refused() {
    let deep = format!("a: {}", "[".repeat(10_000));
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let cases: [(&str, &[u8], &str); 17] = [
        ("empty", b"", "the spec is empty"),
        ("text", b"hello", "not a map"),
        ("open", b"a: [", "unclosed bracket"),
        ("two", b"forge: 1\n---\nforge: 1\n", "a spec is one document"),
        ("tab", b"forge: 1\n\tname: x\n", "a line begins with a tab"),
        ("merge", b"forge: 1\n<<<<<<< HEAD\nname: x\n=======\nname: y\n>>>>>>> z\n", "conflict markers"),
        ("twice", b"forge: 1\nname: a\nname: b\n", "duplicate mapping key `name`"),
        ("alias", b"forge: *nobody\n", "unknown"),
        ("deep", deep.as_bytes(), "nested too deeply"),
        ("bomb", bomb.as_bytes(), "aliases of the document stand for too much"),
        ("latin", b"forge: 1\nname: caf\xe9\n", "line 2 is not UTF-8"),
        ("version", b"forge: 2\nname: a\n", "reads version 1 of the spec"),
        ("type", b"forge: 1\nname: [a]\n", "`name` is a list, not text"),
        ("float", b"forge: 1\nname: 1.10\n", "for example `shop`"),
        ("unclosed", b"forge: 1\nname: [a\nservices: {}\n", "forge.yaml:3:"),
        ("indented", b"forge: 1\nservices:\n  a:\n    port: 1\n     image: a\n", "forge.yaml:5:"),
        ("key", b"forge: 1\nname: a\nserivces: {}\n", "did you mean `services`?"),
    ];
    for (name, text, words) in cases {
        refused(&Sandbox::new(name).file("forge.yaml", text), words);
    }
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let sandbox = Sandbox::smallest("bom").file("forge.yaml", format!("\u{feff}{SMALLEST}"));
    sandbox.generate();
}

#[test]
fn a_spec_that_is_no_file_is_refused() {
    refused(&Sandbox::new("missing"), "there is no forge.yaml");
    refused(&Sandbox::new("folder").folder("forge.yaml"), "forge.yaml is a folder");
    refused(&Sandbox::new("dangling").link("forge.yaml", "nowhere"), "there is no forge.yaml");
    refused(&Sandbox::new("large").file("forge.yaml", vec![b'#'; 50_000_000]), "forge reads at most 16");
    let fifo = Sandbox::new("fifo");
    assert!(Command::new("mkfifo").arg(fifo.path("forge.yaml")).status().expect("mkfifo is there").success());
    refused(&fifo, "is no file");
    let file = Sandbox::smallest("file-for-folder");
    let said = file.run(&["-C", "forge.yaml", "validate"]);
    assert!(said.code == 2 && said.stderr.contains("forge.yaml is a file"), "{}", said.text());
    let said = Sandbox::new("nowhere").run(&["-C", "nowhere", "validate"]);
    assert_eq!(said.code, 2, "{}", said.text());
}

#[test]
fn names_that_could_be_something_else_are_refused() {
    for name in ["a b", "Api", "🦀", "../x", "-a", "a-", "a.b", "a/b", "gateway", "x-migrate", "a_b", ""] {
        let spec = SMALLEST.replace("  api:", &format!("  {name:?}:"));
        let sandbox = Sandbox::smallest("names").file("forge.yaml", spec);
        refused(&sandbox, "forge.yaml:4:3");
    }
}

#[test]
fn a_context_that_is_none_is_refused() {
    let context = |context: &str| SMALLEST.replace("./api", context);
    refused(&Sandbox::new("c1").file("forge.yaml", SMALLEST), "there is no folder");
    refused(&Sandbox::new("c2").file("forge.yaml", SMALLEST).file("api", ""), "is a file");
    refused(&Sandbox::new("c3").file("forge.yaml", context("../api")), "leads out of the project");
    refused(&Sandbox::new("c4").file("forge.yaml", context("/etc")), "leads out of the project");
    refused(&Sandbox::new("c5").file("forge.yaml", SMALLEST).link("api", "/etc"), "leads out of the project");
    refused(
        &Sandbox::new("c6").file("forge.yaml", context("./nginx")).folder("nginx"),
        "a folder that forge fills itself",
    );
}

#[test]
fn nothing_is_written_past_a_link_or_into_a_folder() {
    let sandbox = Sandbox::smallest("out-folder").folder("compose.yaml");
    refused(&sandbox, "`compose.yaml` is a folder");
    let elsewhere = Sandbox::smallest("link");
    let outside = elsewhere.outside("outside");
    fs::create_dir(&outside).expect("a temporary folder");
    let elsewhere =
        elsewhere.file("forge.yaml", format!("{SMALLEST}    needs: [db]\nbackings:\n  db: {{ kind: postgres }}\n"));
    std::os::unix::fs::symlink(&outside, elsewhere.path("scripts")).expect("a link");
    refused(&elsewhere, "leads out of the project");
    assert_eq!(fs::read_dir(&outside).expect("it is there").count(), 0);
    let file = Sandbox::smallest("link-file").link("compose.yaml", "/etc/hostname");
    refused(&file, "leads out of the project");
    let blocked = Sandbox::smallest("blocked").file(".forge", "");
    refused(&blocked, "cannot");
}

#[test]
fn nothing_is_written_to_or_shown_of_what_is_not_forges_to_touch() {
    let git = SMALLEST.replace("./api", "./.git");
    refused(
        &Sandbox::new("git").file("forge.yaml", &git).file(".git/requirements.txt", ""),
        "forge writes nothing there",
    );
    let linked = Sandbox::new("git-link").file("forge.yaml", SMALLEST).folder(".git").link("api", ".git");
    refused(&linked, "forge writes nothing there");
    let secret = Sandbox::smallest("secret-link").file("secrets/A", "hunter2").link("compose.yaml", "secrets/A");
    let said = secret.run(&["diff"]);
    assert!(said.code == 2 && !said.text().contains("hunter2"), "{}", said.text());
    let templates = Sandbox::smallest("templates-link").link("forge-templates", "/");
    refused(&templates, "`forge-templates` is a link");
    let pipe = Sandbox::smallest("manifest-pipe").folder(".forge");
    assert!(Command::new("mkfifo").arg(pipe.path(".forge/manifest.json")).status().expect("mkfifo is there").success());
    let said = pipe.run(&["generate"]);
    assert!(said.code == 2 && said.stderr.contains(".forge/manifest.json is no file"), "{}", said.text());
}

#[test]
fn a_manifest_cannot_have_sources_deleted() {
    let sandbox = Sandbox::smallest("manifest-claims");
    sandbox.generate();
    sandbox.write("api/main.py", "print()\n");
    let digest = forge::compare::digest(b"print()\n");
    sandbox.write(&format!(".forge/base/{digest}"), "print()\n");
    let manifest = sandbox.read(".forge/manifest.json");
    let claim =
        format!("\"artifacts\": {{\n    \"dockerfile:x\": {{ \"path\": \"api/main.py\", \"base\": \"{digest}\" }},");
    sandbox.write(".forge/manifest.json", manifest.replacen("\"artifacts\": {", &claim, 1));
    sandbox.generate();
    assert!(sandbox.exists("api/main.py"));
}

#[test]
fn a_manifest_that_cannot_be_trusted_is_refused_with_the_way_out() {
    let with = |text: &str| Sandbox::smallest("manifest").file(".forge/manifest.json", text);
    refused(&with("<<<<<<< HEAD\n"), "git checkout .forge");
    refused(&with(r#"{"version": 99, "forge": "9.9", "artifacts": {}}"#), "was written by a newer forge, 9.9");
    refused(
        &with(r#"{"version": 1, "forge": "0", "artifacts": {"x": {"path": "../x", "base": ""}}}"#),
        "no path in this project",
    );
}

#[test]
fn on_a_full_disk_everything_stays_as_it_was() {
    let sandbox = Sandbox::smallest("full");
    let disk = sandbox.outside("disk");
    fs::create_dir(&disk).expect("a temporary folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "forge"]).arg(&disk).output();
    if !mounted.is_ok_and(|it| it.status.success()) {
        skipped("only root can make a small disk");
        return;
    }
    let unmount = Unmount(&disk);
    for path in ["forge.yaml", "api/requirements.txt"] {
        fs::create_dir_all(disk.join("api")).expect("there is room");
        fs::copy(sandbox.path(path), disk.join(path)).expect("there is room");
    }
    fs::write(disk.join("filler"), vec![0; 44 << 10]).expect("there is room");
    let said = sandbox.run(&["-C", &disk.to_string_lossy(), "generate"]);
    assert_eq!(said.code, 2, "{}", said.text());
    assert!(said.stderr.contains("No space left"), "{}", said.text());
    let left: Vec<_> = fs::read_dir(&disk).expect("it is there").map(|it| it.expect("an entry").file_name()).collect();
    assert!(!left.iter().any(|it| it == "compose.yaml") && !disk.join("api/Dockerfile").exists(), "{left:?}");
    assert!(!disk.join(".forge/new").exists());
    drop(unmount);
}

#[test]
fn in_a_folder_that_cannot_be_written_to_everything_stays_as_it_was() {
    let sandbox = Sandbox::smallest("read-only");
    let api = sandbox.path("api");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "ro", "forge"]).arg(&api).output();
    if !mounted.is_ok_and(|it| it.status.success()) {
        skipped("only root can make a folder that root cannot write to");
        return;
    }
    let unmount = Unmount(&api);
    let before = sandbox.tree();
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 2, "{}", said.text());
    assert!(said.stderr.contains("cannot write api/") && said.stderr.contains("Read-only"), "{}", said.text());
    let after: Vec<_> = sandbox.tree().into_iter().filter(|it| !it.0.starts_with(".forge")).collect();
    assert_eq!(after, before.into_iter().collect::<Vec<_>>());
    drop(unmount);
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// A spec with one service that is sound, and more lines.
fn sound(more: &str) -> String {
    format!("{SMALLEST}{more}")
}

#[test]
fn every_code_is_said_of_something_and_points_at_it() {
    let gateway = "gateway:\n  hosts: { main: { domain: a.example.com } }\n  tls: { mode: none }\n  routes: [{ path: /, to: api }]\n";
    let cases: Vec<(&str, String, &str)> = vec![
        ("unknown-key", sound("    prot: 1\n"), "prot"),
        ("missing-key", "forge: 1\nname: a\nservices: { api: { build: { stack: python } } }\n".into(), "build"),
        ("unknown-choice", SMALLEST.replace("python, c", "pyhton, c"), "pyhton"),
        ("wrong-type", SMALLEST.replace("8000", "[8000]"), "port"),
        ("invalid-value", SMALLEST.replace("8000", "80"), "80"),
        ("one-of", sound("    image: \"a:1\"\n"), "api"),
        ("unknown-name", sound("    needs: [bd]\n"), "bd"),
        ("unknown-version", SMALLEST.replace("python, c", "python, version: \"2.7\", c"), "\"2.7\""),
        ("unproven", SMALLEST.replace("python, c", "python, version: \"3.12\", c"), "\"3.12\""),
        ("reserved-name", SMALLEST.replace("  api:", "  gateway:"), "gateway"),
        ("name-twice", sound("backings:\n  api: { kind: postgres }\n"), "api"),
        ("from-of-from", sound("  b: { from: api, command: [b], healthcheck: { tcp: 1 } }\n  c: { from: b, command: [c] }\n"), "b"),
        ("needs-cycle", sound("    needs: [b]\n  b: { from: api, command: [b], port: 9000, needs: [api] }\n"), "api"),
        ("no-port", sound(&format!("  b: {{ from: api, command: [b], healthcheck: {{ tcp: 1 }} }}\n{}", gateway.replace("to: api", "to: b"))), "b"),
        ("port-twice", sound("    ports: { more: 8000 }\n"), "8000"),
        ("route-twice", sound(&gateway.replace("[{", "[{ path: /, to: api }, {")), "/"),
        ("no-command", SMALLEST.replace("    command: [python, -m, app]\n", ""), "api"),
        ("no-healthcheck", SMALLEST.replace("    port: 8000\n", ""), "api"),
        ("memory-too-small", sound("    resources: { limits: { memory: 16M } }\n"), "16M"),
        ("above-limit", sound("    resources: { limits: { memory: 256M }, reservations: { memory: 1G } }\n"), "1G"),
        ("secret-in-environment", sound("    secrets: [KEY]\n    environment: { KEY: abc }\nsecrets: { KEY: { generate: {} } }\n"), "KEY"),
        ("credential-in-spec", sound("    environment: { API_TOKEN: hunter2 }\n"), "hunter2"),
        ("credential-in-spec", sound("secrets: { TOKEN: { supplied: ghp_0123456789abcdef0123456789abcdef } }\n"), "ghp_0123456789abcdef0123456789abcdef"),
        ("variable-twice", sound("    needs: { db: { environment: { A: host } } }\n    environment: { A: abc }\nbackings: { db: { kind: postgres } }\n"), "A"),
        ("no-entrypoint", "forge: 1\nname: a\nservices: { api: { build: { stack: static, context: ./api }, needs: { db: { environment: { A: url } } } } }\nbackings: { db: { kind: postgres } }\n".into(), "url"),
        ("overlay-baked", sound("environments: { staging: { overlay: { services: { api: { build: { version: \"3.14\" } } } } } }\n"), "version"),
        ("overlay-name", sound("    environment: { LOG_LEVEL: info }\nenvironments: { staging: { overlay: { services: { api: { environment: { LOG_LEVL: debug } } } } } }\n"), "LOG_LEVL"),
        ("inherited-domain", sound(&format!("{gateway}environments: {{ staging: {{}} }}\n")), "staging"),
        ("inherited-aliases", sound(&format!("{}environments: {{ staging: {{ overlay: {{ gateway: {{ hosts: {{ main: {{ domain: b.example.com }} }} }} }} }} }}\n", gateway.replace("domain: a.example.com", "domain: a.example.com, aliases: [c.example.com]"))), "domain"),
        ("no-effect", sound("    healthcheck: { file: { path: /srv/alive, max_age: 60s } }\n"), "/srv/alive"),
        ("unknown-rule", sound("    exceptions: [{ rule: read-only-rot, reason: because }]\n"), "read-only-rot"),
        ("unused", sound("secrets: { KEY: { generate: {} } }\n"), "KEY"),
        ("unsupported", sound("backings:\n  cache: { kind: redis, database: x }\n"), "database"),
        ("swarm-only", sound("    secrets: [KEY]\nsecrets: { KEY: { external: {} } }\n"), "external"),
        ("layout", sound("layout: { nginx: .git/nginx }\n"), ".git/nginx"),
        ("patch", sound("patches: [{ file: compose.yml, at: a, remove: true }]\n"), "compose.yml"),
        ("patch-breaks-rule", sound("patches: [{ file: compose.yaml, at: services.api.deploy, remove: true }]\n"), "compose.yaml"),
        ("context", SMALLEST.replace("./api", "../api"), "../api"),
        ("development-only", sound("    needs: [mail]\nbackings: { mail: { kind: mailpit } }\n"), "mailpit"),
        ("network", sound("networks: { api: { subnet: 10.5.0.1/24 } }\n"), "10.5.0.1/24"),
        ("data-on-a-foreign-network", sound("    needs: [db]\nbackings: { db: { kind: postgres } }\nnetworks: { db: { external: true } }\n"), "true"),
        ("volume-of-the-host", sound("    writable: { /data: { volume: data } }\nvolumes: { data: { options: { type: none, o: bind, device: /srv } } }\n"), "options"),
        ("shared-between-environments", sound("    writable: { /data: { volume: data } }\nvolumes: { data: { name: shop-data } }\nenvironments: { staging: {} }\n"), "shop-data"),
        (
            "migration-order",
            sound("    needs: [db]\n    migrate: { command: [up] }\n  b:\n    build: { stack: python, context: ./b }\n    command: [python, -m, b]\n    port: 8000\n    needs: [db]\n    migrate: { command: [up] }\nbackings: { db: { kind: postgres } }\n"),
            "migrate",
        ),
    ];
    // What cannot come from the text of a spec alone is shown by the tests named.
    let elsewhere = [
        "yaml",             // a_text_that_is_no_spec_is_refused
        "missing-file",     // generate on examples/notes without uv.lock says it
        "lock",             // a_lock_that_cannot_be_read_stops_everything_and_says_how_to_mend_it
        "unlocked",         // what_a_lock_lacks_is_told_at_its_place
        "platform",         // a_platform_that_an_image_lacks_is_told
        "end-of-life",      // a_version_past_its_end_of_life_is_told_with_the_day
        "missing-variable", // a_variable_that_a_stack_cannot_do_without_is_asked_for
        "template",         // a_project_brings_a_stack_and_a_backing_of_its_own
    ];
    let warnings = [
        "unused",
        "unproven",
        "inherited-aliases",
        "inherited-domain",
        "overlay-name",
        "development-only",
        "swarm-only",
    ];
    for (code, text, words) in &cases {
        let (doc, them) = told(text);
        let found = them.iter().find(|it| it.code.name == *code);
        let found = found.unwrap_or_else(|| panic!("no {code} for\n{text}\nbut {them:#?}"));
        let at = doc.locate(&found.place);
        assert_eq!(&doc.text[at], *words, "{code}: {found:#?}");
        assert_eq!(found.severity < Severity::Error, warnings.contains(code), "{code}");
    }
    for code in CODES {
        let known = cases.iter().map(|(name, ..)| *name).chain(ENV_FILES.map(|(name, ..)| name));
        assert!(known.chain(elsewhere).any(|it| it == code.name), "nothing shows `{}`", code.name);
    }
}

/// A code of env files each: the text of one, and the words in it that are pointed at.
const ENV_FILES: [(&str, &str, &str); 8] = [
    ("env-file", "REGION=\"here\nSUPPORT=a@b.test\n", "\"here"),
    ("env-missing", "SUPPORT=\n", "SUPPORT"),
    ("env-unknown", "SUPPORT=a@b.test\nREGIOM=here\n", "REGIOM"),
    ("env-malformed", "SUPPORT=nobody\n", "nobody"),
    ("env-example", "SUPPORT=CHANGE_ME\n", "CHANGE_ME"),
    ("env-weak", "SUPPORT=a@b.test\nREGION=https://a:short@b.test/\n", "https://a:short@b.test/"),
    ("env-twice", "SUPPORT=a@b.test\nREGION=a\nREGION=b\n", "REGION"),
    ("env-dollar", "SUPPORT=a@b.test\nREGION=a$HOME\n", "a$HOME"),
];

#[test]
fn every_code_of_env_files_is_said_of_something_and_points_at_it() {
    let more =
        "    variables: [SUPPORT, REGION]\nvariables: { SUPPORT: { type: email, required: true }, REGION: {} }\n";
    let (resolved, _) = resolved(&sound(more));
    let asked = forge::targets::asked(&resolved, &resolved.base);
    assert!(forge::dotenv::check("SUPPORT=a@b.test\nREGION=here\n", &asked, &[]).is_empty());
    for (code, text, words) in ENV_FILES {
        let them = forge::dotenv::check(text, &asked, &[]);
        let found = them.iter().find(|it| it.code.name == code);
        let found = found.unwrap_or_else(|| panic!("no {code} for\n{text}\nbut {them:#?}"));
        let Place::Bytes(at) = &found.place else { panic!("{found:#?}") };
        assert_eq!(&text[at.clone()], words, "{code}: {found:#?}");
    }
}

#[test]
fn a_credential_in_a_spec_is_refused_and_never_shown() {
    for (more, hidden) in [
        ("    environment: { DB_PASSWORD: hunter2 }\n", "hunter2"),
        ("    environment: { DATABASE_URL: \"postgres://a:hun$er2@db/a\" }\n", "hun$er2"),
        ("    healthcheck: { command: [redis-cli, --requirepass, hunter2] }\n", "hunter2"),
        ("    migrate: { command: [run, --password=hunter2] }\n", "hunter2"),
        ("    variables: [API_KEY]\nvariables: { API_KEY: { default: hunter2 } }\n", "hunter2"),
    ] {
        let sandbox = Sandbox::smallest("credential").file("forge.yaml", sound(more));
        refused(&sandbox, "credential-in-spec");
        let said = sandbox.run(&["validate"]);
        assert!(!said.text().contains(hidden), "{}", said.text());
        let lifted = "    exceptions: [{ rule: literal-credential, reason: a test server's }]\n";
        sandbox.write("forge.yaml", SMALLEST.to_owned() + lifted + more);
        sandbox.generate();
    }
}

#[test]
fn a_credential_in_somebody_elses_file_is_never_shown() {
    let sandbox = Sandbox::smallest("foreign-credential");
    sandbox.write("compose.yaml", "services:\n  api:\n    environment:\n      DB_PASSWORD: hunter2\n");
    for arguments in [&["diff"][..], &["diff", "--format", "json"], &["lint", "compose.yaml"]] {
        let said = sandbox.run(arguments);
        assert_eq!(said.code, 1, "{}", said.text());
        assert!(said.stdout.contains("DB_PASSWORD"), "{}", said.text());
        assert!(!said.text().contains("hunter2"), "{}", said.text());
    }
}

#[test]
fn all_problems_are_told_in_one_run() {
    let spec = sound("    needs: [bd]\n    secrets: [NO]\n    resources: { limits: { memory: 16M } }\n");
    let said = Sandbox::smallest("all").file("forge.yaml", spec).run(&["validate", "--format", "json"]);
    let codes: Vec<_> =
        said.json()["notices"].as_array().expect("a list").iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["unknown-name", "unknown-name", "memory-too-small"]);
}

#[test]
fn what_the_schema_refuses_does_not_hide_the_rest() {
    let more = "    prot: 1\n    replicas: many\n    needs: [bd]\n    environment: { API_TOKEN: hunter2 }\n  Web: { image: x }\ngateway:\n  hosts: { main: { domain: A_B } }\n  routes: [{ path: x, to: api }, { path: /, to: nobody }]\nenvironments: { staging: { overlay: { services: { ap: {} } } } }\n";
    let said = Sandbox::smallest("rest").file("forge.yaml", sound(more)).run(&["validate", "--format", "json"]);
    let told = said.json();
    let told: Vec<(u64, &str)> = told["notices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["start"]["line"].as_u64().unwrap_or_default(), it["code"].as_str().unwrap_or_default()))
        .collect();
    let wanted = [
        (8, "unknown-key"),
        (9, "wrong-type"),
        (11, "credential-in-spec"),
        (12, "invalid-value"),
        (13, "missing-key"),
        (14, "invalid-value"),
        (15, "invalid-value"),
        (16, "overlay-baked"),
    ];
    assert_eq!(told, wanted, "an entry is gone with its name, so that names which nobody has are not told here");
}

/// All that `validate` says of the smallest spec with more lines: where, what, and what to do.
fn complaints(more: &str) -> Vec<(u64, String, String)> {
    let said = Sandbox::smallest("complaints").file("forge.yaml", sound(more)).run(&["validate", "--format", "json"]);
    assert_eq!(said.code, 1, "{}", said.text());
    let text = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
    let all = said.json()["notices"].as_array().cloned().unwrap_or_default();
    all.iter()
        .map(|it| (it["start"]["column"].as_u64().unwrap_or(0), text(&it["message"]), text(&it["help"])))
        .collect()
}

#[test]
fn a_number_without_its_unit_is_told_with_what_it_would_be() {
    let gateway = |more: &str| {
        format!(
            "gateway:\n  hosts: {{ main: {{ domain: a.test }} }}\n  tls: {{ mode: none }}\n  routes: [{{ path: /, to: api }}]\n  {more}\n"
        )
    };
    for (more, at, help) in [
        (
            sound_resources("memory: 512"),
            "services.api.resources.limits.memory",
            "write `512M` for 512 MiB, or `512G` for 512 GiB",
        ),
        (
            "    stop_grace_period: 30\n".into(),
            "services.api.stop_grace_period",
            "write `30s` for 30 seconds, or `30m` for 30 minutes",
        ),
        (
            "    writable: { /x: { tmpfs: 64 } }\n".into(),
            "services.api.writable.\"/x\".tmpfs",
            "write `64M` for 64 MiB, or `64G` for 64 GiB",
        ),
        (
            gateway("limits: { api: { rate: 5 } }"),
            "gateway.limits.api.rate",
            "write `5r/s` for 5 requests a second, or `5r/m` for 5 requests a minute",
        ),
        (gateway("max_body_size: 6"), "gateway.max_body_size", "write `6M` for 6 MiB, or `6G` for 6 GiB"),
    ] {
        let (_, message, found) = &complaints(&more)[0];
        assert_eq!((message.as_str(), found.as_str()), (format!("`{at}` is a number without its unit").as_str(), help));
    }
    // Nothing is no amount with a unit, either.
    let (_, message, help) = &complaints(&gateway("max_body_size: 0"))[0];
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("`gateway.max_body_size` is a number, not text", "for example `10M`")
    );
}

fn sound_resources(limits: &str) -> String {
    format!("    resources: {{ limits: {{ {limits} }} }}\n")
}

#[test]
fn what_is_too_small_is_pointed_at_where_it_was_written() {
    // For all services: not at the service, which says nothing of it.
    let [(column, message, _)] = &complaints("defaults: { resources: { limits: { memory: 1M } } }\n")[..] else {
        panic!()
    };
    assert_eq!((*column, message.as_str()), (44, "1M of memory are too little: this needs at least 64M to start"));
    // No reservation was written that could be above the limit.
    let [(column, message, _)] = &complaints(&sound_resources("memory: 1K"))[..] else { panic!() };
    assert_eq!((*column, message.as_str()), (36, "1K of memory are too little: this needs at least 64M to start"));
    let [(column, message, _)] = &complaints("    writable: { /x: { tmpfs: 1G } }\n")[..] else { panic!() };
    assert!(*column == 30 && message.starts_with("its tmpfs together hold 1088M"), "{column} {message}");
}

#[test]
fn one_mistake_is_one_complaint() {
    let gateway = "gateway:\n  hosts: { main: { domain: a.test }, other: { domain: b.test } }\n  tls: { mode: none }\n  routes:\n";
    let route = |words: &str| format!("    - {{ {words} }}\n");
    for (more, wanted) in [
        // A service that was renamed.
        (
            "  b: { from: backend, command: [b] }\n  c: { from: api, command: [c], healthcheck: { tcp: 1 }, needs: [backend] }\n  d: { from: api, command: [d], healthcheck: { tcp: 1 }, needs: [backend] }\nenvironments: { staging: { overlay: { services: { d: { needs: [backend] } } } } }\n".to_owned(),
            vec![("there is no service `backend`", "there is `api`; the same on lines 9 and 10")],
        ),
        // A second host of which routes know nothing.
        (
            format!("{gateway}{}{}{}", route("path: /, to: api"), route("path: /a, to: api"), route("path: /b, to: api")),
            vec![("there are several hosts, and this route names none", "write `host:` with its name under `hosts`; the same on lines 13 and 14")],
        ),
        // A host that is misspelt in its routes has none.
        (
            format!("{gateway}{}{}{}", route("path: /, to: api, host: main"), route("path: /, to: api, host: othr"), route("path: /b, to: api, host: othr")),
            vec![("there is no host `othr`", "did you mean `other`? (the same on line 14)")],
        ),
        // A secret whose name is none.
        (
            "    secrets: [KEY]\n  b: { from: api, command: [b], healthcheck: { tcp: 1 }, secrets: [KEY] }\nsecrets: { key: { generate: {} } }\n".to_owned(),
            vec![("`key` is not a name of a secret", "capital letters, digits and underscores, a letter first; for example `SECRET_KEY`")],
        ),
        // A secret that is misspelt where it is declared.
        (
            "    secrets: [KEY]\n  b: { from: api, command: [b], healthcheck: { tcp: 1 }, secrets: [KEY] }\nsecrets: { KEYS: { generate: {} } }\n".to_owned(),
            vec![("no secret `KEY` is declared", "did you mean `KEYS`? (the same on line 9)")],
        ),
    ] {
        let found = complaints(&more);
        let found: Vec<(&str, &str)> = found.iter().map(|(_, message, help)| (message.as_str(), help.as_str())).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_mistyped_choice_is_shown_also_below_secrets() {
    let more = "    secrets: [STAFF]\nsecrets: { STAFF: { supplied: \"lines of htpasswd\", format: htpaswd } }\n";
    let said = Sandbox::smallest("format").file("forge.yaml", sound(more)).run(&["validate"]);
    for words in ["`htpaswd` is not `htpasswd`, which is all", "format: htpaswd }", "did you mean `htpasswd`?"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.text());
    }
    // A value where there can be none is taken for the secret itself.
    let more = "    secrets: [STAFF]\nsecrets: { STAFF: { value: swordfish99 } }\n";
    let said = Sandbox::smallest("value").file("forge.yaml", sound(more)).run(&["validate"]);
    assert!(said.code == 1 && !said.text().contains("swordfish99"), "{}", said.text());
}

#[test]
fn what_a_redirect_has_no_use_for_is_told_in_its_own_words() {
    let more = "gateway:\n  hosts: { main: { domain: a.test } }\n  tls: { mode: none }\n  routes: [{ path: /, to: api }, { path: /old, redirect: { to: / }, limit: health, websocket: true }]\n";
    let found: Vec<String> = complaints(more).into_iter().map(|it| it.1).collect();
    let wanted = [
        "`limit` does nothing where nginx leads to another address",
        "`websocket` does nothing where no service is asked",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_login_without_its_secret_is_told_with_the_one_that_was_meant() {
    let more = "gateway:\n  hosts: { main: { domain: a.test } }\n  tls: { mode: none }\n  routes: [{ path: /, to: api, login: { users: STFF } }]\nsecrets: { STAFF: { supplied: \"lines of htpasswd\", format: htpasswd } }\n";
    let found = complaints(more);
    assert!(found[0].1 == "there is no secret `STFF`" && found[0].2 == "did you mean `STAFF`?", "{found:?}");
    let found = complaints(&more.replace("STAFF:", "OTHERS:"));
    assert!(found[0].2.starts_with("declare it: `secrets: { STFF:"), "{found:?}");
}

#[test]
fn a_manifest_that_claims_the_spec_does_not_get_it_deleted() {
    let sandbox = Sandbox::smallest("claims");
    sandbox.generate();
    let base = forge::compare::digest(SMALLEST.as_bytes());
    let claim = format!("\"artifacts\": {{ \"odd\": {{ \"path\": \"forge.yaml\", \"base\": \"{base}\" }},");
    sandbox.edit(".forge/manifest.json", "\"artifacts\": {", &claim);
    sandbox.generate();
    assert!(sandbox.exists("forge.yaml"));
}

#[test]
fn a_pipe_where_a_file_is_to_be_written_is_refused() {
    let sandbox = Sandbox::smallest("pipe");
    assert!(Command::new("mkfifo").arg(sandbox.path("compose.yaml")).status().expect("mkfifo is there").success());
    refused(&sandbox, "`compose.yaml` is no file");
}

#[test]
fn links_in_the_folder_of_forge_are_not_followed() {
    for name in [".forge", ".forge/base", ".forge/pending.json", ".forge/schema.json"] {
        let sandbox = Sandbox::smallest("links");
        let outside = sandbox.outside("outside");
        fs::create_dir(&outside).expect("a temporary folder");
        fs::write(outside.join("kept"), "kept").expect("a file in a temporary folder");
        if name != ".forge" {
            fs::create_dir(sandbox.path(".forge")).expect("a folder in a temporary folder");
        }
        let sandbox = sandbox.link(name, &outside);
        let said = sandbox.run(&["generate"]);
        assert_eq!(said.code, 2, "{}", said.text());
        assert_eq!(fs::read_dir(&outside).expect("it is there").count(), 1, "{name}");
    }
}

#[test]
fn a_variable_that_a_stack_cannot_do_without_is_asked_for() {
    let own = include_str!("../templates/stacks/python/stack.yaml")
        .replace("  tests: true\n", "  tests: true\n  variables: { SECRET_KEY: \"what sessions are signed with\" }\n");
    let sandbox = Sandbox::smallest("variable").file("forge-templates/stacks/python/stack.yaml", own);
    let said = sandbox.run(&["validate"]);
    let help = "declare a secret, and write `secrets: { SECRET_KEY: { environment: SECRET_KEY } }`";
    assert!(
        said.code == 0 && said.stdout.contains("warning[missing-variable]") && said.stdout.contains(help),
        "{}",
        said.text()
    );
    let more = "    secrets: { SECRET_KEY: { environment: SECRET_KEY } }\nsecrets: { SECRET_KEY: { generate: {} } }\n";
    sandbox.write("forge.yaml", sound(more));
    let said = sandbox.run(&["validate"]);
    assert!(!said.text().contains("missing-variable"), "{}", said.text());
}

#[test]
fn a_version_past_its_end_of_life_is_told_with_the_day() {
    let sandbox =
        Sandbox::smallest("ended").file("forge.yaml", SMALLEST.replace("python, c", "python, version: \"3.13\", c"));
    let on = |seconds: &str| {
        let mut command = sandbox.command(&["validate"]);
        command.env("SOURCE_DATE_EPOCH", seconds);
        end(command).stdout
    };
    // 2029-10-31 and the day after
    assert!(!on("1888099200").contains("end-of-life"));
    let said = on("1888185600");
    assert!(
        said.contains("warning[end-of-life]: Python 3.13 has had no security fixes since 2029-10-31")
            && said.contains("write `version: \"3.14\"`, which gets them until 2030-10-31"),
        "{said}"
    );
    let more = "    needs: [db]\nbackings: { db: { kind: postgres } }\nenvironments: { development: { overlay: { backings: { db: { version: \"16\" } } } } }\n";
    sandbox.write("forge.yaml", sound(more));
    // 2029-01-01
    let said = on("1861920000");
    assert!(
        said.contains("PostgreSQL 16 has had no security fixes since 2028-11-09") && said.contains("version: \"16\""),
        "{said}"
    );
}

#[test]
fn a_lockfile_of_another_package_manager_is_told_with_what_to_write() {
    let own = include_str!("../templates/stacks/python/stack.yaml").replacen(
        "  tests: true\n",
        "  tests: true\n  foreign_lockfiles: { uv.lock: uv }\n",
        1,
    );
    let sandbox = Sandbox::new("lockfile").file("forge.yaml", SMALLEST).file("api/uv.lock", "");
    let sandbox = sandbox.file("forge-templates/stacks/python/stack.yaml", own);
    let said = sandbox.run(&["validate"]).stdout;
    let message = "warning[missing-file]: the build reads `requirements.txt`, and api has none, but `uv.lock`";
    assert!(said.contains(message) && said.contains("write `options: { package_manager: uv }`"), "{said}");
}

#[test]
fn a_dockerfile_of_ones_own_wants_a_user_and_something_to_ask_with() {
    let own = "forge: 1\nname: shop\nservices:\n  api:\n    build: { stack: custom, context: ./api }\n    port: 8000\n";
    let sandbox = Sandbox::new("own").file("forge.yaml", own).file("api/Dockerfile", "FROM scratch\n");
    let said = sandbox.run(&["validate"]).stdout;
    assert!(said.contains("error[missing-key]: nothing says who runs this image"), "{said}");
    assert!(said.contains("write `build: { options: { probe_with: … } }`"), "{said}");
    let mended = own.replacen("./api }", "./api, user: { uid: 1, gid: 1 }, options: { probe_with: curl } }", 1);
    let sandbox = sandbox.file("forge.yaml", mended);
    sandbox.generate();
    assert_eq!(sandbox.read("api/Dockerfile"), "FROM scratch\n");
    assert!(!sandbox.path("api/.dockerignore").exists());
}

#[test]
fn what_a_variable_holds_is_said_soundly() {
    for (declared, words) in [
        ("{ type: integer, default: many }", "`many` is not an integer"),
        ("{ type: integer, default: 007 }", "`007` is not an integer"),
        ("{ type: integer, min: 1, max: 9, default: 10 }", "`10` is not an integer from 1 to 9"),
        ("{ type: integer, min: 9, max: 1 }", "`max` is below `min`"),
        ("{ type: integer, min: few }", "`few` is no integer"),
        ("{ type: boolean, default: yes please }", "is not true or false"),
        ("{ type: url, default: example.com }", "`example.com` is not a URL"),
        ("{ type: email, default: nobody }", "`nobody` is not an e-mail address"),
        ("{ type: duration, default: 30 }", "`30` is not a duration"),
        ("{ type: duration, min: 1s, default: 500ms }", "`500ms` is not a duration of at least 1s"),
        ("{ type: one_of, values: [a, b], default: c }", "`c` is not one of a, b"),
        ("{ type: one_of }", "`one_of` nothing cannot be set"),
        ("{ type: one_of, values: [a, a] }", "`a` stands here twice"),
        ("{ type: one_of, values: [\"a{b\"] }", "no default and no .env could hold this: `{`"),
        ("{ values: [a] }", "`values` go with `type: one_of`, and this is of type string"),
        ("{ min: 1 }", "`min` goes with integers and durations, and this is of type string"),
        ("{ type: length }", "`length` is none of `string`"),
        ("{ required: true, default: a }", "`SETTING` is required, so its default is never used"),
    ] {
        let more = format!("    variables: [SETTING]\nvariables: {{ SETTING: {declared} }}\n");
        refused(&Sandbox::smallest("variable-type").file("forge.yaml", sound(&more)), words);
    }
}
