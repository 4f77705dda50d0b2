//! What is known about a kind of backing, and about the gateway.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::Checked;
use super::{Formula, NumberFacts, ResourceFacts};
use crate::diagnostic::Path;
use crate::spec::{Duration, Size};

/// What is known about a kind of backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackingFacts {
    /// Its image.
    pub image: Formula,
    /// The port it listens on.
    pub port: u16,
    /// Further ports that can be published, by name.
    #[serde(default)]
    pub ports: BTreeMap<String, u16>,
    /// The port on which those that others run usually speak TLS, where that is another.
    pub tls_port: Option<u16>,
    /// Who runs it.
    pub user: NumberFacts,
    /// The folder that is kept on a volume, if any.
    pub data: Option<String>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
    /// What the command is given to, where the image's own entrypoint would not start it.
    #[serde(default)]
    pub entrypoint: Vec<Formula>,
    /// How it is started; the image's own, if empty.
    #[serde(default)]
    pub command: Vec<Formula>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How often it is asked until then, where a question costs more than usual: a second, if left out.
    pub start_interval: Option<Duration>,
    /// How long it gets to end.
    pub stop_grace_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Size of `/dev/shm`.
    pub shm_size: Option<Formula>,
    /// Whether it knows databases and users by name.
    #[serde(default)]
    pub databases: bool,
    /// Whether it knows users by name, where that differs from `databases`.
    pub users: Option<bool>,
    /// Which names its users and databases cannot have.
    #[serde(default)]
    pub names: NameFacts,
    /// Secrets that it needs, by what they are to it, with their length in hexadecimal digits.
    #[serde(default)]
    pub secrets: BTreeMap<String, u32>,
    /// How they get other values, by what they are to it. What is not here cannot be changed by forge.
    #[serde(default)]
    pub rotations: BTreeMap<String, RotationFacts>,
    /// What those who need it can learn, by name.
    pub outputs: BTreeMap<String, Output>,
    /// The outputs that the short form of `needs` gives.
    pub short: Vec<String>,
    /// As whom others can come, by name. A service's own migration comes as `owner`; other services come as `app` where
    /// somebody migrates, and as `owner` where nobody does. Without any, all come as the one user there is.
    #[serde(default)]
    pub roles: BTreeMap<String, RoleFacts>,
    /// Files that are made for it, by their names in the project below `backings/<name>/`.
    #[serde(default)]
    pub files: BTreeMap<String, FileFacts>,
    /// Options that list files of the project, each with the folder where they lie in the container, in their order and
    /// behind what `files` puts there.
    #[serde(default)]
    pub project_files: BTreeMap<String, String>,
    /// What runs once beside it at each start, before those who need it, by name.
    #[serde(default)]
    pub jobs: BTreeMap<String, JobFacts>,
    /// Limits of its processes that differ from the engine's: `nofile: 65536`; -1 is none.
    #[serde(default)]
    pub ulimits: BTreeMap<String, i64>,
    /// Why it has no place in production, if it has none.
    pub development_only: Option<String>,
    /// Comments for the compose file, by key: `healthcheck`, `environment.POSTGRES_USER`.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
    /// Why what was chosen never was built and booted on an engine, if it never was; said in a case.
    pub unproven: Option<String>,
}

/// Which names users and databases cannot have: its own, which would be taken for themselves, or would give more rights
/// than meant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameFacts {
    /// How many bytes the name of a user has at least; one, if left out.
    pub shortest_user: Option<usize>,
    /// How many bytes the name of a user has at most; any number, if left out.
    pub longest_user: Option<usize>,
    /// Names of its own users; `pg_*` is each that begins so.
    #[serde(default)]
    pub users: Vec<String>,
    /// Names of its own databases, in the same way.
    #[serde(default)]
    pub databases: Vec<String>,
}

impl NameFacts {
    /// Which of `reserved` this name is, if it is one.
    pub fn of<'a>(name: &str, reserved: &'a [String]) -> Option<&'a str> {
        let is = |it: &&String| it.strip_suffix('*').map_or(*it == name, |start| name.starts_with(start));
        reserved.iter().find(is).map(String::as_str)
    }
}

/// As whom a service comes to a backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleFacts {
    /// The name of its user.
    pub user: Formula,
    /// Which of the secrets is its password. For it, `secrets.password` in outputs stands for this one.
    pub password: String,
    /// What it may do, for people.
    pub about: String,
}

/// How a backing gets another value of a secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationFacts {
    /// A script for a shell of its container that tells the running server of the value on its standard input. After it
    /// has been run once, it has to work again.
    pub tell: Option<Formula>,
    /// One that makes it forget the old value, where `tell` leaves both in force.
    pub forget: Option<Formula>,
    /// Whether it takes the value from the file at each start: then one that does not run needs not be told.
    #[serde(default)]
    pub at_start: bool,
    /// What somebody has to do instead, where no script can.
    pub by_hand: Option<Formula>,
    /// Whether `tell` comes in with the old value or the new one, and with nothing else: who has neither is locked out.
    #[serde(default)]
    pub needs_old: bool,
}

/// A file that is made for a backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its template, in the backing's folder.
    pub template: String,
    /// Where it is in the container, read-only.
    pub target: String,
    /// Whether its template names the compose project, `backing.project`: then each environment has a file of its own.
    #[serde(default)]
    pub names_project: bool,
}

/// What runs once beside a backing. It runs again at each `up`, and must not mind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFacts {
    /// What it does, for people: a comment in the compose file.
    pub about: String,
    /// Its image; the backing's, if left out.
    pub image: Option<Formula>,
    /// What the command is given to, where the image's own entrypoint would not start it.
    #[serde(default)]
    pub entrypoint: Vec<Formula>,
    /// What runs.
    pub command: Vec<Formula>,
    /// Who runs it; who runs the backing, if left out.
    pub user: Option<NumberFacts>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, Formula>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
    /// Comments for the compose file, by key.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
}

/// Something that a user of a backing can learn.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its text, without the secret.
    #[serde(default)]
    pub value: Formula,
    /// The secret that belongs to it: before the `@` of a URL, or alone where `value` is empty.
    pub secret: Option<String>,
}

impl Checked for BackingFacts {
    fn check(&self) -> Result<(), (Path, String)> {
        if let Some((role, it)) = self.roles.iter().find(|(_, it)| !self.secrets.contains_key(&it.password)) {
            let message = format!("the password of `{role}` is none of its `secrets`: `{}`", it.password);
            return Err((Path::of(["roles", role, "password"]), message));
        }
        for (role, it) in &self.rotations {
            if !self.secrets.contains_key(role) {
                let message = format!("`{role}` is none of its `secrets`");
                return Err((Path::of(["rotations", role]), message));
            }
            let told = it.tell.is_some() || it.forget.is_some() || it.at_start;
            if it.by_hand.is_some() && told {
                let message = "what is done `by_hand` is done by no script".to_owned();
                return Err((Path::of(["rotations", role, "by_hand"]), message));
            }
            if it.by_hand.is_none() && it.tell.is_none() && (it.forget.is_some() || !it.at_start) {
                let message =
                    "nothing says how the server gets to know of it: `tell`, `at_start: true` or `by_hand`".to_owned();
                return Err((Path::of(["rotations", role]), message));
            }
        }
        for (name, it) in &self.files {
            if it.template.contains('/') || !it.template.ends_with(".j2") {
                let message = format!("`{}` is no name of a template in this folder, `init.sh.j2`", it.template);
                return Err((Path::of(["files", name, "template"]), message));
            }
        }
        Ok(())
    }
}
