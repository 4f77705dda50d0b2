//! The JSON Schema of a spec, made from the types in `spec`, and what it has to say about a document.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, Step, listed};
use crate::spec::Spec;
use crate::yaml::Doc;

/// Where the schema is published.
pub const ID: &str = "https://json-schema.org/draft/2020-12/schema";

/// What the catalogue adds to the schema: the names that may stand somewhere, and what may be said beside each.
#[derive(Debug, Default, Clone)]
pub struct Choices {
    /// Each stack with the schema of its options: a map of property name to schema.
    pub stacks: Vec<(String, Value)>,
    /// Each kind of backing with what it may be used for.
    pub backings: Vec<(String, Vec<String>)>,
}

/// The whole schema, draft 2020-12, as `forge schema` prints it.
pub fn document(choices: &Choices) -> Value {
    let mut schema = without_overlay(choices);
    add_overlay(&mut schema);
    schema
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

/// A schema that is ready to judge documents.
pub struct Judge {
    schema: Value,
    validator: Validator,
}

impl Judge {
    /// Compiles the schema with what the catalogue adds to it.
    pub fn new(choices: &Choices) -> Judge {
        let schema = without_overlay(choices);
        let plain = jsonschema::PatternOptions::regex();
        let validator = jsonschema::options().with_pattern_options(plain).build(&schema);
        let validator = validator.expect("the derived schema is a valid schema");
        Judge { schema, validator }
    }

    /// Reads `doc` as a spec.
    ///
    /// # Errors
    /// Everything in which the document differs from the schema.
    pub fn read(&self, doc: &Doc) -> Result<Spec, Vec<Diagnostic>> {
        let value = doc.root.json();
        let mut complaints = Vec::new();
        if value.is_null() {
            let empty = Diagnostic::error(&codes::WRONG_TYPE, Place::Bytes(0..0), "the spec is empty");
            return Err(vec![empty.help("begin with `forge: 1` and `name: …`")]);
        }
        for error in self.validator.iter_errors(&value) {
            self.explain(&error, &mut complaints);
        }
        if complaints.is_empty() {
            match Spec::deserialize(value) {
                Ok(spec) => return Ok(spec),
                // The schema bounds the texts, and a few numbers in them can still be beyond what a machine holds.
                Err(error) => complaints.push(
                    Diagnostic::error(&codes::INVALID_VALUE, Place::Value(Path::default()), error.to_string())
                        .help("write a smaller value"),
                ),
            }
        }
        complaints.dedup();
        Err(complaints)
    }

    fn explain(&self, error: &ValidationError<'_>, out: &mut Vec<Diagnostic>) {
        let at = path(error.instance_path().as_str());
        let parent = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
        let schema = self.schema.pointer(parent).unwrap_or(&Value::Null);
        let here = Place::Value(at.clone());
        let shown = shown(error.instance());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    out.push(self.unknown_key(&at, key, schema));
                }
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or("?");
                let place = if at.0.is_empty() { Place::Bytes(0..0) } else { Place::Key(at.clone()) };
                let mut complaint = Diagnostic::error(
                    &codes::MISSING_KEY,
                    place,
                    format!(
                        "{} lacks `{name}`",
                        if at.0.is_empty() { "the spec".to_owned() } else { format!("`{at}`") }
                    ),
                );
                if let Some(example) = schema.pointer(&format!("/properties/{name}/examples/0")) {
                    complaint = complaint.help(format!("write `{name}: {}`", flow(example)));
                }
                out.push(complaint);
            }
            ValidationErrorKind::Pattern { pattern } => out.push(self.off_pattern(here, &shown, pattern, schema)),
            ValidationErrorKind::Enum { options } => {
                let known: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let typed = error.instance().as_str().unwrap_or_default();
                out.push(
                    Diagnostic::error(&codes::UNKNOWN_CHOICE, here, format!("{shown} is none of {}", listed(&known)))
                        .nearest(typed, known.iter().copied()),
                );
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::OneOfMultipleValid { context } => {
                self.explain_choice(error, context, &at, schema, out);
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(one) => vec![one.to_string()],
                    TypeKind::Multiple(several) => several.iter().map(|it| it.to_string()).collect(),
                };
                let wanted: Vec<&str> = wanted.iter().map(|it| kind_name(it)).collect();
                let mut complaint = Diagnostic::error(
                    &codes::WRONG_TYPE,
                    here,
                    format!("{} is {}, not {}", named(&at), kind_of(error.instance()), alternatives(&wanted)),
                );
                complaint.help = self.type_help(error.instance(), schema, &wanted);
                out.push(complaint);
            }
            ValidationErrorKind::Maximum { .. } if at.to_string() == "forge" => out.push(
                Diagnostic::error(
                    &codes::INVALID_VALUE,
                    here,
                    format!("this forge reads version 1 of the spec, not {shown}"),
                )
                .help("write `forge: 1`, or use a newer forge"),
            ),
            kind => out.push(Diagnostic::error(&codes::INVALID_VALUE, here, plain_words(kind, &shown, error))),
        }
    }

    fn unknown_key(&self, at: &Path, key: &str, schema: &Value) -> Diagnostic {
        let place = Place::Key(at.key(key));
        let inside = if at.0.is_empty() { "a spec".to_owned() } else { format!("`{at}`") };
        if let Some((pattern, _)) = schema["patternProperties"].as_object().and_then(|it| it.iter().next()) {
            return self.off_pattern(place, &format!("`{}`", key.escape_debug()), pattern, &Value::Null);
        }
        let known = schema["properties"].as_object();
        let known = known.into_iter().flat_map(|it| it.keys().map(String::as_str));
        Diagnostic::error(&codes::UNKNOWN_KEY, place, format!("{inside} has no `{}`", key.escape_debug()))
            .nearest(key, known)
    }

    fn off_pattern(&self, place: Place, shown: &str, pattern: &str, schema: &Value) -> Diagnostic {
        let defined = self.schema["$defs"].as_object().into_iter().flat_map(Map::values);
        let described = defined.chain([schema]).find(|it| it["pattern"] == pattern);
        let title = described.and_then(|it| it["title"].as_str()).unwrap_or("value that fits here");
        let help = described.and_then(|it| it["description"].as_str());
        let example = described.and_then(|it| it.pointer("/examples/0"));
        let article = if title.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        let article = if title.ends_with("text") && !title.starts_with("line") { "" } else { article };
        let complaint = Diagnostic::error(
            &codes::INVALID_VALUE,
            place,
            format!("{shown} is not {article} {title}").replace("  ", " "),
        );
        match (help, example) {
            (Some(help), Some(example)) => complaint.help(format!("{help}; for example `{}`", flow(example))),
            _ => complaint,
        }
    }

    /// An object that may have one of several shapes: speaks about the shape that was most likely meant.
    fn explain_choice(
        &self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
        at: &Path,
        schema: &Value,
        out: &mut Vec<Diagnostic>,
    ) {
        let words: Vec<&str> =
            schema["oneOf"].as_array().into_iter().flatten().filter_map(|it| it["const"].as_str()).collect();
        if !words.is_empty() {
            let typed = error.instance().as_str().unwrap_or_default();
            let message = format!("{} is none of {}", shown(error.instance()), listed(&words));
            out.push(
                Diagnostic::error(&codes::UNKNOWN_CHOICE, Place::Value(at.clone()), message).nearest(typed, words),
            );
            return;
        }
        let branches = schema["oneOf"].as_array().or(schema["anyOf"].as_array()).map_or(&[][..], Vec::as_slice);
        let keys: Vec<&str> = branches.iter().filter_map(|it| it["required"].as_array()?.first()?.as_str()).collect();
        if let (Some(object), false) = (error.instance().as_object(), keys.is_empty()) {
            let given: Vec<&str> = keys.iter().copied().filter(|key| object.contains_key(*key)).collect();
            if let [one] = given[..]
                && object.len() == 1
            {
                let meant = branches.iter().position(|it| it["required"][0] == one);
                for inner in meant.and_then(|it| context.get(it)).into_iter().flatten() {
                    self.explain(inner, out);
                }
            } else if let Some(odd) = object.keys().find(|it| !keys.contains(&it.as_str())) {
                out.push(
                    Diagnostic::error(
                        &codes::UNKNOWN_KEY,
                        Place::Key(at.key(odd)),
                        format!("`{at}` has no `{}`", odd.escape_debug()),
                    )
                    .nearest(odd, keys),
                );
            } else {
                out.push(
                    Diagnostic::error(
                        &codes::ONE_OF,
                        Place::Key(at.clone()),
                        format!("`{at}` wants exactly one of {}", listed(&keys)),
                    )
                    .help(if given.is_empty() { "write one of them" } else { "keep one of them" }),
                );
            }
            return;
        }
        // Of a list and a map, the one of the same type as what was written.
        let of_type = |it: &&Vec<ValidationError<'_>>| {
            !it.iter().any(|it| {
                it.instance_path() == error.instance_path() && matches!(it.kind(), ValidationErrorKind::Type { .. })
            })
        };
        if let Some(meant) = context.iter().find(of_type) {
            for inner in meant {
                self.explain(inner, out);
            }
        } else {
            let wanted: Vec<&str> = branches.iter().filter_map(|it| it["type"].as_str()).map(kind_name).collect();
            out.push(Diagnostic::error(
                &codes::WRONG_TYPE,
                Place::Value(at.clone()),
                format!("{} is {}, not {}", named(at), kind_of(error.instance()), alternatives(&wanted)),
            ));
        }
    }

    fn type_help(&self, instance: &Value, schema: &Value, wanted: &[&str]) -> Option<String> {
        if wanted.contains(&"text") && (instance.is_number() || instance.is_boolean()) {
            return Some(format!("put it in quotes: \"{instance}\""));
        }
        if instance.is_null() {
            return Some("leave the key out to have the default".to_owned());
        }
        let example = schema.pointer("/examples/0")?;
        Some(format!("for example `{}`", flow(example)))
    }
}

