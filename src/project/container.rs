//! What runs: containers, and what they read and write.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Origin;
use super::host::{Logging, Published};
use super::image::ImageRef;
use crate::spec::{Cpus, Duration, Size};

/// Something that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Container {
    /// Its name, which is its host name to others.
    pub name: String,
    /// Why it is there.
    pub role: Role,
    /// What it runs.
    pub image: ImageRef,
    /// What its command is given to, where the image's own entrypoint will not do.
    pub entrypoint: Vec<String>,
    /// Its command, where the image's own will not do.
    pub command: Option<Vec<String>>,
    /// Its environment variables.
    pub environment: BTreeMap<String, Env>,
    /// Names of secrets that it reads.
    pub secrets: BTreeSet<String>,
    /// Secrets that it finds under another's name, by that name: a migration reads the owner's password where the
    /// service reads its own.
    pub borrowed_secrets: BTreeMap<String, String>,
    /// Files of the project that it reads, by their paths in it.
    pub files: BTreeMap<String, ConfigFile>,
    /// Where its log goes.
    pub logging: Logging,
    /// Ports of the host's loopback address that lead to it.
    pub published: BTreeMap<u16, Published>,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// Limits of its processes that differ from the engine's; -1 is none.
    pub ulimits: BTreeMap<String, i64>,
    /// Names of networks that it is on.
    pub networks: BTreeSet<String>,
    /// What it waits for, by name.
    pub waits: BTreeMap<String, Wait>,
    /// How to ask for health; `None` for one-shots and where an exception lifted the rule.
    pub healthcheck: Option<Healthcheck>,
    /// Who runs it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
    /// What is mounted, by path.
    pub mounts: BTreeMap<String, Mount>,
    /// How many run.
    pub replicas: u32,
    /// How much it may use.
    pub resources: Resources,
    /// Whether PID 1 needs an init before it.
    pub init: bool,
    /// How long it gets to end.
    pub stop_grace_period: Duration,
    /// Size of `/dev/shm`, as compose writes it.
    pub shm_size: Option<String>,
    /// The port on which it answers.
    pub port: Option<u16>,
    /// Rules that do not hold for it, with the reasons.
    pub lifted: BTreeMap<String, String>,
    /// Comments for the compose file, by key.
    pub comments: BTreeMap<String, String>,
    /// Where the values came from, by path below the service; what is not here is forge's own.
    #[serde(skip)]
    pub origins: Vec<(&'static str, Origin)>,
    /// Where environment variables came from that the spec does not list under `environment`, by name.
    #[serde(skip)]
    pub environment_origins: BTreeMap<String, Origin>,
}

impl Container {
    /// One of `name` that runs `image` as `user` (the numbers of user and group), and has nothing else yet.
    pub fn new(name: &str, role: Role, image: ImageRef, user: (u32, u32), resources: Resources) -> Container {
        Container {
            name: name.to_owned(),
            role,
            image,
            entrypoint: Vec::new(),
            command: None,
            environment: BTreeMap::new(),
            secrets: BTreeSet::new(),
            borrowed_secrets: BTreeMap::new(),
            files: BTreeMap::new(),
            logging: Logging::default(),
            published: BTreeMap::new(),
            labels: BTreeMap::new(),
            ulimits: BTreeMap::new(),
            networks: BTreeSet::new(),
            waits: BTreeMap::new(),
            healthcheck: None,
            uid: user.0,
            gid: user.1,
            tmpfs: BTreeMap::new(),
            mounts: BTreeMap::new(),
            replicas: 1,
            resources,
            init: false,
            stop_grace_period: Duration(30),
            shm_size: None,
            port: None,
            lifted: BTreeMap::new(),
            comments: BTreeMap::new(),
            origins: Vec::new(),
            environment_origins: BTreeMap::new(),
        }
    }

    /// Whether it runs to an end.
    pub fn is_one_shot(&self) -> bool {
        matches!(self.role, Role::Migration(_) | Role::Job(_))
    }
}

/// A file of the project that a container reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigFile {
    /// Its name among all such files: `db-10-roles.sh`.
    pub name: String,
    /// Its path in the project.
    pub path: String,
    /// How forge makes it; `None` where its author does.
    pub made: Option<MadeFile>,
}

/// How a file for a backing is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MadeFile {
    /// The template's name: `backings/postgres/roles.sh.j2`.
    pub template: String,
    /// What the template sees, as `backing`.
    pub values: Value,
}

/// Why a container is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A service of the spec.
    Service,
    /// The one-shot of the named service.
    Migration(String),
    /// A further container of the named service.
    Companion(String),
    /// A backing of the spec.
    Backing,
    /// A one-shot of the named backing.
    Job(String),
    /// nginx.
    Gateway,
    /// Who gets the gateway's certificates.
    Certificates,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Env {
    /// This text.
    Text(String),
    /// What the operator sets: the variable of the same name.
    Variable,
}

/// What a container waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// That it was started.
    ServiceStarted,
    /// That it is well.
    ServiceHealthy,
    /// That it ended with 0.
    ServiceCompletedSuccessfully,
}

/// How to ask for health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Healthcheck {
    /// As compose's `test`: `CMD` or `CMD-SHELL` first.
    pub test: Vec<String>,
    /// Between two questions.
    pub interval: Duration,
    /// For an answer.
    pub timeout: Duration,
    /// How many failures in a row.
    pub retries: u32,
    /// How long failures do not count.
    pub start_period: Duration,
    /// Between two questions until then.
    pub start_interval: Duration,
}

impl Healthcheck {
    /// How often most are asked until they are well: who waits for them should not wait for the next question.
    pub const START_INTERVAL: Duration = Duration(1);
}

/// Something mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mount {
    /// A named volume.
    Volume(String),
    /// A folder of this host, relative to the project; read-only.
    Bind(String),
}

/// How much a container may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// Limit of processor time.
    pub cpus: Cpus,
    /// Limit of memory.
    pub memory: Size,
    /// Limit of processes and threads.
    pub pids: u32,
    /// Processor time that is kept for it.
    pub reserved_cpus: Cpus,
    /// Memory that is kept for it.
    pub reserved_memory: Size,
}
