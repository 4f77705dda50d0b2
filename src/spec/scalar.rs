//! The small texts of a spec, each with the pattern that keeps it harmless wherever it lands.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A text type: its pattern is checked by the schema, so no value of it breaks out of the place where it is put.
macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident: $title:literal, $pattern:literal, $help:literal, $example:literal;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "title": $title,
                    "description": $help,
                    "pattern": $pattern,
                    "maxLength": 500,
                    "examples": [$example],
                })
            }
        }
    )*};
}

texts! {
    /// The name of a service, backing, environment, host, …: a DNS label.
    Name: "name", r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
        "lower-case letters, digits and dashes; a letter first, no dash last, 63 characters at most", "api";
    /// The name of an environment variable.
    EnvName: "name of an environment variable", r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        "letters, digits and underscores, no digit first", "LOG_LEVEL";
    /// The name of a secret, which is also its file's.
    SecretName: "name of a secret", r"^[A-Z][A-Z0-9_]{0,62}$",
        "capital letters, digits and underscores, a letter first", "SECRET_KEY";
    /// A file of the project.
    ProjectFile: "file of the project", r"^(\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*/)*\.?[A-Za-z0-9_@+][A-Za-z0-9._@+-]*$",
        "a path below forge.yaml, of letters, digits and `._@+-`, without `..`; no dash where its last part begins", "config/token.age";
    /// The name of a secret in a Swarm.
    DockerSecretName: "name of a secret in a Swarm", r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?$",
        "letters, digits and `_.-`, a letter or digit at its ends, 64 characters at most", "shop_secret_key_2";
    /// A place in Vault.
    VaultPath: "path in Vault", r"^[A-Za-z0-9_][A-Za-z0-9._@+-]*(/[A-Za-z0-9_][A-Za-z0-9._@+-]*)+$",
        "the mount and the path below it, of letters, digits and `._@+-`", "secret/shop/api";
    /// The key of a value among others.
    VaultKey: "key of a value", r"^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$",
        "letters, digits and `._@+-`; a letter, a digit or `_` first", "token";
    /// The name of a user in an image.
    UserName: "user name", r"^[a-z_][a-z0-9_-]{0,31}$",
        "lower-case letters, digits, dashes and underscores, 32 characters at most", "app";
    /// A reference to an image, with a tag.
    Image: "image", r"^[a-z0-9]([a-zA-Z0-9._:/-]*[a-zA-Z0-9])?(@sha256:[a-f0-9]{64})?$",
        "an image with its tag, as `docker pull` takes it: `traefik/whoami:v1.11`", "traefik/whoami:v1.11";
    /// What images run on.
    Platform: "platform", r"^linux/(386|amd64|arm64|arm/v[567]|loong64|mips64le|ppc64le|riscv64|s390x)$",
        "an operating system and a processor, as `docker build --platform` takes them: `linux/amd64`, `linux/arm64`", "linux/arm64";
    /// A path in a container.
    AbsolutePath: "path in the container", r"^(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*|/\.[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+$",
        "an absolute path of letters, digits and `._@+-`, without `..` and without a slash at its end", "/app/uploads";
    /// A folder of the project.
    FolderPath: "folder", r"^\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(/\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*$",
        "a path below forge.yaml, of letters, digits and `._@+-`, without `..` and without a slash at its end", "docker/nginx";
    /// The path of a compose file.
    ComposePath: "compose file", r"^(\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*/)*\.?[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*\.ya?ml$",
        "a path below forge.yaml that ends in .yaml or .yml, of letters, digits and `._@+-`, without `..`", "docker-compose.production.yml";
    /// The path of Dockerfiles.
    DockerfilePath: "path of Dockerfiles", r"^(\.?([A-Za-z0-9_@+-]|\{service\})([A-Za-z0-9._@+-]|\{service\})*/)*(\.?([A-Za-z0-9_@+-]|\{service\})([A-Za-z0-9._@+-]|\{service\})*)?Dockerfile([A-Za-z0-9._@+-]|\{service\})*$",
        "a path below forge.yaml whose last part has `Dockerfile` in it, of letters, digits and `._@+-`; `{service}` stands for the service's name", "docker/{service}.Dockerfile";
    /// The path of a request, perhaps with a query.
    UrlPath: "path of a request", r"^/[A-Za-z0-9._~%/?=&+,:@-]*$",
        "begins with a slash; letters, digits and `._~%/?=&+,:@-`", "/healthz";
    /// The path of a route.
    RoutePath: "path of a route", r"^/[A-Za-z0-9._~/+,:@-]*$",
        "begins with a slash; letters, digits and `._~/+,:@-`. With a slash at its end it is a prefix, without one it is exact", "/api/";
    /// Where a redirect leads.
    RedirectTarget: "target of a redirect", r"^(https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?)?/([A-Za-z0-9._~%?=&+,:@-][A-Za-z0-9._~%/?=&+,:@-]*)?$",
        "a path that begins with one slash, or an address with its path: `/new/`, `https://docs.example.com/`", "https://docs.example.com/";
    /// A site that asks from a browser.
    Origin: "origin", r"^(\*|https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?)$",
        "scheme and host as browsers send them, without a path: `https://app.example.com`; or `*`", "https://app.example.com";
    /// A status that has a page.
    PageStatus: "status", r"^(400|401|403|404|413|429|500|502|503|504|4xx|5xx)$",
        "400, 401, 403, 404, 413, 429, 500, 502, 503, 504, `4xx` or `5xx`", "404";
    /// What a browser says is asked for.
    Realm: "realm", r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,60}[A-Za-z0-9])?$",
        "letters, digits, spaces and `._-`, a letter or digit at its ends", "Operations";
    /// The name of a header of HTTP.
    HeaderName: "name of a header", r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        "letters, digits and dashes, a letter first", "X-Request-Id";
    /// The name of a host in the DNS.
    Domain: "domain", r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        "a host name in lower case, without port or scheme; names with other letters in their `xn--` form", "shop.example.com";
    /// Where somebody gets mail.
    Email: "mail address", r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$",
        "a mail address with its domain in lower case", "ops@example.com";
    /// The address of something that speaks TLS.
    HttpsUrl: "https URL", r"^https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~%/?=&+,:@-]*)?$",
        "begins with `https://` and a host in lower case; no name and password", "https://ca.example.com/acme/directory";
    /// A directive of a content security policy, or an ability of browsers.
    Word: "word", r"^[a-z]([a-z-]{0,62}[a-z])?$",
        "lower-case letters and dashes", "script-src";
    /// A source in a content security policy.
    CspSource: "source of a policy", r"^[A-Za-z0-9*][A-Za-z0-9*:/._~%+=-]{0,300}$",
        "a word of the policy without quotes (`self`, `none`, `nonce`), a scheme (`data:`), a host or a hash (`sha256-…`)", "self";
    /// Who may use an ability of browsers.
    PermissionSource: "site", r"^(self|\*|https://(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?)$",
        "`self`, `*`, or an origin like `https://pay.example.com`", "self";
    /// Where browsers report to.
    ReportAddress: "path or https URL", r"^(https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?)?/[A-Za-z0-9._~%/?=&+:@-]*$",
        "a path of this gateway, or an address with `https://`", "/csp-reports";
    /// The value of a header.
    HeaderValue: "value of a header", r"^[\x21-\x23\x25-\x7e]([\x20-\x23\x25-\x7e]*[\x21-\x23\x25-\x7e])?$",
        "printable ASCII without `$`, no space at its ends", "noindex";
    /// How often something may happen.
    Rate: "rate", r"^[1-9][0-9]{0,5}r/[sm]$",
        "requests per second or minute: `10r/s`, `5r/m`", "10r/s";
    /// An address range.
    Network: "address range", r"^([0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-fA-F:]*:[0-9a-fA-F:]*(/[0-9]{1,3})?)$",
        "an address, or a range like `10.0.0.0/8`", "10.0.0.0/8";
    /// An address in a network of the engine.
    Address: "address", r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$",
        "an IPv4 address like `10.5.0.1`", "10.5.0.1";
    /// The addresses of a network of the engine.
    Subnet: "subnet", r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$",
        "a private IPv4 range like `10.5.0.0/24`", "10.5.0.0/24";
    /// What the engine calls a network or volume.
    EngineName: "name for the engine", r"^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}$",
        "two letters, digits or `_.-` at least and 63 at most, a letter or digit first", "shop-backend";
    /// Who keeps the data of a volume.
    VolumeDriver: "volume driver", r"^[a-z0-9]([A-Za-z0-9._/:-]{0,126}[A-Za-z0-9])?$",
        "`local`, or the name of a plugin of the engine, perhaps with its tag", "local";
    /// A package of the image's system.
    Packages: "package", r"^[a-z0-9][a-z0-9.+-]*[a-z0-9.+]$",
        "the name of a package of Debian, or of Alpine with `variant: alpine`, without a version; a dash at its end would remove it", "libpq5";
    /// A branch in git.
    Branch: "branch", r"^[A-Za-z0-9_]([A-Za-z0-9_-]|[./][A-Za-z0-9_-])*$",
        "letters, digits and `._/-`; no point or slash at its ends, nor two in a row", "main";
    /// A commit in git.
    Commit: "commit", r"^[0-9a-f]{40}$",
        "all 40 hexadecimal digits of it, in lower case", "4f2b0c1d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c";
    /// When something runs, as cron writes it.
    Cron: "schedule", r"^(never|([0-9]{1,2}|\*/[0-9]{1,2}) ([0-9*][0-9*/,-]{0,30}) ([0-9*][0-9*/,-]{0,30}) ([0-9*][0-9*/,-]{0,30}) ([0-9*][0-9*/,-]{0,30}))$",
        "five fields: minute, hour, day of the month, month, day of the week; or `never`", "17 3 * * 1";
    /// A number of a client, tenant or subscription.
    Id: "id", r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        "32 hexadecimal digits with dashes", "5ad1c9f2-0000-4000-8000-000000000001";
    /// A label of machines that run jobs.
    Label: "label of runners", r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
        "letters, digits and `_.-`", "ubuntu-24.04";
    /// The name of a label of a container.
    LabelName: "name of a label", r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,253}[A-Za-z0-9])?$",
        "letters, digits and `._/-`, a letter or digit at its ends", "com.example.team";
    /// The name of a user or database with somebody else.
    RemoteName: "name of a user or database", r"^[A-Za-z0-9_]([A-Za-z0-9._~-]{0,126}[A-Za-z0-9_])?$",
        "letters, digits and `._~-`, which need no quoting in a URL", "shop";
    /// The name of a role or account with a cloud.
    Role: "role", r"^[A-Za-z0-9][A-Za-z0-9_.:/@+=,-]*$",
        "letters, digits and `_.:/@+=,-`", "arn:aws:iam::123456789012:role/ci";
    /// One line of text for people.
    Line: "line of text", r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+$",
        "one line without control characters, 500 characters at most", "where customers write to";
}

