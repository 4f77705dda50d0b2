//! Looks at somebody's folder: which programs are there, how each is built and started, and what it needs. Pure: a listing
//! and a function that gives texts go in. What languages and frameworks are called is data (`catalog::detect`); here is
//! how files are read, and what counts more than what. Nothing of the folder is run.
//!
//! What somebody wrote down goes before what follows from something else, and that before what is usual:
//! - start: Procfile, Dockerfile, compose file, then manifests; a command that only developers run is none.
//! - version: files made for it and exact manifests, then the base image, then what manifests allow.
//! - port: the start command, `ENV PORT` of the Dockerfile, code and configuration, `EXPOSE`, the compose file, then the stack.
//! - backings: a compose service that the program's own depends on, then a URL or engine in code and configuration, then packages.

mod command;
mod docker;
mod found;
mod needs;
mod rules;
mod service;
pub mod spec;
#[cfg(test)]
mod tests;
mod tree;
pub mod version;

use std::collections::{BTreeMap, BTreeSet};

use docker::{Compose, compose};
pub use found::{Backing, Confidence, Dockerfile, Evidence, Fact, Found, Need, PackageUse, Service, Start, Variable};
use rules::{Scope, shown};
use service::{Draft, Look};
pub use tree::Tree;
use tree::{folder_of, join, name_of, upwards, within};

use crate::catalog::{Detection, StackDetection};

/// The stack for Dockerfiles of people's own.
const CUSTOM: &str = "custom";

/// Programs lie no deeper below a repository, but what they are made of.
const DEEPEST: usize = 5;

/// Everything that `known` recognises in a tree.
pub fn detect(tree: &Tree<'_>, known: &Detection) -> Found {
    let composes = composes(tree);
    let mut candidates = candidates(tree, known, "manifest");
    if candidates.is_empty() {
        candidates = self::candidates(tree, known, "bare");
    }
    let folders: BTreeSet<String> = candidates.iter().map(|(folder, ..)| folder.clone()).collect();
    let look = Look { tree, known, composes: &composes, folders: folders.iter().cloned().collect() };
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for (folder, name, stack) in &candidates {
        let others: Vec<String> =
            candidates.iter().filter(|(_, it, _)| it == name).map(|(folder, ..)| folder.clone()).collect();
        drafts.push(look.draft(name, stack, folder, &others));
    }
    let mut found = Found::default();
    let drafts = one_for_each_folder(drafts, &folders);
    let workspaces = workspaces(tree, known, &candidates);
    let mut drafts = deployed(drafts, &workspaces, &mut found);
    built_in(tree, &mut drafts);
    let mut all = Vec::new();
    for draft in drafts {
        all.extend(programs(&look, draft));
    }
    for draft in &mut all {
        if context(draft, &workspaces) {
            look.fill(draft);
        }
    }
    if all.is_empty() {
        with_own_dockerfiles(tree, known, &composes, &mut found);
    }
    names(&mut all);
    for draft in all {
        finish(&look, draft, &mut found);
    }
    from_compose(&look, &mut found);
    found
}

/// The compose files of a project, the nearest and most usual first.
fn composes(tree: &Tree<'_>) -> Vec<Compose> {
    let is_one = |name: &str| {
        let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
        let is_usual =
            matches!(stem, "compose" | "docker-compose" | "compose.production" | "docker-compose.production");
        is_usual || matches!(stem, "compose.prod" | "docker-compose.prod")
    };
    let files = tree.files().iter().filter(|it| it.matches('/').count() <= 3 && is_one(name_of(it)));
    let mut files: Vec<&String> = files.collect();
    files.sort_by_key(|it| (it.matches('/').count(), !name_of(it).contains("prod"), name_of(it).len()));
    let nested = tree.files().iter().filter(|it| folder_of(it).ends_with("docker-compose") && crate::yaml::is_yaml(it));
    files.into_iter().chain(nested.take(1)).filter_map(|it| compose(tree, it)).take(8).collect()
}

