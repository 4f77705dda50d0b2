//! For people at a terminal.

use std::fmt::Write as _;

use super::{kept, lack, meaning, owner, shown, side, sides};
use crate::compare::Kind;
use crate::report::Look;
use crate::review::{Contact, Names, Review, Reviewed};

/// More than this of one file, nobody reads at first.
const MOST_MEANINGS: usize = 20;

/// Of a repository of examples, the first will do.
const MOST_STRANGERS: usize = 20;

/// More lines than this of a file that never was forge's tell less than what they mean.
const MOST_FOREIGN_LINES: usize = 40;

/// How much is shown, and how.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Colours and width.
    pub look: Look,
    /// Old and new lines beside each other.
    pub side_by_side: bool,
    /// All lines, also of files that have little in common with what forge wants.
    pub all: bool,
}

/// Files that differ: the reason, what the difference means with what gives up security or data first, and the lines. The `-` side is
/// what is there, the `+` side what forge wants; for an edit that stays it is the other way round, so that `+` is what somebody
/// wrote.
pub fn human(review: &Review, detail: Detail) -> String {
    let mut out = String::new();
    let color = detail.look.color;
    for file in &review.files {
        let _ = writeln!(out, "{}", paint(color, "1", &format!("{}: {}", shown(&file.path), file.reason)));
        meanings(file, color, &mut out);
        for entry in &file.changelog {
            let _ = writeln!(out, "  {} {}: {}", paint(color, "2", "forge"), entry.version, entry.text);
        }
        if let Some(contact) = &file.contact {
            first_contact(contact, detail, &mut out);
        }
        lines(&review.sides, file, detail, &mut out);
        out.push('\n');
    }
    for (path, said) in kept(review) {
        let _ = writeln!(out, "{}", paint(color, "1;33", &format!("! {}: {said}", shown(path))));
    }
    strangers(review, color, &mut out);
    next_step(review, &mut out);
    out
}

fn strangers(review: &Review, color: bool, out: &mut String) {
    if review.strangers.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint(color, "1", "under other names:"));
    for stranger in review.strangers.iter().take(MOST_STRANGERS) {
        let _ = writeln!(out, "  {}: {}", shown(&stranger.path), stranger.note);
    }
    more(review.strangers.len().saturating_sub(MOST_STRANGERS), out);
    out.push('\n');
}

/// What to do about files that never were forge's.
fn next_step(review: &Review, out: &mut String) {
    let mut foreign = review.files.iter().filter(|it| it.kind == Kind::Foreign);
    let Some(file) = foreign.next() else { return };
    let rule = file.contact.iter().flat_map(|it| &it.lacks).next().map_or("RULE", |it| &it.rule);
    let _ = writeln!(
        out,
        "help: say in the spec what has to stay; `forge adopt {}` then keeps the rest of the file as an edit. `forge explain {rule}` says why a rule is there",
        shown(&file.path)
    );
}

fn meanings(file: &Reviewed, color: bool, out: &mut String) {
    let all: Vec<_> = file.meanings.iter().flatten().collect();
    let shown = all.len().min(MOST_MEANINGS.max(file.costs().count()));
    for said in &all[..shown] {
        let line = meaning(file, said);
        let _ = if said.cost.is_some() {
            writeln!(out, "{}", paint(color, "1;33", &format!("! {line}")))
        } else {
            writeln!(out, "  {line}")
        };
    }
    more(all.len() - shown, out);
}

fn more(count: usize, out: &mut String) {
    if count > 0 {
        let _ = writeln!(out, "  … and {count} more; `--format json` has them all");
    }
}

fn first_contact(contact: &Contact, detail: Detail, out: &mut String) {
    if !contact.lacks.is_empty() {
        let _ = writeln!(out, "  breaks rules that forge's file keeps:");
        for it in &contact.lacks {
            let _ = writeln!(out, "    {}", lack(it));
        }
    }
    if !contact.has.is_empty() {
        let _ = writeln!(out, "  has what the spec does not say:");
        let most = if detail.all { contact.has.len() } else { MOST_MEANINGS };
        for said in contact.has.iter().take(most) {
            let line = said.words();
            let _ = if said.cost.is_some() {
                writeln!(out, "  {}", paint(detail.look.color, "1;33", &format!("! {line}")))
            } else {
                writeln!(out, "    {line}")
            };
        }
        more(contact.has.len().saturating_sub(most), out);
    }
}

fn lines(names: &Names, file: &Reviewed, detail: Detail, out: &mut String) {
    if let Some(executable) = file.executable {
        let (old, new) = if executable { ("100644", "100755") } else { ("100755", "100644") };
        let _ = writeln!(out, "old mode {old}\nnew mode {new}");
    }
    let count: usize = file.hunks.iter().map(|it| it.lines.len()).sum();
    if file.kind == Kind::Foreign && count > MOST_FOREIGN_LINES && !detail.all {
        let (more, fewer) = file.counts();
        let _ = writeln!(out, "  +{more} -{fewer} lines: `forge diff {}` shows them", shown(&file.path));
        return;
    }
    let color = detail.look.color;
    let mut named = None;
    for hunk in &file.hunks {
        let pair = sides(names, file, hunk.stays);
        if named.as_ref() != Some(&pair) && !detail.side_by_side {
            let _ = writeln!(out, "{}", paint(color, "1", &format!("--- {}", pair.0)));
            let _ = writeln!(out, "{}", paint(color, "1", &format!("+++ {}", pair.1)));
        }
        let _ = writeln!(out, "{}", paint(color, "36", &format!("{}{}", hunk.header(), owner(file, hunk))));
        if detail.side_by_side {
            if named.as_ref() != Some(&pair) {
                side::heading(&pair, detail.look, out);
            }
            side::hunk(hunk, detail.look, out);
        } else {
            for line in &hunk.lines {
                let code = match line.as_bytes().first() {
                    Some(b'-') => "31",
                    Some(b'+') => "32",
                    _ => "",
                };
                let _ = writeln!(out, "{}", paint(color, code, line));
            }
        }
        named = Some(pair);
    }
}

pub(super) fn paint(color: bool, code: &str, text: &str) -> String {
    if color && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
