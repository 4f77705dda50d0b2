//! `compose.yaml`, and an overlay for each environment: what differs, and nothing else.

mod host;

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::{Container, Env, HostPorts, Image, ImageRef, Mount, Project, Resolved, Role, Variable, Wait};
use crate::project::{Size, Source, TlsMode};
use crate::render::tree::{Entry, Style, Tree, entry, overlay};

pub(super) static TARGET: Target =
    Target { name: "compose", about: "compose.yaml and an overlay for each environment", plan };

/// The names that compose looks for by itself, the first that is there.
const FOUND_BY_ITSELF: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The compose files that are used together for an environment, in order.
pub(super) fn files<'a>(base: &'a Project, project: &'a Project) -> Vec<&'a str> {
    let own = project.layout.compose.as_str();
    if project.environment.is_none() || project.layout.whole { vec![own] } else { vec![&base.layout.compose, own] }
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let base = &context.resolved.base;
    let wanted = document(context, base);
    let overlays = context.resolved.environments.par_iter().map(|(name, project)| {
        let all = document(context, project);
        let tree = if project.layout.whole {
            folded(all, project)
        } else {
            overlay(&wanted, &all).expect("its name differs at least")
        };
        let text = format!("{}{}", header(context, project), with_seams(tree).document());
        Artifact::new(format!("compose:{name}"), &project.layout.compose, text)
    });
    let mut out: Vec<Artifact> = overlays.collect();
    let text = format!("{}{}", header(context, base), with_seams(folded(wanted, base)).document());
    out.push(Artifact::new("compose", &base.layout.compose, text));
    Ok(out)
}

/// The same with blocks for the owner of the file, where whole services and the like can be added.
fn with_seams(mut document: Tree) -> Tree {
    if let Tree::Map(sections, _) = &mut document {
        for section in sections.iter_mut() {
            let Entry { key, value: Tree::Map(entries, Style::Block), .. } = section else { continue };
            if ["services", "configs", "networks", "volumes", "secrets"].contains(&key.as_str()) && !entries.is_empty()
            {
                entries.push(Entry::keep(key.as_str()));
            }
        }
        sections.push(Entry::keep("more"));
    }
    document
}

fn header(context: &Context<'_>, project: &Project) -> String {
    let has_secrets = !project.secrets.is_empty() || project.gateway.as_ref().is_some_and(|it| it.tls.is_by_files());
    let environment = project.environment.as_deref();
    let script = project.layout.script("secrets");
    let script = environment.map_or_else(|| script.clone(), |it| format!("{script} --env {it}"));
    let example = super::environment::file(context.resolved, project);
    let first = match (has_secrets, example) {
        (true, Some(example)) => format!("First `{script}`, and .env from {example}; then"),
        (true, None) => format!("First `{script}`; then"),
        (false, Some(example)) => format!("First .env from {example}; then"),
        (false, None) => "To run it:".to_owned(),
    };
    let title = match environment {
        None => "Production".to_owned(),
        Some(name) => {
            let mut title = name.to_owned();
            title[..1].make_ascii_uppercase();
            title
        }
    };
    let files = arguments(context.resolved, project);
    let live = project.containers.values().flat_map(|it| it.mounts.values()).any(|it| matches!(it, Mount::Bind(_)));
    let live = if live {
        "# The sources of this folder are mounted as they are: other users must be able to read them.\n"
    } else {
        ""
    };
    format!(
        "# {title}, by forge from forge.yaml. {first}\n#   docker compose{files} up --detach --build --wait\n{live}\n"
    )
}

/// What `docker compose` has to be told so that it reads the files of an environment.
pub(super) fn arguments(resolved: &Resolved, project: &Project) -> String {
    let of = |it: &Project| it.layout.compose.clone();
    let all: Vec<String> = super::environments(resolved).map(of).collect();
    let found = FOUND_BY_ITSELF.into_iter().find(|name| all.iter().any(|it| it == name));
    let files = files(&resolved.base, project);
    if files.len() == 1 && found == Some(files[0]) {
        return String::new();
    }
    // From another folder than the first file's, compose would look for `.env` there.
    let env = if files[0].contains('/') { " --env-file .env" } else { "" };
    files.iter().fold(env.to_owned(), |text, it| format!("{text} -f {it}"))
}