/// The folders that hold programs of a stack: those with one of its manifests, or with what shows it where nothing has one.
fn candidates<'k>(tree: &Tree<'_>, known: &'k Detection, by: &str) -> Vec<(String, String, &'k StackDetection)> {
    let common = &known.common;
    let is_aside = |folder: &str| {
        folder
            .split('/')
            .any(|part| part.starts_with('.') && part.len() > 1 || common.aside.iter().any(|it| it == part))
    };
    let mut out = Vec::new();
    for (name, stack) in &known.stacks {
        let globs = if by == "manifest" { &stack.manifests } else { &stack.bare };
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for glob in globs.iter() {
            let depth = glob.matches('/').count();
            for file in tree.glob("", glob).into_iter().chain(tree.glob("", &format!("**/{glob}"))) {
                let mut folder = folder_of(file);
                for _ in 0..depth {
                    folder = folder_of(folder);
                }
                if folder.matches('/').count() < DEEPEST && !is_aside(folder) {
                    folders.insert(folder);
                }
            }
        }
        for folder in folders {
            let scope = Scope::new(tree, stack, folder, &[], &common.aside);
            if stack.only.is_empty() || scope.any(&stack.only) {
                out.push((folder.to_owned(), name.clone(), stack));
            }
        }
    }
    if by == "bare" {
        // Without any manifest only the uppermost folder is a program.
        let least = out.iter().map(|(it, ..)| depth(it)).min().unwrap_or(0);
        out.retain(|(folder, ..)| depth(folder) == least);
    }
    out
}

fn depth(folder: &str) -> usize {
    folder.split('/').filter(|it| !it.is_empty()).count()
}

/// How much speaks for a draft as what the folder is there for.
fn rank(draft: &Draft<'_>) -> (u8, bool, u8) {
    let role = match draft.service.role.as_ref() {
        Some(it) if it.confidence == Confidence::Low => 1,
        Some(it) if matches!(it.value.as_str(), "web" | "grpc" | "worker") => 3,
        Some(it) if it.value == "static" => 2,
        Some(_) => 1,
        None => 0,
    };
    (role, draft.is_shipped, draft.scope.stack.weight)
}

/// Of several stacks in one folder the one that serves; the others are built into it.
fn one_for_each_folder<'t>(drafts: Vec<Draft<'t>>, folders: &BTreeSet<String>) -> Vec<Draft<'t>> {
    let mut by_folder: BTreeMap<String, Vec<Draft<'t>>> = folders.iter().map(|it| (it.clone(), Vec::new())).collect();
    for draft in drafts {
        by_folder.entry(draft.scope.folder.clone()).or_default().push(draft);
    }
    by_folder
        .into_values()
        .filter_map(|mut drafts| {
            drafts.sort_by_key(|it| std::cmp::Reverse(rank(it)));
            let mut drafts = drafts.into_iter();
            let mut first = drafts.next()?;
            for other in drafts {
                if other.service.language != first.service.language {
                    first.service.also.push(other.service.stack.with(other.service.language.clone()));
                }
            }
            Some(first)
        })
        .collect()
}

/// Those that run; libraries and tools are told. Where nothing runs, the uppermost folder is asked about.
fn deployed<'t>(drafts: Vec<Draft<'t>>, workspaces: &[Workspace], found: &mut Found) -> Vec<Draft<'t>> {
    let is_alone = drafts.len() == 1;
    // What a workspace starts is one of its members.
    let is_workspace = |it: &Draft<'_>| workspaces.iter().any(|(root, ..)| *root == it.scope.folder);
    let runs = |it: &Draft<'_>| {
        let is_started = it.is_shipped || it.linked.is_some() && it.service.role.is_some();
        rank(it).0 >= 2 || is_started && !is_workspace(it)
    };
    let any = drafts.iter().any(runs);
    let least = drafts.iter().map(|it| depth(&it.scope.folder)).min().unwrap_or(0);
    let (kept, dropped): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|it| {
        is_alone || runs(it) || !any && (it.service.start.is_some() || depth(&it.scope.folder) == least)
    });
    let kept_any_start = kept.iter().any(|it| it.service.start.is_some());
    let (kept, idle): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|it| !kept_any_start || it.service.start.is_some() || it.service.role.is_some());
    for it in dropped.into_iter().chain(idle) {
        let why = format!(
            "a folder with {} that nothing starts: a library or a workspace, and no service",
            it.service.language
        );
        found.notes.push(Evidence::place(shown(&it.scope.folder), None).because(why));
    }
    kept
}

