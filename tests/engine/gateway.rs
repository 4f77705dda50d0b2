//! The gateway before a small server of this test's own: what it does with real traffic, and how it gets certificates.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Client;
use super::proof::{Proof, command, contains, docker, end, ensure, lacks, run, same, within};
use super::stack::{Compose, Stack, free_port};
use crate::skipped::skipped;

/// Says what it was asked, who it is, and echoes what comes over a WebSocket.
const SERVER: &str = r#"
import base64, hashlib, http.server, json, socket, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        left = size = int(self.headers.get("Content-Length") or 0)
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        if self.path.startswith("/plain/wait"):
            time.sleep(3)
        if self.headers.get("Upgrade", "").lower() == "websocket":
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            self.end_headers()
            frame = self.rfile.read(2)
            mask = self.rfile.read(4)
            text = bytes(it ^ mask[at % 4] for at, it in enumerate(self.rfile.read(frame[1] & 127)))
            self.wfile.write(bytes([0x81, len(text)]) + text)
            self.close_connection = True
            return
        said = json.dumps({"host": socket.gethostname(), "path": self.path, "method": self.command, "bytes": size, "headers": dict(self.headers)}).encode()
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Frame-Options", "ALLOWALL")
        if self.path.startswith("/own"):
            self.send_header("Content-Security-Policy", "default-src *")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else said)
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"#;

/// Needs no module of its own.
const PROBE: &str = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)";

fn spec(gateway: &Value) -> String {
    let service = |replicas: u32| {
        json!({
            "image": "python:3.13-slim", "user": { "uid": 65534, "gid": 65534 }, "port": 8000, "replicas": replicas,
            "command": ["python", "-u", "-c", SERVER],
            "healthcheck": { "command": ["python", "-c", PROBE] },
            "resources": { "limits": { "memory": "64M", "cpus": 0.5 }, "reservations": { "memory": "32M" } },
            "stop_grace_period": "2s",
        })
    };
    json!({ "forge": 1, "name": "edge", "services": { "api": service(1), "three": service(3) }, "gateway": gateway })
        .to_string()
}

/// The server's own words about a request.
fn said(text: &str) -> Proof<Value> {
    serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))
}

struct Edge {
    stack: Stack,
    compose: Compose,
    client: Client,
    http: u16,
    https: u16,
    url: String,
}

impl Edge {
    fn new(gateway: &Value) -> Option<Edge> {
        let stack = Stack::new("edge")?;
        let (http, https) = (free_port(), free_port());
        // redirects name the port that people see
        let mut gateway = gateway.clone();
        gateway["ports"] = json!({ "http": http, "https": https, "host_ip": "127.0.0.1" });
        stack.write("forge.yaml", &spec(&gateway));
        let names = ["edge.example.com", "www.edge.example.com", "stranger.example.com"];
        let resolved: Vec<(&str, u16)> = names.into_iter().flat_map(|it| [(it, http), (it, https)]).collect();
        Some(Edge {
            client: Client::new(Some(stack.beside("trusted.pem")), &resolved),
            compose: stack.production(),
            http,
            https,
            url: format!("https://edge.example.com:{https}"),
            stack,
        })
    }

    fn plain(&self, path: &str) -> String {
        format!("http://edge.example.com:{}{path}", self.http)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn prove(&self, fact: &str, proof: impl FnOnce() -> Proof) {
        self.stack.prove(fact, proof);
    }
}

/// What is in every answer, whoever gave it.
const ALWAYS: [(&str, &str); 6] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("strict-transport-security", "max-age=63072000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-words", "it's \"quoted\"; \\ #"),
];

