//! One file of an nginx configuration, block by block. Order counts where nginx goes by it, and nowhere else.

mod risk;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::subject::{Risk, Subject};
use super::words::{LIMIT, SETTING, words};
use crate::lint::nginx::{self, Directive};

words! {
    ENTRY = "entry {key}", "entry {key} {after} added", "entry {key} removed", "entry {key} {before} → {after}";
    HEADER = "header {key}", "header {key} added: {after}", "header {key} removed", "header {key}: {before} → {after}";
    PASSED = "passed header {key}", "passed header {key} added: {after}", "passed header {key} removed", "passed header {key}: {before} → {after}";
}

/// What a configuration file says; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let (directives, problems) = nginx::file(text);
    if !problems.is_empty() {
        return None;
    }
    let mut out = vec![Subject::new("", "", 0..0)];
    block(&directives, 0, &mut out);
    Some(out)
}

/// Says what is in a block of the subject `owner`.
fn block(directives: &[Directive], owner: usize, out: &mut Vec<Subject>) {
    let names = server_names(directives);
    for directive in directives {
        if let Some(inner) = &directive.block {
            let subject = named(directive, &names, owner, out);
            let (index, first) = (out.len(), subject.ids[0].clone());
            if is_ordered(directive) {
                out[owner].order.push(first);
            }
            out.push(subject);
            if directive.name.ends_with("_by_lua_block") {
                inner.iter().for_each(|it| {
                    out[index].say(&SETTING, "code", it.value().trim(), &it.bytes);
                });
            } else if directive.holds_values() {
                inner.iter().for_each(|it| entry(&mut out[index], it));
            } else {
                block(inner, index, out);
            }
        } else {
            say(&mut out[owner], directive);
        }
    }
}

/// How many servers of a block have each name.
fn server_names(directives: &[Directive]) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for directive in directives.iter().filter(|it| it.name == "server" && it.block.is_some()) {
        *out.entry(server_name(directive)).or_default() += 1;
    }
    out
}

fn server_name(directive: &Directive) -> String {
    directive.get("server_name").map(|it| it.value().to_owned()).unwrap_or_default()
}

/// The subject that a block is.
fn named(directive: &Directive, names: &HashMap<String, usize>, owner: usize, out: &[Subject]) -> Subject {
    let args: Vec<&str> = directive.args.iter().map(|it| it.text.as_str()).collect();
    let own = format!("{} {}", directive.name, args.join(" ")).trim().to_owned();
    let (noun, shown, ids) = match directive.name.as_str() {
        // What is always there, once, and adds nothing to the name of a place.
        "http" => ("", String::new(), vec!["http".to_owned()]),
        "server" => {
            let name = server_name(directive);
            let mut listens: Vec<String> = directive.all("listen").map(joined).collect();
            listens.sort();
            let listens = listens.join(", ");
            let shown = match names.get(&name) {
                _ if name.is_empty() => format!("server on {listens}"),
                Some(count) if *count > 1 => format!("server {name} on {listens}"),
                _ => format!("server {name}"),
            };
            // A listen or a name may change and it is the same server still.
            let ids = vec![format!("server {name} {listens}"), format!("server {name}"), format!("server {listens}")];
            ("server", shown, if name.is_empty() { vec![ids[0].clone(), ids[2].clone()] } else { ids })
        }
        "location" => ("location", own.clone(), vec![own]),
        "upstream" => ("upstream", own.clone(), vec![own]),
        "map" | "geo" | "split_clients" => {
            // By what it makes.
            let made = args.last().copied().unwrap_or_default();
            ("map", own.clone(), vec![own, format!("{} {made}", directive.name)])
        }
        _ => ("block", own.clone(), vec![own]),
    };
    let at = match (out[owner].at.as_str(), shown) {
        ("", shown) => shown,
        (above, shown) if shown.is_empty() => above.to_owned(),
        (above, shown) => format!("{above} {shown}"),
    };
    let risk = if refuses(directive) { Risk::GUARDS } else { Risk::NONE };
    Subject { ids, parent: Some(owner), risk, ..Subject::new(noun, at, directive.bytes.clone()) }
}

/// Whether it is there to refuse requests.
fn refuses(directive: &Directive) -> bool {
    let denies = directive.all("deny").any(|it| it.value() == "all");
    let returns = directive.get("return").is_some_and(|it| risk::is_refusal(it.value()));
    matches!(directive.name.as_str(), "server" | "location" | "if" | "limit_except")
        && (denies || returns || directive.refuses_handshakes())
}

/// Whether the order of such blocks counts: servers, since the first one answers what no other does; regular expressions,
/// and what is done one after the other.
fn is_ordered(directive: &Directive) -> bool {
    match directive.name.as_str() {
        "server" | "if" => true,
        "location" => directive.value().starts_with('~'),
        _ => false,
    }
}