fn plain_words(kind: &ValidationErrorKind, shown: &str, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Minimum { limit } => format!("{shown} is below {limit}, the least that is allowed"),
        ValidationErrorKind::Maximum { limit } => format!("{shown} is above {limit}, the most that is allowed"),
        ValidationErrorKind::MinItems { limit } => format!("this list needs at least {limit} entries"),
        ValidationErrorKind::MinProperties { limit } => format!("this needs at least {limit} entry"),
        ValidationErrorKind::MaxLength { limit } => format!("{shown} is longer than {limit} characters"),
        ValidationErrorKind::Constant { expected_value } => format!("{shown} should be {expected_value}"),
        _ => error.to_string(),
    }
}

/// A place as messages name it.
fn named(at: &Path) -> String {
    if at.0.is_empty() { "the spec".to_owned() } else { format!("`{at}`") }
}

/// `a list or a map`.
fn alternatives(kinds: &[&str]) -> String {
    match kinds {
        [] => "that".to_owned(),
        [one] => (*one).to_owned(),
        // Where text can stand, numbers and booleans are taken as text.
        several if several.contains(&"text") => "text".to_owned(),
        several => several.join(" or "),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.escape_debug().to_string(),
        other => other.to_string(),
    };
    if text.chars().count() > 60 {
        format!("`{}…`", text.chars().take(60).collect::<String>())
    } else {
        format!("`{text}`")
    }
}

