//! What is built: images, their files and users.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::container::Healthcheck;
use super::{Variable, VariableType};

/// An image that is built here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Image {
    /// The service that it is named after.
    pub name: String,
    /// `shop-api`, for its labels.
    pub title: String,
    /// `ghcr.io/acme/shop-api`, without a tag.
    pub repository: String,
    /// The stack's name.
    pub stack: String,
    /// The stack's version.
    pub version: String,
    /// What the spec chose, defaults filled in.
    pub options: Map<String, Value>,
    /// The folder with the source, relative to the project, without `./`; empty is the project itself.
    pub context: String,
    /// What else of forge's lies in that folder, relative to it: nothing that the image needs.
    pub beside: Vec<String>,
    /// Files that forge makes for it.
    pub files: ImageFiles,
    /// Images that it builds on, by the stack's names for them.
    pub images: BTreeMap<String, Reference>,
    /// What else the stack's Dockerfile wants to know of what was chosen, by the stack's names for it.
    pub values: BTreeMap<String, String>,
    /// What stands in for the container's environment in builds that read it, by variable.
    pub stand_ins: BTreeMap<String, String>,
    /// What installs packages and makes users in the last stage: `debian`, `alpine`, or `distroless`, which does neither.
    pub system: &'static str,
    /// What does so in the stages before it.
    pub build_system: &'static str,
    /// The stage that it is; the last, if none is named.
    pub target: Option<String>,
    /// Whether the Dockerfile is the author's own, so that forge makes no file for it.
    pub own_dockerfile: bool,
    /// The service whose Dockerfile this is a stage of, where it is a companion's.
    pub companion_of: Option<String>,
    /// Constants that are there while it is built.
    pub args: BTreeMap<String, String>,
    /// Secrets that are there, as variables of their names, while it is built.
    pub build_secrets: BTreeSet<String>,
    /// Who has to find nothing before there is an image.
    pub audits: Vec<BuildAudit>,
    /// The folder in the image that holds the program.
    pub workdir: String,
    /// Packages of the system.
    pub packages: Packages,
    /// Who runs it.
    pub user: User,
    /// Ports it listens on, sorted.
    pub ports: Vec<u16>,
    /// What runs, one word an item.
    pub command: Vec<String>,
    /// How to ask for health; `None` when an exception lifted the rule.
    pub healthcheck: Option<Healthcheck>,
    /// What runs before the command, where there is something for it to do.
    pub entrypoint: Option<Entrypoint>,
    /// Variables that the entrypoint makes from secrets.
    pub secret_variables: BTreeMap<String, SecretVariable>,
    /// Variables that the entrypoint insists on.
    pub required: BTreeSet<String>,
    /// Variables that the entrypoint holds to their types.
    pub checked: BTreeMap<String, Checked>,
    /// Secrets whose files the entrypoint insists on.
    pub secrets: BTreeSet<String>,
    /// Variables of `.env` that the service reads.
    pub variables: BTreeMap<String, Variable>,
    /// Folders that volumes are mounted on, which take owner and mode from the image.
    pub volumes: BTreeSet<String>,
    /// Files that the build reads from the context; a slash at the end means a folder. Of several with `|` between them,
    /// one is enough.
    pub reads: Vec<String>,
    /// Lockfiles of other package managers, with what the option `package_manager` calls those.
    #[serde(skip)]
    pub foreign_lockfiles: BTreeMap<String, String>,
    /// How long it gets to end, in seconds.
    pub grace: u64,
    /// Whole processors it may use.
    pub cpus: u64,
    /// Its tests, if it has any.
    pub test: Option<Test>,
}

/// A check that an image is not made without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildAudit {
    /// Who is asked: `npm-audit`.
    pub name: String,
    /// Its image, among those that the image builds on.
    pub image: String,
    /// What runs there, by a POSIX shell.
    pub script: String,
    /// The folder that keeps what it downloads.
    pub cache: Option<String>,
    /// The secret with its token, which is the variable that it reads, too.
    pub token: Option<String>,
}

/// What runs before the command of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entrypoint {
    /// Its name in `/usr/local/bin`: `docker-entrypoint.sh`.
    pub file: String,
    /// How it is run.
    pub command: Vec<String>,
    /// Its template.
    #[serde(skip)]
    pub template: String,
    /// Whether a stage makes a program of it, and puts that where `command` looks for it.
    pub compiled: bool,
    /// A command that ends with 0 when a connection is taken at a host and a port, its last two words; without one,
    /// an entrypoint for a shell waits for nobody.
    pub connect: Vec<String>,
}

/// The tests of a service, which run in a stage of its image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Test {
    /// What runs, one word an item.
    pub command: Vec<String>,
    /// Whether it may call out.
    pub egress: bool,
}

/// The files that forge makes for an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageFiles {
    /// `api/Dockerfile`, or `api/api.Dockerfile` where two services share a context; relative to the project.
    pub dockerfile: String,
    /// `api/.dockerignore`, or `api/api.Dockerfile.dockerignore`; relative to the project.
    pub dockerignore: String,
    /// `docker-entrypoint.sh`, or `api.docker-entrypoint.sh`; relative to the context, from which it is copied.
    pub entrypoint: String,
    /// What else the stack wants beside the source, by its names with `_` for `.`: `nginx_conf`.
    pub others: BTreeMap<String, OtherFile>,
}

/// A file of a stack's own beside the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherFile {
    /// `nginx.conf`, or `site.nginx.conf`.
    pub name: String,
    /// The template in the stack's folder.
    pub template: String,
}

/// Debian packages by where they are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Packages {
    /// While dependencies are installed.
    pub build: Vec<String>,
    /// In the image that runs.
    pub run: Vec<String>,
}

/// A user of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's.
    pub gid: u32,
    /// Whether the base image has it, or needs no entry for it.
    pub exists: bool,
    /// Users of the base image that go, because it has one of their numbers.
    pub replaces: Vec<String>,
}

/// What a variable has to be, where it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its type.
    pub kind: VariableType,
    /// What it can be, where that is one of several texts.
    pub values: Vec<String>,
    /// The least that it can be: an integer, or milliseconds.
    pub min: Option<i64>,
    /// The most that it can be.
    pub max: Option<i64>,
    /// All that in words.
    pub wanted: String,
}

/// A variable that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretVariable {
    /// The secret's name.
    pub secret: String,
    /// Whether it goes before the `@` of the URL that the variable has; otherwise it is the value.
    pub url: bool,
}

/// What a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageRef {
    /// One of [`Project::images`](super::Project::images), by name.
    Built(String),
    /// Somebody else's.
    Named(Reference),
}

/// Somebody else's image, written into files as `python:3.13-slim@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name with its tag, as spec and catalogue have it.
    pub name: String,
    /// What that stands for, where it is locked: `sha256:…`.
    pub digest: Option<String>,
}

impl Reference {
    /// By its tag alone.
    pub fn tagged(name: impl Into<String>) -> Reference {
        Reference { name: name.into(), digest: None }
    }

    /// Whether its author wrote a digest, so that there is nothing to lock.
    pub fn is_fixed(&self) -> bool {
        self.name.contains('@')
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.digest.iter().try_for_each(|it| write!(f, "@{it}"))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Image {
    /// All secrets that a build of it reads.
    pub fn secrets_while_built(&self) -> BTreeSet<&str> {
        let tokens = self.audits.iter().filter_map(|it| it.token.as_deref());
        self.build_secrets.iter().map(String::as_str).chain(tokens).collect()
    }
}
