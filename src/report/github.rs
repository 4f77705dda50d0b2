//! Annotations, as GitHub reads them from the log of a workflow.

use std::fmt::Write as _;

use super::{Notice, Positions, visible};
use crate::diagnostic::Severity;

pub(super) fn notices(notices: &[Notice]) -> String {
    let mut out = String::new();
    let mut positions = Positions::default();
    for it in notices {
        let ((line, column), (end_line, _)) = positions.of(it);
        let level = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let message = match &it.help {
            Some(help) => format!("{}\n{help}", it.message),
            None => it.message.clone(),
        };
        let (path, title) = (property(&it.path), property(&it.code));
        let message = data(&message);
        writeln!(out, "::{level} file={path},line={line},endLine={end_line},col={column},title={title}::{message}")
            .expect("a string grows");
    }
    out
}

pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text of a file could hold what a terminal obeys, and logs are read on one.
pub(super) fn data(text: &str) -> String {
    visible(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}
