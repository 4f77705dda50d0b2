//! Whose file is it: the table of what `forge generate` does with files that are there already.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use snapbox::{assert_data_eq, str};

use crate::sandbox::{SMALLEST, Sandbox};

/// The smallest project, generated.
fn generated() -> Sandbox {
    let sandbox = Sandbox::smallest("ownership");
    sandbox.generate();
    sandbox
}

/// The paths below the project, without forge's own state.
pub(crate) fn files(sandbox: &Sandbox) -> Vec<String> {
    sandbox.tree().into_keys().filter(|it| !it.starts_with(".forge") && !it.ends_with('/')).collect()
}

/// The spec wants another Dockerfile, and nothing else.
fn move_spec(sandbox: &Sandbox) {
    sandbox.edit("forge.yaml", "command: [python, -m, app]", "command: [python, -m, app.main]");
}

const OLD: &str = "CMD [\"python\", \"-m\", \"app\"]";
const NEW: &str = "CMD [\"python\", \"-m\", \"app.main\"]";
const EDIT: &str = "ENV TZ=Europe/Vienna\nCMD";

fn edit(sandbox: &Sandbox) {
    sandbox.edit("api/Dockerfile", "CMD", EDIT);
}

#[test]
fn what_is_absent_is_written() {
    let sandbox = Sandbox::smallest("ownership");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_eq!(files(&sandbox), [
        ".env.example",
        ".gitattributes",
        ".gitignore",
        "api/.dockerignore",
        "api/Dockerfile",
        "api/requirements.txt",
        "compose.yaml",
        "forge.yaml"
    ]);
}

#[test]
fn what_was_removed_is_written_again() {
    let sandbox = generated();
    fs::remove_file(sandbox.path("api/Dockerfile")).expect("it is there");
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(sandbox.exists("api/Dockerfile"));
}

#[test]
fn what_is_right_is_not_touched() {
    let sandbox = generated();
    let before = sandbox.tree();
    sleep(Duration::from_millis(20));
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_eq!(sandbox.tree(), before, "something was written, if only again");
}

#[test]
fn what_is_right_is_taken_over_although_it_never_was_forges() {
    let sandbox = generated();
    fs::remove_dir_all(sandbox.path(".forge")).expect("it is there");
    let before = sandbox.tree();
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    let after = sandbox.tree();
    assert!(before.iter().all(|(path, it)| after.get(path) == Some(it)), "a file that was right was touched");
    move_spec(&sandbox);
    assert_eq!(sandbox.run(&["generate"]).code, 0, "it was taken over");
}

#[test]
fn what_nobody_edited_follows_the_spec() {
    let sandbox = generated();
    move_spec(&sandbox);
    assert_data_eq!(sandbox.forge("diff"), str![[]]);
    let before = sandbox.tree();
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(sandbox.read("api/Dockerfile").contains(NEW));
    assert_eq!(sandbox.tree()["compose.yaml"], before["compose.yaml"], "a file that was right was touched");
    assert_eq!(sandbox.forge("diff"), "exit 0\n--- stderr\nnothing differs\n");
}