/// Takes out front ends that are built into the program around them: one that lies below it, and that its Dockerfile or its
/// code names.
fn built_in(tree: &Tree<'_>, drafts: &mut Vec<Draft<'_>>) {
    let is_static = |it: &Draft<'_>| it.service.role.as_ref().is_some_and(|it| it.value == "static");
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (inner, front) in drafts.iter().enumerate().filter(|(_, it)| is_static(it) && it.linked.is_none()) {
        let around = drafts.iter().enumerate().find(|(_, it)| {
            !is_static(it)
                && it.scope.folder != front.scope.folder
                && it.service.stack.value != front.service.stack.value
                && within(&front.scope.folder, &it.scope.folder).is_some()
        });
        let Some((outer, around)) = around else { continue };
        let path = within(&front.scope.folder, &around.scope.folder).unwrap_or_default();
        let is_copied = around.dockerfile.as_ref().is_some_and(|it| {
            tree.text(&it.file)
                .is_some_and(|text| text.contains(&format!("{path}/")) || text.contains(&format!(" {path} ")))
        });
        let is_embedded = || {
            around.scope.sources.iter().filter_map(|it| tree.text(it)).any(|text| {
                text.contains(&format!("{path}/dist"))
                    || text.contains(&format!("{path}/build"))
                    || text.contains(&format!("embed {path}"))
            })
        };
        if is_copied || is_embedded() {
            taken.push((inner, outer));
        }
    }
    for (inner, outer) in &taken {
        let front = &drafts[*inner].service;
        let words = format!("{} in {}, built into it", front.language, front.path);
        let fact = front.stack.with(words);
        drafts[*outer].service.also.push(fact);
    }
    let mut index = 0;
    drafts.retain(|_| {
        index += 1;
        !taken.iter().any(|(inner, _)| inner + 1 == index)
    });
}

/// A folder whose members are built from it, their language, and their patterns.
type Workspace = (String, String, Vec<String>);

/// All workspaces around programs.
fn workspaces(tree: &Tree<'_>, known: &Detection, candidates: &[(String, String, &StackDetection)]) -> Vec<Workspace> {
    let mut folders: Vec<(String, &StackDetection)> =
        candidates.iter().map(|(folder, _, stack)| (folder.clone(), *stack)).collect();
    // A workspace may have no program of its own, and then is no candidate.
    for (folder, _, stack) in candidates {
        folders.extend(upwards(folder).into_iter().skip(1).map(|it| (it.to_owned(), *stack)));
    }
    let mut out: Vec<Workspace> = Vec::new();
    for (folder, stack) in folders {
        if stack.members.is_empty() || out.iter().any(|(it, language, _)| *it == folder && *language == stack.language)
        {
            continue;
        }
        let scope = Scope::new(tree, stack, &folder, &[], &known.common.aside);
        let members: Vec<String> = scope.every(&stack.members).into_iter().map(|it| it.value).collect();
        if !members.is_empty() {
            out.push((folder, stack.language.clone(), members));
        }
    }
    out
}