/// A path of the project as a compose file names it, whose own folder is where its paths begin.
fn from(context: &Context<'_>, project: &Project, path: &str) -> String {
    let file = files(&context.resolved.base, project)[0];
    let path = path.strip_prefix("./").unwrap_or(path);
    match file.matches('/').count() {
        0 if path.is_empty() => ".".to_owned(),
        0 => format!("./{path}"),
        depth => format!("{}{path}", "../".repeat(depth)).trim_end_matches('/').to_owned(),
    }
}

/// All that is in force in an environment.
fn document(context: &Context<'_>, project: &Project) -> Tree {
    let mut entries = vec![entry("name", text(project.compose_name()))];
    if project.environment.is_some() {
        entries[0].comment =
            Some("a name of its own, so that it never touches production's containers and volumes".to_owned());
    }
    let mut said = HashSet::new();
    let services = project.containers.values().map(|it| {
        let mut keys = service(context, project, it);
        // What holds for many services is said at the first.
        keys.iter_mut().for_each(|it| {
            it.comment = it.comment.take().filter(|it| it.starts_with("exception ") || said.insert(it.clone()));
        });
        let comment = it.comments.get("").cloned();
        Entry { comment, ..entry(it.name.clone(), Tree::map(keys)) }
    });
    entries.push(entry("services", Tree::map(services)));
    entries.push(entry("networks", host::networks(project)).comment(
        "One for each that others call, with its callers on it. Internal: no way out, and no address for the host.",
    ));
    if !project.volumes.is_empty() {
        entries.push(entry("volumes", host::volumes(project)));
    }
    if !project.secrets.is_empty() {
        let secrets = project.secrets.iter().map(|(name, secret)| {
            let value = match &secret.source {
                Source::External { name } => {
                    Tree::flow_map([entry("name", text(name)), entry("external", Tree::Bool(true))])
                }
                _ => Tree::flow_map([entry("file", text(from(context, project, &format!("secrets/{name}"))))]),
            };
            entry(name.clone(), value)
        });
        entries.push(entry("secrets", Tree::map(secrets)));
    }
    let files: BTreeMap<&str, &str> = project
        .containers
        .values()
        .flat_map(|it| it.files.values())
        .map(|it| (it.name.as_str(), it.path.as_str()))
        .collect();
    if !files.is_empty() {
        let files = files
            .into_iter()
            .map(|(name, path)| entry(name, Tree::flow_map([entry("file", text(from(context, project, path)))])));
        entries.push(entry("configs", Tree::map(files)));
    }
    Tree::map(entries)
}

/// Text that compose takes as it is: it would replace `$NAME`.
fn text(text: impl Into<String>) -> Tree {
    Tree::Text(text.into().replace('$', "$$"))
}

/// Text in which compose replaces `${NAME}`.
fn interpolated(text: impl Into<String>) -> Tree {
    Tree::Text(text.into())
}

fn words<'a>(words: impl IntoIterator<Item = &'a String>) -> Tree {
    let words: Vec<&String> = words.into_iter().collect();
    // Several lines in one word make a block of it, and that wants a line of its own.
    // and many of them are easier to read, and to compare, one below the other.
    if words.iter().any(|it| it.contains('\n')) || words.iter().map(|it| it.len()).sum::<usize>() > 200 {
        Tree::list(words.into_iter().map(text))
    } else {
        Tree::flow_list(words.into_iter().map(text))
    }
}