#[test]
fn a_gateway_stands_real_traffic() {
    let Some(edge) = Edge::new(&json!({
        "hosts": { "main": { "domain": "edge.example.com", "aliases": ["www.edge.example.com"] } },
        "tls": { "mode": "self-signed" },
        "headers": {
            "csp": { "policy": { "script-src": ["self", "nonce"] } },
            "extra": { "X-Words": "it's \"quoted\"; \\ #" },
        },
        "limits": { "slow": { "rate": "6r/m", "burst": 1 }, "fast": { "rate": "5r/s", "burst": 5 } },
        "routes": [
            { "path": "/healthz", "to": "api", "limit": "health" },
            { "path": "/slow/", "to": "api", "limit": "slow" },
            { "path": "/fast/", "to": "api", "limit": "fast" },
            { "path": "/socket/", "to": "api", "websocket": true },
            { "path": "/plain/", "to": "api" },
            { "path": "/three/", "to": "three" },
            { "path": "/upload/", "to": "api", "upload": { "max_size": "2G" } },
            { "path": "/", "to": "api" },
        ],
        "client": { "header_timeout": "3s" },
    })) else {
        return;
    };
    edge.starts();
    edge.speaks_tls();
    edge.says_headers();
    edge.refuses();
    edge.limits();
    edge.passes_on();
    edge.speaks_modern_tls();
    edge.stack.say_how_many();
}

impl Edge {
    fn starts(&self) {
        let Edge { stack, compose, .. } = self;
        self.prove("forge generate", || stack.forge(&["generate"]).map(drop));
        fs::copy(stack.path(".env.example"), stack.path(".env")).expect("forge wrote .env.example");
        self.prove("scripts/secrets makes certificates", || run(&mut stack.script(&["scripts/secrets"])).map(drop));
        fs::copy(stack.path("secrets/tls/edge.example.com.crt"), stack.beside("trusted.pem")).expect("it was made");
        self.prove("booted, healthy", || compose.up(&[]));
        self.prove("nginx has nothing to warn of", || {
            let logs = compose.container("gateway")?.all_logs();
            lacks(&logs, "[warn]")?;
            lacks(&logs, "[emerg]")
        });
    }

    /// What openssl comes to, which has to be told to speak what is old.
    fn handshake(&self, arguments: &[&str]) -> String {
        let address = format!("127.0.0.1:{}", self.https);
        let name = ["s_client", "-connect", &address, "-servername", "edge.example.com"];
        let ended = end(command("openssl").args(name).args(arguments));
        ended.stdout + &ended.stderr
    }

    fn speaks_tls(&self) {
        self.prove("TLS 1.3 and HTTP/2", || {
            let response = self.client.ask(&[&self.at("/plain/")])?;
            same((response.version.as_str(), response.status), ("HTTP/2", 200))?;
            contains(&self.handshake(&["-tls1_3"]), "TLSv1.3, Cipher is TLS_")
        });
        self.prove("TLS 1.2 with ephemeral keys, and without them not", || {
            contains(&self.handshake(&["-tls1_2"]), "TLSv1.2, Cipher is ECDHE-")?;
            contains(&self.handshake(&["-tls1_2", "-cipher", "AES128-GCM-SHA256"]), "alert handshake failure")
        });
        self.prove("TLS 1.1 is refused", || {
            contains(&self.handshake(&["-tls1_1", "-cipher", "ALL@SECLEVEL=0"]), "alert protocol version")
        });
        match std::env::var_os("FORGE_JUDGES") {
            Some(_) => self.prove("sslyze finds Mozilla's profile kept", || self.sslyze("intermediate")),
            None => skipped("no FORGE_JUDGES"),
        }
    }

