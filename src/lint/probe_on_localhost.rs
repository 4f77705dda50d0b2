//! Probes that depend on how a name is looked up.

use super::dockerfile::Dockerfile;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "probe-on-localhost",
    severity: Severity::Warning,
    message: "the probe asks `localhost`, which may be ::1, where nobody listens",
    help: "write 127.0.0.1: BusyBox' wget takes the first address it gets and tries no other",
    lifted: Lifted::Quiet,
    bad: r#"FROM nginx:1.30
HEALTHCHECK CMD ["wget", "-q", "--spider", "http://localhost/"]
"#,
    good: r#"FROM nginx:1.30
HEALTHCHECK CMD ["wget", "-q", "--spider", "http://127.0.0.1/"]
"#,
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    if let Some(probe) = dockerfile.final_one("HEALTHCHECK").filter(|it| it.text.contains("localhost")) {
        found.at(&probe.find("localhost"));
    }
}
