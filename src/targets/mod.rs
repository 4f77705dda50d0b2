//! A project into artifacts: the text of every file that forge wants. Pure; sees the project and nothing else.

mod backings;
mod ci;
mod compose;
mod docker;
mod environment;
mod nginx;
mod scripts;
mod secrets;

pub use environment::{Asked, asked};

use rayon::prelude::*;
use serde::Serialize;

use crate::codes;
use crate::diagnostic::{Broken, Diagnostic, Path, Place};
use crate::patch::patched;
use crate::project::{Patch, Project, Resolved};
use crate::render::Engine;
use crate::yaml::is_yaml;

/// One file that forge wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it is, whatever its path: `dockerfile:api`.
    pub id: String,
    /// Its path, relative to the project, with `/`.
    pub path: String,
    /// Whether it is a program.
    pub executable: bool,
    /// Whether it is a whole file, or lines in one that belongs to somebody else.
    pub extent: Extent,
    /// Its text. Ends with a line end.
    pub text: String,
}

/// How much of a file is forge's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// All of it.
    File,
    /// Each line of the text has to be in it somewhere; what else is in it is not forge's business.
    Lines,
}

impl Artifact {
    fn new(id: impl Into<String>, path: impl Into<String>, text: impl Into<String>) -> Artifact {
        Artifact { id: id.into(), path: path.into(), executable: false, extent: Extent::File, text: text.into() }
    }
}

/// What targets plan from.
pub struct Context<'a> {
    /// The project and its environments.
    pub resolved: &'a Resolved,
    /// The templates.
    pub engine: &'a Engine,
    /// The gateway's configuration: production's, then what each environment has of its own.
    nginx: nginx::Folders,
}

/// A kind of output.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What it makes, in one line.
    pub about: &'static str,
    plan: fn(&Context<'_>) -> Result<Vec<Artifact>, Broken>,
}

/// All targets.
pub static TARGETS: &[&Target] = &[
    &docker::TARGET,
    &compose::TARGET,
    &nginx::TARGET,
    &backings::TARGET,
    &environment::TARGET,
    &scripts::TARGET,
    &ci::TARGET,
];

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Unplanned {
    /// A template cannot be rendered: one of the project's own, or a bug in forge.
    Template(Broken),
    /// Patches of the spec do not fit.
    Patches(Vec<Diagnostic>),
}

impl From<Broken> for Unplanned {
    fn from(it: Broken) -> Unplanned {
        Unplanned::Template(it)
    }
}

/// Every file that forge wants, sorted by path. No two have the same path.
///
/// # Errors
/// When a template cannot be rendered, or a patch does not fit.
pub fn plan(resolved: &Resolved, engine: &Engine) -> Result<Vec<Artifact>, Unplanned> {
    let patches = &resolved.base.patches;
    let mut told = Vec::new();
    // Before all else: what is mounted of them is named by a digest.
    let nginx = nginx::folders(resolved, engine)?.patched(patches).unwrap_or_else(|(folders, them)| {
        told.extend(them);
        folders
    });
    let context = Context { resolved, engine, nginx };
    let planned: Result<Vec<Vec<Artifact>>, Broken> = TARGETS.par_iter().map(|it| (it.plan)(&context)).collect();
    let mut artifacts: Vec<Artifact> = planned?.into_iter().flatten().collect();
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(pair) = artifacts.windows(2).find(|it| it[0].path == it[1].path) {
        let message = format!("both `{}` and `{}` want this file", pair[0].id, pair[1].id);
        return Err(Broken::new(pair[0].path.clone(), message, 0..0).into());
    }
    told.extend(unknown_files(patches, &artifacts));
    for artifact in artifacts.iter_mut().filter(|it| it.extent == Extent::File && !it.id.starts_with("nginx:")) {
        match patched(patches, &artifact.id, &artifact.path, std::mem::take(&mut artifact.text)) {
            Ok(text) => artifact.text = text,
            Err(them) => told.extend(them),
        }
    }
    if told.is_empty() { Ok(artifacts) } else { Err(Unplanned::Patches(told)) }
}

