//! What looks like a credential: by names mostly, because a value can look like anything. Whoever looks at text shares
//! these words: `resolve` refuses credentials in a spec, `lint` finds them in files, `report` never shows them.

mod lines;
mod names;
mod shapes;
mod urls;

use std::borrow::Cow;
use std::ops::Range;

use lines::{Found, values};
use names::literal;
pub use names::{is_harmless, is_secret, is_secret_file};
pub use shapes::argument_passwords;
use shapes::{logins, tokens};
use urls::url_keys;
pub use urls::{has_password, url_passwords};

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

/// What stands for a credential where places do not count: as many for each, so that nobody learns how long it is.
const STARS: &str = "********";

/// Whether `text` holds a credential that [`masked`] would hide, but for a key in a URL that only says who is asking.
pub fn has_credential(text: &str) -> bool {
    !hidden(text).is_empty()
}

/// Whether something in `text` has the shape of what a service gives out, so also among words for people.
pub fn has_token(text: &str) -> bool {
    !tokens(text).is_empty()
}

/// Whether a character turns the direction of what follows, which makes a line look like another.
pub fn turns(it: char) -> bool {
    matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text of a file could hold what a terminal obeys: that is shown, and done by nobody.
pub fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|it| {
            if turns(it) || (it.is_control() && !matches!(it, '\n' | '\t')) {
                it.escape_debug().collect::<Vec<_>>()
            } else {
                vec![it]
            }
        })
        .collect()
}

/// `text` with `*` for every byte of a value that looks like a credential: what follows a secret's name in YAML, JSON,
/// env files, Dockerfiles, nginx, shell and command lines, passwords in URLs, and private keys. Lengths and line ends stay,
/// so places in `text` are places in what comes back: whoever shows that to people makes the stars [`concealed`] ones.
pub fn masked(text: &str) -> Cow<'_, str> {
    let hidden = hidden_for_show(text);
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    hidden.into_iter().for_each(|it| bytes[it].fill(b'*'));
    Cow::Owned(String::from_utf8(bytes).expect("whole characters were replaced by ASCII"))
}

