//! Projects that are called like the folder they happen to lie in.

use super::compose::Compose;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "project-name",
    severity: Severity::Warning,
    message: "the project has no name of its own",
    help: "write `name: shop` at the top: otherwise a checkout in another folder is another project, with other volumes",
    lifted: Lifted::Quiet,
    bad: "\
services:
  api: {}
",
    good: "\
name: shop
services:
  api: {}
",
    check: Check::Compose(check),
};

fn check(compose: &Compose, found: &mut Found<'_>) {
    if compose.root.get("name").is_none() && compose.services().next().is_some() {
        found.at(&compose.head);
    }
}
