//! What stands in for a container's environment while its image is built.

use std::collections::BTreeMap;

use crate::project::{Container, Env, SecretVariable};
use crate::spec::{EnvName, Variable, VariableType};

/// The user's part of a URL, and a secret: nothing of production is in an image.
const NOTHING: &str = "build";

/// For programs that read their settings while the image is built, such as Django's `collectstatic`: each variable that
/// `container` will have, constants as they are, and of what the operator sets and what secrets hold something of its kind.
pub(super) fn stand_ins(
    container: &Container,
    made: &BTreeMap<String, SecretVariable>,
    variables: &BTreeMap<EnvName, Variable>,
) -> BTreeMap<String, String> {
    let constants = container.environment.iter().map(|(name, value)| {
        let text = match value {
            Env::Variable => variables.get(name.as_str()).map_or_else(String::new, of_kind),
            Env::Text(text) if made.get(name).is_some_and(|it| it.url) => {
                text.replacen('@', &format!(":{NOTHING}@"), 1)
            }
            // A shell would end the line of a Dockerfile there.
            Env::Text(text) if text.chars().any(char::is_control) => NOTHING.to_owned(),
            Env::Text(text) => text.clone(),
        };
        (name.clone(), text)
    });
    let secrets = made.iter().filter(|(_, it)| !it.url).map(|(name, _)| (name.clone(), NOTHING.to_owned()));
    constants.chain(secrets).collect()
}

/// A value that a program takes for one of this variable: what it is where the operator sets none, or any.
fn of_kind(variable: &Variable) -> String {
    let bound = variable.min.as_ref().or(variable.max.as_ref()).map(|it| it.0.as_str());
    let plain = variable.default.as_ref().filter(|it| !it.0.chars().any(char::is_control));
    plain.map_or_else(
        || match variable.kind {
            VariableType::String => NOTHING.to_owned(),
            VariableType::Integer => bound.unwrap_or("1").to_owned(),
            VariableType::Boolean => "false".to_owned(),
            VariableType::Url => format!("https://{NOTHING}.invalid"),
            VariableType::Email => format!("{NOTHING}@{NOTHING}.invalid"),
            VariableType::Duration => bound.unwrap_or("1s").to_owned(),
            VariableType::OneOf => variable.values.first().map(ToString::to_string).unwrap_or_default(),
        },
        |it| it.0.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_a_value_of_its_kind_and_its_default_first() {
        let of = |kind, default: Option<&str>| {
            let mut declared: Variable = serde_json::from_value(serde_json::json!({})).expect("all may be left out");
            (declared.kind, declared.default) = (kind, default.map(Into::into));
            of_kind(&declared)
        };
        assert_eq!(of(VariableType::Integer, None), "1");
        assert_eq!(of(VariableType::Boolean, None), "false");
        assert_eq!(of(VariableType::Url, None), "https://build.invalid");
        assert_eq!(of(VariableType::Integer, Some("7")), "7");
        assert_eq!(of(VariableType::String, Some("a\nb")), "build");
    }
}
