//! The JSON Schema of a spec, made from the types in `spec`, and what it has to say about a document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Keyword, Registry, ValidationError, Validator};
use regex::Regex;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::codes;
use crate::credential::is_secret;
use crate::diagnostic::{Diagnostic, Path, Place, Step, listed};
use crate::spec::Spec;
use crate::yaml::{Doc, flow};

/// What the catalogue adds to the schema: the names that may stand somewhere, and what may be said beside each.
#[derive(Debug, Default, Clone)]
pub struct Choices {
    /// Each stack with the schema of its options: a map of property name to schema.
    pub stacks: Vec<(String, Value)>,
    /// Each kind of backing with what it may be used for.
    pub backings: Vec<(String, Vec<String>)>,
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

/// The schema in which an overlay is any map: what one comes to is judged when it is laid on its spec.
fn without_overlay(choices: &Choices) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Spec>().to_value();
    tidy(&mut schema);
    schema["title"] = json!("forge.yaml");
    compose(&mut schema["$defs"], choices);
    schema
}

/// What people write who know compose, the field of forge that does it, and how.
const COMPOSE_HABITS: [(&str, &str, &str); 14] = [
    ("depends_on", "needs", "write `needs: [NAME]`: it waits for health, and joins the network"),
    ("networks", "needs", "networks follow from `needs`: name what this one calls"),
    ("links", "needs", "write `needs: [NAME]`"),
    ("volumes", "writable", "write `writable: { /path: { volume: NAME } }`"),
    ("tmpfs", "writable", "write `writable: { /path: { tmpfs: 64M } }`"),
    (
        "env_file",
        "variables",
        "declare what the operator sets under `variables`, and list the names here: `variables: [NAME]`",
    ),
    ("restart", "command", "leave it out: forge lets every service start again"),
    ("container_name", "command", "leave it out: a fixed name would stand in the way of replicas"),
    ("expose", "port", "write `port: 8000`"),
    ("deploy", "resources", "write `replicas:` and `resources: { limits: { … } }`"),
    ("mem_limit", "resources", "write `resources: { limits: { memory: 512M } }`"),
    ("cpus", "resources", "write `resources: { limits: { cpus: 1 } }`"),
    ("entrypoint", "command", "write `command:`; the image keeps its entrypoint"),
    ("user", "build", "write `build: { user: { uid: 10001 } }`"),
];

/// Where the validator finds the schema.
const INNER_ID: &str = "urn:forge:spec";

/// A pattern that is compiled when the first text asks for it: most specs use few of those that there are, and compiling
/// all takes longer than everything else that a small spec needs.
#[derive(Clone)]
struct LazyPattern(Arc<LazyLock<Regex, Box<dyn FnOnce() -> Regex + Send>>>, Arc<str>);

impl LazyPattern {
    fn new(pattern: String) -> LazyPattern {
        let text: Arc<str> = pattern.as_str().into();
        let compile = move || Regex::new(&pattern).expect("a test compiles all patterns of the schema");
        LazyPattern(Arc::new(LazyLock::new(Box::new(compile))), text)
    }
}

impl<'i> Keyword<'i> for LazyPattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        // The message is the pattern itself, for `Judge::explain`.
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom(&*self.1)) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|it| self.0.is_match(it))
    }
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

/// A schema that is ready to judge documents.
pub struct Judge {
    schema: Value,
    validator: Validator,
}

impl Judge {
    /// Compiles the schema with what the catalogue adds to it.
    pub fn new(choices: &Choices) -> Judge {
        let mut schema = without_overlay(choices);
        name_properties(&mut schema);
        let validator = validator(&schema);
        Judge { schema, validator }
    }

    /// Reads `doc` as a spec.
    ///
    /// # Errors
    /// Everything in which the document differs from the schema.
    pub fn read(&self, doc: &Doc) -> Result<Spec, Vec<Diagnostic>> {
        let mut value = doc.root.json();
        let mut complaints = Vec::new();
        if value.is_null() {
            let empty = Diagnostic::error(&codes::WRONG_TYPE, Place::Bytes(0..0), "the spec is empty");
            return Err(vec![empty.help("begin with `forge: 1` and `name: …`")]);
        }
        for error in self.validator.iter_errors(&value) {
            self.explain(&error, &mut complaints);
        }
        if complaints.is_empty() {
            self.keep_words(doc, &mut value);
            match Spec::deserialize(value) {
                Ok(spec) => return Ok(spec),
                // The schema bounds the texts, and a few numbers in them can still be beyond what a machine holds.
                Err(error) => complaints.push(
                    Diagnostic::error(&codes::INVALID_VALUE, Place::Value(Path::default()), error.to_string())
                        .help("write a smaller value"),
                ),
            }
        }
        Err(told_once(complaints))
    }

