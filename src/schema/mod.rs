//! The JSON Schema of a spec, made from the types in `spec`, and what it has to say about a document.

mod compose;
mod judge;
mod overlay;

pub use compose::{COMPOSE, compose_error};
pub use judge::Judge;
pub use overlay::WHOLE;

use jsonschema::ValidationError;
use regex::Regex;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::diagnostic::{Path, Step};
use crate::spec::Spec;
use overlay::add_overlay;

/// What the catalogue adds to the schema: the names that may stand somewhere, and what may be said beside each.
#[derive(Debug, Default, Clone)]
pub struct Choices {
    /// Each stack with the schema of its options: a map of property name to schema.
    pub stacks: Vec<(String, Value)>,
    /// Each kind of backing with what it may be used for, and with the schema of its options.
    pub backings: Vec<(String, Vec<String>, Value)>,
    /// Who can run CI.
    pub providers: Vec<String>,
}

/// The whole schema, draft 2020-12, as `forge schema` prints it.
pub fn document(choices: &Choices) -> Value {
    let mut schema = without_overlay(choices);
    add_overlay(&mut schema);
    schema
}

/// The text of [`document`].
pub fn text(choices: &Choices) -> String {
    serde_json::to_string_pretty(&document(choices)).expect("a schema is JSON") + "\n"
}

/// What can stand at the top of a spec.
pub fn fields() -> Vec<String> {
    let schema = schemars::schema_for!(Spec).to_value();
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// What the schema says of the field at `path`, its default among it; `None` where a spec has no such field. Of what has a name of
/// its author's or a place in a list, `is_there` says whether it is there.
pub fn description(choices: &Choices, path: &Path, is_there: impl Fn(&Path) -> bool) -> Option<String> {
    /// The schema of the next step, and whether any name could stand there.
    fn inside<'a>(all: &'a Value, schema: &'a Value, step: &Step) -> Option<(&'a Value, bool)> {
        let (field, any) = match step {
            Step::Key(key) => {
                let named = schema["patternProperties"].as_object().and_then(|it| it.values().next());
                (schema["properties"].get(&**key), named.or_else(|| schema.get("additionalProperties")))
            }
            Step::Index(_) => (None, schema.get("items")),
        };
        let found = field.map(|it| (it, false)).or(any.map(|it| (it, true))).filter(|(it, _)| it.is_object());
        let referred = schema["$ref"].as_str().and_then(|it| all.pointer(it.trim_start_matches('#')));
        let branches = ["anyOf", "oneOf"].into_iter().filter_map(|it| schema[it].as_array()).flatten();
        found.or_else(|| referred.into_iter().chain(branches).find_map(|it| inside(all, it, step)))
    }
    let all = without_overlay(choices);
    let mut schema = &all;
    for (index, step) in path.0.iter().enumerate() {
        let (next, is_any) = inside(&all, schema, step)?;
        if is_any && !is_there(&Path(path.0[..=index].to_vec())) {
            return None;
        }
        schema = next;
    }
    schema["description"].as_str().map(str::to_owned)
}

/// The schema in which an overlay is any map: what one comes to is judged when it is laid on its spec.
fn without_overlay(choices: &Choices) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Spec>().to_value();
    tidy(&mut schema);
    schema["title"] = json!("forge.yaml");
    compose(&mut schema["$defs"], choices);
    schema
}

/// Whether the schema of a stack's option can be composed into the whole one: it is a schema, and its default fits it.
///
/// # Errors
/// What is wrong with it.
pub fn check_option(schema: &Value) -> Result<(), String> {
    fn patterns(schema: &Value) -> Result<(), String> {
        match schema {
            Value::Array(items) => items.iter().try_for_each(patterns),
            Value::Object(object) => {
                if let Some(pattern) = object.get("pattern").and_then(Value::as_str) {
                    Regex::new(pattern).map_err(|error| error.to_string())?;
                }
                object.values().try_for_each(patterns)
            }
            _ => Ok(()),
        }
    }
    let told = |error: ValidationError<'_>| error.to_string();
    jsonschema::meta::validate(schema).map_err(told)?;
    patterns(schema)?;
    let validator = jsonschema::validator_for(schema).map_err(told)?;
    schema.get("default").map_or(Ok(()), |it| validator.validate(it).map_err(told))
}

