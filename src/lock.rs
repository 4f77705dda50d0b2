//! What the tags that a project names stand for: the text of `forge.lock`, and what of it goes into a project. Pure.
//!
//! It is YAML, which the project has a reader for that knows where each word stands, with one entry for each image as
//! files name it, sorted: who adds one changes three lines, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, listed};
use crate::merge::first_marker;
use crate::project::{Action, ImageRef, Project, Reference, Resolved, Role};
use crate::yaml::{self, Node};

/// Where it lies, relative to the project.
pub const FILE: &str = "forge.lock";

/// The version of the format that this forge reads and writes.
const VERSION: u64 = 1;

/// What is said at its top.
const HEADER: &str = "# What the tags in this project stand for. `forge lock` writes it; commit it.\n";

/// What tags stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Images by name and tag, as files name them: `python:3.13-slim`.
    pub images: BTreeMap<String, Pin>,
    /// GitHub actions by name, as workflows name them: `actions/checkout`.
    pub actions: BTreeMap<String, Action>,
}

/// What the tag of an image stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Of its index where it has one, otherwise of its manifest: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The platforms that were found in it; none, where nobody has looked.
    pub platforms: BTreeSet<String>,
}

/// What is wrong with the text of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its bytes in the text.
    pub at: Range<usize>,
    /// What it is.
    pub message: String,
    /// How to mend it.
    pub help: &'static str,
}

impl Lock {
    /// Reads the text of `forge.lock`.
    ///
    /// # Errors
    /// What is wrong with it, each with its bytes in `text` and how to mend it.
    pub fn read(text: &str) -> Result<Lock, Vec<Broken>> {
        if let Some(at) = first_marker(text) {
            let help = "keep one side of each conflict (`git checkout --theirs forge.lock` takes all of the other branch's), then run `forge lock`";
            return Err(vec![broken(at, "a merge left its conflict markers here", help)]);
        }
        let first_line = 0..text.lines().next().map_or(0, str::len);
        let doc = match yaml::read(text) {
            Ok(doc) => doc,
            Err(told) => {
                let at = if let Place::Bytes(at) = told.place { at } else { first_line };
                return Err(vec![broken(at, told.message, MEND)]);
            }
        };
        let mut reader = Reader { told: Vec::new(), first_line };
        let lock = reader.lock(&doc.root);
        if reader.told.is_empty() { Ok(lock) } else { Err(reader.told) }
    }

    /// Its text, as the file holds it: what [`read`](Self::read) reads.
    pub fn text(&self) -> String {
        let mut out = format!("{HEADER}forge: {VERSION}\n");
        let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").expect("a string grows");
        if !self.images.is_empty() {
            line(format_args!("images:"));
        }
        for (name, pin) in &self.images {
            line(format_args!("  {}:", key(name)));
            line(format_args!("    digest: {}", pin.digest));
            if !pin.platforms.is_empty() {
                let platforms: Vec<String> = pin.platforms.iter().map(|it| key(it)).collect();
                line(format_args!("    platforms: [{}]", platforms.join(", ")));
            }
        }
        if !self.actions.is_empty() {
            line(format_args!("actions:"));
        }
        for (name, action) in &self.actions {
            line(format_args!("  {}:", key(name)));
            line(format_args!("    version: {}", key(&action.version)));
            line(format_args!("    sha: {}", action.sha));
        }
        out
    }

    /// Gives each image of `resolved` the digest that is locked for it, and takes away any other; actions likewise.
    pub fn pin(&self, resolved: &mut Resolved) {
        resolved.actions.clone_from(&self.actions);
        for project in std::iter::once(&mut resolved.base).chain(resolved.environments.values_mut()) {
            let named = project.containers.values_mut().filter_map(|it| match &mut it.image {
                ImageRef::Named(image) => Some(image),
                ImageRef::Built(_) => None,
            });
            let of_jobs = project
                .ci
                .iter_mut()
                .flat_map(|it| it.audits.iter_mut().map(|it| &mut it.image).chain(it.images.values_mut()));
            let built = project.images.values_mut().flat_map(|it| it.images.values_mut());
            for image in named.chain(built).chain(of_jobs.filter(|it| !it.is_fixed())) {
                image.digest = self.images.get(&image.name).map(|it| it.digest.clone());
            }
        }
    }

    /// What the lock lacks for `resolved`: images, and platforms that nobody has looked for. Warnings that point into the
    /// spec.
    pub(crate) fn lacks(&self, resolved: &Resolved) -> Vec<Diagnostic> {
        let mut told = Vec::new();
        for (name, users) in uses(resolved) {
            let Some(place) = users.first().cloned().map(Place::Value) else { continue };
            match self.images.get(&name) {
                None => told.push(
                    Diagnostic::warning(&codes::UNLOCKED, place, format!("forge.lock has no digest for `{name}`"))
                        .help("`forge lock` looks it up"),
                ),
                Some(pin) => {
                    let missing: Vec<&str> =
                        resolved.base.platforms.difference(&pin.platforms).map(String::as_str).collect();
                    // A digest that a bot brought says nothing of platforms; `forge lock --check` does.
                    if !missing.is_empty() && !pin.platforms.is_empty() {
                        let message = format!(
                            "forge.lock has a digest of `{name}` that was not checked for {}",
                            listed(&missing)
                        );
                        told.push(
                            Diagnostic::warning(&codes::UNLOCKED, place, message)
                                .help("`forge lock` checks it for all `platforms` of the spec"),
                        );
                    }
                }
            }
        }
        told
    }
}

