//! What a service says of itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gateway::Private;
use super::host::{Logging, Publish};
use super::scalar::{
    AbsolutePath, Cpus, Duration, EnvName, Image, LabelName, Line, Name, Packages, SecretName, Size, Text, UrlPath,
    UserName,
};

/// What a folder to build may be called: what stands in compose files, Dockerfiles and on command lines as it is.
pub const CONTEXT: &str = r"^[^\u0000-\u001f\u007f\\\u0022$`:*?<>|\u2028\u2029]+$";

/// A program of this project: exactly one of `build`, `image` and `from` says where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Built from a folder of this project, by a stack.
    #[schemars(example = serde_json::json!({"stack": "python", "context": "./api"}))]
    pub build: Option<Build>,
    /// Run as somebody else built it. Its user goes beside it.
    #[schemars(example = &"traefik/whoami:v1.11")]
    pub image: Option<Image>,
    /// Another service's image with another command. It inherits build, environment, variables, secrets, needs,
    /// writable, egress, networks, private and the wait for migrations; not port, healthcheck, migrate, test and replicas.
    #[schemars(example = &"api")]
    pub from: Option<Name>,
    /// Who an `image` runs as; a `build` has its own.
    #[schemars(example = serde_json::json!({"uid": 65532, "gid": 65532}))]
    pub user: Option<Numbers>,
    /// What runs, one word an item; the stack's own command, if left out. It is not given to a shell.
    #[schemars(length(min = 1), example = serde_json::json!(["uvicorn", "app.main:app"]))]
    pub command: Option<Vec<Text>>,
    /// The port on which it answers HTTP; the stack's own, if left out.
    #[schemars(range(min = 1024, max = 65535), example = 8000)]
    pub port: Option<u16>,
    /// More ports, by name; from 1024 on.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"grpc": 9000}))]
    pub ports: BTreeMap<Name, u16>,
    /// How its health is asked for; a connection to its port, if left out. An `image` needs a `command`: forge does not
    /// know what is in it to ask with.
    #[schemars(example = serde_json::json!({"http": "/healthz"}))]
    pub healthcheck: Option<Healthcheck>,
    /// Which services and backings it calls: it shares a network with them, starts after them, and learns their
    /// addresses.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"db": {"environment": {"DATABASE_URL": "url"}}}))]
    pub needs: Needs,
    /// Environment variables with their values. `$` is an ordinary character.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"LOG_LEVEL": "info"}))]
    pub environment: BTreeMap<EnvName, Text>,
    /// Environment variables that the operator sets in `.env`; each is declared under `variables`.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["SUPPORT_EMAIL"]))]
    pub variables: Vec<EnvName>,
    /// Secrets that it reads from `/run/secrets/<NAME>`; each is declared under `secrets`.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["SECRET_KEY"]))]
    pub secrets: SecretUses,
    /// Paths that the gateway does not show to everybody.
    #[schemars(example = serde_json::json!({"paths": ["/docs"], "allow": ["10.0.0.0/8"]}))]
    pub private: Option<Private>,
    /// What runs once per deploy, before the new version starts. It runs again at each `up`, and must not mind.
    #[schemars(example = serde_json::json!({"command": ["alembic", "upgrade", "head"], "timeout": "5m"}))]
    pub migrate: Option<Migrate>,
    /// Its tests. They run in a stage of its image that nothing else is made from, as its user and with its code where it
    /// is in production: `docker build --target test`.
    #[schemars(example = serde_json::json!({"command": ["pytest", "-q"]}))]
    pub test: Option<Test>,
    /// How many of it run; 1, if left out.
    #[schemars(range(min = 1, max = 1000), example = 2)]
    pub replicas: Option<u32>,
    /// How much it may use, and how much is kept for it.
    #[schemars(example = serde_json::json!({"limits": {"memory": "512M"}}))]
    pub resources: Option<Resources>,
    /// Folders that it writes to; the rest of its file system is read-only.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"/app/uploads": {"volume": "uploads"}}))]
    pub writable: BTreeMap<AbsolutePath, Writable>,
    /// Whether it may call out to the Internet; otherwise it is on internal networks only.
    #[schemars(example = true)]
    pub egress: Option<bool>,
    /// Networks of others that it joins as well; each is declared under the spec's `networks` as `external`.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["monitoring"]))]
    pub networks: Vec<Name>,
    /// How long it gets to end after it was told to; then it is killed. 30s, if left out.
    #[schemars(example = &"30s")]
    pub stop_grace_period: Option<Duration>,
    /// Ports that this host alone can reach, on its loopback address: by the names under `ports`, and `main` for `port`. It
    /// leads past the gateway, so each has a reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"main": {"port": 18000, "reason": "asked by a program on this host"}}))]
    pub publish: BTreeMap<Name, Publish>,
    /// Where its log goes, where that differs from `defaults`.
    #[schemars(example = serde_json::json!({"max_size": "50M"}))]
    pub logging: Option<Logging>,
    /// Labels of its containers, for programs that look for them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"com.example.team": "shop"}))]
    pub labels: BTreeMap<LabelName, Text>,
    /// Hardening rules that do not hold here, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "read-only-root", "reason": "writes its plugins beside itself"}]))]
    pub exceptions: Vec<Exception>,
    /// What is different about further containers that its stack makes of it, such as the nginx before PHP-FPM, by their names
    /// in the stack.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"web": {"resources": {"limits": {"memory": "128M"}}}}))]
    pub companions: BTreeMap<Name, Companion>,
}

