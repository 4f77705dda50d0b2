//! Probes that ask nobody.

use super::compose::Service;
use super::probe_cannot_fail::cannot_fail;
use super::shell::{self, Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "healthcheck-cannot-fail",
    severity: Severity::Warning,
    message: "the probe succeeds whatever the service does",
    help: "let the probe end with another status than 0 when the service does not answer: no `|| true`, no `exit 0` at its end; `redis-cli` needs `-e`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  cache: { image: "redis:8", healthcheck: { test: [CMD, redis-cli, ping] } }
"#,
    good: r#"name: shop
services:
  cache: { image: "redis:8", healthcheck: { test: [CMD, redis-cli, -e, ping] } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let words = service.probe();
    let commands = match words.as_slice() {
        [kind, rest @ ..] if kind == "CMD" => vec![Command::of(rest.iter().map(ToString::to_string).collect(), 0..0)],
        [kind, script] if kind == "CMD-SHELL" => shell::commands(&script.replace("$$", "$"), 0),
        [script] => shell::commands(&script.replace("$$", "$"), 0),
        _ => return,
    };
    // Without -e an error of the server's is status 0.
    let asks_in_vain =
        |it: &Command| matches!(it.program(), "redis-cli" | "valkey-cli") && !it.has(&["-e"]) && it.next != Join::Pipe;
    if cannot_fail(&commands) || matches!(commands.as_slice(), [only] if asks_in_vain(only)) {
        found.at(&service.at("healthcheck.test"));
    }
}
