//! What tags stand for: `forge.lock`, and what of it files have.

use std::process::Command;

use forge::compare::digest;

use crate::sandbox::{SMALLEST, Sandbox, end};

/// A digest as registries have them; another for each `of`.
fn pin(of: &str) -> String {
    format!("sha256:{}", digest(of.as_bytes()))
}

/// All images that [`spec`] uses.
const IMAGES: [&str; 4] = ["docker/dockerfile:1", "postgres:18", "python:3.13-slim", "traefik/whoami:v1.11"];

/// A service that is built, one that is not, and a backing.
fn spec() -> String {
    format!(
        "{SMALLEST}    needs: [db]\n  who:\n    image: traefik/whoami:v1.11\n    user: {{ uid: 10001, gid: 10001 }}\n    healthcheck: {{ tcp: 80 }}\n    exceptions: [{{ rule: healthcheck, reason: it has no shell }}]\nbackings:\n  db: {{ kind: postgres }}\n"
    )
    .replace("    healthcheck: { tcp: 80 }\n", "")
}

/// A lock of these images, each at the digest that [`pin`] makes of its name.
fn lock(images: &[&str]) -> String {
    let entry = |it: &&str| format!("  {it}:\n    digest: {}\n    platforms: [linux/amd64]\n", pin(it));
    format!("forge: 1\nimages:\n{}", images.iter().map(entry).collect::<String>())
}

fn project(name: &str) -> Sandbox {
    Sandbox::smallest(name).file("forge.yaml", spec())
}

