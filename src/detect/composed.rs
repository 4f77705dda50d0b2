//! What Dockerfiles and compose files show where no manifest does: programs with a Dockerfile of their own, who calls whom,
//! and backings that nothing here builds.

use std::collections::BTreeSet;

use super::docker::{self, Compose, ComposeService};
use super::found::{Backing, Confidence, Dockerfile, Evidence, Fact, Found, Need, Service, Start};
use super::rules::{Scope, shown};
use super::service::Look;
use super::settings::of_compose;
use super::tree::{Tree, folder_of, name_of, within};
use super::{command, needs, slug, unique, version};
use crate::catalog::Detection;

/// The stack for Dockerfiles of people's own.
const CUSTOM: &str = "custom";

/// Folders that have nothing that is known but a Dockerfile are built with that.
pub(super) fn with_own_dockerfiles(tree: &Tree<'_>, known: &Detection, composes: &[Compose], found: &mut Found) {
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
        let Some(read) = docker::read(tree, &known.common, &file) else { continue };
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
            variables: linked.map(|(compose, it)| of_compose(it, |line| compose.at(line))).unwrap_or_default(),
            packages: Default::default(),
            volumes: volumes.collect(),
            data: Vec::new(),
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
