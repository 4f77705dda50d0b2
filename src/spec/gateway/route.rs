//! Who answers what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::scalar::{Name, RoutePath};

/// Who answers a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// On which host, by its name under `hosts`; needed where there are several.
    #[schemars(example = &"main")]
    pub host: Option<Name>,
    /// With a slash at its end it is a prefix, without one it is exact.
    #[schemars(example = &"/api/")]
    pub path: RoutePath,
    /// The service that answers.
    #[schemars(example = &"api")]
    pub to: Name,
    /// The class of requests, by its name under `limits`; `default`, if left out.
    #[schemars(example = &"api")]
    pub limit: Option<Name>,
    /// Whether connections may be upgraded to WebSockets, and may stay silent for an hour.
    #[schemars(example = true)]
    pub websocket: Option<bool>,
}
