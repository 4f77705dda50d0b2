//! What forge has to say about a file, and where in it: plain data that every stage can make and `report` prints.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// How bad a [`Diagnostic`] is. Errors stop a command, warnings do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Warning,
    /// Has to change before forge can go on.
    Error,
}

/// The name of a kind of diagnostic, with the text that `forge explain <name>` prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Kebab-case, unique among codes and hardening rules: `unknown-name`.
    pub name: &'static str,
    /// Why it is a problem and what to do, in a few sentences.
    pub explanation: &'static str,
}

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a map, by key.
    Key(Box<str>),
    /// Into a list, counted from 0.
    Index(usize),
}

/// A place in a document by names: prints as `services.web.needs[0]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path of these keys.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Path {
        Path(keys.into_iter().map(|key| Step::Key(key.into())).collect())
    }

    /// This path, one key further.
    #[must_use]
    pub fn key(&self, key: &str) -> Path {
        self.with(Step::Key(key.into()))
    }

    /// This path, one index further.
    #[must_use]
    pub fn index(&self, index: usize) -> Path {
        self.with(Step::Index(index))
    }

    /// This path, followed by the keys in `dotted`.
    #[must_use]
    pub fn dotted(&self, dotted: &str) -> Path {
        dotted.split('.').fold(self.clone(), |path, key| path.key(key))
    }

    fn with(&self, step: Step) -> Path {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Path(steps)
    }

    /// Reads what [`Display`](fmt::Display) writes: `services.api.writable."/tmp".tmpfs`, `gateway.routes[0].to`.
    /// Lenient: whatever is no index or quoted key is a plain key.
    pub fn parse(text: &str) -> Path {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix('"') {
                let end = quoted.find('"').unwrap_or(quoted.len());
                steps.push(Step::Key(quoted[..end].into()));
                rest = quoted.get(end + 1..).unwrap_or("");
            } else if let Some(bracketed) = rest.strip_prefix('[') {
                let end = bracketed.find(']').unwrap_or(bracketed.len());
                steps.push(match bracketed[..end].parse() {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Key(bracketed[..end].into()),
                });
                rest = bracketed.get(end + 1..).unwrap_or("");
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                steps.push(Step::Key(rest[..end].into()));
                rest = &rest[end..];
            }
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        Path(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
                    if key.is_empty() || !key.chars().all(plain) {
                        write!(f, "\"{key}\"")?;
                    } else {
                        f.write_str(key)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where in a file a diagnostic points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The name of an entry: the key at this path.
    Key(Path),
    /// The value at this path; where nothing was written there, the nearest thing around it that was.
    Value(Path),
    /// These bytes of the text.
    Bytes(Range<usize>),
}

/// Something to say about one of the user's files. Collected, never returned halfway: one run tells everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind it is.
    pub code: &'static Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// The words in the file that it is about.
    pub place: Place,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a help line; add one with [`help`](Self::help).
    pub fn error(code: &'static Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, message: message.into(), place, help: None }
    }

    /// A warning without a help line.
    pub fn warning(code: &'static Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, place, message) }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The nearest of `known` as the help, if one is near enough; otherwise the help that it has.
    #[must_use]
    pub fn nearest_or_keep<'a>(self, typed: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match did_you_mean(typed, known) {
            Some(best) => self.help(format!("did you mean `{best}`?")),
            None => self,
        }
    }

    /// The same; its help offers the one of `known` that is nearest to `typed`, or else lists them all.
    #[must_use]
    pub fn nearest<'a>(self, typed: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        let known: Vec<&str> = known.into_iter().collect();
        match did_you_mean(typed, known.iter().copied()) {
            Some(best) => self.help(format!("did you mean `{best}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("there is {}", listed(&known))),
        }
    }
}

/// The one of `known` that somebody who wrote `typed` most likely meant, if any is near enough.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    known
        .into_iter()
        .map(|it| (similar::TextDiff::from_chars(lower.as_str(), it.to_lowercase().as_str()).ratio(), it))
        .filter(|(ratio, _)| *ratio > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, it)| it)
}

/// `` `a`, `b` and `c` ``; of many, the first twelve.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|it| format!("`{it}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= 12 => format!("{} and {last}", first.join(", ")),
        more => format!("{}, … ({} in all)", more[..12].join(", "), more.len()),
    }
}

/// A file of the project's own `forge-templates/` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name below `forge-templates/`.
    pub file: String,
    /// What is wrong with it.
    pub message: String,
    /// The bytes of the file that it is about; none, where it is about the file as a whole.
    pub at: Range<usize>,
    /// What to do.
    pub help: String,
}

impl Broken {
    /// Something about the bytes `at` of a file, which its owner has to mend.
    pub fn new(file: impl Into<String>, message: impl Into<String>, at: Range<usize>) -> Broken {
        let help = "mend the file, or remove it to have forge's own".to_owned();
        Broken { file: file.into(), message: message.into(), at, help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_what_it_writes() {
        for text in ["services.api.needs[0]", "services.api.writable.\"/app/up.loads\".volume", "name"] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
    }

    #[test]
    fn a_far_name_is_not_suggested() {
        assert_eq!(did_you_mean("cahce", ["cache", "db"]), Some("cache"));
        assert_eq!(did_you_mean("frontend", ["cache", "db"]), None);
    }
}
