//! The hardening contract over the output of a project: each rule on each file that it is about, but for exceptions.

use std::collections::BTreeMap;

use crate::lint::{File, Finding, Lifted, RULES, Rule, Source, run};
use crate::project::Resolved;
use crate::resolve::KnownRule;
use crate::targets::{Artifact, combinations};

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
    let base = &resolved.base;
    let excused = |name: &str, finding: &Finding| {
        base.containers.get(name).is_some_and(|it| it.lifted.contains_key(finding.rule.name))
    };
    let mut out = Vec::new();
    for artifact in wanted {
        let Some(file) = file(&artifact.path) else { continue };
        let (kind, of) = artifact.id.split_once(':').unwrap_or((&artifact.id, ""));
        let source = match kind {
            "dockerfile" => Source::Dockerfile(file),
            "dockerignore" => Source::Dockerignore(file),
            "entrypoint" | "script" => Source::Script(file),
            _ => continue,
        };
        out.extend(run(&source).into_iter().filter(|it| !excused(of, it)));
    }
    for paths in combinations(resolved) {
        let files: Vec<File<'_>> = paths.iter().filter_map(|it| file(it)).collect();
        let found = run(&Source::Compose(files));
        out.extend(found.into_iter().filter(|it| !it.subject.as_ref().is_some_and(|name| excused(name, it))));
    }
    let nginx: Vec<File<'_>> = texts
        .iter()
        .filter(|(path, _)| path.starts_with("nginx/"))
        .filter(|(path, _)| {
            let folder = path.split('/').nth(1).unwrap_or_default();
            !resolved.environments.contains_key(folder)
        })
        .map(|(path, text)| File { path, text })
        .collect();
    if !nginx.is_empty() {
        out.extend(run(&Source::Nginx(nginx)).into_iter().filter(|it| !excused("gateway", it)));
    }
    out
}
