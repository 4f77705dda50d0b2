//! A compose file with its overlays, merged as `docker compose -f … -f …` merges them, and its services as rules want
//! to see them. All ranges count through all files, see [`Files`]: they say which file a value came from.

mod merge;
mod words;

pub(crate) use words::{assume, image_tag, is_host_path, size_of, split};
pub(super) use words::{image_name, is, size, text, texts, undecided};

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::Files;
use crate::diagnostic::Place;
use crate::yaml::{self, Node, Value};
use merge::{extend, merge, prune};

/// Compose files that were read and merged.
pub(super) struct Compose {
    /// The merged document.
    pub(super) root: Node,
    /// What could not be read.
    pub(super) problems: Vec<(Range<usize>, String)>,
    /// The first bytes of the first file.
    pub(super) head: Range<usize>,
    /// Words that YAML 1.1 readers take for booleans, though no quotes stand around them.
    pub(super) bare_words: Vec<Range<usize>>,
    /// Whether something of it can stand in a file that is not here.
    pub(super) has_partial: bool,
    /// Services that another one waits for to complete.
    awaited: HashSet<String>,
    /// Images that some service here builds.
    built: HashSet<String>,
}

/// One service.
pub(super) struct Service<'c> {
    /// Its name.
    pub(super) name: &'c str,
    /// Where its name stands.
    pub(super) bytes: Range<usize>,
    /// The file it is in.
    pub(super) compose: &'c Compose,
    /// Its environment variables.
    pub(super) environment: Vec<Variable<'c>>,
    /// What it publishes.
    pub(super) ports: Vec<Port>,
    /// What is mounted into it.
    pub(super) mounts: Vec<Mount<'c>>,
    node: &'c Node,
}

/// An environment variable of a service.
pub(super) struct Variable<'c> {
    /// Its name.
    pub(super) name: &'c str,
    /// Its value as written; none where it comes from outside.
    pub(super) value: Option<Cow<'c, str>>,
    /// Where it stands.
    pub(super) bytes: Range<usize>,
}

/// A published port.
pub(super) struct Port {
    /// The address of the host that listens; all of them if none.
    pub(super) address: Option<String>,
    /// The port of the container.
    pub(super) target: String,
    /// Where it stands.
    pub(super) bytes: Range<usize>,
}

/// Something mounted into a service.
pub(super) struct Mount<'c> {
    /// `volume`, `bind`, `tmpfs`, …
    pub(super) kind: &'c str,
    /// A folder of the host or the name of a volume; empty if it has none.
    pub(super) source: String,
    /// Where it appears in the container.
    pub(super) target: String,
    /// The options of a short form; of a tmpfs, those after its target.
    pub(super) options: Vec<String>,
    /// Where it stands.
    pub(super) bytes: Range<usize>,
    /// The long form, where it is one.
    pub(super) long: Option<&'c Node>,
}

impl Port {
    /// Whether only the host itself can reach it.
    pub(super) fn is_local(&self) -> bool {
        self.address.as_deref().is_some_and(|it| it.starts_with("127.") || it == "::1" || it == "localhost")
    }
}

impl Mount<'_> {
    /// Whether the container may only read it.
    pub(super) fn is_read_only(&self) -> bool {
        self.options.iter().any(|it| it == "ro") || self.long.is_some_and(|it| is(it.get("read_only"), true))
    }
}

/// The bytes that show a node best: a scalar itself, the key of anything else.
pub(super) fn bytes(node: &Node) -> Range<usize> {
    let scalar = !matches!(node.value, Value::Map(_) | Value::List(_)) && !node.at.is_empty();
    if scalar || node.key.is_empty() { node.at.clone() } else { node.key.clone() }
}

/// What stands at `dotted` below `node`; nothing where that is null.
pub(super) fn below<'n>(node: &'n Node, dotted: &str) -> Option<&'n Node> {
    dotted.split('.').try_fold(node, Node::get).filter(|it| it.value != Value::Null)
}

