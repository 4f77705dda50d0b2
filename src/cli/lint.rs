//! `forge lint`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::project::{Project, counted, explanation, shown, valid};
use super::{Answer, Failure, Shell};
use crate::contract::{Texts, findings};
use crate::diagnostic::Severity;
use crate::lint::{File, Finding, Source, run as check};
use crate::report::{Format, Notice, notices};

/// Hold files against the hardening rules
///
/// Without paths, every file of the project that forge generates, as it is on disk: Dockerfiles, compose files in each
/// combination that is used, the gateway's configuration and scripts. What an exception in the spec lifts is not said.
///
/// With paths, just these files, whoever wrote them; there need not be a spec. Compose files are merged in the order given.
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
    /// Files to look at, instead of the project's
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
        project_findings(&project, shell)?
    } else {
        named_findings(&arguments.paths, shell)?
    };
    let mut them: Vec<Notice> = Vec::new();
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
            text: texts.get(&finding.file).map(|it| Arc::from(it.as_str())),
            path: finding.file,
            bytes: finding.bytes,
        };
        // Files that are in several combinations say the same thing each time.
        if !them.iter().any(|it| it.code == notice.code && it.path == notice.path && it.bytes == notice.bytes) {
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
    let wanted = project.plan(shell, &|_| true)?;
    let mut texts = Texts::new();
    for artifact in &wanted {
        if let Some(found) = disk.find(&artifact.path)? {
            texts.insert(artifact.path.clone(), String::from_utf8_lossy(&found.bytes).into_owned());
        }
    }
    if texts.is_empty() {
        return Err(Failure::input("there is nothing to look at yet", "`forge generate` writes the files"));
    }
    let findings = findings(&project.resolved, &wanted, &texts);
    Ok((texts, findings))
}

/// What the rules say of files that somebody named.
fn named_findings(paths: &[String], shell: &Shell<'_>) -> Result<(Texts, Vec<Finding>), Failure> {
    let mut texts = Texts::new();
    for path in paths {
        let place = shell.directory.join(path);
        let bytes = fs::read(&place).map_err(Failure::io(format!("read {}", shown(Path::new(path)))))?;
        texts.insert(path.clone(), String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut compose = Vec::new();
    let mut nginx = Vec::new();
    let mut out = Vec::new();
    for path in paths {
        let file = File { path, text: &texts[path] };
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, it)| it);
        if name.ends_with("dockerignore") {
            out.extend(check(&Source::Dockerignore(file)));
        } else if name.starts_with("Dockerfile") || name.starts_with("Containerfile") || extension == "Dockerfile" {
            out.extend(check(&Source::Dockerfile(file)));
        } else if ["yaml", "yml"].contains(&extension) {
            compose.push(file);
        } else if extension == "conf" {
            nginx.push(file);
        } else if extension == "sh" || file.text.starts_with("#!") {
            out.extend(check(&Source::Script(file)));
        } else {
            let help =
                "name a Dockerfile, .dockerignore, compose file (.yaml), nginx configuration (.conf) or script (.sh)";
            return Err(Failure::input(format!("no rule is about files like `{}`", path.escape_debug()), help));
        }
    }
    if !compose.is_empty() {
        out.extend(check(&Source::Compose(compose)));
    }
    if !nginx.is_empty() {
        out.extend(check(&Source::Nginx(nginx)));
    }
    Ok((texts, out))
}
