//! What containers share with the host: who can call out, what the host reaches, whose networks and volumes there are, and
//! where logs go.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::client::Client;
use super::proof::{Proof, command, contains, docker, ensure, fails, lacks, run, same, within};
use super::stack::{Compose, Stack, free_port};
use crate::skipped::skipped;

/// A range that nobody gives away by himself, and the last address of it.
const SUBNET: &str = "10.213.77.0/24";
const HOST: &str = "10.213.77.254";

/// A service that answers on port 8000 and says a word when it starts.
fn service(name: &str, word: &str, more: &str) -> String {
    let program = format!(
        "import http.server; print('{word}', flush=True); http.server.test(http.server.SimpleHTTPRequestHandler, port=8000)"
    );
    let probe = "import socket; socket.create_connection(('127.0.0.1', 8000), 2)";
    format!(
        "  {name}:\n    image: python:3.13-slim\n    user: {{ uid: 65534, gid: 65534 }}\n    command: [python, -c, {program:?}]\n    port: 8000\n    healthcheck: {{ command: [python, -c, {probe:?}] }}\n{more}"
    )
}

struct Ports {
    published: u16,
    database: u16,
    syslog: u16,
    gelf: u16,
    fluentd: u16,
}

fn spec(ports: &Ports, foreign: &str) -> String {
    let Ports { published, database, syslog, gelf, fluentd } = ports;
    let services = [
        service("open", "said-by-open", "    egress: true\n    needs: [closed, db]\n    networks: [others]\n"),
        service(
            "closed",
            "said-by-closed",
            &format!(
                "    publish: {{ main: {{ port: {published}, reason: the test asks it }} }}\n    writable: {{ /shared: {{ volume: shared }} }}\n    logging: {{ labels: [com.example.team] }}\n    labels: {{ com.example.team: readers }}\n"
            ),
        ),
        service("inner", "said-by-inner", "    needs: [closed]\n    logging: { driver: local }\n"),
        service(
            "far",
            "said-by-far",
            &format!(
                "    logging: {{ driver: syslog, options: {{ syslog-address: \"udp://127.0.0.1:{syslog}\" }} }}\n"
            ),
        ),
        service(
            "gray",
            "said-by-gray",
            &format!(
                "    logging: {{ driver: gelf, options: {{ gelf-address: \"udp://127.0.0.1:{gelf}\", gelf-compression-type: none }} }}\n"
            ),
        ),
        service(
            "fluent",
            "said-by-fluent",
            &format!(
                "    logging: {{ driver: fluentd, options: {{ fluentd-address: \"127.0.0.1:{fluentd}\", tag: words }} }}\n"
            ),
        ),
    ]
    .concat();
    format!(
        r#"forge: 1
name: hosts
services:
{services}backings:
  db:
    kind: redis
    publish: {{ main: {{ port: {database}, reason: the test asks it }} }}
networks:
  closed:
    subnet: {SUBNET}
    gateway: {HOST}
    labels: {{ com.example.team: readers }}
    options: {{ com.docker.network.driver.mtu: 1400 }}
  others: {{ external: true, name: {foreign} }}
volumes:
  shared: {{ external: true, name: {foreign} }}
environments:
  staging:
    overlay:
      networks: {{ closed: {{ subnet: null, gateway: null }} }}
      services:
        closed: {{ publish: {{ main: null }} }}
        far: {{ logging: null }}
        inner: {{ logging: {{ driver: json-file, max_size: 1M }} }}
      backings: {{ db: {{ publish: {{ main: null }} }} }}
  development:
    overlay:
      defaults: {{ logging: {{ driver: local, max_files: 2 }} }}
      services: {{ closed: {{ logging: null, publish: null }} }}
      backings: {{ db: {{ publish: null }} }}
"#
    )
}

/// A network and a volume that others made.
struct Foreign(String);

impl Foreign {
    fn new() -> Proof<Foreign> {
        let name = format!("forge-others-{}", std::process::id());
        let foreign = Foreign(name);
        docker(["network", "create", "--internal", &foreign.0])?;
        docker(["volume", "create", &foreign.0])?;
        Ok(foreign)
    }

    fn is_there(&self) -> Proof {
        docker(["network", "inspect", &self.0])?;
        docker(["volume", "inspect", &self.0]).map(drop)
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = docker(["network", "rm", &self.0]);
        let _ = docker(["volume", "rm", "--force", &self.0]);
    }
}

/// A machine somewhere out there, which knows no way back to the engine's own addresses: like everybody in the Internet, it
/// answers what was masqueraded and nothing else.
struct Outside {
    name: String,
    server: Option<Child>,
}

