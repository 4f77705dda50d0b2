//! What browsers are told with every answer.

use std::collections::BTreeMap;

use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Csp, Headers};
use crate::resolve::checks::is_credential;
use crate::resolve::{Resolver, unknown_name};
use crate::spec;

/// What may stand behind a directive.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Sources,
    Words(&'static [&'static str]),
    Nothing,
}

/// The directives of a content security policy.
const DIRECTIVES: &[(&str, Takes)] = &[
    ("base-uri", Takes::Sources),
    ("child-src", Takes::Sources),
    ("connect-src", Takes::Sources),
    ("default-src", Takes::Sources),
    ("fenced-frame-src", Takes::Sources),
    ("font-src", Takes::Sources),
    ("form-action", Takes::Sources),
    ("frame-ancestors", Takes::Sources),
    ("frame-src", Takes::Sources),
    ("img-src", Takes::Sources),
    ("manifest-src", Takes::Sources),
    ("media-src", Takes::Sources),
    ("object-src", Takes::Sources),
    ("require-trusted-types-for", Takes::Words(&["script"])),
    (
        "sandbox",
        Takes::Words(&[
            "allow-downloads",
            "allow-forms",
            "allow-modals",
            "allow-orientation-lock",
            "allow-pointer-lock",
            "allow-popups",
            "allow-popups-to-escape-sandbox",
            "allow-presentation",
            "allow-same-origin",
            "allow-scripts",
            "allow-top-navigation",
            "allow-top-navigation-by-user-activation",
        ]),
    ),
    ("script-src", Takes::Sources),
    ("script-src-attr", Takes::Sources),
    ("script-src-elem", Takes::Sources),
    ("style-src", Takes::Sources),
    ("style-src-attr", Takes::Sources),
    ("style-src-elem", Takes::Sources),
    ("upgrade-insecure-requests", Takes::Nothing),
    ("worker-src", Takes::Sources),
];

/// Words that stand in single quotes in a policy.
const KEYWORDS: [&str; 10] = [
    "inline-speculation-rules",
    "nonce",
    "none",
    "report-sample",
    "self",
    "strict-dynamic",
    "unsafe-eval",
    "unsafe-hashes",
    "unsafe-inline",
    "wasm-unsafe-eval",
];

const SCHEMES: [&str; 8] = ["blob:", "data:", "filesystem:", "http:", "https:", "mediastream:", "ws:", "wss:"];

/// Headers that are said once, by nginx or elsewhere in the spec, and how; in lower case.
const TAKEN: &[(&[&str], &str)] = &[
    (&["content-security-policy", "content-security-policy-report-only"], "write `headers: { csp: … }`"),
    (&["cross-origin-embedder-policy"], "write `headers: { cross_origin_embedder_policy: … }`"),
    (&["cross-origin-opener-policy"], "write `headers: { cross_origin_opener_policy: … }`"),
    (&["cross-origin-resource-policy"], "write `headers: { cross_origin_resource_policy: … }`"),
    (&["permissions-policy", "feature-policy"], "write `headers: { permissions_policy: … }`"),
    (&["referrer-policy"], "write `headers: { referrer_policy: … }`"),
    (&["strict-transport-security"], "write `tls: { hsts: … }`"),
    (&["age", "cache-control", "clear-site-data", "vary"], "it is another one for each answer: the service says it"),
    (&["x-frame-options"], "write `headers: { frame_options: … }`"),
    (&["x-content-type-options", "x-request-id", "x-csp-nonce", "retry-after", "allow"], "the gateway says it itself"),
    (
        &[
            "connection",
            "content-encoding",
            "content-length",
            "content-range",
            "content-type",
            "date",
            "etag",
            "keep-alive",
            "last-modified",
            "location",
            "proxy-authenticate",
            "proxy-connection",
            "server",
            "set-cookie",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "www-authenticate",
        ],
        "it belongs to each answer, and is its service's to say",
    ),
];

/// The text of a choice: its name in the spec.
fn name_of(choice: impl serde::Serialize) -> String {
    let value = serde_json::to_value(choice).expect("a choice is a text");
    value.as_str().expect("a choice is a text").to_owned()
}

/// nginx hashes the names of headers that it drops in places of 64 bytes, of which it takes some for itself.
const LONGEST_NAME: usize = 46;
/// nginx reads its configuration in pieces of 4096 bytes, and a value has to fit into one with what stands around it.
const LONGEST_WORD: usize = 4000;

