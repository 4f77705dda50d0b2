//! What a project's files lack beside its spec: folders that are built or mounted, and files that are read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use crate::catalog::{Catalog, Entry};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::project::{Image, Mount, Resolved, Source};
use crate::spec::Spec;
use crate::yaml::{Doc, Node};

/// Folders of builds that are not there, or lie elsewhere.
pub(super) fn contexts<'a>(root: &FilePath, contexts: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Diagnostic> {
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut found = Vec::new();
    let mut folders: HashMap<PathBuf, &str> = HashMap::new();
    // What leads out by its words was told when the spec was resolved.
    for (name, context) in contexts.filter(|(_, it)| !it.starts_with('/') && !it.split('/').any(|part| part == "..")) {
        let place = Place::Value(Path::of(["services", name, "build", "context"]));
        let folder = root.join(context);
        let said = match folder.canonicalize() {
            Ok(real) if !real.starts_with(&real_root) => {
                Some((format!("`{context}` leads out of the project"), "name a folder below forge.yaml"))
            }
            Ok(real) if !real.is_dir() => Some((format!("`{context}` is a file"), "name the folder with the source")),
            Ok(real) => match folders.insert(real, context) {
                // By a link: forge would write the files of both to one place.
                Some(other) if other != context => {
                    Some((format!("`{context}` and `{other}` are one folder"), "name it in one way"))
                }
                _ => None,
            },
            Err(_) => Some((
                format!("there is no folder `{context}`"),
                "make it, or name the folder with the source, relative to forge.yaml",
            )),
        };
        found.extend(said.map(|(message, help)| Diagnostic::error(&codes::CONTEXT, place, message).help(help)));
    }
    found
}

/// Files that a build reads and that are not there yet.
pub(super) fn missing_files(root: &FilePath, catalog: &Catalog, spec: &Spec, resolved: &Resolved) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for image in resolved.base.images.values() {
        let folder = root.join(&image.context);
        for file in image.reads.iter().filter(|_| folder.is_dir()) {
            let is_there = |file: &str| {
                let place = folder.join(file.trim_end_matches('/'));
                if file.ends_with('/') { place.is_dir() } else { place.is_file() }
            };
            if file.split('|').any(is_there) {
                continue;
            }
            let file = file.split('|').next().unwrap_or(file);
            let build = Path::of(["services", &image.name, "build"]);
            let context = if image.context.is_empty() { "the project" } else { &image.context };
            // Somebody installs the dependencies, only not the one that the spec names.
            let stack =
                spec.services.get(image.name.as_str()).and_then(|it| catalog.stacks.get(&it.build.as_ref()?.stack));
            let is_lockfile = stack.is_some_and(|it| lockfiles(it).any(|it| it == file));
            let foreign = image.foreign_lockfiles.iter().find(|(it, _)| is_lockfile && is_there(it));
            if let Some((other, manager)) = foreign {
                let message = format!("the build reads `{file}`, and {context} has none, but `{other}`");
                let help = format!("write `options: {{ package_manager: {manager} }}`");
                let place = Place::Value(build.key("stack"));
                found.push(Diagnostic::warning(&codes::MISSING_FILE, place, message).help(help));
                continue;
            }
            let help = match file {
                "uv.lock" => "run `uv lock` there".to_owned(),
                "package-lock.json" => "run `npm install --package-lock-only` there".to_owned(),
                _ => "make it, or choose the options that go with the files that are there".to_owned(),
            };
            let message = format!("the build reads `{file}`, and {context} has none");
            let place = Place::Value(build.key("context"));
            found.push(Diagnostic::warning(&codes::MISSING_FILE, place, message).help(help));
        }
    }
    found
}

/// The lockfiles of all who install dependencies for a stack.
fn lockfiles(stack: &Entry) -> impl Iterator<Item = &str> {
    let them = stack.cases.iter().filter_map(|it| it.facts.get("foreign_lockfiles")?.as_object());
    them.flat_map(|it| it.keys().map(String::as_str))
}

