//! What the author of a `forge.yaml` wrote: serde and schemars types, nothing filled in. Their doc comments are the
//! descriptions in the published schema, so they speak to the author of a spec.

mod ci;
mod gateway;
mod host;
mod layout;
mod patch;
mod scalar;
mod secret;
mod service;
mod variable;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ci::{
    Account, Acr, App, Audit, Bot, Ci, Deploy, Ecr, Gar, Install, Login, Nothing, Scan, Schedule, Threshold, Token,
    Updates,
};
pub use gateway::{
    Balance, Balancing, Cache, Canary, Client, Compression, Cors, Csp, EmbedderPolicy, Failure, Files, Filter,
    FrameOptions, Gateway, Headers, Host, HostPorts, Hsts, Limit, Maintenance, Method, OpenerPolicy, Pages, Private,
    Redirect, ReferrerPolicy, ResourcePolicy, Retries, Route, RouteLogin, Timeouts, Tls, TlsMode, TlsProfile, Upload,
};
pub use host::{Debug, Logging, NetworkSettings, Publish, VolumeSettings};
pub use layout::{ComposeFile, Layout, not_ours};
pub use patch::Patch;
pub use scalar::{
    AbsolutePath, Address, Branch, Commit, ComposePath, Cpus, Cron, CspSource, DockerSecretName, DockerfilePath,
    Domain, Duration, Email, EngineName, EnvName, FolderPath, HeaderName, HeaderValue, HttpsUrl, Id, Image, Label,
    LabelName, Line, Name, Network, Origin, Packages, PageStatus, PermissionSource, Platform, ProjectFile, Rate, Realm,
    RedirectTarget, RemoteName, ReportAddress, Role, RoutePath, SecretName, Size, Subnet, Text, UrlPath, UserName,
    VaultKey, VaultPath, VolumeDriver, Word,
};
pub use secret::{Age, Alphabet, ExternalSecret, Generate, Secret, SecretFormat, Sops, Vault};
pub use service::{
    Build, CONTEXT, Companion, Defaults, Exception, Healthcheck, Heartbeat, Limits, Migrate, Need, Needs, Numbers,
    PackageSets, Reservations, Resources, SecretUse, SecretUses, Service, Test, User, Writable,
};
pub use variable::{Variable, VariableType};

/// What the spec itself is called among its environments.
pub const PRODUCTION: &str = "production";

/// A whole `forge.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The version of this format. There is only 1.
    #[schemars(range(min = 1, max = 1), example = 1)]
    pub forge: u32,
    /// What the whole is called: the compose project, and the beginning of each image's name.
    #[schemars(example = &"shop")]
    pub name: Name,
    /// Where images are pushed and pulled: an image is `<registry>/<name>-<service>`. Left out, images have no registry.
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$"), example = &"ghcr.io/acme")]
    pub registry: Option<String>,
    /// What all images have to run on; `linux/amd64`, if left out. `forge lock` sees to it that every image of others is
    /// there for each of them.
    #[serde(default = "platforms")]
    #[schemars(length(min = 1), example = serde_json::json!(["linux/amd64", "linux/arm64"]))]
    pub platforms: Vec<Platform>,
    /// What holds for each service that does not say otherwise.
    #[schemars(example = serde_json::json!({"resources": {"limits": {"memory": "256M"}}}))]
    pub defaults: Option<Defaults>,
    /// The programs of this project, by name.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"api": {"build": {"stack": "python", "context": "./api"}, "port": 8000}}))]
    pub services: BTreeMap<Name, Service>,
    /// Known databases and caches that services need, by name. Services and backings share one namespace.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"db": {"kind": "postgres", "version": "18"}}))]
    pub backings: BTreeMap<Name, Backing>,
    /// Values that no file of this project may hold. Each is a file in `secrets/` on the host, and one below
    /// `/run/secrets` in the containers that use it. Passwords of backings are added by forge.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"SECRET_KEY": {"generate": {"length": 50}}}))]
    pub secrets: BTreeMap<SecretName, Secret>,
    /// Settings that the operator makes in `.env`, by name.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"SUPPORT_EMAIL": {"type": "email", "required": true}}))]
    pub variables: BTreeMap<EnvName, Variable>,
    /// The nginx edge: the only thing that publishes ports. Left out, nothing is published.
    #[schemars(example = serde_json::json!({"hosts": {"main": {"domain": "shop.example.com"}}, "tls": {"mode": "files"}, "routes": [{"path": "/", "to": "web"}]}))]
    pub gateway: Option<Gateway>,
    /// What is different about networks, by forge's names for them (`docker compose config` shows them), and networks that
    /// others own.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"db": {"subnet": "10.5.0.0/24"}, "monitoring": {"external": true}}))]
    pub networks: BTreeMap<Name, NetworkSettings>,
    /// What is different about volumes: those of `writable`, by their names, and `<backing>-data` of backings.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"uploads": {"labels": {"com.example.backup": "daily"}}}))]
    pub volumes: BTreeMap<Name, VolumeSettings>,
    /// What differs elsewhere than in production, by name. `development` has settings of its own: loopback ports 8080
    /// and 8443, and mounted sources.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"staging": {"overlay": {"gateway": {"hosts": {"main": {"domain": "staging.example.com"}}}}}}))]
    pub environments: BTreeMap<Name, Environment>,
    /// Where outputs lie and what they are called, for folders that are older than forge.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"dockerfile": "docker/production/{service}.Dockerfile"}))]
    pub layout: Layout,
    /// What is changed in generated files after they are made, in order: for what the spec has no word for. Each names the
    /// file and a place in it, and a patch whose place is not there any more is an error.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"file": "compose.yaml", "at": "services.api.labels", "set": {"team": "shop"}}]))]
    pub patches: Vec<Patch>,
    /// What to generate for. So far there is `compose`, and it is always on.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"compose": {}}))]
    pub targets: Targets,
    /// Who checks every change, builds and deploys. Left out, nobody does.
    #[schemars(example = serde_json::json!({"provider": "github"}))]
    pub ci: Option<Ci>,
}