impl Resolver<'_> {
    pub(super) fn headers(&mut self, gateway: &spec::Gateway, at: &Path) -> Headers {
        let asked = &gateway.headers;
        let frames = asked.frame_options.unwrap_or(spec::FrameOptions::Deny);
        let referrer = asked.referrer_policy.unwrap_or(spec::ReferrerPolicy::StrictOriginWhenCrossOrigin);
        for (name, sites) in &asked.permissions_policy {
            if let Some(index) = sites.iter().position(|it| it.as_str() == "*").filter(|_| sites.len() > 1) {
                let place = Place::Value(at.key("permissions_policy").key(name).index(index));
                self.error(
                    &codes::NO_EFFECT,
                    place,
                    "`*` is everybody, so the others do nothing",
                    "keep one of the two",
                );
            }
        }
        let opener = asked.cross_origin_opener_policy.unwrap_or(spec::OpenerPolicy::SameOrigin);
        let mut fixed = BTreeMap::from([
            ("Cross-Origin-Opener-Policy".to_owned(), name_of(opener)),
            ("Permissions-Policy".to_owned(), permissions(asked)),
            ("Referrer-Policy".to_owned(), name_of(referrer)),
            ("X-Content-Type-Options".to_owned(), "nosniff".to_owned()),
            ("X-Frame-Options".to_owned(), name_of(frames).to_uppercase()),
        ]);
        let mut more = |name: &str, value: Option<String>| fixed.extend(value.map(|it| (name.to_owned(), it)));
        more("Cross-Origin-Embedder-Policy", asked.cross_origin_embedder_policy.map(name_of));
        more("Cross-Origin-Resource-Policy", asked.cross_origin_resource_policy.map(name_of));
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (name, value) in &asked.extra {
            let place = Place::Key(at.key("extra").key(name));
            let low = name.to_lowercase();
            let taken = TAKEN.iter().find(|(names, _)| names.contains(&low.as_str())).map(|(_, help)| *help);
            let taken = taken.or_else(|| low.starts_with("access-control-").then_some("write `cors:` at the route"));
            if let Some(help) = taken {
                let message = format!("`{name}` is none of the further headers");
                self.error(&codes::NO_EFFECT, place, message, help);
            } else if let Some(other) = seen.insert(low, name) {
                let message = format!("`{other}` and `{name}` are one header");
                self.error(&codes::NAME_TWICE, place, message, "keep one of them");
            } else if name.len() > LONGEST_NAME {
                let message = format!("`{name}` has more than the {LONGEST_NAME} signs that nginx has room for");
                self.error(&codes::INVALID_VALUE, place, message, "take a shorter name");
            } else if is_credential(name, value) {
                let message = format!("the header `{name}` looks like a credential, and everybody gets it");
                self.error(&codes::CREDENTIAL, Place::Value(at.key("extra").key(name)), message, "remove it");
            }
            fixed.insert(name.to_string(), value.to_string());
        }
        Headers { fixed, csp: self.csp(asked.csp.as_ref(), frames, &at.key("csp")) }
    }

    fn csp(&mut self, asked: Option<&spec::Csp>, frames: spec::FrameOptions, at: &Path) -> Csp {
        let ancestors = if frames == spec::FrameOptions::Deny { "'none'" } else { "'self'" };
        let mut policy: BTreeMap<&str, String> = BTreeMap::from([
            ("base-uri", "'none'".to_owned()),
            ("default-src", "'self'".to_owned()),
            ("form-action", "'self'".to_owned()),
            ("frame-ancestors", ancestors.to_owned()),
            ("object-src", "'none'".to_owned()),
        ]);
        let asked = asked.cloned().unwrap_or_default();
        for (name, sources) in &asked.policy {
            let here = at.key("policy").key(name);
            let Some((known, takes)) = DIRECTIVES.iter().find(|(known, _)| *known == name.as_str()) else {
                let complaint = unknown_name(Place::Key(here), format!("a policy has no directive `{name}`"));
                self.told.push(complaint.nearest(name, DIRECTIVES.iter().map(|(known, _)| *known)));
                continue;
            };
            let mut words = Vec::new();
            for (index, source) in sources.iter().enumerate() {
                let place = Place::Value(here.index(index));
                match takes {
                    Takes::Sources => words.extend(self.csp_source(source, sources.len(), place)),
                    Takes::Words(known) if known.contains(&source.as_str()) => {
                        words.push(if name.as_str() == "sandbox" { source.to_string() } else { format!("'{source}'") });
                    }
                    Takes::Words(known) => {
                        let complaint = unknown_name(place, format!("`{name}` has no word `{source}`"));
                        self.told.push(complaint.nearest(source, known.iter().copied()));
                    }
                    Takes::Nothing => {
                        let message = format!("`{name}` stands alone");
                        self.error(&codes::INVALID_VALUE, place, message, format!("write `{name}: []`"));
                    }
                }
            }
            if words.is_empty() && *takes == Takes::Sources {
                words.push("'none'".to_owned());
            }
            policy.insert(known, words.join(" "));
        }
        let framed = format!("frame-ancestors {}", policy["frame-ancestors"]);
        policy.extend(asked.report_uri.iter().map(|it| ("report-uri", it.to_string())));
        let nonce = asked.has_nonce();
        // What browsers fall back on comes first.
        let first = policy.remove_entry("default-src");
        let texts: Vec<String> = first
            .into_iter()
            .chain(policy)
            .map(|(name, words)| if words.is_empty() { name.to_owned() } else { format!("{name} {words}") })
            .collect();
        let policy = texts.join("; ");
        if policy.len() > LONGEST_WORD {
            let message = format!("the policy has {} signs, and nginx reads {LONGEST_WORD} in one value", policy.len());
            let help = "name sources by what they share (`https://*.example.com`), or let the service send the policy";
            self.error(&codes::INVALID_VALUE, Place::Key(at.key("policy")), message, help);
        }
        match asked.report_only {
            Some(true) => Csp { policy: framed, reported: Some(policy), nonce },
            _ => Csp { policy, reported: None, nonce },
        }
    }

    /// A source as a policy has it.
    fn csp_source(&mut self, source: &str, of: usize, place: Place) -> Option<String> {
        let hash = source.split_once('-').is_some_and(|(kind, digest)| {
            let length = match kind {
                "sha256" => 44,
                "sha384" => 64,
                "sha512" => 88,
                _ => 0,
            };
            let of_base64 = |it: char| it.is_ascii_alphanumeric() || "+/=_-".contains(it);
            digest.len() == length && digest.chars().all(of_base64)
        });
        if source == "none" && of > 1 {
            let help = "keep it alone, or the others";
            self.error(&codes::INVALID_VALUE, place, "`none` stands beside other sources", help);
            return None;
        }
        if source == "nonce" {
            return Some(Csp::NONCE.to_owned());
        }
        if hash || KEYWORDS.contains(&source) {
            return Some(format!("'{source}'"));
        }
        if SCHEMES.contains(&source) || source == "*" || is_host(source) {
            return Some(source.to_owned());
        }
        let complaint = unknown_name(place, format!("`{source}` is no source of a policy"));
        self.told.push(complaint.nearest(source, KEYWORDS.into_iter().chain(SCHEMES)));
        None
    }
}

