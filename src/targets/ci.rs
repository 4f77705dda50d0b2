//! Workflows: the files that the provider of CI reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Artifact, Context, Target, combinations};
use crate::diagnostic::Broken;
use crate::project::{Ci, ImageRef, Project};

pub(super) static TARGET: Target =
    Target { name: "ci", about: "workflows that check every change, build, scan, sign and deploy", plan };

/// What templates of a provider see.
#[derive(Serialize)]
struct Values<'a> {
    /// The spec's name.
    name: &'a str,
    /// The variable that holds the version of all images: `SHOP_VERSION`.
    version_variable: String,
    ci: &'a Ci,
    /// What all images have to run on.
    platforms: &'a BTreeSet<String>,
    /// What is built, by name.
    services: Vec<Service<'a>>,
    /// Compose files that are used together.
    combinations: Vec<Vec<String>>,
}

/// A service that is built.
#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    /// Its image without a tag.
    repository: &'a str,
    /// The folder with its source; `.` is the project itself.
    context: &'a str,
    /// Its Dockerfile.
    dockerfile: &'a str,
    /// Whether it has tests.
    test: bool,
    /// The containers that run its image.
    containers: Vec<&'a str>,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let project = &context.resolved.base;
    let Some(mut ci) = project.ci.clone() else { return Ok(Vec::new()) };
    ci.actions.extend(context.resolved.actions.clone());
    let values = Values {
        name: &project.name,
        version_variable: format!("{}_VERSION", project.prefix),
        platforms: &project.platforms,
        ci: &ci,
        services: services(project),
        combinations: combinations(context.resolved),
    };
    let mut out = Vec::new();
    for (template, path) in &ci.files {
        let text = context.engine.render(&format!("ci/{}/{template}", ci.provider), &values)?;
        if !text.trim().is_empty() {
            out.push(Artifact::new(format!("ci:{}", template.trim_end_matches(".j2")), path, text));
        }
    }
    Ok(out)
}

/// What is built, with the containers that run it.
fn services(project: &Project) -> Vec<Service<'_>> {
    let mut containers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for container in project.containers.values() {
        if let ImageRef::Built(image) = &container.image {
            containers.entry(image).or_default().push(&container.name);
        }
    }
    let services = project.images.values().map(|image| Service {
        name: &image.name,
        repository: &image.repository,
        context: if image.context.is_empty() { "." } else { &image.context },
        dockerfile: &image.files.dockerfile,
        test: image.test.is_some(),
        containers: containers.remove(image.name.as_str()).unwrap_or_default(),
    });
    services.collect()
}
