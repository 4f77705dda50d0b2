//! Changes of generated files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Exception, FolderPath};

/// A change of a generated file at a place in it. Exactly one of `set`, `add`, `before`, `after` and `remove`.
///
/// What a patch writes stands in the file as it is: here `$` is what it is in that file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The file, as `forge generate` calls it.
    #[schemars(example = &"compose.yaml")]
    pub file: FolderPath,
    /// The place. In YAML a path, `services.api.labels` or `services.api.ports[0]`. In a Dockerfile a stage (`final` is the
    /// last) and an instruction of it: `final.CMD`, `dependencies.RUN[1]`. In nginx's files the directives around it:
    /// `http.server_tokens`, `server[shop.example.com].location[/api/].proxy_read_timeout`. Elsewhere a whole line. Left
    /// out, `add` adds to the end of the file.
    #[schemars(length(max = 500), example = &"services.api.labels")]
    pub at: Option<String>,
    /// What is there from now on, in place of what forge writes there or where it writes nothing.
    #[schemars(example = serde_json::json!({"team": "shop"}))]
    pub set: Option<Value>,
    /// What is there from now on beside what forge writes there: entries of a map, items of a list, lines of a stage or block.
    #[schemars(example = &"RUN ldconfig")]
    pub add: Option<Value>,
    /// Lines before an instruction, directive or line.
    #[schemars(example = &"ENV TZ=UTC")]
    pub before: Option<String>,
    /// Lines after an instruction, directive or line.
    #[schemars(example = &"ENV TZ=UTC")]
    pub after: Option<String>,
    /// Whether what is there is taken away.
    #[serde(default)]
    #[schemars(example = true)]
    pub remove: bool,
    /// What has to be there before; if forge writes something else one day, the patch is an error and somebody looks at it.
    #[schemars(example = serde_json::json!("30s"))]
    pub expect: Option<Value>,
    /// Hardening rules that the file no longer keeps with this patch, each with its reason.
    #[serde(default)]
    #[schemars(example = serde_json::json!([{"rule": "published-port", "reason": "the metrics of the appliance are read from outside"}]))]
    pub exceptions: Vec<Exception>,
}