/// Says an entry of a map or its like. Regular expressions are tried one after the other.
fn entry(subject: &mut Subject, directive: &Directive) {
    let name = if directive.name.is_empty() { "\"\"" } else { &directive.name };
    subject.say(&ENTRY, name, joined(directive), &directive.bytes);
    if directive.name.starts_with('~') {
        subject.order.push(format!("entry {name}"));
    }
}

fn joined(directive: &Directive) -> String {
    let args: Vec<&str> = directive.args.iter().map(|it| if it.text.is_empty() { "\"\"" } else { &it.text }).collect();
    args.join(" ")
}

/// An argument in one spelling: times in milliseconds and sizes in bytes, where it is one; also behind a name and `=`.
fn spelled(name: &str, text: &str) -> String {
    let (lead, name, text) = match text.split_once('=') {
        Some((key, value)) => (&text[..=key.len()], key, value),
        None => ("", name, text),
    };
    amount(name, text).map_or_else(|| format!("{lead}{text}"), |it| format!("{lead}{it}"))
}

/// The milliseconds or bytes of what this name gives; `None` where it gives something else.
fn amount(name: &str, text: &str) -> Option<u64> {
    const TIMES: [&str; 7] =
        ["expires", "keepalive_time", "proxy_cache_valid", "inactive", "valid", "fail_timeout", "slow_start"];
    const SIZES: [&str; 6] =
        ["client_max_body_size", "limit_rate", "limit_rate_after", "max_size", "min_free", "sendfile_max_chunk"];
    let is_time = name.ends_with("_timeout") || TIMES.contains(&name);
    let is_size = name.ends_with("_size") || name.ends_with("_buffers") || SIZES.contains(&name);
    match (is_time, is_size) {
        (true, _) => time(text),
        (_, true) => size(text),
        _ => None,
    }
}

/// Milliseconds of `30`, `30s` and `1m30s`: what has no unit is seconds.
fn time(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, tail) = tail.split_at(tail.find(|it: char| it.is_ascii_digit()).unwrap_or(tail.len()));
        let factor = match unit.trim() {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "M" => 2_592_000_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// Bytes of `1024`, `1024k`, `1m`.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Says one directive without a block.
fn say(subject: &mut Subject, directive: &Directive) {
    let (name, first, at) = (directive.name.as_str(), directive.value(), &directive.bytes);
    let value = joined(directive);
    // What is compared may not depend on where an argument ends.
    let compared: Vec<String> = directive.args.iter().map(|it| spelled(name, &it.text)).collect();
    let rest: Vec<&str> = directive.args.iter().skip(1).map(|it| it.text.as_str()).collect();
    let rest_compared = compared.get(1..).unwrap_or_default().join("\u{1f}");
    let (compared, rest) = (compared.join("\u{1f}"), rest.join(" "));
    let risk = risk::of(directive);
    match name {
        "add_header" | "add_trailer" => {
            subject.say(&HEADER, first, rest_compared, at).shown(rest).risk(risk);
        }
        "proxy_set_header" | "grpc_set_header" => {
            let shown = if rest.is_empty() { "\"\"" } else { &rest };
            subject.say(&PASSED, first, rest_compared, at).shown(shown).risk(risk);
        }
        "fastcgi_param" | "uwsgi_param" | "scgi_param" | "set" | "error_page" | "log_format" | "auth_request_set"
        | "server" | "listen" | "proxy_cache_path" | "env" | "proxy_cookie_path" | "sub_filter" => {
            subject.say(&SETTING, format!("{name} {first}"), rest_compared, at).shown(rest).risk(risk);
        }
        "limit_req" | "limit_conn" | "limit_req_zone" | "limit_conn_zone" => {
            let zone = directive.args.iter().find_map(|it| it.text.strip_prefix("zone=")).unwrap_or(first);
            let zone = zone.split(':').next().unwrap_or(zone);
            subject.say(&SETTING, format!("{name} {zone}"), compared, at).shown(value).risk(risk);
        }
        "server_name" => {
            for arg in &directive.args {
                subject.say(&SETTING, format!("name {}", arg.text), "", &arg.bytes);
            }
        }
        "include"
        | "allow"
        | "deny"
        | "set_real_ip_from"
        | "proxy_hide_header"
        | "fastcgi_hide_header"
        | "proxy_pass_header"
        | "load_module" => {
            subject.say(&SETTING, format!("{name} {value}"), "", at).risk(risk);
        }
        "client_max_body_size" => {
            subject.say(&LIMIT, "body size", compared, at).shown(value).risk(risk);
        }
        _ => {
            subject.say(&SETTING, name, compared, at).shown(value).risk(risk);
        }
    }
    if matches!(
        name,
        "allow"
            | "deny"
            | "set"
            | "rewrite"
            | "return"
            | "break"
            | "include"
            | "ssl_certificate"
            | "ssl_certificate_key"
    ) {
        subject.order.push(format!("{name} {}", joined(directive)));
    }
}