/// The images of others that a project names by tag, each with the places in the spec that make it do so.
pub fn uses(resolved: &Resolved) -> BTreeMap<String, BTreeSet<Path>> {
    let mut out: BTreeMap<String, BTreeSet<Path>> = BTreeMap::new();
    let mut add = |image: &Reference, path: Path| {
        if !image.is_fixed() {
            out.entry(image.name.clone()).or_default().insert(path);
        }
    };
    let projects = || std::iter::once(&resolved.base).chain(resolved.environments.values());
    for image in projects().flat_map(|it: &Project| it.images.values()) {
        let service = image.companion_of.as_ref().unwrap_or(&image.name);
        let path = Path::of(["services", service, "build"]);
        image.images.values().for_each(|it| add(it, path.clone()));
    }
    if let Some(ci) = &resolved.base.ci {
        ci.audits.iter().for_each(|it| add(&it.image, Path::of(["services", &it.service, "build"])));
        ci.images.values().for_each(|it| add(it, Path::of(["ci", "provider"])));
    }
    for container in projects().flat_map(|it| it.containers.values()) {
        let ImageRef::Named(image) = &container.image else { continue };
        add(
            image,
            match &container.role {
                Role::Gateway => Path::of(["gateway"]),
                Role::Certificates => Path::of(["gateway", "tls"]),
                Role::Backing => Path::of(["backings", &container.name]),
                Role::Job(of) => Path::of(["backings", of]),
                Role::Service => Path::of(["services", &container.name, "image"]),
                Role::Migration(of) | Role::Companion(of) => Path::of(["services", of, "image"]),
            },
        );
    }
    out
}

/// Whether `text` is a digest that can stand behind the name of an image.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|it| is_hex(it, 64))
}

/// Whether `text` is so many hexadecimal digits in lower case.
pub(crate) fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

const MEND: &str = "take it from version control again (`git checkout forge.lock`), or delete it and run `forge lock`, which looks up anew what each tag stands for";

fn broken(at: Range<usize>, message: impl Into<String>, help: &'static str) -> Broken {
    Broken { at, message: message.into(), help }
}

/// A text as a plain word of YAML, or in quotes where it would be something else.
fn key(name: &str) -> String {
    let is_plain = (name.starts_with(|it: char| it.is_ascii_alphabetic()) || name.contains('/'))
        && name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name.contains([':', '/', '.'])
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"._:/-".contains(&it))
        && !name.ends_with(':');
    if is_plain { name.to_owned() } else { serde_json::to_string(name).expect("text is JSON") }
}

/// Reads entries, and collects what is wrong with them.
struct Reader {
    told: Vec<Broken>,
    first_line: Range<usize>,
}

impl Reader {
    fn lock(&mut self, root: &Node) -> Lock {
        // Before all else: the lock of a newer forge may have any shape.
        let version = root.get("forge").map(|it| (it.json().as_u64(), it.at.clone()));
        match version {
            Some((Some(VERSION), _)) => {}
            Some((Some(newer), at)) if newer > VERSION => {
                let help = "use the forge that wrote it, or a newer one";
                self.told.push(broken(at, format!("a newer forge wrote this: version {newer} of the format"), help));
                return Lock::default();
            }
            Some((_, at)) => {
                self.told.push(broken(at, "this is no version of forge.lock", MEND));
                return Lock::default();
            }
            None => {
                self.told.push(broken(
                    self.first_line.clone(),
                    "this is no lock: it does not begin with `forge: 1`",
                    MEND,
                ));
                return Lock::default();
            }
        }
        let mut lock = Lock::default();
        for (name, node) in root.entries() {
            match name {
                "forge" => {}
                "images" => {
                    for (name, node) in self.group(name, node) {
                        let Some(digest) = self.text(node, "digest", is_digest, "`sha256:` and 64 hexadecimal digits")
                        else {
                            continue;
                        };
                        let platforms = node.get("platforms").map(|it| self.platforms(it)).unwrap_or_default();
                        lock.images.insert(name.to_owned(), Pin { digest, platforms });
                    }
                }
                "actions" => {
                    for (name, node) in self.group(name, node) {
                        let sha = self.text(node, "sha", |it| is_hex(it, 40), "40 hexadecimal digits");
                        let version = self.text(node, "version", is_version, "a version such as `v5.0.0`");
                        if let (Some(version), Some(sha)) = (version, sha) {
                            lock.actions.insert(name.to_owned(), Action { version, sha });
                        }
                    }
                }
                odd => self.told.push(broken(
                    node.key.clone(),
                    format!("`{}` is nothing that a lock holds", odd.escape_debug()),
                    MEND,
                )),
            }
        }
        lock
    }