/// What a container is, in the order in which compose files are read.
fn service(context: &Context<'_>, project: &Project, container: &Container) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |key: &str, value: Tree| {
        let mut it = entry(key, value);
        it.comment = container.comments.get(key).cloned();
        entries.push(it);
    };
    let image = match &container.image {
        ImageRef::Built(name) => project.images.get(name),
        ImageRef::Named(_) => None,
    };
    match (&container.image, image) {
        (ImageRef::Named(image), _) => add("image", text(image.to_string())),
        (_, Some(image)) => {
            add("image", interpolated(format!("{}:${{{}:-local}}", image.repository, project.version_variable())));
        }
        (ImageRef::Built(name), None) => unreachable!("`{name}` is built"),
    }
    // What is baked is production's: an environment says where it differs from that.
    let baked = image.map(|it| context.resolved.base.images.get(&it.name).unwrap_or(it));
    let builds = baked.filter(|it| it.name == container.name);
    if let Some(image) = builds {
        add("build", build(context, project, image));
    }
    if !container.waits.is_empty() {
        add("depends_on", depends_on(container));
    }
    let mounts = mounts(context, project, container);
    if !mounts.is_empty() {
        add("volumes", Tree::list(mounts));
    }
    if !container.files.is_empty() {
        let files = container
            .files
            .iter()
            .map(|(target, it)| Tree::flow_map([entry("source", text(&it.name)), entry("target", text(target))]));
        add("configs", Tree::list(files));
    }
    if !(container.secrets.is_empty() && container.borrowed_secrets.is_empty()) {
        let borrowed = container
            .borrowed_secrets
            .iter()
            .map(|(target, source)| Tree::flow_map([entry("source", text(source)), entry("target", text(target))]));
        add("secrets", Tree::flow_list(container.secrets.iter().map(text).chain(borrowed)));
    }
    if !container.environment.is_empty() {
        add("environment", environment(project, container, image));
    }
    if let (Role::Gateway, Some(gateway)) = (&container.role, &project.gateway) {
        let [http, https] = gateway.ports.variables();
        let HostPorts { host_ip, ipv6, .. } = &gateway.ports;
        let published = |variable: &str, port: u16, inside: u16| {
            interpolated(match host_ip {
                Some(address) => format!("{address}:${{{variable}:-{port}}}:{inside}"),
                None if *ipv6 => format!("${{{variable}:-{port}}}:{inside}"),
                None => format!("${{{variable}:-0.0.0.0:{port}}}:{inside}"),
            })
        };
        let mut ports = vec![published(&http, gateway.ports.http, gateway.listen.http)];
        if gateway.tls != TlsMode::None {
            ports.push(published(&https, gateway.ports.https, gateway.listen.https));
        }
        add("ports", Tree::list(ports));
    }
    if !container.published.is_empty() {
        let ports = container.published.iter().map(|(port, it)| text(format!("127.0.0.1:{port}:{}", it.inside)));
        add("ports", Tree::list(ports));
    }
    add("networks", Tree::flow_list(container.networks.iter().map(text)));
    let command = container.command.as_ref().or(image.map(|it| &it.command).filter(|_| !container.is_one_shot()));
    if let Some(command) = command.filter(|it| !it.is_empty())
        && baked.is_none_or(|it| it.command != *command)
    {
        if !container.entrypoint.is_empty() {
            add("entrypoint", words(&container.entrypoint));
        }
        add("command", words(command));
    }
    add("restart", text(if container.is_one_shot() { "no" } else { "unless-stopped" }));
    if let Some(value) = healthcheck(container, baked, builds) {
        add("healthcheck", value);
    }
    add("logging", host::logging(&container.logging));
    if container.role == Role::Gateway {
        let digest = context.nginx.mounted(project.environment.as_deref()).digest;
        add("labels", Tree::flow_map([entry("forge.nginx", text(digest))]));
    } else if !container.labels.is_empty() {
        add("labels", Tree::map(container.labels.iter().map(|(name, it)| entry(name.clone(), text(it)))));
    }
    add("user", text(format!("{}:{}", container.uid, container.gid)));
    if !container.lifted.contains_key("drop-capabilities") {
        add("cap_drop", Tree::flow_list([text("ALL")]));
    }
    add("deploy", deploy(container));
    if container.init {
        add("init", Tree::Bool(true));
    }
    if builds.is_some() {
        add("pull_policy", text("missing"));
    }
    add("read_only", Tree::Bool(!container.lifted.contains_key("read-only-root")));
    if !container.lifted.contains_key("no-new-privileges") {
        add("security_opt", Tree::flow_list([text("no-new-privileges:true")]));
    }
    if let Some(size) = &container.shm_size {
        add("shm_size", text(size));
    }
    add("stop_grace_period", text(container.stop_grace_period.to_string()));
    if !container.ulimits.is_empty() {
        let ulimits = container.ulimits.iter().map(|(name, it)| {
            entry(name.clone(), u64::try_from(*it).map_or_else(|_| text(it.to_string()), Tree::Number))
        });
        add("ulimits", Tree::flow_map(ulimits));
    }
    if !container.tmpfs.is_empty() {
        add("tmpfs", Tree::list(container.tmpfs.iter().map(|(path, size)| tmpfs(container, path, *size))));
    }
    explain(&mut entries, project, container);
    entries
}

