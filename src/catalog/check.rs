//! Whether files of the catalogue say what they may.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Action, Entry, LogDriverFacts, Provider, Selection};
use crate::diagnostic::{Broken, Path, Place};
use crate::schema::check_option;
use crate::spec;
use crate::yaml::{self, Doc};

/// Facts that can contradict each other.
pub(super) trait Checked: DeserializeOwned {
    /// Whether they do, and where.
    ///
    /// # Errors
    /// The place below `facts`, and what is wrong there.
    fn check(&self) -> Result<(), (Path, String)> {
        Ok(())
    }
}

/// `value` as a `T`, or where it does not fit and why.
pub(super) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, (Path, String)> {
    use serde_path_to_error::Segment;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().iter().fold(Path::default(), |path, it| match it {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } => path.key(key),
            Segment::Enum { variant } => path.key(variant),
            Segment::Unknown => path,
        });
        (path, error.into_inner().to_string())
    })
}

/// A stack or backing, with formulas in it.
pub(super) fn entry<T: Checked>(file: &str, text: &str, own: bool) -> Result<Entry, Broken> {
    one_file(file, text, own, check::<T>)
}

/// A file of the catalogue without formulas in it, which `check` finds nothing wrong with.
pub(super) fn plain_file<T: DeserializeOwned>(
    file: &str,
    text: &str,
    own: bool,
    check: impl Fn(&T) -> Result<(), (Path, String)>,
) -> Result<T, Broken> {
    one_file(file, text, own, |doc| typed(&doc.root.json()).and_then(|it| check(&it).map(|()| it)))
}

/// One file of the catalogue. What comes with forge is known to fit, which a test sees to; what does not, is looked at
/// by `look`.
fn one_file<T: DeserializeOwned>(
    file: &str,
    text: &str,
    own: bool,
    look: impl Fn(&Doc) -> Result<T, (Path, String)>,
) -> Result<T, Broken> {
    if !own {
        let value = yaml::plain(text).and_then(|it| serde_json::from_value(it).map_err(|it| it.to_string()));
        return value.map_err(|message| Broken::new(file, message, 0..0));
    }
    let doc = yaml::read(text).map_err(|it| {
        let Place::Bytes(at) = it.place else { unreachable!("the reader knows bytes only") };
        Broken::new(file, it.message, at)
    })?;
    look(&doc).map_err(|(at, message)| Broken::new(file, message, doc.locate(&Place::Value(at))))
}

/// Workflows are run with what stands here: a commit is nothing else than a commit.
pub(super) fn check_actions(actions: &BTreeMap<String, Action>) -> Result<(), (Path, String)> {
    let name = |it: &str| it.contains('/') && it.chars().all(|it| it.is_ascii_alphanumeric() || "-_./".contains(it));
    let hex = |it: char| it.is_ascii_digit() || ('a'..='f').contains(&it);
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    for (action, it) in actions {
        if !name(action) {
            return Err((Path::of([action.as_str()]), format!("`{}` is no `owner/action`", action.escape_debug())));
        }
        if it.sha.len() != 40 || !it.sha.chars().all(hex) {
            return Err((Path::of([action.as_str(), "sha"]), "a commit has 40 hexadecimal digits".to_owned()));
        }
        if it.version.is_empty() || !it.version.chars().all(plain) {
            return Err((Path::of([action.as_str(), "version"]), "a version looks like `v7.0.1`".to_owned()));
        }
    }
    Ok(())
}

/// An image is a word that no shell and no YAML takes for anything else.
pub(super) fn check_images(images: &BTreeMap<String, String>) -> Result<(), (Path, String)> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "._:/@-".contains(it);
    match images.iter().find(|(_, it)| it.is_empty() || it.starts_with('-') || !it.chars().all(plain)) {
        Some((name, it)) => {
            Err((Path::of([name.as_str()]), format!("`{}` is no reference to an image", it.escape_debug())))
        }
        None => Ok(()),
    }
}

/// Patterns of options have to be some.
pub(super) fn check_logging(drivers: &BTreeMap<String, LogDriverFacts>) -> Result<(), (Path, String)> {
    for (driver, facts) in drivers {
        for (name, option) in &facts.options {
            regex::Regex::new(&option.pattern).map_err(|error| {
                (Path::of([driver.as_str(), "options"]).key(name).key("pattern"), error.to_string())
            })?;
        }
    }
    Ok(())
}

/// Templates are files of the folder itself, and what they make lies in the project.
pub(super) fn check_provider(provider: &Provider) -> Result<(), (Path, String)> {
    for (template, path) in &provider.files {
        let at = Path::of(["files", template]);
        if template.contains('/') || !template.ends_with(".j2") {
            return Err((at, format!("`{template}` is no name of a template in this folder, `check.yml.j2`")));
        }
        if template.contains('@') {
            return Err((at, format!("`{template}` has an `@` in its name, which forge needs for itself")));
        }
        let harmless = |it: &str| !it.is_empty() && it != "." && it != "..";
        if !path.split('/').all(harmless) || path.contains(|it: char| it.is_control() || it == '\\') {
            return Err((at, format!("`{}` is no path of a file in the project", path.escape_debug())));
        }
        if let Some(why) = spec::not_ours(path) {
            return Err((at, why));
        }
    }
    Ok(())
}

