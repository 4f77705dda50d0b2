//! What directives of nginx mean for security.

use crate::lint::nginx::Directive;
use crate::meaning::subject::Risk;
use crate::meaning::value::{duration, size};

/// What it means that a directive is there, as it is.
pub(super) fn of(directive: &Directive) -> Risk {
    let first = directive.value();
    let is_on = first == "on";
    // On or off, and which of the two is worse; the worse one is the default.
    let guard = |is_safe: bool| Risk::of(if is_safe { 0.0 } else { 1.0 }, 1.0);
    let grant = |is_open: bool| Risk::of(if is_open { 1.0 } else { 0.0 }, 0.0);
    match directive.name.as_str() {
        "add_header" => header(directive),
        "add_header_inherit" => guard(first == "merge"),
        "allow" => Risk::of(if first == "all" { 2.0 } else { 1.0 }, 0.0),
        "deny" | "internal" | "auth_jwt_require" | "proxy_hide_header" => Risk::GUARDS,
        "auth_basic" | "auth_request" | "auth_jwt" => guard(first != "off"),
        "autoindex" | "underscores_in_headers" | "ssl_early_data" => grant(is_on),
        "merge_slashes" | "ignore_invalid_headers" => grant(first == "off"),
        "client_body_timeout" | "client_header_timeout" | "send_timeout" => timeout(first),
        "client_max_body_size" => Risk::of(unlimited(size(first)), 1024.0 * 1024.0),
        "dav_methods" => grant(first != "off"),
        "disable_symlinks" => guard(first != "off"),
        "include" => guards_by_name(first),
        "limit_conn" => Risk::limit(directive.arg(1).parse().ok()),
        "limit_req" => Risk::limit(Some(number_of(directive, "burst=").unwrap_or(0.0))),
        "limit_req_zone" => Risk::limit(rate(directive)),
        "listen" => Risk::level(if directive.says("ssl") || directive.says("quic") { 0.0 } else { 1.0 }),
        "proxy_set_header" | "grpc_set_header" => passed(directive),
        "fastcgi_param" | "uwsgi_param" | "scgi_param" if first == "HTTP_PROXY" => {
            guard(!directive.arg(1).contains("$http_"))
        }
        "proxy_ssl_verify" | "grpc_ssl_verify" | "uwsgi_ssl_verify" | "ssl_reject_handshake" => guard(is_on),
        "return" => guard(is_refusal(first)),
        "satisfy" => grant(first == "any"),
        "server_tokens" => guard(first == "off"),
        "set_real_ip_from" | "stub_status" => Risk::GRANTS,
        "ssl_ciphers" | "proxy_ssl_ciphers" => Risk::of(ciphers(first), 100.0),
        "ssl_protocols" | "proxy_ssl_protocols" => Risk::of(protocols(directive), 1.25),
        "ssl_session_tickets" => guard(first == "off"),
        "ssl_verify_client" => Risk::of(
            if is_on {
                0.0
            } else if first == "off" {
                1.0
            } else {
                0.5
            },
            1.0,
        ),
        "user" => grant(first == "root"),
        _ => Risk::NONE,
    }
}

/// Whether a status says that a request is refused.
pub(super) fn is_refusal(status: &str) -> bool {
    status.len() == 3 && status.starts_with('4')
}

fn unlimited(size: Option<f64>) -> f64 {
    size.map_or(f64::NAN, |it| if it <= 0.0 { f64::INFINITY } else { it })
}

/// A timeout against slow clients; nginx has 60 s where nothing is written.
fn timeout(text: &str) -> Risk {
    let known = duration(text).or_else(|| duration(&format!("{text}s")));
    Risk::of(known.unwrap_or(f64::NAN), 60e9)
}

/// A file that goes by such a name holds what protects.
fn guards_by_name(path: &str) -> Risk {
    const WORDS: [&str; 7] = ["header", "security", "limit", "ssl", "tls", "deny", "dotfile"];
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    if WORDS.iter().any(|it| name.contains(it)) { Risk::GUARDS } else { Risk::NONE }
}

fn number_of(directive: &Directive, name: &str) -> Option<f64> {
    directive.args.iter().find_map(|it| it.text.strip_prefix(name))?.parse().ok()
}

/// Requests for each second.
fn rate(directive: &Directive) -> Option<f64> {
    let text = directive.args.iter().find_map(|it| it.text.strip_prefix("rate="))?;
    match text.split_once("r/")? {
        (number, "s") => number.parse().ok(),
        (number, "m") => number.parse::<f64>().ok().map(|it| it / 60.0),
        _ => None,
    }
}