/// Comments where a line would surprise its reader.
fn explain(entries: &mut [Entry], project: &Project, container: &Container) {
    let is_gateway = container.role == Role::Gateway;
    let lifted = |rule: &str| container.lifted.get(rule).map(|reason| format!("exception {rule}: {reason}"));
    for it in entries {
        let more = match it.key.as_str() {
            "depends_on" if is_gateway => {
                Some("started, not healthy: a sick service must not take the others off the air".to_owned())
            }
            "volumes" if is_gateway => Some(
                "folders, not files: a file that an editor or a renewal replaces would stay the old one in here"
                    .to_owned(),
            ),
            "ports" if project.gateway.as_ref().is_some_and(|it| is_gateway && it.ports.is_ipv4_alone()) => Some(
                "over IPv4 alone: those who come over IPv6 would all have the address of Docker's bridge".to_owned(),
            ),
            "labels" if is_gateway => Some(
                "changes with what forge writes into nginx/, so that `up` brings it into force; after an edit by hand see nginx.conf".to_owned(),
            ),
            "secrets" if !container.borrowed_secrets.is_empty() => Some(
                "it comes as the owner of the database: the owner's password lies where its service finds its own".to_owned(),
            ),
            "pull_policy" => Some("from the registry if it has this version, else built here".to_owned()),
            "read_only" => lifted("read-only-root"),
            "deploy" => lifted("pids-limit"),
            "user" => [lifted("drop-capabilities"), lifted("no-new-privileges"), lifted("init")]
                .into_iter()
                .flatten()
                .reduce(|a, b| format!("{a}\n{b}")),
            "networks" => lifted("healthcheck"),
            "environment" => lifted("literal-credential"),
            _ => None,
        };
        it.comment = it.comment.take().or(more);
    }
}

fn build(context: &Context<'_>, project: &Project, image: &Image) -> Tree {
    let mut entries = vec![entry("context", text(from(context, project, &image.context)))];
    let dockerfile = from_context(&image.context, &image.files.dockerfile);
    if dockerfile != "Dockerfile" {
        entries.push(entry("dockerfile", text(dockerfile)));
    }
    if let Some(target) = &image.target {
        entries.push(entry("target", text(target)));
    }
    let version = entry("VERSION", interpolated(format!("${{{}:-local}}", project.version_variable())));
    // What forge writes has its constants in the Dockerfile.
    let own = image.args.iter().filter(|_| image.own_dockerfile).map(|(name, value)| entry(name, text(value)));
    entries.push(entry("args", Tree::flow_map(own.chain([version]))));
    let secrets = image.secrets_while_built();
    if !secrets.is_empty() {
        entries.push(entry("secrets", Tree::flow_list(secrets.into_iter().map(text))));
    }
    Tree::flow_map(entries)
}

/// The path of a file of the project as seen from a build context.
fn from_context(context: &str, path: &str) -> String {
    if context.is_empty() {
        return path.to_owned();
    }
    match path.strip_prefix(context).and_then(|it| it.strip_prefix('/')) {
        Some(inside) => inside.to_owned(),
        None => format!("{}{path}", "../".repeat(context.matches('/').count() + 1)),
    }
}

fn depends_on(container: &Container) -> Tree {
    Tree::map(container.waits.iter().map(|(name, wait)| {
        let condition = match wait {
            Wait::ServiceStarted => "service_started",
            Wait::ServiceHealthy => "service_healthy",
            Wait::ServiceCompletedSuccessfully => "service_completed_successfully",
        };
        entry(name.clone(), Tree::flow_map([entry("condition", text(condition))]))
    }))
}

