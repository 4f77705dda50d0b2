//! Backings: a container each, the secrets they need, and what those who need them can learn.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::checks::is_credential;
use super::outputs::Told;
use super::{Resolver, shouted};
use crate::catalog::{BackingFacts, Entry, NameFacts, Output, Selection};
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place};
use crate::project::{
    ConfigFile, Container, Env, Healthcheck, ImageRef, MadeFile, Mount, Origin, Project, Reach, Reference, Resources,
    Role, Secret, Volume, Wait, compose_name,
};
use crate::spec::{self, Duration, LabelName, Spec, Text};

/// Something that can be needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Provider {
    /// What can be learned, by the output's name: its text, and the secret that belongs to it.
    pub(super) outputs: BTreeMap<String, Told>,
    /// The same for those who say as whom they come.
    pub(super) roles: BTreeMap<String, BTreeMap<String, Told>>,
    /// The outputs that the short form gives.
    pub(super) short: Vec<String>,
    /// Whether it says when it is well.
    pub(super) healthy: bool,
    /// What it is.
    pub(super) is_service: bool,
    /// Whether somebody else runs it.
    pub(super) external: bool,
    /// One-shots that have to be done before it is of use.
    pub(super) jobs: Vec<String>,
}

/// A backing of the spec, and what the catalogue knows of it.
pub(super) struct Chosen<'s> {
    pub(super) name: &'s str,
    pub(super) backing: &'s spec::Backing,
    pub(super) entry: &'s Entry,
    pub(super) at: Path,
    pub(super) selection: Selection,
    pub(super) facts: BackingFacts,
}

/// Where a backing is, whom it knows, and which secrets it has.
pub(super) struct Access {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) database: String,
    pub(super) user: String,
    /// By what they are to it.
    pub(super) secrets: BTreeMap<String, String>,
    /// By name, where it knows several.
    pub(super) roles: BTreeMap<String, Login>,
}

