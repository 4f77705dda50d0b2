//! Diagnostics, findings and changes as text: for people, and for programs that show them to people.

pub mod changes;
mod github;
mod human;
mod json;
mod sarif;

use std::ops::Range;
use std::sync::Arc;

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

impl Notice {
    /// Line and column of the first word, counted from 1; columns in characters.
    fn start(&self) -> (usize, usize) {
        position(self.text.as_deref().unwrap_or_default(), self.bytes.start)
    }

    /// Line and column behind the last word.
    fn end(&self) -> (usize, usize) {
        position(self.text.as_deref().unwrap_or_default(), self.bytes.end)
    }
}

/// Text of a file could hold what a terminal obeys: that is shown, and done by nobody.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|it| {
            if it.is_control() && !matches!(it, '\n' | '\t') { it.escape_debug().collect::<Vec<_>>() } else { vec![it] }
        })
        .collect()
}

fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