/// Complains of patches for files that forge does not make.
fn unknown_files(patches: &[Patch], wanted: &[Artifact]) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for (index, patch) in patches.iter().enumerate() {
        let place = Place::Value(Path::of(["patches"]).index(index).key("file"));
        match wanted.iter().find(|it| it.path == patch.file) {
            Some(it) if it.extent == Extent::File => {}
            Some(_) => {
                let message = format!("`{}` is a file of yours", patch.file);
                told.push(Diagnostic::error(&codes::PATCH, place, message).help("write it there"));
            }
            None => {
                let message = format!("forge makes no file `{}`", patch.file.escape_debug());
                let known = wanted.iter().map(|it| it.path.as_str());
                told.push(Diagnostic::error(&codes::PATCH, place, message).nearest(&patch.file, known));
            }
        }
    }
    told
}

/// What cannot be rendered: for each target the first that is wrong, where [`plan`] has the first of all.
pub fn broken(resolved: &Resolved, engine: &Engine) -> Vec<Broken> {
    let nginx = match nginx::folders(resolved, engine) {
        Ok(nginx) => nginx,
        Err(broken) => return vec![broken],
    };
    let context = Context { resolved, engine, nginx };
    TARGETS.iter().filter_map(|it| (it.plan)(&context).err()).collect()
}

/// Whether an artifact of this id can ever lie at this path, as far as names tell.
pub fn could_be(id: &str, path: &str) -> bool {
    // Behind an `@` stands the path of one that has moved on.
    let id = id.split('@').next().unwrap_or(id);
    let (kind, what) = id.split_once(':').unwrap_or((id, ""));
    let name = path.rsplit('/').next().unwrap_or(path);
    match kind {
        "dockerfile" => name.contains("Dockerfile"),
        "dockerignore" => name.ends_with(".dockerignore"),
        "backing" => path.strip_prefix("backings/") == Some(what),
        "entrypoint" => name.contains("docker-entrypoint."),
        "compose" => is_yaml(name),
        "nginx" => name.ends_with(".conf"),
        "env" => path == ".env.example" || path == format!(".env.{what}.example"),
        "script" => name == what.rsplit('/').next().unwrap_or(what),
        "maintenance" => path == "maintenance/.gitignore",
        "secrets" => path == "secrets/.gitignore",
        // Where a provider wants its files is said in forge-templates/, so by its name alone.
        "ci" => name == what.rsplit('/').next().unwrap_or(what) || name.trim_start_matches('.') == what,
        kind => kind.strip_prefix("file/").is_some_and(|file| name.replace('.', "_").ends_with(file)),
    }
}

/// Compose files that are used together, in order: production, and each environment on top of it.
pub fn combinations(resolved: &Resolved) -> Vec<Vec<String>> {
    let of = |it| compose::files(&resolved.base, it).into_iter().map(str::to_owned).collect();
    environments(resolved).map(of).collect()
}

/// Production, then the others.
fn environments(resolved: &Resolved) -> impl Iterator<Item = &Project> {
    std::iter::once(&resolved.base).chain(resolved.environments.values())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Edit;

    #[test]
    fn each_patch_that_fits_no_file_is_told() {
        let patches = ["f", "compose.yml"].map(|file| Patch {
            file: file.into(),
            at: "a".into(),
            edit: Edit::Remove,
            expect: None,
            lifted: std::collections::BTreeMap::new(),
        });
        let artifact = |path: &str| Artifact {
            id: path.into(),
            path: path.into(),
            executable: false,
            extent: if path == "f" { Extent::Lines } else { Extent::File },
            text: String::new(),
        };
        let told = unknown_files(&patches, &[artifact("f"), artifact("compose.yaml")]);
        let told: Vec<(&str, Option<&str>)> = told.iter().map(|it| (it.message.as_str(), it.help.as_deref())).collect();
        let nearest = Some("did you mean `compose.yaml`?");
        assert_eq!(
            told,
            [("`f` is a file of yours", Some("write it there")), ("forge makes no file `compose.yml`", nearest)]
        );
    }
}
