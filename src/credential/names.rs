//! What names say of what belongs to them, and values of themselves.

use std::ops::Range;

use super::urls::url_passwords;

/// Whether something of this name holds a secret itself, and not where one is to be found or how it is made.
pub fn is_secret(name: &str) -> bool {
    // What comes after the word says which one it is.
    const WHICH: [&str; 10] = ["BASE", "OLD", "NEW", "CURRENT", "PREVIOUS", "PLAIN", "RAW", "VALUE", "DEV", "PROD"];
    const WORDS: [&str; 22] = [
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
        "CREDENTIALS",
        "CRED",
        "CREDS",
        "SALT",
        "PEPPER",
        "APIKEY",
        "IDENTITYTOKEN",
        "REGISTRYTOKEN",
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
        // A switch of nginx.
        ["SERVER", "TOKENS"] => false,
        ["BASIC" | "REDIS" | "PROXY", "AUTH"] | ["DOCKER", "AUTH", "CONFIG"] => true,
        // Names with the hashes of their passwords, as labels of Traefik have them.
        [.., "BASICAUTH" | "DIGESTAUTH", "USERS"] | [.., "BASIC" | "DIGEST", "AUTH", "USERS"] => true,
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

/// Whether a word is an option whose value is a secret.
pub(super) fn is_option(word: &str) -> bool {
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

/// The part of a value that is a secret itself; `None` where it only tells where that is: a variable, a file, a name.
pub(super) fn literal(value: &str) -> Option<Range<usize>> {
    let is_name = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    // Compose writes `$$` for the dollar of a shell, whose own variables have small letters.
    if let Some(inner) = value.strip_prefix("$$") {
        let is_variable =
            inner.starts_with(['(', '{']) || inner.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        return (!is_variable).then_some(0..value.len());
    }
    // `SEARCH_PASSWORD` is a name; `SECRET11` is what people take for a password.
    let is_word = |it: &str| it.bytes().all(|it| it.is_ascii_uppercase()) || it.bytes().all(|it| it.is_ascii_digit());
    let names_one = value.contains('_') && value.split('_').all(is_word) && is_secret(value);
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
