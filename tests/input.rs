//! Bad input: a clear error, and nothing written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::{assert_data_eq, str};

use crate::sandbox::{SMALLEST, Sandbox};

/// What `forge generate` says to a spec that it refuses; nothing is written.
fn refused(spec: impl AsRef<[u8]>) -> String {
    untouched(&Sandbox::new("input").folder("api").file("forge.yaml", spec))
}

/// What `forge generate` says; nothing is written, and nothing is hurt.
fn untouched(sandbox: &Sandbox) -> String {
    let before = sandbox.tree();
    let ended = sandbox.run(&["generate"]);
    assert_ne!(ended.code, 0, "{}", ended.text());
    let after = sandbox.tree();
    let paths = before.keys().chain(after.keys()).filter(|it| *it != ".forge/lock");
    let changed: BTreeSet<&String> = paths.filter(|it| before.get(*it) != after.get(*it)).collect();
    assert!(changed.is_empty(), "written: {changed:?}\n{}", ended.text());
    ended.text()
}

// ---- not a document --------------------------------------------------------------------------------------------

#[test]
fn text_that_is_no_yaml() {
    assert_data_eq!(refused("forge: [1\nname: shop\n"), str![[]]);
}

#[test]
fn an_empty_file() {
    assert_data_eq!(refused(""), str![[]]);
}

#[test]
fn a_list() {
    assert_data_eq!(refused("- forge\n"), str![[]]);
}

#[test]
fn two_documents() {
    assert_data_eq!(refused(format!("{SMALLEST}---\nforge: 1\n")), str![[]]);
}

#[test]
fn a_tab_before_a_key() {
    assert_data_eq!(refused("forge: 1\nservices:\n\tapi: {}\n"), str![[]]);
}

#[test]
fn a_byte_order_mark_is_fine() {
    let sandbox = Sandbox::smallest("bom").file("forge.yaml", format!("\u{feff}{SMALLEST}"));
    sandbox.generate();
    assert!(sandbox.exists("compose.yaml"));
}

#[test]
fn line_ends_of_windows_are_fine() {
    let sandbox = Sandbox::smallest("crlf").file("forge.yaml", SMALLEST.replace('\n', "\r\n"));
    sandbox.generate();
    assert!(!sandbox.read("compose.yaml").contains('\r'));
}

#[test]
fn utf_16() {
    let bytes: Vec<u8> = "\u{feff}forge: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_data_eq!(refused(bytes), str![[]]);
}

#[test]
fn a_byte_that_is_not_utf_8() {
    assert_data_eq!(refused(b"forge: 1\nname: caf\xe9\n"), str![[]]);
}

#[test]
fn a_key_that_stands_twice() {
    assert_data_eq!(refused("forge: 1\nname: shop\nname: store\n"), str![[]]);
}

#[test]
fn a_service_that_stands_twice() {
    assert_data_eq!(refused(format!("{SMALLEST}  api:\n    image: a:1\n")), str![[]]);
}

#[test]
fn nesting_of_10_000() {
    assert_data_eq!(refused(format!("forge: {}", "[".repeat(10_000))), str![[]]);
}

#[test]
fn nesting_of_10_000_in_lines() {
    assert_data_eq!(refused(format!("forge:\n{}1\n", "- ".repeat(10_000))), str![[]]);
}

#[test]
fn a_billion_laughs() {
    let mut bomb = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert_data_eq!(refused(bomb), str![[]]);
}

#[test]
fn many_aliases_of_a_long_list() {
    let bomb = format!("a: &a [{}]\nb: [{}]\n", "1, ".repeat(2000), "*a, ".repeat(5000));
    assert_data_eq!(refused(bomb), str![[]]);
}

#[test]
fn a_bomb_of_merges() {
    let mut bomb = String::from("a0: &a0 { k: 1, l: 2, m: 3, n: 4 }\n");
    for level in 1..25 {
        bomb += &format!("a{level}: &a{level} {{ k{level}: 1, <<: [*a{0}, *a{0}] }}\n", level - 1);
    }
    assert_data_eq!(refused(bomb), str![[]]);
}

#[test]
fn an_anchor_that_holds_itself() {
    assert_data_eq!(refused("forge: &a [*a]\n"), str![[]]);
}