/// By the oldest one.
fn protocols(directive: &Directive) -> f64 {
    let age = |it: &str| match it {
        "TLSv1.3" => 0.0,
        "TLSv1.2" => 1.0,
        "TLSv1.1" => 2.0,
        "TLSv1" => 3.0,
        "SSLv3" => 4.0,
        "SSLv2" => 5.0,
        _ => 0.0,
    };
    directive.args.iter().map(|it| age(&it.text)).fold(0.0, f64::max)
}

/// By how many are weak, then by how many have no authenticated encryption.
fn ciphers(list: &str) -> f64 {
    const WEAK: [&str; 10] = ["RC4", "DES", "MD5", "NULL", "EXP", "LOW", "ADH", "AECDH", "IDEA", "SEED"];
    const MODERN: [&str; 4] = ["GCM", "POLY1305", "CHACHA20", "CCM"];
    let mut sum: f64 = 0.0;
    for name in list.split([':', ',', ' ']) {
        let name = name.to_uppercase();
        sum += match name.strip_prefix(['!', '-']) {
            // Each one that is ruled out makes a group such as HIGH better.
            Some(_) => -0.01,
            None if name.is_empty() => 0.0,
            None if WEAK.iter().any(|it| name.contains(it)) => 10.0,
            None if matches!(name.as_str(), "ALL" | "DEFAULT" | "MEDIUM" | "COMPLEMENTOFDEFAULT") => 5.0,
            None if MODERN.iter().any(|it| name.contains(it)) => 0.0,
            None => 1.0,
        };
    }
    sum
}

/// A header of an answer: those that tell browsers what to refuse protect, the more the stricter they are.
fn header(directive: &Directive) -> Risk {
    let value = directive.arg(1).to_lowercase();
    // Without it, answers that are errors go without the header.
    let always = if directive.says("always") { 0.0 } else { 0.1 };
    let level =
        match directive.value().to_lowercase().as_str() {
            "strict-transport-security" => {
                let age = value
                    .split(';')
                    .find_map(|it| it.trim().strip_prefix("max-age=")?.trim_matches('"').parse::<f64>().ok());
                let whole = if value.contains("includesubdomains") { 0.0 } else { 0.1 };
                1.0 / (1.0 + age.unwrap_or(0.0)) * 0.5 + whole
            }
            "content-security-policy" => return Risk::of(policy(&value) + always, f64::INFINITY),
            "x-frame-options" => {
                if value == "deny" {
                    0.0
                } else {
                    0.5
                }
            }
            "x-content-type-options"
            | "referrer-policy"
            | "permissions-policy"
            | "cross-origin-opener-policy"
            | "cross-origin-embedder-policy"
            | "cross-origin-resource-policy" => {
                if matches!(value.as_str(), "unsafe-url" | "unsafe-none" | "cross-origin") { 0.5 } else { 0.0 }
            }
            "access-control-allow-origin" => {
                return Risk::of(if value == "*" || value.contains("$http_origin") { 2.0 } else { 1.0 }, 0.0);
            }
            "access-control-allow-credentials" => return Risk::GRANTS,
            _ => return Risk::NONE,
        };
    Risk::of(level + always, 1.0)
}

/// A header of a request that goes on to a service, of those by which it knows who asks: without a word, or with a
/// variable of the request, clients say so themselves.
fn passed(directive: &Directive) -> Risk {
    const NAMES: [&str; 7] = [
        "forwarded",
        "proxy",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    if !NAMES.contains(&directive.value().to_lowercase().as_str()) {
        return Risk::NONE;
    }
    let value = directive.arg(1);
    let is_theirs = value.contains("$http_") || value.contains("$proxy_add_x_forwarded_for");
    Risk::of(if is_theirs { 1.0 } else { 0.0 }, 1.0)
}

/// How much a Content-Security-Policy lets in, as far as it can be counted.
fn policy(value: &str) -> f64 {
    let of_source = |it: &str| match it {
        "'none'" | "'strict-dynamic'" => 0.0,
        "'self'" => 0.1,
        "'unsafe-inline'" | "'unsafe-eval'" | "*" | "https:" | "http:" | "data:" => 10.0,
        _ if it.starts_with("'nonce-") || it.starts_with("'sha") => 0.5,
        _ => 1.0,
    };
    let of_directive = |it: &str| -> f64 {
        let mut words = it.split_whitespace();
        let name = words.next().unwrap_or_default();
        let sources: f64 = words.map(of_source).sum();
        // Each that is there holds something back; what there is without it is as bad as all it could let in.
        let weight = if name == "default-src" { 100.0 } else { 20.0 };
        if name.is_empty() { 0.0 } else { sources - weight }
    };
    value.split(';').map(of_directive).sum()
}
