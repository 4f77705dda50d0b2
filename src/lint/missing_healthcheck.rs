//! Images that cannot say how they are.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "missing-healthcheck",
    severity: Severity::Warning,
    message: "the image has no `HEALTHCHECK`",
    help: "ask the service itself with what the image has: `HEALTHCHECK CMD [\"node\", \"-e\", \"fetch('http://127.0.0.1:3000/healthz')…\"]`; start order and alerts go by it",
    lifted: Lifted::Quiet,
    bad: r#"FROM node:24-slim
CMD ["node", "server.js"]
"#,
    good: r#"FROM node:24-slim
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server.js"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((stage, _)) = dockerfile.last() else { return };
    match dockerfile.final_one("HEALTHCHECK") {
        None => found.at(&stage.at),
        Some(probe) if probe.text.trim().eq_ignore_ascii_case("none") => {
            found.say(&probe.head, "the image switches its healthcheck off");
        }
        Some(_) => {}
    }
}