/// What servers are, mostly.
fn platforms() -> Vec<Platform> {
    vec![Platform::from("linux/amd64")]
}

/// What to generate for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Docker compose.
    #[schemars(example = serde_json::json!({}))]
    pub compose: Option<Compose>,
}

/// Settings of the compose target; there are none yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compose {}

/// A database, cache or queue that forge knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backing {
    /// What it is: a folder under `templates/backings`. `forge stacks` lists them.
    #[schemars(example = &"postgres")]
    pub kind: String,
    /// Which version; the newest that is proven, if left out.
    #[schemars(example = &"18")]
    pub version: Option<Text>,
    /// What it is used for, where the kind knows several: it decides eviction and persistence.
    #[serde(rename = "use")]
    #[schemars(example = &"cache")]
    pub usage: Option<String>,
    /// The database that is made at the first start; the project's name, if left out. Kinds without databases refuse it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]{0,62}$"), example = &"shop")]
    pub database: Option<String>,
    /// The user that is made at the first start; the database's name, if left out. Kinds without users refuse it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]{0,54}$"), example = &"shop")]
    pub user: Option<String>,
    /// What the kind lets you choose; `forge stacks <kind>` describes it.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"extensions": ["pgcrypto"]}))]
    pub options: BTreeMap<String, serde_json::Value>,
    /// One that is there already and not ours to run: services are told where it is, and no container is made.
    #[schemars(example = serde_json::json!({"host": "db.internal", "secrets": {"password": "DB_PASSWORD"}}))]
    pub external: Option<External>,
    /// How much it may use, and how much is kept for it.
    #[schemars(example = serde_json::json!({"limits": {"memory": "1G"}}))]
    pub resources: Option<Resources>,
    /// How long it gets to end after it was told to; then it is killed.
    #[schemars(example = &"1m")]
    pub stop_grace_period: Option<Duration>,
    /// Ports that this host alone can reach, on its loopback address: `main`, or another that the kind has. Each has a
    /// reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"main": {"port": 15432, "reason": "the nightly report reads it from this host"}}))]
    pub publish: BTreeMap<Name, Publish>,
    /// Where its log goes, where that differs from `defaults`.
    #[schemars(example = serde_json::json!({"max_size": "50M"}))]
    pub logging: Option<Logging>,
    /// Labels of its container, for programs that look for them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"com.example.team": "shop"}))]
    pub labels: BTreeMap<LabelName, Text>,
    /// Hardening rules that do not hold here, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "read-only-root", "reason": "writes its plugins beside itself"}]))]
    pub exceptions: Vec<Exception>,
}

/// Where something is that somebody else runs, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Its name in the DNS, or its address.
    #[schemars(example = &"db.internal")]
    pub host: Domain,
    /// The port on which it answers; the kind's own, if left out, or the one that is usual with `tls`.
    #[schemars(range(min = 1, max = 65535), example = 5432)]
    pub port: Option<u16>,
    /// Who services are to it; the project's name, if left out. Kinds without users refuse it.
    #[schemars(example = &"shop")]
    pub user: Option<RemoteName>,
    /// The database that services use; the project's name, if left out. Kinds without databases refuse it.
    #[schemars(example = &"shop")]
    pub database: Option<RemoteName>,
    /// Whether it is spoken to by TLS, and its certificate checked; false, if left out. What PostgreSQL's clients check it
    /// against is theirs to know: libpq from 16 on takes `PGSSLROOTCERT: system` in the environment, or the path of a file.
    #[schemars(example = true)]
    pub tls: Option<bool>,
    /// Which secret is its password, or whatever else the kind has; what is left out is asked for under a name of its
    /// own, such as `DB_PASSWORD`.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"password": "DB_PASSWORD"}))]
    pub secrets: BTreeMap<String, SecretName>,
}

/// An environment beside production.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Part of a spec, laid over this one: maps merge, lists replace (routes merge by host and path), and `null` takes
    /// the default back. What is baked into images once, such as `build`, cannot differ.
    #[serde(default)]
    #[schemars(with = "Overlay", example = serde_json::json!({"services": {"api": {"replicas": 1}}}))]
    pub overlay: serde_json::Map<String, serde_json::Value>,
    /// Whether the sources on this host are mounted over those in the images, and servers that can start again after an
    /// edit do; what another `command` starts has to see to that itself. On in `development`, off elsewhere.
    #[schemars(example = true)]
    pub source_mounts: Option<bool>,
    /// Services that run with a debugger, which listens on the loopback address of this host. Only where sources are mounted:
    /// who reaches a debugger runs what he likes.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"api": {}, "web": {"port": 9230}}))]
    pub debug: BTreeMap<Name, Debug>,
    /// Whether somebody has to approve a deploy to it; `ci: { deploy: … }` says what runs then. False, if left out.
    #[schemars(example = true)]
    pub approval: Option<bool>,
}

/// Part of a spec: everything may be left out, and `null` takes a default back.
#[derive(JsonSchema)]
struct Overlay {}

/// Whether a service or backing cannot have this name, since forge has it for the gateway, for migrations, for ways out and
/// for published ports, or compose for extensions.
pub fn is_reserved(name: &str) -> bool {
    name == "gateway"
        || name.starts_with("x-")
        || ["-migrate", "-egress", "-loopback"].iter().any(|it| name.ends_with(it))
}
