//! The resolved spec: every name checked, every default filled in. What targets and templates see, and all they see.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::diagnostic::Path;
use crate::spec::{Cpus, Duration, Rate};
/// Values of a spec that need no resolving.
pub use crate::spec::{Generate, Secret, Size, TlsMode, VariableType};

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
    /// Named volumes.
    pub volumes: BTreeSet<String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Variables of `.env` that something uses, by name.
    pub variables: BTreeMap<String, Variable>,
    /// Where files lie.
    pub layout: Layout,
    /// What is changed in files after they are made, in order.
    #[serde(skip)]
    pub patches: Vec<Patch>,
    /// How much of each log is kept.
    pub logging: Logging,
    /// The grace period of most containers.
    pub stop_grace_period: Duration,
    /// Who checks, builds and deploys.
    pub ci: Option<Ci>,
}

/// Who checks, builds and deploys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ci {
    /// A folder of the catalogue's `ci/`.
    pub provider: String,
    /// Where each of its files lies, by the template.
    #[serde(skip)]
    pub files: BTreeMap<String, String>,
    /// The branch whose commits are delivered.
    pub branch: String,
    /// The machine that jobs run on, where the spec says.
    pub runner: Option<String>,
    /// Where images are pushed, if anywhere.
    pub registry: Option<Registry>,
    /// What stops an image.
    pub scan: Scan,
    /// What is asked about each service.
    pub audits: Vec<Audit>,
    /// What Dependabot calls those who install the dependencies of a service, by its name.
    pub ecosystems: BTreeMap<String, String>,
    /// Whether images are signed.
    pub sign: bool,
    /// When all images are built anew.
    pub rebuild: Option<String>,
    /// When newer digests are looked for.
    pub lock: Option<String>,
    /// Where versions go; production last.
    pub deploys: Vec<Deploy>,
    /// Which forge jobs install.
    pub forge: Forge,
    /// The actions that workflows use, by name.
    pub actions: BTreeMap<String, Action>,
    /// The images that jobs run tools from, by the names that templates use.
    pub images: BTreeMap<String, Reference>,
    /// Who proposes newer digests; `None` is the job itself.
    pub bot: Option<Bot>,
    /// The bot that raises what generated files name, where its configuration is one of them: `dependabot`.
    pub updates: Option<&'static str>,
}

/// Where images are pushed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registry {
    /// Its host, which Docker logs in to: `ghcr.io`.
    pub host: String,
    /// What its images begin with, as the spec has it: `ghcr.io/acme`.
    pub prefix: String,
    /// How.
    pub login: Login,
}

/// How a job logs in to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Login {
    /// GitHub's, with the token of the job.
    Ghcr,
    /// GitLab's, with the token of the job.
    Gitlab,
    /// Amazon's.
    Ecr {
        /// The role that jobs take on.
        role: String,
        /// The region of the registry.
        region: String,
    },
    /// Google's.
    Gar {
        /// The workload identity provider.
        identity_provider: String,
        /// The service account.
        service_account: String,
    },
    /// Azure's.
    Acr {
        /// The application.
        client: String,
        /// Its tenant.
        tenant: String,
        /// Its subscription.
        subscription: String,
        /// The registry's name: the first label of its host.
        name: String,
    },
    /// A name and a token.
    Token {
        /// The variable with the name.
        username: String,
        /// The secret with the token.
        secret: String,
    },
}

/// What stops an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// The severities that do, as Trivy calls them, the least one first.
    pub severities: Vec<&'static str>,
    /// Whether those count, too, that nobody mended yet.
    pub unfixed: bool,
}

/// Something that is asked about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The service.
    pub service: String,
    /// Who is asked: `pip-audit`.
    pub name: String,
    /// The folder with the source, as in [`Image::context`].
    pub context: String,
    /// The image that it runs in.
    pub image: Reference,
    /// What runs there, by a POSIX shell.
    pub script: String,
    /// The variable that holds its token, and the secret that this is.
    pub token: Option<(String, String)>,
}

