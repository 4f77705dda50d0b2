//! Settings that the operator makes in `.env`, and what they may hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Line, Text};

/// A setting that the operator makes in `.env`. Its default, `forge env check` and the entrypoints of images that are built
/// here all hold it to its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What it holds; any text, if left out.
    #[serde(rename = "type", default)]
    #[schemars(example = &"email")]
    pub kind: VariableType,
    /// What can stand there, with `type: one_of`.
    #[serde(default)]
    #[schemars(length(max = 100), example = serde_json::json!(["debug", "info", "warning"]))]
    pub values: Vec<Line>,
    /// The least that it can be, of an `integer` or a `duration`.
    #[schemars(example = 1)]
    pub min: Option<Text>,
    /// The most that it can be, of an `integer` or a `duration`.
    #[schemars(example = 100)]
    pub max: Option<Text>,
    /// Whether compose refuses to start without it. Not together with `default`.
    #[serde(default)]
    #[schemars(example = true)]
    pub required: bool,
    /// Its value where the operator sets none.
    #[schemars(example = &"help@example.com")]
    pub default: Option<Text>,
    /// What it is for, in one line; said in `.env.example`, and by compose when it is missing.
    #[schemars(example = &"where customers write to")]
    pub description: Option<Line>,
    /// The heading that it stands below in `.env.example`; the services that read it, if left out.
    #[schemars(example = &"mail")]
    pub group: Option<Line>,
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VariableType {
    /// Any text.
    #[default]
    String,
    /// A whole number of up to 15 digits, without zeros before it.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An address like `https://example.com/path`, of any scheme.
    Url,
    /// An address like `ops@example.com`.
    Email,
    /// A length of time: `500ms`, `30s`, `1h30m`, `7d`.
    Duration,
    /// One of `values`.
    OneOf,
}

impl VariableType {
    /// Its name in a spec.
    pub fn name(self) -> &'static str {
        match self {
            VariableType::String => "string",
            VariableType::Integer => "integer",
            VariableType::Boolean => "boolean",
            VariableType::Url => "url",
            VariableType::Email => "email",
            VariableType::Duration => "duration",
            VariableType::OneOf => "one_of",
        }
    }
}