/// What is different about a further container of a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// How much it uses at most and how much is kept for it.
    #[schemars(example = serde_json::json!({"limits": {"memory": "128M"}}))]
    pub resources: Option<Resources>,
    /// Hardening rules that do not hold in it, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "read-only-root", "reason": "writes its cache beside itself"}]))]
    pub exceptions: Vec<Exception>,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// What kind of source it is: a folder under `templates/stacks`. `forge stacks` lists them.
    #[schemars(example = &"python")]
    pub stack: String,
    /// The folder with the source, relative to this file.
    #[schemars(regex(pattern = CONTEXT), example = &"./api")]
    pub context: String,
    /// The version of the language; the newest that is proven, if left out.
    #[schemars(example = &"3.13")]
    pub version: Option<Text>,
    /// What the stack lets you choose; `forge stacks <name>` describes it.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"package_manager": "uv", "framework": "fastapi"}))]
    pub options: BTreeMap<String, serde_json::Value>,
    /// Packages of the image's system that it needs: Debian's, or Alpine's, which often have other names, with `variant: alpine`.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"build": ["gcc"], "run": ["libpq5"]}))]
    pub packages: PackageSets,
    /// Who runs it in the image.
    #[schemars(example = serde_json::json!({"name": "app", "uid": 10001, "gid": 10001}))]
    pub user: Option<User>,
    /// Public constants that are there while the image is built, such as those that end up in a frontend's code. Not
    /// for credentials: what an image was built with can be read in it.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"NEXT_PUBLIC_API_URL": "https://api.example.com"}))]
    pub args: BTreeMap<EnvName, Text>,
    /// Secrets that are there, as variables of their names, while dependencies are installed and the program is built, and
    /// in no layer of the image; each is declared under `secrets`.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["NPM_TOKEN"]))]
    pub secrets: Vec<SecretName>,
    /// Who has to find nothing in dependencies and code before there is an image; `forge stacks <name>` lists whom the
    /// stack knows to ask.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["pip-audit"]))]
    pub audit: Vec<String>,
    /// Folders in the context that an environment with `source_mounts` mounts over the image's; the stack's own, if
    /// left out.
    #[schemars(inner(regex(pattern = r"^(\.|[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*)$")), example = serde_json::json!(["src"]))]
    pub sources: Option<Vec<String>>,
}

/// Packages of the image's system by where they are needed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageSets {
    /// While dependencies are installed; not in the image that runs.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["gcc"]))]
    pub build: Vec<Packages>,
    /// In the image that runs.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["libpq5"]))]
    pub run: Vec<Packages>,
}

/// A user of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its name; `app`, if left out.
    #[schemars(example = &"app")]
    pub name: Option<UserName>,
    /// Its number; 10001, if left out. Not 0: that is root.
    #[schemars(range(min = 1, max = 4_294_967_293_u32), example = 10001)]
    pub uid: Option<u32>,
    /// Its group's number; that of the user, if left out.
    #[schemars(range(min = 1, max = 4_294_967_293_u32), example = 10001)]
    pub gid: Option<u32>,
}

