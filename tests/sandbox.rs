//! A project in a folder of its own, and what the program says there: one text with exit code, stdout and stderr.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The smallest spec, as the README begins with it.
pub(crate) const SMALLEST: &str = "forge: 1\nname: shop\nservices:\n  api:\n    build: { stack: python, context: ./api }\n    command: [python, -m, app]\n    port: 8000\n";

/// No command of forge takes longer, not even on a busy machine.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) struct Sandbox {
    folder: TempDir,
}

/// How the program ended, and what it wrote.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// One file or folder of a tree: what it holds, its mode and when it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) changed: (i64, i64),
}

impl Sandbox {
    /// An empty project. The name stands in its path, for who looks at it after a failure.
    pub(crate) fn new(name: &str) -> Sandbox {
        let folder = tempfile::Builder::new().prefix(&format!("forge-{name}-")).tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("project")).expect("a folder in a temporary folder");
        Sandbox { folder }
    }

    /// The smallest project, with the file that its build reads.
    pub(crate) fn smallest(name: &str) -> Sandbox {
        Sandbox::new(name).file("forge.yaml", SMALLEST).file("api/requirements.txt", "")
    }

    /// A copy of a folder.
    pub(crate) fn copy(name: &str, source: &Path) -> Sandbox {
        let sandbox = Sandbox::new(name);
        copy(source, &sandbox.path(""));
        sandbox
    }

    /// The same with a file, and the folders above it.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Sandbox {
        self.write(path, text);
        self
    }

    pub(crate) fn folder(self, path: &str) -> Sandbox {
        fs::create_dir_all(self.path(path)).expect("a folder in a temporary folder");
        self
    }

    pub(crate) fn link(self, path: &str, target: impl AsRef<Path>) -> Sandbox {
        symlink(target, self.path(path)).expect("a link in a temporary folder");
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let project = self.folder.path().join("project");
        if path.is_empty() { project } else { project.join(path) }
    }

    /// Beside the project: nothing that forge may touch.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below the project")).expect("a folder in a temporary folder");
        fs::write(path, text).expect("a file in a temporary folder");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "no {old:?} in {path}:\n{text}");
        self.write(path, text.replacen(old, new, 1));
    }

    /// Applies a patch with a program, the last word of whose command line is the patch; it has to fit.
    pub(crate) fn apply(&self, program: &[&str], patch: &str) {
        let file = self.outside("changes.patch");
        fs::write(&file, patch).expect("a file in a temporary folder");
        let mut command = Command::new(program[0]);
        let applied = command.args(&program[1..]).arg(file).current_dir(self.path("")).status();
        assert!(applied.expect("the program is there").success(), "{program:?}\n{patch}");
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).expect("it is there").permissions().mode() & 0o777
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("its mode can be set");
    }

    /// Everything below the project, by path.
    pub(crate) fn tree(&self) -> BTreeMap<String, Seen> {
        let mut seen = BTreeMap::new();
        look(&self.path(""), "", &mut seen);
        seen
    }

    /// What the program says to the words of a command line, as one text.
    pub(crate) fn forge(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run(&words).text()
    }

    /// Runs what has to succeed.
    pub(crate) fn generate(&self) -> &Sandbox {
        let ended = self.run(&["generate"]);
        assert_eq!(ended.code, 0, "{}", ended.text());
        self
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        let ended = end(self.command(words));
        let folder = self.folder.path().canonicalize().expect("a temporary folder");
        let clean = |text: String| {
            text.replace(&*folder.to_string_lossy(), "[FOLDER]")
                .replace(&*self.folder.path().to_string_lossy(), "[FOLDER]")
        };
        Ended { code: ended.code, stdout: clean(ended.stdout), stderr: clean(ended.stderr) }
    }

    /// The program in this project, with nothing of the environment but what a program needs.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forge"));
        command.args(words).current_dir(self.path("")).env_clear().stdin(Stdio::null());
        // Versions end as time goes by.
        command.env("SOURCE_DATE_EPOCH", "1795305600");
        command.envs(["PATH", "HOME", "SYSTEMROOT"].into_iter().filter_map(|it| Some((it, std::env::var_os(it)?))));
        command
    }
}

impl Ended {
    pub(crate) fn text(&self) -> String {
        let mut out = format!("exit {}\n", self.code);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                let end = if text.ends_with('\n') { "" } else { "\n(no line end)\n" };
                write!(out, "--- {name}\n{text}{end}").expect("a string grows");
            }
        }
        out
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.text()))
    }
}

/// Runs a command to its end, which has to come: nothing that forge is given may make it hang.
pub(crate) fn end(mut command: Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let stdout = drain(child.stdout.take().expect("it is piped"));
    let stderr = drain(child.stderr.take().expect("it is piped"));
    let code = wait(&mut child, &command);
    let text = |it: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8(it.join().expect("reading does not panic")).expect("what forge says is UTF-8")
    };
    Ended { code, stdout: text(stdout), stderr: text(stderr) }
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe is readable");
        bytes
    })
}

fn wait(child: &mut Child, command: &Command) -> i32 {
    let end = Instant::now() + LONGEST;
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status.code().unwrap_or_else(|| panic!("{command:?} was killed: {status}"));
        }
        if Instant::now() > end {
            child.kill().expect("it can be killed");
            panic!("{command:?} hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn look(folder: &Path, name: &str, seen: &mut BTreeMap<String, Seen>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let entry = entry.expect("the folder is readable");
        let metadata = entry.metadata().expect("it is there");
        let is_folder = metadata.is_dir();
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{name}{file}{}", if is_folder { "/" } else { "" });
        let bytes = if metadata.is_file() { fs::read(entry.path()).expect("it is readable") } else { Vec::new() };
        let changed = if is_folder { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) };
        if is_folder {
            look(&entry.path(), &name, seen);
        }
        seen.insert(name, Seen { bytes, mode: metadata.mode(), changed });
    }
}

fn copy(source: &Path, target: &Path) {
    fs::create_dir_all(target).expect("a folder in a temporary folder");
    for entry in fs::read_dir(source).expect("the folder is readable") {
        let entry = entry.expect("the folder is readable");
        let target = target.join(entry.file_name());
        if entry.file_type().expect("it is there").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file in a temporary folder");
        }
    }
}

/// Lays `over` on `base`; `null` takes away.
pub(crate) fn laid(base: &Value, over: &Value) -> Value {
    let (Value::Object(base), Value::Object(over)) = (base, over) else { return over.clone() };
    let mut out = base.clone();
    for (key, value) in over {
        match value {
            Value::Null => drop(out.shift_remove(key)),
            value => drop(out.insert(key.clone(), laid(base.get(key).unwrap_or(&Value::Null), value))),
        }
    }
    out.into()
}
