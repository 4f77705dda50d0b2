//! What looks like a credential: by names mostly, because a value can look like anything. Whoever looks at text shares
//! these words: `resolve` refuses credentials in a spec, `lint` finds them in files, `report` never shows them.

use std::borrow::Cow;
use std::ops::Range;

/// A line with the names and passwords of its addresses, all that stands before an `@`, taken out.
pub fn without_login(line: &str) -> String {
    let word = |word: &str| match word.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.find("://").map_or(0, |it| it + 3);
            format!("{}…@{host}", &before[..scheme])
        }
        None => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether something of this name holds a secret itself, and not where one is to be found or how it is made.
pub fn is_secret(name: &str) -> bool {
    // What comes after the word says which one it is.
    const WHICH: [&str; 10] = ["BASE", "OLD", "NEW", "CURRENT", "PREVIOUS", "PLAIN", "RAW", "VALUE", "DEV", "PROD"];
    const WORDS: [&str; 15] = [
        "PASSWORD",
        "PASSWD",
        "PASS",
        "PASSPHRASE",
        "PWD",
        "PW",
        "PAT",
        "SECRET",
        "TOKEN",
        "BEARER",
        "CREDENTIAL",
        "APIKEY",
        "SECRETKEY",
        "PRIVATEKEY",
        "ENCRYPTIONKEY",
    ];
    const KEYS: [&str; 28] = [
        "API",
        "PRIVATE",
        "ACCESS",
        "SECRET",
        "ENCRYPTION",
        "SIGNING",
        "MASTER",
        "LICENSE",
        "APP",
        "AUTH",
        "JWT",
        "SESSION",
        "COOKIE",
        "CRYPTO",
        "CIPHER",
        "HMAC",
        "SERVICE",
        "ACCOUNT",
        "DEPLOY",
        "WEBHOOK",
        "SSL",
        "TLS",
        "SSH",
        "STRIPE",
        "SENDGRID",
        "MAILGUN",
        "OPENAI",
        "ANTHROPIC",
    ];
    // Counts, switches, rules for passwords, words of language models, and what everybody may know.
    const OTHERWISE: [&str; 32] = [
        "PUBLIC",
        "PUBLISHABLE",
        "DUMMY",
        "ALLOW",
        "ALLOWED",
        "MAX",
        "MIN",
        "NUM",
        "COUNT",
        "LENGTH",
        "LIMIT",
        "ENABLE",
        "ENABLED",
        "DISABLE",
        "DISABLED",
        "USE",
        "SUPPORTS",
        "REQUIRE",
        "REQUIRED",
        "CHECK",
        "VALIDATE",
        "RESET",
        "CORS",
        "STOP",
        "EOS",
        "BOS",
        "PAD",
        "SEP",
        "UNK",
        "MASK",
        "CLS",
        "GENERATE",
    ];
    let name = underscored(name);
    let mut parts: Vec<&str> = name.split('_').filter(|it| !it.is_empty()).collect();
    if parts.iter().any(|it| OTHERWISE.contains(it)) {
        return false;
    }
    let says_which = |it: &str| WHICH.contains(&it) || it.bytes().all(|it| it.is_ascii_digit());
    while parts.len() > 1 && parts.last().is_some_and(|it| says_which(it)) {
        parts.pop();
    }
    let last = parts.last().map(|it| it.trim_end_matches(|it: char| it.is_ascii_digit())).unwrap_or_default();
    // `secrets:` alone is a list of names everywhere.
    let singular = last.strip_suffix('S').filter(|it| parts.len() > 1 && !it.ends_with('S'));
    let last = singular.unwrap_or(last);
    match parts[..] {
        // Alone, these are the working folder, a verb, and something small.
        ["PWD" | "PASS" | "PW" | "PAT"] => false,
        ["BASIC" | "REDIS" | "PROXY", "AUTH"] => true,
        [.., kind, _] if last == "KEY" => KEYS.contains(&kind),
        _ => WORDS.contains(&last) || last.ends_with("PASSWORD"),
    }
}

/// `apiToken`, `api-token` and `api.token` as `API_TOKEN`.
fn underscored(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for it in name.chars() {
        if it.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.push(if matches!(it, '-' | '.') { '_' } else { it.to_ascii_uppercase() });
        before = it;
    }
    out
}

