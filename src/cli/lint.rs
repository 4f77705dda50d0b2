//! `forge lint`.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::project::{Project, counted, explanation, shown, valid};
use super::state::manifest;
use super::{Answer, Failure, Shell};
use crate::contract::{Texts, findings};
use crate::credential::masked;
use crate::diagnostic::Severity;
use crate::lint::{File, Finding, Source, run as check};
use crate::lock;
use crate::meaning::is_dockerfile;
use crate::report::{Format, Notice, notices};

/// Hold files against the hardening rules
///
/// Without paths, every file of the project that forge generates, as it is on disk: Dockerfiles, compose files in each
/// combination that is used, the gateway's configuration and scripts. What an exception in the spec lifts is not said.
///
/// With paths, just these files, whoever wrote them; there need not be a spec. Compose files that are named are merged in
/// the order given. Of a folder, all files below it: a compose file is looked at alone and with each overlay beside it.
///
/// Ends with 0 when there is nothing at or above the threshold, with 1 when there is, and with 2 when files could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// What makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    threshold: Threshold,
    /// Files and folders to look at, instead of the project's
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
}

/// The least severity that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Threshold {
    /// Everything
    Warning,
    /// Errors only
    Error,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let (texts, findings) = if arguments.paths.is_empty() {
        let project = valid(shell)?;
        project_findings(project, shell)?
    } else {
        named_findings(&arguments.paths, shell)?
    };
    let shown: BTreeMap<&String, Arc<str>> = texts.iter().map(|(path, it)| (path, masked(it).into())).collect();
    let mut them: Vec<Notice> = Vec::new();
    let mut seen = HashSet::new();
    for finding in findings {
        let notice = Notice {
            code: finding.rule.name.to_owned(),
            severity: finding.rule.severity,
            message: match &finding.subject {
                Some(subject) if !finding.message.contains(&format!("`{subject}`")) => {
                    format!("{} (`{subject}`)", finding.message)
                }
                _ => finding.message,
            },
            help: Some(finding.rule.help.to_owned()),
            text: shown.get(&finding.file).map(Arc::clone),
            path: finding.file,
            bytes: finding.bytes,
        };
        // Files that are in several combinations say the same thing each time.
        if seen.insert((notice.code.clone(), notice.path.clone(), notice.bytes.clone())) {
            them.push(notice);
        }
    }
    them.sort_by(|a, b| (&a.path, a.bytes.start, &a.code).cmp(&(&b.path, b.bytes.start, &b.code)));
    shell.answer(&notices(&them, arguments.format, shell.look, &explanation))?;
    let errors = them.iter().filter(|it| it.severity == Severity::Error).count();
    if arguments.format == Format::Human {
        let files = counted(texts.len(), "file");
        shell.say(&match (errors, them.len() - errors) {
            (0, 0) => format!("{files}: every rule holds"),
            (errors, warnings) => format!("{files}: {}, {}", counted(errors, "error"), counted(warnings, "warning")),
        })?;
    }
    let counted = if arguments.threshold == Threshold::Error { errors } else { them.len() };
    Ok(if counted == 0 { Answer::Yes } else { Answer::No })
}

/// What the rules say of the files of a project, as they are on disk.
fn project_findings(project: &Project, shell: &mut Shell<'_>) -> Result<(Texts, Vec<Finding>), Failure> {
    let mut disk = Disk::new(&project.root)?;
    let mut wanted = project.plan(shell)?;
    let manifest = manifest(&disk, &shell.directory.join(&shell.file))?;
    let hands_off = manifest.hands_off();
    wanted.retain(|it| hands_off.of(&it.id, &it.path).is_none());
    let mut texts = Texts::new();
    for artifact in &wanted {
        if let Some(found) = disk.find(&artifact.path)? {
            texts.insert(artifact.path.clone(), String::from_utf8_lossy(&found.bytes).into_owned());
        }
    }
    if let Some(missing) = wanted.iter().find(|it| !texts.contains_key(&it.path)) {
        return Err(Failure::input(format!("`{}` is not there", missing.path), "`forge generate` writes it"));
    }
    let findings = findings(&project.resolved, &wanted, &texts);
    Ok((texts, findings))
}

/// The kinds of files that rules look at, told by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Dockerfile,
    Dockerignore,
    Compose,
    Nginx,
    Script,
}

/// What a file is by its name, if rules are about such files. A YAML file that is not called `compose…` is one only
/// for whoever names it.
fn known(path: &str, named: bool) -> Option<Known> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, it)| it);
    let is_compose = named || name.starts_with("compose") || name.starts_with("docker-compose");
    if name.ends_with("dockerignore") {
        Some(Known::Dockerignore)
    } else if ["yaml", "yml"].contains(&extension) {
        is_compose.then_some(Known::Compose)
    } else if is_dockerfile(path) {
        Some(Known::Dockerfile)
    } else if extension == "conf" {
        Some(Known::Nginx)
    } else {
        (extension == "sh").then_some(Known::Script)
    }
}

