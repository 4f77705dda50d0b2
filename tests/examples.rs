//! The examples: what is committed there is what forge generates, and every file of it is known to its manifest.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ownership::files;
use crate::sandbox::Sandbox;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).expect("there are examples").map(|it| it.expect("it is readable").path());
    let mut found: Vec<PathBuf> = entries.filter(|it| it.join("forge.yaml").exists()).collect();
    found.sort();
    assert!(found.len() > 1, "there are examples: {found:?}");
    found
}

/// Read where it is: a copy would lose modes.
fn diff(example: &Path) -> crate::sandbox::Ended {
    Sandbox::new("examples").run(&["diff", "-C", &example.to_string_lossy()])
}

#[test]
fn every_example_is_what_forge_generates() {
    for example in examples() {
        let ended = diff(&example);
        assert_eq!(ended.code, 0, "{}: `cargo run -- generate -C {0}`\n{}", example.display(), ended.text());
        assert_eq!(ended.stderr, "nothing differs\n", "{}: an example shows no warnings", example.display());
    }
}

/// Without this, the test above would trust `diff` to see anything at all.
#[test]
fn one_other_byte_in_any_file_is_a_difference() {
    for example in examples() {
        let sandbox = Sandbox::copy("examples", &example);
        let paths = manifest(&sandbox.path(""));
        assert!(paths.len() > 5, "{} has been generated: {paths:?}", example.display());
        for path in paths {
            let bytes = fs::read(sandbox.path(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let mut changed = bytes.clone();
            let middle = changed.len() / 2;
            changed[middle] ^= 1;
            sandbox.write(&path, &changed);
            let ended = sandbox.run(&["diff", "--format", "names"]);
            assert_eq!((ended.code, ended.stdout.as_str()), (1, format!("{path}: was edited\n").as_str()));
            sandbox.write(&path, &bytes);
        }
        assert_eq!(sandbox.run(&["diff"]).code, 0);
    }
}

#[test]
fn every_generated_file_is_in_the_manifest() {
    for example in examples() {
        // What people wrote is what is left when forge's own is taken away; generated again, the rest is forge's.
        let sandbox = Sandbox::copy("examples", &example);
        let known = manifest(&sandbox.path(""));
        for path in &known {
            fs::remove_file(sandbox.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        fs::remove_dir_all(sandbox.path(".forge")).expect("it is committed");
        let lines = [".gitattributes", ".gitignore"];
        lines.iter().for_each(|it| drop(fs::remove_file(sandbox.path(it))));
        let written: BTreeSet<String> = files(&sandbox).into_iter().collect();
        sandbox.generate();
        let made: BTreeSet<String> =
            files(&sandbox).into_iter().filter(|it| !written.contains(it) && !lines.contains(&it.as_str())).collect();
        assert_eq!(made, known, "{}", example.display());
    }
}

#[test]
fn every_base_text_of_an_example_is_there() {
    for example in examples() {
        let text = fs::read_to_string(example.join(".forge/manifest.json")).expect("it is committed");
        let manifest: Value = serde_json::from_str(&text).expect("it is JSON");
        for record in manifest["artifacts"].as_object().expect("they are a map").values() {
            let base = record["base"].as_str().expect("a digest");
            let bytes = fs::read(example.join(".forge/base").join(base)).expect("a base text is there");
            assert_eq!(forge::compare::digest(&bytes), base);
        }
    }
}

/// The paths in the manifest of a project; nothing, where there is none.
fn manifest(project: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(project.join(".forge/manifest.json")).unwrap_or_else(|_| "{}".to_owned());
    let manifest: Value = serde_json::from_str(&text).expect("it is JSON");
    let records = manifest["artifacts"].as_object().into_iter().flat_map(|it| it.values());
    records.map(|it| it["path"].as_str().expect("a path").to_owned()).collect()
}