impl Outside {
    const HOST: &str = "198.51.100.1";
    const ADDRESS: &str = "198.51.100.2";
    const URL: &str = "http://198.51.100.2:8099/";

    /// None, where this user cannot make one.
    fn new() -> Option<Outside> {
        let id = std::process::id();
        let name = format!("forge-{id}");
        let (here, there) = (format!("fh{id}"), format!("fn{id}"));
        let mut outside = Outside { name: name.clone(), server: None };
        let ip = |words: &str| run(command("ip").args(words.split(' '))).is_ok();
        let made = ip(&format!("netns add {name}"))
            && ip(&format!("link add {here} type veth peer name {there}"))
            && ip(&format!("link set {there} netns {name}"))
            && ip(&format!("addr add {}/30 dev {here}", Self::HOST))
            && ip(&format!("link set {here} up"))
            && ip(&format!("-n {name} addr add {}/30 dev {there}", Self::ADDRESS))
            && ip(&format!("-n {name} link set {there} up"));
        if !made {
            skipped("only root can make an outside to call");
            return None;
        }
        let mut server = Command::new("ip");
        server.args(["netns", "exec", &name, "python3", "-m", "http.server", "8099"]).current_dir("/var/empty");
        if !fs::exists("/var/empty").unwrap_or(false) {
            server.current_dir("/tmp");
        }
        outside.server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok();
        Some(outside)
    }

    fn curl(url: &str) -> [&str; 7] {
        ["curl", "--silent", "--output", "/dev/null", "--max-time", "4", url]
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = run(command("ip").args(["link", "del", &format!("fh{}", std::process::id())]));
        let _ = run(command("ip").args(["netns", "del", &self.name]));
    }
}

/// Whatever arrives at a server of logs.
struct Collector {
    arrived: Receiver<Vec<u8>>,
    all: std::cell::RefCell<Vec<u8>>,
    port: u16,
}

