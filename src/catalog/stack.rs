//! What is known about a stack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::Checked;
use super::{Formula, NumberFacts, ResourceFacts};
use crate::diagnostic::Path;
use crate::spec::{Duration, Size};

/// What is known about a stack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackFacts {
    /// Paths that the framework shows to operators: the gateway keeps them from everybody else.
    #[serde(default)]
    pub private: Vec<String>,
    /// The images that the Dockerfile builds on, by the names that the template uses; `base` is the last stage's. A formula that
    /// comes to nothing names none.
    #[serde(default)]
    pub images: BTreeMap<String, Formula>,
    /// What else the Dockerfile's template wants to know of what was chosen, by names of its own: `output: dist`.
    #[serde(default)]
    pub values: BTreeMap<String, Formula>,
    /// What installs packages and makes users in the last stage.
    #[serde(default)]
    pub system: System,
    /// What does so in the stages before it.
    #[serde(default)]
    pub build_system: System,
    /// Why what was chosen never was built and booted on an engine, if it never was; said in a case.
    pub unproven: Option<String>,
    /// Why what was chosen cannot be, if it cannot; said in a case.
    pub refused: Option<String>,
    /// The Dockerfile, relative to the context, where it is the author's own and forge writes none.
    pub dockerfile: Option<Formula>,
    /// The stage of that Dockerfile that is the image; the last, if left out.
    pub target: Option<Formula>,
    /// The folder in the image that holds the program; of formulas, it can have options and version in it.
    pub workdir: Formula,
    /// Folders beside that one which hold what runs, and over which nothing can be mounted.
    #[serde(default)]
    pub programs_in: Vec<String>,
    /// Who runs it, where the spec does not say; left out, it has to.
    pub user: Option<UserFacts>,
    /// Users of the base image beside those of its system, whose names cannot be given again.
    #[serde(default)]
    pub taken_users: Vec<String>,
    /// Users of the base image that can be had as they are, by name: with these numbers and no others.
    #[serde(default)]
    pub base_users: BTreeMap<String, NumberFacts>,
    /// The port it listens on, where the spec does not say.
    pub port: Option<u16>,
    /// How it is started, where the spec does not say.
    #[serde(default)]
    pub command: Vec<Formula>,
    /// Whether the image starts by itself, so that nobody has to say how.
    #[serde(default)]
    pub image_command: bool,
    /// The path that says that it is well, where the spec does not say.
    pub health: Option<String>,
    /// How to ask for health with what the image has.
    pub probe: Probes,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use, where the spec does not say.
    pub resources: ResourceFacts,
    /// Whether PID 1 needs an init before it.
    pub init: bool,
    /// Whether the image has a shell for an entrypoint.
    pub shell: bool,
    /// Words before a command that end it after `limit` seconds, where the image has no `timeout` for a shell: migrations
    /// are bounded.
    #[serde(default)]
    pub bound: Vec<Formula>,
    /// The entrypoint where it is not the one for a shell that all stacks share.
    pub entrypoint: Option<EntrypointFacts>,
    /// Environment variables for the container.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// Variables that the program cannot do without and only the spec can give, by name, with what they are for.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Folders in memory; of formulas, they can have options and version in them.
    #[serde(default)]
    pub tmpfs: BTreeMap<Formula, Size>,
    /// Files that the build reads; a trailing slash means a folder.
    #[serde(default)]
    pub reads: Vec<Formula>,
    /// Lockfiles of other package managers than the chosen one, by name, with the `package_manager` that they are of.
    #[serde(default)]
    pub foreign_lockfiles: BTreeMap<String, String>,
    /// The file that the command starts, or several with `|` between them, of which one is enough.
    pub program: Option<Formula>,
    /// Further files beside the Dockerfile: name to template.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What an environment with `source_mounts` changes.
    #[serde(default)]
    pub development: DevelopmentFacts,
    /// Whether the Dockerfile has a stage `test`.
    #[serde(default)]
    pub tests: bool,
    /// What can be asked about dependencies and code, by the name of who is asked.
    #[serde(default)]
    pub audits: BTreeMap<String, AuditFacts>,
    /// What Dependabot calls those who install its dependencies.
    pub ecosystem: Option<Formula>,
    /// Further containers that the service consists of, by name: each runs a stage of the same Dockerfile.
    #[serde(default)]
    pub companions: BTreeMap<String, CompanionFacts>,
    /// The companion that others talk to; the service's own container, if left out.
    pub front: Option<String>,
}

/// What installs packages and makes users in an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// apt-get and useradd.
    #[default]
    Debian,
    /// apk and adduser.
    Alpine,
    /// Nothing: there is no shell, and users are numbers.
    Distroless,
}

impl System {
    /// Its name, as templates know it.
    pub fn as_str(self) -> &'static str {
        match self {
            System::Debian => "debian",
            System::Alpine => "alpine",
            System::Distroless => "distroless",
        }
    }
}

