//! What Dockerfiles and compose files show where no manifest does: programs with a Dockerfile of their own, who calls whom,
//! and backings that nothing here builds.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::docker::{self, Compose, ComposeService};
use super::found::{Backing, Confidence, Dockerfile, Evidence, Fact, Found, Need, Service, Start};
use super::rules::{Scope, shown};
use super::service::Look;
use super::settings::of_compose;
use super::tree::{Tree, folder_of, join, within};
use super::{command, needs, slug, unique, version};

/// The stack for Dockerfiles of people's own.
const CUSTOM: &str = "custom";

/// What has nothing that is known but a Dockerfile is built with that: those that compose files build and that belong to none
/// of `taken`, the Dockerfiles and folders of programs that are known; and where there are no such programs, all others.
pub(super) fn with_own_dockerfiles(look: &Look<'_>, taken: &BTreeSet<String>, found: &mut Found) {
    let builds = || {
        let services = look.composes.iter().flat_map(|compose| compose.services.iter().map(move |it| (compose, it)));
        services.filter_map(|(compose, it)| Some((compose, it, it.build.as_ref()?)))
    };
    let mut files: Vec<String> = builds().map(|(_, _, (_, file))| file.clone()).collect();
    if taken.is_empty() {
        files.extend(own_dockerfiles(look));
    }
    let is_taken = |file: &String| {
        let folders = builds().filter(|(_, _, (_, it))| it == file).map(|(_, _, (context, _))| context.as_str());
        taken.contains(file) || folders.chain([folder_of(file)]).any(|it| taken.contains(&shown(it)))
    };
    let mut names: BTreeSet<String> = found.services.iter().map(|it| it.name.value.clone()).collect();
    let mut seen = BTreeSet::new();
    for file in files {
        if seen.insert(file.clone()) && !is_taken(&file) {
            with_own_dockerfile(look, &file, &mut names, found);
        }
    }
}

/// The Dockerfiles of a project, without those that only developers build, unless there are no others.
fn own_dockerfiles(look: &Look<'_>) -> Vec<String> {
    let common = &look.known.common;
    let is_one = |it: &&String| common.dockerfiles.iter().any(|pattern| look.tree.fits(pattern, it));
    let is_development = |it: &String| common.development_dockerfiles.iter().any(|pattern| look.tree.fits(pattern, it));
    let is_aside = |it: &String| folder_of(it).split('/').any(|part| common.aside.iter().any(|it| it == part));
    let all: Vec<String> = look.tree.files().iter().filter(is_one).filter(|it| !is_aside(it)).cloned().collect();
    let shipped: Vec<String> = all.iter().filter(|it| !is_development(it)).cloned().collect();
    if shipped.is_empty() { all } else { shipped }
}

/// What a Dockerfile builds by its own name or that of its folder; `None` where these say nothing about it.
fn name_by_path(look: &Look<'_>, file: &str) -> Option<String> {
    let common = &look.known.common;
    let patterns = common.dockerfiles.iter().filter_map(|it| look.tree.pattern(it));
    let names = patterns.filter_map(|it| Some(it.captures(file)?.get(1)?.as_str().to_owned()));
    names.into_iter().find(|it| !common.nameless.contains(it))
}

/// The folder that a Dockerfile is built from, where no compose file says so: the root, if it copies from there or lies in a
/// folder for such files.
fn context_of(look: &Look<'_>, read: &docker::Dockerfile) -> String {
    let folder = folder_of(&read.file);
    let is_there = |folder: &str, path: &String| {
        let path = join(folder, path);
        look.tree.files().iter().any(|it| *it == path || within(it, &path).is_some())
    };
    let is_from_root = read.copies.iter().any(|it| is_there("", it) && !is_there(folder, it));
    let is_nameless = look.known.common.nameless.iter().any(|it| folder.split('/').any(|part| part == it));
    if is_from_root || is_nameless { String::new() } else { folder.to_owned() }
}