/// Folders that an environment mounts over the image's, and that are not there: compose would make an empty one of root's.
pub(super) fn missing_sources(root: &FilePath, resolved: &Resolved) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (environment, project) in &resolved.environments {
        for container in project.containers.values() {
            let context = |image: &Image| root.join(&image.context).is_dir();
            let builds = resolved.base.images.get(&container.name).is_some_and(context);
            let binds = container.mounts.values().filter_map(|it| match it {
                Mount::Bind(path) if builds && !root.join(path).exists() => Some(path),
                _ => None,
            });
            found.extend(binds.map(|path| {
                let message = format!("`{environment}` mounts `{path}` over the image's, and there is no such folder");
                let help = "write `build: { sources: [folder, …] }` with the folders of the program: compose would make an empty one, and hide the program";
                let place = Place::Value(Path::of(["services", &container.name, "build", "sources"]));
                Diagnostic::warning(&codes::MISSING_FILE, place, message).help(help)
            }));
        }
    }
    found
}

/// Folders and pages that the gateway serves, in any environment, and that are not there or not for it to read: without a folder
/// it would not start, and without a page an error would be another one.
pub(super) fn missing_served(root: &FilePath, doc: &Doc) -> Vec<Diagnostic> {
    let environments = doc.root.get("environments").into_iter().flat_map(Node::entries).map(|(name, _)| name);
    let overlays = environments.map(|it| Path::of(["environments", it, "overlay", "gateway"]));
    std::iter::once(Path::of(["gateway"]))
        .chain(overlays)
        .flat_map(|at| [missing_folders(root, doc, &at), missing_pages(root, doc, &at)])
        .flatten()
        .collect()
}

/// The same of the folders that a gateway, or an overlay's part of one, names itself.
fn missing_folders(root: &FilePath, doc: &Doc, at: &Path) -> Vec<Diagnostic> {
    let routes = doc.root.at(&at.key("routes")).map_or(0, |it| it.items().len());
    let places = (0..routes).map(|index| at.key("routes").index(index).dotted("files.folder"));
    let mut found = Vec::new();
    for place in places.chain([at.dotted("pages.folder")]) {
        let Some(folder) = doc.root.at(&place).and_then(Node::text) else { continue };
        if !root.join(folder).is_dir() {
            let help = "make it before the gateway starts: compose refuses to mount what is not there";
            found.push(missing(place, format!("there is no folder `{folder}`"), help));
        } else if !is_open(&root.join(folder), 0o005) {
            found.push(closed(place, folder));
        }
    }
    found
}

/// The same of the pages that it names, and of the spec's where it names only another folder for them.
fn missing_pages(root: &FilePath, doc: &Doc, at: &Path) -> Vec<Diagnostic> {
    let usual = Path::of(["gateway", "pages"]);
    let (own, at_folder) = (at.key("pages"), at.dotted("pages.folder"));
    let text = |it: &Path| doc.root.at(it).and_then(Node::text);
    let Some(folder) = text(&at_folder).or_else(|| text(&usual.key("folder"))) else { return Vec::new() };
    if !root.join(folder).is_dir() {
        return Vec::new();
    }
    let errors = |it: &Path| doc.root.at(&it.key("errors")).into_iter().flat_map(Node::entries);
    let inherited = errors(&usual).filter(|_| text(&at_folder).is_some());
    let mut pages: BTreeMap<&str, (&Node, Path)> =
        inherited.map(|(status, page)| (status, (page, at_folder.clone()))).collect();
    pages.extend(errors(&own).map(|(status, page)| (status, (page, own.key("errors").key(status)))));
    let mut found = Vec::new();
    for (page, place) in pages.into_values() {
        let Some(page) = page.text() else { continue };
        let file = root.join(folder).join(page);
        if !file.is_file() {
            let help = "make it, or leave it out: in place of the error, clients would get 404";
            found.push(missing(place, format!("`{folder}` has no page `{page}`"), help));
        } else if !is_open(&file, 0o004) {
            found.push(closed(place, &format!("{folder}/{page}")));
        }
    }
    found
}

fn missing(place: Path, message: String, help: &str) -> Diagnostic {
    Diagnostic::warning(&codes::MISSING_FILE, Place::Value(place), message).help(help)
}