    /// The entries of a part of the lock, which may be empty, and may be nothing but entries.
    fn group<'n>(&mut self, name: &str, node: &'n Node) -> impl Iterator<Item = (&'n str, &'n Node)> + use<'n> {
        if !matches!(node.value, yaml::Value::Map(_) | yaml::Value::Null) {
            let message = format!("`{name}` has to hold entries, each with its name");
            self.told.push(broken(node.at.clone(), message, MEND));
        }
        node.entries()
    }

    /// The platforms that a list has to hold.
    fn platforms(&mut self, list: &Node) -> BTreeSet<String> {
        const WHAT: &str = "`platforms` has to be a list of platforms such as `linux/amd64`";
        if !matches!(list.value, yaml::Value::List(_)) {
            self.told.push(broken(list.at.clone(), WHAT, MEND));
        }
        let mut platforms = BTreeSet::new();
        for node in list.items() {
            match node.text().filter(|it| is_platform(it)) {
                Some(text) => drop(platforms.insert(text.to_owned())),
                None => self.told.push(broken(node.at.clone(), WHAT, MEND)),
            }
        }
        platforms
    }

    /// The text of a field that has to be there and to be `right`.
    fn text(&mut self, node: &Node, field: &str, right: impl Fn(&str) -> bool, what: &str) -> Option<String> {
        let found = node.get(field);
        let text = found.and_then(Node::text).filter(|it| right(it));
        if text.is_none() {
            let at = found.map_or_else(|| node.key.clone(), |it| it.at.clone());
            self.told.push(broken(at, format!("`{field}` has to be {what}"), MEND));
        }
        text.map(str::to_owned)
    }
}

/// Whether `text` is an operating system, a processor and perhaps its variant: `linux/arm/v7`.
fn is_platform(text: &str) -> bool {
    let is_word = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it));
    (2..=3).contains(&text.split('/').count()) && text.split('/').all(is_word)
}

/// Whether `text` can be the version of an action: what stands in a comment of a workflow.
pub(crate) fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() < 100 && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-+/".contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: &str) -> String {
        format!("sha256:{}", crate::compare::digest(of.as_bytes()))
    }

    fn lock() -> Lock {
        let pin = |of: &str, platforms: &[&str]| Pin {
            digest: digest(of),
            platforms: platforms.iter().map(|it| (*it).to_owned()).collect(),
        };
        let odd = ["5", "true", "a b: c", "\"", "null", "x"].map(|it| (it.to_owned(), pin(it, &[])));
        let images = [
            ("python:3.13-slim".to_owned(), pin("a", &["linux/amd64", "linux/arm64"])),
            ("registry.example:5000/a/b:1".to_owned(), pin("b", &["linux/arm/v7"])),
        ];
        let action = Action { version: "v5.0.0".to_owned(), sha: "0123456789".repeat(4) };
        Lock {
            images: images.into_iter().chain(odd).collect(),
            actions: [("actions/checkout".to_owned(), action)].into(),
        }
    }

    #[test]
    fn a_lock_reads_what_it_writes() {
        for lock in [lock(), Lock::default()] {
            assert_eq!(Lock::read(&lock.text()), Ok(lock));
        }
    }

    #[test]
    fn what_is_broken_is_told_at_its_words() {
        let text = lock().text();
        let told = |text: &str, words: &str| {
            let them = Lock::read(text).expect_err("it is broken");
            let at = them[0].at.clone();
            assert!(text[at.clone()].contains(words), "{:?} is not {words:?}: {them:?}", &text[at]);
        };
        told(&text.replace("images:", "<<<<<<< ours\nimages:"), "<<<<<<< ours");
        told(&text.replace("forge: 1", "forge: 2"), "2");
        told(&text.replace("forge: 1", "forge: one"), "one");
        told(&text.replace("forge: 1\n", ""), "# What the tags");
        told(&text.replace("images:", "imgaes:"), "imgaes");
        told(&text.replace(&digest("a"), "sha256:abc"), "sha256:abc");
        told(&text.replace(&"0123456789".repeat(4), "main"), "main");
        told(&text.replace("    digest:", "    digset:"), "\"");
        for odd in ["[\"a # b\"]", "['x]']", "[linux]", "[linux/arm/v7/8]", "linux/amd64", "[linux/]"] {
            told(&text.replace("[linux/arm/v7]", odd), odd.trim_matches(['[', ']', '"', '\'']));
        }
        told(&format!("forge: 1\nimages: [{}]\n", digest("a")), "[");
        told("forge: 1\nimages: {}\nactions: oops\n", "oops");
        told("[", "[");
        told("hello\n", "hello");
    }
}