/// How a version gets to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deploy {
    /// The environment; `production` is the base.
    pub environment: String,
    /// What runs, one word an item.
    pub command: Vec<String>,
    /// Secrets that it finds in variables of their names.
    pub secrets: Vec<String>,
    /// The machine that it runs on, where the spec says.
    pub runner: Option<String>,
    /// Whether somebody has to approve.
    pub approval: bool,
}

/// Which forge jobs install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forge {
    /// Its repository on GitHub: `forge-rs/forge`.
    pub repository: String,
    /// The release that wrote the files.
    pub version: String,
    /// Whether that was released: whether there is a tag of it.
    pub released: bool,
    /// The commit that the spec names, if it names one.
    pub revision: Option<String>,
}

/// Who proposes newer digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Bot {
    /// An app of GitHub's.
    App {
        /// The variable with its client ID.
        client: String,
        /// The secret with its private key.
        secret: String,
    },
    /// Whom a token belongs to.
    Token {
        /// The secret with the token.
        secret: String,
    },
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

/// How much of a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Logging {
    /// When a new file is begun.
    pub max_size: Size,
    /// How many files are kept.
    pub max_files: u32,
}

/// A network between containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Without a way out.
    pub internal: bool,
}

/// A setting that the operator makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// What it holds.
    pub kind: VariableType,
    /// Whether compose refuses to start without it.
    pub required: bool,
    /// Its value where none is set.
    pub default: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// An image that is built here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Image {
    /// The service that it is named after.
    pub name: String,
    /// `shop-api`, for its labels.
    pub title: String,
    /// `ghcr.io/acme/shop-api`, without a tag.
    pub repository: String,
    /// The stack's name.
    pub stack: String,
    /// The stack's version.
    pub version: String,
    /// What the spec chose, defaults filled in.
    pub options: Map<String, Value>,
    /// The folder with the source, relative to the project, without `./`; empty is the project itself.
    pub context: String,
    /// What else of forge's lies in that folder, relative to it: nothing that the image needs.
    pub beside: Vec<String>,
    /// Files that forge makes for it.
    pub files: ImageFiles,
    /// Images that it builds on, by the stack's names for them.
    pub images: BTreeMap<String, Reference>,
    /// What else the stack's Dockerfile wants to know of what was chosen, by the stack's names for it.
    pub values: BTreeMap<String, String>,
    /// What stands in for the container's environment in builds that read it, by variable.
    pub stand_ins: BTreeMap<String, String>,
    /// What installs packages and makes users in the last stage: `debian`, `alpine`, or `distroless`, which does neither.
    pub system: &'static str,
    /// What does so in the stages before it.
    pub build_system: &'static str,
    /// The stage that it is; the last, if none is named.
    pub target: Option<String>,
    /// Whether the Dockerfile is the author's own, so that forge makes no file for it.
    pub own_dockerfile: bool,
    /// The service whose Dockerfile this is a stage of, where it is a companion's.
    pub companion_of: Option<String>,
    /// Constants that are there while it is built.
    pub args: BTreeMap<String, String>,
    /// Secrets that are there, as variables of their names, while it is built.
    pub build_secrets: BTreeSet<String>,
    /// Who has to find nothing before there is an image.
    pub audits: Vec<BuildAudit>,
    /// The folder in the image that holds the program.
    pub workdir: String,
    /// Packages of the system.
    pub packages: Packages,
    /// Who runs it.
    pub user: User,
    /// Ports it listens on, sorted.
    pub ports: Vec<u16>,
    /// What runs, one word an item.
    pub command: Vec<String>,
    /// How to ask for health; `None` when an exception lifted the rule.
    pub healthcheck: Option<Healthcheck>,
    /// What runs before the command, where there is something for it to do.
    pub entrypoint: Option<Entrypoint>,
    /// Variables that the entrypoint makes from secrets.
    pub secret_variables: BTreeMap<String, SecretVariable>,
    /// Variables that the entrypoint insists on.
    pub required: BTreeSet<String>,
    /// Secrets whose files the entrypoint insists on.
    pub secrets: BTreeSet<String>,
    /// Variables of `.env` that the service reads.
    pub variables: BTreeMap<String, Variable>,
    /// Folders that volumes are mounted on, which take owner and mode from the image.
    pub volumes: BTreeSet<String>,
    /// Files that the build reads from the context; a slash at the end means a folder. Of several with `|` between them,
    /// one is enough.
    pub reads: Vec<String>,
    /// Lockfiles of other package managers, with what the option `package_manager` calls those.
    #[serde(skip)]
    pub foreign_lockfiles: BTreeMap<String, String>,
    /// How long it gets to end, in seconds.
    pub grace: u64,
    /// Whole processors it may use.
    pub cpus: u64,
    /// Its tests, if it has any.
    pub test: Option<Test>,
}

