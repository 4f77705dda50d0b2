//! What tags stand for: `forge.lock`, and what of it files have.

use forge::compare::digest;

use crate::sandbox::{SMALLEST, Sandbox};

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
    assert!(said.stderr.is_empty() || said.code == 0, "{}", said.text());
    let told = format!("{}{}", said.stdout, said.stderr);
    assert!(told.contains("a digest of `python:3.13-slim` that was not checked for `linux/arm64`"), "{told}");
}

#[test]
fn a_lock_that_cannot_be_read_stops_everything_and_says_how_to_mend_it() {
    let right = lock(&IMAGES);
    for (name, text, words) in [
        ("markers", right.replace("images:", "<<<<<<< HEAD\nimages:"), "git checkout --theirs forge.lock"),
        ("newer", right.replace("forge: 1", "forge: 2"), "a newer forge wrote this"),
        ("digest", right.replace("sha256:", "sha255:"), "`digest` has to be `sha256:`"),
        ("garbage", "\u{1}\u{2}".to_owned(), "forge.lock:1:"),
        ("text", "hello".to_owned(), "it does not begin with `forge: 1`"),
        ("empty", String::new(), "it does not begin with `forge: 1`"),
    ] {
        let sandbox = project(name).file("forge.lock", text);
        let before = sandbox.tree();
        let said = sandbox.run(&["generate"]);
        assert!(said.code == 2 && said.stderr.contains(words), "{name}: {}", said.text());
        assert!(said.stderr.contains("help: "), "{name}: {}", said.text());
        assert_eq!(sandbox.run(&["validate"]).code, 1, "{name}");
        assert_eq!(sandbox.tree(), before, "{name}");
    }
    let linked = project("lock-link").file("elsewhere", &right).link("forge.lock", "elsewhere");
    let said = linked.run(&["validate"]);
    assert!(said.code == 2 && said.stderr.contains("forge.lock is no file"), "{}", said.text());
}
