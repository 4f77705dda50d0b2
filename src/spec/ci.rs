//! Who checks, builds and deploys, and how.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Branch, Commit, Cron, Id, Label, Name, Role, SecretName, Text};

/// Continuous integration: checks of every change, and what is delivered from one branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ci {
    /// Who runs it: `github`, `gitlab`, or a folder of your own, `forge-templates/ci/<name>`.
    #[schemars(example = &"github")]
    pub provider: String,
    /// The branch whose commits are delivered; `main`, if left out.
    ///
    /// GitHub runs schedules on the default branch only. Where this is another one, the workflows have to lie on the default
    /// branch, too: the rebuild starts this branch's from there, and newer digests are proposed for this branch.
    #[schemars(example = &"main")]
    pub branch: Option<Branch>,
    /// The machine that jobs run on: a label of runners on GitHub (`ubuntu-24.04`, if left out), a tag on GitLab.
    ///
    /// A machine of one's own needs bash, git, curl and cargo, from which forge is installed, docker with buildx and compose,
    /// jq (1.6 or newer) and gh; on GitLab, a runner with the docker executor, and privileged, for an engine in the job.
    #[schemars(example = &"ubuntu-24.04")]
    pub runner: Option<Label>,
    /// How jobs log in where images are pushed. Left out, `registry` tells it: GHCR and GitLab's registry take the job's
    /// own token, Docker Hub and others a name, which is a variable of the repository, and a token, which is a secret. What
    /// only fetches images, such as tests, logs in where an image is built on one of that registry.
    #[schemars(example = serde_json::json!({"ecr": {"role": "arn:aws:iam::123456789012:role/ci"}}))]
    pub login: Option<Login>,
    /// What is found in images, and from when on it stops a delivery.
    #[schemars(example = serde_json::json!({"severity": "high"}))]
    pub scan: Option<Scan>,
    /// What is asked about dependencies and code. All that needs no account is on.
    #[schemars(example = serde_json::json!({"snyk": {"secret": "SNYK_TOKEN"}}))]
    pub audit: Option<Audit>,
    /// Whether images are signed with the identity of the job that built them, without a key (cosign); true, if left out.
    /// An image of an earlier commit is used again only where its signature says that the same job built it.
    #[schemars(example = false)]
    pub sign: Option<bool>,
    /// What runs without a change of the sources.
    #[schemars(example = serde_json::json!({"rebuild": "17 3 * * 1"}))]
    pub schedule: Option<Schedule>,
    /// Where a delivered version goes, by environment: `production` is the spec itself. Production comes last, and all
    /// run the images that were scanned, by digest.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"production": {"command": ["./deploy.sh"], "secrets": ["DEPLOY_KEY"]}}))]
    pub deploy: BTreeMap<Name, Deploy>,
    /// Who proposes newer digests. Left out, the job does so with its own token, which may change no workflows of GitHub, and
    /// what it opens is not checked before somebody opens it again.
    #[schemars(example = serde_json::json!({"app": {"client": "FORGE_APP_CLIENT", "key": "FORGE_APP_KEY"}}))]
    pub bot: Option<Bot>,
    /// The bot that raises what files name: `dependabot` makes a `.github/dependabot.yml` for actions, digests of images and
    /// the packages of each service. For Renovate, `forge lock --renovate` gives a configuration.
    #[schemars(example = &"dependabot")]
    pub updates: Option<Updates>,
    /// Which commit of forge's own repository the jobs install. Left out, they install the release that wrote them, by
    /// its tag; before there is a release, the newest commit.
    #[schemars(example = serde_json::json!({"revision": "4f2b0c1d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"}))]
    pub forge: Option<Install>,
}

/// How a job logs in to a registry: exactly one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Login {
    /// GitHub's container registry, with the token of the job.
    #[schemars(example = serde_json::json!({}))]
    Ghcr(Nothing),
    /// GitLab's container registry, with the token of the job.
    #[schemars(example = serde_json::json!({}))]
    Gitlab(Nothing),
    /// Amazon's, with a role that trusts the provider's OpenID Connect. The region is that of the registry's name.
    #[schemars(example = serde_json::json!({"role": "arn:aws:iam::123456789012:role/ci"}))]
    Ecr(Ecr),
    /// Google's Artifact Registry, with a workload identity.
    #[schemars(example = serde_json::json!({"identity_provider": "projects/1234/locations/global/workloadIdentityPools/ci/providers/github", "service_account": "ci@acme.iam.gserviceaccount.com"}))]
    Gar(Gar),
    /// Azure's, with a federated credential.
    #[schemars(example = serde_json::json!({"client": "5ad1c9f2-0000-4000-8000-000000000001", "tenant": "5ad1c9f2-0000-4000-8000-000000000002", "subscription": "5ad1c9f2-0000-4000-8000-000000000003"}))]
    Acr(Acr),
    /// Any other, and Docker Hub: a name, a variable of the repository, and a token, a secret.
    #[schemars(example = serde_json::json!({"username": "REGISTRY_USERNAME", "secret": "REGISTRY_TOKEN"}))]
    Token(Token),
}

/// There is nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A login to Amazon's registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ecr {
    /// The role that jobs take on.
    #[schemars(example = &"arn:aws:iam::123456789012:role/ci")]
    pub role: Role,
}

