//! Addresses of backings as somebody wrote them down: which driver they are for, and what of them has to be kept.

use crate::catalog::BackingDetection;
use crate::credential::is_secret;

/// The parts of a URL that say something; never its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Url<'u> {
    /// `postgresql+asyncpg`, `jdbc:postgresql`.
    pub(super) scheme: &'u str,
    pub(super) host: &'u str,
    port: &'u str,
    path: &'u str,
    query: &'u str,
}

impl<'u> Url<'u> {
    /// Reads a value that is a URL, with whatever names of variables in it.
    pub(super) fn read(value: &'u str) -> Option<Url<'u>> {
        let (scheme, rest) = value.split_once("://")?;
        let is_scheme = |it: char| it.is_ascii_alphanumeric() || "+-.:".contains(it);
        if scheme.is_empty() || !scheme.chars().all(is_scheme) {
            return None;
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let first = authority.split(',').next().unwrap_or_default();
        let (host, port) = first.split_once(':').unwrap_or((first, ""));
        Some(Url { scheme, host, port, path, query })
    }

    /// The port, where it names one.
    pub(super) fn port(&self) -> Option<u16> {
        self.port.parse().ok()
    }

    /// The path, without strokes around it.
    pub(super) fn path(&self) -> &'u str {
        self.path.trim_matches('/')
    }

    /// Whether it is about the machine that somebody develops on.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.host, "localhost" | "127.0.0.1" | "0.0.0.0" | "host.docker.internal")
    }

    /// The scheme without what only one language knows: the driver, `jdbc:`.
    pub(super) fn base(&self) -> &'u str {
        let scheme = self.scheme.rsplit(':').next().unwrap_or(self.scheme);
        scheme.split('+').next().unwrap_or(scheme)
    }

    /// The text with outputs in braces that says the same of a backing; `None`, where its `url` does.
    pub(super) fn form(&self, backing: &BackingDetection) -> Option<String> {
        let query = self.kept();
        if self.scheme.contains(':') {
            return Some(format!("{}://{{host}}:{{port}}/{{database}}{query}", self.scheme));
        }
        let form = backing.form.as_ref()?;
        // The number of a database is in the path of Redis.
        let number = self.path.trim_end_matches('/');
        let is_number = !number.is_empty() && number != "0" && number.bytes().all(|it| it.is_ascii_digit());
        let form = match form.strip_suffix("/0").filter(|_| is_number) {
            Some(form) => format!("{form}/{number}"),
            None => form.clone(),
        };
        let is_usual = backing.usual.iter().any(|it| it == self.scheme);
        if is_usual && query.is_empty() && Some(&form) == backing.form.as_ref() {
            return None;
        }
        // Those that ask for TLS are among the usual ones: inside of the project there is none.
        let scheme = if is_usual { backing.usual[0].as_str() } else { self.scheme };
        Some(format!("{scheme}://{form}{query}"))
    }

    /// What of the query holds for another server, too: not what asks for TLS, and no credential.
    fn kept(&self) -> String {
        let is_kept = |pair: &&str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let is_off = matches!(value, "disable" | "false");
            let lower = name.to_lowercase();
            let is_tls = lower.contains("ssl") || lower.contains("tls");
            let is_plain = value.chars().all(|it| it.is_ascii_alphanumeric() || "_-.:%".contains(it));
            !value.is_empty() && is_plain && (!is_tls || is_off) && !is_secret(name) && lower != "authsource"
        };
        let pairs: Vec<&str> = self.query.split('&').filter(is_kept).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::Url;
    use crate::catalog::Detection;

    #[test]
    fn what_a_driver_is_told_by_its_scheme_is_kept() {
        let known = Detection::new(&[]).expect("forge's own are tested");
        for (kind, value, expected) in [
            ("postgres", "postgresql://a:b@localhost:5432/shop", None),
            ("postgres", "postgres://localhost/shop?sslmode=require", None),
            (
                "postgres",
                "postgres://localhost/shop?sslmode=disable",
                Some("postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=disable"),
            ),
            (
                "postgres",
                "postgresql+asyncpg://${U}:${P}@db/shop",
                Some("postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}"),
            ),
            ("postgres", "jdbc:postgresql://localhost:5432/shop", Some("jdbc:postgresql://{host}:{port}/{database}")),
            (
                "mysql",
                "mysql2://root@127.0.0.1/shop?pool=5",
                Some("mysql2://{user}:{password}@{host}:{port}/{database}?pool=5"),
            ),
            ("redis", "redis://localhost:6379/0", None),
            ("redis", "rediss://cache:6379", None),
            ("redis", "redis://cache:6379/2", Some("redis://default:{password}@{host}:{port}/2")),
        ] {
            let url = Url::read(value).expect("it is a URL");
            assert_eq!(url.form(&known.backings[kind]).as_deref(), expected, "{value}");
        }
        assert_eq!(Url::read("db:5432"), None);
        assert_eq!(Url::read("postgres://u:p@ss@db:5432/x").map(|it| it.host), Some("db"));
    }
}
