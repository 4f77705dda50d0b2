//! Secrets that are handed over as variables.

use super::compose::{Service, assume};
use super::{Check, Found, Lifted, Rule};
use crate::credential::is_secret;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "secret-file",
    severity: Severity::Warning,
    message: "a secret in a variable shows in `docker inspect`",
    help: "hand it over as a file: `secrets: [DB_PASSWORD]`, read at /run/secrets/DB_PASSWORD, or named with `…_FILE`",
    lifted: Lifted::Quiet,
    bad: r#"name: shop
services:
  api: { image: "api:1", environment: { API_TOKEN: "${API_TOKEN:?}" } }
"#,
    good: r#"name: shop
services:
  api: { image: "api:1", secrets: [API_TOKEN] }
secrets:
  API_TOKEN: { file: ./secrets/API_TOKEN }
"#,
    check: Check::Service(check),
};

fn check(service: &Service<'_>, found: &mut Found<'_>) {
    for variable in service.environment.iter().filter(|it| is_secret(it.name)) {
        let is_from_outside = variable.value.as_deref().is_none_or(|it| assume(it).contains('$'));
        if is_from_outside {
            found.say(&variable.bytes, format!("`{}` shows in `docker inspect`", variable.name));
        }
    }
}