/// Text of any kind but without NUL, which no environment, argument or file name can hold. Numbers and booleans are
/// taken as the text that they are written as.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(it) => Ok(Text(it)),
            it @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => Ok(Text(it.to_string())),
            it => Err(de::Error::custom(format!("{it} is no text"))),
        }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number", "boolean"],
            "title": "text",
            "description": "any text without NUL; numbers and booleans count as what they are written as",
            "pattern": r"^[^\u0000]*$",
            // BuildKit reads lines of 65,535 bytes, and an escape takes six of them.
            "maxLength": 10_000,
            "examples": ["info"],
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.to_owned())
    }
}

/// An amount of memory in bytes: `512M`, `1G`, powers of 1024 as in compose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

impl Size {
    /// So many mebibytes.
    pub const fn mib(count: u64) -> Size {
        Size(count << 20)
    }

    /// In mebibytes, rounded down.
    pub fn in_mib(self) -> u64 {
        self.0 >> 20
    }

    fn parse(text: &str) -> Option<Size> {
        let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let shift = match &text[digits.len()..] {
            "" | "b" | "B" => 0,
            "k" | "K" | "kb" | "KB" => 10,
            "m" | "M" | "mb" | "MB" => 20,
            "g" | "G" | "gb" | "GB" => 30,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(1 << shift).map(Size)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            it if it > 0 && it % (1 << 30) == 0 => write!(f, "{}G", it >> 30),
            it if it > 0 && it % (1 << 20) == 0 => write!(f, "{}M", it >> 20),
            it if it > 0 && it % (1 << 10) == 0 => write!(f, "{}K", it >> 10),
            it => write!(f, "{it}"),
        }
    }
}