/// Whether a source is a host, perhaps with scheme, port and path: `https://*.example.com:8443/static/`.
fn is_host(source: &str) -> bool {
    let rest = match source.split_once("://") {
        Some((scheme, rest)) if ["http", "https", "ws", "wss"].contains(&scheme) => rest,
        Some(_) => return false,
        None => source,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |it: &str| {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        !it.is_empty() && it.chars().all(plain) && !it.starts_with('-') && !it.ends_with('-')
    };
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_port = |it: &str| it == "*" || it.parse::<u16>().is_ok_and(|it| it > 0);
    // One label alone is a misspelt word, but for the host of developers.
    (name.contains('.') || name == "localhost" || source.contains("://"))
        && name.split('.').all(label)
        && port.is_none_or(is_port)
}

/// `camera=(), payment=(self "https://pay.example.com")`.
fn permissions(asked: &spec::Headers) -> String {
    let mut all: BTreeMap<&str, &[spec::PermissionSource]> =
        ["camera", "geolocation", "microphone"].map(|it| (it, &[][..])).into();
    all.extend(asked.permissions_policy.iter().map(|(name, sites)| (name.as_str(), sites.as_slice())));
    let texts = all.into_iter().map(|(name, sites)| {
        let words: Vec<String> = sites
            .iter()
            .map(|it| if it.starts_with("https://") { format!("\"{it}\"") } else { it.to_string() })
            .collect();
        if words == ["*"] { format!("{name}=*") } else { format!("{name}=({})", words.join(" ")) }
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_told_from_a_misspelt_word() {
        for it in [
            "cdn.example.com",
            "https://cdn.example.com/a/b.js",
            "*.example.com:8443",
            "wss://live:*",
            "localhost:3000",
        ] {
            assert!(is_host(it), "{it}");
        }
        for it in ["slef", "ftp://a.example.com", "a..b", "https://", "a.example.com:0", "-a.b", "*"] {
            assert!(!is_host(it), "{it}");
        }
    }
}
