//! Small applications for each stack, package manager and framework (`tests/apps/`): generated, built, booted, asked,
//! stopped. One more needs a folder with `forge.yaml`, `proof.yaml` and the application, and no Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use forge::spec::Size;
use serde::Deserialize;

use super::container::Container;
use super::contract;
use super::image::Image;
use super::proof::{Proof, command, contains, end, ensure, run, run_with, same, within};
use super::stack::{Compose, Stack};

/// What `proof.yaml` says: how the application is prepared, and what is asked of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Names of `../shared/engine/images` that it needs; `.ci/run` reads them.
    #[serde(default, rename = "images")]
    _images: Vec<String>,
    /// Why it cannot be built where its images or packages cannot be had; elsewhere it is.
    unproven: Option<String>,
    /// What is run in the project before anything is generated, such as what writes a lock file.
    #[serde(default)]
    prepare: Vec<Prepare>,
    /// What is asked of services once all are healthy, in order.
    #[serde(default)]
    requests: Vec<Request>,
    /// What stands in the logs of a service within 30 seconds.
    #[serde(default)]
    logs: BTreeMap<String, String>,
    /// A change of the source after which dependencies are not installed anew.
    edit: Option<Edit>,
    /// What has to hold of images that are built, by service.
    #[serde(default)]
    built: BTreeMap<String, Built>,
    /// Programs that may be PID 1 without an init before them.
    #[serde(default)]
    first: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prepare {
    image: String,
    run: Vec<String>,
    /// The folder, below the project.
    #[serde(default, rename = "in")]
    folder: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    to: String,
    path: String,
    /// The container's own, if left out.
    port: Option<u16>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    /// Parts of the body.
    #[serde(default)]
    contains: Vec<String>,
    /// Parts of headers of the answer.
    #[serde(default)]
    answers: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    /// What is put at its end.
    append: String,
    /// A part of each instruction that the build then takes from its cache.
    cached: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Built {
    /// At most.
    size: Option<Size>,
    /// Tools that stay in it, each because the program runs with it: `bundle`.
    #[serde(default)]
    keeps: BTreeSet<String>,
}

/// The stacks that have a test of their own, so that one of them can be run alone: `cargo test apps::node`.
macro_rules! stacks {
    ($($stack:ident),*) => {
        $(#[test]
        fn $stack() {
            prove_all(stringify!($stack));
        })*

        #[test]
        fn each_application_is_of_a_stack_that_has_a_test() {
            for folder in folders() {
                let stack = stack_of(&folder);
                assert!([$(stringify!($stack)),*].contains(&stack.as_str()), "no test is called {stack}");
            }
        }
    };
}

stacks!(custom, dotnet, elixir, go, java, node, php, python, ruby, rust, spa, statics);

fn folders() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps");
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).expect("there are applications").map(|it| it.expect("it can be read").path()).collect();
    found.sort();
    assert!(found.iter().all(|it| it.join("proof.yaml").is_file()), "each folder of tests/apps has a proof.yaml");
    found
}

/// `python-uv-fastapi` is of `python`; `static` is a word of Rust.
fn stack_of(folder: &Path) -> String {
    let name = name_of(folder);
    let first = name.split('-').next().unwrap_or_default();
    if first == "static" { "statics".to_owned() } else { first.to_owned() }
}

fn name_of(folder: &Path) -> String {
    folder.file_name().expect("it has a name").to_string_lossy().into_owned()
}

fn prove_all(stack: &str) {
    // One alone, while somebody works on it: FORGE_APP=python-uv
    let only = std::env::var("FORGE_APP").unwrap_or_default();
    for folder in folders().iter().filter(|it| stack_of(it) == stack && name_of(it).contains(&only)) {
        prove(folder);
    }
}

