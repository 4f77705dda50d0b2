//! What looks like a credential: by names mostly, because a value can look like anything. Whoever looks at text shares
//! these words: `resolve` refuses credentials in a spec, `lint` finds them in files, `report` never shows them.

use std::borrow::Cow;
use std::ops::Range;

/// Whether something of this name holds a secret itself, and not where one is to be found.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase().replace(['-', '.'], "_");
    let parts: Vec<&str> = name.split('_').collect();
    let points = [
        "FILE", "PATH", "DIR", "NAME", "ID", "URL", "URI", "LENGTH", "TTL", "EXPIRY", "EXPIRES", "ISSUER", "HEADER",
        "ENABLED", "TYPE",
    ];
    if parts.last().is_some_and(|it| points.contains(it))
        || parts.iter().any(|it| matches!(*it, "PUBLIC" | "DUMMY" | "ALLOW" | "EXPIRATION"))
    {
        return false;
    }
    let is_word = |it: &&str| {
        matches!(
            *it,
            "PASSWORD"
                | "PASSWD"
                | "PASS"
                | "PASSPHRASE"
                | "PWD"
                | "SECRET"
                | "TOKEN"
                | "CREDENTIAL"
                | "CREDENTIALS"
                | "APIKEY"
        )
    };
    let is_key = parts.windows(2).any(|it| {
        it[1] == "KEY"
            && matches!(
                it[0],
                "API"
                    | "PRIVATE"
                    | "ACCESS"
                    | "SECRET"
                    | "ENCRYPTION"
                    | "SIGNING"
                    | "MASTER"
                    | "LICENSE"
                    | "APP"
                    | "AUTH"
                    | "JWT"
            )
    });
    // `PWD` and `PASS` alone are the working folder and a verb.
    let is_alone = parts.len() == 1 && matches!(parts[0], "PWD" | "PASS");
    !is_alone && (is_key || parts.iter().any(is_word) || parts.iter().any(|it| it.ends_with("PASSWORD")))
}

/// The bytes of every password that stands in a URL: of `postgres://shop:secret@db/shop`, those of `secret`.
pub fn url_passwords(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, _)| {
        let start = at + 3;
        let rest = &text[start..];
        let authority = &rest[..rest.find(['/', ' ', '"', '\'', '?']).unwrap_or(rest.len())];
        let (login, _) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let from = start + user.len() + 1;
        (!password.is_empty()).then_some(from..from + password.len())
    })
}

/// Whether `text` has a URL with a password in it that is no variable and no placeholder.
pub fn has_password(text: &str) -> bool {
    url_passwords(text).any(|it| !text[it].contains(['$', '{', '<']))
}

/// Whether `text` gives a password to a program, alone or with the word after it: `--requirepass x`, `--password=x`,
/// and the same within one text. `is_literal` tells a value from what only names one.
pub fn gives_password(text: &str, next: Option<&str>, is_literal: impl Fn(&str) -> bool) -> bool {
    PASSWORD_OPTIONS.iter().any(|option| match text.split_once(option) {
        Some((_, "")) => next.is_some_and(&is_literal),
        Some((_, rest)) => {
            rest.strip_prefix(['=', ' ']).and_then(|it| it.split_whitespace().next()).is_some_and(&is_literal)
        }
        None => false,
    })
}

const PASSWORD_OPTIONS: &[&str] = &["--requirepass", "--password", "--masterauth", "--rootpassword"];

/// Whether a value that belongs to a secret's name is no secret: empty, a switch, or the file that holds it.
pub fn is_harmless(value: &str) -> bool {
    value.is_empty() || matches!(value, "true" | "false" | "yes" | "no") || value.starts_with("/run/secrets/")
}

/// `text` with `*` for every byte of a value that looks like a credential: what follows a secret's name in YAML, JSON,
/// env files, Dockerfiles, shell and command lines, passwords in URLs, and private keys. Lengths and line ends stay, so
/// places in `text` are places in what comes back.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut in_key = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        if body.contains("-----END ") {
            in_key = false;
        } else if in_key {
            // Indentation stays; a diff's mark is no part of the key.
            let blank = body.len() - body.trim_start_matches([' ', '\t', '+', '-']).len();
            hidden.push(start + blank..start + body.len());
        } else {
            in_key = body.contains("-----BEGIN ") && body.contains("PRIVATE KEY-----");
            hidden.extend(values(body).into_iter().chain(url_passwords(body)).filter_map(|it| {
                let value = &body[it.clone()];
                (!names_something_else(value)).then_some(start + it.start..start + it.end)
            }));
        }
        start += line.len();
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    hidden.into_iter().for_each(|it| bytes[it].fill(b'*'));
    Cow::Owned(String::from_utf8(bytes).expect("whole characters were replaced by ASCII"))
}

/// Whether a value only tells where the secret is: a variable, a file, the name of a secret.
fn names_something_else(value: &str) -> bool {
    let is_name = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    let begins = value.starts_with(['$', '<', '*', '&', '|', '>', '{', '[']);
    begins || is_harmless(value) || (value.chars().all(is_name) && is_secret(value))
}

