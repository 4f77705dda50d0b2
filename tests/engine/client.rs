//! Somebody out there with a browser: curl, which is told where the names are and which certificates to trust.

use std::path::PathBuf;

use super::proof::{Proof, command, contains, end, ensure, run, same};

pub(super) struct Client {
    arguments: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Response {
    /// As the first line says it: `HTTP/2`.
    pub(super) version: String,
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// All `domains` are at 127.0.0.1, whatever the port.
    pub(super) fn new(trusted: Option<PathBuf>, domains: &[(&str, u16)]) -> Client {
        let mut arguments: Vec<String> = ["--silent", "--show-error", "--max-time", "20"].map(String::from).into();
        for (domain, port) in domains {
            arguments.extend(["--resolve".to_string(), format!("{domain}:{port}:127.0.0.1")]);
        }
        if let Some(file) = trusted {
            arguments.extend(["--cacert".to_string(), file.display().to_string()]);
        }
        Client { arguments }
    }

    pub(super) fn ask(&self, arguments: &[&str]) -> Proof<Response> {
        let mut curl = command("curl");
        let output = curl.args(&self.arguments).arg("--include").args(arguments).output();
        let output = output.expect("`timeout` of coreutils is there");
        if !output.status.success() {
            return Err(format!("{curl:?}\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        Response::read(&output.stdout)
            .ok_or_else(|| format!("no HTTP in {:?}", String::from_utf8_lossy(&output.stdout)))
    }

    pub(super) fn answers(&self, status: u16, arguments: &[&str]) -> Proof {
        let response = self.ask(arguments)?;
        ensure(response.status == status, format!("{}, wanted {status}:\n{}", response.status, response.text()))
    }

    /// 200, and this in the body.
    pub(super) fn shows(&self, part: &str, url: &str) -> Proof {
        let response = self.ask(&[url])?;
        contains(&response.text(), part)?;
        same(response.status, 200)
    }

    /// The statuses of many requests at once: `[1-80]` in the address makes 80 of them.
    pub(super) fn statuses(&self, arguments: &[&str]) -> Proof<Vec<String>> {
        let many = ["--parallel", "--parallel-immediate", "--parallel-max", "100"];
        let write = ["--output", "/dev/null", "--write-out", "%{http_code}\\n"];
        let written = run(command("curl").args(&self.arguments).args(many).args(write).args(arguments))?;
        Ok(written.lines().map(String::from).collect())
    }

    /// With which exit status curl ends, where there should be no answer.
    pub(super) fn ends(&self, code: i32, arguments: &[&str]) -> Proof {
        let ended =
            end(command("curl").args(&self.arguments).args(["--insecure", "--output", "/dev/null"]).args(arguments));
        ensure(ended.code == Some(code), format!("wanted {code}: {ended:?}"))
    }
}

impl Response {
    fn read(mut bytes: &[u8]) -> Option<Response> {
        loop {
            let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let body = &bytes[end + 4..];
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let (version, status) = (first.next()?.to_string(), first.next()?.parse().ok()?);
            // 100 Continue comes before the answer itself
            if status < 200 {
                bytes = body;
                continue;
            }
            let headers = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_string()));
            return Some(Response { version, status, headers: headers.collect(), body: body.to_vec() });
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(it, _)| it == name).map(|(_, value)| value.as_str()).collect()
    }
}