/// Where words stand in a text that have the shape of a credential, whatever they are called: what well-known services
/// give out, signed tokens, and what follows `Bearer` or `Basic`.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
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
    let separates = |it: char| it.is_whitespace() || "\"',=()[]{}`<>;".contains(it);
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
        let is_aws = ["AKIA", "ASIA"].iter().any(|it| word.starts_with(it))
            && word.len() == 20
            && word.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
        let is_jwt = word.starts_with("eyJ") && word.matches('.').count() == 2 && word.len() > 20 && plain(word);
        let is_header = ["Bearer", "Basic"].contains(&led_by) && word.len() >= 6 && has_digit && plain(word);
        let hook = word.find("hooks.slack.com/services/").map_or(0, |it| it + "hooks.slack.com/services/".len());
        let is_hook = hook > 0 && hook < word.len();
        (is_known || is_aws || is_jwt || is_header || is_hook).then_some(start + hook..start + word.len())
    })
}

/// Whether `text` holds a credential that [`masked`] would hide.
pub fn has_credential(text: &str) -> bool {
    matches!(masked(text), Cow::Owned(_))
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
            if ["redis-cli", "curl", "mysql", "mysqladmin", "mysqldump"].contains(part) {
                program = part;
            }
            if program.starts_with("mysql")
                && part.strip_prefix("-p").is_some_and(|it| is_literal(it) && it != "rotocol")
            {
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

/// Whether a word is an option whose value is a secret.
fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    word.starts_with('-') && (is_secret(name) || ["requirepass", "masterauth", "rootpassword"].contains(&name))
}

/// Whether a value that belongs to a secret's name is no secret: empty, a switch, a placeholder, a path, an address.
pub fn is_harmless(value: &str) -> bool {
    const SWITCHES: [&str; 11] =
        ["true", "false", "yes", "no", "on", "off", "null", "none", "dummy", "unused", "placeholder"];
    let within = |open: char, close: char| value.starts_with(open) && value.ends_with(close);
    let is_path = value.starts_with(['/', '.'])
        && (value[1..].contains('/') || value.contains('.'))
        && value.chars().all(|it| it.is_ascii_alphanumeric() || "/._-@".contains(it));
    let is_address = value.contains("://") && url_passwords(value).next().is_none() && !value.contains('?');
    value.is_empty()
        || SWITCHES.contains(&value.to_ascii_lowercase().as_str())
        || within('<', '>')
        || within('[', ']')
        || value.starts_with('`')
        || is_path
        || is_address
}

/// Text of a file could hold what a terminal obeys: that is shown, and done by nobody.
pub fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|it| {
            // Marks that turn the direction of what follows make a line look like another.
            let turns = matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if turns || (it.is_control() && !matches!(it, '\n' | '\t')) {
                it.escape_debug().collect::<Vec<_>>()
            } else {
                vec![it]
            }
        })
        .collect()
}