/// A login to Google's registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gar {
    /// The whole name of the workload identity provider.
    #[schemars(example = &"projects/1234/locations/global/workloadIdentityPools/ci/providers/github")]
    pub identity_provider: Role,
    /// The service account that jobs act as.
    #[schemars(example = &"ci@acme.iam.gserviceaccount.com")]
    pub service_account: Role,
}

/// A login to Azure's registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acr {
    /// The application, or managed identity, that jobs act as.
    #[schemars(example = &"5ad1c9f2-0000-4000-8000-000000000001")]
    pub client: Id,
    /// Its tenant.
    #[schemars(example = &"5ad1c9f2-0000-4000-8000-000000000002")]
    pub tenant: Id,
    /// The subscription that the registry belongs to.
    #[schemars(example = &"5ad1c9f2-0000-4000-8000-000000000003")]
    pub subscription: Id,
}

/// A login with a name and a token. The name is a variable of the repository and no secret: it stands in the names of images,
/// and GitHub would drop each output of a job that holds one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The variable that holds the name; `REGISTRY_USERNAME`, if left out.
    #[schemars(example = &"DOCKERHUB_USERNAME")]
    pub username: Option<SecretName>,
    /// The secret that holds the token; `REGISTRY_TOKEN`, if left out.
    #[schemars(example = &"DOCKERHUB_TOKEN")]
    pub secret: Option<SecretName>,
}

/// What stops an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// The least severe vulnerability that stops it; `high`, if left out.
    #[schemars(example = &"critical")]
    pub severity: Option<Threshold>,
    /// Whether those count, too, for which there is no newer version yet; false, if left out: nobody here could mend them.
    #[schemars(example = true)]
    pub unfixed: Option<bool>,
}

/// How severe a vulnerability is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// All are.
    Low,
    /// Medium, high and critical ones.
    Medium,
    /// High and critical ones.
    #[default]
    High,
    /// Critical ones only.
    Critical,
}

/// What is asked about dependencies and code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Known vulnerabilities of what the lockfile names (pip-audit, npm audit); true, if left out.
    #[schemars(example = false)]
    pub dependencies: Option<bool>,
    /// Mistakes in the code itself (bandit, for Python); true, if left out.
    #[schemars(example = false)]
    pub code: Option<bool>,
    /// Snyk, which wants an account.
    #[schemars(example = serde_json::json!({"secret": "SNYK_TOKEN"}))]
    pub snyk: Option<Account>,
    /// Safety, for Python, which wants an account.
    #[schemars(example = serde_json::json!({"secret": "SAFETY_API_KEY"}))]
    pub safety: Option<Account>,
}

/// An account with somebody who is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The secret of the repository that holds its token.
    #[schemars(example = &"SNYK_TOKEN")]
    pub secret: SecretName,
}

/// What runs without a change of the sources, as cron writes it, in UTC; `never` switches it off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Checks, builds and scans all anew, and delivers it; Mondays at 3:17, if left out. On GitLab it is a variable of a
    /// pipeline schedule, which is made there.
    ///
    /// An image that is built anew takes over the tag `source-…`, by which later deliveries find it: where the registry lets
    /// no tag be moved, those have to be an exception, or the next delivery goes back to the older image.
    #[schemars(example = &"17 3 * * 1")]
    pub rebuild: Option<Cron>,
    /// Looks for newer digests and proposes them; Mondays at 4:17, if left out.
    #[schemars(example = &"17 4 * * 1")]
    pub lock: Option<Cron>,
}

/// Who proposes newer digests: exactly one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bot {
    /// An app of GitHub's, installed in the repository, that may write contents, pull requests and workflows.
    #[schemars(example = serde_json::json!({"client": "FORGE_APP_CLIENT", "key": "FORGE_APP_KEY"}))]
    App(App),
    /// A token that may do the same; on GitLab, one of the project that may write to the repository.
    #[schemars(example = serde_json::json!({"secret": "FORGE_TOKEN"}))]
    Token(Account),
}

/// An app of GitHub's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The variable of the repository that holds its client ID.
    #[schemars(example = &"FORGE_APP_CLIENT")]
    pub client: SecretName,
    /// The secret of the repository that holds its private key.
    #[schemars(example = &"FORGE_APP_KEY")]
    pub key: SecretName,
}

/// A bot whose configuration forge writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Updates {
    /// GitHub's own.
    Dependabot,
}

/// How a version gets to where it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// What runs, one word an item, in the project's folder. It finds the version in the variable that compose reads
    /// (`SHOP_VERSION`), and in the one called `IMAGES` a compose file that names each image by its digest.
    #[schemars(length(min = 1), example = serde_json::json!(["./deploy.sh"]))]
    pub command: Vec<Text>,
    /// Secrets of the repository, or of the environment there, that it finds in variables of the same names; none of them is
    /// one that shells, docker or the machine look for, such as `PATH`.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["DEPLOY_KEY"]))]
    pub secrets: Vec<SecretName>,
    /// The machine that it runs on, where that is another one than for the other jobs.
    #[schemars(example = &"production-host")]
    pub runner: Option<Label>,
    /// For `production` only, which is no entry of `environments`: whether somebody has to approve; true, if left out.
    #[schemars(example = false)]
    pub approval: Option<bool>,
}

/// Which forge the jobs install.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// A commit of its repository.
    #[schemars(example = &"4f2b0c1d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c")]
    pub revision: Commit,
}