/// An optional field may be left out and is not `null`; that way an error names the one shape that is left.
fn tidy(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        schema.as_array_mut().into_iter().flatten().for_each(tidy);
        return;
    };
    if let Some(Value::Array(branches)) = object.get("anyOf")
        && let [one, null] = &branches[..]
        && null["type"] == "null"
    {
        let one = one.clone();
        object.shift_remove("anyOf");
        for (key, value) in one.as_object().into_iter().flatten() {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|it| it != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    // Of a choice between keys, what is said of a branch is said of its key.
    for branch in object.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        let (description, examples) = (branch["description"].clone(), branch["examples"].clone());
        let field = branch.get_mut("properties").and_then(|it| it.as_object_mut()?.iter_mut().next());
        if let Some((key, field)) = field.filter(|_| !description.is_null()) {
            field["description"] = description;
            field["examples"] = examples.clone();
            let whole = examples.as_array().into_iter().flatten().map(|it| json!({ key: it })).collect();
            branch["examples"] = whole;
        }
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.shift_remove("default");
    }
    // Not a property of that name.
    if object.get("format").is_some_and(Value::is_string) {
        object.shift_remove("format");
    }
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            // Examples are data, not schemas.
            "examples" | "default" => {}
            // A name alone, `needs: {db: }`, says that there is nothing more to say.
            "additionalProperties" if value.get("anyOf").is_some() => {}
            "patternProperties" => {
                let maps = value.as_object_mut().into_iter().flat_map(Map::values_mut);
                maps.filter(|it| it.get("anyOf").is_none()).for_each(tidy);
            }
            _ => tidy(value),
        }
    }
}

/// Says of maps with names as keys the same in other words, in which a bad name is an error of the name.
fn name_properties(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(name_properties),
        Value::Object(object) => {
            let named = object.get("patternProperties").and_then(Value::as_object);
            if let Some((pattern, value)) = named.and_then(|it| it.iter().next()).map(|(a, b)| (a.clone(), b.clone())) {
                object.shift_remove("patternProperties");
                object.insert("propertyNames".into(), json!({ "pattern": pattern }));
                object.insert("additionalProperties".into(), value);
            }
            object.values_mut().for_each(name_properties);
        }
        _ => {}
    }
}