/// A user by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// The user. Not 0: that is root.
    #[schemars(range(min = 1, max = 4_294_967_293_u32), example = 65532)]
    pub uid: u32,
    /// Its group.
    #[schemars(range(min = 1, max = 4_294_967_293_u32), example = 65532)]
    pub gid: u32,
}

/// How health is asked for: one of `http`, `tcp`, `command`, `file` and `reaches`, and how often.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Healthcheck {
    /// A path on its port that answers with 2xx or 3xx when this process is well. It should ask nobody else: a
    /// database that is away must not get the service restarted.
    #[schemars(example = &"/healthz")]
    pub http: Option<UrlPath>,
    /// A port that takes connections.
    #[schemars(range(min = 1, max = 65535), example = 8000)]
    pub tcp: Option<u16>,
    /// A command that ends with 0 when all is well, one word an item. It is not given to a shell.
    #[schemars(length(min = 1), example = serde_json::json!(["python", "-m", "app.probe"]))]
    pub command: Option<Vec<Text>>,
    /// A file that the program touches now and then.
    #[schemars(example = serde_json::json!({"path": "/tmp/alive", "max_age": "60s"}))]
    pub file: Option<Heartbeat>,
    /// Something that it needs and that takes connections from it: for workers that listen nowhere and touch no file yet. It
    /// shows that they could work, and not that they do.
    #[schemars(example = &"queue")]
    pub reaches: Option<Name>,
    /// How long between two questions; 30s, if left out.
    #[schemars(example = &"30s")]
    pub interval: Option<Duration>,
    /// How long an answer may take; 5s, if left out.
    #[schemars(example = &"5s")]
    pub timeout: Option<Duration>,
    /// How many failures in a row make it unhealthy; 3, if left out.
    #[schemars(range(min = 1, max = 100), example = 3)]
    pub retries: Option<u32>,
    /// How long failures do not count after the start; meanwhile it is asked every second. The stack's own, if left out.
    #[schemars(example = &"30s")]
    pub start_period: Option<Duration>,
}

/// A file that shows life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The file, in a writable folder.
    #[schemars(example = &"/tmp/alive")]
    pub path: AbsolutePath,
    /// How old it may get.
    #[schemars(example = &"60s")]
    pub max_age: Duration,
}

/// What a service calls: a list of names, or a map with more to say about each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Needs {
    /// `[db, cache]`: outputs under their own names, such as `DB_HOST` and `API_URL`.
    #[schemars(example = serde_json::json!(["db", "cache"]))]
    List(Vec<Name>),
    /// `{db: {environment: {DATABASE_URL: url}}}`.
    #[schemars(example = serde_json::json!({"db": {"environment": {"DATABASE_URL": "url"}}}))]
    Map(BTreeMap<Name, Option<Need>>),
}

impl Default for Needs {
    fn default() -> Needs {
        Needs::List(Vec::new())
    }
}

impl Needs {
    /// Both forms as pairs of name and what was said about it.
    pub fn iter(&self) -> Vec<(&Name, Need)> {
        match self {
            Needs::List(names) => names.iter().map(|name| (name, Need::default())).collect(),
            Needs::Map(needs) => needs.iter().map(|(name, need)| (name, need.clone().unwrap_or_default())).collect(),
        }
    }
}

/// What a service wants from something it calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Which output goes into which variable: `DATABASE_URL: url`, or a text with outputs in braces:
    /// `postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}`. Left out, they come under names of their own.
    #[schemars(example = serde_json::json!({"DATABASE_URL": "url"}))]
    pub environment: Option<BTreeMap<EnvName, String>>,
    /// Whether to start only when it is healthy; true, if left out.
    #[schemars(example = false)]
    pub wait: Option<bool>,
    /// As whom it comes, where a backing has several roles. Left out, it is the `app` of a database that some service
    /// migrates, and its `owner` where nobody does; migrations are always the owner's.
    #[schemars(example = &"app")]
    pub role: Option<String>,
}

/// Which secrets a service reads: a list of names, or a map with more to say about each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SecretUses {
    /// `[SECRET_KEY]`: the file `/run/secrets/SECRET_KEY`.
    #[schemars(example = serde_json::json!(["SECRET_KEY"]))]
    List(Vec<SecretName>),
    /// `{SECRET_KEY: {environment: DJANGO_SECRET_KEY}}`: the file, and a variable for a program that reads no files.
    #[schemars(example = serde_json::json!({"SECRET_KEY": {"environment": "DJANGO_SECRET_KEY"}}))]
    Map(BTreeMap<SecretName, Option<SecretUse>>),
}

