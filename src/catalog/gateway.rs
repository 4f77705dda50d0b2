//! What is known about the gateway.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::Checked;
use super::{Formula, NumberFacts, ResourceFacts};
use crate::diagnostic::Path;
use crate::spec::{Duration, Rate, Size};

/// What is known about the gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayFacts {
    /// Its image.
    pub image: Formula,
    /// Who runs it.
    pub user: NumberFacts,
    /// Where it listens in its container.
    pub listen: ListenFacts,
    /// Folders in its container.
    pub folders: FolderFacts,
    /// How long a service may take, where a route says nothing.
    pub timeouts: TimeoutFacts,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
    /// What Mozilla recommends.
    pub tls: TlsFacts,
    /// Who gets certificates.
    pub certificates: CertificatesFacts,
    /// Classes of requests that are there without being declared, by name: `default`, `health` and `login`.
    pub limits: BTreeMap<String, LimitFacts>,
    /// Parts of paths that only those ask for who look for holes.
    pub scanners: Vec<String>,
}

/// Folders in the gateway's container.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderFacts {
    /// What nginx is told.
    pub configuration: String,
    /// Pages for errors.
    pub pages: String,
    /// Files of routes, a folder each.
    pub routes: String,
    /// The switch for maintenance.
    pub switches: String,
    /// Answers that are kept.
    pub answers: String,
}

/// How long a service may take; each is the time between two signs of life.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeoutFacts {
    /// To accept a connection.
    pub connect: Duration,
    /// To answer.
    pub read: Duration,
    /// To take what is sent to it.
    pub send: Duration,
    /// To do either, where a connection may stay silent.
    pub silent: Duration,
}

/// How often one client address may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitFacts {
    /// Requests per second or minute.
    pub rate: Rate,
    /// How many may come at once before that.
    pub burst: u32,
    /// How many of these are answered at once, and not only when the rate allows; all, if left out.
    pub at_once: Option<u32>,
}

/// Ports in the gateway's container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenFacts {
    /// For HTTP.
    pub http: u16,
    /// For HTTPS.
    pub https: u16,
    /// For the container itself: whether it is well, and nginx's counts.
    pub status: u16,
}

/// What Mozilla recommends for TLS on servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFacts {
    /// The version of the guidelines.
    pub guidelines: String,
    /// Each recommendation by its name.
    pub profiles: BTreeMap<String, TlsProfileFacts>,
}

/// What one recommendation is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsProfileFacts {
    /// Versions of TLS, as nginx names them.
    pub protocols: Vec<String>,
    /// Ciphers of TLS 1.2, as OpenSSL names them. Those of TLS 1.3 are OpenSSL's own.
    #[serde(default)]
    pub ciphers: Vec<String>,
    /// Groups for the exchange of keys; `?` before one that older versions of OpenSSL lack.
    pub curves: Vec<String>,
}

/// The container that gets certificates from an authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificatesFacts {
    /// Its image, with the tag that goes with all versions of the gateway.
    pub image: String,
    /// How to ask for health, as compose's `test`.
    pub healthcheck: Vec<Formula>,
    /// How long failures do not count: the first certificates are asked for then.
    pub start_period: Duration,
    /// How much it may use.
    pub resources: ResourceFacts,
    /// Folders in memory.
    pub tmpfs: BTreeMap<String, Size>,
    /// Where it keeps all that it has, in its container; no folder of the image.
    pub folder: String,
    /// The same folder in the gateway's container. The image gives it to the gateway's user, and a new volume gets its
    /// owner from there.
    pub gateway_folder: String,
    /// Let's Encrypt's directory.
    pub directory: String,
    /// Its directory for trying out.
    pub staging: String,
}

impl Checked for GatewayFacts {
    fn check(&self) -> Result<(), (Path, String)> {
        for name in ["intermediate", "modern"] {
            if !self.tls.profiles.contains_key(name) {
                return Err((Path::of(["tls", "profiles"]), format!("there is no profile `{name}`")));
            }
        }
        let plain = |it: &String| it.chars().all(|it| it.is_ascii_alphanumeric() || "/._-".contains(it));
        if let Some(it) = self.scanners.iter().find(|it| !plain(it)) {
            let message = format!("`{}` has more in it than letters, digits and `/._-`", it.escape_debug());
            return Err((Path::of(["scanners"]), message));
        }
        Ok(())
    }
}
