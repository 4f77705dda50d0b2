//! What can be wrong with a spec as a whole.

use std::collections::BTreeMap;

use super::Resolver;
use crate::codes;
use crate::credential::{argument_passwords, has_credential, has_token, is_harmless, is_secret, url_passwords};
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::project::Project;
use crate::spec::{Service, Text, is_reserved};
use crate::yaml::Doc;

impl Resolver<'_> {
    /// Names that forge keeps for itself, and names that stand twice.
    pub(super) fn check_names(&mut self) {
        let spec = self.spec;
        if spec.services.is_empty() {
            let help = "write `services: { api: { build: { stack: python, context: ./api } } }`";
            self.warning(&codes::UNUSED, Place::Bytes(0..0), "the spec has no services: there is nothing to run", help);
        }
        let services = spec.services.keys().map(|name| ("services", name));
        let backings = spec.backings.keys().map(|name| ("backings", name));
        for (group, name) in services.chain(backings) {
            let place = Place::Key(Path::of([group, name]));
            if is_reserved(name) {
                let help = "forge uses it for the gateway, migrations and ways out; choose another name";
                self.error(&codes::RESERVED_NAME, place.clone(), format!("`{name}` is kept for forge"), help);
            }
            if group == "backings" && spec.services.contains_key(name) {
                let help = "services and backings share one namespace; rename one of them";
                self.error(&codes::NAME_TWICE, place, format!("there is a service `{name}` too"), help);
            }
        }
    }

    /// Words about a secret or a variable that are the value itself: they end in scripts and examples.
    pub(super) fn check_hint(&mut self, name: &str, words: Option<&str>, at: Path) {
        if words.is_some_and(has_token) {
            let message = format!("what is said of `{name}` looks like a credential itself");
            let help = "say in words where it comes from; `scripts/secrets` takes the value. It stood in a file: have it replaced by another";
            self.error(&codes::CREDENTIAL, Place::Value(at), message, help);
        }
    }

    /// Credentials in what a service says: its environment and its commands end in files that are committed.
    pub(super) fn check_credentials(&mut self, service: &Service, at: &Path) {
        if lifts_credentials(service) {
            return;
        }
        let help = "declare it under `secrets`: the service reads the file /run/secrets/…, or its entrypoint makes the variable (`secrets: { NAME: { environment: NAME } }`). Where it is none, lift the rule `literal-credential` with a reason";
        for (name, text) in &service.environment {
            if is_credential(name, &text.0) {
                let message = format!("the value of `{name}` looks like a credential");
                self.error(&codes::CREDENTIAL, Place::Value(at.key("environment").key(name)), message, help);
            }
        }
        for (name, text) in service.build.iter().flat_map(|it| &it.args) {
            if is_credential(name, &text.0) {
                let place = Place::Value(at.dotted("build.args").key(name));
                let message = format!("the value of `{name}` looks like a credential, and can be read in the image");
                let help = "declare it under `secrets`, and list it under `build: { secrets: [NAME] }`. Where it is none, lift the rule `literal-credential` with a reason";
                self.error(&codes::CREDENTIAL, place, message, help);
            }
        }
        let probe = service.healthcheck.as_ref().and_then(|it| it.command.as_ref());
        let commands = [
            (at.key("command"), service.command.as_ref()),
            (at.key("healthcheck").key("command"), probe),
            (at.key("migrate").key("command"), service.migrate.as_ref().map(|it| &it.command)),
            (at.key("test").key("command"), service.test.as_ref().map(|it| &it.command)),
        ];
        for (at, words) in commands.iter().filter_map(|(at, words)| Some((at, (*words)?))) {
            self.check_words(words, at, help);
        }
    }

    /// Credentials among the words of a command.
    pub(super) fn check_words(&mut self, words: &[Text], at: &Path, help: &str) {
        let mut found = argument_passwords(words.iter().map(|it| it.0.as_str()));
        found.extend(words.iter().enumerate().filter(|(_, it)| has_credential(&it.0)).map(|(index, _)| index));
        found.sort_unstable();
        found.dedup();
        for index in found {
            let message = "a password stands among the arguments";
            self.error(&codes::CREDENTIAL, Place::Value(at.index(index)), message, help);
        }
    }

    /// Services that wait for each other in a circle.
    pub(super) fn check_cycles(&mut self) {
        // As containers wait: with what a `from` inherits, and with migrations.
        let waits: BTreeMap<&str, Vec<&str>> = self
            .containers
            .iter()
            .map(|(name, it)| {
                let known = it.waits.keys().filter_map(|to| self.containers.get_key_value(to));
                (name.as_str(), known.map(|(to, _)| to.as_str()).collect())
            })
            .collect();
        // 1: on the way, 2: done
        let mut states: BTreeMap<&str, u8> = BTreeMap::new();
        let mut found: Vec<Vec<String>> = Vec::new();
        for start in waits.keys() {
            if states.contains_key(start) {
                continue;
            }
            // A path of its own instead of recursion: a chain of 10,000 services must not overflow the stack.
            let mut path: Vec<(&str, usize)> = vec![(start, 0)];
            states.insert(start, 1);
            while let Some((name, next)) = path.last_mut() {
                let Some(to) = waits[*name].get(*next).copied() else {
                    states.insert(name, 2);
                    path.pop();
                    continue;
                };
                *next += 1;
                match states.get(to) {
                    None => {
                        states.insert(to, 1);
                        path.push((to, 0));
                    }
                    Some(1) => {
                        let begin = path.iter().position(|(it, _)| *it == to).unwrap_or(0);
                        found.push(path[begin..].iter().map(|(it, _)| (*it).to_owned()).collect());
                    }
                    Some(_) => {}
                }
            }
        }
        for cycle in found {
            let (first, last) = (cycle[0].clone(), cycle[cycle.len() - 1].clone());
            // Who inherits a need says nothing of it itself.
            let source = self.spec.services.get(last.as_str()).and_then(|it| it.from.as_ref()).map(|it| it.to_string());
            let says = |name: &str| {
                self.spec
                    .services
                    .get(name)
                    .is_some_and(|it| it.needs.iter().iter().any(|(need, _)| need.as_str() == first))
            };
            let said_at = source.filter(|_| !says(&last)).unwrap_or_else(|| last.clone());
            let circle = cycle.iter().chain([&first]).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" → ");
            self.error(
                &codes::NEEDS_CYCLE,
                Place::Key(Path::of(["services", &said_at, "needs", &first])),
                if cycle.len() == 1 {
                    format!("`{first}` waits for itself")
                } else {
                    format!("these wait for each other: {circle}")
                },
                format!("write `needs: {{ {first}: {{ wait: false }} }}` at `{said_at}` if it can start without"),
            );
        }
    }

    /// What is declared and serves nobody.
    pub(super) fn check_unused(&mut self) {
        for name in self.spec.secrets.keys() {
            if !self.used_secrets.contains(name.as_str()) {
                let place = Place::Key(Path::of(["secrets", name]));
                self.warning(
                    &codes::UNUSED,
                    place,
                    format!("no service reads the secret `{name}`"),
                    "list it under `secrets` of a service, or remove it",
                );
            }
        }
        for name in self.spec.backings.keys() {
            if !self.used_providers.contains(name.as_str()) {
                let place = Place::Key(Path::of(["backings", name]));
                let help = "name it under `needs` of a service, or remove it";
                self.warning(&codes::UNUSED, place, format!("no service needs `{name}`"), help);
            }
        }
        for name in self.spec.variables.keys() {
            if !self.used_variables.contains(name.as_str()) {
                let place = Place::Key(Path::of(["variables", name]));
                self.warning(
                    &codes::UNUSED,
                    place,
                    format!("no service reads the variable `{name}`"),
                    "list it under `variables` of a service, or remove it",
                );
            }
        }
    }
}

