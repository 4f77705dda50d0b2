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
mod composed;
mod docker;
mod found;
mod members;
mod needs;
mod programs;
mod rules;
mod service;
mod settings;
pub mod spec;
#[cfg(test)]
mod tests;
mod tree;
mod url;
pub mod version;

use std::collections::{BTreeMap, BTreeSet};

use composed::{from_compose, with_own_dockerfiles};
use docker::{Compose, compose};
pub use found::{Backing, Confidence, Dockerfile, Evidence, Fact, Found, Need, PackageUse, Service, Start, Variable};
use members::Members;
use programs::{built_in, candidates, context, deployed, one_for_each_folder, programs, workspaces};
use rules::shown;
use service::{Draft, Look};
pub use tree::Tree;
use tree::{folder_of, join, name_of};

use crate::catalog::Detection;
use crate::spec::is_reserved;

/// Everything that `known` recognises in a tree.
pub fn detect(tree: &Tree<'_>, known: &Detection) -> Found {
    let composes = composes(tree);
    let mut candidates = candidates(tree, known, "manifest");
    if candidates.is_empty() {
        candidates = programs::candidates(tree, known, "bare");
    }
    let folders: BTreeSet<String> = candidates.iter().map(|(folder, ..)| folder.clone()).collect();
    let look = Look { tree, known, composes: &composes, folders: folders.iter().cloned().collect() };
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut of_stacks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (folder, name, _) in &candidates {
        of_stacks.entry(name).or_default().push(folder.clone());
    }
    for (folder, name, stack) in &candidates {
        drafts.push(look.draft(name, stack, folder, &of_stacks[name.as_str()]));
    }
    let mut found = Found::default();
    let drafts = one_for_each_folder(drafts, &folders);
    let workspaces = workspaces(tree, &candidates);
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
    let taken = all.iter().flat_map(|it| {
        it.dockerfile.iter().map(|it| it.file.clone()).chain([it.service.path.clone(), it.service.context.clone()])
    });
    let taken: BTreeSet<String> = taken.collect();
    let members = Members::new(&look, &all, &workspaces);
    all.iter_mut().for_each(|it| members.tell(it));
    names(&mut all);
    for draft in all {
        finish(&look, draft, &mut found);
    }
    with_own_dockerfiles(&look, &taken, &mut found);
    from_compose(&look, &mut found);
    siblings(&look, &mut found);
    // Of other files, such as templates of charts, nobody knows what they ought to be.
    let manifests: BTreeSet<&str> =
        known.stacks.values().flat_map(|it| it.manifests.iter()).map(|it| tree::name_of(it)).collect();
    let is_manifest = |file: &str| {
        let name = tree::name_of(file);
        manifests.iter().any(|it| it.strip_prefix('*').map_or(name == *it, |end| name.ends_with(end)))
    };
    let broken = tree.broken().into_iter().filter(|(file, ..)| is_manifest(file)).map(|(file, line, why)| {
        Evidence::place(file, line).because(format!("this is {why}; nothing was read of it: mend it, or remove it"))
    });
    found.open.extend(broken);
    found
}

