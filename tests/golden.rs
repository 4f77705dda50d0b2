//! The examples: their generated files are committed, and forge's own diff has nothing to say of them.

use std::fs;
use std::path::{Path, PathBuf};

use forge::contract::{Texts, findings};
use forge::project::Resolved;
use forge::targets::Artifact;

use crate::properties::resolved;
use crate::sandbox::Sandbox;

/// The project's own folders with a spec: `examples/shop`, `tests/apps/python-uv-fastapi`.
pub(crate) fn projects(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let found = fs::read_dir(folder).expect("it is there").map(|it| it.expect("it can be read").path());
    let mut found: Vec<PathBuf> = found.filter(|it| it.join("forge.yaml").is_file()).collect();
    found.sort();
    assert!(found.len() >= 2);
    found
}

/// What is wanted for the spec of such a folder.
pub(crate) fn wanted(project: &Path) -> (Resolved, Vec<Artifact>) {
    resolved(&fs::read_to_string(project.join("forge.yaml")).expect("it can be read"))
}

#[test]
fn every_example_is_as_forge_makes_it() {
    for example in projects("examples") {
        let sandbox = Sandbox::copy("golden", &example);
        let said = sandbox.run(&["diff"]);
        assert_eq!(said.code, 0, "{}: run `forge generate -C` there\n{}", example.display(), said.text());
    }
}

#[test]
fn a_changed_byte_in_any_file_is_seen() {
    for example in projects("examples") {
        let sandbox = Sandbox::copy("golden-byte", &example);
        let manifest: serde_json::Value =
            serde_json::from_str(&sandbox.read(".forge/manifest.json")).expect("the manifest is JSON");
        let records = manifest["artifacts"].as_object().expect("it lists files");
        assert!(records.len() > 10);
        for record in records.values() {
            let path = record["path"].as_str().expect("a file has a path");
            let text = sandbox.read(path);
            sandbox.write(path, format!("{text} "));
            let said = sandbox.run(&["diff", "--format", "names"]);
            assert_eq!((said.code, said.stdout), (1, format!("{path}: was edited\n")));
            sandbox.write(path, text);
        }
    }
}

#[test]
fn every_rule_holds_for_every_example_and_application() {
    for project in projects("examples").into_iter().chain(projects("tests/apps")) {
        let (resolved, wanted) = wanted(&project);
        let texts: Texts = wanted.iter().map(|it| (it.path.clone(), it.text.clone())).collect();
        let found = findings(&resolved, &wanted, &texts);
        assert!(found.is_empty(), "{}: {found:#?}", project.display());
    }
}
