//! The Dockerfiles of examples and of applications (`tests/apps/`), which are committed to be read: as forge makes them,
//! and hardened to the last one.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use forge::targets::Artifact;
use regex::Regex;

use crate::golden::{projects, wanted};
use crate::sandbox::Sandbox;

/// What images are built from: Dockerfiles, entrypoints and what else a stack puts beside them.
fn is_of_an_image(it: &Artifact) -> bool {
    ["dockerfile:", "entrypoint:", "file/"].iter().any(|kind| it.id.starts_with(kind))
}

#[test]
fn the_dockerfiles_of_applications_are_as_forge_makes_them() {
    let mut stale = Vec::new();
    for project in projects("tests/apps") {
        let golden = project.join("golden");
        let (_, wanted) = wanted(&project);
        let wanted: BTreeMap<PathBuf, &Artifact> =
            wanted.iter().filter(|it| is_of_an_image(it)).map(|it| (golden.join(&it.path), it)).collect();
        if std::env::var_os("UPDATE").is_some() {
            let _ = fs::remove_dir_all(&golden);
            for (path, file) in &wanted {
                fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
                fs::write(path, &file.text).expect("it can be written");
                let mode = if file.executable { 0o755 } else { 0o644 };
                fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
            }
        }
        let found = files_below(&golden);
        stale.extend(found.iter().filter(|it| !wanted.contains_key(*it)).cloned());
        stale.extend(wanted.iter().filter(|(path, file)| !is_as_made(path, file)).map(|it| it.0.clone()));
    }
    assert!(stale.is_empty(), "`UPDATE=1 cargo test dockerfiles` writes them anew; read what changes: {stale:#?}");
}

fn is_as_made(path: &Path, file: &Artifact) -> bool {
    let runs = |it: fs::Metadata| it.permissions().mode() & 0o111 != 0;
    fs::read_to_string(path).is_ok_and(|it| it == file.text)
        && fs::metadata(path).is_ok_and(|it| runs(it) == file.executable)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|it| it.expect("it can be read").path());
    paths.flat_map(|it| if it.is_dir() { files_below(&it) } else { vec![it] }).collect()
}

/// What has to hold, in the order of the table.
const FACTS: [&str; 7] = ["non-root", "multi-stage", "cache mounts", "health check", "digest-ready", "labels", "init"];

/// The table, for all Dockerfiles of examples and applications. It is read with simpler eyes than those of `forge lint`,
/// which judges the same files elsewhere.
#[test]
fn the_table_of_hardening_facts_is_full() {
    let mut rows: Vec<(String, Vec<bool>)> = Vec::new();
    for project in projects("examples").into_iter().chain(projects("tests/apps")) {
        let (resolved, wanted) = wanted(&project);
        for image in resolved.base.images.values() {
            // An author's own Dockerfile is the author's.
            let Some(file) = wanted.iter().find(|it| it.path == image.files.dockerfile) else { continue };
            let first = image.command.first().map(String::as_str);
            let init = resolved.base.containers[&image.name].init
                || first.is_none_or(|it| it.starts_with("php-fpm") || it == "nginx");
            let name = format!("{} {}", project.file_name().expect("it has a name").to_string_lossy(), image.name);
            rows.push((name, Dockerfile::read(&file.text).facts(init)));
        }
    }
    println!("{:50} {}", "", FACTS.join("  "));
    for (name, facts) in &rows {
        let cells =
            FACTS.iter().zip(facts).map(|(fact, it)| format!("{:1$}", if *it { "yes" } else { "NO" }, fact.len()));
        println!("{name:50} {}", cells.collect::<Vec<_>>().join("  "));
    }
    for (at, fact) in FACTS.iter().enumerate() {
        let holds = rows.iter().filter(|(_, facts)| facts[at]).count();
        println!("{fact}: {holds} of {}", rows.len());
        assert_eq!(holds, rows.len(), "{fact}");
    }
}

/// The instructions of each stage, continued lines put together: `RUN`, `apt-get update`.
struct Dockerfile(Vec<Vec<(String, String)>>);

impl Dockerfile {
    fn read(text: &str) -> Dockerfile {
        let mut stages: Vec<Vec<(String, String)>> = Vec::new();
        let whole = text.lines().filter(|it| !it.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
        for line in whole.replace("\\\n", " ").lines().filter(|it| !it.trim().is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if word == "FROM" {
                stages.push(Vec::new());
            }
            // What comes before the first stage is of none: ARGs that it may use.
            if let Some(stage) = stages.last_mut() {
                stage.push((word.to_owned(), rest.trim().to_owned()));
            }
        }
        Dockerfile(stages)
    }

    fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().flatten().filter(move |it| it.0 == word).map(|it| it.1.as_str())
    }