fn with_own_dockerfile(look: &Look<'_>, file: &str, names: &mut BTreeSet<String>, found: &mut Found) {
    let (tree, known) = (look.tree, look.known);
    let Some(read) = docker::read(tree, &known.common, file) else { return };
    let services = look.composes.iter().flat_map(|compose| compose.services.iter().map(move |it| (compose, it)));
    let is_built = |it: &ComposeService| it.build.as_ref().is_some_and(|(_, path)| path == file);
    let builds: Vec<(&Compose, &ComposeService)> = services.filter(|(_, it)| is_built(it)).collect();
    let linked = builds.iter().copied().min_by_key(|(_, it)| (it.ports.is_empty(), it.command.is_some()));
    let folder = match linked.and_then(|(_, it)| it.build.clone()) {
        Some((context, _)) => context,
        None => context_of(look, &read),
    };
    let name = match linked {
        Some((_, it)) => it.name.clone(),
        None => name_by_path(look, file).unwrap_or_else(|| "app".to_owned()),
    };
    let port = read.expose.first().map(|(port, line)| Fact::new(*port, read.at(*line), Confidence::High));
    let published = linked.and_then(|(compose, it)| {
        let (port, line) = it.ports.first()?;
        Some(Fact::new(*port, compose.at(*line), Confidence::High))
    });
    let port = port.or(published);
    let role = port.as_ref().map(|it| it.with("web".to_owned()));
    let evidence = Evidence::place(file, None).because("no manifest that forge knows: built as it is");
    let start_of = |text: &str, evidence: Evidence| {
        let start = Start { text: text.to_owned(), words: command::split(text), ..Start::default() };
        Fact::new(start, evidence, Confidence::High)
    };
    let own = read.command.as_ref().map(|(text, line)| start_of(text, read.at(*line)));
    let composed = |compose: &Compose, it: &ComposeService| {
        it.command.as_ref().map(|(text, line)| start_of(text, compose.at(*line)))
    };
    let start = linked.and_then(|(compose, it)| composed(compose, it)).or(own);
    let volumes = read.volumes.iter().map(|(path, line)| Fact::new(path.clone(), read.at(*line), Confidence::High));
    let mounted = linked.into_iter().flat_map(|(compose, it)| {
        it.volumes.iter().map(|(path, line)| Fact::new(path.clone(), compose.at(*line), Confidence::High))
    });
    let composed_health = || {
        let (compose, it) = linked?;
        let (path, line) = it.health.as_ref()?;
        Some(Fact::new(path.clone(), compose.at(*line), Confidence::High))
    };
    let health = read.health.as_ref().map(|(path, line)| Fact::new(path.clone(), read.at(*line), Confidence::High));
    let mut options = IndexMap::new();
    let path = within(file, &folder).unwrap_or(file).to_owned();
    options.insert("dockerfile".to_owned(), Fact::new(path, Evidence::place(file, None), Confidence::High));
    if let Some((compose, it)) = linked
        && let Some(target) = &it.target
    {
        options.insert("target".to_owned(), Fact::new(target.clone(), compose.at(it.line), Confidence::High));
    }
    options.extend(by_last_stage(look, &read, linked.and_then(|(_, it)| it.target.as_deref())));
    let mut variables = linked.map(|(compose, it)| of_compose(it, |line| compose.at(line))).unwrap_or_default();
    for (compose, it) in builds.iter().copied() {
        for (name, fact) in of_compose(it, |line| compose.at(line)) {
            variables.entry(name).or_insert(fact);
        }
    }
    let name = unique(&slug(&name, "app"), names);
    let service = Service {
        name: Fact::new(name.clone(), Evidence::place(file, None), Confidence::Medium),
        path: shown(&folder),
        context: shown(&folder),
        program: None,
        stack: Fact::new(CUSTOM.to_owned(), evidence, Confidence::High),
        language: "docker".to_owned(),
        version: None,
        lockfile: None,
        options,
        role,
        port,
        port_variable: None,
        start,
        health: health.or_else(composed_health),
        migrate: None,
        needs: Default::default(),
        variables,
        packages: Default::default(),
        volumes: volumes.chain(mounted).collect(),
        data: Vec::new(),
        exceptions: Default::default(),
        dockerfile: Some(Dockerfile {
            file: file.to_owned(),
            stages: read.stages,
            base: read.base.clone(),
            user: read.user.as_ref().map(|(user, _)| user.clone()),
        }),
        from: None,
        paths: Vec::new(),
        also: Vec::new(),
    };
    // The same image with another command is another process of it.
    let processes = builds.iter().filter(|(_, it)| linked.is_some_and(|(_, own)| own.name != it.name));
    let processes = processes.filter_map(|(compose, it)| Some((it.name.clone(), composed(compose, it)?)));
    let processes: Vec<(String, Fact<Start>)> = processes.collect();
    let workers: Vec<Service> = processes
        .into_iter()
        .map(|(process, start)| Service {
            name: Fact::new(unique(&slug(&process, "worker"), names), start.evidence[0].clone(), Confidence::High),
            role: Some(Fact::new("worker".to_owned(), start.evidence[0].clone(), Confidence::High)),
            start: Some(start),
            port: None,
            health: None,
            variables: Default::default(),
            volumes: Vec::new(),
            dockerfile: None,
            from: Some(name.clone()),
            ..service.clone()
        })
        .collect();
    found.services.push(service);
    found.services.extend(workers);
}

