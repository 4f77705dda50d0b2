//! What containers share with the host and with other projects: networks, volumes, logs and published ports.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::spec::Size;

/// A network between containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Whether those on it can call out.
    pub reach: Reach,
    /// Whether its containers have addresses of IPv6, too.
    pub ipv6: bool,
    /// What the engine calls it, where the spec says.
    pub name: Option<String>,
    /// Its addresses, where the spec says.
    pub subnet: Option<String>,
    /// The host's address in it, where the spec says.
    pub gateway: Option<String>,
    /// Options of its driver, beside those that its reach asks for.
    pub options: BTreeMap<String, String>,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
}

/// Whether those on a network can call out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// They cannot, and the host has no address in it.
    Internal,
    /// They can.
    Out,
    /// The host reaches them, and what they send elsewhere is not answered.
    Loopback,
    /// Others own it, and it is theirs to say.
    External,
}

/// A named volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// What the engine calls it, where the spec says.
    pub name: Option<String>,
    /// Whether others own it.
    pub external: bool,
    /// Who keeps its data, where the spec says.
    pub driver: Option<String>,
    /// What the driver is told.
    pub options: BTreeMap<String, String>,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// Rules that do not hold for it, with the reasons.
    pub lifted: BTreeMap<String, String>,
}

impl Network {
    /// One about which the spec says nothing.
    pub fn new(reach: Reach) -> Network {
        Network {
            reach,
            ipv6: false,
            name: None,
            subnet: None,
            gateway: None,
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// Where a log goes, and how much of it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Logging {
    /// Who takes it.
    pub driver: String,
    /// When a new file is begun, where it is written to files.
    pub max_size: Option<Size>,
    /// How many files are kept, where it is written to files.
    pub max_files: Option<u32>,
    /// What else the driver is told.
    pub options: BTreeMap<String, String>,
}

/// A port of a container that the host reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The port in the container.
    pub inside: u16,
    /// Why.
    pub reason: String,
}
