//! Where logs go: what the spec says for all, and for one container, held against what the driver takes.

use std::collections::BTreeMap;

use regex::Regex;

use super::Resolver;
use super::checks::is_credential;
use crate::catalog::LogDriverFacts;
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::project::{Logging, Origin, Role};
use crate::spec::{self, Size};

/// Who takes logs where nobody says.
const DRIVER: &str = "json-file";

/// Labels that say of each line who wrote it: files of the engine are called by numbers.
const WHO: [&str; 2] = ["com.docker.compose.project", "com.docker.compose.service"];

impl Resolver<'_> {
    /// What holds for all containers that do not say otherwise.
    pub(super) fn resolve_logging(&mut self) -> Logging {
        let spec = self.spec;
        let shared = spec.defaults.as_ref().and_then(|it| it.logging.as_ref());
        let at = Path::of(["defaults", "logging"]);
        let all = self.logging(shared.map(|it| (it, at.clone())).into_iter().collect());
        let owners: Vec<(String, Role)> =
            self.containers.iter().map(|(name, it)| (name.clone(), it.role.clone())).collect();
        for (name, role) in owners {
            let said = match &role {
                Role::Gateway | Role::Certificates => {
                    spec.gateway.as_ref().and_then(|it| it.logging.as_ref()).map(|it| (it, Path::of(["gateway"])))
                }
                Role::Backing | Role::Job(_) => {
                    let of = if let Role::Job(of) = &role { of } else { &name };
                    let backing = spec.backings.get(of.as_str()).and_then(|it| it.logging.as_ref());
                    backing.map(|it| (it, Path::of(["backings", of])))
                }
                Role::Service | Role::Migration(_) | Role::Companion(_) => {
                    let of = if let Role::Migration(of) | Role::Companion(of) = &role { of } else { &name };
                    let service = spec.services.get(of.as_str()).and_then(|it| it.logging.as_ref());
                    service.map(|it| (it, Path::of(["services", of])))
                }
            };
            let Some((own, owner)) = said else {
                if let Some(container) = self.containers.get_mut(&name) {
                    container.logging = all.clone();
                }
                continue;
            };
            let own_at = owner.key("logging");
            // What was said for one driver means nothing to another.
            let same = |it: &&spec::Logging| own.driver.is_none() || driver_of(it) == driver_of(own);
            let mut said: Vec<(&spec::Logging, Path)> =
                shared.filter(same).map(|it| (it, at.clone())).into_iter().collect();
            said.push((own, own_at.clone()));
            let logging = self.logging(said);
            if let Some(container) = self.containers.get_mut(&name) {
                container.logging = logging;
                container.origins.push(("logging", Origin::Spec(own_at)));
            }
        }
        all
    }

    /// What comes of what was said, the later going before the earlier.
    fn logging(&mut self, said: Vec<(&spec::Logging, Path)>) -> Logging {
        let catalog = self.catalog;
        let at = said.last().map_or_else(|| Path::of(["defaults", "logging"]), |(_, at)| at.clone());
        let named = said.iter().rev().find(|(it, _)| it.driver.is_some());
        let driver = named.map_or(DRIVER, |(it, _)| driver_of(it));
        let driver_at = named.map_or_else(|| at.clone(), |(_, at)| at.key("driver"));
        let mut logging =
            Logging { driver: driver.to_owned(), max_size: None, max_files: None, options: BTreeMap::new() };
        let Some(facts) = catalog.logging.get(driver) else {
            let message = format!("forge knows no driver `{driver}` of logs");
            let complaint = Diagnostic::error(&codes::UNKNOWN_CHOICE, Place::Value(driver_at), message);
            self.told.push(complaint.nearest(driver, catalog.logging.keys().map(String::as_str)));
            return logging;
        };
        if let Some(why) = &facts.unproven {
            let message = format!("the driver `{driver}` was never tried by forge's tests");
            self.warning(
                &codes::UNPROVEN,
                Place::Value(driver_at),
                message,
                format!("{why}; try it before you rely on it"),
            );
        }
        let mut labels: Vec<String> = WHO.map(str::to_owned).into();
        for (it, at) in &said {
            self.check_logging(it, driver, facts, at);
            logging.max_size = it.max_size.or(logging.max_size);
            logging.max_files = it.max_files.or(logging.max_files);
            logging.options.extend(it.options.iter().map(|(name, it)| (name.to_string(), it.0.clone())));
            labels.extend(it.labels.iter().map(ToString::to_string));
        }
        self.fill_logging(&mut logging, facts, &at);
        if facts.labels {
            let mut seen = std::collections::BTreeSet::new();
            labels.retain(|it| seen.insert(it.clone()));
            logging.options.insert("labels".to_owned(), labels.join(","));
        }
        logging
    }

    /// Options that the driver does not take, or not so.
    fn check_logging(&mut self, said: &spec::Logging, driver: &str, facts: &LogDriverFacts, at: &Path) {
        for (key, given) in [("max_size", said.max_size.is_some()), ("max_files", said.max_files.is_some())] {
            if given && !facts.sizes {
                let message = format!("the driver `{driver}` keeps no files here that could be bounded");
                self.error(
                    &codes::NO_EFFECT,
                    Place::Key(at.key(key)),
                    message,
                    "leave it out, or choose `json-file` or `local`",
                );
            }
        }
        if !facts.labels && !said.labels.is_empty() {
            let message = format!("the driver `{driver}` writes no labels beside its lines");
            self.error(&codes::NO_EFFECT, Place::Key(at.key("labels")), message, "leave them out");
        }
        for (name, text) in &said.options {
            let place = at.key("options").key(name);
            let Some(option) = facts.options.get(name.as_str()) else {
                let message = format!("the driver `{driver}` has no option `{name}`");
                let help = match name.as_str() {
                    "max-size" => Some("write `max_size` beside `options`"),
                    "max-file" => Some("write `max_files` beside `options`"),
                    "labels" => Some("write `labels: [name]` beside `options`"),
                    _ => None,
                };
                let complaint = super::unknown_name(Place::Key(place), message);
                self.told.push(match help {
                    Some(help) => complaint.help(help),
                    None => complaint.nearest(name, facts.options.keys().map(String::as_str)),
                });
                continue;
            };
            if is_credential(name, &text.0) {
                let message =
                    format!("the option `{name}` looks like a credential, and everybody can read compose.yaml");
                self.error(
                    &codes::CREDENTIAL,
                    Place::Value(place),
                    message,
                    "give it to the engine, or to a collector on this host",
                );
            } else if !Regex::new(&option.pattern).is_ok_and(|it| it.is_match(&text.0))
                || (option.expression && Regex::new(&text.0).is_err())
            {
                let message = format!("`{}` does not fit `{name}`", text.0.escape_debug());
                self.error(&codes::INVALID_VALUE, Place::Value(place), message, format!("it is {}", option.about));
            }
        }
    }

    /// What the driver cannot do without, and what is better than the engine's own.
    fn fill_logging(&mut self, logging: &mut Logging, facts: &LogDriverFacts, at: &Path) {
        for (name, option) in &facts.options {
            if option.needed && !logging.options.contains_key(name) {
                let message = format!("the driver `{}` cannot do without `{name}`: {}", logging.driver, option.about);
                let help = format!("write `options: {{ {name}: … }}`");
                self.error(&codes::MISSING_KEY, Place::Key(at.clone()), message, help);
            }
        }
        let waits = logging.options.get("mode").or(facts.options.get("mode").and_then(|it| it.default.as_ref()));
        let waits = waits.is_none_or(|it| it != "non-blocking");
        if waits && logging.options.contains_key("max-buffer-size") {
            let message = "nothing waits in memory without `mode: non-blocking`";
            let place = Place::Key(at.key("options").key("max-buffer-size"));
            self.error(&codes::NO_EFFECT, place, message, "write `mode: non-blocking` beside it, or leave it out");
        }
        for (name, option) in &facts.options {
            if let Some(default) = option.default.as_ref().filter(|_| !(waits && name == "max-buffer-size")) {
                logging.options.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
        if facts.sizes {
            logging.max_size.get_or_insert(Size::mib(10));
            logging.max_files.get_or_insert(5);
        }
    }
}

fn driver_of(logging: &spec::Logging) -> &str {
    logging.driver.as_ref().map_or(DRIVER, |it| it.as_str())
}
