//! Secrets of a spec: where their values come from, and what they look like.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{DockerSecretName, Line, ProjectFile, VaultKey, VaultPath};

/// A value that no file of this project may hold: exactly one of `generate`, `supplied`, `external`, `vault`, `sops` and `age`
/// says where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// `scripts/secrets` makes it, from the system's random source.
    #[schemars(example = serde_json::json!({"length": 50}))]
    pub generate: Option<Generate>,
    /// Somebody supplies it; these words say what is asked for.
    #[schemars(example = &"a fine-grained token, contents: read")]
    pub supplied: Option<Line>,
    /// Docker Swarm keeps it: no file of this host has its value. `docker compose up` takes no such secrets, `docker stack
    /// deploy` does.
    #[schemars(example = serde_json::json!({"name": "shop_secret_key_2"}))]
    pub external: Option<ExternalSecret>,
    /// `scripts/secrets` reads it from Vault, with the program `vault` and whatever that one knows of address and login.
    #[schemars(example = serde_json::json!({"path": "secret/shop/api", "key": "token"}))]
    pub vault: Option<Vault>,
    /// `scripts/secrets` decrypts it from a file of this project, with the program `sops` and the keys that it finds.
    #[schemars(example = serde_json::json!({"file": "config/secrets.enc.yaml", "key": ["stripe", "token"]}))]
    pub sops: Option<Sops>,
    /// `scripts/secrets` decrypts it from a file of this project, with the program `age`; `AGE_IDENTITY` is the path of the
    /// key.
    #[schemars(example = serde_json::json!({"file": "config/token.age"}))]
    pub age: Option<Age>,
    /// What is checked about a value that is not made here; any text, if left out.
    #[schemars(example = &"htpasswd")]
    pub format: Option<SecretFormat>,
}

/// How to make a secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How many characters; 48 if left out.
    #[schemars(range(min = 16, max = 4096), example = 50)]
    pub length: Option<u32>,
    /// Which characters; `hex`, if left out.
    #[schemars(example = &"alphanumeric")]
    pub alphabet: Option<Alphabet>,
}

/// What a generated secret is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// Digits and `a` to `f`: 4 bits a character.
    #[default]
    Hex,
    /// Digits and letters, small and capital: almost 6 bits a character.
    Alphanumeric,
    /// Digits, letters, `-` and `_`: 6 bits a character.
    Base64url,
    /// Digits alone: a little more than 3 bits a character.
    Digits,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretFormat {
    /// Users and hashes of their passwords, a line each, as `htpasswd -nB -C 10 USER` prints them: bcrypt with a cost from 8 to
    /// 10, SHA-512 or apr1.
    Htpasswd,
}

/// A secret that Docker Swarm keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalSecret {
    /// What it is called there; as here, if left out.
    #[schemars(example = &"shop_secret_key_2")]
    pub name: Option<DockerSecretName>,
}

/// A value in Vault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Where it is, as `vault kv get` takes it: the mount and the path below it.
    #[schemars(example = &"secret/shop/api")]
    pub path: VaultPath,
    /// Which of the values there.
    #[schemars(example = &"token")]
    pub key: VaultKey,
}

/// A value in a file that sops encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sops {
    /// The file, relative to forge.yaml.
    #[schemars(example = &"config/secrets.enc.yaml")]
    pub file: ProjectFile,
    /// The keys that lead to the value, the outermost first; the whole file, if left out.
    #[serde(default)]
    #[schemars(example = serde_json::json!(["stripe", "token"]))]
    pub key: Vec<VaultKey>,
}

/// A file that age encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// The file, relative to forge.yaml.
    #[schemars(example = &"config/token.age")]
    pub file: ProjectFile,
}
