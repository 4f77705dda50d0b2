//! What is decided about CI.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Action;
use super::image::Reference;

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
    /// The folder with the source, as in [`Image::context`](super::Image::context).
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