/// `text` with `*` for every byte of a value that looks like a credential: what follows a secret's name in YAML, JSON,
/// env files, Dockerfiles, shell and command lines, passwords in URLs, and private keys. Lengths and line ends stay, so
/// places in `text` are places in what comes back.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut in_key = false;
    // The indentation of a secret's key whose value stands on the lines below it, and whether they are a block.
    let mut below: Option<(usize, bool)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let indent = body.len() - body.trim_start().len();
        let mut hide = |it: Range<usize>| hidden.push(start + it.start..start + it.end);
        if let Some((outer, is_block)) = below {
            if !body.trim().is_empty() && indent <= outer {
                below = None;
            } else if is_block || !(body.contains(": ") || body.ends_with(':')) {
                hide(indent.min(body.len())..body.len());
            }
        }
        let begin = body.find("-----BEGIN ").filter(|at| body[*at..].contains("PRIVATE KEY-----"));
        if in_key || begin.is_some() {
            let from = match begin {
                Some(at) => at + body[at..].find("KEY-----").map_or(0, |it| it + "KEY-----".len()),
                None => indent,
            };
            let end = body[from..].find("-----END ").map(|at| from + at);
            // What is none of a key's letters is not one: somebody only wrote about keys.
            let is_key = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=\\\"',:- \t".contains(&it));
            in_key = end.is_none() && is_key(&body[from..]);
            if in_key || end.is_some() {
                hide(from..end.unwrap_or(body.len()));
            }
        }
        url_passwords(body).filter(|it| literal(&body[it.clone()]).is_some()).for_each(&mut hide);
        tokens(body).for_each(&mut hide);
        for value in values(body) {
            match value {
                Found::At(range) => hide(range),
                Found::Below { block } => below = Some((indent, block)),
            }
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

/// The part of a value that is a secret itself; `None` where it only tells where that is: a variable, a file, a name.
fn literal(value: &str) -> Option<Range<usize>> {
    let is_name = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    let names_one = value.chars().all(is_name) && is_secret(value);
    if is_harmless(value) || names_one || value.starts_with("{{") || value.starts_with("$(") {
        return None;
    }
    if let Some(inner) = value.strip_prefix("${").and_then(|it| it.strip_suffix('}')) {
        // `${NAME:-default}`: a default is a literal.
        let at = inner.find('-').filter(|at| inner[..*at].chars().all(|it| is_name(it) || it == ':'))?;
        return (at + 1 < inner.len()).then_some(at + 3..value.len() - 1);
    }
    let is_variable = value.strip_prefix('$').is_some_and(|it| !it.is_empty() && it.chars().all(is_name));
    (!is_variable).then_some(0..value.len())
}

/// The value that belongs to a secret's name in a line.
enum Found {
    At(Range<usize>),
    /// It stands on the lines below: as a block after `|` or `>`, or just there.
    Below {
        block: bool,
    },
}

/// All values in a line that follow the name of a secret or an option for one.
fn values(line: &str) -> Vec<Found> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = line[at..].find(is_word).map(|it| at + it) {
        let end = line[begin..].find(|it| !is_word(it)).map_or(line.len(), |it| begin + it);
        at = end;
        let word = &line[begin..end];
        let before = line[..begin].trim_start();
        let is_setting = word.eq_ignore_ascii_case("pwd") && before.ends_with(';');
        if !(is_secret(word.trim_start_matches('-')) || is_option(word) || is_setting) {
            continue;
        }
        let rest = line[end..].strip_prefix(['"', '\'']).unwrap_or(&line[end..]).trim_start();
        let is_instruction = matches!(before.trim_end(), "ENV" | "ARG");
        let in_brackets = before.matches(['{', '[']).count() > before.matches(['}', ']']).count();
        // In a sentence a colon only ends a word; and `pwd` is a password only among other settings.
        let stands_alone =
            before.is_empty() || before.trim_end().ends_with(['{', '[', ',', '"', '\'', ';', '&', '?', '-']);
        let (value, to_the_end) = if let Some(value) = rest.strip_prefix(':').filter(|_| stands_alone) {
            // `a:b` is no key of YAML, but may be one of JSON.
            (value, !in_brackets && value.starts_with([' ', '\t']))
        } else if let Some(value) = rest.strip_prefix('=') {
            let is_first = before.is_empty() || matches!(before.trim_end(), "-" | "export" | "- \"" | "- '");
            (value, is_first && !value.contains(" --"))
        } else if is_option(word) {
            (rest.trim_start_matches([',', ' ']), false)
        } else if is_instruction {
            (&line[end..], true)
        } else {
            continue;
        };
        let is_key = rest.starts_with(':') && !in_brackets;
        let value = value.trim_start();
        let from = line.len() - value.len();
        let range = match value.chars().next() {
            None if is_key => {
                found.push(Found::Below { block: false });
                continue;
            }
            None => continue,
            Some('|' | '>') if is_key => {
                found.push(Found::Below { block: true });
                continue;
            }
            // An anchor, an alias, a tag, a list or a map: what is inside of those is looked at by itself.
            Some('&' | '*' | '!' | '[' | '{') if rest.starts_with(':') && !value.starts_with("{{") => continue,
            Some(quote @ ('"' | '\'')) => from + 1..from + 1 + quoted(&value[1..], quote),
            Some(_) if to_the_end => from..from + value.split(" #").next().unwrap_or(value).trim_end().len(),
            Some(_) if in_brackets => {
                let end = value.find([',', '}', ']']).unwrap_or(value.len());
                from..from + value[..end].trim_end().len()
            }
            Some(_) => from..from + value.find([' ', '\t', '`']).unwrap_or(value.len()),
        };
        at = at.max(range.end);
        // `SECRET_KEY_BASE=dummy rails …`: a command follows.
        if rest.starts_with('=') && is_harmless(line[range.clone()].split(' ').next().unwrap_or_default()) {
            continue;
        }
        if let Some(part) = literal(line[range.clone()].trim_end_matches(['"', '\''])) {
            found.push(Found::At(range.start + part.start..range.start + part.end));
        }
    }
    found
}

