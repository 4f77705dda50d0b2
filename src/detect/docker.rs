//! What Dockerfiles and compose files say that somebody wrote before forge came.

use super::found::Evidence;
use super::settings::reference;
use super::tree::{Tree, folder_of, join, line_at, name_of};
use crate::catalog::Common;
use crate::lint::dockerfile::{self, Instruction};
use crate::yaml::{self, Node, Value};

/// A Dockerfile.
#[derive(Debug, Clone, Default)]
pub(super) struct Dockerfile {
    pub(super) file: String,
    pub(super) stages: usize,
    /// The images of all stages with their lines, the last stage's last.
    pub(super) images: Vec<(String, usize)>,
    pub(super) base: String,
    pub(super) user: Option<(String, usize)>,
    pub(super) expose: Vec<(u16, usize)>,
    pub(super) env: Vec<(String, String, usize)>,
    /// What the container runs, on one line.
    pub(super) command: Option<(String, usize)>,
    /// The path that its HEALTHCHECK asks for.
    pub(super) health: Option<(String, usize)>,
    pub(super) volumes: Vec<(String, usize)>,
    /// The folder that it starts in, from the root.
    pub(super) workdir: Option<String>,
    /// Packages of the system in the last stage, and in those before.
    pub(super) packages: Vec<(String, usize)>,
    pub(super) build_packages: Vec<(String, usize)>,
    /// What it copies from its context.
    pub(super) copies: Vec<String>,
}

/// Reads a Dockerfile; of a stage called `production` and the like only what is built to it counts where `target` says so.
pub(super) fn read(tree: &Tree<'_>, common: &Common, file: &str) -> Option<Dockerfile> {
    let text = tree.text(file)?;
    let read = dockerfile::read(&text);
    let (last, _) = read.last()?;
    let line = |it: &Instruction<'_>| line_at(&text, it.bytes.start);
    let mut out = Dockerfile { file: file.to_owned(), stages: read.stages.len(), ..Dockerfile::default() };
    out.images = read.stages.iter().map(|it| (read.expand(&it.image), line_at(&text, it.at.start))).collect();
    let image = read.image();
    out.base.clone_from(&last.image);
    if let Some(parent) = last.parent.and_then(|it| read.stages.get(it)) {
        out.base.clone_from(&parent.image);
    }
    let (mut entrypoint, mut command) = (None, None);
    for it in &image {
        match it.name.as_str() {
            "USER" => out.user = Some((read.expand(it.text.trim()), line(it))),
            "EXPOSE" => {
                let ports = read.expand(it.text.trim());
                let ports = ports.split_whitespace().filter_map(|port| port.split('/').next()?.parse().ok());
                out.expose.extend(ports.map(|port| (port, line(it))));
            }
            "ENV" => {
                let pairs = it.pairs().into_iter();
                out.env.extend(pairs.filter_map(|(name, value)| Some((name, read.expand(&value?), line(it)))));
            }
            "ENTRYPOINT" => entrypoint = Some(it),
            "CMD" => command = Some(it),
            "WORKDIR" => {
                let folder = read.expand(it.text.trim());
                let above = out.workdir.take().filter(|_| !folder.starts_with('/')).unwrap_or_default();
                out.workdir = Some(format!("/{}", join(&above, folder.trim_matches('"')))).filter(|it| it != "/");
            }
            "VOLUME" => out.volumes.extend(it.words().into_iter().map(|volume| (volume, line(it)))),
            "HEALTHCHECK" => out.health = health_path(&it.text).map(|path| (path, line(it))),
            "RUN" => out.packages.extend(packages(it).into_iter().map(|package| (package, line(it)))),
            _ => {}
        }
    }
    let words = |it: &Instruction<'_>| it.json.as_ref().map_or_else(|| it.text.trim().to_owned(), |it| quoted(it));
    let parts: Vec<String> = entrypoint.into_iter().chain(command).map(|it| words(it)).collect();
    // An entrypoint that only prepares hands over to the command.
    let text_of = match (entrypoint.map(|it| words(it)), command.map(|it| words(it))) {
        (Some(first), Some(second)) if prepares(tree, common, &first) => Some(second),
        _ => (!parts.is_empty()).then(|| parts.join(" ")),
    };
    out.command = text_of.map(|it| (it, command.or(entrypoint).map_or(1, |it| line(it))));
    let own: Vec<usize> = image.iter().map(|it| it.bytes.start).collect();
    for it in &read.instructions {
        if it.name == "RUN" && !own.contains(&it.bytes.start) {
            out.build_packages.extend(packages(it).into_iter().map(|package| (package, line(it))));
        }
        if matches!(it.name.as_str(), "COPY" | "ADD") && it.flag("from").is_none() {
            let words = it.words();
            out.copies.extend(words.split_last().map(|(_, sources)| sources.to_vec()).unwrap_or_default());
        }
    }
    Some(out)
}

