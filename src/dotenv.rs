//! What somebody filled in: the text of a `.env` as compose reads it, and what is wrong with it. Values are in no message: what
//! looks like a credential is for its owner alone.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::address;
use crate::codes;
use crate::credential::{is_harmless, is_secret, url_passwords};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::project::VariableType;
use crate::targets::Asked;
use crate::values::{fits, is_composes, wanted};

/// The least characters of a password that nobody guesses.
const SHORTEST: usize = 16;

/// What people write where something is to be filled in; without spaces, dashes, underscores and brackets.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "fillme",
    "fillin",
    "fixme",
    "todo",
    "tbd",
    "xxx",
    "placeholder",
    "example",
    "insecure",
    "none",
];

/// Domains that are nobody's, for examples.
const EXAMPLE_DOMAINS: [&str; 5] = ["example.com", "example.org", "example.net", "example", "invalid"];

/// One variable that a `.env` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: String,
    /// Where the name stands.
    key: Range<usize>,
    /// Its value as compose reads it, but for variables in it; `None` where the name stands alone.
    value: Option<String>,
    /// Where the value stands, with its quotes.
    at: Range<usize>,
    /// Whether compose looks for variables in it, and finds what looks like one.
    refers: bool,
}

/// What is wrong with the text of a `.env` that sets what is `asked` for, in the order of its lines. `known` are further names
/// that mean something to somebody.
pub fn check(text: &str, asked: &Asked, known: &[String]) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let settings = settings(text, &mut told);
    let mut last: BTreeMap<&str, &Setting> = BTreeMap::new();
    for it in &settings {
        if let Some(before) = last.insert(&it.name, it) {
            let message = format!("`{}` is set again below, and compose takes the last", it.name);
            told.push(warning(&codes::ENV_TWICE, &before.key, message).help("take one of the two out"));
        }
    }
    for it in last.values() {
        check_setting(it, asked, known, &mut told);
    }
    for (name, variable) in asked.variables.iter().filter(|(_, it)| it.required) {
        let set = last.get(name.as_str());
        if set.is_none_or(|it| it.value.as_deref().unwrap_or_default().is_empty()) {
            let place = set.map_or(text.len()..text.len(), |it| it.key.clone());
            let help = variable
                .description
                .as_ref()
                .map_or_else(|| wanted(variable), |it| format!("{it}: {}", wanted(variable)));
            told.push(error(&codes::ENV_MISSING, &place, format!("`{name}` is required, and has no value")).help(help));
        }
    }
    told.sort_by_key(|it| match &it.place {
        Place::Bytes(bytes) => bytes.start,
        Place::Key(_) | Place::Value(_) => 0,
    });
    told
}

/// Where the values stand that nobody else should see.
pub fn hidden(text: &str) -> Vec<Range<usize>> {
    let settings = settings(text, &mut Vec::new());
    let is_hidden = |it: &Setting| {
        let value = it.value.as_deref().unwrap_or_default();
        is_secret(&it.name) || url_passwords(value).next().is_some()
    };
    settings.iter().filter(|it| is_hidden(it)).map(|it| it.at.clone()).collect()
}

fn error(code: &'static Code, at: &Range<usize>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, Place::Bytes(at.clone()), message)
}

fn warning(code: &'static Code, at: &Range<usize>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(code, Place::Bytes(at.clone()), message)
}

