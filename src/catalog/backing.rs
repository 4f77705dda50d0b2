//! What is known about a kind of backing, and about the gateway.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::Checked;
use super::{Formula, NumberFacts, ResourceFacts};
use crate::spec::{Duration, Size};

/// What is known about a kind of backing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackingFacts {
    /// Its image.
    pub image: Formula,
    /// The port it listens on.
    pub port: u16,
    /// Who runs it.
    pub user: NumberFacts,
    /// The folder that is kept on a volume, if any.
    pub data: Option<String>,
    /// Folders in memory.
    #[serde(default)]
    pub tmpfs: BTreeMap<String, Size>,
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
    /// How long it gets to end.
    pub stop_grace_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Size of `/dev/shm`.
    pub shm_size: Option<Formula>,
    /// Whether it knows databases and users by name.
    #[serde(default)]
    pub databases: bool,
    /// Secrets that it needs, by what they are to it, with their length in hexadecimal digits.
    #[serde(default)]
    pub secrets: BTreeMap<String, u32>,
    /// What those who need it can learn, by name.
    pub outputs: BTreeMap<String, Output>,
    /// The outputs that the short form of `needs` gives.
    pub short: Vec<String>,
    /// Comments for the compose file, by key: `healthcheck`, `environment.POSTGRES_USER`.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
    /// Why what was chosen never was built and booted on an engine, if it never was; said in a case.
    pub unproven: Option<String>,
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

/// What is known about the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFacts {
    /// Its image.
    pub image: Formula,
    /// Who runs it.
    pub user: NumberFacts,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
}

impl Checked for BackingFacts {}

impl Checked for GatewayFacts {}