#[test]
fn an_edit_is_kept() {
    let sandbox = generated();
    edit(&sandbox);
    let before = sandbox.tree();
    assert_data_eq!(sandbox.forge("diff"), str![[]]);
    assert_eq!(sandbox.run(&["diff", "--check"]).code, 0);
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_eq!(sandbox.tree(), before);
    // And again: what is remembered is what forge wanted, not what it found.
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn an_edit_that_is_taken_back_leaves_nothing_to_say() {
    let sandbox = generated();
    edit(&sandbox);
    sandbox.generate();
    sandbox.edit("api/Dockerfile", EDIT, "CMD");
    assert_eq!(sandbox.forge("diff"), "exit 0\n--- stderr\nnothing differs\n");
}

#[test]
fn an_edit_and_another_wish_are_told_and_the_edit_is_kept() {
    let sandbox = generated();
    edit(&sandbox);
    move_spec(&sandbox);
    assert_data_eq!(sandbox.forge("diff"), str![[]]);
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    let text = sandbox.read("api/Dockerfile");
    assert!(text.contains(EDIT) && text.contains(OLD), "{text}");
    // Run again, it is told again: nothing was forgotten.
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    assert_eq!(sandbox.read("api/Dockerfile"), text);
    // Back to the old spec it is an edit again, and by hand in line with the new one it is right.
    sandbox.edit("forge.yaml", "app.main", "app");
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert_eq!(sandbox.read("api/Dockerfile"), text);
}

#[test]
fn all_else_is_written_where_an_edit_meets_another_wish() {
    let sandbox = generated();
    edit(&sandbox);
    move_spec(&sandbox);
    sandbox.edit("forge.yaml", "port: 8000", "port: 8000\n    replicas: 2");
    assert_eq!(sandbox.run(&["generate"]).code, 1);
    assert!(sandbox.read("compose.yaml").contains("replicas: 2"));
}

#[test]
fn a_file_that_never_was_forges_stops_everything() {
    let sandbox = Sandbox::smallest("ownership").file("compose.yaml", "mine\n").file("api/Dockerfile", "FROM mine\n");
    let before = sandbox.tree();
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_eq!(sandbox.tree(), before, "something was written");
    let diff = sandbox.run(&["diff"]);
    assert_eq!(diff.code, 1);
    assert!(diff.stdout.contains("compose.yaml: was never forge's\n--- disk/compose.yaml\n+++ forge/compose.yaml\n"));
    assert!(diff.stdout.contains("-mine\n"), "{}", diff.text());
    sandbox.write("compose.yaml", "");
    assert_eq!(sandbox.run(&["generate"]).code, 1, "an empty file is somebody's as well");
}

#[test]
fn a_file_of_somebody_else_where_forge_wants_one_more_stops_everything() {
    let sandbox = generated();
    sandbox.write("web/Dockerfile", "FROM mine\n");
    sandbox.edit("forge.yaml", "port: 8000\n", "port: 8000\n  web:\n    build: { stack: static, context: ./web }\n");
    fs::create_dir_all(sandbox.path("web/public")).expect("a folder in a temporary folder");
    let before = sandbox.tree();
    let ended = sandbox.run(&["generate"]);
    assert_eq!(ended.code, 1, "{}", ended.text());
    assert!(ended.stderr.contains("web/Dockerfile"), "{}", ended.text());
    assert_eq!(sandbox.tree(), before, "something was written");
}

#[test]
fn bytes_that_are_no_text_are_an_edit_as_well() {
    let sandbox = generated();
    sandbox.write("compose.yaml", b"\xff\xfe\x00");
    assert_eq!(sandbox.run(&["diff"]).code, 1);
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert_eq!(fs::read(sandbox.path("compose.yaml")).expect("it is there"), b"\xff\xfe\x00");
}

#[test]
fn line_ends_of_windows_are_an_edit_that_is_kept() {
    let sandbox = generated();
    let text = sandbox.read("compose.yaml").replace('\n', "\r\n");
    sandbox.write("compose.yaml", &text);
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert_eq!(sandbox.read("compose.yaml"), text);
}

#[test]
fn a_part_of_the_spec_that_goes_takes_its_files_along() {
    let sandbox = generated();
    sandbox.edit("forge.yaml", SMALLEST, "forge: 1\nname: shop\nservices:\n  api:\n    image: traefik/whoami:v1.11\n    user: { uid: 1, gid: 1 }\n    healthcheck: { command: [/probe] }\n");
    assert_data_eq!(sandbox.forge("diff --format names"), str![[]]);
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(!sandbox.exists("api/Dockerfile") && !sandbox.exists("api/.dockerignore"));
    assert!(sandbox.exists("api/requirements.txt"), "what people wrote stays");
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn a_folder_that_is_empty_then_goes_too_and_no_other() {
    let sandbox = Sandbox::smallest("ownership");
    let gateway = "gateway:\n  hosts: { main: { domain: shop.example.com } }\n  tls: { mode: none }\n  routes: [{ path: /, to: api }]\n";
    sandbox.write("forge.yaml", format!("{SMALLEST}{gateway}"));
    sandbox.generate();
    sandbox.write("nginx/routes/mine.conf", "# mine\n");
    sandbox.edit("forge.yaml", gateway, "");
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert!(!sandbox.exists("nginx/hosts") && sandbox.exists("nginx/routes/mine.conf"));
    assert!(sandbox.exists("api"));
}

#[test]
fn a_file_that_was_edited_and_is_wanted_no_more_is_kept_and_told() {
    let sandbox = generated();
    edit(&sandbox);
    let without = "forge: 1\nname: shop\nservices:\n  api:\n    image: traefik/whoami:v1.11\n    user: { uid: 1, gid: 1 }\n    healthcheck: { command: [/probe] }\n";
    sandbox.write("forge.yaml", without);
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert!(sandbox.read("api/Dockerfile").contains(EDIT));
    // Wanted again, it is the edit that it was.
    sandbox.write("forge.yaml", SMALLEST);
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    assert!(sandbox.read("api/Dockerfile").contains(EDIT));
}

#[test]
fn a_mode_is_set_right_and_the_text_is_left() {
    let sandbox = Sandbox::smallest("ownership");
    sandbox.write("forge.yaml", format!("{SMALLEST}    secrets: [KEY]\nsecrets: {{ KEY: {{ generate: {{}} }} }}\n"));
    sandbox.generate();
    assert_eq!(sandbox.mode("scripts/secrets") & 0o111, 0o111);
    sandbox.set_mode("scripts/secrets", 0o644);
    sandbox.set_mode("compose.yaml", 0o755);
    let text = sandbox.read("scripts/secrets");
    assert_data_eq!(sandbox.forge("diff"), str![[]]);
    assert_data_eq!(sandbox.forge("generate"), str![[]]);
    assert_eq!((sandbox.mode("scripts/secrets"), sandbox.mode("compose.yaml")), (0o755, 0o644));
    assert_eq!(sandbox.read("scripts/secrets"), text);
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

/// The mode that a file got from its owner stays, but for what forge is about.
#[test]
fn a_file_that_only_its_owner_may_read_stays_one() {
    let sandbox = generated();
    sandbox.set_mode("compose.yaml", 0o600);
    assert_eq!(sandbox.run(&["diff"]).code, 0);
    sandbox.edit("forge.yaml", "port: 8000", "port: 8000\n    replicas: 2");
    sandbox.generate();
    assert!(sandbox.read("compose.yaml").contains("replicas: 2"));
    assert_eq!(sandbox.mode("compose.yaml"), 0o600);
}

#[test]
fn a_mode_and_an_edit_are_two_things() {
    let sandbox = Sandbox::smallest("ownership");
    sandbox.write("forge.yaml", format!("{SMALLEST}    secrets: [KEY]\nsecrets: {{ KEY: {{ generate: {{}} }} }}\n"));
    sandbox.generate();
    sandbox.edit("scripts/secrets", "#!/bin/sh\n", "#!/bin/sh\n# mine\n");
    sandbox.set_mode("scripts/secrets", 0o644);
    sandbox.generate();
    assert!(sandbox.read("scripts/secrets").contains("# mine"));
    assert_eq!(sandbox.mode("scripts/secrets"), 0o755, "design.md: mode differs: sets the mode, leaves the text");
}

#[test]
fn lines_are_added_to_a_gitignore_that_is_there() {
    let sandbox = Sandbox::smallest("ownership").file(".gitignore", "target\n.env\nno line end");
    sandbox.generate();
    assert_data_eq!(sandbox.read(".gitignore"), str![[]]);
    sandbox.write(".gitignore", format!("# mine\n{}more\n", sandbox.read(".gitignore")));
    assert_eq!(sandbox.run(&["diff"]).code, 0, "what else is in it is nobody's business");
    let before = sandbox.tree();
    sandbox.generate();
    assert_eq!(sandbox.tree(), before);
    sandbox.edit(".gitignore", ".env\n", "");
    assert_data_eq!(sandbox.forge("diff"), str![[]]);
}

#[test]
fn a_gitignore_with_bytes_that_are_no_text_keeps_them() {
    let sandbox = Sandbox::smallest("ownership").file(".gitignore", b"caf\xe9\n");
    assert_eq!(sandbox.run(&["generate"]).code, 0);
    let bytes = fs::read(sandbox.path(".gitignore")).expect("it is there");
    assert!(bytes.starts_with(b"caf\xe9\n"), "{bytes:?}");
}

#[test]
fn a_gitignore_with_line_ends_of_windows_keeps_them() {
    let sandbox = Sandbox::smallest("ownership").file(".gitignore", "target\r\n.env\r\n");
    sandbox.generate();
    let text = sandbox.read(".gitignore");
    assert!(text.starts_with("target\r\n.env\r\n") && text.matches(".env\r\n").count() == 1, "{text:?}");
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn check_and_dry_run_write_nothing() {
    let sandbox = Sandbox::smallest("ownership");
    let before = sandbox.tree();
    assert_data_eq!(sandbox.forge("generate --check"), str![[]]);
    assert_data_eq!(sandbox.forge("generate --dry-run"), str![[]]);
    sandbox.run(&["diff"]);
    assert_eq!(sandbox.tree(), before);
    sandbox.generate();
    edit(&sandbox);
    let before = sandbox.tree();
    assert_eq!(sandbox.forge("generate --check"), "exit 0\n", "an edit is nothing that would change");
    move_spec(&sandbox);
    assert_eq!(sandbox.forge("generate --check"), "exit 1\n--- stdout\napi/Dockerfile: was edited, and the spec moved\n");
    fs::write(sandbox.path("forge.yaml"), SMALLEST).expect("it can be written");
    let mut after = sandbox.tree();
    after.insert("forge.yaml".to_owned(), before["forge.yaml"].clone());
    assert_eq!(after, before);
}

#[test]
fn diff_shows_one_file_or_folder() {
    let sandbox = Sandbox::smallest("ownership");
    let names = |line: &str| sandbox.run(&line.split(' ').collect::<Vec<_>>()).stdout;
    assert_eq!(names("diff --format names compose.yaml"), "compose.yaml: new\n");
    assert_eq!(names("diff --format names ./api/"), "api/.dockerignore: new\napi/Dockerfile: new\n");
    assert_data_eq!(sandbox.forge("diff Dockerfile"), str![[]]);
}

/// The words of a manifest that was merged badly, or of one that an older forge left behind.
#[test]
fn a_lost_manifest_makes_edited_files_strangers_and_right_ones_forges() {
    let sandbox = generated();
    edit(&sandbox);
    fs::remove_file(sandbox.path(".forge/manifest.json")).expect("it is there");
    let ended = sandbox.run(&["generate"]);
    assert_eq!(ended.code, 1, "{}", ended.text());
    assert!(ended.stderr.contains("api/Dockerfile: ") && !ended.stderr.contains("compose.yaml: "), "{}", ended.text());
}

#[test]
fn lost_base_texts_come_back() {
    let sandbox = generated();
    let before = sandbox.tree();
    fs::remove_dir_all(sandbox.path(".forge/base")).expect("it is there");
    sandbox.generate();
    let names = |tree: std::collections::BTreeMap<String, _>| tree.into_keys().collect::<Vec<_>>();
    assert_eq!(names(sandbox.tree()), names(before));
}

#[test]
fn every_base_text_is_what_its_name_says_and_none_is_left_over() {
    let sandbox = generated();
    move_spec(&sandbox);
    sandbox.generate();
    let manifest: serde_json::Value = serde_json::from_str(&sandbox.read(".forge/manifest.json")).expect("it is JSON");
    let used: std::collections::BTreeSet<String> = manifest["artifacts"]
        .as_object()
        .expect("they are a map")
        .values()
        .map(|it| it["base"].as_str().expect("a digest").to_owned())
        .collect();
    let there: std::collections::BTreeSet<String> = fs::read_dir(sandbox.path(".forge/base"))
        .expect("it is there")
        .map(|it| it.expect("it is there").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, used);
    for name in there {
        let bytes = fs::read(sandbox.path(&format!(".forge/base/{name}"))).expect("it is there");
        assert_eq!(forge::compare::digest(&bytes), name);
    }
}

#[test]
fn a_service_that_gets_another_folder_moves_its_files() {
    let sandbox = generated();
    fs::rename(sandbox.path("api/requirements.txt"), sandbox.path("requirements.txt")).expect("it is there");
    sandbox.edit("forge.yaml", "./api", ".");
    let ended = sandbox.run(&["generate"]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    assert!(sandbox.exists("Dockerfile") && !sandbox.exists("api/Dockerfile"), "{}", ended.text());
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn a_service_with_another_name_keeps_the_file_that_it_shares_with_its_old_one() {
    let sandbox = generated();
    sandbox.edit("forge.yaml", "  api:", "  shop-api:");
    sandbox.generate();
    assert!(sandbox.exists("api/Dockerfile") && sandbox.exists("api/.dockerignore"));
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}