fn check_setting(it: &Setting, asked: &Asked, known: &[String], told: &mut Vec<Diagnostic>) {
    let name = it.name.as_str();
    let variable = asked.variables.get(name);
    let is_own = asked.ports.contains_key(name) || asked.version.as_deref() == Some(name);
    if variable.is_none() && !is_own && !is_composes(name) && !known.iter().any(|it| it == name) {
        let message = format!("nothing asks for `{name}`");
        let names = asked.variables.keys().chain(asked.ports.keys()).chain(&asked.version).map(String::as_str);
        told.push(match asked.elsewhere.get(name) {
            Some(environment) => {
                warning(&codes::ENV_UNKNOWN, &it.key, format!("{message} here: it is for {environment}"))
                    .help("take it out")
            }
            None => warning(&codes::ENV_UNKNOWN, &it.key, message)
                .help("take it out, or declare it under `variables` in the spec")
                .nearest_or_keep(name, names),
        });
    }
    let Some(value) = it.value.as_deref().filter(|it| !it.is_empty()) else { return };
    if it.refers {
        let message = format!("compose looks for a variable behind the `$` in the value of `{name}`");
        let help = "put the value between single quotes, where `$` is a character like others";
        told.push(warning(&codes::ENV_DOLLAR, &it.at, message).help(help));
        return;
    }
    if variable.is_some_and(|it| it.default.as_deref() == Some(value)) {
        return;
    }
    // Where the spec lists what it may be, nothing of that is an example.
    if is_placeholder(value) && variable.is_none_or(|it| it.kind != VariableType::OneOf) {
        let message = format!("the value of `{name}` is an example's");
        told.push(error(&codes::ENV_EXAMPLE, &it.at, message).help("write the real one, or leave it empty"));
        return;
    }
    if let Some(variable) = variable
        && !fits(variable, value)
    {
        let message = format!("the value of `{name}` is not {}", wanted(variable));
        told.push(error(&codes::ENV_MALFORMED, &it.at, message).help("the container would end at its start"));
    }
    if let Some(takes_address) = asked.ports.get(name)
        && !is_port(value, *takes_address)
    {
        let what = if *takes_address { "a port, or address:port" } else { "a port" };
        told.push(
            error(&codes::ENV_MALFORMED, &it.at, format!("the value of `{name}` is not {what}"))
                .help("for example 8080"),
        );
    }
    if asked.version.as_deref() == Some(name) && !is_tag(value) {
        let message = format!("the value of `{name}` is no tag of an image");
        told.push(error(&codes::ENV_MALFORMED, &it.at, message).help("letters, digits and `._-`, for example 1.4.2"));
    }
    let passwords: Vec<&str> = url_passwords(value).map(|it| &value[it]).collect();
    let is_password = is_secret(name) && !is_harmless(value) && passwords.is_empty();
    if passwords.into_iter().chain(is_password.then_some(value)).any(is_weak) {
        let message = format!("the password in `{name}` can be guessed");
        let help = format!("at least {SHORTEST} random characters: `openssl rand -hex 24`");
        told.push(warning(&codes::ENV_WEAK, &it.at, message).help(help));
    }
}

fn is_placeholder(value: &str) -> bool {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let is_bracketed = value.starts_with('<') && value.ends_with('>');
    let is_yours = ["your-", "your_", "my-secret", "my_secret"].iter().any(|it| value.to_lowercase().starts_with(it));
    let is_crossed = plain.len() >= 3 && plain.bytes().all(|it| it == b'x');
    is_bracketed || is_yours || is_crossed || PLACEHOLDERS.contains(&plain.as_str()) || is_examples(value)
}

/// Whether the host of a URL or of an e-mail address is one for examples.
fn is_examples(value: &str) -> bool {
    let rest = value.split_once("://").map_or(value, |(_, it)| it);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let Some(host) = authority.rsplit('@').next().filter(|_| value.contains("://") || value.contains('@')) else {
        return false;
    };
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    EXAMPLE_DOMAINS.iter().any(|it| host.strip_suffix(it).is_some_and(|it| it.is_empty() || it.ends_with('.')))
}

fn is_weak(password: &str) -> bool {
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    password.chars().count() < SHORTEST || different.len() < 6
}

fn is_port(value: &str, takes_address: bool) -> bool {
    let (address, port) = match value.rsplit_once(':').filter(|_| takes_address) {
        Some((address, port)) => (Some(address), port),
        None => (None, value),
    };
    address.is_none_or(|it| address::parse(it).is_some())
        && port.bytes().all(|it| it.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|it| it > 0)
}

fn is_tag(value: &str) -> bool {
    let (tag, digest) = value.split_once("@sha256:").unwrap_or((value, ""));
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    tag.len() <= 128
        && tag.starts_with(is_plain)
        && tag.chars().all(|it| is_plain(it) || it == '.' || it == '-')
        && (!value.contains('@') || (digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit())))
}