#[test]
fn files_have_the_digests_of_the_lock() {
    let sandbox = project("locked").file("forge.lock", lock(&IMAGES));
    sandbox.generate();
    let dockerfile = sandbox.read("api/Dockerfile");
    assert_eq!(dockerfile.matches(&format!("FROM python:3.13-slim@{}", pin("python:3.13-slim"))).count(), 3);
    assert!(dockerfile.starts_with(&format!("# syntax=docker/dockerfile:1@{}\n", pin("docker/dockerfile:1"))));
    let compose = sandbox.read("compose.yaml");
    for image in ["postgres:18", "traefik/whoami:v1.11"] {
        assert!(compose.contains(&format!("image: {image}@{}\n", pin(image))), "{compose}");
    }
    let said = sandbox.run(&["lint"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let said = sandbox.run(&["explain", "backings.db"]);
    assert!(said.stdout.contains(&pin("postgres:18")), "{}", said.text());
    // Nothing of it stays when the lock goes.
    std::fs::remove_file(sandbox.path("forge.lock")).expect("it is there");
    sandbox.generate();
    assert!(!sandbox.read("compose.yaml").contains("sha256:"));
    assert_eq!(sandbox.run(&["lint"]).code, 0);
}

#[test]
fn a_configuration_for_renovate_holds_what_the_spec_says() {
    let said = project("renovate").run(&["lock", "--renovate"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let held = &said.json()["packageRules"][1]["matchPackageNames"];
    assert_eq!(held, &serde_json::json!(["docker/dockerfile", "postgres", "python"]));
}

#[test]
fn a_digest_in_the_spec_is_its_authors() {
    let fixed = format!("traefik/whoami:v1.11@{}", pin("mine"));
    let sandbox = project("fixed").file("forge.yaml", spec().replace("traefik/whoami:v1.11", &fixed));
    sandbox.write("forge.lock", lock(&IMAGES));
    sandbox.generate();
    assert!(sandbox.read("compose.yaml").contains(&format!("image: {fixed}\n")));
}

#[test]
fn what_a_lock_lacks_is_told_at_its_place() {
    let sandbox = project("lacks").file("forge.lock", lock(&["docker/dockerfile:1", "python:3.13-slim"]));
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(said.stderr.contains("forge.lock has no digest for `postgres:18`"), "{}", said.text());
    assert!(said.stderr.contains("forge.lock has no digest for `traefik/whoami:v1.11`"), "{}", said.text());
    let said = sandbox.run(&["validate", "--format", "json"]);
    let codes: Vec<_> =
        said.json()["notices"].as_array().expect("a list").iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["unlocked", "unlocked"], "{}", said.text());
    // Before that the rules are content with a tag; from then on they ask for a digest.
    let said = sandbox.run(&["lint", "--format", "json"]);
    assert_eq!((said.code, said.stdout.matches("\"image-digest\"").count()), (1, 2), "{}", said.text());
    sandbox.write("forge.lock", lock(&IMAGES));
    sandbox.edit("forge.yaml", "name: shop\n", "name: shop\nplatforms: [linux/amd64, linux/arm64]\n");
    let said = sandbox.run(&["validate"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let told = format!("{}{}", said.stdout, said.stderr);
    assert!(told.contains("a digest of `python:3.13-slim` that was not checked for `linux/arm64`"), "{told}");
}

#[test]
fn a_lock_that_cannot_be_read_stops_everything_and_says_how_to_mend_it() {
    let right = lock(&IMAGES);
    for (name, text, words) in [
        ("markers", right.replace("images:", "<<<<<<< HEAD\nimages:"), "git checkout --theirs forge.lock"),
        ("newer", right.replace("forge: 1", "forge: 2"), "a newer forge wrote this"),
        ("digest", right.replacen("sha256:", "sha255:", 1), "`digest` has to be `sha256:`"),
        ("garbage", "\u{1}\u{2}".to_owned(), "forge.lock:1:"),
        ("text", "hello".to_owned(), "it does not begin with `forge: 1`"),
        ("list", "forge: 1\nimages: [a]\n".to_owned(), "`images` has to hold entries"),
        ("empty", String::new(), "it does not begin with `forge: 1`"),
    ] {
        let sandbox = project(name).file("forge.lock", text);
        let before = sandbox.tree();
        let said = sandbox.run(&["generate"]);
        assert!(said.code == 2 && said.stderr.contains(words), "{name}: {}", said.text());
        assert!(said.stderr.contains("help: "), "{name}: {}", said.text());
        assert!(said.stderr.ends_with("\nforge.lock is invalid: 1 error\n"), "{name}: {}", said.text());
        let said = sandbox.run(&["validate"]);
        assert!(said.code == 1 && said.stderr == "forge.lock is invalid: 1 error\n", "{name}: {}", said.text());
        assert_eq!(sandbox.tree(), before, "{name}");
    }
    let linked = project("lock-link").file("elsewhere", &right).link("forge.lock", "elsewhere");
    let said = linked.run(&["validate"]);
    assert!(said.code == 2 && said.stderr.contains("forge.lock is no file"), "{}", said.text());
}

/// The same project, generated with a lock, in a git repository.
fn repository(name: &str) -> Sandbox {
    let sandbox = Sandbox::smallest(name)
        .file("forge.yaml", spec().replace("  who:", "  more:\n    build: { stack: python, context: ./more }\n    command: [python, -m, app]\n    port: 8001\n  who:"))
        .file("more/requirements.txt", "")
        .file("forge.lock", lock(&IMAGES));
    sandbox.generate();
    git(&sandbox, &["init", "--quiet", "--initial-branch=main"]);
    commit(&sandbox);
    sandbox
}

fn git(sandbox: &Sandbox, words: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=bot", "-c", "user.email=bot@example.com", "-c", "commit.gpgsign=false"]).args(words);
    let done = command.current_dir(sandbox.path("")).output().expect("git is there");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn commit(sandbox: &Sandbox) {
    git(sandbox, &["add", "--all"]);
    git(sandbox, &["commit", "--quiet", "--message", "all"]);
}

/// On a branch of its own, a bot gives `image` a newer digest in `files`; then that is merged.
fn bot(sandbox: &Sandbox, image: &str, files: &[&str]) {
    git(sandbox, &["checkout", "--quiet", "-b", "bot"]);
    for file in files {
        let text = sandbox.read(file).replace(&pin(image), &pin("newer"));
        sandbox.write(file, text);
    }
    commit(sandbox);
    git(sandbox, &["checkout", "--quiet", "main"]);
    git(sandbox, &["merge", "--quiet", "--no-edit", "--no-ff", "bot"]);
}

/// Whether `forge diff --check` has nothing to say, `forge generate` then takes the digest, and nothing is left to do.
fn is_taken(sandbox: &Sandbox, image: &str, files: &[&str]) {
    let said = sandbox.run(&["diff", "--check"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{}", said.text());
    sandbox.generate();
    let lock = sandbox.read("forge.lock");
    assert!(lock.contains(&format!("  {image}:\n    digest: {}\n", pin("newer"))), "{lock}");
    for file in files {
        let text = sandbox.read(file);
        assert!(text.contains(&format!("{image}@{}", pin("newer"))) && !text.contains(&pin(image)), "{file}:\n{text}");
    }
    for words in [&["diff"][..], &["generate", "--check"], &["diff", "--check"]] {
        let said = sandbox.run(words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.text());
    }
}

#[test]
fn what_a_bot_wrote_is_no_difference_and_goes_into_the_lock() {
    let files = ["api/Dockerfile", "more/Dockerfile"];
    // All files; one of two, as Dependabot does; with the lock, as the preset for Renovate does; and a compose file.
    for (name, image, edited) in [
        ("bot-all", "python:3.13-slim", &files[..]),
        ("bot-one", "python:3.13-slim", &files[..1]),
        ("bot-lock", "python:3.13-slim", &["api/Dockerfile", "more/Dockerfile", "forge.lock"]),
        ("bot-compose", "postgres:18", &["compose.yaml"]),
    ] {
        let sandbox = repository(name);
        bot(&sandbox, image, edited);
        is_taken(&sandbox, image, if image == "postgres:18" { &["compose.yaml"] } else { &files });
    }
}

#[test]
fn a_patch_takes_what_a_bot_wrote_as_generate_does() {
    let image = "python:3.13-slim";
    let files = ["api/Dockerfile", "more/Dockerfile"];
    let both = |sandbox: &Sandbox| bot(sandbox, image, &files);
    let one = |sandbox: &Sandbox| bot(sandbox, image, &files[..1]);
    let compose = |sandbox: &Sandbox| bot(sandbox, "postgres:18", &["compose.yaml"]);
    let first = |sandbox: &Sandbox| {
        std::fs::remove_file(sandbox.path("forge.lock")).expect("it is there");
        sandbox.generate();
        sandbox.edit("compose.yaml", "image: postgres:18", &format!("image: postgres:18@{}", pin("newer")));
    };
    type Raise<'a> = &'a dyn Fn(&Sandbox);
    let ways: [(&str, Raise<'_>); 4] =
        [("patch-all", &both), ("patch-one", &one), ("patch-compose", &compose), ("patch-first", &first)];
    for (name, raise) in ways {
        let texts = |sandbox: &Sandbox| {
            let tree = sandbox.tree().into_iter().filter(|(path, _)| !path.starts_with(".git/"));
            tree.map(|(path, seen)| (path, String::from_utf8_lossy(&seen.bytes).into_owned())).collect::<Vec<_>>()
        };
        let (patched, generated) = (repository(name), repository(name));
        raise(&patched);
        raise(&generated);
        let patch = patched.run(&["diff", "--format", "unified"]);
        assert_eq!(patch.code, 1, "{name}: {}", patch.text());
        patched.apply(&["git", "apply"], &patch.stdout);
        generated.generate();
        assert_eq!(texts(&patched), texts(&generated), "{name}");
        let said = patched.run(&["diff"]);
        assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{name}: {}", said.text());
        patched.generate();
        assert_eq!(texts(&patched), texts(&generated), "{name}");
    }
}

#[test]
fn a_first_digest_from_a_bot_begins_a_lock() {
    let sandbox = project("bot-first");
    sandbox.generate();
    sandbox.edit("compose.yaml", "image: postgres:18", &format!("image: postgres:18@{}", pin("newer")));
    let said = sandbox.run(&["diff", "--check"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{}", said.text());
    let said = sandbox.run(&["generate", "--check"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{}", said.text());
    let said = sandbox.run(&["generate", "--dry-run"]);
    assert_eq!((said.code, said.stdout.as_str()), (1, "forge.lock: a bot wrote newer digests into files\n"));
    is_taken(&sandbox, "postgres:18", &["compose.yaml"]);
}

#[test]
fn a_file_that_a_bot_left_behind_follows_and_that_is_said() {
    let image = "python:3.13-slim";
    // The other file as forge wrote it, with somebody's edit, and where the bot raised the lock itself.
    for (name, edit, files) in [
        ("behind", false, &["api/Dockerfile"][..]),
        ("behind-edit", true, &["api/Dockerfile"]),
        ("behind-lock", false, &["api/Dockerfile", "forge.lock"]),
    ] {
        let sandbox = repository(name);
        if edit {
            sandbox.edit("more/Dockerfile", "COPY . .\n", "# mine\nCOPY . .\n");
            commit(&sandbox);
        }
        bot(&sandbox, image, files);
        for words in [&["diff", "--check"][..], &["generate", "--check"]] {
            let said = sandbox.run(words);
            assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{name} {words:?}: {}", said.text());
            let told = "more/Dockerfile: it has an older digest still, which `forge generate` replaces\n";
            assert!(said.stderr.contains(told), "{name} {words:?}: {}", said.text());
        }
        let said = sandbox.run(&["diff", "--format", "names", "more"]);
        assert!(said.stdout.contains("forge.lock moved"), "{}", said.text());
        if edit {
            // Plain `forge diff` goes on showing the edit.
            sandbox.generate();
            assert!(sandbox.read("more/Dockerfile").contains("# mine\n"));
            assert_eq!(sandbox.read("more/Dockerfile").matches(&pin("newer")).count(), 3);
            assert_eq!(sandbox.run(&["diff", "--check"]).code, 0);
        } else {
            is_taken(&sandbox, image, &["api/Dockerfile", "more/Dockerfile"]);
        }
    }
}

#[test]
fn two_newer_digests_of_one_image_are_for_somebody_to_decide() {
    let image = "python:3.13-slim";
    let raise = |sandbox: &Sandbox, file: &str, of: &str| {
        let text = sandbox.read(file).replace(&pin(image), &pin(of));
        let first = text.replace(&format!("{image} "), &format!("{image}@{} ", pin(of)));
        sandbox.write(file, first);
    };
    let unlocked = repository("disputed-first");
    std::fs::remove_file(unlocked.path("forge.lock")).expect("it is there");
    unlocked.generate();
    for sandbox in [repository("disputed"), unlocked] {
        raise(&sandbox, "api/Dockerfile", "newer");
        raise(&sandbox, "more/Dockerfile", "newest");
        let before = sandbox.tree();
        for words in
            [&["diff", "--check"][..], &["diff"], &["generate", "--check"], &["generate", "--dry-run"], &["generate"]]
        {
            let said = sandbox.run(words);
            assert_eq!(said.code, 1, "{words:?}: {}", said.text());
            let told = format!("api/Dockerfile, more/Dockerfile: 2 different digests of `{image}`");
            assert!(said.stderr.contains(&told), "{words:?}: {}", said.text());
            let is_listed = said.stdout.contains("api/Dockerfile: ") && said.stdout.contains("more/Dockerfile: ");
            assert!(is_listed || words == ["generate"], "{words:?}: {}", said.text());
            assert_eq!(sandbox.tree(), before, "{words:?}");
        }
        let said = sandbox.run(&["diff", "--format", "unified"]);
        assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{}", said.text());
        assert!(said.stderr.contains("the patch is empty"), "{}", said.text());
        raise(&sandbox, "more/Dockerfile", "newer");
        let text = sandbox.read("more/Dockerfile").replace(&pin("newest"), &pin("newer"));
        sandbox.write("more/Dockerfile", text);
        is_taken(&sandbox, image, &["api/Dockerfile", "more/Dockerfile"]);
    }
}

#[test]
fn edits_beside_what_a_bot_wrote_are_kept() {
    let sandbox = repository("bot-edit");
    sandbox.edit("api/Dockerfile", "WORKDIR /app\n", "# mine\nWORKDIR /app\n");
    commit(&sandbox);
    bot(&sandbox, "python:3.13-slim", &["api/Dockerfile", "more/Dockerfile"]);
    let said = sandbox.run(&["diff", "--check"]);
    assert_eq!(said.code, 0, "{}", said.text());
    sandbox.edit("forge.yaml", "port: 8000", "port: 8002");
    sandbox.generate();
    let text = sandbox.read("api/Dockerfile");
    assert!(text.contains("# mine\n") && text.contains(&pin("newer")) && text.contains("EXPOSE 8002"), "{text}");
}

#[test]
fn what_was_locked_since_goes_before_what_a_bot_wrote() {
    let sandbox = repository("bot-late");
    bot(&sandbox, "python:3.13-slim", &["api/Dockerfile"]);
    let newest = lock(&IMAGES).replace(&pin("python:3.13-slim"), &pin("newest"));
    sandbox.write("forge.lock", &newest);
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(said.stderr.contains("`forge lock --update python:3.13-slim`"), "{}", said.text());
    assert_eq!(sandbox.read("forge.lock"), newest);
    for file in ["api/Dockerfile", "more/Dockerfile"] {
        assert_eq!(sandbox.read(file).matches(&pin("newest")).count(), 3, "{file}");
    }
}

#[test]
fn a_tag_that_a_bot_raised_is_the_specs_to_say() {
    let sandbox = repository("bot-tag");
    let raise = |file: &str, from: &str, to: &str| {
        let text = sandbox.read(file).replace(&format!("{from}@{}", pin(from)), &format!("{to}@{}", pin("newer")));
        sandbox.write(file, text);
    };
    raise("api/Dockerfile", "python:3.13-slim", "python:3.14-slim");
    raise("more/Dockerfile", "python:3.13-slim", "python:3.14-slim");
    raise("compose.yaml", "traefik/whoami:v1.11", "traefik/whoami:v1.12");
    let said = sandbox.run(&["generate"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let words =
        "api/Dockerfile: it has `python:3.14-slim`, and `services.api.build` in the spec asks for `python:3.13-slim`";
    assert!(said.stderr.contains(words), "{}", said.text());
    for words in [
        "asks for `python:3.13-slim`: write `version: \"3.14\"` there, then all files follow\n",
        "`services.who.image` in the spec asks for `traefik/whoami:v1.11`: write `image: traefik/whoami:v1.12` there, then",
    ] {
        assert!(said.stderr.contains(words), "no {words:?} in\n{}", said.text());
    }
    // What the bot wrote stays, and is right once the spec says so.
    sandbox.edit("forge.yaml", "traefik/whoami:v1.11", "traefik/whoami:v1.12");
    sandbox
        .write("forge.yaml", sandbox.read("forge.yaml").replace("stack: python,", "stack: python, version: \"3.14\","));
    let said = sandbox.run(&["diff", "--check"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{}", said.text());
    is_taken(&sandbox, "python:3.14-slim", &["api/Dockerfile", "more/Dockerfile"]);
    assert!(sandbox.read("forge.lock").contains("traefik/whoami:v1.12"));
}

#[test]
fn a_tag_that_forge_does_not_know_is_no_version_to_ask_for() {
    let sandbox = project("bot-unknown");
    sandbox.generate();
    sandbox.edit("compose.yaml", "image: postgres:18", "image: postgres:99");
    let text = sandbox.read("api/Dockerfile").replace("python:3.13-slim", "python:3.99-slim");
    sandbox.write("api/Dockerfile", text);
    let said = sandbox.run(&["diff"]);
    for words in [
        "forge knows 18, 17, 16, 15, 14 of PostgreSQL, and not that one: put the line back",
        "forge knows 3.14, 3.13, ",
    ] {
        assert!(said.stderr.contains(words), "no {words:?} in\n{}", said.text());
    }
    sandbox.edit("compose.yaml", "image: postgres:99", "image: postgres:18");
    sandbox.edit("forge.yaml", "kind: postgres", "kind: postgres, version: \"17\"");
    sandbox.generate();
    sandbox.edit("compose.yaml", "image: postgres:17", "image: postgres:18");
    let said = sandbox.run(&["diff"]);
    assert!(
        said.stderr.contains("`backings.db` in the spec asks for `postgres:17`: write `version: \"18\"` there"),
        "{}",
        said.text()
    );
}

#[test]
fn a_digest_that_is_the_specs_stays_as_somebody_edited_it() {
    let sandbox = project("own-digest");
    let own = |of: &str| format!("image: traefik/whoami:v1.11@{}", pin(of));
    sandbox.edit("forge.yaml", "image: traefik/whoami:v1.11", &own("mine"));
    sandbox.generate();
    sandbox.edit("compose.yaml", &own("mine"), &own("bot"));
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 0 && said.text().contains("1 kept as edited"), "{}", said.text());
    assert!(sandbox.read("compose.yaml").contains(&own("bot")), "{}", sandbox.read("compose.yaml"));
    assert!(!sandbox.exists("forge.lock"));
}

#[test]
fn an_older_tag_is_its_owners_and_nobodys_to_raise() {
    let sandbox = project("older-tag");
    sandbox.generate();
    sandbox.edit("compose.yaml", "image: postgres:18", "image: postgres:16");
    let said = sandbox.run(&["generate"]);
    assert!(said.code == 0 && !said.stderr.contains("in the spec asks"), "{}", said.text());
    assert!(sandbox.read("compose.yaml").contains("image: postgres:16"));
}

#[test]
fn the_lock_is_never_written_through_a_link() {
    let sandbox = project("link-beside");
    let victim = sandbox.outside("victim");
    std::fs::write(&victim, "mine").expect("a file in a temporary folder");
    let sandbox = sandbox.link("forge.lock.forge-new", &victim);
    sandbox.generate();
    sandbox.edit("compose.yaml", "image: postgres:18", &format!("image: postgres:18@{}", pin("newer")));
    sandbox.generate();
    assert!(sandbox.read("forge.lock").contains(&pin("newer")));
    assert_eq!(std::fs::read_to_string(&victim).expect("it is there"), "mine");
    assert_eq!(sandbox.mode("forge.lock"), sandbox.mode("compose.yaml"));
}

#[test]
fn an_action_can_be_looked_up_by_its_name() {
    let ci = "ci: { provider: github }\n";
    let sandbox = Sandbox::smallest("action-name").file("forge.yaml", format!("{SMALLEST}{ci}"));
    sandbox.generate();
    let said = sandbox.run(&["lock", "--update", "actions/chekout"]);
    assert!(said.code == 2 && said.stderr.contains("did you mean `actions/checkout`?"), "{}", said.text());
    // What a bot wrote, with words for a version that no lock can hold, is an edit, and nothing is broken by it.
    let workflow = sandbox.read(".github/workflows/check.yml");
    let line = workflow.lines().find(|it| it.contains("actions/checkout@")).expect("it checks out");
    let (action, _) = line.split_once('@').expect("it was found by that");
    let raised = |version: &str| workflow.replace(line, &format!("{action}@{} # {version}", "abcdef0123".repeat(4)));
    sandbox.write(".github/workflows/check.yml", raised("tag=v9.0.0"));
    for words in [&["generate"][..], &["diff"], &["generate"]] {
        let said = sandbox.run(words);
        assert!(said.code < 2 && !sandbox.exists("forge.lock"), "{words:?}: {}", said.text());
    }
    sandbox.write(".github/workflows/check.yml", raised("v9.0.0"));
    let said = sandbox.run(&["generate"]);
    let told = "check.yml: forge.lock takes the commit of `actions/checkout`\n";
    assert!(said.code == 0 && said.stderr.contains(told), "{}", said.text());
    assert!(sandbox.read("forge.lock").contains("version: v9.0.0\n"));
    assert_eq!(sandbox.run(&["diff"]).code, 0);
}

#[test]
fn the_configuration_of_the_repository_starts_nothing() {
    let sandbox =
        Sandbox::smallest("hostile-git").file("forge.yaml", format!("{SMALLEST}ci: {{ provider: github }}\n"));
    sandbox.generate();
    git(&sandbox, &["init", "--quiet"]);
    let mark = sandbox.outside("started");
    let program = sandbox.path("program");
    std::fs::write(&program, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).expect("a file in a temporary folder");
    sandbox.set_mode("program", 0o755);
    let program = program.display();
    let ways = [
        format!(
            "[protocol \"ext\"]\n\tallow = always\n[url \"ext::{program} %S \"]\n\tinsteadOf = https://github.com/\n"
        ),
        format!("[core]\n\tsshCommand = {program}\n[url \"git@localhost:\"]\n\tinsteadOf = https://github.com/\n"),
    ];
    // Nobody is asked: the proxy is nobody's. A hook of git's is started with the folder of its repository.
    let folder = sandbox.path(".git");
    for (config, inside) in ways.iter().flat_map(|it| [(it, None), (it, Some(&folder))]) {
        sandbox.write(".git/config", format!("[core]\n\trepositoryformatversion = 0\n{config}"));
        let mut command = sandbox.command(&["lock", "--update", "actions/checkout"]);
        command.env("https_proxy", "http://127.0.0.1:9").env("HTTPS_PROXY", "http://127.0.0.1:9");
        command.envs(inside.map(|it| ("GIT_DIR", it)));
        let said = end(command);
        assert_eq!(said.code, 2, "{}", said.text());
        assert!(said.stderr.contains("`actions/checkout`: git cannot list its releases"), "{}", said.text());
        assert!(!mark.exists(), "{config}\n{}", said.text());
    }
}
