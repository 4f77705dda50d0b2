//! What a change of a file means, in words: two texts of a compose file, a Dockerfile, an ignore file, an nginx configuration,
//! an env file, Kubernetes manifests or a workflow → what is different for those who run them. Order that nobody reads, comments,
//! quoting and spelling are no difference.
//!
//! Each format has a reader that turns a text into subjects with facts (`subject`), and one comparison serves
//! them all. What a reader has no words for is said by its path: no changed value goes unsaid.

mod compared;
mod compose;
mod dockerfile;
mod env;
mod exceptions;
mod ignore;
mod kubernetes;
mod nginx;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod value;
mod words;
mod workflow;

use schemars::JsonSchema;
use serde::Serialize;
use subject::Subject;
use text::Text;

/// What a change gives up. Of one that gives up both, security is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Data is left behind, or may not be read any more.
    Data,
    /// Some security.
    Security,
}

/// What one change of a file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What it is about: `services.api`, `stage final`, `server shop.example.com location /api/`; empty for the file itself.
    pub at: String,
    /// What is different: `memory 512M → 1G`.
    pub what: String,
    /// What it gives up, if anything.
    pub cost: Option<Cost>,
    /// Whether only the text before had it.
    pub gone: bool,
    /// The line, counted from 1: in the text after, or in the text before where it is gone.
    pub line: Option<usize>,
}

/// What the change of the file `path` from one text to the other means; `None` stands for a file that is not there.
/// What gives up security comes first, then what may cost data, then it goes by the lines of the file. Values that look like credentials are not shown.
///
/// `None`: the format is not known, or one of the texts cannot be read, so that only lines can be compared. An empty
/// list: nothing but order, comments, quoting or spelling differs.
pub fn between(path: &str, before: Option<&str>, after: Option<&str>) -> Option<Vec<Meaning>> {
    // Line ends are spelling.
    let unix = |it: &str| it.replace("\r\n", "\n");
    let (before, after) = (before.map(unix), after.map(unix));
    let texts: Vec<&str> = before.iter().chain(&after).map(String::as_str).collect();
    let format = Format::of(path, &texts)?;
    let (before, after) =
        (Text::new(before.as_deref().unwrap_or_default()), Text::new(after.as_deref().unwrap_or_default()));
    let read = |it: &Text<'_>| format.read(it.text).map(|subjects| exceptions::said(subjects, it.text));
    let (old, new) = (read(&before)?, read(&after)?);
    Some(compared::compare((&before, old), (&after, new)))
}

/// The formats that have a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Compose,
    Dockerfile,
    Env,
    Git,
    Github,
    Gitlab,
    Ignore,
    Kubernetes,
    Nginx,
}

/// What the file `path` is that cannot be read as such, though its name says that it is one: `a compose file`.
pub fn unreadable(path: &str, text: &str) -> Option<&'static str> {
    let format = Format::of(path, &[text])?;
    let name = match format {
        Format::Compose => "a compose file",
        Format::Dockerfile => "a Dockerfile",
        Format::Env => "an env file",
        Format::Git => "a .gitignore",
        Format::Github | Format::Gitlab => "a pipeline",
        Format::Ignore => "a .dockerignore",
        Format::Kubernetes => "Kubernetes manifests",
        Format::Nginx => "an nginx configuration",
    };
    format.read(text).is_none().then_some(name)
}

/// Whether a file is a Dockerfile by its name: `Dockerfile`, `Dockerfile.dev`, `api.dockerfile`, `Containerfile`; no
/// program about such files, `dockerfile.go`.
pub fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let begins = ["Dockerfile", "Containerfile"].iter().any(|it| name.starts_with(it));
    ["dockerfile", "containerfile"].contains(&last.as_str()) || begins && last != "dockerignore"
}

impl Format {
    /// By the name of a file, and by what is in it where the name does not say.
    fn of(path: &str, texts: &[&str]) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let has_line = |test: &dyn Fn(&str) -> bool| texts.iter().any(|it| it.lines().any(test));
        if crate::yaml::is_yaml(&name) {
            return match path {
                _ if name.contains("compose") => Some(Format::Compose),
                _ if path.starts_with(".github/workflows/") || path.contains("/.github/workflows/") => {
                    Some(Format::Github)
                }
                _ if name.starts_with(".gitlab-ci") => Some(Format::Gitlab),
                _ if has_line(&|it| it.starts_with("apiVersion:")) && has_line(&|it| it.starts_with("kind:")) => {
                    Some(Format::Kubernetes)
                }
                _ if has_line(&|it| it.trim_end() == "services:") => Some(Format::Compose),
                _ => None,
            };
        }
        let is_example = |it: &str| matches!(it, "example" | "sample" | "template" | "dist" | "defaults");
        if name.ends_with(".dockerignore") || name == ".containerignore" {
            return Some(Format::Ignore);
        }
        if name == ".gitignore" {
            return Some(Format::Git);
        }
        if is_dockerfile(path) {
            return Some(Format::Dockerfile);
        }
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        if name.starts_with(".env") || extension == "env" || stem.ends_with("env") && is_example(extension) {
            return Some(Format::Env);
        }
        // `default.conf.template` is one, too.
        let is_nginx = extension == "conf" || stem.ends_with(".conf") || path.contains("sites-available/");
        is_nginx.then_some(Format::Nginx)
    }

    /// What `text` says; `None` where it cannot be read.
    fn read(self, text: &str) -> Option<Vec<Subject>> {
        match self {
            Format::Compose => compose::read(text),
            Format::Dockerfile => dockerfile::read(text),
            Format::Env => env::read(text),
            Format::Git => Some(ignore::git(text)),
            Format::Github => workflow::github(text),
            Format::Gitlab => workflow::gitlab(text),
            Format::Ignore => Some(ignore::read(text)),
            Format::Kubernetes => kubernetes::read(text),
            Format::Nginx => nginx::read(text),
        }
    }
}
