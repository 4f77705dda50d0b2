//! Logs that fill the disk, or that nobody keeps.

use super::compose::Service;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;
use crate::yaml::Node;

pub(super) static RULE: Rule = Rule {
    name: "rotating-logs",
    severity: Severity::Warning,
    message: "the container's log grows until the disk is full",
    help: "write `logging: { driver: json-file, options: { max-size: 10m, max-file: \"5\" } }`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1" }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", logging: { driver: json-file, options: { max-size: 10m, max-file: "5" } } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    if service.is_partial() {
        return;
    }
    match service.get("logging.driver").and_then(Node::text) {
        Some("none") => found.say(&service.at("logging.driver"), "nobody keeps the container's log"),
        None | Some("json-file") if service.get("logging.options.max-size").is_none() => {
            found.at(&service.at("logging"));
        }
        // The others rotate by themselves, or leave it to whoever gets the log.
        _ => {}
    }
}
