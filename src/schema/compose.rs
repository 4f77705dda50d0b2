//! The Compose Specification's own schema.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// What is wrong with the text of a compose file by the Compose Specification's own schema; `None` if nothing is.
pub fn compose_error(text: &str) -> Option<String> {
    let mut value = match crate::yaml::plain(text) {
        Ok(value) => value,
        Err(message) => return Some(message),
    };
    without_nulls(&mut value);
    COMPOSE.iter_errors(&value).next().map(|error| format!("at {}: {error}", error.instance_path()))
}

/// Takes out what is `null`: forge writes that only as `!reset null`, with which an overlay takes an entry away.
fn without_nulls(value: &mut Value) {
    if let Some(entries) = value.as_object_mut() {
        entries.retain(|_, it| !it.is_null());
        entries.values_mut().for_each(without_nulls);
    }
}

/// The compose-spec schema, to read back what was written.
pub static COMPOSE: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../../schema/compose-spec.json");
    let schema: Value = serde_json::from_str(text).expect("the compose-spec schema in the repository is JSON");
    jsonschema::validator_for(&schema).expect("the compose-spec schema in the repository is a schema")
});
