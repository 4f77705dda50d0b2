//! Values of YAML in one spelling.

use crate::yaml::{Node, Value};

/// A scalar as text; of anything else, all of it on one line with the keys of maps in order.
pub(super) fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Null => String::new(),
        Value::Bool(it) => it.to_string(),
        Value::Number(it) => it.to_string(),
        Value::String(it) => it.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, it)| format!("{key}: {}", canonical(it))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
