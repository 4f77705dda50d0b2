//! Changes of files, reviewed: for people, for pull requests, as patches, and for programs.

mod annotations;
mod human;
mod json;
mod markdown;
mod side;
mod unified;

use std::fmt::Write as _;

pub use annotations::{github, sarif};
pub use human::{Detail, human};
pub use json::{json, schema};
pub use markdown::markdown;
pub use unified::unified;

use crate::compare::{Kind, Movers, Party};
use crate::meaning::Cost;
use crate::review::{Hunk, Lack, Names, Review, Reviewed, Said};

/// One line for each file: its path, and why it differs.
pub fn names<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> String {
    files.into_iter().fold(String::new(), |mut out, (path, reason)| {
        let _ = writeln!(out, "{}: {reason}", shown(path));
        out
    })
}

/// How many lines come and go in each file that differs.
pub fn stat(review: &Review) -> String {
    let mut out = String::new();
    let width = review.files.iter().map(|it| shown(&it.path).chars().count()).max().unwrap_or_default();
    for file in &review.files {
        let (more, fewer) = file.counts();
        let _ = writeln!(out, " {:width$} | {:>9}  {}", shown(&file.path), format!("+{more} -{fewer}"), file.reason);
    }
    out
}

/// A line for each thing that gives up security, or may cost data, in a block that is its owner's: `compose.yaml: loosens security in a kept block
/// of yours: services.api: privileged mode switched on`.
fn kept(review: &Review) -> impl Iterator<Item = (&str, String)> {
    review.kept.iter().flat_map(move |it| it.meanings.iter().map(move |meaning| (it.path.as_str(), in_block(meaning))))
}

fn in_block(said: &Said) -> String {
    format!("{} in a kept block of yours: {}", said.cost.map_or("differs", costs), said.words())
}

/// What something costs, in words.
fn costs(cost: Cost) -> &'static str {
    match cost {
        Cost::Security => "loosens security",
        Cost::Data => "may cost data",
    }
}

/// `3 files differ, 1 of them edited: `forge generate` keeps edits; 2 changes loosen security; 1 change may cost data`; nothing, where nothing differs.
pub fn summary(review: &Review) -> String {
    let summary = review.summary();
    let counted =
        |count: usize, one: &str, more: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {more}") };
    let mut parts = vec![counted(summary.files, "file differs", "files differ")];
    if summary.edited > 0 {
        parts[0] += &format!(", {} of them edited: `forge generate` keeps edits", summary.edited);
    }
    if summary.conflicts > 0 {
        parts.push(counted(summary.conflicts, "conflict to decide", "conflicts to decide"));
    }
    if summary.loosening > 0 {
        parts.push(counted(summary.loosening, "change loosens security", "changes loosen security"));
    }
    if summary.costing_data > 0 {
        parts.push(counted(summary.costing_data, "change may cost data", "changes may cost data"));
    }
    parts.join("; ")
}

/// The names of the two sides of a hunk, and of the file under them: `disk/api/Dockerfile`.
fn sides(names: &Names, file: &Reviewed, stays: bool) -> (String, String) {
    let name = |there: bool, side: &str, path: &str| {
        if there { format!("{side}/{}", shown(path)) } else { "/dev/null".to_owned() }
    };
    if stays {
        return (name(true, &names.wanted, &file.path), name(true, &names.there, &file.path));
    }
    let is_found = !matches!(file.kind, Kind::New | Kind::Gone);
    let is_wanted = !matches!(file.kind, Kind::Unwanted | Kind::Orphaned);
    (name(is_found, &names.there, file.from.as_ref().unwrap_or(&file.path)), name(is_wanted, &names.wanted, &file.path))
}

/// Whose a hunk is, in words; nothing where the reason of the file says it already.
fn owner(file: &Reviewed, hunk: &Hunk) -> String {
    match (hunk.conflict, hunk.stays) {
        _ if !file.is_mixed() => String::new(),
        (true, _) => " conflict: both sides".to_owned(),
        (false, true) => " edited by hand: kept".to_owned(),
        (false, false) => format!(" {}", Movers { parties: hunk.by.clone(), versions: None }.words()),
    }
}

/// What a difference means, in a line, with whose doing it is where the file has several.
fn meaning(file: &Reviewed, said: &Said) -> String {
    let by = if file.is_mixed() && said.by == [Party::Edit] { " (edited by hand)" } else { "" };
    let cost = said.cost.map(|it| format!("{}: ", costs(it))).unwrap_or_default();
    format!("{cost}{}{by}", said.words())
}

/// A rule that a file breaks, in a line.
fn lack(it: &Lack) -> String {
    let place = match it.subjects.as_slice() {
        [] if it.count > 1 => format!("line {} and {} more", it.line, it.count - 1),
        [] => format!("line {}", it.line),
        [_, _, _, _, ..] => format!("{} and {} more", it.subjects[..3].join(", "), it.subjects.len() - 3),
        few => few.join(", "),
    };
    format!("{}: {} ({})", it.rule, it.message, super::visible(&place))
}

/// A path as it can stand in a line.
fn shown(path: &str) -> String {
    path.escape_debug().to_string()
}