/// Images that keep data for others.
const DATA_STORES: &[&str] = &[
    "cassandra",
    "clickhouse",
    "clickhouse-server",
    "cockroach",
    "couchdb",
    "dragonfly",
    "elasticsearch",
    "etcd",
    "garage",
    "influxdb",
    "kafka",
    "keydb",
    "mariadb",
    "meilisearch",
    "memcached",
    "minio",
    "mongo",
    "mongodb",
    "mysql",
    "mysql-server",
    "nats",
    "neo4j",
    "opensearch",
    "percona",
    "pgvector",
    "postgis",
    "postgres",
    "postgresql",
    "qdrant",
    "rabbitmq",
    "redis",
    "redis-stack-server",
    "rustfs",
    "server-mssql",
    "timescaledb",
    "typesense",
    "valkey",
    "weaviate",
    "zookeeper",
];

/// Images and names of what stands between the world and the other services.
const GATEWAYS: &[&str] = &[
    "apisix",
    "caddy",
    "edge",
    "envoy",
    "frontproxy",
    "gateway",
    "haproxy",
    "httpd",
    "ingress",
    "kong",
    "nginx",
    "nginx-proxy",
    "nginx-unprivileged",
    "openresty",
    "proxy",
    "reverse-proxy",
    "router",
    "swag",
    "traefik",
];

impl Compose {
    /// The services, each made ready for the rules.
    pub(super) fn services(&self) -> impl Iterator<Item = Service<'_>> {
        let services = self.root.get("services").into_iter().flat_map(Node::entries);
        services
            .filter(|(_, node)| matches!(node.value, Value::Map(_)))
            .map(|(name, node)| Service::new(self, name, node))
    }

    /// The service of this name, as written.
    pub(super) fn service(&self, name: &str) -> Option<&Node> {
        self.root.get("services")?.get(name)
    }
}

impl<'c> Service<'c> {
    fn new(compose: &'c Compose, name: &'c str, node: &'c Node) -> Service<'c> {
        let list = |key: &str| node.get(key).map(Node::items).unwrap_or_default();
        let mut mounts: Vec<Mount<'c>> = list("volumes").iter().filter_map(mount).collect();
        let tmpfs = node.get("tmpfs");
        let single = tmpfs.filter(|it| matches!(it.value, Value::String(_)));
        mounts.extend(tmpfs.map(Node::items).unwrap_or_default().iter().chain(single).filter_map(short_tmpfs));
        Service {
            name,
            bytes: node.key.clone(),
            compose,
            environment: node.get("environment").map(variables).unwrap_or_default(),
            ports: list("ports").iter().filter_map(port).collect(),
            mounts,
            node,
        }
    }

    /// What stands at `dotted`; nothing where that is null.
    pub(super) fn get(&self, dotted: &str) -> Option<&'c Node> {
        below(self.node, dotted)
    }

    /// The bytes of what stands at `dotted`, or else of the service's name.
    pub(super) fn at(&self, dotted: &str) -> Range<usize> {
        self.get(dotted).map_or(self.bytes.clone(), bytes)
    }