/// A value as somebody would write it on one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, it)| format!("{key}: {}", flow(it))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn kind_name(json_type: &str) -> &str {
    match json_type {
        "null" => "empty",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        "string" => "text",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

fn path(pointer: &str) -> Path {
    let steps = pointer.split('/').skip(1).map(|step| match step.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key(step.replace("~1", "/").replace("~0", "~").into()),
    });
    Path(steps.collect())
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
        let field = branch.get_mut("properties").and_then(|it| it.as_object_mut()?.values_mut().next());
        if let Some(field) = field.filter(|_| !description.is_null()) {
            field["description"] = description;
            field["examples"] = examples;
        }
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.shift_remove("default");
    }
    object.shift_remove("format");
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
    let names: Vec<&str> = choices.backings.iter().map(|(name, _)| name.as_str()).collect();
    definitions["Backing"]["properties"]["kind"]["enum"] = json!(names);
    let uses = choices.backings.iter().map(|(name, uses)| {
        json!({
            "if": { "properties": { "kind": { "const": name } }, "required": ["kind"] },
            "then": { "properties": { "use": if uses.is_empty() { json!(false) } else { json!({ "enum": uses }) } } },
        })
    });
    definitions["Backing"]["allOf"] = uses.collect();
}

/// Adds a copy of every definition in which nothing is required and everything may be `null`, and lets overlays be one.
fn add_overlay(schema: &mut Value) {
    static LEFT_ALONE: [&str; 3] = ["Environment", "Overlay", "Targets"];
    let Some(definitions) = schema["$defs"].as_object().cloned() else { return };
    let mut partial = json!({ "properties": schema["properties"], "type": "object", "additionalProperties": false });
    for key in ["forge", "name", "environments", "targets"] {
        partial["properties"].as_object_mut().map(|it| it.shift_remove(key));
    }
    soften(&mut partial);
    partial["description"] = json!("Part of a spec: everything may be left out, and `null` takes a default back.");
    partial["examples"] = json!([{ "services": { "api": { "replicas": 1 } } }]);
    let all = schema["$defs"].as_object_mut().expect("the derived schema has definitions");
    for (name, mut definition) in definitions {
        if !LEFT_ALONE.contains(&name.as_str()) && definition["type"] != "string" && definition["type"] != "number" {
            soften(&mut definition);
            all.insert(format!("{name}Overlay"), definition);
        }
    }
    all.insert("Overlay".into(), partial);
    // Short texts have no parts, so their overlay is they themselves.
    let kept: Vec<String> = all.keys().cloned().collect();
    for definition in all.values_mut() {
        redirect(definition, &kept);
    }
}

