//! Changes, and the words for them.

use super::{Cost, between};

/// What is said of a change, a line each; `!` stands before what gives up security, `$` before what may cost data.
pub(super) fn said(path: &str, before: &str, after: &str) -> Vec<String> {
    let them = between(path, Some(before), Some(after)).expect("both texts can be read");
    let line = |it: &super::Meaning| {
        let at = if it.at.is_empty() { String::new() } else { format!("{}: ", it.at) };
        let mark = it.cost.map_or("", |it| if it == Cost::Security { "! " } else { "$ " });
        format!("{mark}{at}{}", it.what)
    };
    them.iter().map(line).collect()
}

/// Checks a table of texts before and after, and the words; an empty one says that nothing is different.
pub(super) fn check(path: &str, table: &[(&str, &str, &[&str])], whole: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    for (before, after, expected) in table {
        let found = said(path, &whole(before), &whole(after));
        if found != *expected {
            wrong.push(format!("{before}\n{after}\n  {}\n  expected {}", found.join("\n  "), expected.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_no_known_format_has_no_meaning() {
    assert_eq!(between("notes.txt", Some("a"), Some("b")), None);
    assert_eq!(between("compose.yaml", Some("a: ["), Some("a: []")), None);
    assert_eq!(between("compose.yaml", Some("- a"), Some("a: []")), None);
}

#[test]
fn what_looks_like_a_credential_is_never_shown() {
    let text = |it: &str| {
        format!(
            "services:\n  a: {{image: x:1, environment: {{DB_PASSWORD: {it}}}, labels: [\"to=postgres://u:{it}@db/\"]}}\n"
        )
    };
    let said = said("compose.yaml", &text("hunter2secret"), &text("correcthorse9"));
    assert_eq!(said, ["services.a: environment DB_PASSWORD changed", "services.a: label to changed"]);
}

#[test]
fn no_terminal_obeys_a_meaning() {
    let text = |it: &str| format!("services:\n  a: {{image: x:1, hostname: \"{it}\"}}\n");
    assert_eq!(
        said("compose.yaml", &text("a"), &text("\\e[2Jb\\n\u{202e}c")),
        ["services.a: hostname a → \\u{1b}[2Jb\\n\\u{202e}c"]
    );
}