/// What the rules of the stack for Dockerfiles say of the stage that runs, which they see alone, with the image that it is made
/// from and its last USER.
fn by_last_stage(look: &Look<'_>, read: &docker::Dockerfile, target: Option<&str>) -> IndexMap<String, Fact<String>> {
    let mut out = IndexMap::new();
    let (Some(stack), Some(text)) = (look.known.stacks.get(CUSTOM), look.tree.text(&read.file)) else { return out };
    let is_from = |line: &str| line.trim_start().to_uppercase().starts_with("FROM ");
    let is_target =
        |line: &str| target.is_some_and(|it| line.trim_end().to_lowercase().ends_with(&format!(" as {it}")));
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|it| is_from(it) && is_target(it));
    let begin = begin.or_else(|| lines.iter().rposition(|it| is_from(it))).unwrap_or(0);
    let end = lines.iter().skip(begin + 1).position(|it| is_from(it)).map_or(lines.len(), |it| begin + 1 + it);
    let is_user = |line: &str| line.trim_start().to_uppercase().starts_with("USER ");
    let user = lines[..end].iter().rposition(|it| is_user(it));
    // The lines stay where they are: their numbers are the evidence.
    let shown: Vec<String> = lines[..end]
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            at if at < begin => String::new(),
            at if at == begin && target.is_none() => format!("FROM {}", read.base),
            at if is_user(line) && Some(at) != user => String::new(),
            _ => (*line).to_owned(),
        })
        .collect();
    let stage = shown.join("\n");
    let give = |_: &str| Some(stage.clone());
    let tree = Tree::new(["Dockerfile".to_owned()], &give);
    let mut scope = Scope::new(&tree, stack, "", &[], &[]);
    for (option, rules) in &stack.options {
        if let Some(mut fact) = scope.find(rules) {
            scope.options.insert(option.clone(), fact.clone());
            for it in fact.evidence.iter_mut().filter(|it| it.file.is_some()) {
                it.file = Some(read.file.clone());
            }
            out.insert(option.clone(), fact);
        }
    }
    out
}

