//! One project on the engine: a copy of an example, generated, built and run under names that nobody else has.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use super::container::Container;
use super::proof::{Proof, command, docker, end, run};
use crate::skipped::skipped;

/// Each of its characters means something to a shell, to YAML, to compose, in a URL or to Redis.
pub(super) const HOSTILE: &str = r#"a'b"c $d@e:f\g%h/i#j$${k}é"#;

/// Two stacks at once are too much for a small machine.
static ENGINE: Mutex<()> = Mutex::new(());

/// Removes all that it made when it goes.
pub(super) struct Stack {
    folder: TempDir,
    project: String,
    /// Of the images: unique as well.
    pub(super) version: String,
    environment: Vec<(String, String)>,
    facts: Cell<usize>,
    start: Instant,
    _engine: MutexGuard<'static, ()>,
}

impl Stack {
    /// `name` as in forge.yaml. Nothing, where there is no engine.
    pub(super) fn new(name: &str) -> Option<Stack> {
        if !engine_is_there() {
            return None;
        }
        let engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        let version = format!("try-{}", std::process::id());
        let prefix = name.to_uppercase().replace('-', "_");
        Some(Stack {
            folder: TempDir::new().expect("a temporary folder"),
            project: format!("{name}-{version}"),
            environment: vec![(format!("{prefix}_VERSION"), version.clone())],
            version,
            facts: Cell::new(0),
            start: Instant::now(),
            _engine: engine,
        })
    }

    pub(super) fn set(&mut self, variable: &str, value: impl Into<String>) {
        self.environment.push((variable.to_string(), value.into()));
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    /// Beside the project: what is no part of it.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn read(&self, path: &str) -> Proof<String> {
        fs::read_to_string(self.path(path)).map_err(|error| format!("{path}: {error}"))
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below the project")).expect("a folder in a temporary folder");
        fs::write(path, text).expect("a file in a temporary folder");
    }

    /// Puts `new` for `old`, which has to be there.
    pub(super) fn edit(&self, path: &str, old: &str, new: &str) -> Proof {
        let text = self.read(path)?;
        if !text.contains(old) {
            return Err(format!("no {old:?} in {path}:\n{text}"));
        }
        self.write(path, &text.replace(old, new));
        Ok(())
    }

    /// A secret as somebody else supplies it: readable by all, in a folder that is not.
    pub(super) fn supply(&self, path: &str, value: &str) {
        let _ = fs::remove_file(self.path(path));
        self.write(path, value);
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o444)).expect("its mode can be set");
    }

    /// What the authors of an example wrote, without what was generated from it.
    pub(super) fn copy_authors_files(&self, source: &Path) {
        let mut generated = HashSet::new();
        if let Ok(manifest) = fs::read_to_string(source.join(".forge/manifest.json")) {
            collect_paths(&serde_json::from_str(&manifest).expect("a manifest is JSON"), &mut generated);
        }
        copy(source, &self.path(""), Path::new(""), &generated);
    }

    pub(super) fn forge(&self, arguments: &[&str]) -> Proof<String> {
        run(command(env!("CARGO_BIN_EXE_forge")).args(arguments).arg("-C").arg(self.path("")))
    }

    /// A script of the project, as an operator starts it.
    pub(super) fn script(&self, arguments: &[&str]) -> Command {
        let mut script = command(&self.path(arguments[0]).display().to_string());
        script.args(&arguments[1..]).envs(self.environment.iter().cloned());
        script
    }

    pub(super) fn production(&self) -> Compose {
        self.compose("", &["compose.yaml"])
    }

    /// Production, where its compose file lies elsewhere.
    pub(super) fn with_file(&self, file: &str) -> Compose {
        self.compose("", &[file])
    }

    pub(super) fn development(&self) -> Compose {
        self.compose("-development", &["compose.yaml", "compose.development.yaml"])
    }

    fn compose(&self, suffix: &str, files: &[&str]) -> Compose {
        Compose {
            folder: self.path(""),
            project: format!("{}{suffix}", self.project),
            files: files.iter().map(ToString::to_string).collect(),
            environment: self.environment.clone(),
        }
    }

    /// Says the fact if the proof holds, and else why it does not, with what the containers had to say.
    pub(super) fn prove(&self, fact: impl AsRef<str>, proof: impl FnOnce() -> Proof) {
        let fact = fact.as_ref();
        let Err(why) = proof() else {
            println!("ok    {fact}");
            self.facts.set(self.facts.get() + 1);
            return;
        };
        println!("FAIL  {fact}\n{why}");
        for project in [self.production(), self.development()] {
            println!("{}", project.last_words());
        }
        panic!("{fact}: {why}");
    }

    /// Not a fact worth a line, but without it there is no going on.
    pub(super) fn do_or_fail<T>(&self, what: &str, outcome: Proof<T>) -> T {
        outcome.unwrap_or_else(|why| {
            println!("{}", self.production().last_words());
            panic!("{what}: {why}")
        })
    }

    pub(super) fn say_how_many(&self) {
        println!("{} facts proven in {} s", self.facts.get(), self.start.elapsed().as_secs());
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for project in [self.production().project, self.development().project] {
            for label in ["forge.test", "com.docker.compose.project"] {
                remove(
                    &["ps", "--all", "--quiet", "--filter", &format!("label={label}={project}")],
                    &["rm", "--force", "--volumes"],
                );
            }
            let of_project = format!("label=com.docker.compose.project={project}");
            remove(&["network", "ls", "--quiet", "--filter", &of_project], &["network", "rm"]);
            remove(&["volume", "ls", "--quiet", "--filter", &of_project], &["volume", "rm", "--force"]);
        }
        let tagged = format!(":{}", self.version);
        let images = docker(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).unwrap_or_default();
        for image in images.lines().filter(|it| it.ends_with(&tagged)) {
            let _ = docker(["image", "rm", "--force", image]);
        }
    }
}