/// An entry of the project's own: its shape, its facts for every version, its formulas.
fn check<T: Checked>(doc: &Doc) -> Result<Entry, (Path, String)> {
    let entry = Entry { own: true, ..typed(&doc.root.json())? };
    if !entry.versions.contains_key(&entry.default_version) {
        let message = format!("`default_version: {}` is none of its versions", entry.default_version);
        return Err((Path::of(["default_version"]), message));
    }
    for (name, schema) in &entry.options {
        check_option(schema).map_err(|it| (Path::of(["options", name]), format!("the schema of `{name}`: {it}")))?;
    }
    let facts = || std::iter::once((Path::of(["facts"]), &entry.facts));
    let cases = entry.cases.iter().enumerate();
    let all = || facts().chain(cases.clone().map(|(at, it)| (Path::of(["cases"]).index(at).key("facts"), &it.facts)));
    let (options, usage) = (entry.fill_options(&BTreeMap::new()), entry.uses.keys().next().cloned());
    for version in entry.versions.keys() {
        let selection =
            Selection { version: version.clone(), options: options.clone(), usage: usage.clone(), program: None };
        entry.facts_at::<T>(&selection).and_then(|it| it.check()).map_err(|(at, message)| {
            // It stands in the facts themselves, or in a case that goes before them.
            let places = all().map(|(below, _)| Path(below.0.into_iter().chain(at.0.iter().cloned()).collect()));
            let place = places.into_iter().rfind(|it| doc.root.at(it).is_some());
            (place.unwrap_or_else(|| Path::of(["facts"])), message)
        })?;
    }
    for (at, facts) in all() {
        let files = facts["files"].as_object().into_iter().flat_map(Map::keys);
        if let Some(odd) = files.into_iter().find(|it| it.contains('/') || it.starts_with('.')) {
            let message = format!("`files: {{ {odd}: … }}` is no name of a file beside the Dockerfile");
            return Err((at.key("files").key(odd), message));
        }
        check_formulas(facts, &at)?;
    }
    Ok(entry)
}

/// Whether every text with a formula in it can be compiled.
fn check_formulas(value: &Value, at: &Path) -> Result<(), (Path, String)> {
    match value {
        Value::String(text) if text.contains("{{") => Environment::new()
            .template_from_str(text)
            .map(drop)
            .map_err(|error| (at.clone(), format!("`{text}`: {error}"))),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, it)| check_formulas(it, &at.index(index)))
        }
        Value::Object(entries) => entries.iter().try_for_each(|(key, it)| check_formulas(it, &at.key(key))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BackingFacts, Catalog, GatewayFacts, StackFacts, built_in};
    use super::*;

    #[test]
    fn what_comes_with_forge_says_what_it_may() {
        for (name, text) in built_in() {
            let doc = || yaml::read(text).unwrap_or_else(|it| panic!("{name}: {}", it.message));
            let checked = match name.split('/').collect::<Vec<_>>()[..] {
                ["stacks", _, "stack.yaml"] => check::<StackFacts>(&doc()),
                ["backings", _, "backing.yaml"] => check::<BackingFacts>(&doc()),
                ["gateway", "gateway.yaml"] => check::<GatewayFacts>(&doc()),
                ["logging.yaml"] => {
                    let drivers = typed(&doc().root.json()).unwrap_or_else(|(at, it)| panic!("{name}: {at}: {it}"));
                    check_logging(&drivers).unwrap_or_else(|(at, message)| panic!("{name}: {at}: {message}"));
                    continue;
                }
                _ => continue,
            };
            checked.map(drop).unwrap_or_else(|(at, message)| panic!("{name}: {at}: {message}"));
        }
    }

    /// Every two choices of a stack together, on every version.
    #[test]
    fn cases_add_up_whatever_is_chosen() {
        let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
        for (name, stack) in &catalog.stacks {
            let choices: Vec<(&String, Value)> = stack
                .options
                .iter()
                .flat_map(|(option, schema)| {
                    let values = schema["enum"].as_array().cloned().unwrap_or_default();
                    values.into_iter().map(move |it| (option, it))
                })
                .collect();
            for version in stack.versions.keys() {
                for one in &choices {
                    for other in &choices {
                        let given =
                            BTreeMap::from([(one.0.clone(), one.1.clone()), (other.0.clone(), other.1.clone())]);
                        let options = stack.fill_options(&given);
                        let chosen = Selection { version: version.clone(), options, ..Selection::default() };
                        let facts = stack.facts_at::<StackFacts>(&chosen).and_then(|it| it.check());
                        facts.unwrap_or_else(|(at, why)| panic!("{name} {version} {one:?} {other:?}: {at}: {why}"));
                    }
                }
            }
        }
    }
}
