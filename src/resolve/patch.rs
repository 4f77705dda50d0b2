//! Patches: that each says one thing, and lifts rules that exist. Whether their places are there, their files tell.

use serde_json::Value;

use super::Resolver;
use super::checks::is_credential;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Edit, Patch};
use crate::spec;

impl Resolver<'_> {
    /// The patches of the spec, those of them that say what to do.
    pub(super) fn resolve_patches(&mut self) -> Vec<Patch> {
        let spec = self.spec;
        let mut patches = Vec::new();
        for (index, patch) in spec.patches.iter().enumerate() {
            let at = Path::of(["patches"]).index(index);
            let lifted = self.lifted(&patch.exceptions, &at);
            let edits = [
                patch.set.clone().map(Edit::Set),
                patch.add.clone().map(Edit::Add),
                patch.before.clone().map(Edit::Before),
                patch.after.clone().map(Edit::After),
                patch.remove.then_some(Edit::Remove),
            ];
            let mut edits = edits.into_iter().flatten();
            let (Some(edit), None) = (edits.next(), edits.next()) else {
                let message = "a patch says exactly one of `set`, `add`, `before`, `after` and `remove`";
                self.error(
                    &codes::ONE_OF,
                    Place::Key(at),
                    message,
                    "write one of them; a second change is a patch of its own",
                );
                continue;
            };
            if !lifted.contains_key("literal-credential")
                && let Some(key) = credential(patch)
            {
                let help = "secrets are files: declare it under `secrets`; or, if it is none, lift `literal-credential` in the patch";
                self.error(&codes::CREDENTIAL, Place::Value(at.key(key)), "this looks like a credential", help);
            }
            if let Some(rule) = lifted.keys().find(|it| it.starts_with("unreadable-")) {
                let place = Place::Key(at.key("exceptions"));
                let message = format!("`{rule}` cannot be lifted: nothing could read the file");
                self.error(&codes::UNSUPPORTED, place, message, "write what the format knows");
            }
            patches.push(Patch {
                file: patch.file.to_string(),
                at: patch.at.clone().unwrap_or_default(),
                edit,
                expect: patch.expect.clone(),
                lifted,
            });
        }
        patches
    }
}

/// The key of a patch that writes what looks like a credential.
fn credential(patch: &spec::Patch) -> Option<&'static str> {
    let values = [("set", &patch.set), ("add", &patch.add)];
    let name = patch.at.as_deref().and_then(|it| it.rsplit(['.', '[']).next()).unwrap_or_default();
    let in_value = values.into_iter().find(|(_, it)| it.as_ref().is_some_and(|it| is_secret(name, it)));
    let lines = [("before", &patch.before), ("after", &patch.after)];
    let in_lines = lines.into_iter().find(|(_, it)| it.as_ref().is_some_and(|it| text_is_secret("", it)));
    in_value.map(|(key, _)| key).or(in_lines.map(|(key, _)| key))
}

/// Whether a value of this name has a credential in it, at any depth.
fn is_secret(name: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text_is_secret(name, text),
        Value::Array(items) => items.iter().any(|it| is_secret(name, it)),
        Value::Object(map) => map.iter().any(|(key, it)| is_secret(key, it)),
        _ => false,
    }
}

/// Whether one of the lines of a text is a credential, or sets one: `export API_TOKEN=…`, `ENV A=…`.
fn text_is_secret(name: &str, text: &str) -> bool {
    let sets = |word: &str| {
        let (name, value) = word.split_once('=').unwrap_or_default();
        // What is filled in elsewhere is no value.
        !value.is_empty() && !value.contains('$') && is_credential(name, value.trim_matches(['"', '\'']))
    };
    let is_value = !text.contains('$') && is_credential(name, text);
    is_value || text.split_whitespace().any(sets)
}