/// Services that others of the project call: at the name that a compose file has for them, or at their port of the machine
/// that somebody develops on.
fn siblings(look: &Look<'_>, found: &mut Found) {
    let others: Vec<(String, Option<u16>)> = found
        .services
        .iter()
        .filter(|it| {
            it.from.is_none() && it.role.as_ref().is_some_and(|it| matches!(it.value.as_str(), "web" | "grpc"))
        })
        .map(|it| (it.name.value.clone(), it.port.as_ref().map(|it| it.value)))
        .collect();
    let common = &look.known.common;
    for service in found.services.iter_mut().filter(|it| it.from.is_none()) {
        if service.role.as_ref().is_some_and(|it| it.value == "static") {
            continue;
        }
        let name = &service.name.value;
        for (variable, fact) in &service.variables {
            let is_public = common.addresses.keys().any(|it| look.tree.fits(it, variable));
            let is_built_in = look
                .known
                .stacks
                .get(&service.stack.value)
                .is_some_and(|it| it.build_variables.iter().any(|it| look.tree.fits(it, variable)));
            let url = fact.value.value.as_deref().and_then(url::Url::read);
            let Some(url) = url.filter(|_| !is_public && !is_built_in) else { continue };
            let is_it = |(other, port): &&(String, Option<u16>)| {
                other != name && (*other == url.host || url.is_local() && url.port().is_some() && url.port() == *port)
            };
            if let [(other, _)] = others.iter().filter(is_it).collect::<Vec<_>>()[..] {
                let text = if url.path().is_empty() { "url".to_owned() } else { format!("{{url}}/{}", url.path()) };
                service.needs.entry(other.clone()).or_default().environment.insert(variable.clone(), text);
            }
        }
    }
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

/// The words of a command, quotes taken off.
pub fn words(command: &str) -> Vec<String> {
    command::split(command)
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
    let out = out.trim_end_matches('-');
    let out = out.strip_prefix("x-").unwrap_or(out);
    match out {
        "" => otherwise.to_owned(),
        // Names of compose files are no names of services.
        it @ ("production" | "override" | "observability") => format!("{it}-service"),
        it if is_reserved(it) => format!("{it}-service"),
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

/// What there is to say where lock files of several package managers lie side by side: which one counts, and why.
fn lock_files(look: &Look<'_>, draft: &Draft<'_>) -> Option<Evidence> {
    let manager = draft.service.options.get("package_manager")?;
    let first = draft.service.lockfile.as_deref()?;
    let folder = tree::folder_of(first);
    let locks = draft.scope.stack.locks.iter().flat_map(|it| look.tree.glob(folder, it));
    let locks: Vec<&str> = locks.map(tree::name_of).collect();
    let [_, _, ..] = locks[..] else { return None };
    let words = format!(
        "{} lie side by side: {} it is, because of {}; remove what is not of it",
        locks.join(" and "),
        manager.value,
        manager.because()
    );
    Some(Evidence::place(shown(folder), None).because(format!("{}: {words}", draft.service.name.value)))
}

/// Its needs, its further processes, and then it is a service.
fn finish(look: &Look<'_>, draft: Draft<'_>, found: &mut Found) {
    let mut service = draft.service.clone();
    // Files for a browser speak with nobody from where they lie.
    let is_static = draft.scope.role.as_deref() == Some("static");
    let needs = if is_static { needs::Needs::default() } else { needs::needs(look, &draft) };
    service.needs = needs.needs;
    let is_server = |it: &Backing| !it.optional && look.known.backings[&it.kind.value].family.as_deref() == Some("sql");
    if needs.backings.iter().any(is_server) {
        // The file is what developers have instead.
        service.data.clear();
    }
    look.leave_to_backings(&draft, &needs.backings, &mut service);
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
    found.notes.extend(lock_files(look, &draft));
    let open = draft.scope.stack.open.iter().flat_map(|rule| draft.scope.find(std::slice::from_ref(rule)));
    found.open.extend(open.map(|it| it.evidence[0].clone().because(format!("{}: {}", service.name.value, it.value))));
    found.notes.extend(service.start.iter().flat_map(|it| look.lost_flags(it)));
    let name = service.name.value.clone();
    let processes = look.processes(&draft);
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
                port: None,
                port_variable: None,
                health: None,
                migrate: None,
                needs: Default::default(),
                variables: look.set_before(&start),
                packages: Default::default(),
                volumes: Vec::new(),
                data: Vec::new(),
                paths: Vec::new(),
                exceptions: Default::default(),
                also: Vec::new(),
                dockerfile: None,
                start: Some(start),
                from: Some(name.clone()),
                ..service.clone()
            }
        })
        .collect();
    found.services.push(service);
    found.services.extend(workers);
}
