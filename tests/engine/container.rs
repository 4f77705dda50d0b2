//! One container, as the engine has it and as its processes have it.

use serde_json::Value;

use super::proof::{Proof, command, docker, end};

pub(super) struct Container {
    pub(super) name: String,
    pub(super) service: String,
    /// As `docker inspect` writes it.
    pub(super) json: Value,
}

/// An image with curl and the usual tools, which runs wherever a gateway does.
const TOOLS: &str = "nginxinc/nginx-unprivileged:1.30";

/// How a tmpfs is mounted.
pub(super) struct Tmpfs {
    pub(super) path: String,
    pub(super) options: Vec<String>,
}

impl Container {
    pub(super) fn new(json: Value) -> Container {
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_string();
        Container {
            name: text("/Name").trim_start_matches('/').to_string(),
            service: text("/Config/Labels/com.docker.compose.service"),
            json,
        }
    }

    pub(super) fn id(&self) -> &str {
        self.json["Id"].as_str().unwrap_or_default()
    }

    pub(super) fn is_running(&self) -> bool {
        self.json["State"]["Running"] == true
    }

    pub(super) fn health(&self) -> &str {
        self.json.pointer("/State/Health/Status").and_then(Value::as_str).unwrap_or("none")
    }

    /// In one line, with what its probe said last.
    pub(super) fn state(&self) -> String {
        let state = &self.json["State"];
        let probes = state.pointer("/Health/Log").and_then(Value::as_array);
        let probe = probes.and_then(|it| it.last()?["Output"].as_str()).unwrap_or_default();
        let probe = probe.trim_end().rsplit('\n').next().unwrap_or_default();
        format!(
            "{}, exit {}, {}, the last line of its probe: {probe:?}",
            state["Status"],
            state["ExitCode"],
            self.health()
        )
    }

    /// Its names of networks, without the project's.
    pub(super) fn networks(&self, project: &str) -> Vec<String> {
        let networks = self.json["NetworkSettings"]["Networks"].as_object();
        let names = networks.into_iter().flat_map(|it| it.keys());
        names.map(|it| it.trim_start_matches(&format!("{project}_")).to_string()).collect()
    }

    pub(super) fn address(&self, network: &str) -> String {
        self.json["NetworkSettings"]["Networks"][network]["IPAddress"].as_str().unwrap_or_default().to_string()
    }

    pub(super) fn inside(&self, words: &[&str]) -> Proof<String> {
        docker(["exec", self.id()].into_iter().chain(words.iter().copied()))
    }

    /// A file as its processes see it, such as /proc/1/status, also where its image has nothing to read with.
    pub(super) fn read(&self, path: &str) -> Proof<String> {
        self.inside(&["cat", path]).or_else(|_| self.beside(&["cat", path]))
    }

    /// What a command says that has its processes and its network, and the files of an image with tools.
    pub(super) fn beside(&self, words: &[&str]) -> Proof<String> {
        let (first, rest) = words.split_first().expect("a command has a word");
        let same = format!("container:{}", self.id());
        let options = ["--rm", "--network", &same, "--pid", &same, "--user", "0:0", "--cap-add", "SYS_PTRACE"];
        let tools = ["--label", "forge.test=beside", "--entrypoint", first, TOOLS];
        docker(["run"].iter().chain(&options).chain(&tools).chain(rest).copied())
    }

    /// On one of its networks.
    pub(super) fn any_address(&self) -> Option<String> {
        let networks = self.json["NetworkSettings"]["Networks"].as_object()?;
        let mut addresses = networks.values().filter_map(|it| it["IPAddress"].as_str());
        addresses.find(|it| !it.is_empty()).map(str::to_owned)
    }

    /// The one that its image exposes, if that is just one.
    pub(super) fn port(&self) -> Option<u16> {
        let exposed: Vec<&String> = self.json["Config"]["ExposedPorts"].as_object()?.keys().collect();
        let [port] = exposed[..] else { return None };
        port.split('/').next()?.parse().ok()
    }

    /// Where volumes are mounted.
    pub(super) fn volumes(&self) -> Vec<&str> {
        let mounts = self.json["Mounts"].as_array().into_iter().flatten();
        mounts.filter(|it| it["Type"] == "volume").filter_map(|it| it["Destination"].as_str()).collect()
    }

    /// What a shell in it writes. Its status is that of the last command.
    pub(super) fn shell(&self, script: &str) -> Proof<String> {
        self.inside(&["sh", "-c", script])
    }

    /// Standard output alone.
    pub(super) fn output(&self) -> Proof<String> {
        docker(["logs", self.id()])
    }

    /// The last lines, of both.
    pub(super) fn logs(&self) -> String {
        let logs = end(command("docker").args(["logs", "--tail", "15", self.id()]));
        logs.stdout + &logs.stderr
    }

    /// All lines, of both.
    pub(super) fn all_logs(&self) -> String {
        let logs = end(command("docker").args(["logs", self.id()]));
        logs.stdout + &logs.stderr
    }

    /// As the engine was asked for them.
    pub(super) fn tmpfs(&self) -> Vec<Tmpfs> {
        let wanted = self.json["HostConfig"]["Tmpfs"].as_object();
        let tmpfs = wanted.into_iter().flatten().map(|(path, options)| Tmpfs {
            path: path.clone(),
            options: options.as_str().unwrap_or_default().split(',').map(String::from).collect(),
        });
        tmpfs.collect()
    }
}

impl Tmpfs {
    /// In bytes.
    pub(super) fn size(&self) -> Option<u64> {
        let size = self.options.iter().find_map(|it| it.strip_prefix("size="))?;
        let digits = size.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let factor = match size[digits.len()..].to_lowercase().as_str() {
            "" => 1,
            "k" => 1024,
            "m" => 1024 * 1024,
            "g" => 1024 * 1024 * 1024,
            _ => return None,
        };
        Some(digits.parse::<u64>().ok()? * factor)
    }
}