    /// Its image, with the defaults of variables.
    pub(super) fn image(&self) -> Option<Cow<'c, str>> {
        self.get("image").and_then(Node::text).map(assume)
    }

    /// Whether the image is made from a Dockerfile here, by this service or by another.
    pub(super) fn is_built(&self) -> bool {
        let image = self.get("image").and_then(Node::text);
        self.get("build").is_some() || image.is_some_and(|it| self.compose.built.contains(it))
    }

    /// Whether it comes from a file that is not here, so that what is missing may well stand there.
    pub(super) fn is_partial(&self) -> bool {
        is_partial(self.node)
    }

    /// Whether it ends when its work is done.
    pub(super) fn is_one_shot(&self) -> bool {
        let never = |it: &Node| it.text() == Some("no") || is(Some(it), false);
        self.get("restart").is_some_and(never)
            || self.get("deploy.restart_policy.condition").and_then(Node::text) == Some("none")
            || self.compose.awaited.contains(self.name)
    }

    /// Whether its healthcheck is switched off.
    pub(super) fn is_unchecked(&self) -> bool {
        is_unchecked(self.node)
    }

    /// Whether its image is a database, a cache or a queue.
    pub(super) fn is_data_store(&self) -> bool {
        self.image().is_some_and(|it| DATA_STORES.contains(&image_name(&it)))
    }

    /// Whether it is what the world is meant to reach.
    pub(super) fn is_gateway(&self) -> bool {
        GATEWAYS.contains(&self.name) || self.image().is_some_and(|it| GATEWAYS.contains(&image_name(&it)))
    }

    /// The names of the networks that it is on, with where they stand.
    pub(super) fn networks(&self) -> Vec<(Cow<'c, str>, Range<usize>)> {
        let Some(networks) = self.get("networks") else { return Vec::new() };
        let listed = networks.items().iter().filter_map(|it| Some((text(it)?, bytes(it))));
        let mapped = networks.entries().map(|(name, it)| (Cow::Borrowed(name), it.key.clone()));
        listed.chain(mapped).collect()
    }

    /// Its tmpfs mounts: target, options and size, of either form.
    pub(super) fn tmpfs(&self) -> impl Iterator<Item = &Mount<'c>> {
        self.mounts.iter().filter(|it| it.kind == "tmpfs")
    }

    /// Its memory limit in bytes.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.get("deploy.resources.limits.memory").or_else(|| self.get("mem_limit")).and_then(size)
    }

    /// The words of its healthcheck's test.
    pub(super) fn probe(&self) -> Vec<Cow<'c, str>> {
        self.get("healthcheck.test").map(texts).unwrap_or_default()
    }
}

/// Whether this service comes from a file that is not here.
fn is_partial(service: &Node) -> bool {
    let has = |dotted: &str| below(service, dotted).is_some();
    has("extends.file") || !(has("image") || has("build"))
}

/// Whether this service's healthcheck is switched off.
pub(super) fn is_unchecked(service: &Node) -> bool {
    let Some(healthcheck) = service.get("healthcheck") else { return false };
    let none = |it: &Node| texts(it).first().is_some_and(|it| it == "NONE");
    is(healthcheck.get("disable"), true) || healthcheck.get("test").is_some_and(none)
}

/// Variables, in a list or a map.
pub(super) fn variables(node: &Node) -> Vec<Variable<'_>> {
    let listed = node.items().iter().filter_map(|it| {
        let text = it.text()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Some(Variable { name, value: value.map(Cow::Borrowed), bytes: it.at.clone() })
    });
    let mapped = node.entries().map(|(name, it)| Variable { name, value: text(it), bytes: bytes(it) });
    listed.chain(mapped).collect()
}

fn port(node: &Node) -> Option<Port> {
    if let Value::Map(_) = node.value {
        let field = |key: &str| node.get(key).and_then(text);
        let (address, target) = (field("host_ip"), field("target")?);
        let bytes = node.get("published").or_else(|| node.get("target")).map(bytes)?;
        let address = address.map(|it| assume(&it).into_owned());
        return Some(Port { address, target: target.into_owned(), bytes });
    }
    let text = text(node)?;
    let assumed = assume(&text).into_owned();
    let assumed = assumed.split('/').next().unwrap_or(&assumed);
    let mut parts = split(assumed);
    let target = parts.pop()?.to_owned();
    parts.pop();
    let address = parts.join(":");
    let address = address.trim_matches(['[', ']']);
    let address = if address.is_empty() { None } else { Some(address.to_owned()) };
    Some(Port { address, target, bytes: node.at.clone() })
}

