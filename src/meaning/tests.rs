//! Changes, and the words for them.

use super::between;

/// What is said of a change, a line each; `!` stands before what gives up security.
pub(super) fn said(path: &str, before: &str, after: &str) -> Vec<String> {
    let them = between(path, Some(before), Some(after)).expect("both texts can be read");
    them.iter().map(|it| format!("{}{}: {}", if it.loosens { "! " } else { "" }, it.at, it.what)).collect()
}

#[test]
fn a_compose_file_is_compared_by_service() {
    let text = |image: &str, memory: &str| format!("services:\n  api:\n    image: {image}\n    mem_limit: {memory}\n");
    assert_eq!(
        said("compose.yaml", &text("a:1", "512M"), &text("a:2", "1G")),
        ["! services.api: memory 512M → 1G", "services.api: image a:1 → a:2"]
    );
    assert_eq!(said("compose.yaml", &text("a:1", "512M"), &text("'a:1'", "512m")), [""; 0]);
}
