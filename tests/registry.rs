//! A registry that speaks the distribution specification as far as forge asks, and fails as it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use forge::compare::digest;
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What is wrong with a registry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Who may read, as `name:password` in base64; everybody may, but has to fetch a token, where this is empty.
    pub(crate) token_for: Option<String>,
    /// So many requests for manifests are refused with this code first.
    pub(crate) refused: Option<(usize, u16)>,
    /// Manifests are called by another digest than theirs.
    pub(crate) misnamed: bool,
    /// Blobs are elsewhere: at this address.
    pub(crate) blobs_at: Option<String>,
    /// Nobody gets an answer.
    pub(crate) silent: bool,
}

/// A registry with the repository `acme/app`, on this machine, until the test ends.
pub(crate) struct Registry {
    pub(crate) host: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Media type and bytes, by tag and by digest.
    contents: Mutex<Vec<(String, &'static str, Vec<u8>)>>,
    faults: Mutex<Faults>,
    /// Each request: method, path, and whether it came with an authorization.
    log: Mutex<Vec<(String, String, Option<String>)>>,
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, it)| it.as_str())
    }
}

impl Registry {
    pub(crate) fn new(faults: Faults) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let host = listener.local_addr().expect("it listens").to_string();
        let shared = Arc::new(Shared { contents: Mutex::default(), faults: Mutex::new(faults), log: Mutex::default() });
        let (registry, own) = (Arc::clone(&shared), host.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (registry, own) = (Arc::clone(&registry), own.clone());
                thread::spawn(move || registry.serve(stream, &own));
            }
        });
        Registry { host, shared }
    }

    /// Puts an index for these platforms at a tag; its digest.
    pub(crate) fn index(&self, tag: &str, platforms: &[&str]) -> String {
        let mut manifests: Vec<Value> = platforms
            .iter()
            .map(|it| {
                let parts: Vec<&str> = it.split('/').collect();
                let mut platform = json!({"os": parts[0], "architecture": parts[1]});
                if let Some(variant) = parts.get(2) {
                    platform["variant"] = json!(variant);
                }
                json!({"mediaType": MANIFEST, "size": 7, "digest": format!("sha256:{}", digest(it.as_bytes())), "platform": platform})
            })
            .collect();
        // As buildx adds one for each image.
        manifests.push(json!({"mediaType": MANIFEST, "size": 7, "digest": format!("sha256:{}", digest(b"record")), "platform": {"os": "unknown", "architecture": "unknown"}}));
        let text = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string();
        self.put(tag, INDEX, text.into_bytes())
    }

    /// Puts an image that stands alone at a tag; its digest.
    pub(crate) fn single(&self, tag: &str, architecture: &str) -> String {
        let config = json!({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []}, "config": {}}).to_string();
        let size = config.len();
        let name = self.put("", "application/octet-stream", config.into_bytes());
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "size": size, "digest": name});
        let text = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}).to_string();
        self.put(tag, MANIFEST, text.into_bytes())
    }

    fn put(&self, tag: &str, kind: &'static str, bytes: Vec<u8>) -> String {
        let name = format!("sha256:{}", digest(&bytes));
        let mut contents = self.shared.contents.lock().expect("nobody panics with it");
        contents.retain(|(it, ..)| it != tag && *it != name);
        contents.push((tag.to_owned(), kind, bytes.clone()));
        contents.push((name.clone(), kind, bytes));
        name
    }

    /// The content of another registry, for blobs that are elsewhere.
    pub(crate) fn share(&self, other: &Registry) {
        let contents = other.shared.contents.lock().expect("nobody panics with it").clone();
        *self.shared.contents.lock().expect("nobody panics with it") = contents;
    }

    /// What was asked since the last time: `HEAD /v2/acme/app/manifests/1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = std::mem::take(&mut *self.shared.log.lock().expect("nobody panics with it"));
        log.into_iter().map(|(method, path, _)| format!("{method} {path}")).collect()
    }

    /// The authorizations that came with requests of paths that begin so.
    pub(crate) fn shown(&self, path: &str) -> Vec<Option<String>> {
        let log = self.shared.log.lock().expect("nobody panics with it");
        log.iter().filter(|(_, it, _)| it.starts_with(path)).map(|(_, _, it)| it.clone()).collect()
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream, own: &str) {
        let Some(request) = read(&stream) else { return };
        let authorization = request.header("authorization").map(str::to_owned);
        let entry = (request.method.clone(), request.path.clone(), authorization);
        self.log.lock().expect("nobody panics with it").push(entry);
        let mut faults = self.faults.lock().expect("nobody panics with it");
        if faults.silent {
            drop(faults);
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let (code, headers, body) = self.answer(&request, own, &mut faults);
        drop(faults);
        let mut head = format!("HTTP/1.1 {code} as said\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        let body = if request.method == "HEAD" { Vec::new() } else { body };
        // Whoever hangs up has heard enough.
        let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(&body));
    }

    fn answer(&self, request: &Request, own: &str, faults: &mut Faults) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
        let refuse = |code: u16, name: &str| {
            let text = json!({"errors": [{"code": name, "message": "as the test wants it"}]}).to_string();
            (code, vec![("Content-Type", "application/json".to_owned())], text.into_bytes())
        };
        let path = request.path.split('?').next().unwrap_or_default();
        if path == "/token" {
            let is_right = faults
                .token_for
                .as_deref()
                .is_none_or(|it| it.is_empty() || request.header("authorization") == Some(&format!("Basic {it}")));
            let is_scoped = request.path.contains("scope=repository%3Aacme%2Fapp%3Apull");
            return if is_right && is_scoped {
                (200, Vec::new(), json!({"token": "the-token"}).to_string().into_bytes())
            } else {
                refuse(401, "UNAUTHORIZED")
            };
        }
        if faults.token_for.is_some() && request.header("authorization") != Some("Bearer the-token") {
            let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"stand-in\"");
            let (code, mut headers, body) = refuse(401, "UNAUTHORIZED");
            headers.push(("WWW-Authenticate", challenge));
            return (code, headers, body);
        }
        if path == "/v2/" {
            return (200, Vec::new(), b"{}".to_vec());
        }
        let Some((kind, name)) = path.strip_prefix("/v2/acme/app/").and_then(|it| it.split_once('/')) else {
            return refuse(404, "NAME_UNKNOWN");
        };
        if let Some((count, code)) = faults.refused.as_mut().filter(|(count, _)| *count > 0 && kind == "manifests") {
            *count -= 1;
            return refuse(*code, if *code == 429 { "TOOMANYREQUESTS" } else { "UNAVAILABLE" });
        }
        if let Some(elsewhere) = faults.blobs_at.as_ref().filter(|_| kind == "blobs") {
            return (307, vec![("Location", format!("http://{elsewhere}{path}"))], Vec::new());
        }
        let contents = self.contents.lock().expect("nobody panics with it");
        let found = contents.iter().find(|(it, ..)| it == name && !name.is_empty());
        match found {
            // A registry converts nothing: who does not accept what it has is told that there is none.
            Some((_, media, bytes))
                if kind == "blobs" || request.header("accept").is_some_and(|it| it.contains(media)) =>
            {
                let of = if faults.misnamed { &b"another"[..] } else { bytes };
                let name = format!("sha256:{}", digest(of));
                (200, vec![("Content-Type", (*media).to_owned()), ("Docker-Content-Digest", name)], bytes.clone())
            }
            _ => refuse(404, "MANIFEST_UNKNOWN"),
        }
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    Some(Request { method, path, headers })
}
