//! Comments that lift a rule: the only ones that mean something.

use super::subject::{Risk, Subject};
use super::words::EXCEPTION;

/// What other tools' comments begin with that have them look away.
const OTHERS: [&str; 8] = [
    "checkov:skip=",
    "forge: ignore",
    "hadolint ignore=",
    "kics-scan ignore",
    "nosemgrep",
    "shellcheck disable=",
    "trivy:ignore:",
    "zizmor: ignore",
];

/// Adds the exceptions of `text` to its subjects, each to the one that it stands in.
pub(super) fn said(mut subjects: Vec<Subject>, text: &str) -> Vec<Subject> {
    let mut starts: Vec<(usize, usize)> =
        subjects.iter().enumerate().map(|(index, it)| (it.bytes.start, index)).collect();
    starts.sort_unstable();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let comment = line.find('#').filter(|it| *it == 0 || line[..*it].ends_with([' ', '\t']));
        if let Some((rule, reason)) = comment.and_then(|it| exception(&line[it..])) {
            let place = at + comment.unwrap_or_default();
            let index = starts.partition_point(|(start, _)| *start <= place).saturating_sub(1);
            if let Some(subject) = starts.get(index).and_then(|(_, it)| subjects.get_mut(*it)) {
                let shown = if reason.is_empty() { String::new() } else { format!("({reason})") };
                subject.say(&EXCEPTION, rule, shown, &(place..at + line.trim_end().len())).risk(Risk::GRANTS);
            }
        }
        at += line.len();
    }
    subjects
}

/// The rule that a comment lifts, and the reason: of `# exception read-only-root: writes its cache`.
fn exception(comment: &str) -> Option<(&str, &str)> {
    let words = comment.trim_start_matches(['#', ' ', '\t']).trim_end();
    if let Some(rest) = words.strip_prefix("exception ") {
        let (rule, reason) = rest.split_once(':')?;
        let is_rule =
            !rule.is_empty() && rule.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
        return is_rule.then_some((rule, reason.trim()));
    }
    OTHERS.iter().any(|it| words.starts_with(it)).then_some((words, ""))
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::check;

    #[test]
    fn an_exception_gives_something_up() {
        let file = |it: &str| format!("services:\n  a:\n    image: x:1\n{it}  b:\n    image: x:1\n");
        check(
            "compose.yaml",
            &[
                ("", "    # why\n", &[]),
                (
                    "",
                    "    # exception unnamed-volume: is empty\n",
                    &["! services.a: exception unnamed-volume added (is empty)"],
                ),
                ("    # exception unnamed-volume: is empty\n", "", &["services.a: exception unnamed-volume removed"]),
                ("", "    # an exception to every rule: this\n", &[]),
            ],
            file,
        );
        let file = |it: &str| format!("FROM a:1\n{it}RUN a\n");
        let said: &[&str] = &["! stage final: exception hadolint ignore=DL3008 added"];
        check("Dockerfile", &[("", "# hadolint ignore=DL3008\n", said)], file);
    }
}
