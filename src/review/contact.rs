//! First contact: files that never were forge's beside what forge wants there, and files that do the same work under another
//! name.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::Said;
use crate::compare::{Change, Kind, Party};
use crate::contract::{Texts, findings};
use crate::diagnostic::Severity;
use crate::lint::Finding;
use crate::meaning::{between, is_dockerfile};
use crate::project::Resolved;
use crate::targets::Artifact;

/// How a file that never was forge's stands beside what forge wants there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Contact {
    /// The rules of the contract that it breaks and that forge's own file keeps, errors first.
    pub lacks: Vec<Lack>,
    /// What it has that the spec does not say, what gives up security first; empty where its meaning cannot be read.
    pub has: Vec<Said>,
}

/// A rule that a file breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lack {
    /// The name of the rule, for `forge explain`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, of the first place where it is.
    pub message: String,
    /// The compose services that it is about.
    pub subjects: Vec<String>,
    /// In how many places.
    pub count: usize,
    /// The line of the first place, counted from 1.
    pub line: usize,
}

/// A file that does under its own name what forge's files do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stranger {
    /// Its path, relative to the project.
    pub path: String,
    /// What becomes of it beside forge's files.
    pub note: String,
}

/// The contact of each file among `changes` that never was forge's, by path.
pub fn contacts(changes: &[Change], resolved: &Resolved, wanted: &[Artifact]) -> BTreeMap<String, Contact> {
    let foreign: BTreeMap<&str, &Change> =
        changes.iter().filter(|it| it.kind == Kind::Foreign).map(|it| (it.path.as_str(), it)).collect();
    if foreign.is_empty() {
        return BTreeMap::new();
    }
    let own: Texts = wanted.iter().map(|it| (it.path.clone(), it.text.clone())).collect();
    let text = |it: &Change| String::from_utf8_lossy(it.found.as_deref().unwrap_or_default()).into_owned();
    // What forge's own file breaks as well, by an exception or a patch, is no lack of the one that is there.
    let kept: HashSet<(String, &str)> =
        findings(resolved, wanted, &own).into_iter().map(|it| (it.file, it.rule.name)).collect();
    let mut texts = own;
    texts.extend(foreign.iter().map(|(path, it)| ((*path).to_owned(), text(it))));
    let mut broken: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for finding in findings(resolved, wanted, &texts) {
        if !kept.contains(&(finding.file.clone(), finding.rule.name)) {
            broken.entry(finding.file.clone()).or_default().push(finding);
        }
    }
    let mut out = BTreeMap::new();
    for (path, change) in foreign {
        let found = text(change);
        let ends: Vec<usize> = found.match_indices('\n').map(|(at, _)| at).collect();
        let mut lacks: Vec<Lack> = Vec::new();
        for finding in broken.remove(path).unwrap_or_default() {
            let line = ends.partition_point(|it| *it < finding.bytes.start) + 1;
            let at = match lacks.iter().position(|it| it.rule == finding.rule.name) {
                Some(at) => at,
                None => {
                    lacks.push(Lack {
                        rule: finding.rule.name.to_owned(),
                        severity: finding.rule.severity,
                        message: finding.message.clone(),
                        subjects: Vec::new(),
                        count: 0,
                        line,
                    });
                    lacks.len() - 1
                }
            };
            let lack = &mut lacks[at];
            lack.count += 1;
            lack.line = lack.line.min(line);
            lack.subjects.extend(finding.subject.filter(|it| !lack.subjects.contains(it)));
        }
        lacks.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.line.cmp(&b.line)));
        let wanted = change.wanted.as_deref().map(String::from_utf8_lossy);
        let has = between(path, wanted.as_deref(), Some(&found)).unwrap_or_default().into_iter();
        // What only forge's own file has is told by the rules, and by the lines.
        let has = has.filter(|it| !it.gone).map(|it| Said::new(&[Party::Owner], it)).collect();
        out.insert(path.to_owned(), Contact { lacks, has });
    }
    out
}

/// Those of `paths` that do under another name what the files do that forge wants, with what becomes of them beside these.
pub fn strangers(paths: &[String], wanted: &[Artifact]) -> Vec<Stranger> {
    let wanted: HashSet<&str> = wanted.iter().map(|it| it.path.as_str()).collect();
    let is_wanted = |path: &str| wanted.contains(path);
    let has_compose = is_wanted("compose.yaml");
    let mut out: Vec<Stranger> = paths
        .iter()
        .filter(|path| !is_wanted(path))
        .filter_map(|path| Some(Stranger { path: path.clone(), note: note(path, has_compose)? }))
        .collect();
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

/// What becomes of a file by this name beside forge's files.
fn note(path: &str, has_compose: bool) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let extension = name.rsplit_once('.').map_or("", |(_, it)| it);
    let is_compose =
        ["yaml", "yml"].contains(&extension) && (name.starts_with("docker-compose") || name.starts_with("compose."));
    let can_be_forges = if is_compose {
        format!(
            "`layout: {{ compose: {{ production: {{ file: {path} }} }} }}` in the spec gives forge's file this place"
        )
    } else {
        "`layout:` in the spec (`dockerfile`, `nginx`) can give forge's file this place".to_owned()
    };
    if is_compose && folder.is_empty() {
        let stem = name.trim_end_matches(extension).trim_end_matches('.');
        return Some(match stem {
            "compose" | "docker-compose" if has_compose => {
                format!("`docker compose` ignores it, with a warning, as soon as there is a compose.yaml, whose project and volumes can have other names: look before you start it; {can_be_forges}")
            }
            "compose.override" | "docker-compose.override" => {
                "`docker compose` lays it over compose.yaml, forge's as well, unless files are named with -f: move what it says into an environment of the spec".to_owned()
            }
            _ => format!("`docker compose` reads it only where it is named with -f; an environment of the spec can say the same, and {can_be_forges}"),
        });
    }
    if is_compose {
        return Some(format!("`docker compose` reads it only where it is named with -f; {can_be_forges}"));
    }
    if is_dockerfile(path) {
        return Some(format!("only what names it builds it; {can_be_forges}"));
    }
    let is_nginx =
        extension == "conf" && (name.starts_with("nginx") || path.contains("nginx/") || path.contains("conf.d/"));
    is_nginx.then(|| format!("forge's gateway does not read it; {can_be_forges}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Extent;

    #[test]
    fn files_under_other_names_are_told_with_what_reads_them() {
        let compose = Artifact {
            id: "compose".into(),
            path: "compose.yaml".into(),
            executable: false,
            extent: Extent::File,
            text: String::new(),
        };
        let paths = [
            "compose.yaml",
            "docker-compose.yml",
            "docker-compose.prod.yml",
            "compose.override.yml",
            "docker/api.Dockerfile",
            "deploy/nginx.conf",
            "src/app.conf",
            "README.md",
            "config.yaml",
        ];
        let told = strangers(&paths.map(str::to_owned), &[compose]);
        let short: Vec<(&str, &str)> =
            told.iter().map(|it| (it.path.as_str(), &it.note[..it.note.find(" it").unwrap_or(24)])).collect();
        assert_eq!(
            short,
            [
                ("compose.override.yml", "`docker compose` lays"),
                ("deploy/nginx.conf", "forge's gateway does not read"),
                ("docker-compose.prod.yml", "`docker compose` reads"),
                ("docker-compose.yml", "`docker compose` ignores"),
                ("docker/api.Dockerfile", "only what names"),
            ]
        );
    }
}
