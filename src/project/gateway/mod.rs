//! What is decided about the gateway.

mod filter;
mod headers;
mod route;
mod tls;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::filter::*;
pub use self::headers::*;
pub use self::route::*;
pub use self::tls::*;
use crate::spec::{Rate, TlsMode};

/// What nginx is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// The names it answers to.
    pub hosts: Vec<Host>,
    /// Where certificates come from.
    pub tls: TlsMode,
    /// What is offered to clients.
    pub profile: TlsProfile,
    /// How long browsers keep to TLS; nothing without TLS.
    pub hsts: Option<Hsts>,
    /// Where certificates of an authority are; `None` where they come from elsewhere.
    pub acme: Option<Acme>,
    /// What browsers are told with every answer.
    pub headers: Headers,
    /// What is refused before any service is asked.
    pub filter: Filter,
    /// How long clients are waited for.
    pub client: Client,
    /// Folders in its container.
    pub folders: Folders,
    /// How long services may take, where a route says nothing.
    pub timeouts: UsualTimeouts,
    /// Where it listens in its container.
    pub listen: Listen,
    /// Where it listens on the host.
    pub ports: HostPorts,
    /// Classes of requests that routes use.
    pub limits: BTreeMap<String, Limit>,
    /// Who is asked.
    pub upstreams: Vec<Upstream>,
    /// Proxies before it that are believed.
    pub trusted_proxies: Vec<String>,
    /// Who may ask for the private paths of services.
    pub privates: Vec<Private>,
    /// Whether any route speaks gRPC.
    pub speaks_grpc: bool,
    /// Whether what is said with errors differs between routes.
    pub tells_routes: bool,
    /// Pages for errors.
    pub pages: Option<Pages>,
    /// The switch that closes everything.
    pub maintenance: Option<Maintenance>,
    /// What is made smaller on its way.
    pub compression: Compression,
    /// How much is kept of answers, in mebibytes; `None` where nothing is.
    pub cache_mib: Option<u64>,
    /// When another replica is asked, where nothing else is said.
    pub retries: Retries,
    /// The largest body of a request, in mebibytes.
    pub max_body_mib: u64,
    /// How many bodies may wait at a time.
    pub bodies: Bodies,
    /// Processes.
    pub workers: u64,
    /// How long open requests get, in seconds.
    pub shutdown: u64,
}

/// A name that the gateway answers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its name in the spec.
    pub name: String,
    /// Its name in the DNS.
    pub domain: String,
    /// Names that are led to it.
    pub aliases: Vec<String>,
    /// Who answers what.
    pub routes: Vec<Route>,
    /// Which paths are refused, the first that matches counts.
    pub refused: Vec<Refused>,
}

/// How often one client address may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Requests per time.
    pub rate: Rate,
    /// At once before that.
    pub burst: u32,
    /// How many of these are answered at once, and not only when the rate allows; all, if `None`.
    pub at_once: Option<u32>,
    /// Open at once; `None` is the limit for everything.
    pub connections: Option<u32>,
    /// How many seconds who asked too often is told to wait.
    pub retry_after: u64,
}

/// Folders in the gateway's container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Folders {
    /// What nginx is told.
    pub configuration: String,
    /// Pages for errors.
    pub pages: String,
    /// Answers that are kept.
    pub answers: String,
}

/// Seconds between two signs of life of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UsualTimeouts {
    /// To accept a connection.
    pub connect: u64,
    /// To answer.
    pub read: u64,
    /// To take what is sent to it.
    pub send: u64,
    /// To do either, where a connection may stay silent.
    pub silent: u64,
}

/// How many bodies may wait at a time, so that they do not fill the folder in which they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bodies {
    /// Large ones, of one client.
    pub large: u64,
    /// Large ones, of all clients.
    pub all_large: u64,
    /// Those below 100 kB, of one client.
    pub small: u64,
    /// Those below 100 kB, of all clients.
    pub all_small: u64,
}

/// Where the gateway listens in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Listen {
    /// For HTTP.
    pub http: u16,
    /// For HTTPS.
    pub https: u16,
    /// For the container itself.
    pub status: u16,
}

/// Where the gateway listens on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostPorts {
    /// For HTTP.
    pub http: u16,
    /// For HTTPS.
    pub https: u16,
    /// Only on this address.
    pub host_ip: Option<String>,
    /// Whether clients over IPv6 come as themselves; otherwise none come.
    pub ipv6: bool,
    /// What the variables that change them begin with: `SHOP`, `SHOP_DEVELOPMENT`.
    pub prefix: String,
}

impl HostPorts {
    /// The variables that change them, for HTTP and for HTTPS.
    pub fn variables(&self) -> [String; 2] {
        port_variables(&self.prefix)
    }

    /// Whether it listens on all addresses of the host, but for those of IPv6.
    pub fn is_ipv4_alone(&self) -> bool {
        self.host_ip.is_none() && !self.ipv6
    }
}

/// The variables for where a gateway listens, for HTTP and for HTTPS; `prefix` is what they begin with.
pub fn port_variables(prefix: &str) -> [String; 2] {
    ["HTTP", "HTTPS"].map(|it| format!("{prefix}_{it}"))
}

impl Gateway {
    /// Whether it has files of the project's to give.
    pub fn serves_files(&self) -> bool {
        let routes = || self.hosts.iter().flat_map(|it| &it.routes);
        self.pages.is_some() || routes().any(|it| matches!(it.answer, Answer::Files(_)))
    }
}
