//! SARIF 2.1.0, as code scanning reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Notice, Positions};
use crate::diagnostic::Severity;

pub(super) fn notices(notices: &[Notice], explain: &dyn Fn(&str) -> Option<String>) -> String {
    let codes: BTreeSet<&str> = notices.iter().map(|it| it.code.as_str()).collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| {
            let text = explain(code).unwrap_or_else(|| (*code).to_owned());
            json!({ "id": code, "shortDescription": { "text": code }, "help": { "text": text } })
        })
        .collect();
    let mut positions = Positions::default();
    let results: Vec<_> = notices
        .iter()
        .map(|it| {
            let ((line, column), (end_line, end_column)) = positions.of(it);
            let text = match &it.help {
                Some(help) => format!("{}\n{help}", it.message),
                None => it.message.clone(),
            };
            json!({
                "ruleId": it.code,
                "level": match it.severity { Severity::Error => "error", Severity::Warning => "warning" },
                "message": { "text": text },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": it.path },
                    "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column.max(if line == end_line { column + 1 } else { 1 }) },
                } }],
            })
        })
        .collect();
    report(rules, results)
}

/// A whole report of one run.
pub(super) fn report(rules: Vec<Value>, results: Vec<Value>) -> String {
    let driver = json!({ "name": "forge", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    document(&json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }))
}

/// The report of a run that failed before it could find anything, with the reason.
pub(super) fn failed_report(why: &str) -> String {
    let driver = json!({ "name": "forge", "version": env!("CARGO_PKG_VERSION") });
    let notification = json!({ "level": "error", "message": { "text": why } });
    let invocation = json!({ "executionSuccessful": false, "toolExecutionNotifications": [notification] });
    document(&json!({ "tool": { "driver": driver }, "invocations": [invocation], "results": [] }))
}

fn document(run: &Value) -> String {
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    let mut text = serde_json::to_string_pretty(&report).expect("plain data is JSON");
    text.push('\n');
    text
}