/// A check that an image is not made without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildAudit {
    /// Who is asked: `npm-audit`.
    pub name: String,
    /// Its image, among those that the image builds on.
    pub image: String,
    /// What runs there, by a POSIX shell.
    pub script: String,
    /// The folder that keeps what it downloads.
    pub cache: Option<String>,
    /// The secret with its token, which is the variable that it reads, too.
    pub token: Option<String>,
}

/// What runs before the command of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entrypoint {
    /// Its name in `/usr/local/bin`: `docker-entrypoint.sh`.
    pub file: String,
    /// How it is run.
    pub command: Vec<String>,
    /// Its template.
    #[serde(skip)]
    pub template: String,
    /// Whether a stage makes a program of it, and puts that where `command` looks for it.
    pub compiled: bool,
    /// A command that ends with 0 when a connection is taken at a host and a port, its last two words; without one,
    /// an entrypoint for a shell waits for nobody.
    pub connect: Vec<String>,
}

/// The tests of a service, which run in a stage of its image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Test {
    /// What runs, one word an item.
    pub command: Vec<String>,
    /// Whether it may call out.
    pub egress: bool,
}

/// The files that forge makes for an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageFiles {
    /// `api/Dockerfile`, or `api/api.Dockerfile` where two services share a context; relative to the project.
    pub dockerfile: String,
    /// `api/.dockerignore`, or `api/api.Dockerfile.dockerignore`; relative to the project.
    pub dockerignore: String,
    /// `docker-entrypoint.sh`, or `api.docker-entrypoint.sh`; relative to the context, from which it is copied.
    pub entrypoint: String,
    /// What else the stack wants beside the source, by its names with `_` for `.`: `nginx_conf`.
    pub others: BTreeMap<String, OtherFile>,
}

/// A file of a stack's own beside the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherFile {
    /// `nginx.conf`, or `site.nginx.conf`.
    pub name: String,
    /// The template in the stack's folder.
    pub template: String,
}

/// Debian packages by where they are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Packages {
    /// While dependencies are installed.
    pub build: Vec<String>,
    /// In the image that runs.
    pub run: Vec<String>,
}

/// A user of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's.
    pub gid: u32,
    /// Whether the base image has it, or needs no entry for it.
    pub exists: bool,
    /// Users of the base image that go, because it has one of their numbers.
    pub replaces: Vec<String>,
}

/// A variable that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretVariable {
    /// The secret's name.
    pub secret: String,
    /// Whether it goes before the `@` of the URL that the variable has; otherwise it is the value.
    pub url: bool,
}

