//! What a change of a file means, in words: two texts of a compose file, a Dockerfile, an nginx configuration, an env file,
//! Kubernetes manifests or a workflow → what is different for those who run them. Order that nobody reads, comments,
//! quoting and spelling are no difference.
//!
//! Each format has a reader that turns a text into [`subject::Subject`]s with facts; one comparison serves them all.

mod compose;
#[allow(dead_code, reason = "the next formats need the rest")]
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod words;

use subject::Subject;
use text::Text;

/// What one change of a file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What it is about: `services.api`, `stage final`, `server shop.example.com location /api/`; empty for the file itself.
    pub at: String,
    /// What is different: `memory 512M → 1G`.
    pub what: String,
    /// Whether it gives up some security.
    pub loosens: bool,
    /// The line, counted from 1: in the text after, or in the text before where it is gone.
    pub line: Option<usize>,
}

/// What the change of the file `path` from one text to the other means; `None` stands for a file that is not there.
/// What gives up security comes first, then it goes by the lines of the file. Values that look like credentials are not shown.
///
/// `None`: the format is not known, or one of the texts cannot be read, so that only lines can be compared. An empty
/// list: nothing but order, comments, quoting or spelling differs.
pub fn between(path: &str, before: Option<&str>, after: Option<&str>) -> Option<Vec<Meaning>> {
    let format = Format::of(path, before, after)?;
    let (before, after) = (Text::new(before.unwrap_or_default()), Text::new(after.unwrap_or_default()));
    let (old, new) = (format.read(&before)?, format.read(&after)?);
    Some(subject::compare((&before, old), (&after, new)))
}

/// The formats that have a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Compose,
}

impl Format {
    /// By the name of a file, and by what is in it where the name does not say.
    fn of(path: &str, before: Option<&str>, after: Option<&str>) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        let has_services =
            [before, after].into_iter().flatten().any(|it| it.lines().any(|it| it.trim_end() == "services:"));
        (is_yaml && (name.contains("compose") || has_services)).then_some(Format::Compose)
    }

    /// What `text` says; `None` where it cannot be read.
    fn read(self, text: &Text<'_>) -> Option<Vec<Subject>> {
        match self {
            Format::Compose => compose::read(text.text),
        }
    }
}
