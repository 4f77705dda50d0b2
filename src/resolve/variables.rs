//! Variables of `.env`: what is declared of each, and whether that holds together.

use std::collections::BTreeMap;

use super::checks::{is_credential, lifts_credentials};
use super::{Resolver, shouted};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Variable, port_variables, version_variable};
use crate::spec::{self, EnvName, VariableType};
use crate::values::{amount, fits, is_composes, wanted};

/// A variable as the spec declares it; a bound that is none is left out.
pub(super) fn variable(declared: &spec::Variable) -> Variable {
    let bound = |it: &Option<spec::Text>| it.as_ref().and_then(|it| amount(declared.kind, &it.0));
    Variable {
        kind: declared.kind,
        values: declared.values.iter().map(ToString::to_string).collect(),
        min: bound(&declared.min),
        max: bound(&declared.max),
        required: declared.required,
        default: declared.default.as_ref().map(|it| it.0.clone()),
        description: declared.description.as_ref().map(ToString::to_string),
        group: declared.group.as_ref().map(ToString::to_string),
    }
}

impl Resolver<'_> {
    /// The variables that something uses.
    pub(super) fn variables(&self) -> BTreeMap<String, Variable> {
        let used = self.spec.variables.iter().filter(|(name, _)| self.used_variables.contains(name.as_str()));
        used.map(|(name, it)| (name.to_string(), variable(it))).collect()
    }

    /// What cannot be declared of a variable.
    pub(super) fn check_variables(&mut self) {
        let spec = self.spec;
        for (name, declared) in &spec.variables {
            self.check_variable_name(name);
            let at = Path::of(["variables", name]);
            self.check_hint(name, declared.description.as_deref(), at.key("description"));
            let is_sound = self.check_type(declared, &at);
            if declared.required && declared.default.is_some() {
                let message = format!("`{name}` is required, so its default is never used");
                self.error(&codes::NO_EFFECT, Place::Value(at.key("default")), message, "leave out one of the two");
            }
            if is_sound {
                self.check_default(name, declared, &at);
            }
        }
    }

    fn check_variable_name(&mut self, name: &EnvName) {
        let place = Place::Key(Path::of(["variables", name]));
        let prefix = self.prefix();
        let environments = self.spec.environments.keys().map(|it| format!("{prefix}_{}", shouted(it)));
        let mut prefixes = std::iter::once(prefix.clone()).chain(environments);
        let own = |prefix: &str| port_variables(prefix).into_iter().chain([version_variable(prefix)]);
        if prefixes.any(|prefix| own(&prefix).any(|it| it == name.as_str())) {
            let message = format!("`{name}` is a variable of forge's own");
            self.error(&codes::RESERVED_NAME, place.clone(), message, "choose another name");
        }
        if is_composes(name) {
            let message = format!("`{name}` in .env would change what compose itself does");
            self.error(&codes::RESERVED_NAME, place, message, "choose another name");
        }
    }

    /// Whether what stands beside the type goes with it.
    fn check_type(&mut self, declared: &spec::Variable, at: &Path) -> bool {
        let before = self.told.len();
        let kind = declared.kind;
        let has_values = !declared.values.is_empty();
        if kind == VariableType::OneOf && !has_values {
            let help = "write what it can be: `values: [a, b]`";
            self.error(&codes::MISSING_KEY, Place::Key(at.clone()), "`one_of` nothing cannot be set", help);
        } else if kind != VariableType::OneOf && has_values {
            let message = format!("`values` go with `type: one_of`, and this is of type {}", kind.name());
            let help = "write `type: one_of`, or leave `values` out";
            self.error(&codes::NO_EFFECT, Place::Key(at.key("values")), message, help);
        }
        for (index, value) in declared.values.iter().enumerate() {
            let place = Place::Value(at.key("values").index(index));
            if declared.values[..index].contains(value) {
                self.error(&codes::NAME_TWICE, place, format!("`{value}` stands here twice"), "write it once");
            } else if let Some(odd) = odd(value) {
                let message = format!("no default and no .env could hold this: `{odd}`");
                self.error(&codes::INVALID_VALUE, place, message, "choose other words");
            }
        }
        let counts = [VariableType::Integer, VariableType::Duration].contains(&kind);
        for (key, bound) in [("min", &declared.min), ("max", &declared.max)] {
            let Some(bound) = bound else { continue };
            if !counts {
                let message = format!("`{key}` goes with integers and durations, and this is of type {}", kind.name());
                self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "leave it out, or mend the type");
            } else if amount(kind, &bound.0).is_none() {
                let message = format!("`{}` is no {}", bound.0.escape_debug(), kind.name());
                let help = if kind == VariableType::Duration { "for example `30s`" } else { "for example `1`" };
                self.error(&codes::INVALID_VALUE, Place::Value(at.key(key)), message, help);
            }
        }
        let (Variable { min, max, .. }, place) = (variable(declared), Place::Value(at.key("max")));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.error(&codes::INVALID_VALUE, place, "`max` is below `min`, so nothing could be set", "exchange them");
        }
        self.told.len() == before
    }

    fn check_default(&mut self, name: &EnvName, declared: &spec::Variable, at: &Path) {
        let Some(default) = &declared.default else { return };
        let place = Place::Value(at.key("default"));
        let mut readers = self.spec.services.values().filter(|it| it.variables.contains(name));
        if is_credential(name, &default.0) && !readers.any(lifts_credentials) {
            let help = "declare it under `secrets`, or leave the default out: then it is set in .env only";
            let message = format!("the default of `{name}` looks like a credential");
            self.error(&codes::CREDENTIAL, place, message, help);
        } else if let Some(odd) = odd(&default.0) {
            let message = format!("a default cannot hold `{}`", odd.escape_debug());
            self.error(&codes::INVALID_VALUE, place, message, "set it in .env instead, without a default");
        } else if !fits(&variable(declared), &default.0) {
            let message = format!("`{}` is not {}", default.0.escape_debug(), wanted(&variable(declared)));
            self.error(&codes::INVALID_VALUE, place, message, "mend the default, or the type");
        }
    }
}

/// What a default cannot hold: in `${NAME:-default}` a brace ends it, and .env has no quoting for both kinds of quotes.
fn odd(text: &str) -> Option<char> {
    text.chars().find(|it| it.is_control() || ['{', '}', '\'', '\\'].contains(it))
}