/// Whether an entrypoint runs what comes after it: an init, or a script that prepares.
fn prepares(tree: &Tree<'_>, common: &Common, entrypoint: &str) -> bool {
    let program = name_of(entrypoint.split_whitespace().next().unwrap_or_default().trim_matches('"'));
    let before = format!("{program} it");
    let wraps = |it: &String| tree.pattern(it).and_then(|it| it.find(&before)).is_some_and(|it| it.start() == 0);
    common.entrypoints.iter().any(|it| tree.fits(it, program)) || common.wrappers.iter().any(wraps)
}

fn quoted(words: &[String]) -> String {
    let quote = |it: &String| if it.contains(char::is_whitespace) { format!("'{it}'") } else { it.clone() };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The packages of Debian that an instruction installs; those of Alpine have other names.
fn packages(run: &Instruction<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let text = run.text.replace("\\\n", " ");
    for command in text.split(['&', ';', '\n']) {
        let words: Vec<&str> =
            command.split_whitespace().filter(|it| !it.contains('=') || it.starts_with("lib")).collect();
        let Some(verb) = words.windows(2).position(|it| matches!(it, ["apt-get" | "apt", _])) else {
            continue;
        };
        let Some(at) = words[verb..].iter().position(|it| *it == "install") else { continue };
        let names = words[verb + at + 1..].iter().filter(|it| !it.starts_with('-') && !it.contains(['$', '/']));
        out.extend(names.map(|it| it.split('=').next().unwrap_or(it).to_owned()));
    }
    out
}

/// The path of the first URL in a command that asks for health.
pub(super) fn health_path(text: &str) -> Option<String> {
    let start = text.find("http://").or_else(|| text.find("https://"))?;
    let url = text[start..].split(['"', '\'', ' ', '|', ')', ',', ']']).next()?;
    let path = url.splitn(4, '/').nth(3)?;
    let path = path.split(['?', '#']).next().unwrap_or(path);
    (!path.is_empty() && path.chars().all(|it| it.is_ascii_alphanumeric() || "/-_.".contains(it)))
        .then(|| format!("/{path}"))
}

/// A compose file.
#[derive(Debug, Clone)]
pub(super) struct Compose {
    pub(super) file: String,
    pub(super) services: Vec<ComposeService>,
}

/// A service of a compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ComposeService {
    pub(super) name: String,
    pub(super) line: usize,
    /// Without tag and digest, and the tag.
    pub(super) image: Option<(String, Option<String>, usize)>,
    /// The folder that it is built from, and the Dockerfile, both relative to the root.
    pub(super) build: Option<(String, String)>,
    /// The stage that it is built to.
    pub(super) target: Option<String>,
    /// Arguments of its build that have a value.
    pub(super) args: Vec<(String, String, usize)>,
    pub(super) command: Option<(String, usize)>,
    /// The ports inside of the container.
    pub(super) ports: Vec<(u16, usize)>,
    pub(super) needs: Vec<String>,
    pub(super) environment: Vec<(String, String, usize)>,
    pub(super) health: Option<(String, usize)>,
    /// Where volumes with names are mounted.
    pub(super) volumes: Vec<(String, usize)>,
    /// The folders of the project that are mounted, from the root.
    pub(super) mounts: Vec<String>,
}

