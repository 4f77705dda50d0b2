//! Passwords in a file that is committed.

use super::compose::{Service, assume, bytes, text, variables};
use super::secret::{has_password, is_secret};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "literal-credential",
    severity: Severity::Error,
    message: "a secret stands in the file",
    help: "put it into a file of its own under `secrets:`, and name that with `…_FILE`; a default in `${PASSWORD:-…}` is a literal as well",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  db: { image: "postgres:18", environment: { POSTGRES_PASSWORD: hunter2 } }
"#,
    good: r#"name: shop
services:
  db: { image: "postgres:18", environment: { POSTGRES_PASSWORD_FILE: /run/secrets/DB_PASSWORD } }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    let arguments = service.get("build.args").map(variables).unwrap_or_default();
    for variable in service.environment.iter().chain(&arguments) {
        let Some(value) = variable.value.as_deref().map(assume) else { continue };
        let is_literal =
            !value.is_empty() && !value.contains('$') && !matches!(&*value, "true" | "false" | "yes" | "no");
        if (is_secret(variable.name) && is_literal && !value.starts_with("/run/secrets/")) || has_password(&value) {
            found.say(&variable.bytes, format!("the value of `{}` stands in the file", variable.name));
        }
    }
    let command = service.get("command");
    let words: Vec<_> = command.map(|it| it.items().iter().chain([it])).into_iter().flatten().collect();
    for (index, node) in words.iter().enumerate() {
        let Some(word) = text(node) else { continue };
        let next = words.get(index + 1).and_then(|it| text(it));
        if gives_password(&assume(&word), next.as_deref()) {
            found.say(&bytes(node), "a password stands among the arguments");
        }
    }
}

/// `--requirepass x`, `--password=x`, and the same within one text.
fn gives_password(word: &str, next: Option<&str>) -> bool {
    const OPTIONS: &[&str] = &["--requirepass", "--password", "--masterauth", "--rootpassword"];
    let is_literal = |it: &str| !it.is_empty() && !it.contains('$') && !it.starts_with('-');
    OPTIONS.iter().any(|option| match word.split_once(option) {
        Some((_, "")) => next.is_some_and(is_literal),
        Some((_, rest)) => {
            rest.strip_prefix(['=', ' ']).and_then(|it| it.split_whitespace().next()).is_some_and(is_literal)
        }
        None => false,
    })
}
