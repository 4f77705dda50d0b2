//! Notes at the lines of files, as GitHub's workflow log and code scanning read them.

use serde_json::json;

use super::{in_block, lack, meaning};
use crate::compare::{Kind, Party};
use crate::meaning::Cost;
use crate::report::github::{data, property};
use crate::report::sarif::{failed_report, report};
use crate::review::{Hunk, Review, Reviewed, Said, Trouble};

/// How much a note weighs, by the name that both formats have for it.
type Level = &'static str;

const NOTICE: Level = "notice";
const WARNING: Level = "warning";
const ERROR: Level = "error";

const LOOSENS_SECURITY: &str = "loosens-security";
const COSTS_DATA: &str = "costs-data";

/// Something to say at a line of a file as it is on disk.
struct Note<'a> {
    level: Level,
    code: &'static str,
    path: &'a str,
    line: usize,
    text: String,
}

/// Annotations: a conflict is an error, what loosens security or may cost data a warning, and each other file that differs a notice.
pub fn github(review: &Review) -> String {
    if let Some(trouble) = &review.trouble {
        return format!("::error title=forge::{}\n", data(&told(trouble)));
    }
    let line = |it: &Note<'_>| {
        let (level, path, line, title) = (it.level, property(it.path), it.line, property(it.code));
        format!("::{level} file={path},line={line},title={title}::{}\n", data(&it.text))
    };
    notes(review).iter().map(line).collect()
}

/// SARIF 2.1.0, with the same levels.
pub fn sarif(review: &Review) -> String {
    if let Some(trouble) = &review.trouble {
        return failed_report(&told(trouble));
    }
    let notes = notes(review);
    let rules = [
        ("differs", "a generated file is not what the spec asks for"),
        ("conflict", "an edit and the spec want something else in the same place"),
        ("foreign", "a file is there that never was forge's"),
        ("kept", "a block that is its owner's gives up some security, or may cost data"),
        (LOOSENS_SECURITY, "a difference gives up some security"),
        (COSTS_DATA, "after a difference, data is left behind, or may not be read any more"),
        ("breaks-rule", "a file breaks a rule of the hardening contract that forge's own file keeps"),
    ];
    let rules = rules.iter().filter(|(code, _)| notes.iter().any(|it| it.code == *code));
    let rules: Vec<_> = rules.map(|(code, text)| json!({ "id": code, "shortDescription": { "text": text } })).collect();
    let result = |it: &Note<'_>| {
        json!({
            "ruleId": it.code,
            "level": if it.level == NOTICE { "note" } else { it.level },
            "message": { "text": it.text },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": it.path },
                "region": { "startLine": it.line },
            } }],
        })
    };
    report(rules, notes.iter().map(result).collect())
}

/// Why nothing could be compared, and what to do.
fn told(trouble: &Trouble) -> String {
    let help = trouble.help.as_ref().map(|it| format!("\n{it}")).unwrap_or_default();
    format!("forge could not compare the files: {}{help}", trouble.message)
}

fn notes(review: &Review) -> Vec<Note<'_>> {
    let mut out = Vec::new();
    for file in &review.files {
        let note =
            |level, code, line: usize, text: String| Note { level, code, path: &file.path, line: line.max(1), text };
        let first = file.hunks.first().map_or(1, on_disk);
        let conflicts: Vec<&Hunk> = file.hunks.iter().filter(|it| it.conflict).collect();
        for hunk in &conflicts {
            out.push(note(ERROR, "conflict", on_disk(hunk), file.reason.clone()));
        }
        if conflicts.is_empty() && file.kind == Kind::Unmergeable {
            out.push(note(ERROR, "conflict", first, file.reason.clone()));
        } else if file.kind == Kind::Foreign {
            out.push(note(NOTICE, "foreign", 1, file.reason.clone()));
        } else if conflicts.is_empty() {
            let entries: String =
                file.changelog.iter().map(|it| format!("\nforge {}: {}", it.version, it.text)).collect();
            out.push(note(NOTICE, "differs", first, format!("{}{entries}", file.reason)));
        }
        for said in file.costs() {
            let at = place(file, said).unwrap_or(first);
            let code = if said.cost == Some(Cost::Data) { COSTS_DATA } else { LOOSENS_SECURITY };
            out.push(note(WARNING, code, at, meaning(file, said)));
        }
        for it in file.contact.iter().flat_map(|it| &it.lacks) {
            out.push(note(WARNING, "breaks-rule", it.line, lack(it)));
        }
    }
    for it in &review.kept {
        for said in &it.meanings {
            let line = said.line.unwrap_or(1);
            out.push(Note { level: NOTICE, code: "kept", path: &it.path, line, text: in_block(said) });
        }
    }
    out
}

/// The first line of a hunk that differs, in the file as it is on disk.
fn on_disk(hunk: &Hunk) -> usize {
    let (side, gone) = if hunk.stays { (hunk.new, '-') } else { (hunk.old, '+') };
    let before = hunk.lines.iter().take_while(|it| it.starts_with(' ')).count();
    // Where lines are only missing from the disk, the one above them is the nearest.
    let is_missing = hunk.lines.get(before).is_some_and(|it| it.starts_with(gone));
    // Of a conflict, the marker above the edit is missing from it.
    side.start + before - usize::from(is_missing && before > 0 && !hunk.conflict)
}

/// The line on the disk that something is said about, or the nearest that differs.
fn place(file: &Reviewed, said: &Said) -> Option<usize> {
    let line = said.line?;
    let stays = said.by == [Party::Edit];
    // An edit stands on the disk, and what is to go from it does, too.
    if stays != said.gone {
        return Some(line);
    }
    let of_its_own = file.hunks.iter().filter(|it| it.stays == stays);
    let begins_before = |it: &&Hunk| (if said.gone { it.old } else { it.new }).start <= line;
    of_its_own.rev().find(begins_before).map(on_disk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Lines;

    #[test]
    fn a_note_stands_at_the_line_on_the_disk() {
        let hunk = |stays, lines: &[&str]| Hunk {
            by: vec![Party::Spec],
            conflict: false,
            stays,
            old: Lines { start: 10, count: 4 },
            new: Lines { start: 20, count: 4 },
            lines: lines.iter().map(|it| (*it).to_owned()).collect(),
        };
        assert_eq!(on_disk(&hunk(false, &[" a", " b", "-c", "+d"])), 12);
        assert_eq!(on_disk(&hunk(false, &[" a", " b", "+d", " e"])), 11);
        assert_eq!(on_disk(&hunk(true, &[" a", "-c", "+d", " e"])), 20, "the line of the edit is below what is gone");
        assert_eq!(on_disk(&hunk(true, &[" a", "+d", " e"])), 21);
        assert_eq!(on_disk(&hunk(false, &["+d"])), 10);
    }
}
