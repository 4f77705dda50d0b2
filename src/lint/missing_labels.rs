//! Images that do not say what they are.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "missing-labels",
    severity: Severity::Warning,
    message: "the image has no OCI labels",
    help: "say at least what it is and which version: `LABEL org.opencontainers.image.title=\"shop-api\" org.opencontainers.image.version=\"$VERSION\"`",
    lifted: Lifted::Quiet,
    bad: r#"FROM node:24-slim
CMD ["node", "server.js"]
"#,
    good: r#"FROM node:24-slim
LABEL org.opencontainers.image.title="shop-web"
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((stage, _)) = dockerfile.last() else { return };
    let labels = dockerfile.image().into_iter().filter(|it| it.name == "LABEL").flat_map(|it| it.pairs());
    if !labels.into_iter().any(|(name, _)| name.starts_with("org.opencontainers.image.")) {
        found.at(&stage.at);
    }
}