#[test]
fn a_file_of_50_mb() {
    assert_data_eq!(refused("# nothing\n".repeat(5_000_000)), str![[]]);
}

// ---- no file ---------------------------------------------------------------------------------------------------

#[test]
fn a_spec_that_is_missing() {
    assert_data_eq!(untouched(&Sandbox::new("missing")), str![[]]);
}

#[test]
fn a_spec_that_is_a_folder() {
    assert_data_eq!(untouched(&Sandbox::new("folder").folder("forge.yaml")), str![[]]);
}

#[test]
fn a_spec_that_is_a_link_to_nothing() {
    assert_data_eq!(untouched(&Sandbox::new("dangling").link("forge.yaml", "nowhere.yaml")), str![[]]);
}

#[test]
fn a_spec_that_is_a_link_to_itself() {
    assert_data_eq!(untouched(&Sandbox::new("circle").link("forge.yaml", "forge.yaml")), str![[]]);
}

#[test]
fn a_spec_that_is_a_pipe_nobody_writes_to() {
    let sandbox = Sandbox::new("pipe");
    let made = Command::new("mkfifo").arg(sandbox.path("forge.yaml")).status();
    assert!(made.is_ok_and(|it| it.success()), "mkfifo is there");
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

#[test]
fn a_spec_that_may_not_be_read() {
    let sandbox = Sandbox::smallest("unreadable");
    sandbox.set_mode("forge.yaml", 0o000);
    // Root may read everything.
    if fs::read(sandbox.path("forge.yaml")).is_err() {
        assert_data_eq!(sandbox.forge("generate"), str![[r#"
exit 2
--- stderr
error: cannot read forge.yaml: Permission denied (os error 13)

"#]]);
    }
}

#[test]
fn a_folder_that_is_not_there() {
    assert_data_eq!(Sandbox::new("nowhere").forge("-C nowhere generate"), str![[]]);
}

// ---- wrong words -----------------------------------------------------------------------------------------------

#[test]
fn every_mistake_of_a_file_is_told_in_one_run() {
    let spec = "forge: 1
name: Shop
servces: {}
services:
  api:
    build: { stack: pyton, context: ./api }
    port: eight
  web: { image: true }
";
    assert_data_eq!(refused(spec), str![[]]);
}

#[test]
fn mistakes_in_meaning_are_told_in_one_run() {
    let spec = "forge: 1
name: shop
services:
  api:
    build: { stack: python, context: ./nowhere }
    needs: [db]
  worker: { from: apy, command: [a] }
backings:
  cache: { kind: redis }
  dbs: { kind: postgres, version: \"9\" }
";
    assert_data_eq!(refused(spec), str![[]]);
}

#[test]
fn names_that_are_no_names() {
    for name in ["my shop", "Shop", "🦀", "../shop", "-shop", "shop-", "shop\\n", "", "a/b", "a.b", "a_b"] {
        let in_place_of = |spec: &str| spec.replace("NAME", &format!("\"{name}\""));
        for spec in [
            in_place_of("forge: 1\nname: NAME\n"),
            in_place_of("forge: 1\nname: shop\nservices: { NAME: { image: \"a:1\", user: { uid: 1, gid: 1 } } }\n"),
            in_place_of("forge: 1\nname: shop\nbackings: { NAME: { kind: redis } }\n"),
            in_place_of("forge: 1\nname: shop\nenvironments: { NAME: {} }\n"),
        ] {
            let said = refused(&spec);
            assert!(said.starts_with("exit 2\n") && said.contains("error[invalid-value]"), "{spec}{said}");
            assert!(said.contains("lower-case letters, digits and dashes"), "{spec}{said}");
        }
    }
}

#[test]
fn a_name_with_an_emoji() {
    assert_data_eq!(refused(SMALLEST.replace("shop", "🦀shop")), str![[]]);
}

#[test]
fn a_name_that_leads_out() {
    assert_data_eq!(refused(SMALLEST.replace("  api:", "  ../api:")), str![[]]);
}

#[test]
fn a_number_where_text_belongs() {
    assert_data_eq!(refused(SMALLEST.replace("shop", "1.10")), str![[]]);
}

// ---- places on the disk ----------------------------------------------------------------------------------------

#[test]
fn a_context_that_does_not_exist() {
    assert_data_eq!(untouched(&Sandbox::new("context").file("forge.yaml", SMALLEST)), str![[]]);
}

#[test]
fn a_context_that_is_a_file() {
    let sandbox = Sandbox::new("context").file("forge.yaml", SMALLEST).file("api", "");
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

#[test]
fn a_context_that_leads_out() {
    assert_data_eq!(refused(SMALLEST.replace("./api", "api/../../elsewhere")), str![[]]);
}

#[test]
fn a_context_that_is_absolute() {
    assert_data_eq!(refused(SMALLEST.replace("./api", "/etc")), str![[]]);
}

#[test]
fn a_context_that_is_a_link_out() {
    let sandbox = Sandbox::new("link").file("forge.yaml", SMALLEST);
    fs::create_dir(sandbox.outside("elsewhere")).expect("a folder in a temporary folder");
    let sandbox = sandbox.link("api", "../elsewhere");
    assert_data_eq!(untouched(&sandbox), str![[]]);
    assert_eq!(fs::read_dir(sandbox.outside("elsewhere")).expect("it is there").count(), 0);
}

#[test]
fn a_context_that_is_a_link_inside_is_fine() {
    let sandbox = Sandbox::new("link").file("forge.yaml", SMALLEST).file("source/requirements.txt", "");
    let sandbox = sandbox.link("api", "source");
    sandbox.generate();
    assert!(sandbox.exists("source/Dockerfile"));
}

#[test]
fn an_output_path_that_is_a_folder() {
    assert_data_eq!(untouched(&Sandbox::smallest("output").folder("compose.yaml")), str![[]]);
}

#[test]
fn an_output_folder_that_is_a_file() {
    let sandbox = Sandbox::smallest("output").file("forge.yaml", with_gateway()).file("nginx", "mine\n");
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

#[test]
fn an_output_folder_that_is_a_link_out() {
    let sandbox = Sandbox::smallest("output").file("forge.yaml", with_gateway());
    fs::create_dir(sandbox.outside("elsewhere")).expect("a folder in a temporary folder");
    let sandbox = sandbox.link("nginx", "../elsewhere");
    assert_data_eq!(untouched(&sandbox), str![[]]);
    assert_eq!(fs::read_dir(sandbox.outside("elsewhere")).expect("it is there").count(), 0);
}

#[test]
fn an_output_file_that_is_a_link_out() {
    let sandbox = Sandbox::smallest("output");
    fs::write(sandbox.outside("theirs"), "theirs\n").expect("a file in a temporary folder");
    let sandbox = sandbox.link("compose.yaml", "../theirs");
    assert_data_eq!(untouched(&sandbox), str![[]]);
    assert_eq!(fs::read_to_string(sandbox.outside("theirs")).expect("it is there"), "theirs\n");
}

#[test]
fn an_output_file_that_is_a_link_to_nothing() {
    let sandbox = Sandbox::smallest("output").link("compose.yaml", "../nowhere");
    assert_data_eq!(untouched(&sandbox), str![[]]);
    assert!(!sandbox.outside("nowhere").exists());
}

#[test]
fn the_folder_of_forge_that_is_a_link_out() {
    let sandbox = Sandbox::smallest("state");
    fs::create_dir(sandbox.outside("elsewhere")).expect("a folder in a temporary folder");
    let sandbox = sandbox.link(".forge", "../elsewhere");
    untouched(&sandbox);
    assert_eq!(fs::read_dir(sandbox.outside("elsewhere")).expect("it is there").count(), 0, "it wrote there");
}

#[test]
fn the_folder_of_forge_that_is_a_file() {
    assert_data_eq!(untouched(&Sandbox::smallest("state").file(".forge", "")), str![[]]);
}

#[test]
fn a_pipe_where_a_file_is_to_be_written() {
    let sandbox = Sandbox::smallest("pipe");
    let made = Command::new("mkfifo").arg(sandbox.path("compose.yaml")).status();
    assert!(made.is_ok_and(|it| it.success()), "mkfifo is there");
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

fn with_gateway() -> String {
    format!("{SMALLEST}gateway:\n  hosts: {{ main: {{ domain: shop.example.com }} }}\n  tls: {{ mode: none }}\n  routes: [{{ path: /, to: api }}]\n")
}

// ---- the manifest ----------------------------------------------------------------------------------------------

/// A project that was generated, and whose manifest was changed since.
fn with_manifest(change: impl Fn(&str) -> String) -> Sandbox {
    let sandbox = Sandbox::smallest("manifest");
    sandbox.generate();
    sandbox.write(".forge/manifest.json", change(&sandbox.read(".forge/manifest.json")));
    sandbox
}

#[test]
fn a_manifest_that_is_broken() {
    assert_data_eq!(untouched(&with_manifest(|it| it[..it.len() / 2].to_owned())), str![[]]);
}

#[test]
fn a_manifest_with_the_marks_of_a_merge() {
    assert_data_eq!(untouched(&with_manifest(|it| it.replacen("{", "<<<<<<< HEAD\n{", 1))), str![[]]);
}

#[test]
fn a_manifest_of_a_newer_forge() {
    let newer = |it: &str| it.replace("\"version\": 1", "\"version\": 2").replace("\"forge\": \"0.1.0\"", "\"forge\": \"7.0.0\"");
    assert_data_eq!(untouched(&with_manifest(newer)), str![[]]);
}

#[test]
fn a_manifest_of_a_newer_forge_with_fields_of_another_shape() {
    let newer = |_: &str| "{ \"version\": 2, \"forge\": \"7.0.0\", \"artifacts\": [] }".to_owned();
    let said = untouched(&with_manifest(newer));
    assert!(said.contains("newer forge"), "{said}");
}

#[test]
fn a_manifest_whose_paths_lead_out() {
    for odd in ["../theirs", "/etc/hostname", "api/../../theirs", "", ".", "./compose.yaml", "..\\\\theirs\\u0000"] {
        let sandbox = with_manifest(|it| it.replace("\"path\": \"compose.yaml\"", &format!("\"path\": \"{odd}\"")));
        fs::write(sandbox.outside("theirs"), "theirs\n").expect("a file in a temporary folder");
        let said = untouched(&sandbox);
        assert!(said.starts_with("exit 2\n"), "{odd}: {said}");
        assert_eq!(fs::read_to_string(sandbox.outside("theirs")).expect("it is there"), "theirs\n");
    }
    let sandbox = with_manifest(|it| it.replace("\"path\": \"compose.yaml\"", "\"path\": \"../theirs\""));
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

#[test]
fn a_manifest_that_claims_the_spec_and_the_sources() {
    for theirs in ["forge.yaml", "api/requirements.txt"] {
        let sandbox = Sandbox::smallest("manifest");
        sandbox.generate();
        let base = forge::compare::digest(sandbox.read(theirs).as_bytes());
        let more = format!("\"artifacts\": {{\n    \"odd\": {{ \"path\": \"{theirs}\", \"base\": \"{base}\" }},");
        sandbox.write(".forge/manifest.json", sandbox.read(".forge/manifest.json").replace("\"artifacts\": {", &more));
        let ended = sandbox.run(&["generate"]);
        assert!(theirs != "forge.yaml" || sandbox.exists(theirs), "it deleted the spec:\n{}", ended.text());
    }
}

// ---- the disk says no ------------------------------------------------------------------------------------------

/// A small file system of its own, where this machine lets us have one.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    #[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
    fn new(place: &'a Path, options: &str) -> Option<Mounted<'a>> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place).output();
        if mounted.is_ok_and(|it| it.status.success()) {
            return Some(Mounted(place));
        }
        eprintln!("skipped: no file system can be mounted here");
        None
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.0).status();
        assert!(done.is_ok_and(|it| it.success()), "it can be mounted again");
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Fills the disk, but for so many kilobytes.
fn fill(sandbox: &Sandbox, room: u64) {
    // It fails where the disk ends, and what fitted is there.
    let _ = fs::write(sandbox.path("filler"), vec![b'x'; 1 << 20]);
    let file = fs::OpenOptions::new().write(true).open(sandbox.path("filler")).expect("it is there");
    let size = file.metadata().expect("it is there").len();
    file.set_len(size - (room << 10).min(size)).expect("it can be made shorter");
}

#[test]
fn a_folder_that_is_read_only() {
    let sandbox = Sandbox::new("read-only");
    let project = sandbox.path("");
    let Some(mounted) = Mounted::new(&project, "size=4m") else { return };
    sandbox.write("forge.yaml", SMALLEST);
    sandbox.write("api/requirements.txt", "");
    mounted.remount("ro");
    assert_data_eq!(untouched(&sandbox), str![[]]);
}

#[test]
fn a_disk_that_is_full_leaves_every_file_whole() {
    let sandbox = Sandbox::new("full");
    let project = sandbox.path("");
    let Some(mounted) = Mounted::new(&project, "size=512k,nr_inodes=500") else { return };
    sandbox.write("forge.yaml", SMALLEST);
    sandbox.write("api/requirements.txt", "");
    sandbox.generate();
    // Every file has another text now, and there are more of them.
    sandbox.write("forge.yaml", with_gateway().replace("name: shop", "name: store"));
    fill(&sandbox, 0);
    assert_data_eq!(untouched(&sandbox), str![[]]);
    fs::remove_file(sandbox.path("filler")).expect("it is there");
    sandbox.generate();
    assert_eq!(sandbox.run(&["diff"]).code, 0);
    drop(mounted);
}

/// Whatever is the point at which the disk becomes full, each file is as it was or as it shall be, and the next run heals.
#[test]
fn a_disk_that_becomes_full_on_the_way_leaves_every_file_whole() {
    for room in [4, 8, 16, 24, 32, 48, 64, 96, 128, 160] {
        let sandbox = Sandbox::new("full");
        let project = sandbox.path("");
        let Some(mounted) = Mounted::new(&project, "size=512k,nr_inodes=500") else { return };
        sandbox.write("forge.yaml", SMALLEST);
        sandbox.write("api/requirements.txt", "");
        sandbox.generate();
        sandbox.write("forge.yaml", with_gateway().replace("name: shop", "name: store"));
        let before = sandbox.tree();
        fill(&sandbox, room);
        let ended = sandbox.run(&["generate"]);
        let after = sandbox.tree();
        if ended.code != 0 {
            assert_eq!(ended.code, 2, "{}", ended.text());
            for (path, seen) in before.iter().filter(|(path, _)| !path.starts_with(".forge")) {
                assert_eq!(after.get(path), Some(seen), "with {room} KB left, {path} changed:\n{}", ended.text());
            }
        }
        fs::remove_file(sandbox.path("filler")).expect("it is there");
        sandbox.generate();
        assert_eq!(sandbox.run(&["diff"]).code, 0);
        drop(mounted);
    }
}

// ---- every code ------------------------------------------------------------------------------------------------

/// The smallest spec that shows a code, and the words that are pointed at. Each begins with `forge: 1` and `name: shop`.
const CODES: &[(&str, &str, &str)] = &[
    ("yaml", "name: shop\n", "name"),
    ("unknown-key", "servces: {}\n", "servces"),
    ("unknown-key", "services: { api: { image: a:1, hostname: a } }\n", "hostname"),
    ("missing-key", "services: { api: { build: { stack: static } } }\n", "build"),
    ("unknown-choice", "services: { api: { build: { stack: pyton, context: api } } }\n", "pyton"),
    ("unknown-choice", "services: { api: { build: { stack: python, context: api, options: { framework: django } } } }\n", "django"),
    ("wrong-type", "services: []\n", "services"),
    ("wrong-type", "services: { api: { image: 1, user: { uid: 1, gid: 1 } } }\n", "1"),
    ("invalid-value", "registry: GHCR.io\n", "GHCR.io"),
    ("invalid-value", "services: { Api: { image: a:1 } }\n", "Api"),
    ("invalid-value", "services: { api: { image: a, user: { uid: 1, gid: 1 }, healthcheck: { command: [a] } } }\n", "a"),
    ("invalid-value", "services: { api: { image: a:1, user: { uid: 0, gid: 1 } } }\n", "0"),
    ("one-of", "services: { api: { port: 8000 } }\n", "api"),
    ("one-of", "services: { api: { build: { stack: static, context: api }, image: a:1 } }\n", "api"),
    ("one-of", "secrets: { KEY: { generate: {}, supplied: a } }\n", "KEY"),
    ("unknown-name", "services: { api: { build: { stack: static, context: api }, needs: [bd] } }\n", "bd"),
    ("unknown-name", "services: { api: { build: { stack: static, context: api }, variables: [EMAIL] } }\n", "EMAIL"),
    ("unknown-name", "services: { api: { build: { stack: static, context: api }, secrets: [TOKEN] } }\n", "TOKEN"),
    ("unknown-name", "services: { api: { build: { stack: static, context: api } }, job: { from: apy, command: [a] } }\n", "apy"),
    ("unknown-version", "services: { api: { build: { stack: python, context: api, version: \"2.7\" } } }\n", "\"2.7\""),
    ("unknown-version", "backings: { db: { kind: postgres, version: \"9\" } }\n", "\"9\""),
    ("reserved-name", "services: { gateway: { build: { stack: static, context: api } } }\n", "gateway"),
    ("reserved-name", "services: { api-migrate: { build: { stack: static, context: api } } }\n", "api-migrate"),
    ("reserved-name", "environments: { production: {} }\n", "production"),
    ("name-twice", "services: { db: { build: { stack: static, context: api } } }\nbackings: { db: { kind: redis } }\n", "db"),
    ("from-of-from", "services: { api: { build: { stack: static, context: api } }, job: { from: api, command: [a], port: 8000 }, jobs: { from: job, command: [a] } }\n", "job"),
    ("needs-cycle", "services: { api: { build: { stack: static, context: api }, needs: [web] }, web: { build: { stack: static, context: web }, needs: [api] } }\n", "api"),
    ("needs-cycle", "services: { api: { build: { stack: static, context: api }, needs: [api] } }\n", "api"),
    ("no-port", "services: { api: { image: a:1, user: { uid: 1, gid: 1 }, healthcheck: { command: [a] } } }\ngateway: { hosts: { main: { domain: a.example } }, tls: { mode: none }, routes: [{ path: /, to: api }] }\n", "api"),
    ("no-port", "services: { api: { image: a:1, user: { uid: 1, gid: 1 }, healthcheck: { http: /up } } }\n", "/up"),
    ("port-twice", "services: { api: { build: { stack: static, context: api }, port: 8000, ports: { admin: 8000 } } }\n", "8000"),
    ("port-twice", "services: { api: { build: { stack: static, context: api } } }\ngateway: { hosts: { main: { domain: a.example } }, tls: { mode: files }, ports: { http: 443 }, routes: [{ path: /, to: api }] }\n", "443"),
    ("route-twice", "services: { api: { build: { stack: static, context: api } } }\ngateway: { hosts: { main: { domain: a.example } }, tls: { mode: none }, routes: [{ path: /, to: api }, { path: /, to: api }] }\n", "/"),
    ("route-twice", "services: { api: { build: { stack: static, context: api } } }\ngateway: { hosts: { main: { domain: a.example, aliases: [a.example] } }, tls: { mode: none }, routes: [{ path: /, to: api }] }\n", "a.example"),
    ("no-command", "services: { api: { build: { stack: python, context: api }, port: 8000 } }\n", "api"),
    ("no-command", "services: { api: { build: { stack: static, context: api } }, job: { from: api, port: 8000 } }\n", "job"),
    ("no-healthcheck", "services: { api: { build: { stack: python, context: api }, command: [a] } }\n", "api"),
    ("memory-too-small", "services: { api: { build: { stack: static, context: api }, resources: { limits: { memory: 8M } } } }\n", "8M"),
    ("memory-too-small", "services: { api: { build: { stack: static, context: api }, resources: { limits: { memory: 32M } }, writable: { /data: { tmpfs: 32M } } } }\n", "32M"),
    ("above-limit", "services: { api: { build: { stack: static, context: api }, resources: { limits: { memory: 64M }, reservations: { memory: 65M } } } }\n", "65M"),
    ("above-limit", "services: { api: { build: { stack: static, context: api }, resources: { reservations: { cpus: 9 } } } }\n", "9"),
    ("secret-in-environment", "services: { api: { build: { stack: static, context: api }, environment: { KEY: a }, secrets: [KEY] } }\nsecrets: { KEY: { generate: {} } }\n", "KEY"),
    ("variable-twice", "services: { api: { build: { stack: static, context: api }, environment: { A: a }, variables: [A] } }\nvariables: { A: {} }\n", "A"),
    ("no-entrypoint", "services: { api: { build: { stack: static, context: api }, secrets: { KEY: { environment: A } } } }\nsecrets: { KEY: { generate: {} } }\n", "A"),
    ("no-entrypoint", "services: { api: { build: { stack: static, context: api }, needs: { db: { environment: { A: url } } } } }\nbackings: { db: { kind: redis } }\n", "url"),
    ("overlay-baked", "services: { api: { build: { stack: python, context: api }, command: [a], port: 8000 } }\nenvironments: { staging: { overlay: { services: { api: { build: { version: \"3.14\" } } } } } }\n", "version"),
    ("overlay-baked", "services: { api: { build: { stack: static, context: api } } }\nenvironments: { staging: { overlay: { services: { web: { build: { stack: static, context: api } } } } } }\n", "web"),
    ("no-effect", "services: { api: { build: { stack: static, context: api }, user: { uid: 1, gid: 1 } } }\n", "user"),
    ("no-effect", "services: { api: { build: { stack: static, context: api } } }\ngateway: { hosts: { main: { domain: a.example } }, tls: { mode: none }, routes: [{ path: /.git/, to: api }] }\n", "/.git/"),
    ("unknown-rule", "services: { api: { build: { stack: static, context: api }, exceptions: [{ rule: read-only-rot, reason: a }] } }\n", "read-only-rot"),
    ("unused", "secrets: { KEY: { generate: {} } }\n", "KEY"),
    ("unused", "variables: { A: {} }\n", "A"),
    ("unsupported", "backings: { cache: { kind: redis, database: shop } }\n", "database"),
    ("unsupported", "services: { api: { image: a:1, user: { uid: 1, gid: 1 }, healthcheck: { command: [a] } }, job: { from: api, command: [a] } }\n", "api"),
    ("context", "services: { api: { build: { stack: static, context: ./nowhere } } }\n", "./nowhere"),
    ("context", "services: { api: { build: { stack: static, context: ../api } } }\n", "../api"),
    ("context", "services: { api: { build: { stack: static, context: secrets } } }\n", "secrets"),
    ("missing-file", "services: { api: { build: { stack: static, context: api } } }\n", "api"),
];

#[test]
fn every_code_has_a_spec_that_shows_it_and_points_at_the_words() {
    let mut wrong = Vec::new();
    for (code, spec, words) in CODES {
        let text = format!("forge: 1\nname: shop\n{spec}");
        let sandbox = Sandbox::new("codes").folder("api").folder("web").file("forge.yaml", &text);
        let found = sandbox.run(&["validate", "--format", "json"]).json();
        let notices = found["notices"].as_array().expect("it is a list");
        let pointed: Vec<&str> = notices
            .iter()
            .filter(|it| it["code"] == *code)
            .map(|it| {
                let byte = |end: &str| usize::try_from(it[end]["byte"].as_u64().expect("a number")).expect("it is small");
                &text[byte("start")..byte("end")]
            })
            .collect();
        if !pointed.contains(words) {
            wrong.push(format!("{code}: {spec}  wanted {words:?}, found {pointed:?} in {notices:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_is_shown_by_some_input() {
    // Shown in tests/cli.rs, with a template of a project's own.
    let elsewhere = ["template"];
    let shown: Vec<&str> = CODES.iter().map(|it| it.0).chain(elsewhere).collect();
    let missing: Vec<&str> = forge::codes::CODES.iter().map(|it| it.name).filter(|it| !shown.contains(it)).collect();
    assert!(missing.is_empty(), "no spec shows these: {missing:?}");
    let gone: Vec<&&str> = shown.iter().filter(|it| !forge::codes::CODES.iter().any(|code| code.name == **it)).collect();
    assert!(gone.is_empty(), "there are no such codes: {gone:?}");
}