fn remove(list: &[&str], remove: &[&str]) {
    let found = docker(list.iter().copied()).unwrap_or_default();
    let found: Vec<&str> = found.lines().collect();
    if !found.is_empty() {
        let _ = docker(remove.iter().copied().chain(found));
    }
}

fn engine_is_there() -> bool {
    let version = end(command("docker").arg("version"));
    if version.code == Some(0) {
        return true;
    }
    skipped(format!("no Docker engine: {}", version.stderr.trim()));
    false
}

/// A port that is free now. Nobody keeps it free, but the next one asked for is another one.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it listens").port()
}

/// The project's folder of examples.
pub(super) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Every `path` in a manifest, however deep.
fn collect_paths(value: &Value, paths: &mut HashSet<PathBuf>) {
    match value {
        Value::Object(map) => {
            paths.extend(map.get("path").and_then(Value::as_str).map(PathBuf::from));
            map.values().for_each(|it| collect_paths(it, paths));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_paths(it, paths)),
        _ => {}
    }
}

fn copy(source: &Path, target: &Path, at: &Path, generated: &HashSet<PathBuf>) {
    const LEFT_BEHIND: [&str; 9] =
        [".env", ".forge", ".venv", "__pycache__", "forge.lock", "golden", "node_modules", "proof.yaml", "secrets"];
    fs::create_dir_all(target.join(at)).expect("a folder in a temporary folder");
    for entry in fs::read_dir(source.join(at)).expect("the example is readable") {
        let entry = entry.expect("the example is readable");
        let path = at.join(entry.file_name());
        if generated.contains(&path) || LEFT_BEHIND.iter().any(|it| entry.file_name() == *it) {
            continue;
        }
        if entry.file_type().expect("the example is readable").is_dir() {
            copy(source, target, &path, generated);
        } else {
            fs::write(target.join(&path), fs::read(entry.path()).expect("the example is readable"))
                .expect("a file in a temporary folder");
        }
    }
}

/// `docker compose` with the files of one environment.
#[derive(Clone)]
pub(super) struct Compose {
    folder: PathBuf,
    pub(super) project: String,
    files: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Compose {
    /// With one more file over the others.
    pub(super) fn with(&self, file: &str) -> Compose {
        let mut compose = self.clone();
        compose.files.push(file.to_string());
        compose
    }

    /// With another value for a variable.
    pub(super) fn with_variable(&self, name: &str, value: &str) -> Compose {
        let mut compose = self.clone();
        compose.environment.push((name.to_string(), value.to_string()));
        compose
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Proof<String> {
        let mut compose = command("docker");
        compose.args(["compose", "--project-name", &self.project]);
        compose.args(self.files.iter().flat_map(|file| ["--file", file]));
        run(compose.args(arguments).envs(self.environment.iter().cloned()).current_dir(&self.folder))
    }

    /// A line for a shell, as an operator types it in the folder of the project.
    pub(super) fn run_line(&self, line: &str) -> Proof<String> {
        let mut shell = command("sh");
        run(shell.args(["-c", line]).envs(self.environment.iter().cloned()).current_dir(&self.folder))
    }

    /// Until all are healthy.
    pub(super) fn up(&self, arguments: &[&str]) -> Proof {
        let up = ["up", "--detach", "--wait", "--wait-timeout", "180"];
        self.run(&[&up, arguments].concat()).map(drop)
    }

    /// All of it, running or not, by name.
    pub(super) fn containers(&self) -> Proof<Vec<Container>> {
        let label = format!("label=com.docker.compose.project={}", self.project);
        let ids = docker(["ps", "--all", "--quiet", "--filter", &label])?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = docker(["inspect"].into_iter().chain(ids.lines()))?;
        let Ok(Value::Array(found)) = serde_json::from_str(&found) else {
            return Err(format!("`docker inspect` wrote no list: {found}"));
        };
        let mut containers: Vec<Container> = found.into_iter().map(Container::new).collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// The first of a service.
    pub(super) fn container(&self, service: &str) -> Proof<Container> {
        let of_service = self.containers()?.into_iter().find(|it| it.service == service);
        of_service.ok_or_else(|| format!("no container of {service}"))
    }

    /// The networks of this project, as `docker network inspect` has them.
    pub(super) fn networks(&self) -> Proof<Vec<Value>> {
        let label = format!("label=com.docker.compose.project={}", self.project);
        let ids = docker(["network", "ls", "--quiet", "--no-trunc", "--filter", &label])?;
        let found = docker(["network", "inspect"].into_iter().chain(ids.lines()))?;
        serde_json::from_str(&found).map_err(|error| format!("{error}: {found}"))
    }

    fn last_words(&self) -> String {
        let mut words = String::new();
        for container in self.containers().unwrap_or_default() {
            words += &format!("--- {}: {}\n{}", container.name, container.state(), container.logs());
        }
        words
    }
}
