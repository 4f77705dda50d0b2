//! What looks like a secret. By names, mostly: a value can look like anything.

/// Whether something of this name holds a secret itself, and not where one is to be found.
pub(super) fn is_secret(name: &str) -> bool {
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

/// Whether `text` has a URL with a password in it that is no variable: `postgres://shop:secret@db/shop`.
pub(super) fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = &rest[..rest.find(['/', ' ', '"', '\'', '?']).unwrap_or(rest.len())];
        let Some((user, _)) = authority.rsplit_once('@') else { return false };
        user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.contains(['$', '{', '<']))
    })
}

/// Whether a path is one at which secrets are kept.
pub(super) fn is_secret_file(path: &str) -> bool {
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
        for (text, has) in [
            ("postgres://a:b@c/d", true),
            ("postgres://a@c/d", false),
            ("postgres://a:${B}@c/d", false),
            ("http://a:80/@", false),
            ("redis://:b@c", true),
        ] {
            assert_eq!(has_password(text), has, "{text}");
        }
    }
}
