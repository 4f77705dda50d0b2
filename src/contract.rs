//! The hardening contract over the output of a project: each rule on each file that it is about, but for exceptions.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, listed};
use crate::lint::{File, Finding, Lifted, RULES, Rule, Source, run};
use crate::project::{Patch, Project, Resolved};
use crate::resolve::KnownRule;
use crate::schema::compose_error;
use crate::targets::{Artifact, combinations};
use crate::yaml::{self, Doc, Node};

/// Files by path.
pub type Texts = BTreeMap<String, String>;

/// The rules as `resolve` wants to know them.
pub fn known_rules() -> Vec<KnownRule> {
    let known = |it: &&Rule| KnownRule { name: it.name, changes_output: matches!(it.lifted, Lifted::Output(_)) };
    RULES.iter().map(known).collect()
}

/// What the rules say of the files of a project, but for what its exceptions lift. `wanted` tells what each path is, and
/// `texts` hold what is looked at: as wanted, or as found.
pub fn findings(resolved: &Resolved, wanted: &[Artifact], texts: &Texts) -> Vec<Finding> {
    let file = |path: &str| texts.get_key_value(path).map(|(path, text)| File { path, text });
    // Who is excused, by what of it the file is.
    let excused = |project: &Project, name: &str, finding: &Finding| {
        // An image without a probe is what lifting `healthcheck` makes.
        let rule = if finding.rule.name == "missing-healthcheck" { "healthcheck" } else { finding.rule.name };
        if rule == "host-volume" {
            return project.volumes.get(name).is_some_and(|it| it.lifted.contains_key(rule));
        }
        project.containers.get(name).is_some_and(|it| it.lifted.contains_key(rule))
    };
    let base = &resolved.base;
    let mut out = Vec::new();
    for artifact in wanted {
        let Some(file) = file(&artifact.path) else { continue };
        let (kind, of) = artifact.id.split_once(':').unwrap_or((&artifact.id, ""));
        let source = match kind {
            "dockerfile" => Source::Dockerfile(file),
            "dockerignore" => Source::Dockerignore(file),
            // An entrypoint can be in another language.
            "entrypoint" if !file.path.ends_with(".sh") => continue,
            "entrypoint" | "script" => Source::Script(file),
            _ => continue,
        };
        out.extend(run(&source).into_iter().filter(|it| !excused(base, of, it)));
    }
    let projects = std::iter::once(base).chain(resolved.environments.values());
    for (paths, project) in combinations(resolved).into_iter().zip(projects) {
        let files: Vec<File<'_>> = paths.iter().filter_map(|it| file(it)).collect();
        let found = run(&Source::Compose(files));
        out.extend(found.into_iter().filter(|it| !it.subject.as_ref().is_some_and(|name| excused(project, name, it))));
        // An environment's configuration is production's with what it has of its own laid over it.
        let mut nginx: BTreeMap<&str, File<'_>> = BTreeMap::new();
        for layer in [None, project.environment.as_deref()] {
            for artifact in wanted {
                let Some(name) = artifact.id.strip_prefix("nginx:") else { continue };
                let own = name.split_once(':');
                if own.map(|(environment, _)| environment) == layer
                    && let Some(file) = file(&artifact.path)
                {
                    nginx.insert(own.map_or(name, |(_, rest)| rest), file);
                }
            }
        }
        if !nginx.is_empty() {
            let files: Vec<File<'_>> = nginx.iter().map(|(name, it)| File { path: name, text: it.text }).collect();
            for finding in run(&Source::Nginx(files)).into_iter().filter(|it| !excused(project, "gateway", it)) {
                let file = nginx.get(finding.file.as_str()).map_or(finding.file.clone(), |it| it.path.to_owned());
                out.push(Finding { file, ..finding });
            }
        }
    }
    out.retain(|it| resolved.locked || !it.rule.wants_lock());
    // A patch can lift what it breaks, in its file.
    let lifts = |patch: &Patch, it: &Finding| patch.file == it.file && patch.lifted.contains_key(it.rule.name);
    out.retain(|it| !base.patches.iter().any(|patch| lifts(patch, it)));
    out
}