/// The variables that a text sets, as compose reads it; what compose would refuse or take otherwise than it looks goes into `told`.
fn settings(text: &str, told: &mut Vec<Diagnostic>) -> Vec<Setting> {
    let mut out = Vec::new();
    let mut at = 0;
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        at = text.len() - rest.len();
        let message = "the file begins with a byte order mark, which shells take for part of the first name";
        told.push(warning(&codes::ENV_FILE, &(0..at), message).help("save it as UTF-8 without one"));
    }
    if let Some(found) = text.find('\r') {
        let message = "lines end as on Windows: what is not compose takes the carriage return for part of the value";
        told.push(warning(&codes::ENV_FILE, &(found..found + 1), message).help("save it with line ends of Unix (LF)"));
    }
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
        let line = &text[at..end];
        let statement = line.trim();
        if statement.is_empty() || statement.starts_with('#') {
            at = end + 1;
            continue;
        }
        let begin = at + (line.len() - line.trim_start().len());
        let begin = begin + statement.strip_prefix("export ").map_or(0, |it| statement.len() - it.trim_start().len());
        let divider = text[begin..end].find(['=', ':']).map(|it| begin + it);
        let name = text[begin..divider.unwrap_or(end)].trim_end();
        let key = begin..begin + name.len();
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
        if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) || !name.chars().all(is_name) {
            let key = key.start..key.end.max(end.min(key.start + 1));
            told.push(
                error(&codes::ENV_FILE, &key, "this is no name of a variable")
                    .help("a line is NAME=value, or begins with #"),
            );
            at = end + 1;
            continue;
        }
        let name = name.to_owned();
        let Some(divider) = divider else {
            let message = format!("`{name}` stands alone, so it has the value of the shell, or none");
            told.push(warning(&codes::ENV_FILE, &key, message).help("write a value behind a `=`"));
            out.push(Setting { name, at: key.clone(), key, value: None, refers: false });
            at = end + 1;
            continue;
        };
        let (value, bytes, quote, next) = value(text, divider + 1, end, told);
        // Between single quotes a `$` is a character like others.
        let is_literal = quote == Some('\'');
        let refers = !is_literal && has_reference(&value);
        let value = if is_literal { value } else { value.replace("$$", "$") };
        out.push(Setting { name, key, value: Some(value), at: bytes, refers });
        at = next;
    }
    out
}

/// The value that begins at `from`, whose line ends at `end`: what it is, where it stands, how it is quoted, and where the next
/// line begins.
fn value(
    text: &str,
    from: usize,
    end: usize,
    told: &mut Vec<Diagnostic>,
) -> (String, Range<usize>, Option<char>, usize) {
    let blank = |it: char| it != '\n' && it.is_whitespace();
    let begin = from + (text[from..end].len() - text[from..end].trim_start_matches(blank).len());
    let Some(quote) = text[begin..end].chars().next().filter(|it| ['"', '\''].contains(it)) else {
        let whole = &text[begin..end];
        if whole.starts_with('#') && begin > from {
            let help = "put the comment on a line of its own";
            let at = begin..begin + whole.trim_end().len();
            told.push(error(&codes::ENV_FILE, &at, "compose takes this comment for the value").help(help));
        }
        let value = whole.split(" #").next().unwrap_or(whole).trim_end();
        return (value.to_owned(), begin..begin + value.len(), None, end + 1);
    };
    let mut out = String::new();
    let mut characters = text[begin + 1..].char_indices();
    while let Some((offset, it)) = characters.next() {
        if it == quote {
            let close = begin + 1 + offset + 1;
            let next = text[close..].find('\n').map_or(text.len(), |it| close + it);
            let behind = text[close..next].trim();
            if !behind.is_empty() && !behind.starts_with('#') {
                let message = "compose reads what stands behind the quote as another variable";
                told.push(error(&codes::ENV_FILE, &(close..next), message).help("end the line behind the quote"));
            }
            return (out, begin..close, Some(quote), next + 1);
        }
        match (it, quote) {
            ('\\', '"') => match characters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, 't')) => out.push('\t'),
                Some((_, '$')) => out.push_str("$$"),
                Some((_, other)) => out.push(other),
                None => {}
            },
            ('\\', _) if characters.as_str().starts_with('\'') => out.extend(characters.next().map(|(_, it)| it)),
            _ => out.push(it),
        }
    }
    let help = "close it, or take the quote out";
    told.push(
        error(&codes::ENV_FILE, &(begin..end), "nothing closes this quote, and compose refuses the file").help(help),
    );
    (text[begin..end].trim_end().to_owned(), begin..end, None, end + 1)
}

