//! One JSON document.

use serde_json::json;

use super::{Notice, Positions};

pub(super) fn notices(notices: &[Notice]) -> String {
    let mut positions = Positions::default();
    let list: Vec<_> = notices
        .iter()
        .map(|it| {
            let ((line, column), (end_line, end_column)) = positions.of(it);
            json!({
                "code": it.code,
                "severity": it.severity,
                "message": it.message,
                "help": it.help,
                "path": it.path,
                "start": { "line": line, "column": column, "byte": it.bytes.start },
                "end": { "line": end_line, "column": end_column, "byte": it.bytes.end },
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&json!({ "version": 1, "notices": list })).expect("plain data is JSON");
    text.push('\n');
    text
}
