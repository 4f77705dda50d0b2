//! `forge lock`, against registries that answer, and that do not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use forge::compare::digest;

use crate::registry::{Faults, Registry};
use crate::sandbox::{Ended, Sandbox, end};
use crate::skipped::absent;

/// A project that runs one image and uses no other.
fn project(name: &str, image: &str) -> Sandbox {
    let spec = format!(
        "forge: 1\nname: a\nservices:\n  app:\n    image: {image}\n    user: {{ uid: 10001, gid: 10001 }}\n    exceptions: [{{ rule: healthcheck, reason: it has no shell }}]\n"
    );
    Sandbox::new(name).file("forge.yaml", spec)
}

fn of(registry: &Registry) -> String {
    format!("{}/acme/app:1", registry.host)
}

/// Runs with these settings in the environment.
fn run(sandbox: &Sandbox, words: &[&str], settings: &[(&str, &str)]) -> Ended {
    let mut command = sandbox.command(words);
    // Nobody's own credentials.
    command.env("HOME", sandbox.outside("home")).envs(settings.iter().copied());
    end(command)
}

fn entry(image: &str, digest: &str, platforms: &str) -> String {
    format!("forge: 1\nimages:\n  {image}:\n    digest: {digest}\n    platforms: [{platforms}]\n")
}

