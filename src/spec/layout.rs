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

/// Folders of others in which nothing can lie that forge writes.
const FOLDERS: [&str; 6] = [".forge", ".git", ".hg", ".svn", "forge-templates", "secrets"];

/// Files that people write, and other tools.
const FILES: [&str; 5] = [".gitattributes", ".gitignore", ".gitmodules", "forge.lock", "forge.yaml"];

/// Why nothing that forge writes can lie at `path`, which is relative to the project; `None` where it can.
pub fn not_ours(path: &str) -> Option<String> {
    // Some systems take names for the same that differ in case.
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    match lower.split('/').find(|it| FOLDERS.contains(it)) {
        Some(folder) => Some(format!("nothing that forge writes can lie in `{folder}`")),
        None if name.starts_with(".env") || FILES.contains(&name) => Some(format!("`{name}` is a file of yours")),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::not_ours;

    #[test]
    fn what_others_own_is_refused_whatever_its_case() {
        for path in [
            ".env",
            "a/.env.local",
            "forge.yaml",
            "Forge.Lock",
            ".forge/x",
            "a/.GIT/hooks/x",
            "secrets",
            "forge-templates/ci/x",
        ] {
            assert!(not_ours(path).is_some(), "{path}");
        }
        for path in ["compose.yaml", ".github/workflows/check.yml", "docker/secret/x", "environment", ".gitlab-ci.yml"]
        {
            assert_eq!(not_ours(path), None, "{path}");
        }
    }
}