/// The user that a role is, and the secret that is its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_backings(&mut self) {
        let (spec, catalog) = (self.spec, self.catalog);
        for (name, backing) in &spec.backings {
            let Some(entry) = catalog.backings.get(&backing.kind) else { continue };
            let at = Path::of(["backings", name]);
            let source = format!("backings/{}", backing.kind);
            let version = self.version(entry, backing.version.as_ref(), &at.key("version"), &source);
            let Some((version, version_origin)) = version else {
                self.providers.insert(name.to_string(), Provider::unknown());
                continue;
            };
            let usage = backing.usage.clone().or_else(|| entry.uses.keys().next().cloned());
            let options = entry.fill_options(&backing.options);
            let selection = Selection { version, options, usage, program: None };
            let facts: BackingFacts = match entry.facts(&selection) {
                Ok(facts) => facts,
                Err(message) => {
                    self.template_error(&at.key("kind"), &message);
                    continue;
                }
            };
            let chosen = Chosen { name, backing, entry, at, selection, facts };
            match &backing.external {
                Some(external) => self.resolve_external(&chosen, external),
                None => self.resolve_backing(&chosen, source, version_origin),
            }
        }
    }

    fn resolve_backing(&mut self, chosen: &Chosen<'_>, source: String, version_origin: Origin) {
        let Chosen { name, backing, at, facts, .. } = chosen;
        self.check_backing(chosen);
        let mut origins = vec![("version", version_origin)];
        let resources = self.resources(backing.resources.as_ref(), at, &facts.resources, &source, false, &mut origins);
        self.check_tmpfs(&facts.tmpfs, resources.memory, at);
        let database = backing.database.clone().unwrap_or_else(|| self.spec.name.replace('-', "_"));
        let user = backing.user.clone().unwrap_or_else(|| database.clone());
        let mut secrets = BTreeMap::new();
        for (role, length) in &facts.secrets {
            let secret = format!("{}_{}", shouted(name), shouted(role));
            // A declared one may say where the value comes from; then it is the spec's.
            self.secrets.entry(secret.clone()).or_insert_with(|| Secret::generated(*length));
            self.used_secrets.insert(secret.clone());
            secrets.insert(role.clone(), secret);
        }
        let mut access = Access {
            host: (*name).to_owned(),
            port: facts.port,
            tls: false,
            database,
            user,
            secrets,
            roles: BTreeMap::new(),
        };
        let mut values = values(chosen, &access, Some(&resources));
        for (role, it) in &facts.roles {
            let mut filled = Filler { resolver: self, values: formula_values(&values), at: at.key("kind") };
            let password = access.secrets.get(&it.password).cloned().unwrap_or_default();
            access.roles.insert(role.clone(), Login { user: filled.fill(&it.user), password });
        }
        values["roles"] = json!(access.roles);
        self.check_logins(chosen, &access);
        self.rotations_of(chosen, &access.secrets, &values);
        let lifted = self.lifted(&backing.exceptions, at);
        let grace = backing.stop_grace_period.unwrap_or(facts.stop_grace_period);
        origins.push((
            "stop_grace_period",
            match backing.stop_grace_period {
                Some(_) => Origin::Spec(at.key("stop_grace_period")),
                None => Origin::Catalog(source),
            },
        ));
        let healthy = !lifted.contains_key("healthcheck");
        let files = self.files_of(chosen, &values);
        let mut filled = Filler { resolver: self, values: formula_values(&values), at: at.key("kind") };
        let image = filled.fill(&facts.image);
        let healthcheck = Healthcheck {
            test: filled.all(&facts.healthcheck),
            interval: Duration(30),
            timeout: Duration(5),
            retries: 3,
            start_period: facts.start_period,
            start_interval: facts.start_interval.unwrap_or(Healthcheck::START_INTERVAL),
        };
        let command = filled.words(&facts.command);
        let container = Container {
            entrypoint: filled.words(&facts.entrypoint),
            command: Some(command).filter(|it| !it.is_empty()),
            environment: filled.environment(&facts.environment),
            secrets: access.secrets.values().cloned().collect::<BTreeSet<_>>(),
            files,
            labels: filled.resolver.labels(&backing.labels, at),
            ulimits: facts.ulimits.clone(),
            networks: BTreeSet::from([(*name).to_owned()]),
            healthcheck: Some(healthcheck).filter(|_| healthy),
            tmpfs: facts.tmpfs.clone(),
            stop_grace_period: grace,
            shm_size: facts.shm_size.as_ref().map(|it| filled.fill(it)),
            port: Some(facts.port),
            lifted,
            comments: facts.comments.iter().map(|(key, it)| (key.clone(), filled.fill(it))).collect(),
            origins,
            ..Container::new(
                name,
                Role::Backing,
                ImageRef::Named(Reference::tagged(image)),
                (facts.user.uid, facts.user.gid),
                resources,
            )
        };
        self.jobs_of(chosen, &values, &container, healthy);
        let mut container = container;
        if let Some(data) = &facts.data {
            let volume = format!("{name}-data");
            self.volumes.insert(volume.clone(), Volume::default());
            container.mounts.insert(data.clone(), Mount::Volume(volume));
        }
        let ports = std::iter::once(("main".to_owned(), facts.port)).chain(facts.ports.clone());
        self.backing_ports.insert((*name).to_owned(), ports.collect());
        self.network(name, Reach::Internal);
        self.provide_backing(chosen, &access, &values, healthy);
        self.containers.insert((*name).to_owned(), container);
    }

    /// Names of users and of the database that the kind takes for its own, or cuts.
    fn check_logins(&mut self, chosen: &Chosen<'_>, access: &Access) {
        let Chosen { backing, at, entry, facts, .. } = chosen;
        let title = &entry.title;
        // A name that was left out comes from another.
        let database =
            if backing.database.is_some() { Place::Value(at.key("database")) } else { Place::Key(at.clone()) };
        let user = if backing.user.is_some() { Place::Value(at.key("user")) } else { database.clone() };
        if facts.databases
            && let Some(own) = NameFacts::of(&access.database, &facts.names.databases)
        {
            let message = format!("{title} has a database `{own}` of its own, and `{}` would be it", access.database);
            self.error(&codes::RESERVED_NAME, database, message, "choose another `database`");
        }
        if !facts.users.unwrap_or(facts.databases) {
            return;
        }
        let roles = access.roles.values().map(|it| it.user.as_str());
        for name in roles.chain([access.user.as_str()]).collect::<BTreeSet<_>>() {
            if let Some(own) = NameFacts::of(name, &facts.names.users) {
                let message = format!("{title} keeps the user `{own}` for itself, and `{name}` would be it");
                self.error(&codes::RESERVED_NAME, user.clone(), message, "choose another `user`");
            }
            if let Some(most) = facts.names.longest_user.filter(|most| name.len() > *most) {
                let message =
                    format!("{title} knows no user with more than {most} characters, and `{name}` has {}", name.len());
                self.error(&codes::INVALID_VALUE, user.clone(), message, "choose a shorter `user`");
            }
            if let Some(least) = facts.names.shortest_user.filter(|least| name.len() < *least) {
                let message = format!(
                    "{title} knows no user with fewer than {least} characters, and `{name}` has {}",
                    name.len()
                );
                self.error(&codes::INVALID_VALUE, user.clone(), message, "choose a longer `user`");
            }
        }
    }

    /// What of the spec does not go with the kind.
    fn check_backing(&mut self, chosen: &Chosen<'_>) {
        let Chosen { backing, at, entry, facts, .. } = chosen;
        let users = facts.users.unwrap_or(facts.databases);
        let given =
            [("database", backing.database.is_some(), facts.databases), ("user", backing.user.is_some(), users)];
        for (key, _, _) in given.iter().filter(|(_, given, known)| *given && !known) {
            let message = format!("{} has no `{key}` of its own", entry.title);
            self.error(&codes::UNSUPPORTED, Place::Key(at.key(key)), message, "leave it out");
        }
        if let Some(why) = chosen.entry.unproven.as_ref().or(facts.unproven.as_ref()) {
            let message = format!("{} was never built and booted by forge's tests", entry.title);
            let place = Place::Value(at.key("kind"));
            self.warning(&codes::UNPROVEN, place, message, format!("{why}; try it before you rely on it"));
        }
        if let Some(why) = facts.development_only.as_ref().filter(|_| self.environment.is_none()) {
            let message = format!("{} has no place in production: {why}", entry.title);
            let help = format!(
                "say what production has instead, `external: {{ host: … }}`, and take that away where this one is wanted: `environments: {{ development: {{ overlay: {{ backings: {{ {}: {{ external: null }} }} }} }} }}`",
                chosen.name
            );
            self.warning(&codes::DEVELOPMENT_ONLY, Place::Value(at.key("kind")), message, help);
        }
    }

    /// The files that its container reads, by their paths there.
    fn files_of(&mut self, chosen: &Chosen<'_>, values: &Value) -> BTreeMap<String, ConfigFile> {
        let Chosen { name, backing, at, facts, .. } = chosen;
        let mut files = BTreeMap::new();
        for (file, it) in &facts.files {
            let template = format!("backings/{}/{}", backing.kind, it.template);
            let mut values = values.clone();
            if it.names_project {
                values["project"] = json!(compose_name(&self.spec.name, self.environment.map(|(name, _)| name)));
            }
            let made = MadeFile { template, values };
            let path = format!("backings/{name}/{file}");
            files.insert(it.target.clone(), ConfigFile { name: format!("{name}-{file}"), path, made: Some(made) });
        }
        for (option, folder) in &facts.project_files {
            let paths = chosen.selection.options.get(option).and_then(Value::as_array).cloned().unwrap_or_default();
            // However many there are, behind `10-` and before `99-`.
            let width = paths.len().saturating_sub(1).to_string().len();
            for (index, path) in paths.iter().enumerate() {
                let Some(path) = path.as_str().map(|it| it.trim_start_matches("./")) else { continue };
                if let Some(why) = spec::not_ours(path) {
                    let place = Place::Value(at.key("options").key(option).index(index));
                    self.error(&codes::INVALID_VALUE, place, why, "keep the file elsewhere in the project");
                }
                let file = path.rsplit('/').next().unwrap_or(path);
                let name = format!("{name}-{option}-{index}");
                let target = format!("{folder}/5{index:0width$}-{file}");
                files.insert(target, ConfigFile { name, path: path.to_owned(), made: None });
            }
        }
        files
    }

    /// One-shots beside a backing, which is `beside` but for its volume.
    fn jobs_of(&mut self, chosen: &Chosen<'_>, values: &Value, beside: &Container, healthy: bool) {
        let Chosen { name, at, facts, .. } = chosen;
        for (job, it) in &facts.jobs {
            let own = format!("{name}-{job}");
            if self.spec.services.contains_key(own.as_str()) || self.spec.backings.contains_key(own.as_str()) {
                let message = format!("`{own}` would be the name of a one-shot of `{name}`, too");
                self.error(&codes::NAME_TWICE, Place::Key(at.clone()), message, "rename one of them");
                continue;
            }
            let mut filled = Filler { resolver: self, values: formula_values(values), at: at.key("kind") };
            let user = it.user.unwrap_or(facts.user);
            let mut comments = it.comments.clone();
            comments.insert(String::new(), it.about.clone());
            let wait = if healthy { Wait::ServiceHealthy } else { Wait::ServiceStarted };
            let container = Container {
                name: own.clone(),
                role: Role::Job((*name).to_owned()),
                image: match &it.image {
                    Some(image) => ImageRef::Named(Reference::tagged(filled.fill(image))),
                    None => beside.image.clone(),
                },
                entrypoint: filled.words(&it.entrypoint),
                command: Some(filled.words(&it.command)),
                environment: filled.environment(&it.environment),
                waits: BTreeMap::from([((*name).to_owned(), wait)]),
                healthcheck: None,
                files: BTreeMap::new(),
                labels: BTreeMap::new(),
                uid: user.uid,
                gid: user.gid,
                tmpfs: it.tmpfs.clone(),
                shm_size: None,
                port: None,
                comments,
                ..beside.clone()
            };
            self.containers.insert(own, container);
        }
    }

    /// What others can learn about a backing.
    pub(super) fn provide_backing(&mut self, chosen: &Chosen<'_>, access: &Access, values: &Value, healthy: bool) {
        let Chosen { name, at, facts, .. } = chosen;
        let outputs_for = |resolver: &mut Self, login: Option<&Login>| {
            let (mut values, mut secrets) = (values.clone(), access.secrets.clone());
            if let Some(it) = login {
                secrets.insert("password".to_owned(), it.password.clone());
                values["user"] = json!(it.user);
                values["secrets"] = json!(secrets);
            }
            let mut filled = Filler { resolver, values: formula_values(&values), at: at.key("kind") };
            let outputs = facts.outputs.iter();
            outputs.map(|(output, it)| (output.clone(), told(it, &secrets, &mut filled))).collect::<BTreeMap<_, _>>()
        };
        let roles: BTreeMap<String, _> =
            access.roles.iter().map(|(role, it)| (role.clone(), outputs_for(self, Some(it)))).collect();
        let default = if self.migrations_of(name).is_empty() { "owner" } else { "app" };
        let outputs = roles.get(default).or_else(|| roles.values().next()).cloned();
        let provider = Provider {
            outputs: outputs.unwrap_or_else(|| outputs_for(self, None)),
            roles,
            short: facts.short.clone(),
            healthy,
            is_service: false,
            external: chosen.backing.external.is_some(),
            jobs: facts.jobs.keys().map(|it| format!("{name}-{it}")).collect(),
        };
        self.providers.insert((*name).to_owned(), provider);
    }

    /// The services that migrate a backing.
    pub(super) fn migrations_of(&self, backing: &str) -> Vec<&'a str> {
        let spec: &'a Spec = self.spec;
        let migrating = spec.services.iter().filter(|(_, it)| it.migrate.is_some());
        let of_it = migrating.filter(|(_, it)| it.needs.iter().iter().any(|(need, _)| need.as_str() == backing));
        of_it.map(|(name, _)| name.as_str()).collect()
    }

    /// One-shots of backings that nobody needs: `docker compose up --wait` fails on one that nobody waits for.
    pub(super) fn leave_lonely_jobs(&mut self) {
        let used = &self.used_providers;
        self.containers.retain(|_, it| !matches!(&it.role, Role::Job(of) if !used.contains(of)));
    }

    /// Labels as they stand in the spec.
    pub(super) fn labels(&mut self, labels: &BTreeMap<LabelName, Text>, at: &Path) -> BTreeMap<String, String> {
        for (name, text) in labels {
            let place = at.key("labels").key(name);
            if let Some(whose) = ["com.docker.", "forge."].into_iter().find(|it| name.starts_with(it)) {
                let message = format!("labels that begin with `{whose}` are not for others to set");
                self.error(&codes::RESERVED_NAME, Place::Key(place), message, "choose another name");
            } else if is_credential(name, &text.0) {
                let message = format!("the label `{name}` looks like a credential, and everybody can read labels");
                let help = "keep credentials under `secrets`";
                self.error(&codes::CREDENTIAL, Place::Value(place), message, help);
            }
        }
        labels.iter().map(|(name, text)| (name.to_string(), text.0.clone())).collect()
    }

    pub(super) fn template_error(&mut self, at: &Path, message: &str) {
        self.told.push(
            Diagnostic::error(&codes::TEMPLATE, Place::Value(at.clone()), message)
                .help("mend the file in `forge-templates/`; without one there, this is a bug in forge"),
        );
    }
}