fn mount(node: &Node) -> Option<Mount<'_>> {
    if let Value::Map(_) = node.value {
        let field = |key: &str| node.get(key).and_then(text).map(|it| assume(&it).into_owned()).unwrap_or_default();
        let named = ["source", "target"].into_iter().find_map(|it| node.get(it)).map(bytes);
        return Some(Mount {
            kind: node.get("type").and_then(Node::text).unwrap_or("volume"),
            source: field("source"),
            target: field("target"),
            options: Vec::new(),
            bytes: named.unwrap_or_else(|| node.at.clone()),
            long: Some(node),
        });
    }
    let text = text(node)?;
    let parts: Vec<String> = split(&text).into_iter().map(|it| assume(it).into_owned()).collect();
    let (source, target, options) = match parts.as_slice() {
        [] => return None,
        [target] => (String::new(), target.clone(), String::new()),
        [source, target] => (source.clone(), target.clone(), String::new()),
        [source, target, options @ ..] => (source.clone(), target.clone(), options.join(":")),
    };
    let kind = if is_host_path(&source) { "bind" } else { "volume" };
    let options = options.split(',').map(str::to_owned).collect();
    Some(Mount { kind, source, target, options, bytes: node.at.clone(), long: None })
}

fn short_tmpfs(node: &Node) -> Option<Mount<'_>> {
    let text = node.text()?;
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    let options = options.split(',').filter(|it| !it.is_empty()).map(|it| it.trim().to_owned()).collect();
    let (source, target) = (String::new(), target.to_owned());
    Some(Mount { kind: "tmpfs", source, target, options, bytes: node.at.clone(), long: None })
}

/// Reads and merges `files`.
pub(super) fn read(files: &Files<'_>) -> Compose {
    let mut root = Node::default();
    let mut problems = Vec::new();
    let mut bare_words = Vec::new();
    for (start, file) in files.iter() {
        match yaml::read(file.text) {
            Ok(doc) => {
                let mut node = doc.root;
                bare_booleans(&node, file.text, start, &mut bare_words);
                if start > 0 {
                    node.shift(start);
                }
                merge(&mut root, node, &mut Vec::new());
            }
            Err(complaint) => {
                let at = match complaint.place {
                    Place::Bytes(at) => at,
                    Place::Key(_) | Place::Value(_) => 0..0,
                };
                problems.push((start + at.start..start + at.end, complaint.message));
            }
        }
    }
    if !problems.is_empty() {
        // Half of a file would look as if the other half had been forgotten.
        root = Node::default();
    }
    extend(&mut root);
    prune(&mut root);
    let head = root.entries().next().map_or(0..0, |(_, it)| it.key.clone());
    let (awaited, built) = (awaited(&root), built(&root));
    let has_partial = has_partial(&root);
    Compose { root, problems, head, bare_words, has_partial, awaited, built }
}

/// Finds `restart: no` and its like: words without quotes that only some readers take for text.
fn bare_booleans(root: &Node, text: &str, start: usize, out: &mut Vec<Range<usize>>) {
    for (_, service) in root.get("services").into_iter().flat_map(Node::entries) {
        let Some(restart) = service.get("restart") else { continue };
        let written = text.get(restart.at.clone()).unwrap_or("");
        if matches!(written.to_lowercase().as_str(), "no" | "off" | "false" | "n") {
            out.push(start + restart.at.start..start + restart.at.end);
        }
    }
}

fn has_partial(root: &Node) -> bool {
    let mut services = root.get("services").into_iter().flat_map(Node::entries).map(|(_, it)| it);
    root.get("include").is_some() || services.any(|it| matches!(it.value, Value::Map(_)) && is_partial(it))
}

fn awaited(root: &Node) -> HashSet<String> {
    let services = root.get("services").into_iter().flat_map(Node::entries);
    let waits = services.filter_map(|(_, it)| it.get("depends_on")).flat_map(Node::entries);
    let completed = |it: &Node| it.get("condition").and_then(Node::text) == Some("service_completed_successfully");
    waits.filter(|(_, it)| completed(it)).map(|(name, _)| name.to_owned()).collect()
}