/// Whether compose looks for a variable in a text: `$NAME` or `${NAME}`, and not `$$`.
fn has_reference(text: &str) -> bool {
    let rest = text.replace("$$", "");
    let begins = |it: &str| it.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_' || it == '{');
    rest.split('$').skip(1).any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Variable;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        settings(text, &mut Vec::new()).into_iter().map(|it| (it.name, it.value)).collect()
    }

    #[test]
    fn a_value_is_what_compose_reads() {
        // Each as `docker compose config` shows it.
        for (line, value) in [
            ("A=a b # c", "a b"),
            ("A= # c", "# c"),
            ("A=\"x\\ny\" # c", "x\ny"),
            ("A='x$Y' ", "x$Y"),
            ("export A=1", "1"),
            ("A: colon", "colon"),
            ("A=a$$b", "a$b"),
            ("A=\"a\\$b\"", "a$b"),
            ("A=it's", "it's"),
            ("A='it\\'s'", "it's"),
            ("A='a$$b'", "a$$b"),
            ("A=a#b", "a#b"),
            ("A= b ", "b"),
            ("\u{feff}A=x\r\n", "x"),
        ] {
            assert_eq!(read(line), [("A".to_owned(), Some(value.to_owned()))], "{line}");
        }
        assert_eq!(read("A='1\n2'\nB=3"), [("A".into(), Some("1\n2".into())), ("B".into(), Some("3".into()))]);
    }

    fn asked() -> Asked {
        let variable = |kind| Variable { kind, ..Variable::default() };
        Asked {
            variables: BTreeMap::from([
                ("MAIL".to_owned(), Variable { required: true, ..variable(VariableType::Email) }),
                ("COUNT".to_owned(), Variable { min: Some(1), max: Some(9), ..variable(VariableType::Integer) }),
                ("TEXT".to_owned(), variable(VariableType::String)),
                (
                    "AUTH".to_owned(),
                    Variable { values: vec!["none".to_owned(), "basic".to_owned()], ..variable(VariableType::OneOf) },
                ),
                ("API_TOKEN".to_owned(), variable(VariableType::String)),
                ("DATABASE_URL".to_owned(), variable(VariableType::Url)),
            ]),
            ports: BTreeMap::from([("SHOP_HTTP".to_owned(), true), ("SHOP_STAGING_HTTP".to_owned(), false)]),
            version: Some("SHOP_VERSION".to_owned()),
            elsewhere: BTreeMap::from([("SHOP_DEVELOPMENT_HTTP".to_owned(), "development".to_owned())]),
            example: ".env.example".to_owned(),
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_line_and_values_are_not_told() {
        for (lines, wanted) in [
            ("", "env-missing"),
            ("MAIL=", "env-missing"),
            ("MAIL=ops@shop.test", ""),
            ("MAIL=ops", "env-malformed"),
            ("MAIL=ops@example.com", "env-example"),
            ("MAIL=CHANGE_ME", "env-example"),
            ("MAIL=<address>", "env-example"),
            ("MAIL=a@b.c\nAUTH=none", ""),
            ("MAIL=a@b.c\nAUTH=todo", "env-malformed"),
            ("MAIL=a@b.c\nCOUNT=10", "env-malformed"),
            ("MAIL=a@b.c\nCUONT=1", "env-unknown"),
            ("MAIL=a@b.c\nSHOP_DEVELOPMENT_HTTP=1", "env-unknown"),
            ("MAIL=a@b.c\nOWN=1\nCOMPOSE_PROFILES=a", ""),
            ("MAIL=a@b.c\nMAIL=b@b.c", "env-twice"),
            ("MAIL=a@b.c\nTEXT=a$b", "env-dollar"),
            ("MAIL=a@b.c\nTEXT='a$b'", ""),
            ("MAIL=a@b.c\nTEXT=\"a", "env-file"),
            ("MAIL=a@b.c\nTEXT= # why", "env-file"),
            ("MAIL=a@b.c\nTEXT='a' b", "env-file"),
            ("MAIL=a@b.c\nMY TEXT=a", "env-file"),
            ("MAIL=a@b.c\nTEXT", "env-file"),
            ("\u{feff}MAIL=a@b.c", "env-file"),
            ("MAIL=a@b.c\r\n", "env-file"),
            ("MAIL=a@b.c\nAPI_TOKEN=hunter2hunter", "env-weak"),
            ("MAIL=a@b.c\nAPI_TOKEN=4f2b0c1d9e8a7b6c5d4e", ""),
            ("MAIL=a@b.c\nDATABASE_URL=postgres://a:hunter2@db/a", "env-weak"),
            ("MAIL=a@b.c\nSHOP_HTTP=127.0.0.1:80", ""),
            ("MAIL=a@b.c\nSHOP_HTTP=http", "env-malformed"),
            ("MAIL=a@b.c\nSHOP_STAGING_HTTP=127.0.0.1:80", "env-malformed"),
            ("MAIL=a@b.c\nSHOP_VERSION=a/b", "env-malformed"),
            ("MAIL=a@b.c\nSHOP_VERSION=1.4.2", ""),
        ] {
            let told = check(lines, &asked(), &["OWN".to_owned()]);
            let codes: Vec<&str> = told.iter().map(|it| it.code.name).collect();
            assert_eq!(codes.join(" "), wanted, "{lines}");
            assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        }
        let text = "MAIL=a@b.c\nAPI_TOKEN=hunter2hunter\nDATABASE_URL='postgres://a:hunter2@db/a'\n";
        let hidden: Vec<&str> = hidden(text).into_iter().map(|it| &text[it]).collect();
        assert_eq!(hidden, ["hunter2hunter", "'postgres://a:hunter2@db/a'"]);
    }
}
