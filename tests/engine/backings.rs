//! Backings (`tests/backings/`): generated, booted under the contract, used over the network as services use them,
//! restarted, made anew, in each version that the catalogue has. What the catalogue calls unproven is tried where its image can
//! be had, and says so elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use forge::catalog::Catalog;
use serde::Deserialize;
use serde_json::{Value, json};

use super::apps::each_hardened;
use super::contract;
use super::proof::{Proof, contains, docker, ensure, fails, lacks, run, within};
use super::stack::{Compose, HOSTILE, Stack};
use crate::skipped::skipped;

/// What a file says: which backing, who uses it, and what they do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Names of `../shared/engine/images` that it needs; `.ci/run` reads them.
    #[serde(default, rename = "images")]
    _images: Vec<String>,
    /// The backing as it stands in forge.yaml, without its version: each that the catalogue has is tried.
    backing: BTreeMap<String, Value>,
    /// The image of those who use it, with `{version}` for the version.
    client: String,
    /// Files of the project.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// A file of the project that fails at the first start, before all else.
    broken: Option<Broken>,
    /// The application's password, where it cannot be any text.
    password: Option<String>,
    /// Programs that may be PID 1 without an init before them.
    #[serde(default)]
    first: Vec<String>,
    /// With which code it ends when it is told to, where that is neither 0 nor 143.
    ends: Option<i64>,
    /// Functions of a shell that the scripts below call.
    #[serde(default)]
    helper: String,
    /// What is done once all are healthy, in order.
    steps: Vec<Step>,
    /// What still holds after a restart, and in a new container; nothing for a cache.
    #[serde(default)]
    kept: Vec<Step>,
}

/// A file that fails at a first start, and how one sees it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Broken {
    /// One of `files`.
    file: String,
    /// Part of what the probe says of a volume that is half made.
    probe: String,
}

/// What somebody does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// As whom: a role, or `app` where there are none.
    r#as: String,
    /// What succeeds, in words.
    does: Option<String>,
    /// What fails, in words.
    cannot: Option<String>,
    /// A script for a shell in the client's container, behind the `helper`. Its environment is what `needs: [store]` gives.
    run: String,
    /// Part of what it writes.
    says: Option<String>,
}

/// The files, each a test, so that one of them can be run alone: `cargo test backings::postgres`.
macro_rules! backings {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            prove_all(stringify!($name));
        })*

        #[test]
        fn each_file_has_a_test() {
            for file in files() {
                let name = name_of(&file);
                assert!([$(stringify!($name)),*].contains(&name.as_str()), "no test is called {name}");
            }
        }
    };
}

backings!(
    elasticsearch,
    kafka,
    mailpit,
    mariadb,
    meilisearch,
    memcached,
    minio,
    mongodb,
    mysql,
    nats,
    opensearch,
    postgres,
    rabbitmq,
    redis,
    redis_cache,
    valkey,
    vault,
    versitygw
);

#[test]
fn each_kind_has_a_file() {
    let tried: BTreeSet<String> = files().iter().map(|it| read(it).kind().to_owned()).collect();
    let known: BTreeSet<String> = catalog().backings.into_keys().collect();
    assert_eq!(tried, known, "left: kinds with a file in tests/backings");
}

fn catalog() -> Catalog {
    Catalog::new(&[]).unwrap_or_else(|_| panic!("the catalogue that comes with forge is whole"))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backings");
    let found = fs::read_dir(folder).expect("there are backings").map(|it| it.expect("it can be read").path());
    found.collect()
}

fn name_of(file: &Path) -> String {
    file.file_stem().expect("it has a name").to_string_lossy().replace('-', "_")
}