/// `text` with the same number of `*` for each value that looks like a credential. Line ends stay.
///
/// ```
/// assert_eq!(forge::credential::concealed("DB_PASSWORD=abc\nA=b\n"), "DB_PASSWORD=********\nA=b\n");
/// ```
pub fn concealed(text: &str) -> Cow<'_, str> {
    let mut hidden = hidden_for_show(text);
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_by_key(|it| it.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut stars_end = None;
    for it in hidden {
        // Of what overlaps, or follows at once, the first stars stand for all.
        if stars_end.is_none_or(|end| it.start > end) {
            out.push_str(&text[at..it.start]);
            out.push_str(STARS);
        }
        at = at.max(it.end);
        stars_end = Some(at);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// A text with each row of more than two `*` made as long as all others, and where `place` is then.
pub fn with_even_stars(text: &str, place: Range<usize>) -> (String, Range<usize>) {
    let mut out = String::with_capacity(text.len());
    let (mut start, mut end) = (place.start, place.end);
    let mut at = 0;
    while let Some(from) = text[at..].find("***").map(|it| at + it) {
        let to = from + text[from..].bytes().take_while(|it| *it == b'*').count();
        out.push_str(&text[at..from]);
        let new = out.len();
        out.push_str(STARS);
        let moved = |old: usize, is_end: bool| match old {
            old if old >= to => Some(new + STARS.len() + (old - to)),
            old if old > from => Some(if is_end { new + STARS.len() } else { new }),
            _ => None,
        };
        // What lies behind moves along; each row moves it by what that one grew.
        if let Some(it) = moved(place.start, false) {
            start = it;
        } else if place.start >= at {
            start = new - (from - place.start);
        }
        if let Some(it) = moved(place.end, true) {
            end = it;
        } else if place.end >= at {
            end = new - (from - place.end);
        }
        at = to;
    }
    out.push_str(&text[at..]);
    (out, start..end)
}

/// The lines, counted from 1, on which something stands that looks like a credential.
pub fn lines_with_credentials(text: &str) -> Vec<usize> {
    let mut starts: Vec<usize> = hidden(text).into_iter().map(|it| it.start).collect();
    starts.sort_unstable();
    let (mut line, mut at) = (1, 0);
    let mut lines: Vec<usize> = starts
        .into_iter()
        .map(|start| {
            line += text[at..start].matches('\n').count();
            at = start;
            line
        })
        .collect();
    lines.dedup();
    lines
}

/// As [`hidden`], with what only says in a URL who is asking.
fn hidden_for_show(text: &str) -> Vec<Range<usize>> {
    let mut found = hidden(text);
    found.extend(url_keys(text));
    found
}

/// The bytes of everything that looks like a credential, in no order; each within a line.
fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut in_key = false;
    // The indentation of a secret's key whose value stands on the lines below it, and whether they are a block.
    let mut below: Option<(usize, bool)> = None;
    // Whether the line above is `? KEY` with the name of a secret: the next has its value.
    let mut asked = false;
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
        if let Some(value) = body[indent..].strip_prefix(':').filter(|_| std::mem::take(&mut asked)) {
            let value = value.trim();
            let from = body.trim_end().len() - value.len();
            match value.chars().next() {
                Some('|' | '>') => below = Some((indent, true)),
                _ => literal(value.trim_matches(['"', '\''])).into_iter().for_each(|_| hide(from..from + value.len())),
            }
        }
        let question = body[indent..].strip_prefix("? ").map(|it| it.trim().trim_matches(['"', '\'']));
        asked = question.is_some_and(is_secret);
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
        tokens(body).into_iter().for_each(&mut hide);
        logins(body).into_iter().for_each(&mut hide);
        for value in values(body) {
            match value {
                Found::At(range) => hide(range),
                Found::Below { block } => below = Some((indent, block)),
            }
        }
        start += line.len();
    }
    hidden.retain(|it| !it.is_empty());
    hidden
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
            ("server_tokens", false),
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
            ("password=$$(cat /run/secrets/DB_PASSWORD)", false),
            ("  PASSWORD: $${password}", false),
            ("  PASSWORD: $$a$b", true),
            ("ghp_0123456789abcdef0123456789abcdef", true),
            ("https://ghp_0123456789abcdef0123456789abcdef@github.com/a", true),
            ("token:ghp_0123456789abcdef0123456789abcdef", true),
            ("https://glpat-0123456789abcdefghij@gitlab.com/a.git", true),
            ("https://gitlab.com/glpat-0123456789abcdefghij.", true),
            ("ghr_0123456789abcdef0123456789abcdef", true),
            ("glrt-0123456789abcdefghij", true),
            ("dckr_pat_0123456789abcdefghij-_A", true),
            ("hf_0123456789abcdefghijABCDEFGHIJ0123", true),
            ("pypi-AgEIcHlwaS5vcmcCJ0123456789abcdef0123456789abcdef", true),
            ("xapp-1-A0123456789-0123456789-abcdef", true),
            ("AGE-SECRET-KEY-10123456789QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", true),
            ("jwt:eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJSM", true),
            ("aghp_0123456789abcdef0123456789abcdef", false),
            ("npm_config_cache_dir_of_the_whole_company_on_disk", false),
            ("/srv/xapp-controller-of-the-gateway-service", false),
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
            ("key:AKIAIOSFODNN7EXAMPLE/x", true),
            ("SALT: pepper", true),
            ("CREDS: abc", true),
            ("{\"auths\": {\"a.io\": {\"auth\": \"dXNlcjpwYXNz\"}}}", true),
            ("{\\\"auths\\\": {\\\"a.io\\\": {\\\"auth\\\": \\\"dXNlcjpwYXNz\\\"}}}", true),
            ("DOCKER_AUTH_CONFIG: '{\"auths\": {}}'", true),
            ("traefik.http.middlewares.x.basicauth.users: admin:abc", true),
            ("- \"traefik.http.middlewares.x.basicauth.users=admin:abc\"", true),
            ("users: admin:$$apr1$$0123456789$$abcdefghij", true),
            ("echo 'db:5432:shop:shop:hunter2' > ~/.pgpass", true),
            ("*:*:*:shop:hunter2", true),
            ("RUN curl -sS -u admin:hunter2 https://a", true),
            ("test: [CMD, mysqladmin, ping, -phunter2]", true),
            ("sshpass -p hunter2 ssh a", true),
            ("proxy_set_header X-Api-Key abc;", true),
            ("secure_link_secret abc; # for links", true),
            ("secure_link_md5 \"$secure_link_expires$uri abc\";", true),
            ("set $api_token \"abc\";", true),
            ("? DB_PASSWORD\n: hunter2\n", true),
            ("PASSWORD: SECRET11", true),
            ("PASSWORD: SECRET", true),
            ("proxy_set_header X-Api-Key $http_x_api_key;", false),
            ("auth: basic", false),
            ("\"auth\": \"none\"", false),
            ("mac_address: 02:42:ac:11:00:02", false),
            ("02:1042:ac:11:00:02", false),
            ("\"127.0.0.1:8080:80\"", false),
            ("run --password && make", false),
            ("mysql --protocol=tcp -protocol tcp", false),
            ("curl -u admin:$PASSWORD https://a", false),
            ("curl -fsS -u admin https://a", false),
            ("SALT_LENGTH=8", false),
            ("https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1", false),
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
            ("RUN PASSWORD=abc&&run", "RUN PASSWORD=***&&run"),
            ("  DB_PASSWORD=abc && run", "  DB_PASSWORD=*** && run"),
            ("curl -u a:bcd x && run --token && make", "curl -u a:*** x && run --token && make"),
            (
                "dsn: https://0123456789abcdef0123@o1.ingest.sentry.io/1",
                "dsn: https://********************@o1.ingest.sentry.io/1",
            ),
            ("proxy_set_header X-Api-Key \"a b\"; # c", "proxy_set_header X-Api-Key \"***\"; # c"),
            ("? \"DB_PASSWORD\"\n: abc\nA: b", "? \"DB_PASSWORD\"\n: ***\nA: b"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }

    #[test]
    fn how_long_a_credential_is_stays_untold() {
        for (text, shown) in [
            ("DB_PASSWORD=a\nB=c\n", "DB_PASSWORD=********\nB=c\n"),
            ("DB_PASSWORD: a-much-longer-one-than-that # no", "DB_PASSWORD: ******** # no"),
            (
                "url: postgres://shop:päss@db/shop?password=abc",
                "url: postgres://shop:********@db/shop?password=********",
            ),
            ("***: 1", "***: 1"),
            ("ghp_0123456789abcdef0123456789abcdef:A=b", "********:A=b"),
            ("git: https://me:glpat-0123456789abcdefghij@gitlab.com", "git: https://me:********@gitlab.com"),
        ] {
            assert_eq!(concealed(text), shown, "{text}");
        }
        let places = |text: &str, place: Range<usize>| with_even_stars(text, place);
        assert_eq!(places("A: **** B", 3..7), ("A: ******** B".to_owned(), 3..11));
        assert_eq!(places("A: ************ B *** C", 16..21), ("A: ******** B ******** C".to_owned(), 12..22));
        assert_eq!(places("A: B ***", 0..4), ("A: B ********".to_owned(), 0..4));
        assert_eq!(places("a**b", 0..4), ("a**b".to_owned(), 0..4));
    }

    /// Time that grows with the square of a text's length is minutes here, where it should be an instant.
    #[test]
    fn long_lines_are_looked_through_in_one_go() {
        let began = std::time::Instant::now();
        for part in [
            "://",
            "://a:b@c",
            "password=x ",
            "password x ",
            "\"password\" x ",
            "password: x # ",
            "AKIA",
            "AKIA/",
            "ghp_a-",
            "eyJ.",
            "{",
            "[password=x, ",
            "a:",
            "$1$",
            "-p",
            "mysql -px ",
            "-----BEGIN ",
            "    ",
            "'",
            "\\\"",
        ] {
            let text = part.repeat(90_000 / part.len());
            masked(&text);
            concealed(&text);
        }
        let text = "DB_PASSWORD=x\n".repeat(5000);
        assert_eq!(lines_with_credentials(&text).len(), 5000);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn lines_with_credentials_are_counted_from_one() {
        assert_eq!(lines_with_credentials("A=b\nDB_PASSWORD=abc\n\nAPI_TOKEN=a\n"), [2, 4]);
    }
}
