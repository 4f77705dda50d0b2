//! Who answers what.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Duration;
use crate::spec::scalar::{
    FolderPath, HeaderName, Name, Network, Origin, PageStatus, Realm, RedirectTarget, RoutePath, SecretName, Size,
};

/// Who answers a path: a service (`to`), another address (`redirect`) or a folder of the project (`files`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// On which host, by its name under `hosts`; needed where there are several.
    #[schemars(example = &"main")]
    pub host: Option<Name>,
    /// With a slash at its end it is a prefix, without one it is exact.
    #[schemars(example = &"/api/")]
    pub path: RoutePath,
    /// The service that answers.
    #[schemars(example = &"api")]
    pub to: Option<Name>,
    /// Which of the `ports` of the service is asked, by its name; its `port`, if left out.
    #[schemars(example = &"grpc")]
    pub port: Option<Name>,
    /// The address that browsers are sent to.
    #[schemars(example = serde_json::json!({"to": "https://docs.example.com/"}))]
    pub redirect: Option<Redirect>,
    /// The folder of the project that files are taken from.
    #[schemars(example = serde_json::json!({"folder": "site/dist", "spa": true}))]
    pub files: Option<Files>,
    /// Whether the service is asked for the path without the prefix: `/x` for `/api/x`. It has to know by itself where its links
    /// lead.
    #[schemars(example = true)]
    pub strip_prefix: Option<bool>,
    /// The class of requests, by its name under `limits`; `default`, if left out, and `login` where there is a `login`.
    #[schemars(example = &"api")]
    pub limit: Option<Name>,
    /// Whether connections may be upgraded to WebSockets, and may stay silent for an hour.
    #[schemars(example = true)]
    pub websocket: Option<bool>,
    /// Whether answers are streams of events (server-sent events): they are passed on as they come, and may stay silent for an
    /// hour.
    #[schemars(example = true)]
    pub events: Option<bool>,
    /// Whether it is spoken to by gRPC, over HTTP/2 from one end to the other.
    #[schemars(example = true)]
    pub grpc: Option<bool>,
    /// Large bodies of requests, which go to the service as they come instead of waiting in the gateway's memory.
    #[schemars(example = serde_json::json!({"max_size": "2G"}))]
    pub upload: Option<Upload>,
    /// How long the service may take.
    #[schemars(example = serde_json::json!({"read": "5m"}))]
    pub timeouts: Option<Timeouts>,
    /// Answers that are kept for everybody.
    #[schemars(example = serde_json::json!({"for": "10m"}))]
    pub cache: Option<Cache>,
    /// A service that gets a share of the clients in place of `to`.
    #[schemars(example = serde_json::json!({"to": "api-next", "percent": 5}))]
    pub canary: Option<Canary>,
    /// Which other sites may ask from a browser. The gateway answers their preflight requests, and the service's own words
    /// about this are dropped.
    #[schemars(example = serde_json::json!({"origins": ["https://app.example.com"]}))]
    pub cors: Option<Cors>,
    /// Who may come in, by name and password.
    #[schemars(example = serde_json::json!({"users": "OPS_USERS"}))]
    pub login: Option<RouteLogin>,
    /// The addresses that may come in; everybody, if left out.
    #[schemars(length(min = 1), example = serde_json::json!(["192.0.2.0/24"]))]
    pub allow: Option<Vec<Network>>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// A path of this host, or a whole address.
    #[schemars(example = &"https://docs.example.com/")]
    pub to: RedirectTarget,
    /// The status: 301 and 308 for good, 302 and 307 for now, of which 307 and 308 keep the method; 308, if left out.
    #[schemars(extend("enum" = [301, 302, 307, 308]), example = 301)]
    pub status: Option<u16>,
    /// Whether what stands behind the prefix is put behind `to`. False, if left out; the query is kept, unless `to` has one of its own.
    #[schemars(example = true)]
    pub keep_path: Option<bool>,
}

