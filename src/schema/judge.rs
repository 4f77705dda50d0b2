//! What the schema has to say about a document, in words.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Keyword, Registry, ValidationError, Validator};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Choices, name_properties, without_overlay};
use crate::codes;
use crate::credential::is_secret;
use crate::diagnostic::{Diagnostic, Path, Place, Step, listed};
use crate::spec::Spec;
use crate::yaml::{Doc, flow};

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

/// What is measured, by the titles of the schema, and how a number of it is written.
const MEASURED: [(&str, [(&str, &str); 2]); 3] = [
    ("duration", [("s", "seconds"), ("m", "minutes")]),
    ("rate", [("r/s", "requests a second"), ("r/m", "requests a minute")]),
    ("size", [("M", "MiB"), ("G", "GiB")]),
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

/// A schema that is ready to judge documents.
pub struct Judge {
    pub(super) schema: Value,
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
                let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
                let known: Vec<String> = options.as_array().into_iter().flatten().map(text).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let typed = &text(error.instance());
                out.push(none_of(here, &shown, typed, &known));
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
                if let Some(help) = unit(schema, error.instance()) {
                    let message = format!("{} is a number without its unit", named(&at));
                    out.push(Diagnostic::error(&codes::WRONG_TYPE, here, message).help(help));
                    return;
                }
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
            out.push(none_of(Place::Value(at.clone()), &shown(error.instance()), typed, &words));
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
            let fits = |pattern: &str| Regex::new(pattern).is_ok_and(|it| it.is_match(&instance.to_string()));
            if !MEASURED.iter().any(|(title, _)| schema["title"] == *title)
                && schema["pattern"].as_str().is_none_or(fits)
            {
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

/// What was typed is no choice.
fn none_of(place: Place, shown: &str, typed: &str, known: &[&str]) -> Diagnostic {
    let message = match known {
        [one] => format!("{shown} is not `{one}`, which is all that can stand here"),
        _ => format!("{shown} is none of {}", listed(known)),
    };
    Diagnostic::error(&codes::UNKNOWN_CHOICE, place, message).nearest(typed, known.iter().copied())
}

/// How a bare number is written where something is measured: `memory: 512` lacks a unit, and quotes would not give it one.
fn unit(schema: &Value, instance: &Value) -> Option<String> {
    let count = instance.as_u64().filter(|it| *it > 0)?;
    let (_, [(unit, name), (other, more)]) = MEASURED.iter().find(|(title, _)| schema["title"] == *title)?;
    Some(format!("write `{count}{unit}` for {count} {name}, or `{count}{other}` for {count} {more}"))
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
