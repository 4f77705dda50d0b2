//! Where outputs lie, and what they are called.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComposePath, DockerfilePath, FolderPath, Name};

/// Where outputs lie and what they are called, for folders that are older than forge. Everything that refers to a file
/// follows it. Paths are relative to `forge.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The compose file of each environment; `production` is the spec itself. Those that are not here are `compose.yaml`
    /// and `compose.<environment>.yaml`.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"production": {"file": "docker-compose.production.yml"}}))]
    pub compose: BTreeMap<Name, ComposeFile>,
    /// The Dockerfile of each service that is built; `{service}` is its name. Its ignore file lies beside it, and is called
    /// like it with `.dockerignore` at the end. Left out, both lie in the build context.
    #[schemars(example = &"docker/production/{service}.Dockerfile")]
    pub dockerfile: Option<DockerfilePath>,
    /// The folder with the gateway's configuration; `nginx`, if left out.
    #[schemars(example = &"docker/nginx")]
    pub nginx: Option<FolderPath>,
    /// The folder with scripts for the operator; `scripts`, if left out.
    #[schemars(example = &"ops")]
    pub scripts: Option<FolderPath>,
}

/// The compose file of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposeFile {
    /// Its path.
    #[schemars(example = &"docker-compose.staging.yml")]
    pub file: ComposePath,
    /// Whether it holds everything and is used alone, instead of what differs from production's.
    #[serde(default)]
    #[schemars(example = true)]
    pub whole: bool,
}