/// Something that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Container {
    /// Its name, which is its host name to others.
    pub name: String,
    /// Why it is there.
    pub role: Role,
    /// What it runs.
    pub image: ImageRef,
    /// What its command is given to, where the image's own entrypoint will not do.
    pub entrypoint: Vec<String>,
    /// Its command, where the image's own will not do.
    pub command: Option<Vec<String>>,
    /// Its environment variables.
    pub environment: BTreeMap<String, Env>,
    /// Names of secrets that it reads.
    pub secrets: BTreeSet<String>,
    /// Secrets that it finds under another's name, by that name: a migration reads the owner's password where the
    /// service reads its own.
    pub borrowed_secrets: BTreeMap<String, String>,
    /// Files of the project that it reads, by their paths in it.
    pub files: BTreeMap<String, ConfigFile>,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// Limits of its processes that differ from the engine's; -1 is none.
    pub ulimits: BTreeMap<String, i64>,
    /// Names of networks that it is on.
    pub networks: BTreeSet<String>,
    /// What it waits for, by name.
    pub waits: BTreeMap<String, Wait>,
    /// How to ask for health; `None` for one-shots and where an exception lifted the rule.
    pub healthcheck: Option<Healthcheck>,
    /// Who runs it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
    /// What is mounted, by path.
    pub mounts: BTreeMap<String, Mount>,
    /// How many run.
    pub replicas: u32,
    /// How much it may use.
    pub resources: Resources,
    /// Whether PID 1 needs an init before it.
    pub init: bool,
    /// How long it gets to end.
    pub stop_grace_period: Duration,
    /// Size of `/dev/shm`, as compose writes it.
    pub shm_size: Option<String>,
    /// The port on which it answers.
    pub port: Option<u16>,
    /// Rules that do not hold for it, with the reasons.
    pub lifted: BTreeMap<String, String>,
    /// Comments for the compose file, by key.
    pub comments: BTreeMap<String, String>,
    /// Where the values came from, by path below the service; what is not here is forge's own.
    #[serde(skip)]
    pub origins: Vec<(&'static str, Origin)>,
    /// Where environment variables came from that the spec does not list under `environment`, by name.
    #[serde(skip)]
    pub environment_origins: BTreeMap<String, Origin>,
}

/// A file of the project that a container reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigFile {
    /// Its name among all such files: `db-10-roles.sh`.
    pub name: String,
    /// Its path in the project.
    pub path: String,
    /// How forge makes it; `None` where its author does.
    pub made: Option<MadeFile>,
}

/// How a file for a backing is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MadeFile {
    /// The template's name: `backings/postgres/roles.sh.j2`.
    pub template: String,
    /// What the template sees, as `backing`.
    pub values: Value,
}

/// Why a container is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A service of the spec.
    Service,
    /// The one-shot of the named service.
    Migration(String),
    /// A further container of the named service.
    Companion(String),
    /// A backing of the spec.
    Backing,
    /// A one-shot of the named backing.
    Job(String),
    /// nginx.
    Gateway,
}

/// What a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageRef {
    /// One of [`Project::images`], by name.
    Built(String),
    /// Somebody else's.
    Named(Reference),
}

/// Somebody else's image, written into files as `python:3.13-slim@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name with its tag, as spec and catalogue have it.
    pub name: String,
    /// What that stands for, where it is locked: `sha256:…`.
    pub digest: Option<String>,
}

impl Reference {
    /// By its tag alone.
    pub fn tagged(name: impl Into<String>) -> Reference {
        Reference { name: name.into(), digest: None }
    }

    /// Whether its author wrote a digest, so that there is nothing to lock.
    pub fn is_fixed(&self) -> bool {
        self.name.contains('@')
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.digest.iter().try_for_each(|it| write!(f, "@{it}"))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Env {
    /// This text.
    Text(String),
    /// What the operator sets: the variable of the same name.
    Variable,
}

/// What a container waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// That it was started.
    ServiceStarted,
    /// That it is well.
    ServiceHealthy,
    /// That it ended with 0.
    ServiceCompletedSuccessfully,
}

/// How to ask for health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Healthcheck {
    /// As compose's `test`: `CMD` or `CMD-SHELL` first.
    pub test: Vec<String>,
    /// Between two questions.
    pub interval: Duration,
    /// For an answer.
    pub timeout: Duration,
    /// How many failures in a row.
    pub retries: u32,
    /// How long failures do not count.
    pub start_period: Duration,
}

/// Something mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mount {
    /// A named volume.
    Volume(String),
    /// A folder of this host, relative to the project; read-only.
    Bind(String),
}

