//! Edits that meet what the spec asks: merged, told, marked, decided.

use snapbox::{assert_data_eq, str};

use crate::files::{generated, with_gateway};
use crate::sandbox::Sandbox;

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
fn a_block_that_somebody_moved_is_changed_where_it_is_now() {
    let sandbox = with_gateway("moved-service");
    sandbox.generate();
    let compose = sandbox.read("compose.yaml");
    let (start, gateway) =
        (compose.find("  api:\n").expect("it is there"), compose.find("  gateway:\n").expect("so is it"));
    let end = compose.find("  # forge:keep services").expect("after all services");
    let moved = [&compose[..start], &compose[gateway..end], &compose[start..gateway], &compose[end..]].concat();
    sandbox.write("compose.yaml", &moved);
    assert_eq!(sandbox.run(&["diff", "--semantic", "--check"]).code, 0, "the order means nothing");
    sandbox.edit("forge.yaml", "port: 8000", "port: 8000\n    resources: { limits: { memory: 333M } }");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 1 && said.stderr.contains("in the same place"), "{}", said.text());
    let said = sandbox.run(&["generate", "--theirs", "compose.yaml"]);
    assert!(said.code == 0 && said.stderr.contains("the rest of your edit stayed"), "{}", said.text());
    assert!(moved.contains("memory: 512M"), "{moved}");
    assert_eq!(sandbox.read("compose.yaml"), moved.replace("memory: 512M", "memory: 333M"));
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
