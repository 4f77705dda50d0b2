//! What browsers are told with every answer.

use std::collections::BTreeMap;

use serde::Serialize;

/// What browsers are told with every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headers {
    /// Headers that are always the same, by name.
    pub fixed: BTreeMap<String, String>,
    /// The content security policy, for answers that bring none of their own.
    pub csp: Csp,
}

impl Csp {
    /// Stands in a policy for the word that each request has of its own; no browser knows it.
    pub const NONCE: &str = "'nonce'";
}

/// A content security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Csp {
    /// What browsers keep to; `Csp::NONCE` stands where each request has another word.
    pub policy: String,
    /// What they only report, where the spec's policy is on trial: of it, what is in force then is who may frame pages.
    pub reported: Option<String>,
    /// Whether services are told the word of the request.
    pub nonce: bool,
}