impl Default for SecretUses {
    fn default() -> SecretUses {
        SecretUses::List(Vec::new())
    }
}

impl SecretUses {
    /// Both forms as pairs of name and what was said about it.
    pub fn iter(&self) -> Vec<(&SecretName, SecretUse)> {
        match self {
            SecretUses::List(names) => names.iter().map(|name| (name, SecretUse::default())).collect(),
            SecretUses::Map(uses) => uses.iter().map(|(name, it)| (name, it.clone().unwrap_or_default())).collect(),
        }
    }
}

/// How a service reads a secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretUse {
    /// The variable that the entrypoint sets to it, for a program that reads no files.
    #[schemars(example = &"DJANGO_SECRET_KEY")]
    pub environment: Option<EnvName>,
}

/// What runs once per deploy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// What runs, one word an item.
    #[schemars(length(min = 1), example = serde_json::json!(["alembic", "upgrade", "head"]))]
    pub command: Vec<Text>,
    /// How long it may take; 5m, if left out. A locked table would hold up a deploy for ever.
    #[schemars(example = &"5m")]
    pub timeout: Option<Duration>,
    /// Services whose migrations come first, where several migrate one database.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["api"]))]
    pub after: Vec<Name>,
}

/// The tests of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What runs, one word an item; it ends with 0 when all is well. It is not given to a shell.
    #[schemars(length(min = 1), example = serde_json::json!(["pytest", "-q"]))]
    pub command: Vec<Text>,
    /// Whether it may call out to the Internet; false, if left out: tests that ask others fail when those do.
    #[schemars(example = true)]
    pub egress: Option<bool>,
}

/// How much is used and kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// What it may not go beyond.
    #[schemars(example = serde_json::json!({"cpus": 1, "memory": "512M", "pids": 200}))]
    pub limits: Option<Limits>,
    /// What is kept for it.
    #[schemars(example = serde_json::json!({"cpus": 0.25, "memory": "128M"}))]
    pub reservations: Option<Reservations>,
}

/// What may not be gone beyond.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Processor time.
    #[schemars(example = 1)]
    pub cpus: Option<Cpus>,
    /// Memory; beyond it the process is killed. Heaps, workers and caches are sized after it.
    #[schemars(example = &"512M")]
    pub memory: Option<Size>,
    /// Processes and threads.
    #[schemars(range(min = 1, max = 4_194_304), example = 200)]
    pub pids: Option<u32>,
}

/// What is kept for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reservations {
    /// Processor time.
    #[schemars(example = 0.25)]
    pub cpus: Option<Cpus>,
    /// Memory.
    #[schemars(example = &"128M")]
    pub memory: Option<Size>,
}

/// What backs a writable folder: exactly one of `volume` and `tmpfs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Writable {
    /// A named volume: what is written there is kept.
    #[schemars(example = &"uploads")]
    Volume(Name),
    /// Memory: what is written there is gone with the container, and counts as its memory. At most so much.
    #[schemars(example = &"64M")]
    Tmpfs(Size),
}

/// A hardening rule that does not hold somewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The rule; `forge explain <rule>` says what it is for and what an exception changes.
    #[schemars(example = &"read-only-root")]
    pub rule: String,
    /// Why, in one line. It stands as a comment beside what it relaxes.
    #[schemars(example = &"writes its plugins beside itself")]
    pub reason: Line,
}

/// What holds for each service that does not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// How much a service may use, and how much is kept for it.
    #[schemars(example = serde_json::json!({"limits": {"memory": "256M"}}))]
    pub resources: Option<Resources>,
    /// Who runs the images that are built here.
    #[schemars(example = serde_json::json!({"uid": 10001}))]
    pub user: Option<User>,
    /// How long a service gets to end after it was told to.
    #[schemars(example = &"30s")]
    pub stop_grace_period: Option<Duration>,
    /// Where logs go, and how much of each is kept.
    #[schemars(example = serde_json::json!({"max_size": "10M", "max_files": 5}))]
    pub logging: Option<Logging>,
}