/// How much a container may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// Limit of processor time.
    pub cpus: Cpus,
    /// Limit of memory.
    pub memory: Size,
    /// Limit of processes and threads.
    pub pids: u32,
    /// Processor time that is kept for it.
    pub reserved_cpus: Cpus,
    /// Memory that is kept for it.
    pub reserved_memory: Size,
}

/// What nginx is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// The names it answers to.
    pub hosts: Vec<Host>,
    /// Where certificates come from.
    pub tls: TlsMode,
    /// Where it listens on the host.
    pub ports: HostPorts,
    /// Classes of requests that routes use.
    pub limits: BTreeMap<String, Limit>,
    /// Who is asked.
    pub upstreams: Vec<Upstream>,
    /// Proxies before it that are believed.
    pub trusted_proxies: Vec<String>,
    /// The largest body of a request, in mebibytes.
    pub max_body_mib: u64,
    /// How many large bodies one client may send at a time, so that it does not fill the folder in which they wait.
    pub uploads: u64,
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
}

/// Who answers a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The path.
    pub path: String,
    /// Whether only this path; otherwise all below it too.
    pub exact: bool,
    /// The upstream's name.
    pub to: String,
    /// The class of requests.
    pub limit: String,
    /// Whether connections may be upgraded.
    pub websocket: bool,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// The service.
    pub name: String,
    /// The container that answers.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// How often one client address may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Requests per time.
    pub rate: Rate,
    /// At once before that.
    pub burst: u32,
    /// Open at once; `None` is the limit for everything.
    pub connections: Option<u32>,
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
    /// What the variables that change them begin with: `SHOP`, `SHOP_DEVELOPMENT`.
    pub prefix: String,
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

impl Variable {
    /// As the spec declares it.
    pub fn of(declared: &crate::spec::Variable) -> Variable {
        Variable {
            kind: declared.kind,
            required: declared.required,
            default: declared.default.as_ref().map(|it| it.0.clone()),
            description: declared.description.as_ref().map(|it| it.0.clone()),
        }
    }
}

impl Image {
    /// All secrets that a build of it reads.
    pub fn secrets_while_built(&self) -> BTreeSet<&str> {
        let tokens = self.audits.iter().filter_map(|it| it.token.as_deref());
        self.build_secrets.iter().map(String::as_str).chain(tokens).collect()
    }
}

impl Project {
    /// The compose project's name: environments beside production must not share its containers and volumes.
    pub fn compose_name(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{}-{environment}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Layout {
    /// The path of a script for the operator.
    pub fn script(&self, name: &str) -> String {
        format!("{}/{name}", self.scripts)
    }
}

impl Container {
    /// One of `name` that runs `image` as `user` (the numbers of user and group), and has nothing else yet.
    pub fn new(name: &str, role: Role, image: ImageRef, user: (u32, u32), resources: Resources) -> Container {
        Container {
            name: name.to_owned(),
            role,
            image,
            entrypoint: Vec::new(),
            command: None,
            environment: BTreeMap::new(),
            secrets: BTreeSet::new(),
            borrowed_secrets: BTreeMap::new(),
            files: BTreeMap::new(),
            labels: BTreeMap::new(),
            ulimits: BTreeMap::new(),
            networks: BTreeSet::new(),
            waits: BTreeMap::new(),
            healthcheck: None,
            uid: user.0,
            gid: user.1,
            tmpfs: BTreeMap::new(),
            mounts: BTreeMap::new(),
            replicas: 1,
            resources,
            init: false,
            stop_grace_period: Duration(30),
            shm_size: None,
            port: None,
            lifted: BTreeMap::new(),
            comments: BTreeMap::new(),
            origins: Vec::new(),
            environment_origins: BTreeMap::new(),
        }
    }

    /// Whether it runs to an end.
    pub fn is_one_shot(&self) -> bool {
        matches!(self.role, Role::Migration(_) | Role::Job(_))
    }
}
