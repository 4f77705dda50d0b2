//! Who answers what.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::spec::{Balance, Failure};

/// Who answers a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// What names of variables end with; no other route of the gateway has it.
    pub id: String,
    /// Its place among the routes of the spec, from 1: what tables of nginx know it by.
    pub number: usize,
    /// The path.
    pub path: String,
    /// Whether only this path; otherwise all below it too.
    pub exact: bool,
    /// What comes back.
    pub answer: Answer,
    /// The class of requests.
    pub limit: String,
    /// Which other sites may ask.
    pub cors: Option<Cors>,
    /// Who may come in, by name and password.
    pub login: Option<RouteLogin>,
    /// The addresses that may come in; empty is all.
    pub allow: Vec<String>,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Answer {
    /// What a service says.
    Proxy(Box<Proxy>),
    /// Another address.
    Redirect(Redirect),
    /// A file.
    Files(Files),
}

/// A service that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proxy {
    /// The upstream's name.
    pub upstream: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Whether it is asked for the path without the prefix.
    pub strip_prefix: bool,
    /// The largest body that goes to it as it comes, in mebibytes; `None` where bodies wait.
    pub upload_mib: Option<u64>,
    /// How long it may take, in seconds, where that is not as everywhere.
    pub timeouts: Timeouts,
    /// Answers that are kept.
    pub cache: Option<Cache>,
    /// Who gets a share of the clients in its place.
    pub canary: Option<Canary>,
    /// When another replica is asked, where that is not as everywhere.
    pub retries: Option<Retries>,
}

impl Proxy {
    /// All who are asked: the upstream, and the one that gets a share in its place.
    pub fn upstreams(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.upstream).chain(self.canary.as_ref().map(|it| &it.upstream)).map(String::as_str)
    }
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Requests and answers.
    Http,
    /// With connections that become WebSockets.
    Websocket,
    /// With answers that have no end.
    Events,
    /// Over HTTP/2.
    Grpc,
}

/// Seconds between two signs of life; `None` is as everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// To accept a connection.
    pub connect: Option<u64>,
    /// To answer.
    pub read: Option<u64>,
    /// To take what is sent to it.
    pub send: Option<u64>,
}

/// Answers that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// For so many seconds, where the service does not say.
    pub seconds: u64,
    /// Whether cookies make no difference.
    pub ignore_cookies: bool,
}

/// A share of the clients for another upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Canary {
    /// The upstream's name.
    pub upstream: String,
    /// Of a hundred client addresses.
    pub percent: u8,
}

/// Another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The path or address.
    pub to: String,
    /// The status.
    pub status: u16,
    /// Whether what stands behind the prefix goes behind it.
    pub keep_path: bool,
}

/// Files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Where the host's folder is mounted so that paths of requests are paths below `root`.
    pub root: String,
    /// The page of paths without a file, as a path of the host.
    pub fallback: Option<String>,
    /// For how many seconds browsers do not ask again for what is no page.
    pub max_age: Option<u64>,
}

/// Which other sites may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cors {
    /// The sites; `*` alone is all.
    pub origins: Vec<String>,
    /// All methods.
    pub methods: Vec<String>,
    /// Headers of requests.
    pub headers: Vec<String>,
    /// Headers of answers.
    pub expose: Vec<String>,
    /// Whether cookies go with it.
    pub credentials: bool,
    /// For how many seconds the answer to a preflight is remembered.
    pub max_age: u64,
}

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteLogin {
    /// The secret with names and hashes.
    pub users: String,
    /// What browsers say is asked for.
    pub realm: String,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// The service, and behind a point the name of its port where it is none of the usual.
    pub name: String,
    /// The container that answers.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Which replica is asked.
    pub balance: Balance,
    /// After how many failures it is left out.
    pub max_fails: u32,
    /// For how many seconds.
    pub fail_timeout: u64,
    /// How many idle connections stay open.
    pub keepalive: u32,
}

/// When another replica is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retries {
    /// After what.
    pub on: Vec<Failure>,
    /// How many are asked in all.
    pub tries: u32,
    /// For how many seconds after the first.
    pub timeout: u64,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries { on: vec![Failure::Error, Failure::Timeout], tries: 2, timeout: 10 }
    }
}

/// Paths of a host that are not for everybody, or that only look like those of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The path, without a slash at its end.
    pub path: String,
    /// Whether all below it is meant as well.
    pub below: bool,
    /// Whether other spellings are meant as well: capitals, a slash more at the end, what stands behind a semicolon.
    pub lax: bool,
    /// Who gets an answer all the same.
    pub open_to: OpenTo,
}

/// Who gets an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenTo {
    /// Whoever the route lets in.
    All,
    /// Addresses of the `Private` of this id.
    Private(String),
    /// Nobody.
    Nobody,
}

/// Addresses that may ask for the private paths of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Private {
    /// The service.
    pub id: String,
    /// The addresses.
    pub allow: Vec<String>,
}

/// Pages for errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pages {
    /// By the file's path in the folder: the statuses.
    pub errors: BTreeMap<String, Vec<u16>>,
    /// Whether errors of services get them, too.
    pub intercept: bool,
}

/// The folder of the project with the switch of each environment.
pub const SWITCHES: &str = "maintenance";

/// A switch that closes everything but health routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Maintenance {
    /// When to come again, in seconds.
    pub retry_after: u64,
    /// Addresses that are let in.
    pub allow: Vec<String>,
    /// The file that is the switch, in the container.
    pub switch: String,
    /// Whether the project has a page for it.
    pub has_page: bool,
}

/// What is made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compression {
    /// By gzip.
    pub gzip: bool,
    /// By Brotli.
    pub brotli: bool,
}