/// Gives the files of an environment that differ from production's a path of their own.
pub(super) fn part_files(base: &Project, project: &mut Project, environment: &str) {
    for container in project.containers.values_mut() {
        let Some(same) = base.containers.get(&container.name) else { continue };
        for (target, file) in container.files.iter_mut().filter(|(_, it)| it.made.is_some()) {
            if same.files.get(target).is_some_and(|it| it != file) {
                let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
                file.path = format!("{folder}/{environment}.{name}");
            }
        }
    }
}

/// What formulas and templates of a backing can name.
pub(super) fn values(chosen: &Chosen<'_>, access: &Access, resources: Option<&Resources>) -> Value {
    let facts = &chosen.facts.resources;
    let memory = resources.map_or(facts.memory, |it| it.memory);
    let cpus = resources.map_or(facts.cpus, |it| it.cpus);
    json!({
        "name": chosen.name,
        "version": chosen.selection.version,
        "options": chosen.selection.options,
        "use": chosen.selection.usage,
        "host": access.host,
        "port": access.port,
        "tls": access.tls,
        "database": access.database,
        "user": access.user,
        "secrets": access.secrets,
        "roles": access.roles,
        "memory": memory.in_mib(),
        "cpus": cpus.whole(),
        "pids": resources.map_or(facts.pids, |it| it.pids),
    })
}

/// The same for formulas.
pub(super) fn formula_values(values: &Value) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(values))
}

impl Provider {
    /// One that something else was said about already: nothing more has to be said about its outputs.
    pub(super) fn unknown() -> Provider {
        Provider { healthy: true, ..Provider::default() }
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

    /// Those that come to something: a word that only some choices want is empty for others.
    pub(super) fn words(&mut self, formulas: &[String]) -> Vec<String> {
        let mut words = self.all(formulas);
        words.retain(|it| !it.is_empty());
        words
    }

    fn environment(&mut self, formulas: &BTreeMap<String, String>) -> BTreeMap<String, Env> {
        formulas.iter().map(|(name, it)| (name.clone(), Env::Text(self.fill(it)))).collect()
    }
}