/// Files that the gateway serves by itself. Who reads the project reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The folder, relative to forge.yaml. It is mounted, so what is in it changes without a deploy.
    #[schemars(example = &"site/dist")]
    pub folder: FolderPath,
    /// Whether a path without a file gets `index.html`, for programs that run in the browser and have paths of their own.
    #[schemars(example = true)]
    pub spa: Option<bool>,
    /// How long browsers keep what is no page without asking whether it changed; pages they always ask for. They ask for
    /// everything, if left out.
    #[schemars(example = &"1h")]
    pub max_age: Option<Duration>,
}

/// Large bodies of requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The largest.
    #[schemars(example = &"2G")]
    pub max_size: Size,
}

/// How long a service may take; each is the time between two signs of life.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// To accept a connection; 2s, if left out.
    #[schemars(example = &"5s")]
    pub connect: Option<Duration>,
    /// To answer; 60s, if left out.
    #[schemars(example = &"5m")]
    pub read: Option<Duration>,
    /// To take what is sent to it; 60s, if left out.
    #[schemars(example = &"5m")]
    pub send: Option<Duration>,
}

/// Answers that are kept. None of them is one that a cookie or a login asked for, or that the service does not want kept
/// (`Cache-Control`, `Set-Cookie`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long, where the service does not say it itself.
    #[serde(rename = "for")]
    #[schemars(example = &"10m")]
    pub duration: Duration,
    /// Whether cookies make no difference to answers. False, if left out: who sends one gets an answer of the service.
    #[schemars(example = true)]
    pub ignore_cookies: Option<bool>,
}

/// A share of the clients for another service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The service that they get.
    #[schemars(example = &"api-next")]
    pub to: Name,
    /// How many of a hundred client addresses.
    #[schemars(range(min = 1, max = 99), example = 5)]
    pub percent: u8,
}

/// Which other sites may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// The sites, or `*` alone for all.
    #[schemars(length(min = 1), example = serde_json::json!(["https://app.example.com"]))]
    pub origins: Vec<Origin>,
    /// What they may ask with besides GET, HEAD and POST.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["PUT", "DELETE"]))]
    pub methods: Vec<Method>,
    /// Headers that they may send besides those that need no leave.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["Authorization", "Content-Type"]))]
    pub headers: Vec<HeaderName>,
    /// Headers of answers that they may read besides those that need no leave.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["X-Request-Id"]))]
    pub expose: Vec<HeaderName>,
    /// Whether cookies and logins go with it. False, if left out.
    #[schemars(example = true)]
    pub credentials: Option<bool>,
    /// How long browsers remember the answer to a preflight request; 10m, if left out.
    #[schemars(example = &"1h")]
    pub max_age: Option<Duration>,
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Method {
    Copy,
    Delete,
    Get,
    Head,
    Lock,
    Mkcol,
    Move,
    Options,
    Patch,
    Post,
    Propfind,
    Proppatch,
    Put,
    Report,
    Unlock,
}

impl Method {
    /// As requests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Copy => "COPY",
            Method::Delete => "DELETE",
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Lock => "LOCK",
            Method::Mkcol => "MKCOL",
            Method::Move => "MOVE",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
            Method::Post => "POST",
            Method::Propfind => "PROPFIND",
            Method::Proppatch => "PROPPATCH",
            Method::Put => "PUT",
            Method::Report => "REPORT",
            Method::Unlock => "UNLOCK",
        }
    }
}

/// Who may come in. Passwords go no further than the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteLogin {
    /// The secret that lists them: a line `name:hash` each, as `htpasswd -B` writes it.
    #[schemars(example = &"OPS_USERS")]
    pub users: SecretName,
    /// What browsers say is asked for; `login`, if left out.
    #[schemars(example = &"Operations")]
    pub realm: Option<Realm>,
}

