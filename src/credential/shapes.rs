//! What has the shape of a credential, whatever it is called, and where programs are given one.

use std::ops::Range;

use super::names::{is_harmless, is_option, literal};

/// What well-known services give out: how it begins, and how many characters follow at least.
const GIVEN: [(&str, usize); 23] = [
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("glrt-", 20),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("sk_test_", 16),
    ("sk-proj-", 20),
    ("sk-ant-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xapp-", 20),
    ("AIza", 35),
    ("npm_", 36),
    ("SG.", 40),
    ("dckr_pat_", 20),
    ("hf_", 30),
    ("pypi-", 40),
    ("AGE-SECRET-KEY-1", 40),
];

/// Where something stands in a text that has the shape of a credential, whatever it is called: what well-known services
/// give out, signed tokens, and what follows `Bearer` or `Basic`.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut found = given(text);
    found.extend(signed(text));
    let separates = |it: char| it.is_whitespace() || "\"',=()[]{}`<>;|&".contains(it);
    let plain = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.+/=~".contains(&it));
    let mut led_by = "";
    let mut at = 0;
    for word in text.split(separates) {
        let start = at;
        at += word.len() + text[start + word.len()..].chars().next().map_or(0, char::len_utf8);
        if word.is_empty() {
            continue;
        }
        let before = std::mem::replace(&mut led_by, word);
        if let Some(it) = aws_key(word).or_else(|| password_hash(word)).or_else(|| pgpass(word)) {
            found.push(start + it.start..start + it.end);
            continue;
        }
        let has_digit = word.bytes().any(|it| it.is_ascii_digit() || it == b'=');
        let is_header = ["Bearer", "Basic"].contains(&before) && word.len() >= 6 && has_digit && plain(word);
        let hook = word.find("hooks.slack.com/services/").map_or(0, |it| it + "hooks.slack.com/services/".len());
        let is_hook = hook > 0 && hook < word.len();
        if is_header || is_hook {
            found.push(start + hook..start + word.len());
        }
    }
    found
}

/// What a service gave out, wherever it stands: behind a colon, a slash, before an `@`.
fn given(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut end = 0;
    for (start, it) in text.bytes().enumerate() {
        if start < end || !it.is_ascii_alphabetic() || continues(text, start) {
            continue;
        }
        let Some((begin, least)) = GIVEN.iter().find(|it| text[start..].starts_with(it.0)) else { continue };
        let body = start + begin.len();
        end = body + run(&text[body..]);
        if end - body >= *least && !is_name(&text[body..end]) {
            found.push(start..end);
        }
    }
    found
}

/// What is signed as JSON Web Tokens are: three parts, of which the first begins an object.
fn signed(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("eyJ").map(|it| at + it) {
        let end = start + run(&text[start..]);
        if !continues(text, start) && end - start > 20 && text[start..end].matches('.').count() == 2 {
            found.push(start..end);
        }
        at = end;
    }
    found
}

/// Whether a word began before this byte.
fn continues(text: &str, at: usize) -> bool {
    text[..at].bytes().next_back().is_some_and(|it| it.is_ascii_alphanumeric())
}

/// How many bytes there are of what keys are made of; a full stop ends a sentence.
fn run(text: &str) -> usize {
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && !"_-.".contains(it)).unwrap_or(text.len());
    text[..end].trim_end_matches('.').len()
}

/// Whether it is small words that somebody put together, as in `npm_config_…`.
fn is_name(text: &str) -> bool {
    text.contains(['_', '-', '.']) && text.bytes().all(|it| it.is_ascii_lowercase() || b"_-.".contains(&it))
}

/// The key of an AWS account in a word: twenty capitals and digits, whatever stands around them.
fn aws_key(word: &str) -> Option<Range<usize>> {
    ["AKIA", "ASIA"].iter().find_map(|begin| {
        let mut at = 0;
        while let Some(start) = word[at..].find(begin).map(|it| at + it) {
            let is_letter = |it: &u8| it.is_ascii_uppercase() || it.is_ascii_digit();
            at = start + word[start..].bytes().take_while(is_letter).count();
            let goes_on = |it: char| it == '-' || it.is_ascii_alphanumeric();
            let is_part = continues(word, start) || word[..start].ends_with('-') || word[at..].starts_with(goes_on);
            if at - start == 20 && !is_part {
                return Some(start..at);
            }
        }
        None
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