fn mounts(context: &Context<'_>, project: &Project, container: &Container) -> Vec<Tree> {
    let bind = |source: &str, target: &str| {
        Tree::flow_map([
            entry("type", text("bind")),
            entry("source", text(from(context, project, source))),
            entry("target", text(target)),
            entry("read_only", Tree::Bool(true)),
            entry("bind", Tree::flow_map([entry("create_host_path", Tree::Bool(false))])),
        ])
    };
    let mut items: Vec<Tree> = container
        .mounts
        .iter()
        .map(|(path, mount)| match mount {
            Mount::Volume(name) => text(format!("{name}:{path}")),
            Mount::Bind(source) => bind(source, path),
        })
        .collect();
    if let (Role::Gateway, Some(gateway)) = (&container.role, &project.gateway) {
        let mounted = context.nginx.mounted(project.environment.as_deref());
        items.extend(mounted.folders.iter().map(|(source, target)| bind(source, target)));
        if gateway.tls.is_by_files() {
            items.push(bind("./secrets/tls", "/run/secrets/tls"));
        }
        items.extend(gateway.acme.iter().map(|it| text(format!("{}:{}:ro", it.volume, it.folder))));
    }
    if container.role == Role::Certificates {
        // The script that it runs lies there.
        let mounted = context.nginx.mounted(project.environment.as_deref());
        let inside = project.gateway.as_ref().map(|it| &it.folders.configuration);
        let whole = mounted.folders.iter().filter(|(_, target)| Some(target) == inside);
        items.extend(whole.map(|(source, target)| bind(source, target)));
    }
    items
}

fn environment(project: &Project, container: &Container, image: Option<&Image>) -> Tree {
    let made = |name: &String| image.and_then(|it| it.secret_variables.get(name)).is_some_and(|it| it.url);
    let mut told = false;
    Tree::map(container.environment.iter().map(|(name, value)| {
        let it = entry(
            name.clone(),
            match value {
                Env::Text(value) => text(value),
                Env::Variable => reference(name, project.variables.get(name)).map_or(Tree::Null, interpolated),
            },
        );
        let known = container.comments.get(&format!("environment.{name}"));
        match known {
            Some(comment) => it.comment(comment),
            None if made(name) && !std::mem::replace(&mut told, true) => {
                let entrypoint = image.and_then(|it| it.entrypoint.as_ref()).map_or("", |it| it.file.as_str());
                it.comment(format!("{entrypoint} puts the passwords in"))
            }
            None => it,
        }
    }))
}

/// `${NAME:?…}` for what the operator has to set, `${NAME:-…}` for what has a default. Without either the name stands alone, and
/// what the operator does not set is not there: programs take an empty text for a value, and have defaults of their own.
fn reference(name: &str, variable: Option<&Variable>) -> Option<String> {
    let variable = variable.expect("it is declared: resolve checked");
    if variable.required {
        // What would end the reference, or begin another, stays in .env.example.
        let plain = |it: &&String| !it.contains(['}', '{', '$']);
        let what = variable.description.as_ref().filter(plain).map_or_else(String::new, |it| format!("{it}; "));
        return Some(format!("${{{name}:?{what}set it in .env}}"));
    }
    let default = variable.default.as_deref()?.replace('$', "$$");
    Some(format!("${{{name}:-{default}}}"))
}

fn healthcheck(container: &Container, image: Option<&Image>, builds: Option<&Image>) -> Option<Tree> {
    let Some(healthcheck) = &container.healthcheck else {
        // The probe of the image that is built here would ask a one-shot, or somebody who is excused elsewhere only.
        let asked = container.is_one_shot() || image.is_some_and(|it| it.healthcheck.is_some());
        return asked.then(|| Tree::flow_map([entry("disable", Tree::Bool(true))]));
    };
    if builds.is_some_and(|it| it.healthcheck.as_ref() == Some(healthcheck)) {
        return None;
    }
    let mut test = entry("test", words(&healthcheck.test));
    test.comment = container.comments.get("healthcheck.test").cloned();
    let mut entries = vec![
        test,
        entry("interval", text(healthcheck.interval.to_string())),
        entry("timeout", text(healthcheck.timeout.to_string())),
    ];
    if healthcheck.retries != 3 {
        entries.push(entry("retries", Tree::Number(healthcheck.retries.into())));
    }
    entries.push(entry("start_period", text(healthcheck.start_period.to_string())));
    entries.push(entry("start_interval", text(healthcheck.start_interval.to_string())));
    Some(Tree::map(entries))
}