/// What the rules say of files that somebody named, and of those below the folders that were named.
fn named_findings(paths: &[String], shell: &Shell<'_>) -> Result<(Texts, Vec<Finding>), Failure> {
    let mut texts = Texts::new();
    let mut read = |path: &str| {
        let place = shell.directory.join(path);
        // To read a pipe would be to wait for somebody who writes to it.
        if place.exists() && !place.is_file() {
            return Err(Failure::input(format!("{} is no file", shown(Path::new(path))), "name a file or a folder"));
        }
        let bytes = fs::read(&place).map_err(Failure::io(format!("read {}", shown(Path::new(path)))))?;
        texts.insert(path.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        Ok::<_, Failure>(())
    };
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut together = Vec::new();
    for path in paths {
        if shell.directory.join(path).is_dir() {
            let mut below = Vec::new();
            collect(&shell.directory, path.trim_end_matches('/'), &mut below)?;
            below.sort();
            groups.extend(used_together(&below));
            below.iter().try_for_each(|it| read(it))?;
        } else {
            read(path)?;
            together.push(path.clone());
        }
    }
    groups.push(together);
    if texts.is_empty() {
        let help =
            "rules are about Dockerfiles, .dockerignore, compose files, nginx configurations (.conf) and scripts (.sh)";
        return Err(Failure::input("there is nothing to look at", help));
    }
    let mut out = Vec::new();
    for paths in groups {
        let (mut compose, mut nginx) = (Vec::new(), Vec::new());
        for path in &paths {
            let file = File { path, text: &texts[path] };
            match known(path, true).or(file.text.starts_with("#!").then_some(Known::Script)) {
                Some(Known::Dockerignore) => out.extend(check(&Source::Dockerignore(file))),
                Some(Known::Dockerfile) => out.extend(check(&Source::Dockerfile(file))),
                Some(Known::Script) => out.extend(check(&Source::Script(file))),
                Some(Known::Compose) => compose.push(file),
                Some(Known::Nginx) => nginx.push(file),
                None => {
                    let help = "name a Dockerfile, .dockerignore, compose file (.yaml), nginx configuration (.conf), script (.sh), or a folder with such files";
                    return Err(Failure::input(format!("no rule is about files like `{}`", path.escape_debug()), help));
                }
            }
        }
        if !compose.is_empty() {
            out.extend(check(&Source::Compose(compose)));
        }
        if !nginx.is_empty() {
            out.extend(check(&Source::Nginx(nginx)));
        }
    }
    out.retain(|it| shell.directory.join(lock::FILE).exists() || !it.rule.wants_lock());
    Ok((texts, out))
}

/// The files below a folder that rules are about, but for those of others: hidden folders and installed packages.
fn collect(root: &Path, folder: &str, out: &mut Vec<String>) -> Result<(), Failure> {
    let doing = || format!("read {}", shown(Path::new(folder)));
    for entry in fs::read_dir(root.join(folder)).map_err(Failure::io(doing()))? {
        let entry = entry.map_err(Failure::io(doing()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder == "." { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().map_err(Failure::io(doing()))?;
        if kind.is_dir() && !name.starts_with('.') && !["node_modules", "vendor", "target"].contains(&name.as_str()) {
            collect(root, &path, out)?;
        } else if kind.is_file() && known(&path, false).is_some() {
            out.push(path);
        }
    }
    Ok(())
}

/// Files as they are used: a compose file with an overlay that lies beside it, the nginx files of one folder and those
/// below it, and each other file alone.
fn used_together(paths: &[String]) -> Vec<Vec<String>> {
    let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut nginx: Vec<&String> = paths.iter().filter(|it| known(it, false) == Some(Known::Nginx)).collect();
    // The folder above comes before those below it.
    nginx.sort_by_key(|it| (it.matches('/').count(), *it));
    for path in nginx {
        match groups.iter_mut().find(|group| Path::new(path).starts_with(folder(&group[0]))) {
            Some(group) => group.push(path.clone()),
            None => groups.push(vec![path.clone()]),
        }
    }
    for path in paths.iter().filter(|it| known(it, false) != Some(Known::Nginx)) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let parts: Vec<&str> = name.split('.').collect();
        if known(path, false) == Some(Known::Compose) && parts.len() > 2 {
            let below = path.strip_suffix(name).unwrap_or_default();
            let base = ["yaml", "yml"].map(|extension| format!("{below}{}.{extension}", parts[0]));
            groups.push(base.into_iter().filter(|it| paths.contains(it)).chain([path.clone()]).collect());
        } else {
            groups.push(vec![path.clone()]);
        }
    }
    groups
}