/// The patches of a project with which files break rules that they keep without.
pub fn broken_by_patches(resolved: &Resolved, wanted: &[Artifact]) -> Vec<Diagnostic> {
    let texts: Texts = wanted.iter().map(|it| (it.path.clone(), it.text.clone())).collect();
    let patches = &resolved.base.patches;
    // By the last patch of the file, which is the one that somebody is writing.
    let mut broken: BTreeMap<usize, (String, BTreeSet<&str>)> = BTreeMap::new();
    for finding in findings(resolved, wanted, &texts) {
        if let Some(index) = patches.iter().rposition(|it| it.file == finding.file) {
            broken.entry(index).or_insert_with(|| (finding.file, BTreeSet::new())).1.insert(finding.rule.name);
        }
    }
    let told = |(index, (file, rules)): (usize, (String, BTreeSet<&str>))| {
        let place = Place::Value(Path::of(["patches"]).index(index).key("file"));
        let first = rules.first().copied().unwrap_or_default();
        let message = format!("with its patches, `{file}` breaks {}", listed(&rules));
        let help = if first.starts_with("unreadable-") {
            "mend what the patch writes".to_owned()
        } else {
            format!(
                "`forge explain {first}` says what that means; write the patch otherwise, or lift it there: `exceptions: [{{ rule: {first}, reason: … }}]`"
            )
        };
        Diagnostic::error(&codes::PATCH_BREAKS_RULE, place, message).help(help)
    };
    // The last patch of a file that compose would not take.
    let unfit = wanted.iter().filter(|it| it.id.split(':').next() == Some("compose")).filter_map(|it| {
        let index = patches.iter().rposition(|patch| patch.file == it.path)?;
        let message = format!("with its patches, `{}` is no compose file: {}", it.path, compose_error(&it.text)?);
        let place = Place::Value(Path::of(["patches"]).index(index).key("file"));
        Some(Diagnostic::error(&codes::PATCH, place, message).help("mend what the patch writes"))
    });
    broken.into_iter().map(told).chain(unfit).chain(empty_services(resolved, &texts)).collect()
}

/// The last patch of each file of which patches leave a service that compose could not start: one without an image.
fn empty_services(resolved: &Resolved, texts: &Texts) -> Vec<Diagnostic> {
    let mut told = BTreeMap::new();
    for paths in combinations(resolved) {
        // What is missing can have been taken out of any of the files.
        let patch = resolved.base.patches.iter().rposition(|it| paths.contains(&it.file));
        let Some(index) = patch else { continue };
        let docs: Vec<(&String, Doc)> =
            paths.iter().filter_map(|it| Some((it, yaml::read(texts.get(it)?).ok()?))).collect();
        let services = || docs.iter().flat_map(|(path, doc)| Some((*path, doc.root.get("services")?)));
        let has_image = |name: &str| {
            let of = |it: &Node| it.get("image").is_some() || it.get("build").is_some();
            services().any(|(_, it)| it.get(name).is_some_and(of))
        };
        let empty = services()
            .flat_map(|(path, it)| it.entries().map(move |(name, node)| (path, name, node)))
            .find(|(_, name, node)| node.tag.is_none() && !has_image(name));
        let Some((path, name, _)) = empty else { continue };
        let place = Place::Value(Path::of(["patches"]).index(index).key("at"));
        let message = format!("with the patches, service `{name}` in `{path}` has no image and is not built");
        let help = "a service goes with its entry in the spec; for another image write `set:`";
        told.entry(index).or_insert_with(|| Diagnostic::error(&codes::PATCH, place, message).help(help));
    }
    told.into_values().collect()
}
