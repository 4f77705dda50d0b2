//! What has the shape of a credential, whatever it is called, and where programs are given one.

use std::ops::Range;

use super::names::{is_harmless, is_option, literal};

/// Where words stand in a text that have the shape of a credential, whatever they are called: what well-known services
/// give out, signed tokens, and what follows `Bearer` or `Basic`.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    // What they begin with, and how many letters and digits follow at least.
    const SHAPES: [(&str, usize); 16] = [
        ("ghp_", 30),
        ("gho_", 30),
        ("ghs_", 30),
        ("ghu_", 30),
        ("github_pat_", 30),
        ("glpat-", 20),
        ("sk_live_", 16),
        ("rk_live_", 16),
        ("sk_test_", 16),
        ("sk-proj-", 20),
        ("sk-ant-", 20),
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("AIza", 35),
        ("npm_", 36),
        ("SG.", 40),
    ];
    let separates = |it: char| it.is_whitespace() || "\"',=()[]{}`<>;|&".contains(it);
    let mut before = "";
    let mut at = 0;
    let words: Vec<(usize, &str)> = text
        .split(separates)
        .map(|word| {
            let start = at;
            at += word.len() + text[start + word.len()..].chars().next().map_or(0, char::len_utf8);
            (start, word)
        })
        .filter(|(_, word)| !word.is_empty())
        .collect();
    words.into_iter().filter_map(move |(start, word)| {
        let led_by = std::mem::replace(&mut before, word);
        let plain = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.+/=~".contains(&it));
        let has_digit = word.bytes().any(|it| it.is_ascii_digit() || it == b'=');
        let is_known = SHAPES
            .iter()
            .any(|(begin, least)| word.strip_prefix(begin).is_some_and(|rest| rest.len() >= *least && plain(rest)));
        if let Some(it) = aws_key(word).or_else(|| password_hash(word)).or_else(|| pgpass(word)) {
            return Some(start + it.start..start + it.end);
        }
        let is_jwt = word.starts_with("eyJ") && word.matches('.').count() == 2 && word.len() > 20 && plain(word);
        let is_header = ["Bearer", "Basic"].contains(&led_by) && word.len() >= 6 && has_digit && plain(word);
        let hook = word.find("hooks.slack.com/services/").map_or(0, |it| it + "hooks.slack.com/services/".len());
        let is_hook = hook > 0 && hook < word.len();
        (is_known || is_jwt || is_header || is_hook).then_some(start + hook..start + word.len())
    })
}

/// The bytes of every password that stands in a URL: of `postgres://shop:secret@db/shop`, those of `secret`.
pub fn url_passwords(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        let rest = &text[start..];
        let word = &rest[..rest.find([' ', '"', '\'', '`', '\n']).unwrap_or(rest.len())];
        let end = word.find(['/', '?']).unwrap_or(word.len());
        // A password may hold what ends the name of a host; a port is only digits.
        let login = word[..end].rsplit_once('@').or_else(|| {
            let (_, after) = word[..end].split_once(':')?;
            let is_port = after.bytes().all(|it| it.is_ascii_digit());
            word.rsplit_once('@').filter(|_| !is_port)
        });
        let (user, password) = login?.0.split_once(':')?;
        let from = start + user.len() + 1;
        (!password.is_empty()).then_some(from..from + password.len())
    })
}

/// Whether `text` has a URL with a password in it that is no variable and no placeholder.
pub fn has_password(text: &str) -> bool {
    url_passwords(text).any(|it| !text[it].contains(['$', '{', '<']))
}

/// The key of an AWS account in a word: twenty capitals and digits, whatever stands around them.
fn aws_key(word: &str) -> Option<Range<usize>> {
    let is_letter = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit();
    let begins = ["AKIA", "ASIA"].iter().flat_map(|it| word.match_indices(it));
    begins.map(|(at, _)| at..at + word[at..].bytes().take_while(|it| is_letter(*it)).count()).find(|it| {
        let before = word[..it.start].bytes().next_back();
        let after = word[it.end..].bytes().next();
        it.len() == 20 && ![before, after].into_iter().flatten().any(|it| it.is_ascii_alphanumeric() || it == b'-')
    })
}

/// The hash of a password, as `htpasswd` and `crypt` write it, in compose files with each `$` twice.
fn password_hash(word: &str) -> Option<Range<usize>> {
    const SCHEMES: [&str; 8] = ["$apr1$", "$2y$", "$2a$", "$2b$", "$1$", "$5$", "$6$", "$argon2"];
    let at = word.find('$')?;
    let plain = word[at..].replace("$$", "$");
    let is_hash = SCHEMES.iter().any(|it| plain.starts_with(it)) && plain.len() >= 20;
    is_hash.then_some(at..word.len())
}

