//! Who answers what.

use serde::Serialize;

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