fn compose(definitions: &mut Value, choices: &Choices) {
    let names: Vec<&str> = choices.stacks.iter().map(|(name, _)| name.as_str()).collect();
    definitions["Build"]["properties"]["stack"]["enum"] = json!(names);
    let options = choices.stacks.iter().map(|(name, properties)| {
        json!({
            "if": { "properties": { "stack": { "const": name } }, "required": ["stack"] },
            "then": { "properties": { "options": { "properties": properties, "additionalProperties": false } } },
        })
    });
    definitions["Build"]["allOf"] = options.collect();
    let names: Vec<&str> = choices.backings.iter().map(|(name, ..)| name.as_str()).collect();
    definitions["Backing"]["properties"]["kind"]["enum"] = json!(names);
    definitions["Ci"]["properties"]["provider"]["enum"] = json!(choices.providers);
    let kinds = choices.backings.iter().map(|(name, uses, options)| {
        let usage = if uses.is_empty() { json!(false) } else { json!({ "enum": uses }) };
        let options = json!({ "properties": options, "additionalProperties": false });
        json!({
            "if": { "properties": { "kind": { "const": name } }, "required": ["kind"] },
            "then": { "properties": { "use": usage, "options": options } },
        })
    });
    definitions["Backing"]["allOf"] = kinds.collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::yaml;

    fn choices() -> Choices {
        Catalog::new(&[]).expect("the catalogue that comes with forge is whole").choices()
    }

    #[test]
    fn the_schema_satisfies_the_schema_of_schemas_and_its_patterns_compile() {
        fn patterns<'a>(schema: &'a Value, out: &mut Vec<&'a str>) {
            match schema {
                Value::Array(items) => items.iter().for_each(|it| patterns(it, out)),
                Value::Object(object) => {
                    out.extend(object.get("pattern").and_then(Value::as_str));
                    object.values().for_each(|it| patterns(it, out));
                }
                _ => {}
            }
        }
        let judge = Judge::new(&choices());
        for schema in [&judge.schema, &document(&choices())] {
            if let Err(error) = jsonschema::meta::validate(schema) {
                panic!("at {}: {error}", error.instance_path());
            }
        }
        let mut found = Vec::new();
        patterns(&judge.schema, &mut found);
        assert!(found.len() > 20, "{found:?}");
        found.into_iter().for_each(|it| drop(Regex::new(it).unwrap_or_else(|error| panic!("{it}: {error}"))));
    }

    #[test]
    fn every_example_of_the_schema_is_valid_where_it_stands() {
        fn look(part: &Value, pointer: &str, root: &Value, count: &mut usize) {
            for example in part["examples"].as_array().into_iter().flatten() {
                let mut schema = part.clone();
                schema["$defs"] = root["$defs"].clone();
                if let Err(error) = jsonschema::validate(&schema, example) {
                    panic!("{pointer}: the example {example}: {error}");
                }
                *count += 1;
            }
            match part {
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(at, it)| look(it, &format!("{pointer}/{at}"), root, count));
                }
                Value::Object(object) => {
                    let parts =
                        object.iter().filter(|(key, _)| !["examples", "default", "const"].contains(&key.as_str()));
                    parts.for_each(|(key, it)| look(it, &format!("{pointer}/{key}"), root, count));
                }
                _ => {}
            }
        }
        let schema = document(&choices());
        let mut count = 0;
        look(&schema, "", &schema, &mut count);
        assert!(count > 200, "{count}");
    }

    #[test]
    fn an_overlay_takes_back_what_is_a_list_or_a_choice_in_the_spec() {
        let overlay = |overlay: Value| json!({ "forge": 1, "name": "a", "services": { "a": { "image": "a:1" } }, "environments": { "b": { "overlay": overlay } } });
        let schema = document(&choices());
        let service = |it: Value| overlay(json!({ "services": { "a": it } }));
        for (document, valid) in [
            (service(json!({ "needs": { "c": null } })), true),
            (service(json!({ "needs": { "c": { "wait": null } } })), true),
            (service(json!({ "secrets": { "C": null } })), true),
            (service(json!({ "writable": { "/x": { "volume": null, "tmpfs": "1M" } } })), true),
            (service(json!({ "writable": { "/x": { "volumes": null } } })), false),
            (service(json!({ "build": { "version": null } })), true),
            (overlay(json!({ "gateway": { "routes": [{ "path": "/", "limit": "api" }] } })), true),
            (overlay(json!({ "gateway": { "routes": [{ "limit": "api" }] } })), false),
            (overlay(json!({ "secrets": { "C": { "generate": null, "supplied": "by hand" } } })), true),
        ] {
            let result = jsonschema::validate(&schema, &document);
            assert_eq!(result.is_ok(), valid, "{document}: {result:?}");
        }
    }

    #[test]
    fn a_bare_number_is_text_as_it_was_written_where_text_may_stand() {
        let text = "forge: 1\nname: shop\nservices:\n  a:\n    image: a:1\n    environment: { A: 1.10, B: 0x1f, C: 1, D: 1.0 }\n    resources: { limits: { cpus: 1.50 } }\n";
        let doc = yaml::read(text).expect("it is YAML");
        let spec = Judge::new(&choices()).read(&doc).expect("it is valid");
        let environment = &spec.services["a"].environment;
        let values: Vec<&str> = environment.values().map(|it| it.0.as_str()).collect();
        assert_eq!(values, ["1.10", "0x1f", "1", "1.0"]);
    }
}
