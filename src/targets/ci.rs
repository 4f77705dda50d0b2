//! Workflows: the files that the provider of CI reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Artifact, Context, Target, combinations};
use crate::diagnostic::Broken;
use crate::project::{Ci, Image, ImageRef, Login, Project, Registry};

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
    /// The folders of compose files, as Dependabot writes them.
    compose_folders: BTreeSet<String>,
    /// Whether an image is built on one of the registry that images are pushed to, which has to be logged in to for that.
    private: bool,
    /// The secrets that checks are given.
    secrets: BTreeSet<&'a str>,
    /// The secrets that builds read.
    build_secrets: BTreeSet<&'a str>,
    /// Those of them that tests read.
    test_secrets: BTreeSet<&'a str>,
    /// The Dockerfiles that forge makes.
    dockerfiles: BTreeSet<String>,
}

/// A service that is built.
#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    /// Its image without a tag.
    repository: &'a str,
    /// The folder with its source, as a command takes it for no option; `.` is the project itself.
    context: String,
    /// Its Dockerfile, likewise.
    dockerfile: String,
    /// What it is made from, as patterns of GitLab's.
    globs: Vec<String>,
    /// The stage that it is; empty is the last.
    target: &'a str,
    /// Constants that its build is given, where its Dockerfile has none of them.
    args: BTreeMap<&'a str, &'a str>,
    /// What `docker build` is told of stage and constants, one word an item.
    options: Vec<String>,
    /// What it is told of secrets, which it finds in variables of their names.
    secret_options: Vec<String>,
    /// Whether it has tests.
    test: bool,
    /// What Dependabot calls those who install its dependencies.
    ecosystem: Option<&'a str>,
    /// The folders of source and Dockerfile, as Dependabot writes them: `/api`.
    folder: String,
    dockerfile_folder: String,
    /// The containers that run its image.
    containers: Vec<&'a str>,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let project = &context.resolved.base;
    let Some(mut ci) = project.ci.clone() else { return Ok(Vec::new()) };
    let private = ci.registry.as_ref().is_some_and(|it| is_built_on(project, it));
    let accounts = project.ci.iter().flat_map(|it| &it.audits).filter_map(|it| Some(it.token.as_ref()?.1.as_str()));
    let login = project.ci.iter().filter(|_| private).filter_map(|it| match &it.registry.as_ref()?.login {
        Login::Token { secret, .. } => Some(secret.as_str()),
        _ => None,
    });
    let build_secrets: BTreeSet<&str> = project.images.values().flat_map(|it| it.secrets_while_built()).collect();
    // Tests are a stage of an image, and made with what it is made with.
    let tested = project.images.values().filter(|it| it.test.is_some());
    let test_secrets: BTreeSet<&str> = tested.flat_map(|it| it.build_secrets.iter().map(String::as_str)).collect();
    let ours = project.images.values().filter(|it| !it.own_dockerfile);
    ci.actions.extend(context.resolved.actions.clone());
    let combinations = combinations(context.resolved);
    let values = Values {
        name: &project.name,
        version_variable: project.version_variable(),
        platforms: &project.platforms,
        ci: &ci,
        services: services(project),
        compose_folders: combinations.iter().flatten().map(|it| folder_of(it)).collect(),
        combinations,
        private,
        secrets: accounts.chain(login).chain(test_secrets.iter().copied()).collect(),
        build_secrets,
        test_secrets,
        dockerfiles: ours.map(|it| operand(&it.files.dockerfile)).collect(),
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

/// The folder of a file, as Dependabot writes it: `/api`.
fn folder_of(path: &str) -> String {
    format!("/{}", path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// A path that no command takes for an option.
fn operand(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}

/// What an image is made from: all of its folder, its Dockerfile, and what that ignores.
fn globs(context: &str, dockerfile: &str) -> Vec<String> {
    let all = if context.is_empty() { "**/*".to_owned() } else { format!("{}/**/*", literal(context)) };
    vec![all, literal(dockerfile), literal(&format!("{dockerfile}.dockerignore"))]
}

/// A path as a pattern of Ruby's `File.fnmatch`, which is what GitLab takes, that fits nothing else.
fn literal(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for it in path.chars() {
        if r"*?[]{}!\".contains(it) {
            out.push('\\');
        }
        out.push(it);
    }
    out
}

/// Whether an image is built on one of this registry, or in its namespace, where many share the host.
fn is_built_on(project: &Project, registry: &Registry) -> bool {
    let mut bases = project.images.values().flat_map(|it| it.images.values());
    bases.any(|it| it.name.strip_prefix(&registry.prefix).is_some_and(|it| it.starts_with('/')))
}

/// What `docker build` is told of an image, beside its Dockerfile, folder and secrets.
fn options(image: &Image) -> Vec<String> {
    let target = image.target.iter().flat_map(|it| ["--target".to_owned(), it.clone()]);
    let args = image.args.iter().filter(|_| image.own_dockerfile);
    let args = args.flat_map(|(name, it)| ["--build-arg".to_owned(), format!("{name}={it}")]);
    target.chain(args).collect()
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
        context: if image.context.is_empty() { ".".to_owned() } else { operand(&image.context) },
        dockerfile: operand(&image.files.dockerfile),
        globs: globs(&image.context, &image.files.dockerfile),
        target: image.target.as_deref().unwrap_or_default(),
        args: image
            .args
            .iter()
            .filter(|_| image.own_dockerfile)
            .map(|(name, it)| (name.as_str(), it.as_str()))
            .collect(),
        options: options(image),
        secret_options: image
            .secrets_while_built()
            .into_iter()
            .flat_map(|it| ["--secret".to_owned(), format!("id={it},env={it}")])
            .collect(),
        test: image.test.is_some(),
        ecosystem: project.ci.as_ref().and_then(|it| it.ecosystems.get(&image.name)).map(String::as_str),
        folder: format!("/{}", image.context),
        dockerfile_folder: folder_of(&image.files.dockerfile),
        containers: containers.remove(image.name.as_str()).unwrap_or_default(),
    });
    services.collect()
}