/// Reads a compose file; what it cannot say is left out.
pub(super) fn compose(tree: &Tree<'_>, file: &str) -> Option<Compose> {
    let text = tree.text(file)?;
    let doc = yaml::read(&text).ok()?;
    let base = folder_of(file);
    let services = doc.root.get("services")?;
    let line = |node: &Node| doc.line(if node.key.is_empty() { node.at.start } else { node.key.start });
    let read = |name: &str, node: &Node| {
        let mut out = ComposeService { name: name.to_owned(), line: line(node), ..ComposeService::default() };
        out.image = node.get("image").and_then(|it| {
            let text = default_of(it.text()?);
            let text = text.split('@').next().unwrap_or(&text).to_owned();
            let (name, tag) = match text.rsplit_once(':') {
                Some((name, tag)) if !tag.contains('/') => (name.to_owned(), Some(tag.to_owned())),
                _ => (text, None),
            };
            Some((name, tag, line(it)))
        });
        out.build = node.get("build").map(|it| {
            let context = it.text().or_else(|| it.get("context").and_then(Node::text)).unwrap_or(".");
            let context = join(base, context);
            let dockerfile = it.get("dockerfile").and_then(Node::text).unwrap_or("Dockerfile");
            (context.clone(), join(&context, dockerfile))
        });
        out.target = node.get("build").and_then(|it| it.get("target")?.text()).map(str::to_owned);
        out.command = node.get("command").and_then(|it| {
            let words: Vec<String> = it.items().iter().filter_map(Node::text).map(str::to_owned).collect();
            let text = it.text().map(str::to_owned).unwrap_or_else(|| quoted(&words));
            (!text.is_empty()).then(|| (text, line(it)))
        });
        for port in node.get("ports").into_iter().chain(node.get("expose")).flat_map(Node::items) {
            let text = match (&port.value, port.get("target")) {
                (_, Some(target)) => target.json().to_string(),
                (Value::Number(it), None) => it.to_string(),
                _ => port.text().unwrap_or_default().to_owned(),
            };
            let inside = text.split('/').next().and_then(|it| it.rsplit(':').next());
            out.ports.extend(inside.and_then(|it| it.trim_end_matches('}').parse().ok()).map(|it| (it, line(port))));
        }
        let needs = node.get("depends_on").into_iter().chain(node.get("links"));
        out.needs = needs
            .flat_map(|it| {
                let items = it.items().iter().filter_map(Node::text).map(str::to_owned);
                items.chain(it.entries().map(|(name, _)| name.to_owned())).collect::<Vec<_>>()
            })
            .map(|it| it.split(':').next().unwrap_or_default().to_owned())
            .collect();
        let settings = |node: Option<&Node>| -> Vec<(String, String, usize)> {
            let Some(node) = node else { return Vec::new() };
            let entries = node
                .entries()
                .map(|(name, it)| (name.to_owned(), super::tree::scalar(&it.json()).unwrap_or_default(), line(it)));
            let items = node.items().iter().map(|it| {
                let text = it.text().unwrap_or_default();
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                (name.to_owned(), value.to_owned(), line(it))
            });
            entries.chain(items).collect()
        };
        out.environment = settings(node.get("environment"));
        out.args = settings(node.get("build").and_then(|it| it.get("args")));
        out.health = node.get("healthcheck").and_then(|it| it.get("test")).and_then(|it| {
            let words: Vec<&str> = it.items().iter().filter_map(Node::text).chain(it.text()).collect();
            Some((health_path(&words.join(" "))?, line(it)))
        });
        for mount in node.get("volumes").into_iter().flat_map(Node::items) {
            let text = mount.text().unwrap_or_default();
            let (source, target) = match (mount.get("source"), mount.get("target")) {
                (source, Some(target)) => (source.and_then(Node::text).unwrap_or(""), target.text().unwrap_or("")),
                _ => text
                    .split_once(':')
                    .map_or(("", text), |(source, rest)| (source, rest.split(':').next().unwrap_or(rest))),
            };
            if source.starts_with('.') && !source.starts_with("..") {
                out.mounts.push(join(base, source));
            }
            // What a developer mounts over the image is no data.
            if !source.is_empty() && !source.starts_with(['.', '/', '~', '$']) && target.starts_with('/') {
                out.volumes.push((target.to_owned(), line(mount)));
            }
        }
        out
    };
    let services = services.entries().map(|(name, it)| read(name, it)).collect();
    Some(Compose { file: file.to_owned(), services })
}