fn prove(folder: &Path) {
    let name = name_of(folder);
    let text = fs::read_to_string(folder.join("proof.yaml")).expect("it can be read");
    let expected: Expected = serde_yaml::from_str(&text).unwrap_or_else(|why| panic!("{name}/proof.yaml: {why}"));
    let spec = fs::read_to_string(folder.join("forge.yaml")).expect("each application has a forge.yaml");
    let spec: serde_json::Value = serde_yaml::from_str(&spec).expect("forge.yaml is YAML");
    let Some(stack) = Stack::new(spec["name"].as_str().expect("a spec has a name")) else { return };
    stack.copy_authors_files(folder);
    let prepared = expected.prepare.iter().try_for_each(|it| it.run(&stack.path("")));
    if expected.unproven.is_none() {
        stack.do_or_fail(&format!("{name} can be prepared"), prepared.clone());
    }
    let production = stack.production();
    stack.prove(format!("{name}: generated, and nothing of it is unproven but what is said to be"), || {
        generate(&stack, expected.unproven.is_some())
    });
    if stack.path("scripts/secrets").exists() {
        stack.do_or_fail("its secrets can be made", run(&mut stack.script(&["scripts/secrets"])));
    }
    let start = Instant::now();
    if let Err(why) = prepared.and_then(|()| production.run(&["build"])) {
        if let Some(reason) = &expected.unproven {
            println!("unproven: {name}: {reason}");
            return;
        }
        stack.prove(format!("{name}: built"), || Err(why));
    }
    let seconds = start.elapsed().as_secs();
    stack.prove(format!("{name}: built in {seconds} s; booted, healthy"), || production.up(&[]));
    let tested = with_tests(&spec);
    if !tested.is_empty() {
        stack.prove(format!("{name}: the tests of {} pass in its stage", tested.join(", ")), || {
            tests_pass(&stack, &production, &tested)
        });
    }
    for request in &expected.requests {
        stack.prove(format!("{name}: {request}"), || request.prove(&production));
    }
    for (service, part) in &expected.logs {
        stack.prove(format!("{name}: {service} logs {part:?}"), || {
            within(30, || contains(&production.container(service)?.all_logs(), part))
        });
    }
    stack.prove(format!("{name}: the hardening contract"), || hardened(&production, &expected.first));
    prove_images(&name, &stack, &production, &expected.built);
    stack.prove(format!("{name}: ends within its grace period, told once"), || contract::stops(&production, &[]));
    if let Some(edit) = &expected.edit {
        let attempt = || {
            let text = stack.read(&edit.file)?;
            stack.write(&edit.file, &(text + &edit.append));
            edit.prove(&production.run(&["--progress", "plain", "build"])?)
        };
        // BuildKit cleans up when its disk is full: what it had to build anew then has to be there the next time.
        stack.prove(format!("{name}: an edit of {} installs nothing anew", edit.file), || {
            attempt().or_else(|_| attempt())
        });
    }
    stack.say_how_many();
}

/// The services that have tests.
fn with_tests(spec: &serde_json::Value) -> Vec<&str> {
    let services = spec["services"].as_object().into_iter().flatten();
    services.filter(|(_, it)| it.get("test").is_some()).map(|(name, _)| name.as_str()).collect()
}

/// Builds the stage `test` of these services, beside the image that runs.
fn tests_pass(stack: &Stack, production: &Compose, services: &[&str]) -> Proof {
    let build = |name: &&str| {
        let image = format!("app-tests-{name}:{}", stack.version);
        ((*name).to_owned(), serde_json::json!({ "image": image, "build": { "target": "test" } }))
    };
    let built: serde_json::Map<_, _> = services.iter().map(build).collect();
    stack.write("compose.tests.yaml", &serde_json::json!({ "services": built }).to_string());
    production.with("compose.tests.yaml").run(&[&["build"], services].concat()).map(drop)
}

fn generate(stack: &Stack, unproven: bool) -> Proof {
    stack.forge(&["generate"])?;
    let said = end(command(env!("CARGO_BIN_EXE_forge")).arg("validate").arg("-C").arg(stack.path("")));
    same(said.code, Some(0))?;
    ensure(unproven || !said.stderr.contains("unproven"), said.stderr)
}

fn hardened(compose: &Compose, first: &[String]) -> Proof {
    each_hardened(&compose.containers()?, &compose.project, first)
}

/// What holds for each container, whatever it runs.
pub(super) fn each_hardened(containers: &[Container], project: &str, first: &[String]) -> Proof {
    let of = |container: &Container, it: String| format!("{}: {it}", container.service);
    for container in containers {
        let restart = if container.is_running() { "unless-stopped" } else { "no" };
        contract::hardened(container, restart).map_err(|it| of(container, it))?;
        contract::tmpfs_fits(container).map_err(|it| of(container, it))?;
        if container.is_running() {
            contract::powerless(container, first).map_err(|it| of(container, it))?;
            contract::little_is_mounted_writable(container).map_err(|it| of(container, it))?;
        }
    }
    contract::nobody_complains(containers)?;
    contract::volumes_have_names(containers, project)
}