    fn last<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.last().into_iter().flatten().filter(move |it| it.0 == word).map(|it| it.1.as_str())
    }

    fn facts(&self, init: bool) -> Vec<bool> {
        static INSTALLS: LazyLock<Regex> = LazyLock::new(|| {
            let installers = [
                r"apt-get install",
                r"apk add",
                r"pip\S* (\S+ )*install",
                r"uv sync",
                r"poetry install",
                r"pipenv (sync|install)",
                r"npm (ci|install)",
                r"yarn install",
                r"pnpm (install|fetch)",
                r"bun install",
                r"cargo (build|fetch|install)",
                r"go (build|install|mod download)",
                r"mvnw? .*package",
                r"gradlew? .*",
                r"dotnet (restore|publish)",
                r"composer install",
                r"bundle install",
            ];
            Regex::new(&format!(r"\b({})\b", installers.join("|"))).expect("it is a pattern")
        });
        let user = self.last("USER").last().and_then(|it| it.split_once(':'));
        let number = |it: &str| it.parse::<u32>().is_ok_and(|it| it > 0);
        let stages: Vec<&str> = self.all("FROM").filter_map(|it| it.split_once(" AS ").map(|it| it.1)).collect();
        let mut images = self.all("FROM").filter_map(|it| it.split(' ').find(|it| !it.starts_with("--")));
        let tag = |it: &str| {
            it.rsplit('/').next().and_then(|it| it.split_once(':')).is_some_and(|(_, tag)| !tag.starts_with("latest"))
        };
        let label = |key: &str| self.last("LABEL").any(|it| it.contains(&format!("org.opencontainers.image.{key}=")));
        vec![
            user.is_some_and(|(uid, gid)| number(uid) && number(gid)),
            self.0.len() > 1,
            self.all("RUN").filter(|it| INSTALLS.is_match(it)).all(|it| it.contains("--mount=type=cache")),
            self.last("HEALTHCHECK").any(|it| it.contains("CMD [")),
            images.all(|it| stages.contains(&it) || tag(it)),
            label("title") && label("version"),
            init,
        ]
    }
}

#[test]
fn a_dockerfile_that_lacks_something_shows_in_the_table() {
    let good = "# syntax=x\nFROM a:1 AS b\nRUN --mount=type=cache,target=/x \\\n    pip --python x install y\nFROM a:1\nLABEL org.opencontainers.image.title=\"t\" org.opencontainers.image.version=\"1\"\nUSER 10:10\nHEALTHCHECK --interval=1s CMD [\"x\"]\n";
    assert_eq!(Dockerfile::read(good).facts(true), [true; 7]);
    let spoilt = [
        ("USER 10:10", "USER 0:0"),
        ("FROM a:1\nLABEL", "LABEL"),
        ("--mount=type=cache,target=/x", ""),
        ("HEALTHCHECK --interval=1s CMD [\"x\"]\n", ""),
        ("FROM a:1\nLABEL", "FROM a\nLABEL"),
        ("org.opencontainers.image.title", "title"),
    ];
    for (at, (old, new)) in spoilt.into_iter().enumerate() {
        assert!(good.contains(old));
        assert!(!Dockerfile::read(&good.replace(old, new)).facts(true)[at], "{}", FACTS[at]);
    }
    assert!(!Dockerfile::read(good).facts(false)[6]);
}

#[test]
fn from_the_folder_of_a_php_program_people_get_what_browsers_ask_for() {
    let spec = "forge: 1\nname: shop\nservices:\n  web:\n    build: { stack: php, context: ./web, options: { package_manager: none, public: . } }\n";
    let sandbox = Sandbox::new("php-folder").file("forge.yaml", spec).file("web/index.php", "<?php");
    sandbox.generate();
    let text = sandbox.read("web/nginx.conf");
    let served = text.split("location ~* ").find_map(|it| it.split_once(" {\n            try_files $uri /index.php"));
    let served = regex::Regex::new(&format!("(?i){}", served.expect("some files are served").0)).expect("it is one");
    for path in ["/a.css", "/js/a.mjs", "/a.js.map", "/b.JPG", "/f.woff2", "/robots.txt", "/sitemap.xml", "/v.mp4"] {
        assert!(served.is_match(path), "{path}");
    }
    for path in ["/site.webmanifest", "/.well-known/security.txt", "/.well-known/assetlinks.json", "/a.pdf"] {
        assert!(served.is_match(path), "{path}");
    }
    let endings = "sqlite db old orig php~ phtml php tar gz zip pem key xml sql json yaml css~ js.bak html.php";
    for path in
        endings.split(' ').map(|it| format!("/data.{it}")).chain(["/Dockerfile", "/Makefile"].map(str::to_owned))
    {
        assert!(!served.is_match(&path), "{path}");
    }
    assert!(!served.is_match("/.well-known/a.php"));
    assert!(
        text.contains("location / {\n            if (-f $request_filename) {\n                return 404;\n"),
        "{text}"
    );
    assert_eq!(text.matches("try_files $uri").count(), 1, "{text}");
}