/// An entrypoint for what else an image has to run it with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntrypointFacts {
    /// Its template: in the stack's folder, or else in `partials/`. The file is called like it, without `.j2`.
    pub template: String,
    /// How it is run; the file lies in `/usr/local/bin`.
    pub command: Vec<String>,
    /// Whether a stage of the stack makes a program of it, and puts that where `command` looks for it.
    #[serde(default)]
    pub compiled: bool,
    /// Whether it has something to do whatever the spec says.
    #[serde(default)]
    pub always: bool,
}

/// A further container of a service, from a stage of its Dockerfile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompanionFacts {
    /// The stage.
    pub target: String,
    /// What installs packages and makes users in it.
    #[serde(default)]
    pub system: System,
    /// The port that it listens on.
    pub port: Option<u16>,
    /// Who runs it.
    pub user: UserFacts,
    /// How it is started; as the stage has it, if empty.
    #[serde(default)]
    pub command: Vec<Formula>,
    /// How to ask for health: `http` where there is a port and a path, or else `tcp`.
    pub probe: Probes,
    /// The path that says that it is well.
    pub health: Option<String>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Whether PID 1 needs an init before it.
    #[serde(default)]
    pub init: bool,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
}

/// How somebody is asked about dependencies or code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFacts {
    /// What it is, as `ci: { audit: … }` calls it.
    pub kind: AuditKind,
    /// The image that it runs in.
    pub image: Formula,
    /// What runs there, in the folder of the source, by a POSIX shell.
    pub script: Formula,
    /// The folder that keeps what it downloads from one build to the next.
    pub cache: Option<String>,
    /// The variable that it reads its token from, if it wants one.
    pub token: Option<String>,
}

/// What an audit is about, or with whom it wants an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Known vulnerabilities of what is installed.
    Dependencies,
    /// Mistakes in the code itself.
    Code,
    /// Snyk.
    Snyk,
    /// Safety.
    Safety,
}

/// What is known about development with a stack.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevelopmentFacts {
    /// Folders of the context to mount, where the spec does not say.
    pub sources: Vec<Formula>,
    /// Where the folders lie in the image; the `workdir`, if left out.
    pub target: Option<String>,
    /// Words after the first of the command.
    pub insert: Vec<Formula>,
    /// Words at the end of the command.
    pub append: Vec<Formula>,
    /// Environment variables; formulas see the folders that are mounted as `sources`. One that comes to nothing is left out.
    pub environment: BTreeMap<String, Formula>,
    /// How a debugger comes into it, where one can.
    pub debug: Option<DebugFacts>,
}

/// How a debugger comes into a program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebugFacts {
    /// Where it listens.
    pub port: u16,
    /// Words before the command.
    #[serde(default)]
    pub before: Vec<String>,
    /// Words after the first of the command.
    #[serde(default)]
    pub insert: Vec<String>,
    /// What has to be in the image for it, in words.
    pub wants: Option<String>,
    /// Why it never was tried, if it never was.
    pub unproven: Option<String>,
}

/// A user by name and numbers.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct UserFacts {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// Whether it has to be this one, because the base image is made for it.
    #[serde(default)]
    pub fixed: bool,
}

/// Commands that ask for health. In them stand `port`, `path`, `timeout` (seconds) and `max_age` (seconds).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probes {
    /// Ends with 0 when `path` on `port` answers with 2xx or 3xx.
    pub http: Vec<Formula>,
    /// Ends with 0 when `port` takes a connection.
    pub tcp: Vec<Formula>,
    /// Ends with 0 when the file `path` was touched within `max_age`.
    pub file: Vec<Formula>,
    /// Ends with 0 when a connection is taken at its last two words, a host and a port, which the entrypoint puts there
    /// while it waits for what the service needs. It gives up by itself within some seconds.
    pub connect: Vec<Formula>,
}

impl Checked for StackFacts {
    fn check(&self) -> Result<(), (Path, String)> {
        let at = |key: &str, message: String| Err((Path::of([key]), message));
        if let Some(front) = self.front.as_ref().filter(|it| !self.companions.contains_key(*it)) {
            return at("front", format!("`front: {front}` is none of its companions"));
        }
        if self.system == System::Distroless && self.shell {
            return at("shell", "`system: distroless` has no shell".to_owned());
        }
        let own = [("workdir", &self.workdir)];
        if let Some((key, text)) = own.into_iter().find(|(_, it)| !it.starts_with('/') && !it.contains("{{")) {
            return at(key, format!("`{text}` does not begin with a slash"));
        }
        let name = |it: &str| {
            it.starts_with(|it: char| it.is_ascii_lowercase())
                && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
        };
        if let Some(odd) = self.companions.keys().find(|it| !name(it)) {
            return at("companions", format!("`{odd}` is no name of a container: small letters, digits and `-`"));
        }
        if let Some(it) =
            self.entrypoint.as_ref().filter(|it| it.template.contains('/') || !it.template.ends_with(".j2"))
        {
            return at("entrypoint", format!("`{}` is no name of a template, `docker-entrypoint.mjs.j2`", it.template));
        }
        Ok(())
    }
}