fn soften(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // What chooses between shapes stays: `required` is all that tells them apart.
            if !object.contains_key("oneOf") && !object.contains_key("if") {
                object.shift_remove("required");
            }
            object.shift_remove("minProperties");
            for key in ["properties", "patternProperties"] {
                for value in object.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                    let inner = value.take();
                    let (description, examples) = (inner["description"].clone(), inner["examples"].clone());
                    let mut inner = inner;
                    soften(&mut inner);
                    for key in ["description", "examples", "default"] {
                        inner.as_object_mut().map(|it| it.shift_remove(key));
                    }
                    *value = json!({ "anyOf": [inner, { "type": "null" }] });
                    if !description.is_null() {
                        value["description"] = description;
                        value["examples"] = examples;
                    }
                }
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                reference.push_str("Overlay");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(soften),
        _ => {}
    }
}

fn redirect(schema: &mut Value, kept: &[String]) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                let name = reference.trim_start_matches("#/$defs/");
                if name != "Overlay" && !kept.iter().any(|it| it == name) {
                    *reference = reference.trim_end_matches("Overlay").to_owned();
                }
            }
            object.values_mut().for_each(|it| redirect(it, kept));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| redirect(it, kept)),
        _ => {}
    }
}

/// The compose-spec schema, to read back what was written.
pub static COMPOSE: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../schema/compose-spec.json");
    let schema: Value = serde_json::from_str(text).expect("the compose-spec schema in the repository is JSON");
    jsonschema::validator_for(&schema).expect("the compose-spec schema in the repository is a schema")
});