fn deploy(container: &Container) -> Tree {
    let resources = &container.resources;
    let mut limits =
        vec![entry("cpus", text(resources.cpus.to_string())), entry("memory", text(resources.memory.to_string()))];
    if !container.lifted.contains_key("pids-limit") {
        limits.push(entry("pids", Tree::Number(resources.pids.into())));
    }
    let reservations = [
        entry("cpus", text(resources.reserved_cpus.to_string())),
        entry("memory", text(resources.reserved_memory.to_string())),
    ];
    let mut entries = Vec::new();
    if matches!(container.role, Role::Service | Role::Companion(_)) {
        entries.push(entry("replicas", Tree::Number(container.replicas.into())));
    }
    entries.push(entry(
        "resources",
        Tree::map([entry("limits", Tree::flow_map(limits)), entry("reservations", Tree::flow_map(reservations))]),
    ));
    Tree::map(entries)
}

fn tmpfs(container: &Container, path: &str, size: Size) -> Tree {
    let size = match size.0 {
        it if it % (1 << 20) == 0 => format!("{}m", it >> 20),
        it => format!("{}k", it.div_ceil(1024)),
    };
    text(format!("{path}:size={size},uid={},gid={},mode=0700,noexec,nosuid,nodev", container.uid, container.gid))
}

/// The document with what all services have in common said once.
fn folded(document: Tree, project: &Project) -> Tree {
    let defaults = BTreeMap::from([
        ("cap_drop", Tree::flow_list([text("ALL")])),
        ("logging", host::logging(&project.logging)),
        ("read_only", Tree::Bool(true)),
        ("restart", text("unless-stopped")),
        ("security_opt", Tree::flow_list([text("no-new-privileges:true")])),
        ("stop_grace_period", text(project.stop_grace_period.to_string())),
    ]);
    let Tree::Map(mut entries, style) = document else { return document };
    for section in &mut entries {
        match (section.key.as_str(), &mut section.value) {
            ("services", Tree::Map(services, _)) => services.iter_mut().for_each(|it| fold(&mut it.value, &defaults)),
            ("networks", Tree::Map(networks, _)) => {
                let plain = host::internal();
                let mut internal = networks.iter_mut().filter(|it| it.value == plain);
                if let Some(first) = internal.next() {
                    first.value = Tree::Anchor("internal".to_owned(), Box::new(first.value.clone()));
                    internal.for_each(|it| it.value = Tree::Alias("internal".to_owned()));
                }
            }
            _ => {}
        }
    }
    let defaults = Tree::map(defaults.into_iter().map(|(key, value)| entry(key, value)));
    entries.insert(0, entry("x-defaults", Tree::Anchor("defaults".to_owned(), Box::new(defaults))));
    Tree::Map(entries, style)
}

fn fold(service: &mut Tree, defaults: &BTreeMap<&str, Tree>) {
    let Tree::Map(entries, _) = service else { return };
    for it in entries.iter_mut().filter(|it| it.key == "deploy") {
        if let Tree::Map(deploy, _) = &mut it.value {
            deploy.retain(|it| it.key != "replicas" || it.value != Tree::Number(1));
        }
    }
    // Who lacks one of them must not inherit it.
    if !defaults.keys().all(|key| entries.iter().any(|it| it.key == *key)) {
        return;
    }
    entries.retain(|it| defaults.get(it.key.as_str()) != Some(&it.value));
    let user = entries.iter().position(|it| it.key == "user").map_or(entries.len(), |it| it + 1);
    entries.insert(user, entry("<<", Tree::Alias("defaults".to_owned())));
}
