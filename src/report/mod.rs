//! Diagnostics, findings and changes as text: for people, and for programs that show them to people.

pub mod changes;
mod github;
mod human;
mod json;
mod sarif;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::credential::visible;
use crate::diagnostic::Severity;

/// Something to say about some words in a file.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Which kind: the name of a code or a rule.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The file, relative to the project.
    pub path: String,
    /// Its text; `None` where there is none to show.
    pub text: Option<Arc<str>>,
    /// The words.
    pub bytes: Range<usize>,
}

/// What a report looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the words in the file, and what to do
    #[default]
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations for GitHub's workflow log
    Github,
}

/// How to write for people.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// So many columns.
    pub width: usize,
}

/// All notices in a format. `explanations` gives the long text of a code.
pub fn notices(notices: &[Notice], format: Format, look: Look, explain: &dyn Fn(&str) -> Option<String>) -> String {
    match format {
        Format::Human => human::notices(notices, look),
        Format::Json => json::notices(notices),
        Format::Sarif => sarif::notices(notices, explain),
        Format::Github => github::notices(notices),
    }
}

/// Line and column, both counted from 1; columns in characters.
type Position = (usize, usize);

/// Where notices begin and end. The lines of a text are counted once for all that is said about it.
#[derive(Default)]
struct Positions(HashMap<*const u8, Vec<usize>>);

impl Positions {
    /// Of the first word, and behind the last.
    fn of(&mut self, notice: &Notice) -> (Position, Position) {
        let text = notice.text.as_deref().unwrap_or_default();
        let starts = self
            .0
            .entry(text.as_ptr())
            .or_insert_with(|| std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect());
        let position = |byte: usize| {
            let byte = byte.min(text.len());
            let line = starts.partition_point(|it| *it <= byte);
            (line, text.get(starts[line - 1]..byte).unwrap_or_default().chars().count() + 1)
        };
        (position(notice.bytes.start), position(notice.bytes.end))
    }
}
