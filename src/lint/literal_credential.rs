//! Passwords in a file that is committed.

use super::compose::{Service, assume, bytes, text, variables};
use super::{Check, Found, Lifted, Rule};
use crate::credential::{argument_passwords, has_password, is_harmless, is_secret};
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
        let literal = !value.contains('$') && !is_harmless(&value);
        if (is_secret(variable.name) && literal) || has_password(&value) {
            found.say(&variable.bytes, format!("the value of `{}` stands in the file", variable.name));
        }
    }
    let command = service.get("command");
    let words: Vec<_> = command.map(|it| it.items().iter().chain([it])).into_iter().flatten().collect();
    let texts: Vec<String> =
        words.iter().map(|it| text(it).map(|it| assume(&it).into_owned()).unwrap_or_default()).collect();
    for index in argument_passwords(texts.iter().map(String::as_str)) {
        found.say(&bytes(words[index]), "a password stands among the arguments");
    }
}