pub(super) fn lifts_credentials(service: &Service) -> bool {
    service.exceptions.iter().any(|it| it.rule == "literal-credential")
}

/// Whether `text` is a secret itself. In a spec `$` is an ordinary character, so nothing in it stands for another value.
pub(super) fn is_credential(name: &str, text: &str) -> bool {
    (is_secret(name) && !is_harmless(text)) || url_passwords(text).next().is_some() || has_credential(text)
}

/// What is baked into images is the same everywhere.
pub(super) fn baked(base: &Project, project: &Project, overlaid: &Doc, told: &mut Vec<Diagnostic>) {
    let help = "all environments run the same images; say it in the spec itself";
    if project.platforms != base.platforms {
        let message = "an environment cannot have images for other platforms";
        told.push(Diagnostic::error(&codes::OVERLAY_BAKED, Place::Value(Path::of(["platforms"])), message).help(help));
    }
    if base.ci != project.ci {
        let message =
            "an environment cannot have another pipeline than the rest: one logs in, builds and pushes for all";
        let registry = Path::of(["registry"]);
        let place = match overlaid.root.at(&registry) {
            Some(own) if own.overlaid => Place::Value(registry),
            _ => Place::Key(Path::of(["ci"])),
        };
        told.push(Diagnostic::error(&codes::OVERLAY_BAKED, place, message).help(help));
    }
    for (name, image) in &project.images {
        let Some(same) = base.images.get(name) else { continue };
        let at = Path::of(["services", name, "build"]);
        let differs = [
            ("", image.stack != same.stack || image.context != same.context),
            ("version", image.version != same.version),
            ("options", image.options != same.options),
            ("packages", image.packages != same.packages),
            ("args", image.args != same.args),
            ("secrets", image.build_secrets != same.build_secrets),
            ("audit", image.audits != same.audits),
            ("user", image.user != same.user),
            ("", image.grace != same.grace && !image.files.others.is_empty()),
            ("", image.cpus != same.cpus && !image.files.others.is_empty()),
        ];
        for (key, _) in differs.iter().filter(|(_, differs)| *differs) {
            let at = if key.is_empty() { at.clone() } else { at.key(key) };
            // What the service says nothing of comes from what holds for all.
            let at = if overlaid.root.at(&at).is_none() && *key == "user" { Path::of(["defaults", key]) } else { at };
            told.push(
                Diagnostic::error(
                    &codes::OVERLAY_BAKED,
                    Place::Key(at),
                    format!("an environment cannot change how `{name}` is built"),
                )
                .help(help),
            );
        }
        for (key, differs) in [("port", image.ports != same.ports), ("test", image.test != same.test)] {
            if differs {
                let place = Place::Key(Path::of(["services", name, key]));
                let message = format!("an environment cannot change the {key} of `{name}`");
                told.push(Diagnostic::error(&codes::OVERLAY_BAKED, place, message).help(help));
            }
        }
        for (variable, _) in
            image.secret_variables.iter().filter(|(name, it)| same.secret_variables.get(*name) != Some(it))
        {
            let at = Path::of(["services", name]);
            told.push(
                Diagnostic::error(
                    &codes::OVERLAY_BAKED,
                    Place::Key(at),
                    format!("the entrypoint of `{name}` is baked into its image and does not make `{variable}`"),
                )
                .help(help),
            );
        }
        for path in image.volumes.difference(&same.volumes) {
            let at = Path::of(["services", name, "writable", path]);
            told.push(
                Diagnostic::error(
                    &codes::OVERLAY_BAKED,
                    Place::Key(at),
                    format!("the image of `{name}` has no folder `{path}` that its user may write to"),
                )
                .help("mount the volume everywhere, or use a tmpfs here"),
            );
        }
    }
}
