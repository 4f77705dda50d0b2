//! What the gateway refuses before anybody is asked, and how long it waits for clients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Method;
use crate::spec::{Duration, Size};

/// What is refused before any service is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The methods that there are; any other gets 405. Left out: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS.
    /// Besides these there are those of WebDAV: COPY, LOCK, MKCOL, MOVE, PROPFIND, PROPPATCH, REPORT, UNLOCK.
    #[schemars(length(min = 1), example = serde_json::json!(["GET", "HEAD", "POST"]))]
    pub methods: Option<Vec<Method>>,
    /// Whether paths that only those ask for who look for holes (`/wp-login.php`, `/phpmyadmin/`) get 404 here. True, if
    /// left out; a service that has such pages itself wants false.
    #[schemars(example = false)]
    pub scanners: Option<bool>,
}

/// How long the gateway waits for clients, and how much it takes from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// How long for all headers of a request; 15s, if left out.
    #[schemars(example = &"15s")]
    pub header_timeout: Option<Duration>,
    /// How long for the next part of a body; 15s, if left out.
    #[schemars(example = &"15s")]
    pub body_timeout: Option<Duration>,
    /// How long for a client to take the next part of an answer; 30s, if left out.
    #[schemars(example = &"30s")]
    pub send_timeout: Option<Duration>,
    /// How long a connection may stay open without a request; 65s, if left out. `0s` closes it at once.
    #[schemars(example = &"65s")]
    pub keepalive: Option<Duration>,
    /// The longest header, and the longest first line; 8K, if left out.
    #[schemars(example = &"16K")]
    pub max_header_size: Option<Size>,
    /// How many requests one address may have open at once, over all classes; with HTTP/2 each counts. 100, if left out.
    #[schemars(range(min = 1, max = 65_535), example = 100)]
    pub connections: Option<u32>,
}
