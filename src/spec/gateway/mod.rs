//! What the gateway publishes.

mod filter;
mod headers;
mod route;
mod tls;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::filter::{Client, Filter};
pub use self::headers::{Csp, EmbedderPolicy, FrameOptions, Headers, OpenerPolicy, ReferrerPolicy, ResourcePolicy};
pub use self::route::{
    Balance, Balancing, Cache, Canary, Compression, Cors, Failure, Files, Maintenance, Method, Pages, Private,
    Redirect, Retries, Route, RouteLogin, Timeouts, Upload,
};
pub use self::tls::{Hsts, Tls, TlsMode, TlsProfile};
use super::host::Logging;
use super::scalar::{Domain, Image, Name, Network, Rate, Size};
use super::service::{Exception, Resources};
use super::{Duration, Text};

/// The nginx edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The version of nginx; the newest that is proven, if left out.
    #[schemars(example = &"1.30")]
    pub version: Option<Text>,
    /// The names it answers to. Requests for any other are refused.
    #[schemars(extend("minProperties" = 1), example = serde_json::json!({"main": {"domain": "shop.example.com"}}))]
    pub hosts: BTreeMap<Name, Host>,
    /// Where certificates come from.
    #[schemars(example = serde_json::json!({"mode": "files"}))]
    pub tls: Tls,
    /// Where it listens on the host.
    #[schemars(example = serde_json::json!({"http": 80, "https": 443}))]
    pub ports: Option<HostPorts>,
    /// Classes of requests, by name, each with its own limit for one client address. Three are there without
    /// being declared: `default` (50r/s, burst 200) for routes that name none, `login` (4r/s, burst 20, of which 8 at
    /// once) for those with a login, and `health` (50r/s, burst 100).
    #[serde(default)]
    #[schemars(example = serde_json::json!({"api": {"rate": "10r/s", "burst": 20}}))]
    pub limits: BTreeMap<Name, Limit>,
    /// Who answers what.
    #[schemars(length(min = 1), example = serde_json::json!([{"path": "/", "to": "web"}]))]
    pub routes: Vec<Route>,
    /// How services are asked, by name; only for those that routes lead to.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"api": {"balance": "least_conn"}}))]
    pub upstreams: BTreeMap<Name, Balancing>,
    /// Pages of the project's own for errors.
    #[schemars(example = serde_json::json!({"folder": "pages", "errors": {"5xx": "sorry.html"}}))]
    pub pages: Option<Pages>,
    /// A switch that closes everything but health routes. Left out, there is none.
    #[schemars(example = serde_json::json!({"retry_after": "30m"}))]
    pub maintenance: Option<Maintenance>,
    /// What is made smaller on its way to the client; texts by gzip, if left out.
    #[schemars(example = serde_json::json!({"gzip": false}))]
    pub compression: Option<Compression>,
    /// How much the caches of all routes may hold together, in memory; 64M, if left out.
    #[schemars(example = &"128M")]
    pub cache_size: Option<Size>,
    /// An image of one's own in place of `nginxinc/nginx-unprivileged`: nginx 1.30 or newer as user 101, who owns
    /// /var/cache/nginx, with curl, and whatever modules are wanted below /usr/lib/nginx/modules.
    #[schemars(example = &"ghcr.io/acme/nginx-brotli:1.30")]
    pub image: Option<Image>,
    /// Proxies before the gateway whose `X-Forwarded-For` is believed. Left out, nobody's is.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["10.0.0.0/8"]))]
    pub trusted_proxies: Vec<Network>,
    /// The largest body of a request; 1M, if left out. Bodies wait in memory, so one client gets only as many large ones in
    /// at a time as there is room for.
    #[schemars(example = &"10M")]
    pub max_body_size: Option<Size>,
    /// What browsers are told with every answer: `csp`, `referrer_policy`, `permissions_policy`, `frame_options`, the
    /// `cross_origin_…` policies, and `extra` headers.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"csp": {"policy": {"img-src": ["self", "data:"]}}}))]
    pub headers: Headers,
    /// What is refused before any service is asked.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"methods": ["GET", "HEAD", "POST"]}))]
    pub filter: Filter,
    /// How long it waits for clients, and how much it takes from them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"header_timeout": "15s"}))]
    pub client: Client,
    /// How much it may use, and how much is kept for it.
    #[schemars(example = serde_json::json!({"limits": {"memory": "256M"}}))]
    pub resources: Option<Resources>,
    /// How long open requests get to end after it was told to stop.
    #[schemars(example = &"30s")]
    pub stop_grace_period: Option<Duration>,
    /// Where its log goes, where that differs from `defaults`.
    #[schemars(example = serde_json::json!({"max_size": "50M"}))]
    pub logging: Option<Logging>,
    /// Hardening rules that do not hold here, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "read-only-root", "reason": "loads modules at run time"}]))]
    pub exceptions: Vec<Exception>,
}

/// A name that the gateway answers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The name in the DNS.
    #[schemars(example = &"shop.example.com")]
    pub domain: Domain,
    /// Other names, which are led to it.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["www.shop.example.com"]))]
    pub aliases: Vec<Domain>,
}

/// Where the gateway listens on the host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostPorts {
    /// For HTTP; 80, if left out, and 8080 in development.
    #[schemars(range(min = 1, max = 65535), example = 80)]
    pub http: Option<u16>,
    /// For HTTPS; 443, if left out, and 8443 in development.
    #[schemars(range(min = 1, max = 65535), example = 443)]
    pub https: Option<u16>,
    /// Only on this address of the host; on all of IPv4, if left out, and on 127.0.0.1 in development.
    #[schemars(regex(pattern = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"), example = &"127.0.0.1")]
    pub host_ip: Option<String>,
    /// Whether it is reached over IPv6, too; that wants Docker 27 or newer, which lets clients keep their addresses there.
    /// False, if left out.
    #[schemars(example = true)]
    pub ipv6: Option<bool>,
}

/// How often one client address may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests per second or minute; beyond it the answer is 429.
    #[schemars(example = &"10r/s")]
    pub rate: Rate,
    /// How many requests may come at once before that; 0, if left out.
    #[schemars(range(min = 0, max = 100_000), example = 20)]
    pub burst: Option<u32>,
    /// How many requests may be open at once; with HTTP/2 each counts, and `client.connections` counts as well.
    /// No more than that, if left out.
    #[schemars(range(min = 1, max = 65_535), example = 10)]
    pub connections: Option<u32>,
}