/// What holds for each image that was built: a user by numbers, no tools, and nothing that this user can change.
fn prove_images(name: &str, stack: &Stack, compose: &Compose, expected: &BTreeMap<String, Built>) {
    let containers = stack.do_or_fail("the containers can be listed", compose.containers());
    let mut seen = BTreeSet::new();
    for container in &containers {
        let image = container.json["Config"]["Image"].as_str().unwrap_or_default();
        if !image.ends_with(&format!(":{}", stack.version)) || !seen.insert(image.to_owned()) {
            continue;
        }
        let image = stack.do_or_fail("the image can be read", Image::of(image));
        let fallback = Built::default();
        let wanted = expected.get(&container.service).unwrap_or(&fallback);
        let service = &container.service;
        stack.prove(
            format!("{name}: the image of {service} has {} MB, a user by numbers, no tools", image.mb()),
            || {
                image.has_a_user_by_numbers()?;
                image.has_no_tools(&wanted.keeps)?;
                let most = wanted.size.map_or(u64::MAX, |it| it.0);
                ensure(image.bytes <= most, format!("{} bytes, wanted at most {most}", image.bytes))
            },
        );
        let volumes: Vec<&str> = container.volumes();
        stack.prove(format!("{name}: what {service} runs is not its own to write"), || {
            image.nothing_is_writable_but(&volumes)
        });
    }
}

impl Prepare {
    /// As the owner of the folder, in a container of the image.
    fn run(&self, project: &Path) -> Proof {
        let words: Vec<&str> = self.run.iter().map(String::as_str).collect();
        run_with(&self.image, project, &self.folder, &words)
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = self.method.as_deref().unwrap_or("GET");
        write!(f, "{method} {} of {} is answered with {}", self.path, self.to, self.status)?;
        if self.contains.is_empty() { Ok(()) } else { write!(f, " and {:?}", self.contains) }
    }
}

impl Request {
    /// Asked at the container's address in its own network, where a program that listens on 127.0.0.1 alone does not answer.
    fn prove(&self, compose: &Compose) -> Proof {
        let container = compose.container(&self.to)?;
        let port = self.port.or_else(|| container.port()).ok_or("it has no port")?;
        let address = container.any_address().ok_or("it has no address")?;
        let mut words: Vec<String> =
            ["curl", "--silent", "--show-error", "--max-time", "20", "--include"].map(String::from).into();
        words.extend(self.method.iter().flat_map(|it| ["--request".to_owned(), it.clone()]));
        words.extend(self.headers.iter().flat_map(|(name, it)| ["--header".to_owned(), format!("{name}: {it}")]));
        words.extend(self.body.iter().flat_map(|it| ["--data-raw".to_owned(), it.clone()]));
        words.push(format!("http://{address}:{port}{}", self.path));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = container.beside(&words)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("no HTTP in {answer}"))?;
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        ensure(status == Some(self.status), format!("wanted {}:\n{answer}", self.status))?;
        self.contains.iter().try_for_each(|part| contains(body, part))?;
        self.answers.iter().try_for_each(|(name, part)| {
            let start = format!("{}:", name.to_lowercase());
            let line = head.lines().find(|it| it.to_lowercase().starts_with(&start));
            contains(line.unwrap_or(head), part)
        })
    }
}

impl Edit {
    /// `log` is what BuildKit says of a build in plain text: `#7 [dependencies 3/4] RUN …`, and later `#7 CACHED`.
    fn prove(&self, log: &str) -> Proof {
        for part in &self.cached {
            let steps: Vec<&str> = log
                .lines()
                .filter(|it| it.starts_with('#') && it.contains("] ") && it.contains(part.as_str()))
                .collect();
            ensure(!steps.is_empty(), format!("no step with {part:?} in\n{log}"))?;
            for step in steps {
                let number = step.split(' ').next().unwrap_or_default();
                let cached = log.lines().any(|it| it == format!("{number} CACHED"));
                ensure(cached, format!("was done again: {step}"))?;
            }
        }
        Ok(())
    }
}

#[test]
fn a_step_that_was_done_again_is_seen() {
    let edit = Edit { file: String::new(), append: String::new(), cached: vec!["pip install".to_owned()] };
    let log = "#7 [web dependencies 3/4] RUN pip install x\n#7 CACHED\n#8 [web 2/2] COPY . .\n";
    assert_eq!(edit.prove(log), Ok(()));
    assert!(edit.prove(&log.replace("#7 CACHED", "#7 DONE 1.0s")).is_err());
    assert!(edit.prove("#7 [web 1/2] FROM x\n").is_err());
}
