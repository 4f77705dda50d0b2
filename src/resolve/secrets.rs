//! Secrets: where each comes from, and what has to be told of another value.

use std::collections::BTreeMap;

use super::Resolver;
use super::backing::{Chosen, Filler, formula_values};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Rotation, Secret, Source};
use crate::spec;

/// How many characters a secret has of which nobody says it.
const LENGTH: u32 = 48;

impl Resolver<'_> {
    /// Those that the spec declares; backings add theirs.
    pub(super) fn resolve_secrets(&mut self) {
        let spec = self.spec;
        for (name, declared) in &spec.secrets {
            let at = Path::of(["secrets", name]);
            self.check_hint(name, declared.supplied.as_deref(), at.key("supplied"));
            let secret = Secret { format: declared.format, ..Secret::of(self.source(name, declared, &at)) };
            self.check_secret(declared, &secret, &at);
            self.secrets.insert(name.to_string(), secret);
        }
    }

    /// Where a value comes from. Of several sources the first, after a complaint.
    fn source(&mut self, name: &str, declared: &spec::Secret, at: &Path) -> Source {
        let spec::Secret { generate, supplied, external, vault, sops, age, format: _ } = declared;
        let sources = [
            generate.as_ref().map(|it| Source::Generated {
                length: it.length.unwrap_or(LENGTH),
                alphabet: it.alphabet.unwrap_or_default(),
            }),
            supplied.as_ref().map(|it| Source::Supplied { hint: it.to_string() }),
            external.as_ref().map(|it| {
                let own = it.name.as_ref().map_or(name, |it| it.as_str());
                Source::External { name: own.to_owned() }
            }),
            vault.as_ref().map(|it| Source::Vault { path: it.path.to_string(), key: it.key.to_string() }),
            sops.as_ref().map(|it| Source::Sops {
                file: it.file.to_string(),
                key: it.key.iter().map(ToString::to_string).collect(),
            }),
            age.as_ref().map(|it| Source::Age { file: it.file.to_string() }),
        ];
        let mut sources: Vec<Source> = sources.into_iter().flatten().collect();
        if sources.len() != 1 {
            let message =
                format!("`{at}` wants exactly one of `generate`, `supplied`, `external`, `vault`, `sops` and `age`");
            let help = match (sources.is_empty(), self.environment) {
                (true, _) => "write one of them",
                (false, None) => "keep one of them",
                (false, Some(_)) => "maps merge: take production's away in the overlay, `generate: null`",
            };
            self.error(&codes::ONE_OF, Place::Key(at.clone()), message, help);
        }
        if sources.is_empty() { Source::Supplied { hint: name.to_owned() } } else { sources.swap_remove(0) }
    }

    fn check_secret(&mut self, declared: &spec::Secret, secret: &Secret, at: &Path) {
        if declared.format.is_some() && matches!(secret.source, Source::Generated { .. } | Source::External { .. }) {
            let message = "nobody looks at the format of a value that is made here, or that Docker keeps";
            self.error(&codes::NO_EFFECT, Place::Key(at.key("format")), message, "leave it out");
        }
        if matches!(secret.source, Source::External { .. }) {
            let place = Place::Key(at.key("external"));
            let message = "`docker compose up` takes no secret that a Swarm keeps";
            let help = "deploy with `docker stack deploy`; for compose, say where the value comes from instead, which ends in a file below secrets/";
            self.warning(&codes::SWARM_ONLY, place, message, help);
        }
        if let Some(why) = secret.encrypted().and_then(spec::not_ours) {
            let source = if declared.sops.is_some() { "sops" } else { "age" };
            let help = "keep the encrypted file elsewhere in the project, where it is committed";
            self.error(&codes::INVALID_VALUE, Place::Value(at.key(source).key("file")), why, help);
        }
    }

    /// A secret whose value has to be in a file of this host.
    pub(super) fn insist_on_file(&mut self, name: &str, place: Place) {
        if self.secrets.get(name).is_some_and(|it| !it.is_file()) {
            let message = format!("a build reads the file secrets/{name}, and Docker keeps this one");
            self.error(&codes::UNSUPPORTED, place, message, "say another source for it");
        }
    }

    /// What a backing that runs here has to be told when one of its secrets gets another value.
    pub(super) fn rotations_of(
        &mut self,
        chosen: &Chosen<'_>,
        secrets: &BTreeMap<String, String>,
        values: &serde_json::Value,
    ) {
        let version = chosen.entry.versions.get(&chosen.selection.version);
        let unproven = chosen.entry.unproven.as_ref().or(version.and_then(|it| it.unproven.as_ref()));
        for (role, secret) in secrets {
            let facts = chosen.facts.rotations.get(role);
            let mut values = values.clone();
            // Whose password it is, among several.
            values["login"] = values["roles"]
                .as_object()
                .and_then(|it| it.values().find(|it| it["password"] == **secret))
                .map_or(values["user"].clone(), |it| it["user"].clone());
            let values = formula_values(&values);
            let mut filled = Filler { resolver: self, values, at: chosen.at.key("kind") };
            let mut script = |it: &Option<String>| it.as_ref().map(|it| filled.fill(it).trim_end().to_owned());
            let rotation = Rotation {
                container: chosen.name.to_owned(),
                tell: facts.and_then(|it| script(&it.tell)),
                forget: facts.and_then(|it| script(&it.forget)),
                at_start: facts.is_some_and(|it| it.at_start),
                by_hand: facts.and_then(|it| script(&it.by_hand)),
                needs_old: facts.is_some_and(|it| it.needs_old),
                unproven: unproven.cloned(),
            };
            let Some(it) = self.secrets.get_mut(secret) else { continue };
            it.rotation = Some(match it.rotation.take() {
                None => rotation,
                // `DB_OWNER_PASSWORD` is a password of `db`, and the one of `db-owner`: none of them can be told alone.
                Some(other) => Rotation {
                    container: format!("{} and {}", other.container, rotation.container),
                    ..Rotation::default()
                },
            });
        }
    }
}
