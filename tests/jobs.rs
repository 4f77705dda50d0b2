//! What the scripts of workflows do, run as a job would run them, with stand-ins for registries and for GitHub.

use std::path::Path;
use std::process::Command;

use forge::yaml::{self, Node};
use serde_json::{Value, json};

use crate::sandbox::{Ended, Sandbox, end};

/// A project whose images lie on Docker Hub, with a user name that could be a secret.
fn project(name: &str) -> Sandbox {
    let spec = json!({
        "forge": 1, "name": "shop", "registry": "docker.io/acme",
        "services": {
            "api": { "build": { "stack": "python", "context": "./api", "options": { "framework": "fastapi" } } },
            "worker": { "from": "api", "command": ["work"], "healthcheck": { "file": { "path": "/tmp/alive", "max_age": "60s" } } },
            "site": { "build": { "stack": "static", "context": "./site" } },
        },
        "ci": { "provider": "github", "sign": false, "deploy": { "production": { "command": ["./deploy"] } } },
    });
    let sandbox = Sandbox::new(name)
        .file("forge.yaml", serde_json::to_string(&spec).expect("a spec is JSON"))
        .folder("api")
        .folder("site")
        .folder("temp")
        .folder("bin");
    sandbox.generate();
    sandbox
}

/// Something called `name` that a job finds on its path: lines of a POSIX shell.
fn stand_in(sandbox: &Sandbox, name: &str, script: &str) {
    let path = format!("bin/{name}");
    sandbox.write(&path, format!("#!/bin/sh\n{script}\n"));
    let done = Command::new("chmod").arg("755").arg(sandbox.path(&path)).status().expect("chmod is there");
    assert!(done.success());
}

/// The script of a step, and the variable `SERVICES` of its workflow.
fn step(sandbox: &Sandbox, workflow: &str, job: &str, name: &str) -> (String, String) {
    let doc = yaml::read(&sandbox.read(&format!(".github/workflows/{workflow}.yml"))).expect("it is YAML");
    let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
    let services = text(doc.root.get("env").and_then(|it| it.get("SERVICES")));
    let steps = doc.root.get("jobs").and_then(|it| it.get(job)?.get("steps")).expect("there is such a job");
    let step = steps.items().iter().find(|it| text(it.get("name")) == name).expect("there is such a step");
    (text(step.get("run")), services)
}

/// Runs a step as GitHub does, with these variables.
fn run(sandbox: &Sandbox, (workflow, job, name): (&str, &str, &str), variables: &[(&str, &str)]) -> Ended {
    let (script, services) = step(sandbox, workflow, job, name);
    bash(sandbox, &script, &services, variables)
}

fn bash(sandbox: &Sandbox, script: &str, services: &str, variables: &[(&str, &str)]) -> Ended {
    let temp = sandbox.path("temp");
    let forge = Path::new(env!("CARGO_BIN_EXE_forge")).parent().expect("it lies in a folder");
    let mut shell = Command::new("bash");
    shell
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(sandbox.path(""))
        .env_clear()
        .env("PATH", format!("{}:{}:/usr/local/bin:/usr/bin:/bin", sandbox.path("bin").display(), forge.display()))
        .env("HOME", &temp)
        .env("RUNNER_TEMP", &temp)
        .env("GITHUB_OUTPUT", temp.join("output"))
        .env("GITHUB_STEP_SUMMARY", temp.join("summary"))
        .env("GITHUB_SHA", "0123456789012345678901234567890123456789")
        .env("GITHUB_REPOSITORY", "acme/shop")
        .env("SERVICES", services)
        .envs(variables.iter().copied());
    end(shell)
}

/// A value that a step gave to `GITHUB_OUTPUT`.
fn output(sandbox: &Sandbox, name: &str) -> String {
    let all = sandbox.read("temp/output");
    let found = all.lines().rev().find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no output {name}:\n{all}")).to_owned()
}