/// The password in a line of `.pgpass`: `host:port:database:user:password`.
fn pgpass(word: &str) -> Option<Range<usize>> {
    let mut parts = word.splitn(5, ':');
    let (host, port, base, user, password) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_port = port == "*" || (port.len() >= 4 && port.bytes().all(|it| it.is_ascii_digit()));
    // The address of a network card, or of version 6, has only short numbers in it.
    let is_number = |it: &str| it.len() <= 4 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let is_address = [host, base, user].into_iter().chain(password.split(':')).all(is_number);
    let is_one = is_port && !is_address && ![host, base, user, password].contains(&"");
    literal(password).filter(|_| is_one).map(|_| word.len() - password.len()..word.len())
}

/// The bytes of each key that stands in a URL before the `@` and has no password beside it, as Sentry's addresses have
/// one: of `https://0123456789abcdef0123@o1.ingest.sentry.io/1`, those of the digits.
pub(super) fn url_keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        let key = &text[start..start + text[start..].find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?];
        let is_key = key.len() >= 20 && key.bytes().any(|it| it.is_ascii_digit());
        (is_key && text[start + key.len()..].starts_with('@')).then_some(start..start + key.len())
    })
}

/// Programs with short options that take a password.
const PROGRAMS: [&str; 9] =
    ["redis-cli", "curl", "sshpass", "mysql", "mysqladmin", "mysqldump", "mariadb", "mariadb-admin", "mariadb-dump"];

fn is_mysql(program: &str) -> bool {
    program.starts_with("mysql") || program.starts_with("mariadb")
}

/// The passwords that the well-known programs of a command line are given by short options, and to `curl` as a login.
pub(super) fn logins(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Most lines name none of them, and are looked at no further.
    if !["mysql", "mariadb", "curl", "redis-cli", "sshpass"].iter().any(|it| line.contains(it)) {
        return found;
    }
    let mut program = "";
    let mut option = "";
    let mut at = 0;
    for word in line.split([' ', '\t', '"', '\'', ',', '[', ']', '(', ')']) {
        let start = at;
        at += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        let name = word.rsplit('/').next().unwrap_or(word);
        if PROGRAMS.contains(&name) {
            program = name;
            continue;
        }
        if ["&&", "||", "|", ";"].contains(&word) {
            program = "";
        }
        let led_by = std::mem::replace(&mut option, word);
        let value = match (program, led_by) {
            ("curl", "-u" | "--user" | "-U" | "--proxy-user") => word.split_once(':').map(|it| it.1),
            ("curl", _) => {
                let joined = ["-u", "--user=", "-U", "--proxy-user="].iter().find_map(|it| word.strip_prefix(it));
                joined.and_then(|it| it.split_once(':')).map(|it| it.1)
            }
            ("redis-cli", "-a") | ("sshpass", "-p") => Some(word),
            ("sshpass", _) => word.strip_prefix("-p"),
            (it, _) if is_mysql(it) => {
                word.strip_prefix("-p").filter(|it| *it != "rotocol" && !it.starts_with("rotocol="))
            }
            _ => None,
        };
        let value = value.filter(|it| !it.starts_with(['$', '-']) && literal(it).is_some());
        found.extend(value.map(|it| start + word.len() - it.len()..start + word.len()));
    }
    found
}

/// Where passwords stand among the words of a command, by index: `--requirepass x`, `--api-token=x`, also within one
/// word that is a command itself. Not what only names one, as `--password "$(cat …)"`.
pub fn argument_passwords<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let is_literal = |it: &str| !it.starts_with(['-', '$']) && !is_harmless(it);
    // The short options of well-known programs.
    let mut program = "";
    let short = |program: &str, part: &str| match program {
        "redis-cli" => part == "-a",
        "curl" => part == "-u" || part == "--user",
        _ => false,
    };
    let mut found = Vec::new();
    let mut awaited = false;
    for (index, word) in words.into_iter().enumerate() {
        let inner: Vec<&str> = word.split_whitespace().map(|it| it.trim_matches(['"', '\''])).collect();
        let mut awaited_inside = std::mem::take(&mut awaited);
        let gives = inner.iter().enumerate().any(|(at, part)| {
            // A value may hold spaces; only the first word of it can be told from what comes after.
            if std::mem::take(&mut awaited_inside) && is_literal(part) {
                return true;
            }
            if PROGRAMS.contains(part) {
                program = part;
            }
            if is_mysql(program) && part.strip_prefix("-p").is_some_and(|it| is_literal(it) && it != "rotocol") {
                return true;
            }
            match part.split_once('=') {
                Some((option, value)) if is_option(option) => is_literal(value.trim_matches(['"', '\''])),
                None if is_option(part) || short(program, part) => {
                    awaited_inside = at + 1 < inner.len();
                    awaited = at + 1 == inner.len();
                    false
                }
                _ => false,
            }
        });
        if gives {
            found.push(index);
        }
    }
    found
}
