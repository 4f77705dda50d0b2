//! Random histories: people edit what was generated, the spec moves, files go, runs are killed. No edit is ever lost, and a
//! run that ends well leaves nothing to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use proptest::prelude::*;

use crate::sandbox::Sandbox;

/// One thing that happens to a project.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody adds a line to one of the files, near its begin or its end.
    Edit(usize, bool),
    /// Somebody writes a line into the first block of one of the files that is kept.
    Keep(usize),
    /// Somebody deletes one of the files.
    Delete(usize),
    /// The spec gets this port, memory, name of its second service, and perhaps an environment and a layout.
    Spec(u16, u16, Option<u8>, bool, bool),
    /// forge runs.
    Generate,
    /// Somebody takes over what is in the way.
    Adopt,
    /// forge runs and is killed before it can say what it wrote, after so many of its files.
    Killed(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (any::<usize>(), any::<bool>()).prop_map(|(file, begin)| Step::Edit(file, begin)),
        2 => any::<usize>().prop_map(Step::Keep),
        1 => any::<usize>().prop_map(Step::Delete),
        4 => (8000..8004_u16, 1..4_u16, prop::option::of(0..2_u8), any::<bool>(), prop::bool::weighted(0.3))
            .prop_map(|(port, memory, second, staging, layout)| Step::Spec(port, memory, second, staging, layout)),
        4 => Just(Step::Generate),
        1 => Just(Step::Adopt),
        1 => (0..40_usize).prop_map(Step::Killed),
    ]
}

fn spec(port: u16, memory: u16, second: Option<u8>, staging: bool, layout: bool) -> String {
    let memory = memory * 128;
    let mut text = format!(
        "forge: 1\nname: shop\nservices:\n  api:\n    build: {{ stack: python, context: ./api }}\n    command: [python, -m, app]\n    port: {port}\n    resources: {{ limits: {{ memory: {memory}M }}, reservations: {{ memory: 64M }} }}\n"
    );
    if let Some(second) = second {
        text += &format!("  site{second}:\n    build: {{ stack: static, context: ./site }}\n");
    }
    if staging {
        text += "environments: { staging: { overlay: { services: { api: { replicas: 3 } } } } }\n";
    }
    if layout {
        text += "layout: { dockerfile: \"docker/{service}.Dockerfile\", compose: { production: { file: docker-compose.yml } } }\n";
    }
    text
}

/// What people may edit and delete: files that forge wrote, without what it remembers of them.
fn files(sandbox: &Sandbox) -> Vec<String> {
    let own = |path: &String| {
        !path.starts_with(".forge") && !["forge.yaml", ".gitignore", ".gitattributes"].contains(&path.as_str())
    };
    let source = |path: &String| path.ends_with("requirements.txt") || path.ends_with("index.html");
    let all = sandbox.tree().into_keys();
    all.filter(|it| own(it) && !source(it) && sandbox.path(it).is_file()).collect()
}

/// The state of a project as files by path, to go back to.
fn snapshot(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let paths = sandbox.tree().into_keys().filter(|it| sandbox.path(it).is_file());
    paths.map(|it| (it.clone(), fs::read(sandbox.path(&it)).expect("it was there"))).collect()
}

/// As if a run had been stopped: its base texts and its manifest, under the other name, are there; of its files the first
/// `written`; of the rest, and of the manifest itself, what was there before.
fn stop(sandbox: &Sandbox, before: &BTreeMap<String, Vec<u8>>, written: usize) {
    let after = snapshot(sandbox);
    let manifest = ".forge/manifest.json";
    let Some(text) = after.get(manifest).filter(|it| before.get(manifest) != Some(it)) else { return };
    sandbox.write(".forge/pending.json", text);
    match before.get(manifest) {
        Some(old) => sandbox.write(manifest, old),
        None => fs::remove_file(sandbox.path(manifest)).expect("it is there"),
    }
    // What a run deletes at its end, it had not deleted yet.
    for (path, old) in before.iter().filter(|(path, _)| path.starts_with(".forge/base/")) {
        sandbox.write(path, old);
    }
    let changed =
        before.keys().chain(after.keys()).filter(|it| !it.starts_with(".forge") && before.get(*it) != after.get(*it));
    // What goes does so when everything else has its place.
    let order: BTreeSet<(bool, &String)> = changed.map(|it| (!after.contains_key(it), it)).collect();
    for (_, path) in order.into_iter().skip(written) {
        match before.get(path) {
            Some(old) => sandbox.write(path, old),
            None => fs::remove_file(sandbox.path(path)).expect("it is there"),
        }
    }
}