/// What only compose files say: which services call each other, and images that nothing here builds.
pub(super) fn from_compose(look: &Look<'_>, found: &mut Found) {
    for compose in look.composes {
        for it in &compose.services {
            let Some(service) = it
                .build
                .as_ref()
                .and_then(|_| found.services.iter().position(|known| known.name.value == slug(&it.name, "app")))
            else {
                continue;
            };
            for need in &it.needs {
                let need = slug(need, "app");
                let is_service = found.services.iter().any(|known| known.name.value == need);
                let is_static = found.services[service].role.as_ref().is_some_and(|it| it.value == "static");
                if is_service && !is_static && found.services[service].name.value != need {
                    found.services[service].needs.entry(need).or_default();
                }
            }
            if found.services[service].stack.value == CUSTOM {
                custom_needs(look, compose, it, service, found);
            }
        }
        for it in &compose.services {
            let Some((image, tag, line)) = it.image.as_ref().filter(|_| it.build.is_none()) else { continue };
            let tag = tag.as_ref().map(|it| format!(":{it}")).unwrap_or_default();
            if let Some(words) = left_out(look, compose, it, image, found) {
                let words = format!("`{}` runs {image}{tag}: {words}", it.name);
                found.notes.push(compose.at(*line).because(words));
            }
        }
        let is_used = |kind: &str| found.backings.iter().any(|it| it.kind.value == kind);
        let mut more = Vec::new();
        if found.services.is_empty() {
            for it in &compose.services {
                let Some((image, tag, line)) = &it.image else { continue };
                let kind = look.known.backings.iter().find(|(_, known)| needs::is_image(image, &known.images));
                let Some((kind, _)) = kind.filter(|(kind, _)| !is_used(kind)) else { continue };
                more.push(backing(kind, &it.name, tag.as_deref(), compose.at(*line)));
            }
        }
        found.backings.extend(more);
    }
}

/// Why a service of a compose file that is an image is none of the spec; `None` where it is one.
fn left_out(look: &Look<'_>, compose: &Compose, it: &ComposeService, image: &str, found: &Found) -> Option<String> {
    let common = &look.known.common;
    let is_own =
        |other: &ComposeService| other.build.is_some() && other.image.as_ref().is_some_and(|(name, ..)| name == image);
    if compose.services.iter().any(is_own) || look.is_mounted(it) {
        return None;
    }
    let is_all = found.services.is_empty();
    let kinds = look.known.backings.iter().filter(|(_, known)| needs::is_image(image, &known.images));
    let kinds: Vec<&str> = kinds.map(|(kind, _)| kind.as_str()).collect();
    if let [kind, ..] = kinds[..] {
        let is_used = is_all || found.backings.iter().any(|it| kinds.contains(&it.kind.value.as_str()));
        let name = slug(&it.name, kind);
        return (!is_used).then(|| {
            format!(
                "nothing here shows who calls it; for one that does: forge add backing {name} --kind {kind} --for NAME"
            )
        });
    }
    let why = common.images.iter().find(|(_, images)| needs::is_image(image, images));
    let why = why.map(|(why, _)| format!("left out, {why}"));
    Some(why.unwrap_or_else(|| "forge does not know it: add it as `image:` if it belongs here".to_owned()))
}

fn backing(kind: &str, name: &str, tag: Option<&str>, evidence: Evidence) -> Backing {
    let numbers = version::numbers(tag.unwrap_or_default());
    let version = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    Backing {
        name: slug(name, kind),
        kind: Fact::new(kind.to_owned(), evidence.clone(), Confidence::High),
        version: (!version.is_empty()).then(|| Fact::new(version, evidence, Confidence::High)),
        usage: None,
        optional: false,
    }
}

/// The backings that a service with a Dockerfile of its own depends on.
fn custom_needs(look: &Look<'_>, compose: &Compose, it: &ComposeService, service: usize, found: &mut Found) {
    for need in &it.needs {
        let Some(other) = compose.services.iter().find(|it| it.name == *need) else { continue };
        let Some((image, tag, line)) = &other.image else { continue };
        let kind = look.known.backings.iter().find(|(_, known)| needs::is_image(image, &known.images));
        let Some((kind, known)) = kind else { continue };
        let made = backing(kind, need, tag.as_deref(), compose.at(*line));
        let name = made.name.clone();
        if !found.backings.iter().any(|it| it.name == name) {
            found.backings.push(made);
        }
        let mut wanted = Need::default();
        for (output, patterns) in &known.outputs {
            let named = patterns.iter().find_map(|pattern| {
                it.environment.iter().find(|(name, ..)| look.tree.fits(pattern, name)).map(|(name, ..)| name.clone())
            });
            wanted.environment.extend(named.map(|it| (it, output.clone())));
        }
        found.services[service].needs.insert(name, wanted);
    }
}