impl Collector {
    fn udp() -> Collector {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("it listens").port();
        let (send, arrived) = channel();
        thread::spawn(move || {
            let mut packet = [0; 65536];
            while let Ok(length) = socket.recv(&mut packet) {
                if send.send(packet[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Collector { arrived, all: Vec::new().into(), port }
    }

    fn tcp() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let (send, arrived) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), send) = (stream, send.clone()) else { return };
                thread::spawn(move || {
                    let mut part = [0; 4096];
                    while let Ok(length) = stream.read(&mut part) {
                        if length == 0 || send.send(part[..length].to_vec()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Collector { arrived, all: Vec::new().into(), port }
    }

    fn has(&self, words: &str) -> Proof {
        let mut all = self.all.borrow_mut();
        self.arrived.try_iter().for_each(|it| all.extend(it));
        contains(&String::from_utf8_lossy(&all), words)
    }
}

#[test]
fn networks_volumes_logs_and_published_ports_are_as_forge_promises() {
    // Declared first, so that it goes last: containers are on it until the stack has gone.
    let foreign;
    let Some(stack) = Stack::new("hosts") else { return };
    foreign = stack.do_or_fail("others make a network and a volume", Foreign::new());
    let (syslog, gelf, fluentd) = (Collector::udp(), Collector::udp(), Collector::tcp());
    let ports = Ports {
        published: free_port(),
        database: free_port(),
        syslog: syslog.port,
        gelf: gelf.port,
        fluentd: fluentd.port,
    };
    stack.write("forge.yaml", &spec(&ports, &foreign.0));
    stack.prove("forge generate", || stack.forge(&["generate"]).map(drop));
    let production = stack.production();
    stack.do_or_fail("secrets", run(&mut stack.script(&["scripts/secrets"])));
    combinations(&stack);
    stack.prove("up", || production.up(&[]));
    networks(&stack, &production, &foreign);
    published(&stack, &production, &ports);
    logs(&stack, &production);
    stack.prove("logs arrive by syslog, with the container's name", || {
        within(20, || syslog.has("said-by-far").and_then(|()| syslog.has("-far-1")))
    });
    stack.prove("logs arrive by GELF, with the labels that say whose they are", || {
        within(20, || gelf.has("said-by-gray").and_then(|()| gelf.has("\"_com.docker.compose.service\":\"gray\"")))
    });
    stack.prove("logs arrive by Fluentd's protocol, under their tag", || {
        within(20, || fluentd.has("said-by-fluent").and_then(|()| fluentd.has("words")))
    });
    stack.prove("what goes elsewhere can be read here all the same", || {
        within(10, || contains(&production.run(&["logs", "far"])?, "said-by-far"))
    });
    stack.prove("down --volumes takes nothing of others away", || {
        production.run(&["down", "--volumes", "--timeout", "2"])?;
        foreign.is_there()
    });
    stack.say_how_many();
}

/// Each environment's files with the base, as compose reads them.
fn combinations(stack: &Stack) {
    let config = |files: &[&str]| -> Proof<Value> {
        let mut compose = command("docker");
        compose.arg("compose").args(files.iter().flat_map(|it| ["--file", it])).args(["config", "--format", "json"]);
        let text = run(compose.current_dir(stack.path("")))?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    };
    stack.prove("docker compose config, production", || {
        let config = config(&["compose.yaml"])?;
        same(config["services"]["inner"]["logging"]["driver"].as_str(), Some("local"))?;
        same(config["networks"]["closed"]["ipam"]["config"][0]["subnet"].as_str(), Some(SUBNET))
    });
    stack.prove(
        "docker compose config, staging: no range, no published port, and another driver with its own options",
        || {
            let config = config(&["compose.yaml", "compose.staging.yaml"])?;
            ensure(config["networks"]["closed"]["ipam"]["config"].is_null(), config["networks"]["closed"].to_string())?;
            ensure(config["services"]["closed"]["ports"].is_null(), config["services"]["closed"].to_string())?;
            ensure(config["services"]["db"]["ports"].is_null(), config["services"]["db"].to_string())?;
            let logging = &config["services"]["far"]["logging"];
            same(logging["driver"].as_str(), Some("json-file"))?;
            ensure(logging["options"]["syslog-address"].is_null(), logging.to_string())?;
            let logging = &config["services"]["inner"]["logging"];
            same(
                (logging["driver"].as_str(), logging["options"]["max-size"].as_str()),
                (Some("json-file"), Some("1m")),
            )?;
            contains(&logging["options"]["labels"].to_string(), "com.docker.compose.service")
        },
    );
    stack.prove("docker compose config, development: all others by the driver of this environment", || {
        let config = config(&["compose.yaml", "compose.development.yaml"])?;
        let logging = &config["services"]["open"]["logging"];
        same((logging["driver"].as_str(), logging["options"]["max-file"].as_str()), (Some("local"), Some("2")))?;
        ensure(logging["options"]["labels"].is_null(), logging.to_string())
    });
}

fn networks(stack: &Stack, production: &Compose, foreign: &Foreign) {
    stack.prove("a network has the range, the host's address, the label and the MTU that the spec says", || {
        let networks = production.networks()?;
        let wanted = format!("{}_closed", production.project);
        let network = networks.iter().find(|it| it["Name"] == *wanted).ok_or("no network `closed`")?;
        let range = &network["IPAM"]["Config"][0];
        same((range["Subnet"].as_str(), range["Gateway"].as_str()), (Some(SUBNET), Some(HOST)))?;
        same(network["Internal"].as_bool(), Some(true))?;
        same(network["Labels"]["com.example.team"].as_str(), Some("readers"))?;
        same(network["Options"]["com.docker.network.driver.mtu"].as_str(), Some("1400"))?;
        let address = production.container("inner")?.address(&wanted);
        ensure(address.starts_with("10.213.77."), address)
    });
    stack.prove("a service is on the network of others, and nobody else is", || {
        let on_it = |service: &str| -> Proof<bool> {
            let container = production.container(service)?;
            Ok(container.networks(&production.project).contains(&foreign.0))
        };
        ensure(on_it("open")?, "open is not on it")?;
        ensure(!on_it("closed")? && !on_it("inner")? && !on_it("db")?, "somebody else is on it")
    });
    stack.prove("the volume of others is mounted", || {
        let mounts = production.container("closed")?.json["Mounts"].to_string();
        contains(&mounts, &foreign.0)
    });
    let Some(_outside) = Outside::new() else { return };
    stack.prove("the outside answers this host", || {
        within(10, || run(command("curl").args(&Outside::curl(Outside::URL)[1..])).map(drop))
    });
    stack.prove("with `egress` a service can call out", || {
        production.container("open")?.beside(&Outside::curl(Outside::URL)).map(drop)
    });
    for (service, what) in [
        ("inner", "without it, it cannot"),
        ("db", "nor can a database, though it is published"),
        ("closed", "nor can a service that is published"),
    ] {
        stack.prove(what, || {
            let container = production.container(service)?;
            fails(container.beside(&Outside::curl(Outside::URL)), &format!("{service} calls out"))
        });
    }
    stack.prove("the host's own addresses out there publish nothing", || {
        let closed = production.container("closed")?;
        let binding = closed.json["HostConfig"]["PortBindings"]["8000/tcp"][0]["HostPort"].clone();
        let port: u16 = binding.as_str().and_then(|it| it.parse().ok()).ok_or("it publishes nothing")?;
        let there = TcpStream::connect_timeout(
            &format!("{}:{port}", Outside::HOST).parse().map_err(|error| format!("{error}"))?,
            Duration::from_secs(3),
        );
        ensure(there.is_err(), "somebody answers")
    });
}

fn published(stack: &Stack, production: &Compose, ports: &Ports) {
    stack.prove("this host reaches what is published, on its loopback address", || {
        Client::new(None, &[]).answers(200, &[&format!("http://127.0.0.1:{}/", ports.published)])?;
        TcpStream::connect(("127.0.0.1", ports.database)).map(drop).map_err(|error| error.to_string())
    });
    stack.prove("it is bound to that address and no other", || {
        for service in ["closed", "db"] {
            let bindings = production.container(service)?.json["NetworkSettings"]["Ports"].to_string();
            contains(&bindings, "\"HostIp\":\"127.0.0.1\"")?;
            lacks(&bindings, "0.0.0.0")?;
            lacks(&bindings, "\"::\"")?;
        }
        Ok(())
    });
    stack.prove("who is not published is on no network that leads out", || {
        let inner = production.container("inner")?;
        same(inner.networks(&production.project), ["closed"].map(String::from).into())
    });
}

fn logs(stack: &Stack, production: &Compose) {
    stack.prove("json-file: ten megabytes, five files, and each line says whose it is", || {
        let closed = production.container("closed")?;
        let config = &closed.json["HostConfig"]["LogConfig"];
        same(config["Type"].as_str(), Some("json-file"))?;
        same((config["Config"]["max-size"].as_str(), config["Config"]["max-file"].as_str()), (Some("10m"), Some("5")))?;
        let path = closed.json["LogPath"].as_str().ok_or("it has no log")?;
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let line = text.lines().find(|it| it.contains("said-by-closed")).ok_or("it said nothing")?;
        contains(line, "\"com.docker.compose.service\":\"closed\"")?;
        contains(line, "\"com.example.team\":\"readers\"")
    });
    stack.prove("local: its lines are kept, and shown", || {
        let inner = production.container("inner")?;
        same(inner.json["HostConfig"]["LogConfig"]["Type"].as_str(), Some("local"))?;
        contains(&production.run(&["logs", "inner"])?, "said-by-inner")
    });
}

const WEB: &str = "forge: 1
name: hosts
services:
  web:
    build: { stack: node, context: ./web, options: { package_manager: npm, framework: plain, main: src/server.js } }
    port: 3000
environments:
  development: { debug: { web: { port: 9229 } } }
";

#[test]
fn a_debugger_listens_for_this_host_in_development_alone() {
    let Some(stack) = Stack::new("hosts") else { return };
    let port = free_port();
    stack.write("forge.yaml", &WEB.replace("9229", &port.to_string()));
    stack.write("web/package.json", r#"{"name": "web", "version": "1.0.0", "private": true}"#);
    let locked = r#"{"name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {"": {"name": "web", "version": "1.0.0"}}}"#;
    stack.write("web/package-lock.json", locked);
    let server = "require('http').createServer((_, answer) => answer.end('well')).listen(3000)\n";
    stack.write("web/src/server.js", server);
    stack.prove("forge generate", || stack.forge(&["generate"]).map(drop));
    stack.prove("production has no debugger, and publishes nothing", || {
        let text = stack.read("compose.yaml")?;
        lacks(&text, "inspect")?;
        lacks(&text, "ports:")
    });
    let development = stack.development();
    stack.prove("development: up, healthy", || development.up(&["--build"]));
    stack.prove("the debugger answers this host", || {
        within(10, || {
            Client::new(None, &[]).shows("webSocketDebuggerUrl", &format!("http://127.0.0.1:{port}/json/list"))
        })
    });
    stack.prove("it is on the loopback address alone", || {
        let bindings = development.container("web")?.json["NetworkSettings"]["Ports"].to_string();
        contains(&bindings, "\"HostIp\":\"127.0.0.1\"")?;
        lacks(&bindings, "0.0.0.0")
    });
    stack.prove("… also after an edit", || {
        stack.edit("web/src/server.js", "well", "edited")?;
        within(20, || {
            let list = format!("http://127.0.0.1:{port}/json/list");
            Client::new(None, &[]).shows("webSocketDebuggerUrl", &list)?;
            contains(&development.container("web")?.beside(&["curl", "-s", "http://127.0.0.1:3000/"])?, "edited")
        })
    });
    stack.say_how_many();
}