fn live(steps: &[Step]) -> Result<(), TestCaseError> {
    let sandbox = Sandbox::new("history")
        .file("forge.yaml", spec(8000, 2, Some(0), false, false))
        .file("api/requirements.txt", "")
        .file("site/public/index.html", "");
    sandbox.generate();
    // Each edit by its line.
    let mut edits: BTreeSet<String> = BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Edit(which, begin) => {
                let files = files(&sandbox);
                let path = &files[which % files.len()];
                let line = format!("# edit {number}");
                let text = sandbox.read(path);
                let at = if *begin { text.find("\n").map_or(0, |it| it + 1) } else { text.len() };
                sandbox.write(path, format!("{}{line}\n{}", &text[..at], &text[at..]));
                edits.insert(line);
            }
            Step::Keep(which) => {
                let files = files(&sandbox);
                let path = &files[which % files.len()];
                let text = sandbox.read(path);
                if let Some(end) = text.find("# forge:end") {
                    let line = format!("# kept {number}");
                    let at = text[..end].rfind('\n').map_or(0, |it| it + 1);
                    sandbox.write(path, format!("{}{line}\n{}", &text[..at], &text[at..]));
                    edits.insert(line);
                }
            }
            Step::Delete(which) => {
                let files = files(&sandbox);
                let path = &files[which % files.len()];
                let gone = sandbox.read(path);
                fs::remove_file(sandbox.path(path)).expect("it is there");
                edits.retain(|it| !gone.lines().any(|line| line == it));
            }
            Step::Spec(port, memory, second, staging, layout) => {
                sandbox.write("forge.yaml", spec(*port, *memory, *second, *staging, *layout));
            }
            Step::Generate => {
                let said = sandbox.run(&["generate"]);
                // A file that became its owner's is in the way when forge wants it again, until it is adopted.
                let refused = said.stderr.contains("never was forge's") || said.stderr.contains("in the same place");
                prop_assert!(said.code == 0 || (said.code == 1 && refused), "{}", said.text());
                if said.code == 0 {
                    let before = sandbox.tree();
                    let again = sandbox.run(&["generate", "--quiet"]);
                    prop_assert!(again.code == 0, "{}", again.text());
                    prop_assert_eq!(sandbox.tree(), before, "a second run changed something");
                    let check = sandbox.run(&["generate", "--check"]);
                    prop_assert!(check.code == 0, "{}", check.text());
                }
            }
            Step::Adopt => {
                let said = sandbox.run(&["adopt", "."]);
                prop_assert!(said.code == 0, "{}", said.text());
                let said = sandbox.run(&["generate"]);
                prop_assert!(!said.stderr.contains("never was forge's"), "{}", said.text());
            }
            Step::Killed(written) => {
                let before = snapshot(&sandbox);
                if sandbox.run(&["generate"]).code == 0 {
                    stop(&sandbox, &before, *written);
                }
            }
        }
        // A file whose path moves takes them along.
        let texts: Vec<String> = files(&sandbox).iter().map(|it| sandbox.read(it)).collect();
        for line in &edits {
            let is_there = texts.iter().any(|text| text.lines().any(|it| it == line));
            prop_assert!(is_there, "{line} is lost");
        }
    }
    // Whatever happened: without edits outside of kept blocks, forge brings everything to what the spec asks.
    if edits.iter().all(|it| it.starts_with("# kept")) && !sandbox.run(&["diff"]).stdout.contains("no longer wanted") {
        let said = sandbox.run(&["generate"]);
        prop_assert!(said.code == 0, "{}", said.text());
        prop_assert!(sandbox.run(&["diff"]).code == 0, "{}", sandbox.forge("diff"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_history_loses_an_edit(steps in prop::collection::vec(step(), 1..12)) {
        live(&steps)?;
    }
}

/// A text of lines of which some are alike, and the same with some of them changed. Where nearly all are alike there are
/// many shortest ways from one to the other, and git's is not always the one that is taken here.
fn versions() -> impl Strategy<Value = [String; 3]> {
    let line = || (0..40_u8).prop_map(|it| format!("line {it}\n"));
    let change = || (any::<prop::sample::Index>(), 0..3_u8, line());
    let changes = || prop::collection::vec(change(), 0..4);
    (prop::collection::vec(line(), 1..25), changes(), changes()).prop_map(|(base, ours, theirs)| {
        let changed = |changes: Vec<(prop::sample::Index, u8, String)>| {
            let mut lines = base.clone();
            for (at, kind, line) in changes {
                let at = at.index(lines.len() + 1);
                match kind {
                    0 if at < lines.len() => drop(lines.remove(at)),
                    1 if at < lines.len() => lines[at] = line,
                    _ => lines.insert(at, line),
                }
            }
            lines.concat()
        };
        [base.concat(), changed(ours), changed(theirs)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clean_merge_is_what_git_makes([base, ours, theirs] in versions()) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file in a temporary folder");
            path
        };
        let (b, o, t) = (path("base", &base), path("ours", &ours), path("theirs", &theirs));
        let git = Command::new("git").arg("merge-file").arg("-p").args([o, b, t]).output().expect("git is there");
        let git = git.status.success().then(|| String::from_utf8(git.stdout).expect("lines in, lines out"));
        // Where lines repeat, a change can stand in one place or the next, and git may see none that meet where forge does.
        let merged = forge::merge::merge_sound(&base, &ours, &theirs, |_| true);
        prop_assert_eq!(merged.clone().ok(), forge::merge::merge(&base, &ours, &theirs).ok());
        if let Ok(merged) = merged {
            prop_assert_eq!(Some(merged), git);
        }
    }
}
