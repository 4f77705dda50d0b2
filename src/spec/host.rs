//! What containers share with the host and with other projects: networks, volumes, logs and published ports.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Address, EngineName, LabelName, Line, Name, Size, Subnet, Text, VolumeDriver};
use super::service::Exception;

/// What is different about a network that forge makes, or which one of others is meant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// The addresses of its containers. Left out, the engine chooses some that are free.
    #[schemars(example = &"10.5.0.0/24")]
    pub subnet: Option<Subnet>,
    /// The address of the host in it; the first of the subnet, if left out.
    #[schemars(example = &"10.5.0.1")]
    pub gateway: Option<Address>,
    /// What the engine calls it; `<project>_<network>`, if left out, or for one that others own the key itself.
    #[schemars(example = &"shop-backend")]
    pub name: Option<EngineName>,
    /// Whether others own it: it has to be there already, and is never made nor removed. Whether it leads out is theirs to
    /// say. A name that forge has no network for is one that services join by `networks: [name]`.
    #[schemars(example = true)]
    pub external: Option<bool>,
    /// Options of the bridge; `docs/networks.md` lists those that can stand here.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"com.docker.network.driver.mtu": 1450}))]
    pub options: BTreeMap<LabelName, Text>,
    /// Labels of the network, for programs that look for them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"com.example.team": "shop"}))]
    pub labels: BTreeMap<LabelName, Text>,
}

/// What is different about a volume, or which one of others is meant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeSettings {
    /// Who keeps the data; `local`, if left out.
    #[schemars(example = &"local")]
    pub driver: Option<VolumeDriver>,
    /// What the driver is told. For `local` these are `type`, `o` and `device`, as `mount` takes them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"type": "nfs", "o": "addr=10.0.0.9,rw,nfsvers=4", "device": ":/exports/uploads"}))]
    pub options: BTreeMap<LabelName, Text>,
    /// Labels of the volume, for programs that look for them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"com.example.backup": "daily"}))]
    pub labels: BTreeMap<LabelName, Text>,
    /// What the engine calls it; `<project>_<volume>`, if left out, or for one that others own the key itself.
    #[schemars(example = &"shop-uploads")]
    pub name: Option<EngineName>,
    /// Whether others own it: it has to be there already, and is never made nor removed.
    #[schemars(example = true)]
    pub external: Option<bool>,
    /// Hardening rules that do not hold for it, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "host-volume", "reason": "a disk of its own, mounted by nobody else"}]))]
    pub exceptions: Vec<Exception>,
}

/// Where a log goes, and how much of it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// Who takes it: `json-file`, if left out, `local`, `journald`, `syslog`, `fluentd`, `gelf` or `awslogs`.
    #[schemars(example = &"json-file")]
    pub driver: Option<Name>,
    /// When a new file is begun, where the driver writes files; 10M, if left out.
    #[schemars(example = &"10M")]
    pub max_size: Option<Size>,
    /// How many files are kept, where the driver writes files; 5, if left out.
    #[schemars(range(min = 2, max = 100), example = 5)]
    pub max_files: Option<u32>,
    /// Labels of the container that stand with each line, beside those that say which project and service it is of.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["com.example.team"]))]
    pub labels: Vec<LabelName>,
    /// What else the driver is told; `docs/networks.md` lists what each takes, and what it cannot do without.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"mode": "non-blocking"}))]
    pub options: BTreeMap<LabelName, Text>,
}

/// A port that this host alone can reach: on its loopback address, past the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The port of the host.
    #[schemars(range(min = 1, max = 65535), example = 15432)]
    pub port: u16,
    /// Why, in one line. It stands as a comment beside what is published.
    #[schemars(example = &"the nightly report reads it from this host")]
    pub reason: Line,
}

/// A debugger in a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Debug {
    /// The port of the host on which it is reached; the one in the container, if left out.
    #[schemars(range(min = 1, max = 65535), example = 9230)]
    pub port: Option<u16>,
}