#[test]
fn a_tag_is_locked_to_the_digest_of_its_index() {
    let registry = Registry::new(Faults::default());
    let wanted = registry.index("1", &["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]);
    let sandbox = project("lock-index", &of(&registry));
    sandbox.edit("forge.yaml", "name: a\n", "name: a\nplatforms: [linux/arm64, linux/amd64, linux/arm/v7]\n");
    let said = run(&sandbox, &["lock"], &[]);
    assert_eq!((said.code, said.stdout.as_str()), (0, format!("    added {} {wanted}\n", of(&registry)).as_str()));
    let lock = sandbox.read("forge.lock");
    assert!(lock.ends_with(&entry(&of(&registry), &wanted, "linux/amd64, linux/arm/v7, linux/arm64")), "{lock}");
    sandbox.generate();
    assert!(sandbox.read("compose.yaml").contains(&format!("{}@{wanted}", of(&registry))));
    // Nobody is asked about what is locked; who looks again only asks whether it is another.
    registry.asked();
    assert_eq!(run(&sandbox, &["lock"], &[]).code, 0);
    assert_eq!(registry.asked(), Vec::<String>::new());
    assert_eq!(run(&sandbox, &["lock", "--update"], &[]).code, 0);
    let manifests: Vec<String> = registry.asked().into_iter().filter(|it| it.contains("/manifests/")).collect();
    assert_eq!(manifests, ["HEAD /v2/acme/app/manifests/1"]);
    assert_eq!(sandbox.read("forge.lock"), lock);
    let newer = registry.index("1", &["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64"]);
    let said = run(&sandbox, &["lock", "--update", "app"], &[]);
    assert_eq!(said.stdout, format!("  updated {} {wanted} → {newer}\n", of(&registry)), "{}", said.text());
    assert!(sandbox.read("forge.lock").contains(&newer));
}

#[test]
fn an_image_that_stands_alone_is_for_the_platform_of_its_configuration() {
    let storage = Registry::new(Faults::default());
    // The password is `c2VjcmV0` of `secret`; blobs are at a host that has no business with it.
    let login = "bWU6c2VjcmV0";
    let faults = Faults {
        token_for: Some(login.to_owned()),
        blobs_at: Some(storage.host.replace("127.0.0.1", "localhost")),
        ..Faults::default()
    };
    let registry = Registry::new(faults);
    let wanted = registry.single("1", "amd64");
    storage.share(&registry);
    let sandbox = project("lock-single", &of(&registry));
    let auths = serde_json::json!({"auths": {registry.host.clone(): {"auth": login}}});
    sandbox.write("docker/config.json", auths.to_string());
    let config = sandbox.path("docker");
    let said = run(&sandbox, &["lock"], &[("DOCKER_CONFIG", &config.to_string_lossy())]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(sandbox.read("forge.lock").ends_with(&entry(&of(&registry), &wanted, "linux/amd64")));
    assert_eq!(storage.shown("/v2/acme/app/blobs/"), [None], "credentials went to another host");
    assert_eq!(registry.shown("/token"), [Some(format!("Basic {login}"))]);
    assert!(!said.text().contains("secret") && !said.text().contains(login));
}

#[test]
fn credentials_come_from_a_helper_and_wrong_ones_are_told() {
    let registry = Registry::new(Faults { token_for: Some("bWU6c2VjcmV0".to_owned()), ..Faults::default() });
    registry.index("1", &["linux/amd64"]);
    let sandbox = project("lock-helper", &of(&registry));
    let helper = "#!/bin/sh\nread -r host\n[ \"$1\" = get ] && echo '{\"ServerURL\":\"'\"$host\"'\",\"Username\":\"me\",\"Secret\":\"secret\"}'\n";
    sandbox.write("bin/docker-credential-test", helper);
    sandbox.set_mode("bin/docker-credential-test", 0o755);
    let store = serde_json::json!({"credHelpers": {registry.host.clone(): "test"}});
    sandbox.write("docker/config.json", store.to_string());
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let config = sandbox.path("docker").display().to_string();
    let settings = [("DOCKER_CONFIG", config.as_str()), ("PATH", path.as_str())];
    let said = run(&sandbox, &["lock"], &settings);
    assert_eq!(said.code, 0, "{}", said.text());
    // A helper that does not end, one that has what forge cannot use, one that fails, and nobody's credentials.
    sandbox.write("bin/docker-credential-test", "#!/bin/sh\nexec sleep 40\n");
    let started = std::time::Instant::now();
    let said = run(&sandbox, &["lock", "--update"], &[settings[0], settings[1], ("FORGE_REGISTRY_TIMEOUT", "1")]);
    assert!(said.code == 2 && said.stderr.contains("credential helper gives no answer"), "{}", said.text());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    sandbox.write("bin/docker-credential-test", helper.replace("\"me\"", "\"<token>\""));
    let said = run(&sandbox, &["lock", "--update"], &settings);
    assert!(said.code == 2 && said.stderr.contains("with an identity token"), "{}", said.text());
    sandbox.write("bin/docker-credential-test", "#!/bin/sh\nread -r host\necho hunter2 >&2\nexit 1\n");
    let said = run(&sandbox, &["lock", "--update"], &settings);
    assert!(said.code == 2 && said.stderr.contains("`docker-credential-test` gives no credentials"), "{}", said.text());
    assert!(!said.text().contains("hunter2"), "{}", said.text());
    // A name that leads to a program of the project.
    sandbox.write("docker-credential-x/run", "#!/bin/sh\ntouch ran\n");
    sandbox.set_mode("docker-credential-x/run", 0o755);
    sandbox.write("docker/config.json", r#"{"credsStore": "x/run"}"#);
    let said = run(&sandbox, &["lock", "--update"], &settings);
    assert!(said.code == 2 && said.stderr.contains("names `x/run`, which is no credential helper"), "{}", said.text());
    assert!(!sandbox.path("ran").exists());
    let said = run(&sandbox, &["lock", "--update"], &[]);
    assert!(said.code == 2 && said.stderr.contains(&format!("docker login {}", registry.host)), "{}", said.text());
}

#[test]
fn a_registry_that_is_busy_is_asked_again_and_not_for_ever() {
    for (name, count, code, words) in [
        ("busy", 2, 429, ""),
        ("down", 1, 503, ""),
        ("limit", 1000, 429, "its limit is reached"),
        ("broken", 1000, 500, "refuses"),
    ] {
        let registry = Registry::new(Faults { refused: Some((count, code)), ..Faults::default() });
        registry.index("1", &["linux/amd64"]);
        let sandbox = project(name, &of(&registry));
        let said = run(&sandbox, &["lock"], &[]);
        let asked = registry.asked().iter().filter(|it| it.contains("/manifests/")).count();
        if words.is_empty() {
            assert_eq!((said.code, asked), (0, count + 1), "{name}: {}", said.text());
        } else {
            assert!(said.code == 2 && asked <= 3 && !sandbox.exists("forge.lock"), "{name} {asked}: {}", said.text());
            assert!(
                said.stderr.contains(words) || code == 500 && said.stderr.contains("answers with 500"),
                "{name}: {}",
                said.text()
            );
        }
    }
}

#[test]
fn what_goes_wrong_is_told_with_what_to_do() {
    let missing = Registry::new(Faults::default());
    let misnamed = Registry::new(Faults { misnamed: true, ..Faults::default() });
    misnamed.index("1", &["linux/amd64"]);
    let silent = Registry::new(Faults { silent: true, ..Faults::default() });
    for (image, words) in [
        (of(&missing), "has no such image"),
        (of(&misnamed), "is not what it calls it"),
        (of(&silent), "does not answer in time"),
        ("127.0.0.1:1/acme/app:1".to_owned(), "cannot be reached"),
        ("registry.invalid/acme/app:1".to_owned(), "registry.invalid"),
    ] {
        let sandbox = project("lock-trouble", &image);
        let said = run(&sandbox, &["lock"], &[("FORGE_REGISTRY_TIMEOUT", "1")]);
        assert!(said.code == 2 && said.stderr.contains(words), "{image}: {}", said.text());
        assert!(said.stderr.contains("help: ") && !sandbox.exists("forge.lock"), "{}", said.text());
    }
    let sandbox = project("lock-settings", "acme/app:1");
    for (name, value) in [
        ("FORGE_REGISTRY_MIRRORS", "mirror"),
        ("FORGE_REGISTRY_MIRRORS", "a=ftp://b"),
        ("FORGE_REGISTRY_TIMEOUT", "soon"),
    ] {
        let said = run(&sandbox, &["lock"], &[(name, value)]);
        assert!(said.code == 2 && said.stderr.contains(name), "{}", said.text());
    }
}

#[test]
fn a_platform_that_an_image_lacks_is_told() {
    let registry = Registry::new(Faults::default());
    registry.index("1", &["linux/amd64"]);
    let sandbox = project("lock-platform", &of(&registry));
    sandbox.edit("forge.yaml", "name: a\n", "name: a\nplatforms: [linux/amd64, linux/arm64]\n");
    let said = run(&sandbox, &["lock"], &[]);
    assert_eq!(said.code, 1, "{}", said.text());
    let words = format!(
        "error[platform]: `{}` is not there for `linux/arm64`, only for `linux/amd64`\n --> forge.yaml:3:26\n",
        of(&registry)
    );
    assert!(
        said.stderr.contains(&words.replace("\n --> ", "\n  --> ")) || said.stderr.contains(&words),
        "{}",
        said.text()
    );
    assert!(!sandbox.exists("forge.lock"));
    // A digest that was locked for less is looked at again, and stays the same.
    sandbox.edit("forge.yaml", "linux/amd64, linux/arm64", "linux/amd64");
    assert_eq!(run(&sandbox, &["lock"], &[]).code, 0);
    let before = sandbox.read("forge.lock");
    sandbox.edit("forge.yaml", "platforms: [linux/amd64]", "platforms: [linux/amd64, linux/arm64]");
    let newer = registry.index("1", &["linux/amd64", "linux/arm64"]);
    let said = run(&sandbox, &["lock"], &[]);
    assert!(said.code == 1 && said.stderr.contains("`forge lock --update"), "{}", said.text());
    assert_eq!(sandbox.read("forge.lock"), before);
    assert_eq!(run(&sandbox, &["lock", "--update"], &[]).code, 0);
    assert!(sandbox.read("forge.lock").ends_with(&entry(&of(&registry), &newer, "linux/amd64, linux/arm64")));
}

#[test]
fn a_lock_is_checked_without_a_network_and_with_one() {
    let registry = Registry::new(Faults::default());
    let first = registry.index("1", &["linux/amd64"]);
    let image = of(&registry);
    let sandbox = project("lock-check", &image);
    let said = run(&sandbox, &["lock", "--check"], &[]);
    assert_eq!((said.code, said.stdout.as_str()), (1, format!("  missing {image}\n").as_str()));
    assert_eq!(run(&sandbox, &["lock"], &[]).code, 0);
    let lock = sandbox.read("forge.lock");
    registry.asked();
    assert_eq!(run(&sandbox, &["lock", "--check"], &[]).code, 0);
    assert_eq!(registry.asked(), Vec::<String>::new());
    assert_eq!(run(&sandbox, &["lock", "--check", "--online"], &[]).code, 0);
    let second = registry.index("1", &["linux/amd64", "linux/arm64"]);
    let said = run(&sandbox, &["lock", "--check", "--online", "--format", "json"], &[]);
    let entry = &said.json()["entries"][0];
    assert_eq!(
        (said.code, &entry["state"], &entry["pin"], &entry["before"]),
        (1, &"stale".into(), &second.into(), &first.into())
    );
    sandbox.write("forge.lock", format!("{lock}  redis:7:\n    digest: sha256:{}\n", digest(b"redis")));
    let said = run(&sandbox, &["lock", "--check"], &[]);
    assert!(said.code == 1 && said.stdout.starts_with("   unused redis:7 "), "{}", said.text());
    let said = run(&sandbox, &["lock"], &[]);
    assert!(said.code == 0 && said.stdout.starts_with("  dropped redis:7 "), "{}", said.text());
    assert_eq!(sandbox.read("forge.lock"), lock);
    let said = run(&sandbox, &["lock", "--update", "ap"], &[]);
    assert!(said.code == 2 && said.stderr.contains("did you mean `app`?"), "{}", said.text());
}

#[test]
fn a_mirror_is_asked_first() {
    let registry = Registry::new(Faults { token_for: Some(String::new()), ..Faults::default() });
    let wanted = registry.index("1", &["linux/amd64"]);
    let sandbox = project("lock-mirror", "acme/app:1");
    let mirrors = format!("docker.io=http://{}", registry.host);
    let said = run(&sandbox, &["lock"], &[("FORGE_REGISTRY_MIRRORS", &mirrors)]);
    assert_eq!(said.code, 0, "{}", said.text());
    assert!(sandbox.read("forge.lock").ends_with(&entry("acme/app:1", &wanted, "linux/amd64")));
    assert!(registry.asked().contains(&"GET /v2/acme/app/manifests/1?ns=docker.io".to_owned()));
}

#[test]
fn a_password_in_a_setting_is_not_shown() {
    let sandbox = project("lock-password", "acme/app:1");
    for mirrors in ["docker.io=https://bob:hunter2@host", "bob:hunter2@host", "docker.io=https://bob:hunt@er2@host/x"] {
        let said = run(&sandbox, &["lock"], &[("FORGE_REGISTRY_MIRRORS", mirrors)]);
        assert!(said.code == 2 && said.stderr.contains("…@host"), "{}", said.text());
        assert!(!said.text().contains("hunt") && !said.text().contains("er2"), "{}", said.text());
    }
}

#[test]
fn actions_that_nothing_uses_are_told_and_dropped() {
    let registry = Registry::new(Faults::default());
    let wanted = registry.index("1", &["linux/amd64"]);
    let sandbox = project("lock-actions", &of(&registry));
    let images = entry(&of(&registry), &wanted, "linux/amd64");
    let sha = "0123456789".repeat(4);
    sandbox
        .write("forge.lock", format!("{images}actions:\n  actions/checkout:\n    version: v9.9.9\n    sha: {sha}\n"));
    let said = run(&sandbox, &["lock", "--check"], &[]);
    assert_eq!((said.code, said.stdout), (1, format!("   unused actions/checkout {sha}\n")));
    let said = run(&sandbox, &["lock"], &[]);
    assert_eq!((said.code, said.stdout), (0, format!("  dropped actions/checkout {sha}\n")));
    assert!(sandbox.read("forge.lock").ends_with(&images));
}

#[test]
fn two_forges_never_write_one_lock() {
    let sandbox = project("lock-held", "acme/app:1");
    let folder = std::fs::File::open(sandbox.path("")).expect("it is there");
    folder.try_lock().expect("nobody else has it");
    let said = run(&sandbox, &["lock"], &[]);
    assert!(said.code == 2 && said.stderr.contains("another forge is writing here"), "{}", said.text());
}

/// The kit's registry, where it runs: what other people's software serves, and not what this test would like.
#[test]
fn a_real_registry_says_what_the_lock_has() {
    const ADDRESS: &str = "127.0.0.1:5000";
    let Some(served) = fetch(ADDRESS, "/v2/library/redis/manifests/8") else {
        absent(format!("registry with redis:8 at {ADDRESS}"));
        return;
    };
    let sandbox = project("lock-real", "redis:8");
    let said = run(&sandbox, &["lock"], &[("FORGE_REGISTRY_MIRRORS", "docker.io=http://127.0.0.1:5000")]);
    assert_eq!(said.code, 0, "{}", said.text());
    let wanted = format!("sha256:{}", digest(&served));
    assert!(
        sandbox.read("forge.lock").ends_with(&entry("redis:8", &wanted, "linux/amd64")),
        "{}",
        sandbox.read("forge.lock")
    );
}

/// What is served there, if anything is.
fn fetch(address: &str, path: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address.parse().expect("an address"), Duration::from_secs(1)).ok()?;
    let kinds = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: {kinds}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let at = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    answer
        .starts_with(b"HTTP/1.1 200")
        .then(|| answer[at + 4..].to_vec())
        .or_else(|| answer.starts_with(b"HTTP/1.0 200").then(|| answer[at + 4..].to_vec()))
}