fn read(file: &Path) -> Expected {
    let text = fs::read_to_string(file).expect("it can be read");
    serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

fn prove_all(name: &str) {
    for file in files().iter().filter(|it| name_of(it) == name) {
        let expected = read(file);
        let entry = &catalog().backings[expected.kind()];
        for (version, it) in &entry.versions {
            expected.prove(name, version, entry.unproven.as_deref().or(it.unproven.as_deref()));
        }
    }
}

impl Expected {
    fn kind(&self) -> &str {
        self.backing["kind"].as_str().expect("a kind is a text")
    }

    /// `unproven` is why its image may be missing.
    fn prove(&self, name: &str, version: &str, unproven: Option<&str>) {
        let what = format!("{name} {version}");
        let Some(stack) = Stack::new(&format!("b{}", name.replace('_', "-"))) else { return };
        stack.write("forge.yaml", &self.spec(name, version).to_string());
        self.files.iter().for_each(|(path, text)| stack.write(path, text));
        stack.prove(format!("{what}: generated"), || stack.forge(&["generate"]).map(drop));
        let production = stack.production();
        match (images(&production), unproven) {
            (Ok(()), _) => {}
            (Err(_), Some(why)) => return println!("unproven: {what}: {why}"),
            (Err(why), None) => {
                return skipped(format!("{what}: {why}"));
            }
        }
        let password = self.password.as_deref().unwrap_or(HOSTILE);
        if stack.path("scripts/secrets").exists() {
            stack.do_or_fail("its secrets can be made", run(&mut stack.script(&["scripts/secrets"])));
        }
        if stack.path("secrets/STORE_PASSWORD").exists() {
            stack.supply("secrets/STORE_PASSWORD", password);
        }
        if let Some(it) = &self.broken {
            stack.prove(format!("{what}: a first start that fails is never healthy"), || {
                stack.write(&it.file, "no SQL;");
                never_healthy(&production, &it.probe)
            });
            stack.prove(format!("{what}: what the log says of it can be done"), || remedied(&production));
            stack.write(&it.file, &self.files[&it.file]);
        }
        stack.prove(format!("{what}: booted, healthy"), || production.up(&[]));
        stack.prove(format!("{what}: the hardening contract"), || self.hardened(&production));
        stack.prove(format!("{what}: no password in sight"), || hidden(&production, password));
        self.steps.iter().for_each(|it| it.prove(self, &stack, &production, &what));
        if !self.kept.is_empty() {
            let again = |fact: &str, arguments: &[&str]| {
                stack.prove(format!("{what}: {fact}"), || {
                    production.run(arguments)?;
                    production.up(&[])
                });
                self.kept.iter().for_each(|it| it.prove(self, &stack, &production, &what));
            };
            again("restarted", &["restart", "store"]);
            again("killed", &["kill", "store"]);
            again("in a new container", &["up", "--detach", "--force-recreate", "--wait", "store"]);
        }
        stack.prove(format!("{what}: ends within its grace period"), || {
            contract::ends_with(&production, &["store"], &[0, 143, self.ends.unwrap_or(0)])
        });
        stack.say_how_many();
    }

    /// All but the clients, whose images are there for what is in them.
    fn hardened(&self, compose: &Compose) -> Proof {
        let mut containers = compose.containers()?;
        containers.retain(|it| it.service.starts_with("store"));
        each_hardened(&containers, &compose.project, &self.first)
    }

    /// A client for each of those who do something.
    fn spec(&self, name: &str, version: &str) -> Value {
        let everybody: BTreeSet<&str> = self.steps.iter().chain(&self.kept).map(|it| it.r#as.as_str()).collect();
        let roles = everybody.len() > 1;
        let clients = everybody.iter().map(|role| {
            let client = json!({
                "image": self.client.replace("{version}", version),
                "user": { "uid": 10001, "gid": 10001 },
                "command": ["sleep", "infinity"],
                "healthcheck": { "command": ["true"] },
                "needs": { "store": if roles { json!({ "role": role }) } else { json!({}) } },
            });
            ((*role).to_owned(), client)
        });
        let clients: serde_json::Map<String, Value> = clients.collect();
        let mut backing = json!(self.backing);
        backing["version"] = json!(version);
        json!({ "forge": 1, "name": format!("b{}", name.replace('_', "-")), "services": clients, "backings": { "store": backing } })
    }
}

impl Step {
    fn prove(&self, expected: &Expected, stack: &Stack, compose: &Compose, what: &str) {
        let (fact, succeeds) = match (&self.does, &self.cannot) {
            (Some(it), None) => (it.clone(), true),
            (None, Some(it)) => (format!("cannot {it}"), false),
            _ => panic!("{what}: a step either `does` something or `cannot`: {self:?}"),
        };
        stack.prove(format!("{what}: {} {fact}", self.r#as), || {
            let asked = || compose.container(&self.r#as)?.shell(&format!("{}\n{}", expected.helper, self.run));
            if succeeds {
                return contains(&asked()?, self.says.as_deref().unwrap_or_default());
            }
            match (asked(), &self.says) {
                (Err(why), Some(part)) => contains(&why, part),
                (outcome, _) => fails(outcome, "it can"),
            }
        });
    }
}

/// The second start, which the image takes for one of a whole database, says what is wrong.
fn never_healthy(compose: &Compose, probe: &str) -> Proof {
    compose.run(&["up", "--detach", "store"])?;
    within(90, || {
        let store = compose.container("store")?;
        ensure(store.json["RestartCount"] != 0, "it never ended")?;
        contains(&store.state(), probe)
    })?;
    ensure(compose.container("store")?.health() != "healthy", "it is healthy")
}

/// The log of the first start tells how to begin anew.
fn remedied(compose: &Compose) -> Proof {
    let logs = compose.container("store")?.all_logs();
    let line = logs.lines().find_map(|it| it.split_once("mend it, then ")).map(|it| it.1.trim());
    let line = line.ok_or_else(|| format!("nothing is said of it:\n{logs}"))?;
    let volume = format!("{}_store-data", compose.project);
    docker(["volume", "inspect", &volume])?;
    // Tests run under another project name, so that several can at once.
    let named = line.split(' ').skip_while(|it| *it != "--project-name").nth(1).ok_or("it names no project")?;
    compose.run_line(&line.replace(named, &compose.project))?;
    fails(docker(["volume", "inspect", &volume]), "the volume is still there")
}

/// All images are there, or can be had.
fn images(compose: &Compose) -> Proof {
    for image in compose.run(&["config", "--images"])?.lines().collect::<BTreeSet<_>>() {
        docker(["image", "inspect", image]).or_else(|_| docker(["pull", "--quiet", image]))?;
    }
    Ok(())
}

/// The password stands in nothing that others can see.
fn hidden(compose: &Compose, password: &str) -> Proof {
    for container in compose.containers()? {
        let seen =
            container.json.to_string() + &container.all_logs() + &docker(["top", container.id(), "-eo", "pid,args"])?;
        lacks(&seen, password).map_err(|_| format!("{}: it shows", container.service))?;
        ensure(!seen.contains(&password.replace('"', "\\\"")), format!("{}: it shows", container.service))?;
    }
    Ok(())
}
