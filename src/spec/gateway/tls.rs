//! Where certificates come from, and how TLS is spoken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Duration;
use crate::spec::scalar::{Email, FolderPath, HttpsUrl};

/// Where certificates come from, and how TLS is spoken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Which way.
    #[schemars(example = &"acme")]
    pub mode: TlsMode,
    /// What is offered to clients: one of Mozilla's recommendations for servers; `intermediate`, if left out.
    #[schemars(example = &"intermediate")]
    pub profile: Option<TlsProfile>,
    /// What browsers are told to keep: that these names speak nothing but TLS.
    #[schemars(example = serde_json::json!({"max_age": "730d"}))]
    pub hsts: Option<Hsts>,
    /// With `acme`: where the authority writes to before a certificate runs out unrenewed.
    #[schemars(example = &"ops@example.com")]
    pub email: Option<Email>,
    /// With `acme`: whether the certificates are Let's Encrypt's for trying out, which browsers do not trust and of which
    /// there are many more to have. False, if left out.
    #[schemars(example = true)]
    pub staging: Option<bool>,
    /// With `acme`: the directory of another authority than Let's Encrypt.
    #[schemars(example = &"https://ca.internal:9000/acme/acme/directory")]
    pub directory: Option<HttpsUrl>,
    /// With `directory`: a file of this project with the certificates that the authority's own is checked against, PEM;
    /// needed where it is none that everybody trusts.
    #[schemars(example = &"deploy/ca.pem")]
    pub ca: Option<FolderPath>,
}

/// Where certificates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// An authority gives them to whoever answers under the names, such as Let's Encrypt: a container `certificates` asks
    /// for them, and renews them. Port 80 of the names has to lead here.
    Acme,
    /// Somebody puts them into `secrets/tls/<domain>.crt` and `.key`.
    Files,
    /// `scripts/secrets` makes them; browsers warn. For development.
    SelfSigned,
    /// There is no TLS here: another proxy before the gateway has it.
    None,
}

impl TlsMode {
    /// Whether certificates are files in `secrets/tls`.
    pub fn is_by_files(self) -> bool {
        matches!(self, TlsMode::Files | TlsMode::SelfSigned)
    }
}

/// One of Mozilla's recommendations for TLS on servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3: for everybody's browsers of the last ten years.
    #[default]
    Intermediate,
    /// TLS 1.3 alone: for clients that are known to be new.
    Modern,
}

/// What browsers keep of a name: that it speaks nothing but TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// How long after the last visit; 730d, if left out. `0s` makes them forget.
    #[schemars(example = &"730d")]
    pub max_age: Option<Duration>,
    /// Whether it holds for all names below, whoever serves them. False, if left out.
    #[schemars(example = true)]
    pub subdomains: Option<bool>,
    /// Whether browsers may be delivered with it (hstspreload.org): that is hard to take back. False, if left out.
    #[schemars(example = true)]
    pub preload: Option<bool>,
}