    fn speaks_modern_tls(&self) {
        let Edge { stack, compose, .. } = self;
        self.prove("with the profile `modern` TLS 1.3 is spoken, and 1.2 refused", || {
            stack.edit("forge.yaml", r#""mode":"self-signed""#, r#""mode":"self-signed","profile":"modern""#)?;
            stack.forge(&["generate"])?;
            compose.up(&["gateway"])?;
            contains(&self.handshake(&["-tls1_3"]), "TLSv1.3, Cipher is TLS_")?;
            contains(&self.handshake(&["-tls1_2"]), "alert protocol version")
        });
        if std::env::var_os("FORGE_JUDGES").is_some() {
            self.prove("sslyze finds Mozilla's modern profile kept", || self.sslyze("modern"));
        }
    }

    /// Of a certificate that is made for development it complains, and of nothing else.
    fn sslyze(&self, profile: &str) -> Proof {
        let judges = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/judges");
        let tools = run(command(judges).arg("--install"))?;
        let sslyze = PathBuf::from(tools.trim()).join("python/bin/sslyze");
        let address = format!("edge.example.com:{}{{127.0.0.1}}", self.https);
        let ended = end(command(&sslyze.display().to_string()).args(["--mozilla_config", profile, &address]));
        let text = ended.stdout;
        contains(&text, "COMPLIANCE AGAINST TLS CONFIGURATION")?;
        let (_, verdict) = text.split_once("COMPLIANCE AGAINST TLS CONFIGURATION").unwrap_or_default();
        let found: Vec<&str> = verdict.lines().map(str::trim).filter(|it| it.starts_with("* ")).collect();
        let other: Vec<&&str> = found
            .iter()
            .filter(|it| !it.starts_with("* certificate_") && !it.starts_with("* maximum_certificate"))
            .collect();
        ensure(other.is_empty(), format!("{verdict}\n{}", ended.stderr))
    }

    fn says_headers(&self) {
        let all = |arguments: &[&str], status: u16| {
            let response = self.client.ask(arguments)?;
            same(response.status, status)?;
            for (name, value) in ALWAYS {
                same((name, response.header(name)), (name, vec![value]))?;
            }
            same(response.header("content-security-policy").len(), 1)?;
            same(response.header("x-request-id").len(), 1)?;
            Ok(response)
        };
        self.prove("all headers on 200", || all(&[&self.at("/plain/")], 200).map(drop));
        self.prove("all headers on a service's 404", || all(&[&self.at("/missing")], 404).map(drop));
        self.prove("all headers on nginx's 404", || all(&[&self.at("/.git/config")], 404).map(drop));
        self.prove("all headers on a redirect from an alias", || {
            let url = format!("https://www.edge.example.com:{}/a?b=c", self.https);
            let response = all(&[&url], 308)?;
            same(response.header("location"), vec![self.at("/a?b=c").as_str()])
        });
        self.prove("each answer has a word of its own in its policy, and the service knows it", || {
            let mut words = BTreeSet::new();
            for _ in 0..2 {
                let response = self.client.ask(&[&self.at("/plain/")])?;
                let told = said(&response.text())?;
                let nonce = told["headers"]["X-CSP-Nonce"].as_str().unwrap_or_default().to_owned();
                contains(response.header("content-security-policy")[0], &format!("script-src 'self' 'nonce-{nonce}'"))?;
                ensure(nonce.len() == 32, nonce.clone())?;
                words.insert(nonce);
            }
            same(words.len(), 2)
        });
        self.prove("a service's own policy goes before", || {
            let response = self.client.ask(&[&self.at("/own")])?;
            same(response.header("content-security-policy"), vec!["default-src *"])
        });
        self.prove("plain HTTP leads to HTTPS, promises nothing, and nowhere else", || {
            for path in ["/a?b=c", "//evil.example/", "/\\evil.example", "/%2f/evil.example"] {
                let response = self.client.ask(&["--path-as-is", &self.plain(path)])?;
                same(response.status, 308)?;
                let location = response.header("location").join(" ");
                ensure(location.starts_with(&self.at("/")), location.clone())?;
                same(response.header("strict-transport-security").len(), 0)?;
            }
            Ok(())
        });
    }

    /// Sends bytes over a connection of their own, and gives what comes back.
    fn raw(&self, bytes: &[u8]) -> Proof<String> {
        let address = format!("127.0.0.1:{}", self.https);
        let mut openssl = Command::new("timeout")
            .args(["5", "openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", &address])
            .args(["-servername", "edge.example.com", "-alpn", "http/1.1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut input = openssl.stdin.take().expect("it is piped");
        input.write_all(bytes).map_err(|error| error.to_string())?;
        // it goes when its input ends, whatever has come by then
        let feeder = thread::spawn(move || {
            thread::sleep(Duration::from_secs(2));
            drop(input);
        });
        let output = openssl.wait_with_output().map_err(|error| error.to_string())?;
        feeder.join().expect("it only sleeps");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn refuses(&self) {
        let client = &self.client;
        self.prove("whether all is well can be asked without TLS, and nothing else", || {
            let answer = client.ask(&[&self.plain("/healthz")])?;
            same((answer.status, said(&answer.text())?["path"].as_str()), (200, Some("/healthz")))?;
            client.answers(308, &[&self.plain("/healthz/more")])
        });
        self.prove("unknown names: no answer over HTTP, no handshake over TLS, 421 for one of each", || {
            client.ends(52, &[&format!("http://stranger.example.com:{}/", self.http)])?;
            client.ends(35, &[&format!("https://stranger.example.com:{}/", self.https)])?;
            client.answers(421, &["--header", "Host: stranger.example.com", &self.at("/")])
        });
        self.prove("paths that climb: 400", || {
            for path in ["/plain/../healthz", "/plain/%2e%2e/healthz", "/plain/..%2fhealthz", "/..", "/plain/..\\a"] {
                client.answers(400, &["--path-as-is", &self.at(path)])?;
            }
            client.answers(200, &["--path-as-is", &self.at("/plain/a..b?to=/../")])
        });
        self.prove("paths that only scanners ask for, and files with a dot: 404", || {
            for path in ["/wp-login.php", "/a/WP-ADMIN/x", "/phpmyadmin/", "/.env", "/a/.git/HEAD"] {
                let response = client.ask(&[&self.at(path)])?;
                same(response.status, 404)?;
                lacks(&response.text(), "\"path\"")?;
            }
            Ok(())
        });
        self.prove("unknown methods: 405 with those that there are", || {
            for method in ["TRACE", "PROPFIND", "FOO"] {
                let response = client.ask(&["--http1.1", "--request", method, "--path-as-is", &self.at("/plain/")])?;
                same((method, response.status), (method, 405))?;
            }
            let response = client.ask(&["--request", "PROPFIND", &self.at("/plain/")])?;
            same(response.header("allow"), vec!["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"])
        });
        self.prove("requests with two lengths, or with a length and chunks: 400", || {
            let head = "POST /plain/ HTTP/1.1\r\nHost: edge.example.com\r\n";
            for more in [
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            ] {
                let answer = self.raw(format!("{head}{more}").as_bytes())?;
                ensure(
                    answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 501"),
                    format!("{more:?}: {answer}"),
                )?;
            }
            Ok(())
        });
        self.prove("what a client says of itself is not believed", || {
            let claims = [
                "X-Forwarded-For: 192.0.2.9",
                "X-Real-IP: 192.0.2.9",
                "Forwarded: for=192.0.2.9",
                "X-Forwarded-User: root",
                "Remote-User: root",
                "X-Forwarded-Proto: gopher",
                "X-Original-URL: /admin",
                "X-CSP-Nonce: mine",
                "X-Request-Id: mine-mine-mine",
            ];
            let mut arguments: Vec<&str> = claims.iter().flat_map(|it| ["--header", it]).collect();
            let url = self.at("/plain/");
            arguments.push(&url);
            let text = client.ask(&arguments)?.text();
            for word in ["192.0.2.9", "root", "gopher", "/admin", "mine"] {
                lacks(&text, word)?;
            }
            Ok(())
        });
    }

    fn limits(&self) {
        let client = &self.client;
        self.prove("a burst gets its 429s, with all headers and when to come again, while health answers", || {
            let statuses = client.statuses(&[&self.at("/fast/[1-60]")])?;
            let refused = statuses.iter().filter(|it| *it == "429").count();
            ensure(refused >= 20 && statuses.iter().any(|it| it == "200"), format!("{statuses:?}"))?;
            same(client.statuses(&[&self.at("/healthz?[1-60]")])?.iter().filter(|it| *it == "200").count(), 60)?;
            let mut refusal = client.ask(&[&self.at("/slow/")])?;
            for _ in 0..5 {
                refusal = client.ask(&[&self.at("/slow/")])?;
            }
            same((refusal.status, refusal.header("retry-after")), (429, vec!["10"]))?;
            for (name, value) in ALWAYS {
                same((name, refusal.header(name)), (name, vec![value]))?;
            }
            Ok(())
        });
        self.prove("a client that sends its headers byte by byte is cut off", || {
            let start = Instant::now();
            let mut slow = TcpStream::connect(("127.0.0.1", self.http)).map_err(|error| error.to_string())?;
            slow.set_read_timeout(Some(Duration::from_millis(300))).map_err(|error| error.to_string())?;
            slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: edge.example.com\r\nX-Slow: ")
                .map_err(|error| error.to_string())?;
            let waits = |kind: ErrorKind| [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&kind);
            while start.elapsed() < Duration::from_secs(20) {
                match slow.read(&mut [0; 512]) {
                    Err(error) if waits(error.kind()) => {}
                    // its end, or a connection that is reset
                    _ => break,
                }
                if slow.write_all(b"a").is_err() {
                    break;
                }
            }
            let held = start.elapsed().as_secs();
            ensure((2..10).contains(&held), format!("it was held for {held} s"))
        });
        self.prove("bodies that wait are counted, by any method; those that need no room are not", || {
            let url = self.at("/plain/wait[1-60]");
            let refused = |size: usize, more: &[&str]| -> Proof<usize> {
                let body = self.stack.beside("counted");
                fs::write(&body, vec![b'a'; size]).map_err(|error| error.to_string())?;
                let data = format!("@{}", body.display());
                let statuses = client.statuses(&[&["--data-binary", &data], more, &[&url]].concat())?;
                same(statuses.len(), 60)?;
                Ok(statuses.iter().filter(|it| *it == "429").count())
            };
            same((refused(60_000, &[])?, refused(60_000, &["--request", "GET"])?), (35, 35))?;
            same((refused(200_000, &[])?, refused(9_000, &[])?), (56, 0))
        });
        self.prove("1 GB goes through, and fills neither memory nor the folder where bodies wait", || {
            let file = self.stack.beside("large");
            let made = fs::File::create(&file).and_then(|it| it.set_len(1 << 30));
            made.map_err(|error| error.to_string())?;
            let gateway = self.compose.container("gateway")?;
            // of all that the container has, files in memory as well, in bytes; and what is in /tmp, in kilobytes
            let used = || -> Proof<(u64, u64)> {
                let shown = gateway.shell(
                    "cd /sys/fs/cgroup; cat memory.current 2>/dev/null || cat memory/memory.usage_in_bytes; df -k /tmp | awk 'END { print $3 }'",
                )?;
                let numbers: Vec<u64> = shown.lines().filter_map(|it| it.trim().parse().ok()).collect();
                let [memory, files] = numbers[..] else { return Err(shown) };
                Ok((memory, files))
            };
            let before = used()?;
            let mut most = (0, 0);
            let mut looks = 0;
            let path = file.display().to_string();
            let url = self.at("/upload/large");
            let answer = thread::scope(|scope| {
                let sent = scope.spawn(|| client.ask(&["--max-time", "300", "--upload-file", &path, &url]));
                while !sent.is_finished() {
                    let (memory, files) = used()?;
                    most = (most.0.max(memory), most.1.max(files));
                    looks += 1;
                    thread::sleep(Duration::from_millis(100));
                }
                sent.join().expect("it has no reason to panic")
            })?;
            let told = said(&answer.text())?;
            same((told["method"].as_str(), told["bytes"].as_u64()), (Some("PUT"), Some(1 << 30)))?;
            let grown = format!("{before:?} before, {most:?} at most, {looks} looks");
            ensure(looks >= 3, grown.clone())?;
            ensure(most.0 < before.0 + (24 << 20) && most.1 < before.1 + 1024, grown)
        });
        self.prove("headers beyond the limit: 400", || {
            let long = format!("X-Long: {}", "a".repeat(9000));
            client.answers(400, &["--http1.1", "--header", &long, &self.at("/plain/")])
        });
        self.prove("bodies beyond the limit: 413", || {
            let body = self.stack.beside("body");
            fs::write(&body, vec![b'a'; 1_100_000]).map_err(|error| error.to_string())?;
            client.answers(413, &["--data-binary", &format!("@{}", body.display()), &self.at("/plain/")])
        });
        self.prove("the counts of nginx are there for who is in the container, and for nobody else", || {
            let gateway = self.compose.container("gateway")?;
            contains(&gateway.inside(&["curl", "-fsS", "http://127.0.0.1:8081/status"])?, "Active connections")?;
            same(said(&client.ask(&[&self.at("/status")])?.text())?["path"].as_str(), Some("/status"))
        });
    }

    fn passes_on(&self) {
        let Edge { client, compose, .. } = self;
        self.prove("a WebSocket echoes", || {
            let mut bytes = b"GET /socket/ HTTP/1.1\r\nHost: edge.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".to_vec();
            bytes.extend([0x81, 0x85, 0, 0, 0, 0]);
            bytes.extend(b"hello");
            let answer = self.raw(&bytes)?;
            contains(&answer, "101 Switching Protocols")?;
            contains(&answer, "hello")
        });
        self.prove("who asks for h2c gets to no service that way", || {
            let answer = client.ask(&[
                "--http1.1",
                "--header",
                "Connection: Upgrade, HTTP2-Settings",
                "--header",
                "Upgrade: h2c",
                "--header",
                "HTTP2-Settings: AAMAAABkAAQAAP__",
                &self.at("/socket/"),
            ])?;
            same(answer.status, 200)?;
            same(said(&answer.text())?["headers"]["Connection"].as_str(), None)
        });
        self.prove("three replicas share the requests", || {
            let mut hosts = BTreeSet::new();
            for _ in 0..12 {
                hosts.insert(said(&client.ask(&[&self.at("/three/")])?.text())?["host"].to_string());
            }
            same(hosts.len(), 3)
        });
        self.prove("the log is JSON, with the name of each request", || {
            let response = client.ask(&[&self.at("/plain/logged?\"a\"=\\b")])?;
            let id = response.header("x-request-id").join("");
            same(said(&response.text())?["headers"]["X-Request-Id"].as_str(), Some(id.as_str()))?;
            within(5, || {
                let logs = compose.container("gateway")?.logs();
                let line = logs.lines().find(|it| it.contains(&id)).ok_or("no line has it")?;
                let line = said(&line[line.find('{').unwrap_or(0)..])?;
                same((line["status"].as_u64(), line["id"].as_str()), (Some(200), Some(id.as_str())))
            })
        });
        self.prove(
            "nobody there: 502 with all headers; somebody again, at another address: found without a reload",
            || {
                compose.run(&["rm", "--stop", "--force", "api"])?;
                within(15, || {
                    let response = client.ask(&[&self.at("/plain/")])?;
                    ensure([502, 504].contains(&response.status), response.status.to_string())?;
                    for (name, value) in ALWAYS {
                        same((name, response.header(name)), (name, vec![value]))?;
                    }
                    Ok(())
                })?;
                compose.up(&["--no-deps", "api"])?;
                within(15, || client.answers(200, &[&self.at("/plain/")]))
            },
        );
        self.prove("told to stop, it ends in time and well", || {
            compose.run(&["stop", "gateway"])?;
            contains(&compose.container("gateway")?.state(), "0")
        });
    }
}

// ---- certificates of an authority ------------------------------------------------------------------------------

/// certbot as its own image has it, for machines that cannot have that one; and a small authority, from Debian.
const CERTBOT: &str =
    "FROM python:3.13-slim\nRUN pip install --no-cache-dir certbot==5.8.0\nENTRYPOINT [\"certbot\"]\n";
const PEBBLE: &str = "FROM debian:trixie-slim\nRUN apt-get update && apt-get install -y --no-install-recommends pebble && rm -rf /var/lib/apt/lists/*\n";

/// Builds an image, where there is none that can be had.
fn image(stack: &Stack, name: &str, dockerfile: &str) -> Proof {
    if docker(["image", "inspect", name]).is_ok() || docker(["pull", "--quiet", name]).is_ok() {
        return Ok(());
    }
    let folder = stack.beside(&name.replace(['/', ':'], "-"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    fs::write(folder.join("Dockerfile"), dockerfile).map_err(|error| error.to_string())?;
    docker(["build", "--quiet", "--tag", name, &folder.display().to_string()]).map(drop)
}

/// Removed when it goes.
struct Authority(String);

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = docker(["rm", "--force", "--volumes", &self.0]);
    }
}

#[test]
fn an_authority_gives_certificates_and_renewed_ones_need_no_reload() {
    let Some(edge) = Edge::new(&json!({
        "hosts": { "main": { "domain": "edge.example.com", "aliases": ["www.edge.example.com"] } },
        "tls": {
            "mode": "acme", "email": "ops@example.com",
            "directory": "https://pebble:14000/dir", "ca": "deploy/ca.pem",
        },
        "routes": [{ "path": "/healthz", "to": "api", "limit": "health" }, { "path": "/", "to": "three" }],
    })) else {
        return;
    };
    let Edge { stack, compose, .. } = &edge;
    let pebble = format!("pebble:{}", stack.version);
    stack.do_or_fail("there is certbot", image(stack, "certbot/certbot:v5.8.0", CERTBOT));
    stack.do_or_fail("there is an authority", image(stack, &pebble, PEBBLE));
    let config = stack.beside("pebble");
    fs::create_dir_all(&config).expect("a folder in a temporary folder");
    let made = run(command("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=pebble", "-addext", "subjectAltName=DNS:pebble"])
        .arg("-keyout")
        .arg(config.join("key.pem"))
        .arg("-out")
        .arg(config.join("cert.pem")));
    stack.do_or_fail("the authority has a certificate", made);
    let settings = json!({ "pebble": {
        "listenAddress": "0.0.0.0:14000", "managementListenAddress": "0.0.0.0:15000",
        "certificate": "/config/cert.pem", "privateKey": "/config/key.pem", "httpPort": 8080, "tlsPort": 5001,
    } });
    fs::write(config.join("config.json"), settings.to_string()).expect("a file in a temporary folder");
    stack.write("deploy/ca.pem", &fs::read_to_string(config.join("cert.pem")).expect("openssl wrote it"));
    edge.prove("forge generate", || stack.forge(&["generate"]).map(drop));
    fs::copy(stack.path(".env.example"), stack.path(".env")).expect("forge wrote .env.example");
    edge.prove("the gateway is healthy without a certificate, leads to HTTPS, and has no handshake", || {
        compose.up(&["gateway"])?;
        edge.client.answers(308, &[&edge.plain("/")])?;
        edge.client.ends(35, &[&edge.at("/")])
    });
    edge.prove("a challenge that nobody set: 404", || {
        edge.client.answers(404, &[&edge.plain("/.well-known/acme-challenge/none")])
    });

    let authority = Authority(format!("{}-pebble", compose.project));
    let gateway = stack.do_or_fail("the gateway runs", compose.container("gateway"));
    let network = |name: &str| format!("{}_{name}", compose.project);
    let address = gateway.address(&network("gateway"));
    let hosts = ["edge.example.com", "www.edge.example.com"].map(|it| format!("{it}:{address}"));
    let mount = format!("{}:/config:ro", config.display());
    let started = docker([
        "run",
        "--detach",
        "--name",
        &authority.0,
        "--network",
        &network("gateway"),
        "--add-host",
        &hosts[0],
        "--add-host",
        &hosts[1],
        "--volume",
        &mount,
        "--env",
        "PEBBLE_VA_NOSLEEP=1",
        "--env",
        "PEBBLE_WFE_NONCEREJECT=0",
        "--user",
        "0:0",
        &pebble,
        "pebble",
        "-config",
        "/config/config.json",
    ]);
    stack.do_or_fail("the authority runs", started);
    stack.do_or_fail("the container that asks it can be made", compose.run(&["create", "certificates"]));
    let joined = docker(["network", "connect", "--alias", "pebble", &network("certificates-egress"), &authority.0]);
    stack.do_or_fail("the authority can be reached", joined);
    edge.prove("a certificate for the domain and its alias, and nginx has it at once", || {
        compose.up(&["certificates"])?;
        let shown = edge.certificate()?;
        contains(&shown, "Pebble")?;
        contains(&shown, "DNS:edge.example.com, DNS:www.edge.example.com")
    });
    edge.prove("it serves", || {
        let url = edge.at("/");
        within(10, || edge.client.ask(&["--insecure", &url]).and_then(|it| same(it.status, 200)))
    });
    edge.prove("who asks runs without rights, and nobody but it has a way out", || {
        let container = compose.container("certificates")?;
        same(container.networks(&compose.project), vec!["certificates-egress".to_owned()])?;
        same(container.inside(&["id", "-u"])?.trim(), "101")
    });
    edge.prove("keys are its user's alone, and the gateway cannot change them", || {
        let gateway = compose.container("gateway")?;
        let key = "/var/cache/nginx/pebble_14000_dir/live/edge.example.com/privkey.pem";
        same(gateway.inside(&["stat", "-L", "-c", "%a %u", key])?.trim(), "600 101")?;
        ensure(gateway.inside(&["sh", "-c", &format!("echo >{key}")]).is_err(), "it could be written")
    });
    edge.prove("asked again, a good certificate is kept", || {
        let before = edge.serial()?;
        compose.run(&["restart", "certificates"])?;
        within(60, || {
            let logs = compose.container("certificates")?.all_logs();
            contains(&logs, "not yet due for renewal")
        })?;
        same(edge.serial()?, before)
    });
    edge.prove("a renewed certificate is in force within two minutes, without a reload", || {
        let before = edge.serial()?;
        let workers = edge.workers()?;
        ensure(workers.lines().count() >= 2, workers.clone())?;
        let folder = "/var/lib/acme/pebble_14000_dir";
        compose.container("certificates")?.inside(&[
            "certbot",
            "renew",
            "--force-renewal",
            "--no-random-sleep-on-renew",
            "--config-dir",
            folder,
            "--work-dir",
            "/tmp/w",
            "--logs-dir",
            "/tmp/l",
        ])?;
        within(120, || ensure(edge.serial()? != before, "still the old one"))?;
        same(edge.workers()?, workers)
    });
    drop(authority);
    edge.prove(
        "an authority that is gone is asked for another name once, and later again; the certificate stays in force",
        || {
            let before = edge.serial()?;
            let names = r#"["www.edge.example.com"]"#;
            stack.edit("forge.yaml", names, r#"["www.edge.example.com","new.edge.example.com"]"#)?;
            stack.forge(&["generate"])?;
            compose.run(&["up", "--detach", "--no-deps", "certificates"])?;
            let failures = || -> Proof<usize> {
                let logs = compose.container("certificates")?.all_logs();
                Ok(logs.matches("no certificate: edge.example.com; again after 300 s").count())
            };
            within(90, || same(failures()?, 1))?;
            thread::sleep(Duration::from_secs(5));
            let container = compose.container("certificates")?;
            same((failures()?, container.json["RestartCount"].as_u64()), (1, Some(0)))?;
            same(edge.serial()?, before)
        },
    );
    edge.stack.say_how_many();
}

impl Edge {
    /// What the certificate says that is shown to who asks.
    fn certificate(&self) -> Proof<String> {
        let line = format!(
            "openssl s_client -connect 127.0.0.1:{} -servername edge.example.com </dev/null 2>/dev/null | openssl x509 -noout -issuer -serial -ext subjectAltName",
            self.https
        );
        self.compose.run_line(&line)
    }

    /// nginx's processes, each with when it began.
    fn workers(&self) -> Proof<String> {
        let script = "for it in /proc/[0-9]*; do [ \"$(cat $it/comm 2>/dev/null)\" != nginx ] || echo $it $(cut -d ' ' -f 22 $it/stat); done";
        self.compose.container("gateway")?.shell(script)
    }

    fn serial(&self) -> Proof<String> {
        let text = self.certificate()?;
        text.lines().find(|it| it.starts_with("serial=")).map(str::to_owned).ok_or(text)
    }
}