    /// What is left of a document when everything is taken out of it that the schema refuses, with the paths of that: so
    /// that what is wrong with the rest can be told in the same run. `None` where too little is left.
    pub fn salvage(&self, doc: &Doc) -> Option<(Doc, Spec, Vec<Path>)> {
        let mut rest = doc.clone();
        let mut taken = Vec::new();
        // Each round takes something out; what is wrong behind a missing key shows when its map is gone.
        for _ in 0..8 {
            let value = rest.root.json();
            let mut paths = Vec::new();
            for error in self.validator.iter_errors(&value) {
                let at = path(error.instance_path().as_str());
                match error.kind() {
                    ValidationErrorKind::AdditionalProperties { unexpected } => {
                        paths.extend(unexpected.iter().map(|key| at.key(key)));
                    }
                    ValidationErrorKind::PropertyNames { error } => {
                        paths.push(at.key(error.instance().as_str().unwrap_or_default()));
                    }
                    _ => paths.push(at),
                }
            }
            if paths.is_empty() {
                return Spec::deserialize(value).ok().map(|spec| (rest, spec, taken));
            }
            // From the end, so that the places of the others in a list stay what they are.
            paths.sort();
            paths.dedup();
            for path in paths.into_iter().rev() {
                rest.root.remove(&path).then(|| taken.push(path))?;
            }
        }
        None
    }

    /// Where text may stand, a bare number is the text that was written: `1.10` is not `1.1`, and `0x1f` not `31`.
    fn keep_words(&self, doc: &Doc, value: &mut Value) {
        let mut odd = doc.rewritten_numbers();
        for (pointer, written, _) in &odd {
            *value.pointer_mut(pointer).expect("it is the same tree") = Value::String(written.clone());
        }
        while !odd.is_empty() {
            let refused: Vec<String> =
                self.validator.iter_errors(value).map(|it| it.instance_path().as_str().to_owned()).collect();
            if refused.is_empty() {
                return;
            }
            // Only a number fits there; or, where one of several shapes is asked for, somewhere below.
            let before = odd.len();
            odd.retain(|(pointer, _, number)| {
                let is_text = !refused.iter().any(|it| is_below(pointer, it));
                if !is_text {
                    *value.pointer_mut(pointer).expect("it is the same tree") = Value::Number(number.clone());
                }
                is_text
            });
            assert!(odd.len() < before, "what was valid with numbers is invalid for the sake of something else");
        }
    }

    fn explain(&self, error: &ValidationError<'_>, out: &mut Vec<Diagnostic>) {
        let at = path(error.instance_path().as_str());
        let parent = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
        let schema = self.schema.pointer(parent).unwrap_or(&Value::Null);
        let here = Place::Value(at.clone());
        // A value in the wrong place is a secret all the same.
        let is_hidden = matches!(at.0.last(), Some(Step::Key(key)) if is_secret(key)) && error.instance().is_string();
        let shown = if is_hidden { "the value".to_owned() } else { shown(error.instance()) };
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
            ValidationErrorKind::Custom { message: pattern, .. } => {
                out.push(self.off_pattern(here, &shown, pattern, schema));
            }
            ValidationErrorKind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default();
                let pattern = self.schema.pointer(error.schema_path().as_str()).and_then(Value::as_str);
                let shown = format!("`{}`", key.escape_debug());
                out.push(self.off_pattern(Place::Key(at.key(key)), &shown, pattern.unwrap_or_default(), &Value::Null));
            }
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
                complaint.help = self.type_help(&at, error.instance(), schema, &wanted);
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
        let known: Vec<&str> =
            schema["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let complaint =
            Diagnostic::error(&codes::UNKNOWN_KEY, place, format!("{inside} has no `{}`", key.escape_debug()));
        if known.contains(&"overlay") && self.schema["properties"].get(key).is_some() {
            return complaint.help(format!("put it below `overlay:`, as `overlay: {{ {key}: … }}`"));
        }
        let habit = COMPOSE_HABITS.iter().find(|(habit, meant, _)| *habit == key && known.contains(meant));
        match habit {
            Some((_, _, help)) => complaint.help(*help),
            None => complaint.nearest(key, known),
        }
    }