fn closed(place: Path, what: &str) -> Diagnostic {
    let message = format!("the gateway cannot read `{what}`: it comes as another user");
    missing(place, message, "make it readable for all: `chmod go+rX`")
}

/// Whether everybody has these rights; so they have where there are none.
fn is_open(path: &FilePath, rights: u32) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|it| it.permissions().mode() & rights == rights)
    }
    #[cfg(not(unix))]
    {
        let _ = (path, rights);
        true
    }
}

/// Files of the project that backings read, such as those of `init`, and that are not there: compose would make a folder
/// in the place of each.
pub(super) fn missing_files_of_backings(root: &FilePath, spec: &Spec, resolved: &Resolved) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, backing) in &spec.backings {
        let Some(container) = resolved.base.containers.get(name.as_str()) else { continue };
        for file in container.files.values().filter(|it| it.made.is_none() && !root.join(&it.path).is_file()) {
            let message = format!("`{name}` reads `{}`, and there is no such file", file.path);
            let help = "make it, or leave it out: compose would make a folder in its place";
            let place = Place::Value(option_with(name, &backing.options, &file.path));
            found.push(Diagnostic::warning(&codes::MISSING_FILE, place, message).help(help));
        }
    }
    found
}

/// Where the options of a backing name a file.
fn option_with(backing: &str, options: &BTreeMap<String, serde_json::Value>, file: &str) -> Path {
    let at = Path::of(["backings", backing, "options"]);
    let named = options.iter().find_map(|(option, it)| {
        let index =
            it.as_array()?.iter().position(|it| it.as_str().is_some_and(|it| it.trim_start_matches("./") == file))?;
        Some(at.key(option).index(index))
    });
    named.unwrap_or(at)
}

/// Volumes of images that the author's own Dockerfile makes, on folders of which it says nothing: they would be root's.
pub(super) fn folders_of_root(root: &FilePath, resolved: &Resolved) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for image in resolved.base.images.values().filter(|it| it.own_dockerfile) {
        let Ok(text) = fs::read_to_string(root.join(&image.files.dockerfile)) else { continue };
        let code: String = text.lines().filter(|it| !it.trim_start().starts_with('#')).collect();
        for path in image.volumes.iter().filter(|it| !code.contains(it.as_str())) {
            let (uid, gid) = (image.user.uid, image.user.gid);
            let message = format!("a new volume on `{path}` is root's: the Dockerfile says nothing of that folder");
            let help = format!("write `RUN install -d -o {uid} -g {gid} -m 0750 {path}` into it");
            let place = Place::Key(Path::of(["services", &image.name, "writable"]).key(path));
            found.push(Diagnostic::warning(&codes::NO_EFFECT, place, message).help(help));
        }
    }
    found
}

/// Encrypted files that secrets come from, and that nobody has made yet.
pub(super) fn missing_encrypted_files(root: &FilePath, spec: &Spec, resolved: &Resolved) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let all =
        std::iter::once((None, &resolved.base)).chain(resolved.environments.iter().map(|(name, it)| (Some(name), it)));
    for (environment, project) in all {
        for (name, secret) in &project.secrets {
            let Some(file) = secret.encrypted().filter(|it| !root.join(it).is_file()) else { continue };
            if !seen.insert((name, file)) {
                continue;
            }
            let (source, help) = match &secret.source {
                Source::Age { .. } => {
                    ("age", format!("make it: `age --encrypt --recipient age1… --output {file} PLAIN`"))
                }
                _ => ("sops", format!("make it: `sops --encrypt --age age1… PLAIN >{file}`")),
            };
            let at = match environment.filter(|it| spec.environments.contains_key(it.as_str())) {
                Some(it) => Path::of(["environments", it, "overlay", "secrets", name]),
                None => Path::of(["secrets", name]),
            };
            let message = format!("`{name}` comes from `{file}`, and there is no such file");
            let place = Place::Value(at.key(source).key("file"));
            found.push(Diagnostic::warning(&codes::MISSING_FILE, place, message).help(help));
        }
    }
    found
}