fn built(root: &Node) -> HashSet<String> {
    let services = root.get("services").into_iter().flat_map(Node::entries);
    services
        .filter(|(_, it)| it.get("build").is_some())
        .filter_map(|(_, it)| it.get("image").and_then(Node::text).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;

    fn merged(texts: &[&str]) -> Compose {
        let files: Vec<File<'_>> = texts.iter().map(|text| File { path: "x", text }).collect();
        read(&Files::new(&files))
    }

    /// The service `a` of two files, as JSON.
    fn together(base: &str, over: &str) -> String {
        let file = |it: &str| format!("services: {{a: {{{it}}}}}");
        let compose = merged(&[&file(base), &file(over)]);
        assert!(compose.problems.is_empty(), "{:?}", compose.problems);
        compose.service("a").expect("it is there").json().to_string().replace('"', "")
    }

    #[test]
    fn overlays_merge_as_compose_merges_them() {
        for (base, over, expected) in [
            ("image: x", "image: y", "{image:y}"),
            ("command: [a, b]", "command: [c]", "{command:[c]}"),
            (
                "healthcheck: {test: [a], interval: 1s}",
                "healthcheck: {test: [b]}",
                "{healthcheck:{test:[b],interval:1s}}",
            ),
            ("ports: ['1:1']", "ports: ['2:2']", "{ports:[1:1,2:2]}"),
            ("ports: ['1:1']", "ports: !override ['2:2']", "{ports:[2:2]}"),
            ("ports: ['1:1']", "ports: !reset []", "{}"),
            ("dns: 1.1.1.1", "dns: [8.8.8.8]", "{dns:[1.1.1.1,8.8.8.8]}"),
            ("dns: 1.1.1.1", "dns: 8.8.8.8", "{dns:[1.1.1.1,8.8.8.8]}"),
            ("environment: [A=1, B=2]", "environment: {A: 3}", "{environment:{A:3,B:2}}"),
            ("environment: [A=1, B=2]", "environment: [A=3]", "{environment:{A:3,B:2}}"),
            ("volumes: ['a:/x', 'b:/y']", "volumes: ['c:/x:ro']", "{volumes:[b:/y,c:/x:ro]}"),
            (
                "volumes: ['a:/x']",
                "volumes: [{type: bind, source: ./c, target: /x}]",
                "{volumes:[{type:bind,source:./c,target:/x}]}",
            ),
            ("tmpfs: ['/tmp:size=1m']", "tmpfs: ['/tmp:size=2m']", "{tmpfs:[/tmp:size=2m]}"),
            (
                "depends_on: [b]",
                "depends_on: {c: {condition: service_healthy}}",
                "{depends_on:{b:null,c:{condition:service_healthy}}}",
            ),
            ("depends_on: [b]", "depends_on: [c]", "{depends_on:[b,c]}"),
            ("build: .", "build: {target: x}", "{build:{context:.,target:x}}"),
            ("logging: {driver: local, options: {a: b}}", "logging: {driver: syslog}", "{logging:{driver:syslog}}"),
            ("image: x", "image:", "{image:x}"),
        ] {
            assert_eq!(together(base, over), expected, "{base} and {over}");
        }
    }

    #[test]
    fn services_extend_others_of_the_file() {
        let text = "services:\n  a: {image: x, environment: {A: b}}\n  b: {extends: {service: a}, environment: {C: d}}\n  c: {extends: b}\n  d: {extends: d}\n";
        let compose = merged(&[text]);
        let variables = |name: &str| compose.services().find(|it| it.name == name).map(|it| it.environment.len());
        assert_eq!((variables("b"), variables("c"), variables("d")), (Some(2), Some(2), Some(0)));
    }

    #[test]
    fn ports_and_mounts_have_two_forms() {
        let text = "services:\n  a:\n    ports: ['80', '8080:80/tcp', '127.0.0.1:${P:-1}:2', '[::1]:1:2', '${X:-127.0.0.1:5}:6', {target: 1, host_ip: 127.0.0.1}, 9]\n    volumes: [/x, 'v:/y', './a:/b:ro', '${D:-./d}:/e', {type: tmpfs, target: /t}]\n    tmpfs: '/run:size=1m,exec'\n";
        let compose = merged(&[text]);
        let service = compose.services().next().expect("it is there");
        let local: Vec<bool> = service.ports.iter().map(Port::is_local).collect();
        assert_eq!(local, [false, false, true, true, true, true, false]);
        let mounts: Vec<_> =
            service.mounts.iter().map(|it| (it.kind, it.source.as_str(), it.target.as_str())).collect();
        let expected = [
            ("volume", "", "/x"),
            ("volume", "v", "/y"),
            ("bind", "./a", "/b"),
            ("bind", "./d", "/e"),
            ("tmpfs", "", "/t"),
            ("tmpfs", "", "/run"),
        ];
        assert_eq!(mounts, expected);
        assert!(service.mounts[2].is_read_only());
    }

    #[test]
    fn variables_are_assumed_to_have_their_defaults() {
        for (text, expected) in [
            ("a:${V:-1}", "a:1"),
            ("${A:-${B:-c}}d", "cd"),
            ("${A}", "${A}"),
            ("$${A:-b}", "$${A:-b}"),
            ("${A:-", ""),
            ("${", "${"),
            ("${é", "${é"),
        ] {
            assert_eq!(assume(text), expected, "{text}");
        }
        let deep = |depth: usize| format!("{}{}", "${A:-".repeat(depth), "}".repeat(depth));
        assert_eq!(assume(&deep(30)), "");
        assert_eq!(assume(&deep(20_000)).matches("${A:-").count(), 20_000 - 32);
        assert_eq!(assume(&"${A:-".repeat(20_000)).matches("${A:-").count(), 20_000 - 32);
    }

    #[test]
    fn the_letter_of_a_drive_stays_with_its_path() {
        for (text, parts) in [
            ("C:\\data:/data", &["C:\\data", "/data"][..]),
            ("C:/data:/data:ro", &["C:/data", "/data", "ro"]),
            ("C:\\a:D:\\b", &["C:\\a", "D:\\b"]),
            ("a:/data:ro", &["a", "/data", "ro"]),
            ("a:/data", &["a", "/data"]),
            ("é:/data", &["é", "/data"]),
            ("1:1", &["1", "1"]),
        ] {
            assert_eq!(split(text), parts, "{text}");
        }
        let compose = merged(&["services: {a: {image: x, volumes: ['C:\\data:/data']}}"]);
        let kinds: Vec<_> = compose.services().flat_map(|it| it.mounts.into_iter().map(|it| it.kind)).collect();
        assert_eq!(kinds, ["bind"]);
    }

    #[test]
    fn images_have_names_and_tags() {
        for (image, name, tag) in [
            ("postgres", "postgres", None),
            ("localhost:5000/a/b", "b", None),
            ("localhost:5000/a/b:1@sha256:00", "b", Some("1")),
        ] {
            assert_eq!((image_name(image), image_tag(image)), (name, tag));
        }
    }

    #[test]
    fn odd_documents_are_read() {
        for text in [
            "",
            "a",
            "[]",
            "services:",
            "services: []",
            "services: {a: }",
            "services: {a: [b]}",
            "services: {a: {ports: {}, volumes: x, environment: 1, tmpfs: {}, healthcheck: x, build: 1, extends: []}}",
            "\"",
            "a: &a [*a]",
        ] {
            for service in merged(&[text, text]).services() {
                service.networks();
                service.probe();
            }
        }
    }
}
