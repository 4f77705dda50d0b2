//! Where certificates come from, and how TLS is spoken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Which way.
    #[schemars(example = &"files")]
    pub mode: TlsMode,
}

/// Where certificates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Somebody puts them into `secrets/tls/<domain>.crt` and `.key`.
    Files,
    /// `scripts/secrets` makes them; browsers warn. For development.
    SelfSigned,
    /// There is no TLS here: another proxy before the gateway has it.
    None,
}
