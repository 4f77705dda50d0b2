//! The resolved spec: every name checked, every default filled in. What targets and templates see, and all they see.

mod ci;
mod container;
mod gateway;
mod host;
mod image;
mod secret;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::Path;
use crate::spec::Duration;

pub use self::ci::*;
pub use self::container::*;
pub use self::gateway::*;
pub use self::host::*;
pub use self::image::*;
pub use self::secret::*;
/// Values of a spec that need no resolving.
pub use crate::spec::{PRODUCTION, Size, TlsMode, VariableType};

/// A spec with its environments.
#[derive(Debug, Clone, Serialize)]
pub struct Resolved {
    /// Production.
    pub base: Project,
    /// The others, by name.
    pub environments: BTreeMap<String, Project>,
    /// Whether there is a lock, from which images have their digests.
    pub locked: bool,
    /// GitHub actions that the lock has at another commit than forge brings along, by name: `actions/checkout`.
    pub actions: BTreeMap<String, Action>,
}

/// What the version of a GitHub action stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Its version: `v5.0.0`.
    pub version: String,
    /// The commit: 40 hexadecimal digits.
    pub sha: String,
}

/// One environment of a spec.
#[derive(Debug, Clone, Serialize)]
pub struct Project {
    /// The spec's name.
    pub name: String,
    /// The environment; `None` is production.
    pub environment: Option<String>,
    /// What the names of forge's own variables in `.env` begin with: `SHOP`.
    pub prefix: String,
    /// What all images have to run on: `linux/amd64`.
    pub platforms: BTreeSet<String>,
    /// What is built, by the name of its service.
    pub images: BTreeMap<String, Image>,
    /// What runs, by name.
    pub containers: BTreeMap<String, Container>,
    /// What nginx is told.
    pub gateway: Option<Gateway>,
    /// Networks by name.
    pub networks: BTreeMap<String, Network>,
    /// Volumes by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Variables of `.env` that something uses, by name.
    pub variables: BTreeMap<String, Variable>,
    /// Where files lie.
    pub layout: Layout,
    /// What is changed in files after they are made, in order.
    #[serde(skip)]
    pub patches: Vec<Patch>,
    /// Where most logs go, and how much of each is kept.
    pub logging: Logging,
    /// The grace period of most containers.
    pub stop_grace_period: Duration,
    /// Who checks, builds and deploys.
    pub ci: Option<Ci>,
}

/// Where files lie, relative to the project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// The compose file.
    pub compose: String,
    /// Whether it is used alone, also where there is a base that it could be laid over.
    pub whole: bool,
    /// The folder of the gateway's configuration.
    pub nginx: String,
    /// The folder of scripts for the operator.
    pub scripts: String,
}

/// A change of a generated file.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The file's path.
    pub file: String,
    /// The place in it, as files of this format have places; empty is the file itself.
    pub at: String,
    /// What is done there.
    pub edit: Edit,
    /// What has to be there.
    pub expect: Option<Value>,
    /// Rules that do not hold for the file, with the reasons.
    pub lifted: BTreeMap<String, String>,
}

/// What a patch does at its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Puts this there, in place of what there is.
    Set(Value),
    /// Puts this there beside what there is.
    Add(Value),
    /// Puts these lines before it.
    Before(String),
    /// Puts these lines after it.
    After(String),
    /// Takes it away.
    Remove,
}

/// A setting that the operator makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// What it holds.
    pub kind: VariableType,
    /// What it can be, where that is one of several texts.
    pub values: Vec<String>,
    /// The least that it can be: an integer, or milliseconds.
    pub min: Option<i64>,
    /// The most that it can be.
    pub max: Option<i64>,
    /// Whether compose refuses to start without it.
    pub required: bool,
    /// Its value where none is set.
    pub default: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it belongs to, where its owner says so.
    pub group: Option<String>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Written in the spec, at this path.
    Spec(Path),
    /// The stack, backing or gateway of the catalogue, by its folder: `stacks/python`.
    Catalog(String),
    /// Made from other values, in words.
    Derived(String),
}

impl Project {
    /// The compose project's name: environments beside production must not share its containers and volumes.
    pub fn compose_name(&self) -> String {
        compose_name(&self.name, self.environment.as_deref())
    }

    /// What it is called among the environments.
    pub fn called(&self) -> &str {
        self.environment.as_deref().unwrap_or(PRODUCTION)
    }

    /// The variable that holds the version of images that are built: `SHOP_VERSION`.
    pub fn version_variable(&self) -> String {
        version_variable(&self.prefix)
    }
}

/// The variable that holds the version of a project's images; `prefix` is what its variables begin with.
pub fn version_variable(prefix: &str) -> String {
    format!("{prefix}_VERSION")
}

/// The name of the compose project of an environment, or of production without one.
pub fn compose_name(project: &str, environment: Option<&str>) -> String {
    environment.map_or_else(|| project.to_owned(), |it| format!("{project}-{it}"))
}

impl Layout {
    /// The path of a script for the operator.
    pub fn script(&self, name: &str) -> String {
        format!("{}/{name}", self.scripts)
    }
}
