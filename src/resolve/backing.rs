//! Backings: a container each, the secrets they need, and what those who need them can learn.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use super::{Resolver, shouted};
use crate::catalog::{BackingFacts, Entry, Output, Selection};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::project::{Container, Env, Healthcheck, ImageRef, Mount, Origin, Reference, Role};
use crate::spec::{self, Duration, Generate, Secret};

/// Something that can be needed.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    /// What can be learned, by the output's name: its text, and the secret that belongs to it.
    pub(super) outputs: BTreeMap<String, Told>,
    /// The outputs that the short form gives.
    pub(super) short: Vec<String>,
    /// Whether it says when it is well.
    pub(super) healthy: bool,
    /// What it is.
    pub(super) is_service: bool,
}

/// An output, filled in.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) text: String,
    /// The secret's name.
    pub(super) secret: Option<String>,
    /// The secret whose file this names.
    pub(super) file_of: Option<String>,
}

impl Resolver<'_> {
    pub(super) fn resolve_backings(&mut self) {
        let (spec, catalog) = (self.spec, self.catalog);
        for (name, backing) in &spec.backings {
            let Some(entry) = catalog.backings.get(&backing.kind) else { continue };
            let at = Path::of(["backings", name]);
            self.resolve_backing(name, backing, entry, &at);
        }
    }

    fn resolve_backing(&mut self, name: &str, backing: &spec::Backing, entry: &Entry, at: &Path) {
        let source = format!("backings/{}", backing.kind);
        let Some((version, version_origin)) =
            self.version(entry, backing.version.as_ref(), &at.key("version"), &source)
        else {
            self.providers.insert(name.to_owned(), Provider::unknown());
            return;
        };
        let usage = backing.usage.clone().or_else(|| entry.uses.keys().next().cloned());
        let selection = Selection { version: version.clone(), usage, ..Selection::default() };
        let facts: BackingFacts = match entry.facts(&selection) {
            Ok(facts) => facts,
            Err(message) => return self.template_error(&at.key("kind"), &message),
        };
        let mut origins = vec![("version", version_origin)];
        let resources = self.resources(backing.resources.as_ref(), at, &facts.resources, &source, false, &mut origins);
        self.check_tmpfs(&facts.tmpfs, resources.memory, at);
        for (key, given) in [("database", &backing.database), ("user", &backing.user)] {
            if given.is_some() && !facts.databases {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key(key)),
                    format!("{} has no `{key}` of its own", entry.title),
                    "leave it out",
                );
            }
        }
        let database = backing.database.clone().unwrap_or_else(|| self.spec.name.replace('-', "_"));
        let user = backing.user.clone().unwrap_or_else(|| database.clone());
        let mut secrets = BTreeMap::new();
        for (role, length) in &facts.secrets {
            let secret = format!("{}_{}", shouted(name), shouted(role));
            // A declared one may say where the value comes from; then it is the spec's.
            let made = Secret::Generate(Generate { length: Some(*length) });
            self.secrets.entry(secret.clone()).or_insert(made);
            self.used_secrets.insert(secret.clone());
            secrets.insert(role.clone(), secret);
        }
        let values = context! {
            name => name, version => version, port => facts.port, database => database, user => user,
            memory => resources.memory.in_mib(), cpus => resources.cpus.whole(), secrets => secrets.clone(),
        };
        let lifted = self.lifted(&backing.exceptions, at);
        let grace = backing.stop_grace_period.unwrap_or(facts.stop_grace_period);
        origins.push((
            "stop_grace_period",
            match backing.stop_grace_period {
                Some(_) => Origin::Spec(at.key("stop_grace_period")),
                None => Origin::Catalog(source.clone()),
            },
        ));
        let mut filled = Filler { resolver: self, values, at: at.key("kind") };
        let image = filled.fill(&facts.image);
        let command = filled.all(&facts.command);
        let environment: BTreeMap<String, Env> =
            facts.environment.iter().map(|(key, it)| (key.clone(), Env::Text(filled.fill(it)))).collect();
        let healthcheck = Healthcheck {
            test: filled.all(&facts.healthcheck),
            interval: Duration(30),
            timeout: Duration(5),
            retries: 3,
            start_period: facts.start_period,
        };
        let outputs =
            facts.outputs.iter().map(|(output, it)| (output.clone(), told(it, &secrets, &mut filled))).collect();
        let shm_size = facts.shm_size.as_ref().map(|it| filled.fill(it));
        let mut mounts = BTreeMap::new();
        if let Some(data) = &facts.data {
            let volume = format!("{name}-data");
            self.volumes.insert(volume.clone());
            mounts.insert(data.clone(), Mount::Volume(volume));
        }
        let healthy = !lifted.contains_key("healthcheck");
        self.network(name, true);
        self.providers
            .insert(name.to_owned(), Provider { outputs, short: facts.short.clone(), healthy, is_service: false });
        self.containers.insert(
            name.to_owned(),
            Container {
                name: name.to_owned(),
                role: Role::Backing,
                image: ImageRef::Named(Reference::tagged(image)),
                command: Some(command).filter(|it| !it.is_empty()),
                environment,
                secrets: secrets.values().cloned().collect::<BTreeSet<_>>(),
                networks: BTreeSet::from([name.to_owned()]),
                waits: BTreeMap::new(),
                healthcheck: Some(healthcheck).filter(|_| healthy),
                uid: facts.user.uid,
                gid: facts.user.gid,
                tmpfs: facts.tmpfs,
                mounts,
                replicas: 1,
                resources,
                init: false,
                stop_grace_period: grace,
                shm_size,
                port: Some(facts.port),
                lifted,
                comments: facts.comments,
                origins,
                environment_origins: BTreeMap::new(),
            },
        );
    }

    pub(super) fn template_error(&mut self, at: &Path, message: &str) {
        self.told.push(
            Diagnostic::error(&codes::TEMPLATE, Place::Value(at.clone()), message)
                .help("mend the file in `forge-templates/`; without one there, this is a bug in forge"),
        );
    }
}

impl Provider {
    /// One that something else was said about already: nothing more has to be said about its outputs.
    pub(super) fn unknown() -> Provider {
        Provider { outputs: BTreeMap::new(), short: Vec::new(), healthy: true, is_service: false }
    }
}

fn told(output: &Output, secrets: &BTreeMap<String, String>, filled: &mut Filler<'_, '_>) -> Told {
    let text = filled.fill(&output.value);
    let secret = output.secret.as_ref().and_then(|it| secrets.get(it)).cloned();
    let file_of =
        text.strip_prefix("/run/secrets/").filter(|it| secrets.values().any(|name| name == it)).map(str::to_owned);
    Told { text, secret, file_of }
}

/// Fills formulas in, and remembers what goes wrong.
pub(super) struct Filler<'r, 'a> {
    pub(super) resolver: &'r mut Resolver<'a>,
    pub(super) values: minijinja::Value,
    pub(super) at: Path,
}

impl Filler<'_, '_> {
    pub(super) fn fill(&mut self, formula: &str) -> String {
        match self.resolver.catalog.fill(formula, &self.values) {
            Ok(text) => text,
            Err(message) => {
                self.resolver.template_error(&self.at, &message);
                String::new()
            }
        }
    }

    pub(super) fn all(&mut self, formulas: &[String]) -> Vec<String> {
        formulas.iter().map(|it| self.fill(it)).collect()
    }
}