/// A length of time, whole seconds: `30s`, `5m`, `1m30s`, `730d`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Duration {
    fn parse(text: &str) -> Option<Duration> {
        let mut rest = text;
        let mut seconds = 0_u64;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
            let count: u64 = rest[..digits].parse().ok()?;
            let unit = match rest[digits..].chars().next()? {
                'd' => 86_400,
                'h' => 3600,
                'm' => 60,
                's' => 1,
                _ => return None,
            };
            seconds = seconds.checked_add(count.checked_mul(unit)?)?;
            rest = &rest[digits + 1..];
        }
        Some(Duration(seconds)).filter(|_| !text.is_empty())
    }
}

impl Rate {
    /// How many seconds pass between two of them, rounded up.
    pub fn pause(&self) -> u64 {
        let (count, unit) = self.split_once("r/").unwrap_or((self, "s"));
        let seconds: u64 = if unit == "m" { 60 } else { 1 };
        seconds.div_ceil(count.parse().unwrap_or(1).max(1))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 || self.0 == 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

/// Processor time: 1 is one core, 0.25 a quarter of one. Kept in thousandths, so that it compares and prints exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpus(pub u64);

impl Cpus {
    /// Whole cores, at least one.
    pub fn whole(self) -> u64 {
        (self.0 / 1000).max(1)
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        f.write_str(thousandths.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Reading and writing as text, with a schema.
macro_rules! measured {
    ($($name:ident: $title:literal, $pattern:literal, $help:literal, $example:literal;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no {}: {}", $title, $help)))
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "title": $title,
                    "description": $help,
                    "pattern": $pattern,
                    "examples": [$example],
                })
            }
        }
    )*};
}

measured! {
    Size: "size", r"^[1-9][0-9]{0,8}([bB]|[kKmMgG][bB]?)?$", "a whole number above 0 with its unit: `512M`, `1G`", "512M";
    Duration: "duration", r"^([0-9]{1,5}d([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}h([0-9]{1,6}m)?([0-9]{1,6}s)?|[0-9]{1,6}m([0-9]{1,6}s)?|[0-9]{1,6}s)$", "days, hours, minutes, seconds: `30s`, `5m`, `1m30s`, `730d`", "30s";
}

impl Serialize for Cpus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cpus {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds it")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cpus, D::Error> {
        let cpus = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(it) => it.as_f64(),
            serde_json::Value::String(it) => it.parse().ok(),
            _ => None,
        };
        match cpus {
            Some(it) if (0.001..=1024.0).contains(&it) => Ok(Cpus((it * 1000.0).round() as u64)),
            _ => Err(de::Error::custom("cpus is a number between 0.001 and 1024")),
        }
    }
}

impl JsonSchema for Cpus {
    fn schema_name() -> Cow<'static, str> {
        "Cpus".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "title": "number of cpus",
            "description": "processor time: 1 is one core, 0.25 a quarter of one",
            "minimum": 0.01,
            "maximum": 1024,
            "examples": [0.5],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_print_as_people_write_them() {
        assert_eq!(Size::parse("1024M").map(|it| it.to_string()).as_deref(), Some("1G"));
        assert_eq!(Size::parse("1536m").map(|it| it.to_string()).as_deref(), Some("1536M"));
        assert_eq!(Size::parse("99999999999G"), None);
        assert_eq!(Duration::parse("90s").map(|it| it.to_string()).as_deref(), Some("1m30s"));
        assert_eq!(Duration::parse("1d12h").map(|it| it.to_string()).as_deref(), Some("36h"));
        assert_eq!(Duration::parse(""), None);
        assert_eq!(["7r/m", "5r/m", "100r/m", "1r/s"].map(|it| Rate::from(it).pause()), [9, 12, 1, 1]);
        assert_eq!(Cpus(250).to_string(), "0.25");
        assert_eq!(Cpus(2000).to_string(), "2");
    }
}
