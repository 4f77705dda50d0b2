//! CI: pipelines of many kinds of specs, what can be wrong with them, and teams that bring their own.

use std::process::Command;

use forge::yaml::{self, Node};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::sandbox::{Sandbox, end, laid};
use crate::skipped::skipped;

/// Two services with tests, one without, one built elsewhere, and two environments.
fn shop() -> Value {
    json!({
        "forge": 1, "name": "shop", "registry": "ghcr.io/acme",
        "services": {
            "api": {
                "build": { "stack": "python", "context": "./api", "options": { "framework": "fastapi", "test_requirements": "tests/requirements.txt" } },
                "test": { "command": ["pytest", "-q"] },
            },
            "worker": {
                "from": "api", "command": ["work"], "healthcheck": { "file": { "path": "/tmp/alive", "max_age": "60s" } },
            },
            "web": {
                "build": { "stack": "node", "context": "./web", "options": { "framework": "express" } },
                "test": { "command": ["npm", "test", "--", "it's $HOME"], "egress": true },
            },
            "site": { "build": { "stack": "static", "context": "./site" } },
            "whoami": {
                "image": "traefik/whoami:v1.11", "user": { "uid": 65532, "gid": 65532 }, "port": 8080,
                "healthcheck": { "command": ["/whoami", "--check"] },
            },
        },
        "environments": { "staging": { "approval": true }, "development": {} },
        "ci": {
            "provider": "github",
            "deploy": {
                "staging": { "command": ["./deploy", "staging"], "secrets": ["DEPLOY_KEY"] },
                "production": { "command": ["./deploy", "it's ${{ github.token }}", "$(id)", "a\nb"], "runner": "ubuntu-22.04" },
            },
        },
    })
}

fn id(last: u32) -> String {
    format!("5ad1c9f2-0000-4000-8000-{last:012}")
}