/// The bytes of all values in a line that follow the name of a secret or an option for one.
fn values(line: &str) -> Vec<Range<usize>> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = line[at..].find(is_word).map(|it| at + it) {
        let end = line[begin..].find(|it| !is_word(it)).map_or(line.len(), |it| begin + it);
        at = end;
        let word = &line[begin..end];
        let name = word.trim_start_matches('-');
        let is_option = word.starts_with('-') && name.len() < word.len() && !line[end..].starts_with(':');
        if !(is_secret(name) || is_option && PASSWORD_OPTIONS.contains(&word)) {
            continue;
        }
        let rest = &line[end..];
        let quote = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let is_instruction = matches!(line[..begin].trim(), "ENV" | "ARG" | "+ENV" | "-ENV" | "+ARG" | "-ARG");
        let value = match quote.trim_start().strip_prefix([':', '=']) {
            Some(value) => value,
            None if is_option => quote.trim_start_matches([',', ' ']),
            None if is_instruction => rest,
            None => continue,
        };
        let value = value.trim_start();
        let from = line.len() - value.len();
        let range = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = &value[1..];
                let close = inner.char_indices().scan(false, |escaped, (index, it)| {
                    let ends = it == quote && !*escaped;
                    *escaped = it == '\\' && !*escaped && quote == '"';
                    Some((index, ends))
                });
                let close = close.into_iter().find(|(_, ends)| *ends).map_or(inner.len(), |(index, _)| index);
                from + 1..from + 1 + close
            }
            // A plain scalar of YAML goes on to the end of its line, unless it stands in brackets.
            Some(_) if quote.trim_start().starts_with(": ") && !line[..begin].contains('{') => {
                from..from + value.split(" #").next().unwrap_or(value).trim_end().len()
            }
            Some(_) => {
                let stop = value.find([' ', '\t', ',', '}', ']', '"', '\'', ';']).unwrap_or(value.len());
                from..from + stop
            }
            None => continue,
        };
        at = at.max(range.end);
        found.push(range);
    }
    found
}

/// Whether a path is one at which secrets are kept.
pub fn is_secret_file(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let is_example = ["example", "sample", "template", "dist", "defaults"].iter().any(|it| name.contains(it));
    let is_env = name == ".env" || name.starts_with(".env.");
    let is_key = name.ends_with(".key")
        || name.starts_with("id_rsa")
        || name.starts_with("id_ed25519")
        || name.ends_with(".p12")
        || name.ends_with(".pfx");
    let is_login = matches!(name, ".netrc" | ".pypirc" | ".git-credentials" | ".ssh" | ".aws" | ".kube");
    let is_public = name.ends_with(".pub");
    !is_example && !is_public && (is_env || is_key || is_login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets_from_what_leads_to_them() {
        for (name, secret) in [
            ("DB_PASSWORD", true),
            ("db-password", true),
            ("POSTGRESPASSWORD", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("API_KEY", true),
            ("DB_PASSWORD_FILE", false),
            ("PUBLIC_KEY", false),
            ("SECRET_KEY_BASE_DUMMY", false),
            ("KEYBOARD", false),
            ("PWD", false),
            ("TOKEN_TTL", false),
        ] {
            assert_eq!(is_secret(name), secret, "{name}");
        }
    }

    #[test]
    fn passwords_are_seen_in_urls() {
        for (text, password) in [
            ("postgres://a:b@c/d", Some("b")),
            ("postgres://a@c/d", None),
            ("http://a:80/@", None),
            ("redis://:b@c", Some("b")),
        ] {
            assert_eq!(url_passwords(text).next().map(|it| &text[it]), password, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_credentials_in_it() {
        for (text, shown) in [
            ("      DB_PASSWORD: hunter2 # no", "      DB_PASSWORD: ******* # no"),
            ("+  db-password: \"a \\\" b\"", "+  db-password: \"******\""),
            ("{ API_TOKEN: abc, PORT: 80 }", "{ API_TOKEN: ***, PORT: 80 }"),
            ("- API_TOKEN=abc", "- API_TOKEN=***"),
            ("ENV API_TOKEN abc", "ENV API_TOKEN ***"),
            ("ENV A=b API_TOKEN=abc C=d", "ENV A=b API_TOKEN=*** C=d"),
            ("[redis-server, --requirepass, abc]", "[redis-server, --requirepass, ***]"),
            ("[\"redis-server\", \"--requirepass\", \"abc\"]", "[\"redis-server\", \"--requirepass\", \"***\"]"),
            ("mysqladmin --password=abc ping", "mysqladmin --password=*** ping"),
            ("url: postgres://shop:päss@db/shop", "url: postgres://shop:*****@db/shop"),
            (
                "-----BEGIN PRIVATE KEY-----\r\n  MIIB\r\n-----END PRIVATE KEY-----\nA: b",
                "-----BEGIN PRIVATE KEY-----\r\n  ****\r\n-----END PRIVATE KEY-----\nA: b",
            ),
            // What only leads to a secret is for everybody's eyes.
            ("DB_PASSWORD_FILE: /run/secrets/DB_PASSWORD", "DB_PASSWORD_FILE: /run/secrets/DB_PASSWORD"),
            ("DB_PASSWORD: ${DB_PASSWORD:?set it}", "DB_PASSWORD: ${DB_PASSWORD:?set it}"),
            ("secrets: [API_TOKEN]", "secrets: [API_TOKEN]"),
            ("  password: SEARCH_PASSWORD", "  password: SEARCH_PASSWORD"),
            ("  DB_PASSWORD:", "  DB_PASSWORD:"),
            ("API_KEY: { default: abc }", "API_KEY: { default: abc }"),
            ("path: /a?b", "path: /a?b"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }
}
