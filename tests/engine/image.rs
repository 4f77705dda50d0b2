//! What is in an image: its files with their owners and modes, also where it has nothing to look with.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::proof::{Proof, docker, end, ensure};

pub(super) struct Image {
    name: String,
    json: Value,
    files: Vec<File>,
    /// What its files take.
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct File {
    /// As `ls` writes it: `-rwxr-xr-x`.
    mode: String,
    uid: u32,
    gid: u32,
    /// Absolute.
    path: String,
}

/// What installs or compiles, and has no work in an image that runs.
const TOOLS: [&str; 36] = [
    "bun",
    "bundle",
    "bundler",
    "bunx",
    "c++",
    "cargo",
    "cc",
    "composer",
    "corepack",
    "dotnet-sdk",
    "g++",
    "gcc",
    "gem",
    "git",
    "go",
    "gradle",
    "javac",
    "make",
    "mvn",
    "npm",
    "npx",
    "phpize",
    "pip",
    "pip3",
    "pipenv",
    "pipx",
    "pnpm",
    "poetry",
    "rustc",
    "rustup",
    "uv",
    "uvx",
    "wget",
    "yarn",
    "yarnpkg",
    "ld",
];

impl Image {
    pub(super) fn of(name: &str) -> Proof<Image> {
        let found = docker(["image", "inspect", name])?;
        let json: Value = serde_json::from_str(&found).map_err(|error| format!("{error}: {found}"))?;
        let listing = listing(name)?;
        let files: Vec<(File, u64)> = listing.lines().filter_map(File::read).collect();
        ensure(!files.is_empty(), format!("no files in {name}"))?;
        let bytes = files.iter().map(|(_, bytes)| bytes).sum();
        let files = files.into_iter().map(|(file, _)| file).collect();
        Ok(Image { name: name.to_owned(), json: json[0].clone(), files, bytes })
    }

    pub(super) fn mb(&self) -> u64 {
        self.bytes / 1_000_000
    }

    fn user(&self) -> Option<(u32, u32)> {
        let user = self.json["Config"]["User"].as_str()?;
        let (uid, gid) = user.split_once(':')?;
        Some((uid.parse().ok()?, gid.parse().ok()?))
    }

    /// Not root's, so that Kubernetes and people can tell.
    pub(super) fn has_a_user_by_numbers(&self) -> Proof {
        let numbers = self.user().filter(|(uid, gid)| *uid > 0 && *gid > 0);
        ensure(numbers.is_some(), format!("{}: the user is {}", self.name, self.json["Config"]["User"]))
    }

    pub(super) fn has_no_tools(&self, keeps: &BTreeSet<String>) -> Proof {
        let found: Vec<&str> = self
            .files
            .iter()
            .filter(|it| it.mode.starts_with(['-', 'l']) && it.mode[1..].contains('x'))
            .filter_map(|it| {
                let (folder, name) = it.path.rsplit_once('/')?;
                let is_command = folder.ends_with("/bin") || folder.ends_with("/sbin");
                (is_command && TOOLS.contains(&name) && !keeps.contains(name)).then_some(it.path.as_str())
            })
            .collect();
        ensure(found.is_empty(), format!("{} has {found:?}", self.name))
    }

    /// No file and no folder belongs to the user who runs it, or lets others write, but `volumes` and what the read-only
    /// root and tmpfs take care of everywhere: /tmp, /var/tmp, /run, /dev.
    pub(super) fn nothing_is_writable_but(&self, volumes: &[&str]) -> Proof {
        let (uid, gid) = self.user().ok_or("the user is no numbers")?;
        let shared = [
            "/tmp",
            "/var/tmp",
            "/run",
            "/var/run",
            "/dev",
            "/proc",
            "/sys",
            "/var/cache",
            "/var/lock",
            "/var/log",
            "/home",
            // nginx-unprivileged gives it to its user; the file that is read there lies on a read-only root
            "/etc/nginx",
            "/var/mail",
        ];
        let below =
            |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let writable: Vec<&File> = self
            .files
            .iter()
            .filter(|it| it.can_be_written_by(uid, gid))
            .filter(|it| !shared.iter().chain(volumes).any(|folder| below(&it.path, folder)))
            .take(10)
            .collect();
        ensure(writable.is_empty(), format!("{}: {writable:#?}", self.name))
    }
}

impl File {
    /// A line of `tar --list --verbose --numeric-owner`: `-rw-r--r-- 0/0  12 2026-01-02 03:04 etc/hosts`.
    fn read(line: &str) -> Option<(File, u64)> {
        let mut words = line.split_whitespace();
        let mode = words.next()?.to_owned();
        let (uid, gid) = words.next()?.split_once('/')?;
        let bytes = words.next()?;
        let path = words.skip(2).collect::<Vec<_>>().join(" ");
        let path = path.split(" -> ").next()?.split(" link to ").next()?;
        let path = format!("/{}", path.trim_start_matches("./").trim_matches('/'));
        Some((File { mode, uid: uid.parse().ok()?, gid: gid.parse().ok()?, path }, bytes.parse().unwrap_or(0)))
    }

    fn can_be_written_by(&self, uid: u32, gid: u32) -> bool {
        let may = |at: usize| self.mode.as_bytes().get(at) == Some(&b'w');
        !self.mode.starts_with('l') && (self.uid == uid || self.gid == gid && may(5) || may(8))
    }
}

/// Of a container that never runs.
fn listing(image: &str) -> Proof<String> {
    let made = docker(["create", "--network", "none", image, "x"])?;
    let id = made.trim();
    let export = Command::new("docker").args(["export", id]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let outcome = export.map_err(|error| format!("docker export: {error}")).and_then(|mut export| {
        let files = export.stdout.take().expect("it is piped");
        let listed =
            end(Command::new("tar").args(["--list", "--verbose", "--numeric-owner", "--file", "-"]).stdin(files));
        let ended = export.wait().map_err(|error| format!("docker export: {error}"))?;
        ensure(ended.success() && listed.code == Some(0), format!("docker export {image}: {}", listed.stderr))?;
        Ok(listed.stdout)
    });
    docker(["rm", id])?;
    outcome
}

#[test]
fn files_are_read_with_owner_mode_and_path() {
    let line = "-rwxr-xr-x 0/10001   1234 2026-01-02 03:04 usr/bin/with space";
    let (file, bytes) = File::read(line).expect("it is a file");
    assert_eq!((file.path.as_str(), file.uid, file.gid, bytes), ("/usr/bin/with space", 0, 10001, 1234));
    assert!(!file.can_be_written_by(10001, 10001));
    let (file, _) = File::read("drwxrwxr-x 0/10001 0 2026-01-02 03:04 app/").expect("it is a folder");
    assert!(file.can_be_written_by(1, 10001) && file.path == "/app");
    let (file, _) = File::read("lrwxrwxrwx 0/0 0 2026-01-02 03:04 bin -> usr/bin").expect("it is a link");
    assert!(!file.can_be_written_by(0, 0) && file.path == "/bin");
}