/// Specs that differ in what pipelines are made of, by name. Each is tried with both providers.
fn variations() -> Vec<(&'static str, Value)> {
    let many: serde_json::Map<String, Value> = (0..60)
        .map(|it| (format!("svc{it}"), json!({ "port": 3000, "build": { "stack": "node", "context": format!("./svc{it}") }, "test": { "command": ["check"] } })))
        .collect();
    let cloud = |registry: &str, login: Value| json!({ "registry": registry, "ci": { "login": login } });
    vec![
        ("everything", json!({})),
        ("no-registry", json!({ "registry": null, "ci": { "deploy": null } })),
        ("no-tests", json!({ "services": { "api": { "test": null }, "web": { "test": null } } })),
        (
            "nothing-built",
            json!({ "services": { "api": null, "worker": null, "web": null, "site": null }, "ci": { "deploy": null } }),
        ),
        ("static-only", json!({ "services": { "api": null, "worker": null, "web": null } })),
        ("many", json!({ "services": many })),
        (
            "nothing-more",
            json!({ "ci": { "sign": false, "audit": { "dependencies": false, "code": false }, "schedule": { "rebuild": "never", "lock": "never" }, "deploy": null } }),
        ),
        (
            "accounts",
            json!({ "ci": { "audit": { "snyk": { "secret": "SNYK_TOKEN" }, "safety": { "secret": "SAFETY" } } } }),
        ),
        (
            "strict",
            json!({ "ci": { "scan": { "severity": "low", "unfixed": true }, "branch": "release/1.x", "runner": "ubuntu-latest", "forge": { "revision": "0123456789012345678901234567890123456789" } } }),
        ),
        ("platforms", json!({ "platforms": ["linux/amd64", "linux/arm64"] })),
        (
            "no-approval",
            json!({ "environments": { "staging": { "approval": null } }, "ci": { "deploy": { "production": { "approval": false } } } }),
        ),
        ("docker-hub", cloud("docker.io/acme", json!({ "token": { "username": "HUB_NAME", "secret": "HUB_TOKEN" } }))),
        (
            "bot-app",
            json!({ "ci": { "bot": { "app": { "client": "BOT_CLIENT", "key": "BOT_KEY" } }, "updates": "dependabot" } }),
        ),
        ("bot-token", json!({ "ci": { "bot": { "token": { "secret": "BOT_TOKEN" } } } })),
        ("private", json!({})),
        ("other-branch", json!({ "ci": { "branch": "release/1.x" } })),
        ("own-registry", json!({ "registry": "registry.example.com:5000/shop" })),
        (
            "ecr",
            cloud(
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                json!({ "ecr": { "role": "arn:aws:iam::123456789012:role/ci" } }),
            ),
        ),
        (
            "gar",
            cloud(
                "europe-docker.pkg.dev/acme/shop",
                json!({ "gar": { "identity_provider": "projects/1/locations/global/workloadIdentityPools/a/providers/b", "service_account": "ci@acme.iam.gserviceaccount.com" } }),
            ),
        ),
        (
            "acr",
            cloud("acme.azurecr.io", json!({ "acr": { "client": id(1), "tenant": id(2), "subscription": id(3) } })),
        ),
        (
            "odd-folder",
            json!({ "services": { "api": { "build": { "context": "./it's [my] #1 {app}" } }, "site": { "build": { "context": "." } } } }),
        ),
        (
            "odder-folders",
            json!({ "services": { "api": { "build": { "context": "./-rf" } }, "web": { "build": { "context": "./!a{b,c}[0]" } } } }),
        ),
        (
            "docker-hub-private",
            cloud("docker.io/acme", json!({ "token": { "username": "HUB_NAME", "secret": "HUB_TOKEN" } })),
        ),
        (
            "builds",
            json!({ "services": {
                "api": { "build": { "args": { "INDEX": "it's $HOME" }, "secrets": ["INDEX_TOKEN"], "audit": ["pip-audit", "bandit"] } },
                "web": { "build": { "secrets": ["INDEX_TOKEN", "NPM_TOKEN"], "audit": ["npm-audit"] } },
                "shop": { "build": { "stack": "php", "context": "./shop" } },
            }, "secrets": { "INDEX_TOKEN": { "supplied": "of the index" }, "NPM_TOKEN": { "supplied": "of the registry" } } }),
        ),
        ("dockerfiles-apart", json!({ "layout": { "dockerfile": "docker/{service}.Dockerfile" } })),
    ]
}

/// A project with this spec, and the folders that its builds want.
fn project(name: &str, spec: &Value) -> Sandbox {
    let mut sandbox = Sandbox::new(name).file("forge.yaml", serde_json::to_string(spec).expect("a spec is JSON"));
    for service in spec["services"].as_object().into_iter().flatten().map(|(_, it)| it) {
        if let Some(context) = service["build"]["context"].as_str() {
            sandbox = sandbox.folder(context);
        }
    }
    sandbox
}

/// Every variation with every provider, generated.
fn generated() -> Vec<(String, Sandbox)> {
    let mut out = Vec::new();
    for (name, over) in variations() {
        for provider in ["github", "gitlab"] {
            let mut spec = laid(&shop(), &over);
            spec["ci"]["provider"] = json!(provider);
            if provider == "gitlab" && spec["ci"]["bot"]["app"].is_object() {
                continue;
            }
            let sandbox = project(&format!("{name}-{provider}"), &spec);
            if PRIVATE.contains(&name) {
                let registry = spec["registry"].as_str().expect("it is one of those with a registry");
                sandbox.write("forge-templates/stacks/python/stack.yaml", built_on(registry));
            }
            let ended = sandbox.run(&["generate"]);
            assert_eq!(ended.code, 0, "{name}, {provider}: {}", ended.text());
            out.push((format!("{name}-{provider}"), sandbox));
        }
    }
    out
}

/// Variations in which the stack of `api` and `worker` is built on an image of the registry that images are pushed to.
const PRIVATE: [&str; 6] = ["private", "own-registry", "ecr", "gar", "acr", "docker-hub-private"];