    /// An example of what belongs at `path`: that of the innermost field that has one.
    fn example(&self, path: &Path) -> Option<&Value> {
        fn inside<'a>(judge: &'a Judge, schema: &'a Value, step: &Step) -> Option<&'a Value> {
            let referred = schema["$ref"].as_str().and_then(|it| judge.schema.pointer(it.trim_start_matches('#')));
            let inner = match step {
                Step::Key(key) => schema["properties"].get(&**key).or_else(|| schema.get("additionalProperties")),
                Step::Index(_) => schema.get("items"),
            };
            let branches = ["anyOf", "oneOf"].into_iter().filter_map(|it| schema[it].as_array()).flatten();
            let inner = inner.filter(|it| it.is_object());
            inner.or_else(|| referred.into_iter().chain(branches).find_map(|it| inside(judge, it, step)))
        }
        let field = path.0.iter().try_fold(&self.schema, |schema, it| inside(self, schema, it))?;
        field.pointer("/examples/0")
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
            (Some(help), Some(example)) => {
                complaint.help(format!("{}; for example `{}`", help.trim_end_matches('.'), flow(example)))
            }
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
            let message = format!("{} is {}, not {}", named(at), kind_of(error.instance()), alternatives(&wanted));
            let mut complaint = Diagnostic::error(&codes::WRONG_TYPE, Place::Value(at.clone()), message);
            complaint.help = self.type_help(at, error.instance(), schema, &wanted);
            out.push(complaint);
        }
    }

    fn type_help(&self, at: &Path, instance: &Value, schema: &Value, wanted: &[&str]) -> Option<String> {
        if wanted.contains(&"text") && (instance.is_number() || instance.is_boolean()) {
            // `memory: 512` lacks a unit; quotes would not give it one.
            let fits = |pattern: &str| Regex::new(pattern).is_ok_and(|it| it.is_match(&instance.to_string()));
            if schema["title"] != "size" && schema["pattern"].as_str().is_none_or(fits) {
                return Some(format!("put it in quotes: \"{instance}\""));
            }
        } else if instance.is_null() {
            // A map with keys that have to be in it cannot be empty.
            let is_map = wanted.contains(&"a map");
            if let Some(example) = self.example(at).filter(|_| is_map && schema.get("required").is_some()) {
                return Some(format!("for example `{}`", flow(example)));
            }
            return Some(
                if is_map { "write `{}` for one with nothing in it" } else { "leave the key out to have the default" }
                    .to_owned(),
            );
        }
        let example = self.example(at).or_else(|| schema.pointer("/examples/0"))?;
        Some(format!("for example `{}`", flow(example)))
    }
}

fn validator(schema: &Value) -> Validator {
    // Behind a reference the schema is not itself checked against the schema of schemas, which would be a third of the
    // work of a small run; a test does that once for all. Only the reference is, so it is in the draft with the smallest.
    let registry = Registry::new().add(INNER_ID, Draft::Draft202012.create_resource_ref(schema));
    let registry = registry.and_then(|it| it.prepare()).expect("the derived schema is a valid schema");
    let patterns: Mutex<HashMap<String, LazyPattern>> = Mutex::default();
    let options = jsonschema::options().with_draft(Draft::Draft4).with_registry(&registry).with_keyword(
        "pattern",
        move |_, value, _| {
            let pattern = value.as_str().unwrap_or_default();
            let mut patterns = patterns.lock().expect("nobody panics with it");
            let it = patterns.entry(pattern.to_owned()).or_insert_with(|| LazyPattern::new(pattern.to_owned()));
            Ok(Box::new(it.clone()))
        },
    );
    options.build(&json!({ "$ref": INNER_ID })).expect("the derived schema is a valid schema")
}

