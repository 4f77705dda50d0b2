//! What the gateway tells browsers with every answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::scalar::{CspSource, HeaderName, HeaderValue, PermissionSource, ReportAddress, Word};

/// What browsers are told with every answer, errors as well. What is left out is strict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// Where pages may take scripts, styles, pictures, … from. An answer that brings a policy of its own keeps it.
    #[schemars(example = serde_json::json!({"policy": {"script-src": ["self", "nonce"]}, "report_only": true}))]
    pub csp: Option<Csp>,
    /// What other sites learn of the page that a link was on; `strict-origin-when-cross-origin`, if left out.
    #[schemars(example = &"no-referrer")]
    pub referrer_policy: Option<ReferrerPolicy>,
    /// Abilities of browsers, each with who may use it: `self`, `*`, or origins; nobody, if the list is empty. What is not
    /// named here is as forge has it: nobody gets `camera`, `geolocation`, `microphone`.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"camera": ["self"], "payment": []}))]
    pub permissions_policy: BTreeMap<Word, Vec<PermissionSource>>,
    /// Whether pages may be shown in frames: `deny`, if left out.
    #[schemars(example = &"sameorigin")]
    pub frame_options: Option<FrameOptions>,
    /// Whether pages of others that opened this one, or were opened by it, keep a hold of it; `same-origin`, if left out.
    #[schemars(example = &"same-origin-allow-popups")]
    pub cross_origin_opener_policy: Option<OpenerPolicy>,
    /// Who may show what is served here; nothing is said, if left out.
    #[schemars(example = &"same-site")]
    pub cross_origin_resource_policy: Option<ResourcePolicy>,
    /// Whether pages load nothing of others that does not agree to it; nothing is said, if left out.
    #[schemars(example = &"require-corp")]
    pub cross_origin_embedder_policy: Option<EmbedderPolicy>,
    /// Further headers by name. Those that forge sets itself are not among them.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"X-Robots-Tag": "noindex"}))]
    pub extra: BTreeMap<HeaderName, HeaderValue>,
}

/// Where pages may take things from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csp {
    /// Each directive with its sources: `self`, `none`, `data:`, `https://cdn.example.com`, `sha256-…`, `nonce`,
    /// `unsafe-inline` and the like. Directives that are not here keep what forge has: `default-src: [self]`,
    /// `base-uri: [none]`, `form-action: [self]`, `frame-ancestors: [none]`, `object-src: [none]`. With `nonce` each request
    /// has another one, which services find in the header `X-CSP-Nonce`.
    #[serde(default)]
    #[schemars(example = serde_json::json!({"script-src": ["self", "nonce"], "img-src": ["self", "data:"]}))]
    pub policy: BTreeMap<Word, Vec<CspSource>>,
    /// Whether browsers only report what they would refuse: for the first weeks of a policy. False, if left out.
    #[schemars(example = true)]
    pub report_only: Option<bool>,
    /// Where they report it.
    #[schemars(example = &"/csp-reports")]
    pub report_uri: Option<ReportAddress>,
}

impl Csp {
    /// Whether each request has a word of its own in it.
    pub fn has_nonce(&self) -> bool {
        self.policy.values().flatten().any(|it| it.as_str() == "nonce")
    }
}

/// What other sites learn of the page that a link was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReferrerPolicy {
    /// Nothing.
    NoReferrer,
    /// Nothing; this site learns all.
    SameOrigin,
    /// The site, where they speak TLS, too.
    StrictOrigin,
    /// The site, where they speak TLS, too; this site learns all.
    StrictOriginWhenCrossOrigin,
    /// The site.
    Origin,
    /// The site; this site learns all.
    OriginWhenCrossOrigin,
    /// All, where they speak TLS, too.
    NoReferrerWhenDowngrade,
}

/// Whether pages may be shown in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FrameOptions {
    /// Nowhere.
    Deny,
    /// In pages of this site.
    Sameorigin,
}

/// Whether pages that opened each other keep a hold of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OpenerPolicy {
    /// Those of this site alone.
    SameOrigin,
    /// Those of this site, and what it opens: for logins and payments in windows of others.
    SameOriginAllowPopups,
    /// Only what it opens.
    NoopenerAllowPopups,
    /// All.
    UnsafeNone,
}

/// Who may show what is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourcePolicy {
    /// This very site.
    SameOrigin,
    /// All names below its domain.
    SameSite,
    /// Everybody.
    CrossOrigin,
}

/// Whether pages load things of others that do not agree to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmbedderPolicy {
    /// They do not.
    RequireCorp,
    /// They ask for them without cookies.
    Credentialless,
    /// They do.
    UnsafeNone,
}
