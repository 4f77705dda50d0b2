//! How TLS is spoken, and where certificates are.

use serde::Serialize;

/// What is offered to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsProfile {
    /// What Mozilla calls it: `intermediate`.
    pub name: String,
    /// The version of Mozilla's guidelines.
    pub guidelines: String,
    /// Versions of TLS.
    pub protocols: Vec<String>,
    /// Ciphers of TLS 1.2; none where it is not spoken.
    pub ciphers: Vec<String>,
    /// Groups for the exchange of keys.
    pub curves: Vec<String>,
}

/// What browsers keep of a name: that it speaks nothing but TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hsts {
    /// How long, in seconds.
    pub max_age: u64,
    /// Whether it holds for all names below.
    pub subdomains: bool,
    /// Whether browsers may be delivered with it.
    pub preload: bool,
}

/// Where certificates of an authority are, as the gateway sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acme {
    /// The volume that the gateway shares with who gets them.
    pub volume: String,
    /// Where it is mounted in the container that asks for them.
    pub kept: String,
    /// Where it is mounted in the gateway.
    pub folder: String,
    /// The folder in it with a folder for each certificate.
    pub live: String,
}