/// How the containers of a service are asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Balancing {
    /// Which of its replicas gets a request; one after the other, if left out.
    #[schemars(example = &"least_conn")]
    pub balance: Option<Balance>,
    /// When another replica is asked in place of one that failed; of requests that change something only what was not sent.
    #[schemars(example = serde_json::json!({"tries": 3, "on": ["error", "timeout", "http_503"]}))]
    pub retries: Option<Retries>,
    /// After how many failures within `fail_timeout` a replica is left out for that long; 1, if left out, and 0 is never.
    #[schemars(range(min = 0, max = 100), example = 3)]
    pub max_fails: Option<u32>,
    /// See `max_fails`; 10s, if left out.
    #[schemars(example = &"10s")]
    pub fail_timeout: Option<Duration>,
    /// How many idle connections to it each process of nginx keeps open; 16, if left out.
    #[schemars(range(min = 1, max = 512), example = 32)]
    pub keepalive: Option<u32>,
}

/// Which replica gets a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest open requests.
    LeastConn,
    /// Always the same for a client address, as long as the replicas are the same.
    Sticky,
}

/// When another replica is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// What counts as a failure; `error` and `timeout`, if left out.
    #[schemars(length(min = 1), example = serde_json::json!(["error", "timeout", "http_503"]))]
    pub on: Option<Vec<Failure>>,
    /// How many are asked in all; 2, if left out, and 1 is no retry.
    #[schemars(range(min = 1, max = 10), example = 3)]
    pub tries: Option<u32>,
    /// How long after the first no other is asked any more; 10s, if left out.
    #[schemars(example = &"10s")]
    pub timeout: Option<Duration>,
}

/// What counts as a failure of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection, or one that broke.
    Error,
    /// No answer in time.
    Timeout,
    /// An answer that is none.
    InvalidHeader,
    /// The status 500.
    #[serde(rename = "http_500")]
    Http500,
    /// The status 502.
    #[serde(rename = "http_502")]
    Http502,
    /// The status 503.
    #[serde(rename = "http_503")]
    Http503,
    /// The status 504.
    #[serde(rename = "http_504")]
    Http504,
    /// The status 429.
    #[serde(rename = "http_429")]
    Http429,
}

/// Pages of the project's own, in place of nginx's bare ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The folder with the pages, relative to forge.yaml. What they show besides themselves has to be in them, since nothing else of the
    /// folder is served.
    #[schemars(example = &"pages")]
    pub folder: FolderPath,
    /// The page for a status, or for `4xx` or `5xx`; for what the gateway itself refuses or cannot get.
    #[schemars(extend("minProperties" = 1), example = serde_json::json!({"404": "not-found.html", "5xx": "sorry.html"}))]
    pub errors: BTreeMap<PageStatus, FolderPath>,
    /// Whether errors of services get the same pages. False, if left out: an API's errors are for programs.
    #[schemars(example = true)]
    pub intercept: Option<bool>,
}

/// A switch that closes the shop: `scripts/maintenance on`. Health routes answer on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// When clients are told to come again; 10m, if left out.
    #[schemars(example = &"30m")]
    pub retry_after: Option<Duration>,
    /// Addresses that are let in all the same.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["192.0.2.0/24"]))]
    pub allow: Vec<Network>,
}

/// What is made smaller on its way to the client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// By gzip: texts of 1 kB and more. True, if left out; where answers hold both secrets and words of the client, their lengths
    /// tell about the secrets (BREACH).
    #[schemars(example = false)]
    pub gzip: Option<bool>,
    /// By Brotli, where the client takes it. Official images of nginx have no module for that: write `image`, too.
    #[schemars(example = true)]
    pub brotli: Option<bool>,
}

/// Paths of a service that are for its operators.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// Each with all below it; those of the framework, such as FastAPI's `/docs` and `/openapi.json`, and `/metrics`, if left
    /// out.
    #[schemars(example = serde_json::json!(["/docs", "/metrics"]))]
    pub paths: Option<Vec<RoutePath>>,
    /// The addresses that may ask for them; nobody outside, if left out. A route of its own opens a path to everybody.
    #[schemars(length(min = 1), example = serde_json::json!(["10.0.0.0/8"]))]
    pub allow: Option<Vec<Network>>,
}