/// The folder that a program is built from: that of its workspace. Whether it is a member of one.
fn context(draft: &mut Draft<'_>, workspaces: &[Workspace]) -> bool {
    let folder = draft.scope.folder.clone();
    let language = &draft.service.language;
    let around = workspaces.iter().find(|(root, it, members)| {
        let path = within(&folder, root);
        it == language
            && *root != folder
            && path.is_some_and(|path| {
                members.iter().any(|member| {
                    // Solutions are written on Windows.
                    let member = member.replace('\\', "/");
                    let member = member.trim_start_matches("./").trim_end_matches('/');
                    globset::Glob::new(member).is_ok_and(|it| it.compile_matcher().is_match(path)) || member == path
                })
            })
    });
    let Some((root, ..)) = around else { return false };
    draft.service.context = shown(root);
    draft.scope.member = within(&folder, root).map(str::to_owned);
    true
}

/// A folder with several programs is several services.
fn programs<'t>(look: &Look<'t>, mut draft: Draft<'t>) -> Vec<Draft<'t>> {
    let found = draft.scope.every(&draft.scope.stack.programs);
    let mut members: Vec<(String, Evidence)> = Vec::new();
    for it in found {
        let member = if it.value.is_empty() { ".".to_owned() } else { it.value };
        if !members.iter().any(|(known, _)| *known == member) {
            members.push((member, it.evidence[0].clone()));
        }
    }
    if let [(member, _)] = &members[..] {
        draft.scope.program = Some(member.clone());
        look.fill(&mut draft);
    }
    if members.len() < 2 {
        return vec![draft];
    }
    let folder = draft.scope.folder.clone();
    let stack = draft.scope.stack;
    let paths: Vec<String> = members.iter().map(|(it, _)| join(&folder, it)).collect();
    let mut out = Vec::new();
    for (member, evidence) in members {
        let mut one = look.draft(&draft.service.stack.value, stack, &folder, &[]);
        let own = join(&folder, &member);
        // Its own files, and those that it shares with the others; not the others' own.
        one.scope.sources.retain(|file| {
            let at = folder_of(file);
            at == own || !paths.iter().any(|it| it == at)
        });
        one.scope.sources.sort_by_key(|file| folder_of(file) != own);
        one.scope.program = Some(member.clone());
        one.service.program = Some(member);
        one.service.stack.evidence.insert(0, evidence);
        look.fill(&mut one);
        out.push(one);
    }
    let serves = |it: &Draft<'_>| it.service.role.is_some() && serves_itself(it);
    let is_tool = |it: &Draft<'_>| {
        let name = it.service.program.as_deref().map(name_of).unwrap_or_default();
        look.known.common.tools.iter().any(|pattern| look.tree.fits(pattern, name))
    };
    if out.iter().any(serves) {
        out.retain(serves);
    } else if !out.iter().all(is_tool) {
        out.retain(|it| !is_tool(it));
    }
    out
}

/// Whether the files of one program among several show that it serves.
fn serves_itself(draft: &Draft<'_>) -> bool {
    let own = join(&draft.scope.folder, draft.service.program.as_deref().unwrap_or_default());
    let sources = draft.scope.sources.iter().filter(|it| folder_of(it) == own).cloned().collect();
    draft.scope.only(sources).any(&draft.scope.stack.serves)
}

/// Names for services: what a compose file calls them, their program or folder, or what they do.
fn names(drafts: &mut [Draft<'_>]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for draft in drafts {
        let (name, evidence) = match (&draft.linked, &draft.service.program) {
            (Some((compose, it)), _) => (it.name.clone(), compose.at(it.line)),
            (None, Some(program)) if program != "." => {
                (name_of(program).to_owned(), Evidence::place(join(&draft.scope.folder, program), None))
            }
            _ if !draft.scope.folder.is_empty() => {
                (name_of(&draft.scope.folder).to_owned(), Evidence::place(draft.scope.folder.clone(), None))
            }
            _ => match draft.scope.role.as_deref() {
                Some("worker") => ("worker".to_owned(), Evidence::why("what it does")),
                Some("web" | "static" | "grpc") => ("web".to_owned(), Evidence::why("what it does")),
                _ => ("app".to_owned(), Evidence::why("the only program")),
            },
        };
        let name = unique(&slug(&name, "app"), &mut taken);
        draft.scope.name.clone_from(&name);
        draft.service.name = Fact::new(name, evidence, Confidence::Medium);
    }
}