#[test]
fn outputs_of_jobs_name_no_image_and_each_job_finds_its_own() {
    let sandbox = project("outputs");
    commit(&sandbox, "all");
    let digest = format!("sha256:{}", "a".repeat(64));
    // the registry has the image of `site` with the hash of today
    stand_in(
        &sandbox,
        "docker",
        &format!("case $* in *inspect*shop-site:*) echo '\"{digest}\"' ;; *inspect*) exit 1 ;; esac"),
    );
    let ended = run(&sandbox, ("deliver", "changed", "what changed"), &[("EVERYTHING", "false"), ("NUMBER", "1")]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    let all = sandbox.read("temp/output");
    assert!(!all.contains("acme") && !all.contains("docker.io"), "{all}");
    let build: Value = serde_json::from_str(&output(&sandbox, "build")).expect("it is JSON");
    assert_eq!(build[0]["service"], "api");
    assert_eq!(build.as_array().map(Vec::len), Some(1), "{build}");

    let ended = run(&sandbox, ("deliver", "build", "what it is made from"), &[("SERVICE", "api")]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    for (name, value) in [("context", "api"), ("dockerfile", "api/Dockerfile"), ("image", "docker.io/acme/shop-api")] {
        assert_eq!(output(&sandbox, name), value);
    }

    // what an earlier run left in the folder of a machine of one's own
    let older = format!("sha256:{}", "b".repeat(64));
    sandbox.write("digests/api.json", json!({ "service": "api", "digest": older }).to_string());
    sandbox.write("temp/digests/api.json", json!({ "service": "api", "digest": digest }).to_string());
    stand_in(&sandbox, "docker", &format!("echo \"$*\" >>{}", sandbox.path("temp/docker").display()));
    let known = output(&sandbox, "known");
    let release = ("deliver", "release", "tag all images with the version");
    let ended = run(&sandbox, release, &[("VERSION", "v1"), ("KNOWN", &known)]);
    assert_eq!(ended.code, 0, "{}", ended.text());
    let images: Value = serde_json::from_str(&sandbox.read("temp/images.json")).expect("it is JSON");
    let image = |service: &str| json!({ "image": format!("docker.io/acme/shop-{service}@{digest}") });
    assert_eq!(images, json!({ "services": { "api": image("api"), "site": image("site"), "worker": image("api") } }));
    assert!(
        sandbox
            .read("temp/docker")
            .contains(&format!("create --tag docker.io/acme/shop-api:v1 docker.io/acme/shop-api@{digest}"))
    );
    let ended = run(&sandbox, release, &[("VERSION", "v1"), ("KNOWN", "[]")]);
    assert!(ended.code != 0 && ended.stderr.contains("no digest of site"), "{}", ended.text());
}

#[test]
fn a_comment_says_what_failed() {
    let sandbox = project("comment");
    let check = ("check", "forge", "the files are what forge.yaml asks for");
    let diff = |code: i32| {
        let ended = run(&sandbox, check, &[]);
        assert_eq!(ended.code, code, "{}", ended.text());
        sandbox.read("temp/diff.md")
    };
    assert_eq!(diff(0), "");
    // what somebody edited, and loosens security, is said, though it stays
    let dockerfile = sandbox.read("api/Dockerfile");
    sandbox.write("api/Dockerfile", dockerfile.replace("USER 10001:10001\n", "USER root\n"));
    let said = diff(0);
    assert!(said.contains("loosens security") && said.contains("+USER root"), "{said}");
    assert!(output(&sandbox, "valid") == "true");
    let rules = ("check", "forge", "the files keep to the hardening rules");
    let ended = run(&sandbox, rules, &[]);
    assert!(ended.code == 1 && ended.stdout.contains("title=root-user"), "{}", ended.text());
    sandbox.write("api/Dockerfile", dockerfile);
    assert_eq!(run(&sandbox, rules, &[]).code, 0);
    std::fs::remove_file(sandbox.path("api/Dockerfile")).expect("it is there");
    assert!(diff(1).contains("api/Dockerfile"));
    let spec = sandbox.read("forge.yaml");
    sandbox.write("forge.yaml", spec.replace("\"python\"", "\"pyhton\""));
    let said = diff(1);
    assert!(
        said.starts_with("**forge validate ended with exit status 1:**\n\n    ") && said.contains("pyhton"),
        "{said}"
    );
    sandbox.write("forge.yaml", spec);
    sandbox.write(".forge/manifest.json", "{");
    let said = diff(2);
    assert!(said.starts_with("**forge diff ended with exit status 2:**\n\n    "), "{said}");
    assert!(said.contains("    error: .forge/manifest.json cannot be read"), "{said}");
    // a line of what forge says is no Markdown of the comment's
    assert!(said.lines().skip(2).all(|it| it.starts_with("    ")), "{said}");

    stand_in(&sandbox, "gh", "case $* in *--paginate*) exit 0 ;; esac\necho \"$*\" >>temp/gh");
    let comment = ("pull-request", "comment", "comment");
    let variables = [("ISSUE", "issue"), ("COMMENTS", "comments"), ("RUN", "https://github.example/run/1")];
    let body = || {
        let ended = run(&sandbox, comment, &variables);
        assert_eq!(ended.code, 0, "{}", ended.text());
        sandbox.read("temp/body.md")
    };
    sandbox.write("temp/forge-diff/diff.md", said);
    assert!(body().contains("**forge diff ended with exit status 2:**"));
    assert!(sandbox.read("temp/gh").contains("--method POST issue/comments"));
    // forge could not be installed: there is no artifact
    std::fs::remove_file(sandbox.path("temp/forge-diff/diff.md")).expect("it is there");
    sandbox.write("diff.md", "of an earlier run");
    assert!(body().contains("[the checks](https://github.example/run/1) ended before"));
    sandbox.write("temp/forge-diff/diff.md", "");
    assert!(body().contains("The files are what forge.yaml asks for."));
}

#[test]
fn an_older_version_does_not_replace_a_newer_one() {
    let sandbox = project("older");
    let guard = ("deliver", "deploy-production", "nothing newer is there");
    let variables = [("ENVIRONMENT", "production"), ("QUERY", "query")];
    for (there, compared, code) in [("", "", 0), ("abc", "behind", 0), ("abc", "identical", 0), ("abc", "ahead", 1)] {
        stand_in(
            &sandbox,
            "gh",
            &format!(
                "case $* in *graphql*) echo '{there}' ;; *compare/0123*...{there}*) echo '{compared}' ;; *) exit 1 ;; esac"
            ),
        );
        let ended = run(&sandbox, guard, &variables);
        assert_eq!(ended.code, code, "{there} {compared}: {}", ended.text());
    }
    // that nobody answers is no permission
    stand_in(&sandbox, "gh", "exit 1");
    assert_ne!(run(&sandbox, guard, &variables).code, 0);
    // a job that failed is run again as it was: only the commit that somebody named goes back
    let deliver = sandbox.read(".github/workflows/deliver.yml");
    assert!(deliver.contains("if: ${{ vars.FORGE_BACK_TO != github.sha }}") && !deliver.contains("run_attempt"));
}

/// Puts all files into a commit.
fn commit(sandbox: &Sandbox, message: &str) {
    for words in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", message]] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]).args(words);
        assert!(git.current_dir(sandbox.path("")).status().expect("git is there").success());
    }
}

#[test]
fn what_a_build_ignores_is_part_of_what_an_image_is_made_from() {
    let sandbox = project("ignored");
    let spec = sandbox.read("forge.yaml");
    sandbox
        .write("forge.yaml", spec.replacen('{', "{\"layout\": {\"dockerfile\": \"docker/{service}.Dockerfile\"}, ", 1));
    sandbox.generate();
    stand_in(&sandbox, "docker", "exit 1");
    let mut tags = Vec::new();
    for message in ["all", "another list"] {
        commit(&sandbox, message);
        let ended = run(&sandbox, ("deliver", "changed", "what changed"), &[("EVERYTHING", "false"), ("NUMBER", "1")]);
        assert_eq!(ended.code, 0, "{}", ended.text());
        tags.push(serde_json::from_str::<Value>(&output(&sandbox, "build")).expect("it is JSON"));
        let ignores = "docker/api.Dockerfile.dockerignore";
        sandbox.write(ignores, sandbox.read(ignores) + "*.orig\n");
    }
    assert_ne!(tags[0][0]["tag"], tags[1][0]["tag"]);
    assert_eq!(tags[0][1]["tag"], tags[1][1]["tag"], "that of site is as it was");
    // of a pull request, and in a queue, where the branch is more than one commit away
    for base in ["HEAD^1", "HEAD~1"] {
        let ended = run(&sandbox, ("pull-request", "changed", "what changed"), &[("BASE", base)]);
        assert_eq!((ended.code, output(&sandbox, "services").as_str()), (0, "[\"api\"]"), "{}", ended.text());
    }
}

#[test]
fn a_registry_that_lets_no_tag_be_moved_stops_no_rebuild() {
    let sandbox = project("immutable");
    let step = ("deliver", "build", "hand over the digest");
    let variables =
        [("IMAGE", "docker.io/acme/shop-api"), ("SERVICE", "api"), ("TAG", "source-1"), ("DIGEST", "sha256:1")];
    for (inspect, code) in [("exit 0", 0), ("exit 1", 1)] {
        stand_in(&sandbox, "docker", &format!("case $* in *create*) exit 1 ;; *inspect*) {inspect} ;; esac"));
        let ended = run(&sandbox, step, &variables);
        assert_eq!(ended.code, code, "{}", ended.text());
        assert_eq!(ended.stdout.contains("::warning::the registry lets nobody move"), code == 0, "{}", ended.text());
    }
}

/// The repository's own action, which projects use that have workflows of their own.
#[test]
fn the_comment_of_the_action_says_what_failed() {
    let sandbox = project("action");
    let doc = yaml::read(include_str!("../action.yml")).expect("it is YAML");
    let steps = doc.root.get("runs").and_then(|it| it.get("steps")).expect("there are steps").items();
    let named = |name: &str| {
        let step = steps.iter().find(|it| it.get("name").and_then(Node::text) == Some(name));
        step.and_then(|it| it.get("run")?.text()).expect("there is such a step").to_owned()
    };
    let (check, comment) = (named("hold the files against the spec"), named("comment"));
    // comments of a person, with the mark, and of the app that the token is of; gh's --jq, by jq
    sandbox.write(
        "temp/comments",
        json!([
            { "id": 1, "user": { "login": "somebody" }, "body": "<!-- forge diff cdb4ee2aea69 -->" },
            { "id": 2, "user": { "login": "our-app[bot]" }, "body": "<!-- forge diff cdb4ee2aea69 -->" },
        ])
        .to_string(),
    );
    stand_in(
        &sandbox,
        "gh",
        "case $* in *graphql*) echo 'our-app[bot]' ;; *--paginate*) jq --raw-output \"$5\" temp/comments ;; *) echo \"$*\" >temp/gh ;; esac",
    );
    let variables =
        [("DIRECTORY", "."), ("ISSUE", "issue"), ("COMMENTS", "comments"), ("RUN", "https://github.example/run/1")];
    let body = || {
        let ended = bash(&sandbox, &comment, "", &variables);
        assert_eq!(ended.code, 0, "{}", ended.text());
        sandbox.read("temp/forge-comment.md")
    };
    assert!(body().contains("[forge could not be installed](https://github.example/run/1)"));
    assert_eq!(bash(&sandbox, &check, "", &variables).code, 0);
    assert!(body().contains("The files are what forge.yaml asks for.") && output(&sandbox, "differs") == "false");
    assert!(sandbox.read("temp/gh").contains("PATCH comments/2 "), "{}", sandbox.read("temp/gh"));
    let dockerfile = sandbox.read("api/Dockerfile");
    sandbox.write("api/Dockerfile", dockerfile.replace("USER 10001:10001\n", "USER root\n"));
    assert_eq!(bash(&sandbox, &check, "", &variables).code, 0);
    assert!(body().contains("loosens security") && output(&sandbox, "differs") == "false");
    assert_eq!(bash(&sandbox, &named("hold the files against the hardening rules"), "", &variables).code, 1);
    sandbox.write("api/Dockerfile", dockerfile);
    sandbox.write(".forge/manifest.json", "{");
    assert_eq!(bash(&sandbox, &check, "", &variables).code, 2);
    assert!(body().contains("**forge diff ended with exit status 2:**"));
    sandbox.write("forge.yaml", "forge: one\n");
    assert_eq!(bash(&sandbox, &check, "", &variables).code, 1);
    assert!(body().contains("**forge validate ended with exit status 1:**"));
}