/// The stack `python`, built on an image of this registry.
fn built_on(registry: &str) -> String {
    let text = include_str!("../templates/stacks/python/stack.yaml");
    let changed = text.replace("base: \"python:", &format!("base: \"{registry}/python:"));
    assert_ne!(text, changed);
    changed
}

/// What the public judges say, where they are installed: `.ci/judges --install`.
#[test]
fn public_judges_find_nothing_in_pipelines_of_any_kind() {
    if std::env::var_os("FORGE_JUDGES").is_none() {
        skipped("no FORGE_JUDGES");
        return;
    }
    let generated = generated();
    let mut judges = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/judges"));
    judges.args(["--only", "zizmor,actionlint,run-scripts,gitlab-ci-local"]);
    judges.args(generated.iter().map(|(_, it)| it.path("")));
    let said = judges.output().expect("the judges start");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.matches("ok zizmor").count() == generated.len(), "{text}");
}

/// Every text in a document, with the key that it stands behind.
fn texts<'a>(node: &'a Node, key: &'a str, out: &mut Vec<(&'a str, &'a str)>) {
    out.extend(node.text().map(|it| (key, it)));
    node.entries().for_each(|(key, it)| texts(it, key, out));
    node.items().iter().for_each(|it| texts(it, key, out));
}

#[test]
fn a_delivery_waits_for_nothing_but_its_environment_and_finds_a_branch_that_is_not_the_default() {
    let text = |over: Value| {
        let sandbox = project("delivery", &laid(&shop(), &over));
        sandbox.generate();
        sandbox.read(".github/workflows/deliver.yml")
    };
    let main = text(json!({ "platforms": ["linux/amd64", "linux/arm64"] }));
    let doc = yaml::read(&main).expect("it is YAML");
    assert!(doc.root.get("concurrency").is_none(), "{main}");
    let jobs = doc.root.get("jobs").expect("there are jobs");
    for environment in ["staging", "production"] {
        let job = jobs.get(&format!("deploy-{environment}")).expect("there is a job");
        let group = job.get("concurrency").and_then(|it| it.get("group")?.text());
        assert_eq!(group, Some(format!("deploy-{environment}").as_str()));
    }
    for platform in ["linux/amd64", "linux/arm64"] {
        assert!(main.contains(&format!("image --platform {platform} ")), "{main}");
    }
    // a matrix of an earlier day, or an approval after weeks
    assert_eq!(main.matches("retention-days: 90").count(), 2, "{main}");
    assert!(jobs.get("rebuild").is_none());
    let other = text(json!({ "ci": { "branch": "release/1.x" } }));
    assert!(other.contains("gh workflow run deliver.yml --ref \"$BRANCH\""), "{other}");
    // the name that images are pushed under is no secret
    let hub = text(
        json!({ "registry": "docker.io/acme", "ci": { "login": { "token": { "username": "HUB_NAME", "secret": "HUB_TOKEN" } } } }),
    );
    assert!(
        hub.contains("username: ${{ vars.HUB_NAME }}") && hub.contains("password: ${{ secrets.HUB_TOKEN }}"),
        "{hub}"
    );
    assert!(!hub.contains("secrets.HUB_NAME"), "{hub}");
}