/// A name as a spec takes it: small letters, digits and strokes; not one that forge keeps for itself.
pub fn slug(text: &str, otherwise: &str) -> String {
    let mut out = String::new();
    for it in text.to_lowercase().chars() {
        match it {
            'a'..='z' | '0'..='9' => out.push(it),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    let out = out.trim_matches(|it: char| it == '-').trim_start_matches(|it: char| it.is_ascii_digit() || it == '-');
    let out = &out[..out.len().min(40)];
    match out.trim_end_matches('-') {
        "" => otherwise.to_owned(),
        it @ ("gateway" | "production" | "override" | "observability") => format!("{it}-service"),
        it if it.ends_with("-migrate") => format!("{it}-service"),
        it => it.to_owned(),
    }
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let free =
        std::iter::once(name.to_owned()).chain((2..).map(|it| format!("{name}-{it}"))).find(|it| !taken.contains(it));
    let free = free.expect("there is no end of numbers");
    taken.insert(free.clone());
    free
}

/// Its needs, its further processes, and then it is a service.
fn finish(look: &Look<'_>, draft: Draft<'_>, found: &mut Found) {
    let mut service = draft.service.clone();
    // Files for a browser speak with nobody from where they lie.
    let is_static = draft.scope.role.as_deref() == Some("static");
    let needs = if is_static {
        needs::Needs::default()
    } else {
        needs::needs(&draft.scope, look.known, look.composes, draft.linked, &draft.env_files)
    };
    service.needs = needs.needs;
    for backing in needs.backings {
        match found.backings.iter_mut().find(|it| it.kind.value == backing.kind.value) {
            Some(known) if known.optional && !backing.optional => *known = backing,
            Some(known) => {
                // Two services of one kind share it, under the name that it got first.
                let name = known.name.clone();
                if let Some(need) = service.needs.shift_remove(&backing.name) {
                    service.needs.insert(name, need);
                }
            }
            None => found.backings.push(backing),
        }
    }
    let said = draft.scope.stack.notes.iter().flat_map(|rule| draft.scope.find(std::slice::from_ref(rule)));
    found.notes.extend(said.map(|it| it.evidence[0].clone().because(format!("{}: {}", service.name.value, it.value))));
    let name = service.name.value.clone();
    let mut processes: Vec<(String, Fact<String>)> =
        draft.processes.iter().filter(|(name, _)| name != "release").cloned().collect();
    for (process, rules) in &draft.scope.stack.workers {
        let is_known = processes.iter().any(|(it, _)| it == process);
        if let Some(command) = draft.scope.find(rules).filter(|_| !is_known) {
            processes.push((process.clone(), command));
        }
    }
    let mut taken: BTreeSet<String> = found.services.iter().map(|it| it.name.value.clone()).collect();
    taken.insert(name.clone());
    let workers: Vec<Service> = processes
        .into_iter()
        .map(|(process, command)| {
            let start = look.process(&draft, &command);
            let evidence = start.evidence[0].clone();
            Service {
                name: Fact::new(unique(&slug(&process, "worker"), &mut taken), evidence.clone(), Confidence::High),
                role: Some(Fact::new("worker".to_owned(), evidence, Confidence::High)),
                start: Some(start),
                port: None,
                port_variable: None,
                health: None,
                migrate: None,
                needs: Default::default(),
                variables: Default::default(),
                packages: Default::default(),
                volumes: Vec::new(),
                also: Vec::new(),
                dockerfile: None,
                from: Some(name.clone()),
                ..service.clone()
            }
        })
        .collect();
    found.services.push(service);
    found.services.extend(workers);
}

/// Folders that have nothing that is known but a Dockerfile are built with that.
fn with_own_dockerfiles(tree: &Tree<'_>, known: &Detection, composes: &[Compose], found: &mut Found) {
    let mut files: Vec<String> = composes
        .iter()
        .flat_map(|it| &it.services)
        .filter_map(|it| it.build.as_ref().map(|(_, dockerfile)| dockerfile.clone()))
        .filter(|it| tree.has(it))
        .collect();
    files.extend(tree.glob("", "Dockerfile").into_iter().chain(tree.glob("", "*/Dockerfile")).map(str::to_owned));
    let mut taken = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for file in files {
        if !seen.insert(file.clone()) {
            continue;
        }
        let Some(read) = docker::read(tree, &file) else { continue };
        let services = composes.iter().flat_map(|compose| compose.services.iter().map(move |it| (compose, it)));
        let linked = services.into_iter().find(|(_, it)| it.build.as_ref().is_some_and(|(_, path)| *path == file));
        let folder = match linked.and_then(|(_, it)| it.build.clone()) {
            Some((context, _)) => context,
            None => folder_of(&file).to_owned(),
        };
        let name = match linked {
            Some((_, it)) => it.name.clone(),
            None if folder.is_empty() => "app".to_owned(),
            None => name_of(&folder).to_owned(),
        };
        let port = read.expose.first().map(|(port, line)| Fact::new(*port, read.at(*line), Confidence::High));
        let published = linked.and_then(|(compose, it)| {
            let (port, line) = it.ports.first()?;
            Some(Fact::new(*port, compose.at(*line), Confidence::High))
        });
        let port = port.or(published);
        let role = port.as_ref().map(|it| it.with("web".to_owned()));
        let evidence = Evidence::place(file.clone(), None).because("no manifest that forge knows: built as it is");
        let volumes = read.volumes.iter().map(|(path, line)| Fact::new(path.clone(), read.at(*line), Confidence::High));
        let start = read.command.as_ref().map(|(text, line)| {
            Fact::new(
                Start { text: text.clone(), words: command::split(text), before: Vec::new() },
                read.at(*line),
                Confidence::High,
            )
        });
        let mut options = indexmap::IndexMap::new();
        let path = within(&file, &folder).map_or_else(|| file.clone(), str::to_owned);
        options.insert("dockerfile".to_owned(), Fact::new(path, Evidence::place(file.clone(), None), Confidence::High));
        if let Some(stack) = known.stacks.get(CUSTOM) {
            let scope = Scope::new(tree, stack, folder_of(&file), &[], &known.common.aside);
            for (option, rules) in &stack.options {
                options.extend(scope.find(rules).map(|it| (option.clone(), it)));
            }
        }
        found.services.push(Service {
            name: Fact::new(
                unique(&slug(&name, "app"), &mut taken),
                Evidence::place(file.clone(), None),
                Confidence::Medium,
            ),
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
            health: read.health.as_ref().map(|(path, line)| Fact::new(path.clone(), read.at(*line), Confidence::High)),
            migrate: None,
            needs: Default::default(),
            variables: Default::default(),
            packages: Default::default(),
            volumes: volumes.collect(),
            dockerfile: Some(Dockerfile {
                file: file.clone(),
                stages: read.stages,
                base: read.base.clone(),
                user: read.user.as_ref().map(|(user, _)| user.clone()),
            }),
            from: None,
            also: Vec::new(),
        });
    }
}

/// What only compose files say: which services call each other, and images that nothing here builds.
fn from_compose(look: &Look<'_>, found: &mut Found) {
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
            let is_backing = look.known.backings.values().any(|known| needs::is_image(image, &known.images));
            let is_other = needs::is_image(image, &look.known.common.images);
            let tag = tag.as_ref().map(|it| format!(":{it}")).unwrap_or_default();
            if !is_backing && !is_other {
                let words =
                    format!("runs {image}{tag}, which forge does not know: add it as `image:` if it belongs here");
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
fn custom_needs(look: &Look<'_>, compose: &Compose, it: &docker::ComposeService, service: usize, found: &mut Found) {
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