/// How long the text is that a quote closes: in double quotes a backslash escapes, in single ones a second quote does.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, it)) = characters.next() {
        if it == '\\' && quote == '"' {
            characters.next();
        } else if it == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, it)| *it == '\'') {
                characters.next();
            } else {
                return at;
            }
        }
    }
    text.len()
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
            ("SECRET_KEY_BASE", true),
            ("DB_PASSWORD_2", true),
            ("DB_PASSWORD_FILE", false),
            ("PUBLIC_KEY", false),
            ("SECRET_KEY_BASE_DUMMY", false),
            ("KEYBOARD", false),
            ("PWD", false),
            ("TOKEN_TTL", false),
            ("apiToken", true),
            ("GITHUB_PAT", true),
            ("STRIPE_KEY", true),
            ("PASSWORD2", true),
            ("API_TOKENS", true),
            ("DB_PW", true),
            ("ENCRYPTIONKEY", true),
            ("CACHE_KEY", false),
            ("LOCK_KEY", false),
            ("MAX_TOKENS", false),
            ("ENABLE_TOKEN", false),
            ("EOS_TOKEN", false),
            ("CORS_CREDENTIALS", false),
            ("REDIS_AUTH", true),
            ("BYPASS", false),
            ("secrets", false),
            ("password_file", false),
            ("ACCESS_TOKEN_LIFETIME", false),
            ("TOKEN_ALGORITHM", false),
            ("PASSWORD_HASHER", false),
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
    fn passwords_are_seen_among_arguments() {
        for (words, found) in [
            (&["redis-server", "--requirepass", "abc"][..], &[2][..]),
            (&["run", "--api-token=abc"], &[1]),
            (&["run", "--password-file=a", "--password=b"], &[2]),
            (&["sh", "-c", "run --password-file=a --password=b"], &[2]),
            (&["sh", "-c", "redis-cli --password 'a b' ping"], &[2]),
            (&["sh", "-c", "redis-cli --password \"$(cat /run/secrets/R)\" ping"], &[]),
            (&["run", "--token", "--verbose"], &[]),
            (&["run", "--password", "/run/secrets/A"], &[]),
            (&["run", "--token"], &[]),
            (&["curl", "-u", "admin:x"], &[2]),
            (&["sh", "-c", "redis-cli -a x ping"], &[2]),
            (&["mysql", "-px"], &[1]),
            (&["vllm", "--max-tokens", "4096"], &[]),
            (&["run", "--private-key", "/certs/key.pem"], &[]),
        ] {
            assert_eq!(argument_passwords(words.iter().copied()), found, "{words:?}");
        }
    }

    #[test]
    fn credentials_are_seen_by_their_shape() {
        for (text, has) in [
            ("host=db password=hunter2", true),
            ("Server=db;Password=hunter2;", true),
            ("{\"password\": \"hunter2\"}", true),
            ("Authorization: Bearer abc123", true),
            ("Authorization: Basic YWRtaW46eA==", true),
            ("ghp_0123456789abcdef0123456789abcdef", true),
            ("AKIAIOSFODNN7EXAMPLE", true),
            ("eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJSM", true),
            ("https://hooks.slack.com/services/T0/B0/x", true),
            ("amqp://u:pa/x@h/", true),
            ("Server=db;User Id=sa;Pwd=x;", true),
            ("https://example.com:80/a@b", false),
            ("enter the token: now", false),
            ("ASIA-northeast-1-abcdefgh", false),
            ("npm_config_cache_dir", false),
            ("Bearer realm", false),
            ("DB_PASSWORD=`cat /run/secrets/A` run", false),
            ("TLS_KEY=/run/tls/key.pem", false),
            ("PROXY_PASS=http://api:80", false),
            ("SECRET_KEY_BASE=dummy rails assets:precompile", false),
            ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", true),
            ("DB_PASSWORD=hunter2 python", true),
            ("SELECT 1", false),
            ("https://example.com/a?b=c", false),
            ("Bearer $TOKEN", false),
            ("password_file=/run/secrets/A", false),
        ] {
            assert_eq!(has_credential(text), has, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_credentials_in_it() {
        for (text, shown) in [
            ("      DB_PASSWORD: hunter2 # no", "      DB_PASSWORD: ******* # no"),
            ("  db-password: \"a \\\" b\"", "  db-password: \"******\""),
            ("  db-password: 'it''s-secret'", "  db-password: '************'"),
            ("  DB_PASSWORD: \"$ecret\"", "  DB_PASSWORD: \"******\""),
            ("  DB_PASSWORD: \"[abc\"", "  DB_PASSWORD: \"****\""),
            ("  DB_PASSWORD: ${P:-abc}", "  DB_PASSWORD: ${P:-***}"),
            ("{ API_TOKEN: a b, PORT: 80 }", "{ API_TOKEN: ***, PORT: 80 }"),
            ("- API_TOKEN=ab,cd", "- API_TOKEN=*****"),
            ("API_TOKEN=ab cd", "API_TOKEN=*****"),
            ("ENV API_TOKEN a b", "ENV API_TOKEN ***"),
            ("ENV A=b API_TOKEN=abc C=d", "ENV A=b API_TOKEN=*** C=d"),
            ("[redis-server, --requirepass, abc]", "[redis-server, --requirepass, ***]"),
            ("[\"redis-server\", \"--requirepass\", \"abc\"]", "[\"redis-server\", \"--requirepass\", \"***\"]"),
            ("mysqladmin --password=abc ping", "mysqladmin --password=*** ping"),
            ("url: postgres://shop:päss@db/shop", "url: postgres://shop:*****@db/shop"),
            ("A_PASSWORD: |\n  ab: c\nB: d", "A_PASSWORD: |\n  *****\nB: d"),
            ("A_PASSWORD:\n  abc\nB: d", "A_PASSWORD:\n  ***\nB: d"),
            (
                "-----BEGIN PRIVATE KEY-----\r\n  MIIB\r\n-----END PRIVATE KEY-----\nA: b",
                "-----BEGIN PRIVATE KEY-----\r\n  ****\r\n-----END PRIVATE KEY-----\nA: b",
            ),
            (
                "K=\"-----BEGIN PRIVATE KEY-----\\nMI\\n-----END PRIVATE KEY-----\"",
                "K=\"-----BEGIN PRIVATE KEY-----******-----END PRIVATE KEY-----\"",
            ),
            ("DB_PASSWORD: abc # -----END ", "DB_PASSWORD: *** # -----END "),
            (
                "grep -q \"-----BEGIN PRIVATE KEY-----\" f || exit\nrun\n",
                "grep -q \"-----BEGIN PRIVATE KEY-----\" f || exit\nrun\n",
            ),
            // What only leads to a secret is for everybody's eyes.
            ("DB_PASSWORD_FILE: /run/secrets/DB_PASSWORD", "DB_PASSWORD_FILE: /run/secrets/DB_PASSWORD"),
            ("DB_PASSWORD: ${DB_PASSWORD:?set it}", "DB_PASSWORD: ${DB_PASSWORD:?set it}"),
            ("DB_PASSWORD=$(cat /run/secrets/x)", "DB_PASSWORD=$(cat /run/secrets/x)"),
            ("secrets: [API_TOKEN]", "secrets: [API_TOKEN]"),
            ("  password: SEARCH_PASSWORD", "  password: SEARCH_PASSWORD"),
            ("  DB_PASSWORD:\n    generate: { length: 5 }", "  DB_PASSWORD:\n    generate: { length: 5 }"),
            ("API_KEY: { default: abc }", "API_KEY: { default: abc }"),
            ("path: /a?b", "path: /a?b"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }
}