fn plain_words(kind: &ValidationErrorKind, shown: &str, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Minimum { limit } => format!("{shown} is below {limit}, the least that is allowed"),
        ValidationErrorKind::Maximum { limit } => format!("{shown} is above {limit}, the most that is allowed"),
        ValidationErrorKind::MinItems { limit } => {
            format!("this list has fewer than {limit}, the least that is asked for")
        }
        ValidationErrorKind::MinProperties { limit } => {
            format!("this has fewer than {limit}, the least that is asked for")
        }
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
        [one, rest @ ..] if rest.iter().all(|it| it == one) => (*one).to_owned(),
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

/// The same without what says of one mistake what another complaint says better: a choice that is of the wrong type, and
/// a key that is missing because it was misspelt.
fn told_once(mut complaints: Vec<Diagnostic>) -> Vec<Diagnostic> {
    complaints.dedup();
    let wrong: Vec<Place> =
        complaints.iter().filter(|it| it.code == &codes::WRONG_TYPE).map(|it| it.place.clone()).collect();
    let meant: Vec<String> = complaints
        .iter()
        .filter(|it| it.code == &codes::UNKNOWN_KEY)
        .filter_map(|it| it.help.as_ref()?.strip_prefix("did you mean `")?.strip_suffix("`?").map(str::to_owned))
        .collect();
    complaints.retain(|it| {
        let is_second = it.code == &codes::UNKNOWN_CHOICE && wrong.contains(&it.place);
        let is_misspelt =
            it.code == &codes::MISSING_KEY && meant.iter().any(|key| it.message.ends_with(&format!("lacks `{key}`")));
        !is_second && !is_misspelt
    });
    complaints
}

/// Whether one JSON pointer is the other, or leads on from it.
fn is_below(pointer: &str, outer: &str) -> bool {
    pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
    let names: Vec<&str> = choices.backings.iter().map(|(name, _)| name.as_str()).collect();
    definitions["Backing"]["properties"]["kind"]["enum"] = json!(names);
    definitions["Ci"]["properties"]["provider"]["enum"] = json!(choices.providers);
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
    static LEFT_ALONE: [&str; 6] = ["ComposeFile", "Environment", "Layout", "Overlay", "Patch", "Targets"];
    let Some(definitions) = schema["$defs"].as_object().cloned() else { return };
    let mut partial = json!({ "properties": schema["properties"], "type": "object", "additionalProperties": false });
    for key in ["forge", "name", "environments", "layout", "patches", "targets", "ci"] {
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
    // Routes merge by host and path, so those of an overlay can be parts as well.
    all["GatewayOverlay"]["properties"]["routes"]["anyOf"][0]["items"] = json!({ "$ref": "#/$defs/RouteOverlay" });
    all["RouteOverlay"]["required"] = json!(["path"]);
    // Short texts have no parts, so their overlay is they themselves.
    let kept: Vec<String> = all.keys().cloned().collect();
    for definition in all.values_mut() {
        redirect(definition, &kept);
    }
    let mut used = Vec::new();
    reach(schema, schema, &mut used);
    let all = schema["$defs"].as_object_mut().expect("the derived schema has definitions");
    all.retain(|name, _| used.contains(name));
}

/// The names of all definitions that `part` of `schema` refers to, directly or through others.
fn reach(schema: &Value, part: &Value, used: &mut Vec<String>) {
    match part {
        Value::Array(items) => items.iter().for_each(|it| reach(schema, it, used)),
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/$defs/"))
                && !used.iter().any(|it| it == name)
            {
                used.push(name.to_owned());
                reach(schema, &schema["$defs"][name], used);
            }
            object.iter().filter(|(key, _)| *key != "$defs").for_each(|(_, it)| reach(schema, it, used));
        }
        _ => {}
    }
}

fn soften(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            choose_later(object);
            for branch in object.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
                soften(branch);
            }
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

/// Of a choice between keys, an overlay may change or take back any: which one is left is seen when it is laid on its spec.
fn choose_later(object: &mut Map<String, Value>) {
    let branches = object.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    if branches.is_empty() || !branches.iter().all(|it| it["properties"].is_object()) {
        return;
    }
    let fields = branches.iter().filter_map(|it| it["properties"].as_object()).flatten();
    let fields: Map<String, Value> = fields.map(|(key, it)| (key.clone(), it.clone())).collect();
    object.shift_remove("oneOf");
    object.insert("type".into(), json!("object"));
    object.insert("properties".into(), fields.into());
    object.insert("additionalProperties".into(), json!(false));
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
fn without_nulls(value: &mut serde_json::Value) {
    if let Some(entries) = value.as_object_mut() {
        entries.retain(|_, it| !it.is_null());
        entries.values_mut().for_each(without_nulls);
    }
}

/// The compose-spec schema, to read back what was written.
pub static COMPOSE: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../schema/compose-spec.json");
    let schema: Value = serde_json::from_str(text).expect("the compose-spec schema in the repository is JSON");
    jsonschema::validator_for(&schema).expect("the compose-spec schema in the repository is a schema")
});

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