#[test]
fn workflows_pin_what_they_use_and_give_no_more_than_jobs_need() {
    for (name, sandbox) in generated().into_iter().filter(|(name, _)| name.ends_with("-github")) {
        for file in ["check", "pull-request", "deliver", "lock"] {
            let path = format!(".github/workflows/{file}.yml");
            if !sandbox.exists(&path) {
                continue;
            }
            let text = sandbox.read(&path);
            let doc = yaml::read(&text).expect("it is YAML");
            assert_eq!(doc.root.get("permissions").map(Node::json), Some(json!({})), "{name} {path}");
            for (_, job) in doc.root.get("jobs").expect("there are jobs").entries() {
                assert!(job.get("permissions").is_some(), "{name} {path}: a job says not what it may do");
                assert!(job.get("uses").is_some() || job.get("timeout-minutes").is_some(), "{name} {path}");
            }
            let mut all = Vec::new();
            texts(&doc.root, "", &mut all);
            for (key, it) in all {
                match key {
                    "run" => assert!(!it.contains("${{"), "{name} {path}: an expression in a script:\n{it}"),
                    "uses" if !it.starts_with("./") => {
                        let commit = it.split_once('@').map(|(_, it)| it).unwrap_or_default();
                        assert!(
                            commit.len() == 40 && commit.chars().all(|it| it.is_ascii_hexdigit()),
                            "{name} {path}: {it}"
                        );
                        assert!(text.contains(&format!("{it} # v")), "{name} {path}: no version beside {it}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn folders_are_no_options_and_no_patterns_and_what_a_job_leaves_gets_into_no_build() {
    let odd = json!({
        "ci": { "provider": "gitlab" }, "layout": { "dockerfile": "docker/{service}.Dockerfile" },
        "services": { "api": { "build": { "context": "./-rf" } }, "web": { "build": { "context": "./!a{b,c}[0]" } } },
    });
    let sandbox = project("odd", &laid(&shop(), &odd));
    sandbox.generate();
    let text = sandbox.read(".gitlab-ci.yml");
    let doc = yaml::read(&text).expect("it is YAML").root.json();
    let changes = |service: &str| doc[format!("build {service} for review")]["rules"][0]["changes"].clone();
    let files = |of: &str| [format!("docker/{of}.Dockerfile"), format!("docker/{of}.Dockerfile.dockerignore")];
    let [dockerfile, ignores] = files("api");
    assert_eq!(changes("api"), json!(["-rf/**/*", dockerfile, ignores]));
    let [dockerfile, ignores] = files("web");
    assert_eq!(changes("web"), json!([r"\!a\{b,c\}\[0\]/**/*", dockerfile, ignores]));
    let cleaned = text.replace("rm -rf ", "");
    assert!(text.contains("cd ./-rf") && !cleaned.contains(" -rf"), "{text}");
    assert_eq!(doc[".build"]["dependencies"], json!([]));
    assert_eq!(doc["deploy to production"]["dependencies"], json!(["release"]));
    // the login of a job is gone when it ends
    assert_eq!(doc[".docker"]["after_script"], json!(["rm -rf \"$CI_PROJECT_DIR.tmp\""]));
}

#[test]
fn a_queue_is_answered_and_dependabot_builds_without_a_login() {
    let sandbox = project("queue", &laid(&shop(), &json!({ "registry": "docker.io/acme" })));
    sandbox.write("forge-templates/stacks/python/stack.yaml", built_on("docker.io/acme"));
    sandbox.generate();
    let text = sandbox.read(".github/workflows/pull-request.yml");
    assert!(text.contains("on:\n  pull_request:\n  merge_group:\n"), "{text}");
    assert!(text.contains("has to stand in Settings → Secrets and variables → Dependabot, too"), "{text}");
    for (workflow, job) in [("pull-request", "build"), ("check", "test")] {
        let doc = yaml::read(&sandbox.read(&format!(".github/workflows/{workflow}.yml"))).expect("it is YAML");
        let job = doc.root.json()["jobs"][job].clone();
        assert_eq!(job["env"], json!({ "TOKEN_IS_KNOWN": "${{ secrets.REGISTRY_TOKEN != '' }}" }));
        let steps = job["steps"].as_array().cloned().unwrap_or_default();
        let login = steps.iter().find(|it| it["name"] == "log in to the registry").expect("there is one");
        assert_eq!(login["if"], "${{ env.TOKEN_IS_KNOWN == 'true' }}");
    }
}

/// What a command says in a spec is what its program is given, through YAML, GitHub's expressions and a shell.
#[test]
fn a_deploy_gets_the_words_of_the_spec() {
    let words = ["it's ${{ github.token }}", "$(id)", "a\nb\u{202e}\u{61c}"];
    let sandbox = project(
        "words",
        &laid(
            &shop(),
            &json!({ "ci": { "deploy": { "staging": { "command": ["printf", "%s|", words[0], words[1], words[2]] } } } }),
        ),
    );
    sandbox.generate();
    let text = sandbox.read(".github/workflows/deliver.yml");
    // what would show in another order is seen as what it is
    assert!(text.contains(r"\u202e\u061c") && !text.contains(['\u{202e}', '\u{61c}']), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    let doc = yaml::read(&text).expect("it is YAML");
    let steps =
        doc.root.get("jobs").and_then(|it| it.get("deploy-staging")?.get("steps")).expect("there is such a job");
    let script = steps.items().last().and_then(|it| it.get("run")?.text()).expect("its last step runs something");
    assert!(!script.contains("${{"), "{script}");
    let mut shell = Command::new("bash");
    shell.args(["-euc", script]).env_clear().env("PATH", "/usr/bin:/bin");
    assert_eq!(end(shell).stdout, words.map(|it| format!("{it}|")).concat());
}

#[test]
fn what_is_wrong_with_ci_is_said_at_its_words() {
    let sandbox = Sandbox::smallest("wrong-ci");
    let smallest = sandbox.read("forge.yaml");
    for (ci, said) in [
        ("ci: { provider: githb }", "did you mean `github`?"),
        ("ci: { provider: github, deploy: { production: { command: [x] } } }", "the spec names no registry"),
        ("ci: { provider: github, login: { ghcr: {} } }", "there is no registry to log in to"),
        (
            "registry: 1.dkr.ecr.eu-west-1.amazonaws.com\nci: { provider: github }",
            "write `login: { ecr: { role: … } }`",
        ),
        (
            "registry: ghcr.io/a\nci: { provider: github, login: { ecr: { role: r } } }",
            "`ghcr.io` is no registry of this kind",
        ),
        ("registry: ghcr.io/a\nci: { provider: gitlab, login: { ghcr: {} } }", "jobs have no token for `ghcr` here"),
        (
            "registry: ghcr.io/a\nci: { provider: github, deploy: { stagin: { command: [x] } } }\nenvironments: { staging: {} }",
            "did you mean `staging`?",
        ),
        (
            "registry: ghcr.io/a\nci: { provider: github, deploy: { staging: { command: [x], approval: true } } }\nenvironments: { staging: {} }",
            "write `environments: { staging: { approval: true } }`",
        ),
        (
            "registry: ghcr.io/a\nci: { provider: github, deploy: { production: { command: [x], secrets: [GITHUB_KEY] } } }",
            "`GITHUB_KEY`",
        ),
        (
            "registry: ghcr.io/a\nci: { provider: github, deploy: { production: { command: [x], secrets: [KEY, KEY] } } }",
            "`KEY` stands here twice",
        ),
        ("ci: { provider: github, bot: { token: { secret: GITHUB_KEY } } }", "`GITHUB_KEY`"),
        ("ci: { provider: github, bot: { app: { client: GITHUB_APP, key: K } } }", "`GITHUB_APP`"),
        ("ci: { provider: github, bot: { app: { client: C, key: GITHUB_KEY } } }", "`GITHUB_KEY`"),
        ("ci: { provider: github, audit: { snyk: { secret: GITHUB_SNYK } } }", "`GITHUB_SNYK`"),
        ("registry: quay.io/a\nci: { provider: github, login: { token: { secret: GITHUB_KEY } } }", "`GITHUB_KEY`"),
        (
            "registry: quay.io/a\nci: { provider: gitlab, login: { token: { username: HOME } } }",
            "`HOME` means something",
        ),
        (
            "registry: ghcr.io/a\nci: { provider: github, deploy: { production: { command: [x, --password, hunter2hunter2] } } }",
            "a password stands among the arguments",
        ),
        ("ci: { provider: gitlab, bot: { app: { client: A, key: B } } }", "an app is GitHub's"),
        ("ci: { provider: gitlab, updates: dependabot }", "Dependabot is GitHub's"),
        ("ci: { provider: github, schedule: { lock: 0 24 * * * } }", "no time that ever comes"),
        ("environments: { staging: { approval: true } }", "no job deploys to `staging`"),
        (
            "registry: ghcr.io/a\nci: { provider: github }\nenvironments: { staging: { overlay: { registry: quay.io/b } } }",
            "forge.yaml:10:49",
        ),
    ] {
        sandbox.write("forge.yaml", format!("{smallest}{ci}\n"));
        let ended = sandbox.run(&["validate"]);
        assert!(ended.text().contains(said), "{ci}\n{}", ended.text());
    }
    for name in [
        "IMAGES",
        "SHOP_VERSION",
        "PATH",
        "LD_PRELOAD",
        "BASH_ENV",
        "DOCKER_HOST",
        "HOME",
        "RUNNER_TEMP",
        "CI",
        "IFS",
        "CI_JOB_TOKEN",
    ] {
        let ci = format!(
            "registry: ghcr.io/a\nci: {{ provider: github, deploy: {{ production: {{ command: [x], secrets: [{name}] }} }} }}"
        );
        sandbox.write("forge.yaml", format!("{smallest}{ci}\n").replace("name: smallest", "name: shop"));
        let ended = sandbox.run(&["validate"]);
        let said = format!("`{name}` means something else");
        assert!(
            ended.code == 1 && ended.text().contains(&said) && ended.text().contains("--> forge.yaml:"),
            "{}",
            ended.text()
        );
    }
    // the login that GitLab gives to jobs, and a token of GitHub's in a job of GitLab's
    for ci in [
        "registry: quay.io/a\nci: { provider: gitlab, login: { token: { username: CI_DEPLOY_USER, secret: CI_DEPLOY_PASSWORD } } }",
        "registry: quay.io/a\nci: { provider: gitlab, deploy: { production: { command: [x], secrets: [GITHUB_TOKEN] } } }",
    ] {
        sandbox.write("forge.yaml", format!("{smallest}{ci}\n"));
        let ended = sandbox.run(&["validate"]);
        assert_eq!(ended.code, 0, "{}", ended.text());
    }
    for (test, said) in [
        ("    build: { stack: static, context: ./api }\n    test: { command: [x] }\n", "has no stage for tests"),
        (
            "    image: a/b:1\n    user: { uid: 1, gid: 1 }\n    healthcheck: { command: [x] }\n    test: { command: [x] }\n",
            "is not built here",
        ),
    ] {
        sandbox.write("forge.yaml", format!("forge: 1\nname: shop\nservices:\n  api:\n{test}"));
        let ended = sandbox.run(&["validate"]);
        assert!(ended.code == 1 && ended.text().contains(said), "{}", ended.text());
    }
}

/// A bot raises the digest of a base image where it knows to look; that of a job which runs the same image follows.
#[test]
fn images_of_jobs_are_locked_and_a_bot_that_raises_their_digest_elsewhere_is_no_difference() {
    for provider in ["github", "gitlab"] {
        let mut spec = laid(&shop(), &json!({ "services": { "whoami": null, "web": null, "site": null } }));
        spec["ci"]["provider"] = json!(provider);
        let sandbox = project(&format!("locked-{provider}"), &spec);
        let digest = |of: char| format!("sha256:{}", of.to_string().repeat(64));
        let lacks = sandbox.run(&["lock", "--check"]).stdout;
        let names: Vec<&str> = lacks.lines().filter_map(|it| it.trim().strip_prefix("missing ")).collect();
        assert!(names.contains(&"python:3.13-slim"), "{lacks}");
        assert_eq!(names.iter().any(|it| it.starts_with("docker:29")), provider == "gitlab", "{lacks}");
        let entries: String = names
            .iter()
            .map(|it| format!("  {it}:\n    digest: {}\n    platforms: [linux/amd64]\n", digest('a')))
            .collect();
        sandbox.write("forge.lock", format!("forge: 1\nimages:\n{entries}"));
        sandbox.generate();
        let pipeline = if provider == "github" { ".github/workflows/check.yml" } else { ".gitlab-ci.yml" };
        let text = sandbox.read(pipeline);
        assert!(text.contains(&format!("python:3.13-slim@{}", digest('a'))), "{text}");
        let dockerfile = sandbox.read("api/Dockerfile");
        sandbox.write(
            "api/Dockerfile",
            dockerfile
                .replace(&format!("python:3.13-slim@{}", digest('a')), &format!("python:3.13-slim@{}", digest('b'))),
        );
        let ended = sandbox.run(&["diff", "--check"]);
        assert_eq!(ended.code, 0, "{provider}: {}", ended.text());
        sandbox.generate();
        assert!(sandbox.read(pipeline).contains(&format!("python:3.13-slim@{}", digest('b'))));
    }
}

#[test]
fn a_team_replaces_a_block_or_brings_a_provider_of_its_own() {
    let sandbox = project("own-ci", &shop());
    sandbox.write(
        "forge-templates/ci/github/lock.yml.j2",
        "{{% extends \"forge/ci/github/lock.yml.j2\" %}}\n{{% block lock %}}\n  lock:\n    name: {{{ name | workflow }}}\n    runs-on: ours\n    steps:\n      - run: echo ${{ github.sha }}\n{{% endblock %}}\n",
    );
    sandbox.generate();
    let text = sandbox.read(".github/workflows/lock.yml");
    assert!(
        text.contains("    name: shop\n    runs-on: ours\n    steps:\n      - run: echo ${{ github.sha }}\n"),
        "{text}"
    );
    assert!(text.contains("cron: \"17 4 * * 1\"") && !text.contains("forge lock --update"), "{text}");

    let mut spec = shop();
    spec["ci"]["provider"] = json!("woodpecker");
    sandbox.write("forge.yaml", serde_json::to_string(&spec).expect("a spec is JSON"));
    assert!(sandbox.run(&["validate"]).text().contains("woodpecker"), "nobody has brought it yet");
    sandbox.write(
        "forge-templates/ci/woodpecker/provider.yaml",
        "title: Woodpecker\nfiles:\n  all.yaml.j2: .woodpecker/all.yaml\n  none.yaml.j2: none.yaml\n",
    );
    sandbox.write("forge-templates/ci/woodpecker/none.yaml.j2", "{{% if false %}}never{{% endif %}}\n");
    sandbox.write(
        "forge-templates/ci/woodpecker/all.yaml.j2",
        "steps:\n{{%- for it in services %}}\n  - name: {{{ it.name | yaml }}}\n    commands: [{{{ [\"build\", it.context] | command | yaml }}}]\n{{%- endfor %}}\n",
    );
    sandbox.generate();
    assert_data_eq!(
        sandbox.read(".woodpecker/all.yaml"),
        str![[r#"
steps:
  - name: api
    commands: ["build api"]
  - name: site
    commands: ["build site"]
  - name: web
    commands: ["build web"]

"#]]
    );
    assert!(!sandbox.exists("none.yaml") && !sandbox.exists(".github/workflows/check.yml"));

    for (path, said) in
        [("../out.yml", "no path of a file in the project"), ("/etc/out.yml", "no path of a file in the project")]
    {
        sandbox.write(
            "forge-templates/ci/woodpecker/provider.yaml",
            format!("title: Woodpecker\nfiles:\n  all.yaml.j2: {path}\n"),
        );
        let ended = sandbox.run(&["generate"]);
        assert!(ended.code == 2 && ended.stderr.contains(said), "{}", ended.text());
    }
    sandbox
        .write("forge-templates/ci/woodpecker/provider.yaml", "title: Woodpecker\nfiles: { other.yaml.j2: a.yaml }\n");
    assert!(sandbox.forge("generate").contains("the provider `woodpecker` has no `other.yaml.j2`"));
    sandbox.write("forge-templates/ci/woodpecker/provider.yaml", "title: Woodpecker\nfiles: { a@b.yaml.j2: a.yaml }\n");
    assert!(sandbox.forge("generate").contains("`a@b.yaml.j2` has an `@` in its name"));
    sandbox.write("forge-templates/ci/woodpecker/provider.yaml", "title: Woodpecker\nfiles: {}\n");
    sandbox
        .write("forge-templates/ci/actions.yaml", "actions/checkout: { version: v1, sha: main, date: 2026-01-01 }\n");
    assert!(sandbox.forge("generate").contains("a commit has 40 hexadecimal digits"));
}

#[test]
fn templates_are_listed_shown_taken_over_and_tried() {
    let sandbox = Sandbox::smallest("templates");
    let listed = sandbox.run(&["templates"]);
    assert!(
        listed.code == 0 && listed.stdout.contains("\nforge      stacks/python/Dockerfile.j2\n"),
        "{}",
        listed.text()
    );
    assert_data_eq!(
        sandbox.forge("templates eject stacks/pyhton/Dockerfile.j2"),
        str![[r#"
exit 2
--- stderr
error: there is no template `stacks/pyhton/Dockerfile.j2`
  = help: did you mean `stacks/python/Dockerfile.j2`?

"#]]
    );
    let forges = sandbox.run(&["templates", "show", "stacks/python/Dockerfile.j2"]).stdout;
    assert_data_eq!(
        sandbox.forge("templates eject stacks/python/Dockerfile.j2"),
        str![[r#"
exit 0
--- stderr
forge-templates/stacks/python/Dockerfile.j2 is yours now

"#]]
    );
    assert_eq!(sandbox.read("forge-templates/stacks/python/Dockerfile.j2"), forges);
    assert_data_eq!(
        sandbox.forge("templates eject forge-templates/stacks/python/Dockerfile.j2"),
        str![[r#"
exit 2
--- stderr
error: forge-templates/stacks/python/Dockerfile.j2 is there already
  = help: it is yours: remove it to have forge's own again

"#]]
    );
    sandbox
        .write("forge-templates/stacks/python/Dockerfile.j2", "{% extends \"forge/stacks/python/Dockerfile.j2\" %}\n");
    sandbox.write("forge-templates/nginx/headers.conf.j2", "# ours\n");
    let listed = sandbox.run(&["templates", "list"]).stdout;
    assert!(listed.contains("\nextended   stacks/python/Dockerfile.j2\n"), "{listed}");
    assert!(listed.contains("\noverridden nginx/headers.conf.j2\n"), "{listed}");
    assert_eq!(sandbox.run(&["templates", "show", "nginx/headers.conf.j2"]).stdout, "# ours\n");
    assert_ne!(sandbox.run(&["templates", "show", "forge/nginx/headers.conf.j2"]).stdout, "# ours\n");
    assert_data_eq!(
        sandbox.forge("templates test"),
        str![[r#"
exit 0
--- stderr
2 files in forge-templates/, and nothing is wrong

"#]]
    );
    // What the spec does not use is tried with a spec of forge's.
    sandbox
        .write("forge-templates/stacks/node/Dockerfile.j2", "FROM {{ image.images.base }}\nRUN {{ image.nothing }}\n");
    sandbox.write("forge-templates/ci/gitlab/gitlab-ci.yml.j2", "jobs: {{{ services[0].nothing }}}\n");
    sandbox.write("forge-templates/stacks/pythn/Dockerfile.j2", "FROM x\n");
    assert_data_eq!(
        sandbox.forge("templates test"),
        str![[r#"
exit 1
--- stderr
error[template]: undefined value: `services[0].nothing` is undefined
 --> forge-templates/ci/gitlab/gitlab-ci.yml.j2:1:19
  |
1 | jobs: {{{ services[0].nothing }}}
  |                   ^^^^^^^^^^^
  |
  = help: mend the file, or remove it to have forge's own

error[template]: undefined value: `image.nothing` is undefined
 --> forge-templates/stacks/node/Dockerfile.j2:2:8
  |
2 | RUN {{ image.nothing }}
  |        ^^^^^^^^^^^^^
  |
  = help: mend the file, or remove it to have forge's own

error[template]: nothing asks for this file
 --> forge-templates/stacks/pythn/Dockerfile.j2:1:1
  |
1 | FROM x
  | ^
  |
  = help: did you mean `stacks/python/Dockerfile.j2`?

3 problems with forge-templates/

"#]]
    );
}