/// Each `${NAME:-value}` as its value; other variables stay.
fn default_of(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inner, after)) = behind.split_once('}') else { return out + "${" + behind };
        let whole = format!("${{{inner}}}");
        match reference(&whole) {
            Some((Some(value), _)) => out.push_str(&value),
            _ => out.push_str(&whole),
        }
        rest = after;
    }
    out + rest
}

impl Compose {
    /// A place in it.
    pub(super) fn at(&self, line: usize) -> Evidence {
        Evidence::place(&self.file, Some(line))
    }
}

impl Dockerfile {
    /// A place in it.
    pub(super) fn at(&self, line: usize) -> Evidence {
        Evidence::place(&self.file, Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::tests::common;

    #[test]
    fn a_dockerfile_keeps_what_it_says() {
        let text = "FROM node:22 AS build\nRUN apt-get update && apt-get install -y python3 make\nFROM node:22-slim\nENV PORT=8080 A=b\nWORKDIR /srv\nWORKDIR app/\nRUN apt-get update && apt-get install -y --no-install-recommends libvips curl && rm -rf /var/lib/apt/lists/*\nVOLUME /data\nUSER node\nEXPOSE 8080/tcp\nHEALTHCHECK CMD curl -f http://localhost:8080/healthz || exit 1\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"node\", \"server.js\"]\n";
        let give = |_: &str| Some(text.to_owned());
        let tree = Tree::new(["Dockerfile".to_owned()], &give);
        let it = read(&tree, common(), "Dockerfile").expect("it is one");
        assert_eq!(it.workdir.as_deref(), Some("/srv/app"));
        assert_eq!(it.command, Some(("node server.js".to_owned(), 13)));
        assert_eq!(it.packages.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["libvips", "curl"]);
        assert_eq!(it.build_packages.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["python3", "make"]);
        assert_eq!(it.expose, [(8080, 10)]);
        assert_eq!(it.health, Some(("/healthz".to_owned(), 11)));
        assert_eq!((it.user, it.volumes), (Some(("node".to_owned(), 9)), vec![("/data".to_owned(), 8)]));
    }

    #[test]
    fn a_reference_is_its_default() {
        for (text, expected) in [
            ("postgres:${VERSION:-16}-alpine", "postgres:16-alpine"),
            ("postgres:${TAG-16}", "postgres:16"),
            ("postgres:${TAG:?must-be-set}", "postgres:${TAG:?must-be-set}"),
            ("${IMAGE}:${TAG:-1}", "${IMAGE}:1"),
            ("redis:${TAG", "redis:${TAG"),
        ] {
            assert_eq!(default_of(text), expected);
        }
    }

    #[test]
    fn a_compose_file_keeps_what_it_says() {
        let text = "services:\n  web:\n    build: { context: .., dockerfile: docker/Dockerfile }\n    ports: ['127.0.0.1:80:8000']\n    depends_on: [db]\n    environment: [A=1]\n    volumes: ['data:/data', '.:/app']\n  db:\n    image: postgres:${VERSION:-16}-alpine\n";
        let give = |_: &str| Some(text.to_owned());
        let tree = Tree::new(["docker/compose.yaml".to_owned()], &give);
        let it = compose(&tree, "docker/compose.yaml").expect("it is one");
        assert_eq!(it.services[0].build, Some((String::new(), "docker/Dockerfile".to_owned())));
        assert_eq!(it.services[0].ports, [(8000, 4)]);
        assert_eq!(it.services[0].volumes, [("/data".to_owned(), 7)]);
        assert_eq!(it.services[1].image, Some(("postgres".to_owned(), Some("16-alpine".to_owned()), 9)));
        assert_eq!(it.services[0].mounts, ["docker"]);
    }
}
