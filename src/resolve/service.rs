//! Services: what is built, what runs, and the one-shots that migrate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::context;
use serde_json::{Map, Value};

use super::backing::{Filler, Provider, Told};
use super::needs::Wiring;
use super::{Resolver, unknown_name};
use crate::catalog::{Entry, Selection, StackFacts};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Container, Env, Healthcheck, Image, ImageFiles, ImageRef, Mount, Origin, OtherFile, Packages, Reference, Role,
    Test, User, Wait,
};
use crate::spec::{self, Build, Duration, Service, Size};

/// What reads Dockerfiles, where a stack names no other.
const FRONTEND: &str = "docker/dockerfile:1";

/// What is known of a built service before its container is made.
pub(super) struct Built<'a> {
    build: &'a Build,
    entry: &'a Entry,
    selection: Selection,
    version_origin: Origin,
    pub(super) facts: Arc<StackFacts>,
    pub(super) context: String,
}

impl Built<'_> {
    /// Whether an entrypoint can run in the image, or why not.
    fn entrypoint(&self) -> Result<(), &'static str> {
        if self.facts.shell { Ok(()) } else { Err("the image of this stack has no shell for an entrypoint") }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_services(&mut self) {
        let spec = self.spec;
        let mut built: BTreeMap<&str, Built<'a>> = BTreeMap::new();
        let mut contexts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, service) in &spec.services {
            let at = Path::of(["services", name]);
            self.check_credentials(service, &at);
            let given = [service.build.is_some(), service.image.is_some(), service.from.is_some()];
            if given.iter().filter(|it| **it).count() != 1 {
                self.error(&codes::ONE_OF, Place::Key(at.clone()), format!("`{name}` wants exactly one of `build`, `image` and `from`"), "`build` makes an image here, `image` runs somebody else's, `from` runs another service's with another command");
            }
            if service.test.is_some() && service.build.is_none() {
                let help = "leave it out: tests run where an image is made";
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key("test")),
                    format!("`{name}` is not built here"),
                    help,
                );
            }
            if let Some(build) = &service.build {
                match self.built(build, service, &at) {
                    Some(it) => {
                        contexts.entry(it.context.clone()).or_default().push(name);
                        built.insert(name, it);
                    }
                    None => {
                        self.providers.insert(name.to_string(), Provider::unknown());
                        continue;
                    }
                }
            }
            let port = service.port.or_else(|| built.get(name.as_str()).and_then(|it| it.facts.port));
            self.provide(name, service, port);
        }
        for (name, service) in &spec.services {
            let at = Path::of(["services", name]);
            if let Some(it) = built.get(name.as_str()) {
                let shared = contexts[&it.context].len() > 1;
                self.resolve_built(name, service, it, shared, &at);
            } else if let Some(image) = &service.image {
                self.resolve_image(name, service, image, &at);
            }
        }
        for (name, service) in &spec.services {
            let Some(from) = &service.from else { continue };
            let at = Path::of(["services", name]);
            let Some(source) = spec.services.get(from) else {
                let known = spec.services.iter().filter(|(_, it)| it.build.is_some()).map(|(name, _)| name.as_str());
                let message = format!("there is no service `{from}`");
                self.told.push(unknown_name(Place::Value(at.key("from")), message).nearest(from, known));
                continue;
            };
            if source.from.is_some() {
                self.error(
                    &codes::FROM_FROM,
                    Place::Value(at.key("from")),
                    format!("`{from}` is itself a `from`"),
                    "name the service that is built",
                );
            } else if source.build.is_none() {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Value(at.key("from")),
                    format!("`{from}` is not built here"),
                    format!("write `image:` in `{name}` as well"),
                );
            } else if let Some(it) = built.get(from.as_str()) {
                self.resolve_from(name, service, from, source, it, &at);
            }
        }
    }

    /// What others can learn about a service.
    fn provide(&mut self, name: &str, service: &Service, port: Option<u16>) {
        let told = |text: String| Told { text, secret: None, file_of: None };
        let mut outputs = BTreeMap::from([("host".to_owned(), told(name.to_owned()))]);
        if let Some(port) = port {
            outputs.insert("port".to_owned(), told(port.to_string()));
            outputs.insert("url".to_owned(), told(format!("http://{name}:{port}")));
        }
        for (label, port) in &service.ports {
            outputs.insert(format!("{label}_port"), told(port.to_string()));
        }
        let healthy = !service.exceptions.iter().any(|it| it.rule == "healthcheck");
        let short = if port.is_some() { vec!["url".to_owned()] } else { Vec::new() };
        self.providers.insert(name.to_owned(), Provider { outputs, short, healthy, is_service: true });
    }

    fn built(&mut self, build: &'a Build, service: &Service, at: &Path) -> Option<Built<'a>> {
        let at = at.key("build");
        if service.user.is_some() {
            self.error(
                &codes::NO_EFFECT,
                Place::Key(Path(at.0[..2].to_vec()).key("user")),
                "a `build` has its own user",
                "move it to `build: { user: … }`",
            );
        }
        // An unknown stack is a matter of the schema, and was told.
        let entry = self.catalog.stacks.get(&build.stack)?;
        let source = format!("stacks/{}", build.stack);
        let (version, version_origin) = self.version(entry, build.version.as_ref(), &at.key("version"), &source)?;
        let context = self.context(&build.context, &at.key("context"))?;
        let mut selection = Selection { version, options: entry.fill_options(&build.options), ..Selection::default() };
        let facts = self
            .stack_facts(&build.stack, entry, &selection)
            .map_err(|it| self.template_error(&at.key("stack"), &it))
            .ok()?;
        let first = service.command.as_ref().and_then(|it| it.first()).map(|it| it.0.clone());
        selection.program = first.or_else(|| facts.command.first().cloned());
        let facts = self
            .stack_facts(&build.stack, entry, &selection)
            .map_err(|it| self.template_error(&at.key("stack"), &it))
            .ok()?;
        Some(Built { build, entry, selection, version_origin, facts, context })
    }

    /// A folder inside of the project, without `./`; the project itself is empty.
    fn context(&mut self, context: &str, at: &Path) -> Option<String> {
        let place = Place::Value(at.clone());
        let parts: Vec<&str> = context.split('/').filter(|it| !it.is_empty() && *it != ".").collect();
        if context.starts_with('/') || parts.contains(&"..") {
            self.error(
                &codes::CONTEXT,
                place,
                format!("`{context}` leads out of the project"),
                "name a folder beside forge.yaml or below it",
            );
            return None;
        }
        let context = parts.join("/");
        let own = [".forge", "secrets", &self.layout.nginx, &self.layout.scripts];
        let is_below =
            |folder: &&str| context.strip_prefix(*folder).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let message = own.into_iter().find(is_below).map(|it| format!("`{it}` is a folder that forge fills itself"));
        if let Some(message) = message {
            self.error(&codes::CONTEXT, place, message, "keep the source in another folder");
            return None;
        }
        Some(context)
    }

    fn resolve_built(&mut self, name: &str, service: &Service, built: &Built<'_>, shared: bool, at: &Path) {
        let facts = Arc::clone(&built.facts);
        let source = format!("stacks/{}", built.build.stack);
        let mut origins = vec![("build.version", built.version_origin.clone())];
        let user = self.user(built, at, &mut origins);
        let mut container = self.container(
            name,
            service,
            at,
            &facts,
            &source,
            ImageRef::Built(name.to_owned()),
            (user.uid, user.gid),
            origins,
        );
        let port = service.port.or(facts.port);
        container.port = port;
        container.origins.push((
            "port",
            match service.port {
                Some(_) => Origin::Spec(at.key("port")),
                None => Origin::Catalog(source.clone()),
            },
        ));
        self.check_ports(service, port, at);
        let values = values(name, &container, &built.selection, port);
        let test = self.test_of(service, built, at);
        self.audit(name, built, &values, at);
        let mut filler = Filler { resolver: self, values: values.clone(), at: at.key("build") };
        let mut images: BTreeMap<String, Reference> =
            facts.images.iter().map(|(key, it)| (key.clone(), Reference::tagged(filler.fill(it)))).collect();
        images.entry("frontend".to_owned()).or_insert_with(|| Reference::tagged(FRONTEND));
        // What somebody's own command starts is theirs to know.
        let program = facts.program.iter().filter(|_| service.command.is_none());
        let reads = facts.reads.iter().chain(program).map(|it| filler.fill(it)).filter(|it| !it.is_empty()).collect();
        let stack_environment: Vec<(String, String)> =
            facts.environment.iter().map(|(key, it)| (key.clone(), filler.fill(it))).collect();
        let command = match &service.command {
            Some(command) => command.iter().map(|it| it.0.clone()).collect(),
            None => filler.all(&facts.command),
        };
        container.origins.push((
            "command",
            match service.command {
                Some(_) => Origin::Spec(at.key("command")),
                None => Origin::Catalog(source.clone()),
            },
        ));
        if command.is_empty() && built.build.stack != "static" && facts.shell {
            self.error(
                &codes::NO_COMMAND,
                Place::Key(at.clone()),
                format!("nothing says how `{name}` is started"),
                "write `command: [program, argument, …]`, or choose a `framework` under `build: { options: … }`",
            );
        }
        let mut made = BTreeMap::new();
        self.wire(&Wiring::of(service, at), &mut container, &mut made, built.entrypoint());
        derive_environment(&mut container, stack_environment);
        container.healthcheck = self.healthcheck(service, &container, &facts, values.clone(), at);
        self.volumes_of(service, &mut container, &facts.workdir, at);
        let volumes: BTreeSet<String> = container.mounts.keys().cloned().collect();
        self.mount_sources(built, &mut container, values.clone(), at);
        let mut filler = Filler { resolver: self, values, at: at.key("build") };
        container.command = develop(&mut filler, &facts, &command);
        if let Some(migrate) = &service.migrate {
            self.resolve_migration(name, migrate, service, &mut container, &facts, at);
        }
        self.check_exceptions(service, at);
        let files = |file: &str| if shared { format!("{name}.{file}") } else { file.to_owned() };
        let beside = |file: String| match built.context.as_str() {
            "" => file,
            context => format!("{context}/{file}"),
        };
        let given = self.dockerfile(name);
        // Docker looks for one of this name before it looks for the context's own.
        let dockerignore = match &given {
            Some(dockerfile) => format!("{dockerfile}.dockerignore"),
            None if shared => beside(format!("{name}.Dockerfile.dockerignore")),
            None => beside(".dockerignore".to_owned()),
        };
        let title = format!("{}-{name}", self.spec.name);
        let image = Image {
            name: name.to_owned(),
            repository: match &self.spec.registry {
                Some(registry) => format!("{registry}/{title}"),
                None => title.clone(),
            },
            title,
            stack: built.build.stack.clone(),
            version: built.selection.version.clone(),
            options: all_options(built),
            context: built.context.clone(),
            beside: self.beside(&built.context),
            files: ImageFiles {
                dockerfile: given.unwrap_or_else(|| beside(files("Dockerfile"))),
                dockerignore,
                entrypoint: files("docker-entrypoint.sh"),
                others: facts
                    .files
                    .iter()
                    .map(|(it, template)| {
                        (it.replace('.', "_"), OtherFile { name: files(it), template: template.clone() })
                    })
                    .collect(),
            },
            images,
            workdir: facts.workdir.clone(),
            packages: Packages { build: sorted(&built.build.packages.build), run: sorted(&built.build.packages.run) },
            user,
            ports: port
                .into_iter()
                .chain(service.ports.values().copied())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            command,
            healthcheck: container.healthcheck.clone(),
            secret_variables: made,
            volumes,
            reads,
            grace: container.stop_grace_period.0,
            cpus: container.resources.cpus.whole(),
            test,
        };
        self.network(name, true);
        self.containers.insert(name.to_owned(), container);
        self.images.insert(name.to_owned(), image);
    }

    /// The tests, where the stack has a stage for them.
    fn test_of(&mut self, service: &Service, built: &Built<'_>, at: &Path) -> Option<Test> {
        let test = service.test.as_ref()?;
        if !built.facts.tests {
            let message = format!("the stack `{}` has no stage for tests", built.build.stack);
            let help = "leave `test` out; a stack of your own has one with `tests: true` and a stage `test`";
            self.error(&codes::UNSUPPORTED, Place::Key(at.key("test")), message, help);
            return None;
        }
        Some(Test {
            command: test.command.iter().map(|it| it.0.clone()).collect(),
            egress: test.egress.unwrap_or(false),
        })
    }

    fn resolve_image(&mut self, name: &str, service: &Service, image: &spec::Image, at: &Path) {
        let place = Place::Value(at.key("image"));
        let untagged = !image.contains('@') && !image.rsplit('/').next().is_some_and(|it| it.contains(':'));
        if untagged || image.ends_with(":latest") {
            self.error(
                &codes::INVALID_VALUE,
                place,
                format!("`{image}` has no fixed version"),
                "name a tag other than `latest`, or a digest",
            );
        }
        if service.user.is_none() {
            self.error(
                &codes::MISSING_KEY,
                Place::Key(at.clone()),
                format!("`{name}` says not who runs it"),
                "write `user: { uid: …, gid: … }` with the numbers of the image's own user; not 0",
            );
        }
        if let Some(migrate) = service.migrate.as_ref().map(|_| at.key("migrate")) {
            self.error(
                &codes::UNSUPPORTED,
                Place::Key(migrate),
                "an `image` has no `migrate`",
                "build it here, or run the migration before",
            );
        }
        let facts = Arc::new(image_facts());
        let user = service.user.map_or((10001, 10001), |it| (it.uid, it.gid));
        let mut container = self.container(
            name,
            service,
            at,
            &facts,
            "forge",
            ImageRef::Named(Reference::tagged(image.as_str())),
            user,
            Vec::new(),
        );
        container.port = service.port;
        container.command = service.command.as_ref().map(|it| it.iter().map(|it| it.0.clone()).collect());
        self.check_ports(service, service.port, at);
        let entrypoint = Err("the image was built by somebody else");
        self.wire(&Wiring::of(service, at), &mut container, &mut BTreeMap::new(), entrypoint);
        let values = values(name, &container, &Selection::default(), service.port);
        container.healthcheck = self.healthcheck(service, &container, &facts, values, at);
        self.volumes_of(service, &mut container, &facts.workdir, at);
        if let Some((path, Mount::Volume(_))) = container.mounts.iter().next() {
            let place = Place::Key(at.key("writable").key(path));
            self.warning(
                &codes::NO_EFFECT,
                place,
                format!("a new volume on `{path}` is root's, unless the image has that folder for its user"),
                "use a folder that the image already gives to its user, or a tmpfs",
            );
        }
        self.check_exceptions(service, at);
        self.network(name, true);
        self.containers.insert(name.to_owned(), container);
    }

    fn resolve_from(
        &mut self,
        name: &str,
        service: &Service,
        from: &str,
        source: &Service,
        built: &Built<'_>,
        at: &Path,
    ) {
        let Some(image) = self.images.get(from).cloned() else { return };
        let facts = Arc::clone(&built.facts);
        for (key, given) in [("migrate", service.migrate.is_some()), ("user", service.user.is_some())] {
            if given {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key(key)),
                    format!("a `from` has no `{key}`: it is its source's"),
                    format!("say it at `{from}`"),
                );
            }
        }
        if service.command.is_none() {
            self.error(
                &codes::NO_COMMAND,
                Place::Key(at.clone()),
                format!("`{name}` would run just what `{from}` runs"),
                format!("write its `command`, or raise `replicas` of `{from}`"),
            );
        }
        let stack = format!("stacks/{}", built.build.stack);
        let user = (image.user.uid, image.user.gid);
        // What it writes to is what its source writes to, but for what it says itself.
        let mut merged = service.clone();
        for (path, writable) in &source.writable {
            merged.writable.entry(path.clone()).or_insert_with(|| writable.clone());
        }
        let service = &merged;
        let mut container =
            self.container(name, service, at, &facts, &stack, ImageRef::Built(from.to_owned()), user, Vec::new());
        container.port = service.port;
        self.check_ports(service, service.port, at);
        let mut selection = built.selection.clone();
        selection.program = service.command.as_ref().and_then(|it| it.first()).map(|it| it.0.clone());
        let values = values(name, &container, &selection, service.port);
        let mut filler = Filler { resolver: self, values: values.clone(), at: at.clone() };
        let stack_environment: Vec<(String, String)> =
            facts.environment.iter().map(|(key, it)| (key.clone(), filler.fill(it))).collect();
        let mut made = image.secret_variables.clone();
        // What it says itself goes before what it inherits.
        let own = Wiring::of(service, at);
        let mut inherited = Wiring::of(source, &Path::of(["services", from]));
        inherited.needs.retain(|(it, _)| *it != name && !own.needs.iter().any(|(own, _)| own == it));
        inherited.secrets.retain(|(it, _)| !own.secrets.iter().any(|(own, _)| own == it));
        let environment: BTreeMap<_, _> = source
            .environment
            .iter()
            .filter(|(it, _)| !service.environment.contains_key(*it) && !service.variables.contains(it))
            .map(|(it, text)| (it.clone(), text.clone()))
            .collect();
        let variables: Vec<_> = source
            .variables
            .iter()
            .filter(|it| !service.environment.contains_key(*it) && !service.variables.contains(it))
            .cloned()
            .collect();
        (inherited.environment, inherited.variables) = (&environment, &variables);
        for wiring in [inherited, own] {
            self.wire(&wiring, &mut container, &mut made, built.entrypoint());
        }
        derive_environment(&mut container, stack_environment);
        if source.migrate.is_some() {
            container.waits.insert(format!("{from}-migrate"), Wait::ServiceCompletedSuccessfully);
        }
        if source.egress == Some(true) && service.egress.is_none() {
            container.networks.insert(self.network(&format!("{name}-egress"), false));
        }
        container.healthcheck = self.healthcheck(service, &container, &facts, values.clone(), at);
        self.volumes_of(service, &mut container, &facts.workdir, at);
        for path in container.mounts.keys().filter(|path| !image.volumes.contains(*path)).cloned().collect::<Vec<_>>() {
            if let Some(image) = self.images.get_mut(from) {
                image.volumes.insert(path);
            }
        }
        let command: Vec<String> = service.command.iter().flatten().map(|it| it.0.clone()).collect();
        self.mount_sources(built, &mut container, values.clone(), at);
        let development = self.stack_facts(&built.build.stack, built.entry, &selection).unwrap_or(facts);
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        container.command = develop(&mut filler, &development, &command).or(Some(command));
        self.check_exceptions(service, at);
        container.networks.insert(self.network(name, true));
        if let Some(image) = self.images.get_mut(from) {
            image.secret_variables = made;
        }
        self.containers.insert(name.to_owned(), container);
    }

    /// What all kinds of services have in common.
    #[expect(clippy::too_many_arguments, reason = "one caller for each kind, and each has them at hand")]
    fn container(
        &mut self,
        name: &str,
        service: &Service,
        at: &Path,
        facts: &StackFacts,
        source: &str,
        image: ImageRef,
        (uid, gid): (u32, u32),
        mut origins: Vec<(&'static str, Origin)>,
    ) -> Container {
        let resources = self.resources(service.resources.as_ref(), at, &facts.resources, source, true, &mut origins);
        let lifted = self.lifted(&service.exceptions, at);
        let shared_grace = self.spec.defaults.as_ref().and_then(|it| it.stop_grace_period);
        match (service.stop_grace_period, shared_grace) {
            (Some(_), _) => origins.push(("stop_grace_period", Origin::Spec(at.key("stop_grace_period")))),
            (None, Some(_)) => {
                origins.push(("stop_grace_period", Origin::Spec(Path::of(["defaults", "stop_grace_period"]))));
            }
            (None, None) => {}
        }
        for (key, given) in [("replicas", service.replicas.is_some()), ("egress", service.egress.is_some())] {
            if given {
                origins.push((key, Origin::Spec(at.key(key))));
            }
        }
        let mut networks = BTreeSet::new();
        if service.from.is_none() {
            networks.insert(name.to_owned());
        }
        if service.egress == Some(true) {
            networks.insert(self.network(&format!("{name}-egress"), false));
        }
        let mut tmpfs = facts.tmpfs.clone();
        for (path, writable) in &service.writable {
            if let spec::Writable::Tmpfs(size) = writable {
                tmpfs.insert(path.to_string(), *size);
            } else {
                tmpfs.remove(path.as_str());
            }
        }
        self.check_tmpfs(&tmpfs, resources.memory, at);
        Container {
            name: name.to_owned(),
            role: Role::Service,
            image,
            command: None,
            environment: BTreeMap::new(),
            secrets: BTreeSet::new(),
            networks,
            waits: BTreeMap::new(),
            healthcheck: None,
            uid,
            gid,
            tmpfs,
            mounts: BTreeMap::new(),
            replicas: service.replicas.unwrap_or(1),
            resources,
            init: facts.init && !lifted.contains_key("init"),
            stop_grace_period: service.stop_grace_period.unwrap_or_else(|| self.grace()),
            shm_size: None,
            port: None,
            lifted,
            comments: BTreeMap::new(),
            origins,
            environment_origins: BTreeMap::new(),
        }
    }

    fn resolve_migration(
        &mut self,
        name: &str,
        migrate: &spec::Migrate,
        service: &Service,
        container: &mut Container,
        facts: &StackFacts,
        at: &Path,
    ) {
        if !facts.shell {
            self.error(
                &codes::UNSUPPORTED,
                Place::Key(at.key("migrate")),
                "the image of this stack has no `timeout` to bound a migration with",
                "migrate from a service of another stack",
            );
        }
        let timeout = migrate.timeout.unwrap_or(Duration(300));
        if timeout.0 == 0 {
            let help = "write how long it may take at most, such as `5m`";
            self.error(&codes::INVALID_VALUE, Place::Value(at.dotted("migrate.timeout")), "no time is no bound", help);
        }
        let one_shot = format!("{name}-migrate");
        let words = ["timeout".to_owned(), timeout.0.to_string()];
        let command = words.into_iter().chain(migrate.command.iter().map(|it| it.0.clone()));
        let mut networks = container.networks.clone();
        if networks.len() > 1 {
            networks.remove(name);
        }
        if service.egress == Some(true) && !networks.iter().any(|it| it != &format!("{name}-egress")) {
            networks.insert(name.to_owned());
        }
        let migration = Container {
            name: one_shot.clone(),
            role: Role::Migration(name.to_owned()),
            command: Some(command.collect()),
            healthcheck: None,
            networks,
            // It waits for backings, not for services: those may wait for it.
            waits: container
                .waits
                .iter()
                .filter(|(name, _)| self.spec.backings.contains_key(name.as_str()))
                .map(|(name, wait)| (name.clone(), *wait))
                .collect(),
            replicas: 1,
            port: None,
            comments: BTreeMap::from([(String::new(), format!("once per deploy, before the new {name} starts"))]),
            ..container.clone()
        };
        container.waits.insert(one_shot.clone(), Wait::ServiceCompletedSuccessfully);
        self.containers.insert(one_shot, migration);
    }

    fn user(&mut self, built: &Built<'_>, at: &Path, origins: &mut Vec<(&'static str, Origin)>) -> User {
        let facts = &built.facts.user;
        // The image's own user, where the stack has no other: it is there already, and defaults cannot change it.
        let exists = facts.uid < 10_000;
        let shared = self.spec.defaults.as_ref().and_then(|it| it.user.as_ref()).filter(|_| !exists);
        let own = built.build.user.as_ref();
        let origin = match (own, shared) {
            (Some(_), _) => Origin::Spec(at.dotted("build.user")),
            (None, Some(_)) => Origin::Spec(Path::of(["defaults", "user"])),
            (None, None) => Origin::Catalog(format!("stacks/{}", built.build.stack)),
        };
        origins.push(("build.user", origin));
        let pick = |take: fn(&spec::User) -> Option<u32>| own.and_then(take).or_else(|| shared.and_then(take));
        let name = own.and_then(|it| it.name.clone()).or_else(|| shared.and_then(|it| it.name.clone()));
        let uid = pick(|it| it.uid).unwrap_or(facts.uid);
        let gid = pick(|it| it.gid).unwrap_or(if uid == facts.uid { facts.gid } else { uid });
        let name = name.map_or_else(|| facts.name.clone(), |it| it.to_string());
        if built.facts.taken_users.contains(&name) {
            let place = Place::Value(at.dotted("build.user.name"));
            self.error(
                &codes::NAME_TWICE,
                place,
                format!("the base image of {} has a user `{name}` with a number of its own", built.entry.title),
                "choose another name; the number is what counts",
            );
        }
        if exists && (uid, gid) != (facts.uid, facts.gid) {
            let place = Place::Value(at.dotted("build.user"));
            self.error(
                &codes::UNSUPPORTED,
                place,
                format!("the image of {} runs as {}:{}", built.entry.title, facts.uid, facts.gid),
                "leave the user out",
            );
        }
        User { name, uid, gid, exists }
    }

    fn check_ports(&mut self, service: &Service, port: Option<u16>, at: &Path) {
        let mut taken: BTreeMap<u16, &str> = port.map(|it| (it, "port")).into_iter().collect();
        for (name, number) in service.ports.iter().filter(|(_, number)| **number < 1024) {
            let place = Place::Value(at.key("ports").key(name));
            self.error(
                &codes::INVALID_VALUE,
                place,
                format!("only root may listen on port {number}"),
                "choose one from 1024 on",
            );
        }
        for (name, number) in &service.ports {
            if let Some(other) = taken.insert(*number, name.as_str()) {
                self.error(
                    &codes::PORT_TWICE,
                    Place::Value(at.key("ports").key(name)),
                    format!("port {number} is already its `{other}`"),
                    "give each its own number",
                );
            }
        }
    }

    /// Volumes of the spec; a `from` has those of its source as well.
    fn volumes_of(&mut self, service: &Service, container: &mut Container, workdir: &str, at: &Path) {
        for (path, writable) in &service.writable {
            match writable {
                spec::Writable::Volume(volume) => {
                    if self.spec.backings.contains_key(volume.strip_suffix("-data").unwrap_or("")) {
                        self.error(
                            &codes::NAME_TWICE,
                            Place::Value(at.key("writable").key(path).key("volume")),
                            format!("`{volume}` is the volume of a backing"),
                            "choose another name",
                        );
                    }
                    self.volumes.insert(volume.to_string());
                    container.mounts.insert(path.to_string(), Mount::Volume(volume.to_string()));
                }
                // It is among the container's tmpfs already.
                spec::Writable::Tmpfs(_) => {}
            }
            let inside = |other: &&spec::AbsolutePath| path.starts_with(&format!("{}/", other.as_str()));
            if let Some(outer) = service.writable.keys().find(inside) {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key("writable").key(path)),
                    format!("`{path}` lies inside of `{outer}`, which is writable already"),
                    "leave it out",
                );
            }
            const SYSTEM: [&str; 11] = [
                "/run/secrets",
                "/proc",
                "/sys",
                "/dev",
                "/etc",
                "/usr",
                "/bin",
                "/lib",
                "/lib64",
                "/sbin",
                "/opt/venv",
            ];
            let of_system = SYSTEM.iter().any(|it| path.as_str() == *it || path.starts_with(&format!("{it}/")));
            let of_program = matches!(container.image, ImageRef::Built(_)) && path.as_str() == workdir;
            if of_program {
                let place = Place::Key(at.key("writable").key(path));
                let help = "name the folder below it that the program writes to";
                self.error(&codes::UNSUPPORTED, place, format!("`{path}` holds the program itself"), help);
            }
            if of_system || ["/run", "/var", "/opt"].contains(&path.as_str()) {
                self.error(
                    &codes::UNSUPPORTED,
                    Place::Key(at.key("writable").key(path)),
                    format!("`{path}` belongs to the system of the image"),
                    "name the folder that the program writes to",
                );
            }
        }
    }

    /// Mounts the sources where the environment wants it.
    fn mount_sources(&mut self, built: &Built<'_>, container: &mut Container, values: minijinja::Value, at: &Path) {
        let Some((name, true)) = self.environment else { return };
        let facts = Arc::clone(&built.facts);
        let mut filler = Filler { resolver: self, values, at: at.key("build") };
        let sources = match &built.build.sources {
            Some(sources) => sources.clone(),
            None => filler.all(&facts.development.sources),
        };
        for source in sources.iter().filter(|it| !it.is_empty()) {
            if source == "." && built.context.is_empty() {
                let place = Place::Value(at.dotted("build.context"));
                let help = "write `build: { sources: [folder, …] }`";
                self.warning(
                    &codes::NO_EFFECT,
                    place,
                    format!(
                        "in `{name}` the whole project would be mounted over the image, secrets and all, so nothing is"
                    ),
                    help,
                );
                continue;
            }
            let target = match (&facts.development.target, source.as_str()) {
                (Some(target), _) => target.clone(),
                (None, ".") => facts.workdir.clone(),
                (None, source) => format!("{}/{source}", facts.workdir),
            };
            let below = |it: &String| it.starts_with(&format!("{target}/"));
            if container.tmpfs.keys().chain(container.mounts.keys()).any(below) {
                let place = Place::Key(at.key("writable"));
                let help = "write `build: { sources: [folder, …] }`";
                self.warning(&codes::NO_EFFECT, place, format!("in `{name}` the source is not mounted: a writable folder inside of a read-only mount could not be made"), help);
                continue;
            }
            let parts: Vec<&str> =
                built.context.split('/').chain(source.split('/')).filter(|it| !it.is_empty() && *it != ".").collect();
            container.mounts.insert(target, Mount::Bind(format!("./{}", parts.join("/"))));
        }
    }

    fn check_exceptions(&mut self, service: &Service, at: &Path) {
        for (index, exception) in service.exceptions.iter().enumerate() {
            let place = Place::Value(at.key("exceptions").index(index).key("rule"));
            if exception.rule == "healthcheck" && service.healthcheck.is_some() {
                self.error(
                    &codes::NO_EFFECT,
                    place,
                    "the rule `healthcheck` is lifted, and there is a `healthcheck`",
                    "keep one of them",
                );
            } else if exception.rule != "literal-credential"
                && self.rules.iter().any(|it| it.name == exception.rule && !it.changes_output)
            {
                self.warning(
                    &codes::NO_EFFECT,
                    place,
                    format!("lifting `{}` quiets `forge lint` and changes nothing that is generated", exception.rule),
                    "keep it if a file was edited that way",
                );
            }
        }
    }

    fn healthcheck(
        &mut self,
        service: &Service,
        container: &Container,
        facts: &StackFacts,
        values: minijinja::Value,
        at: &Path,
    ) -> Option<Healthcheck> {
        if container.lifted.contains_key("healthcheck") {
            return None;
        }
        let own = service.healthcheck.clone().unwrap_or_default();
        let here = at.key("healthcheck");
        let interval = own.interval.unwrap_or(Duration(30));
        let timeout = own.timeout.unwrap_or(Duration(5));
        if timeout.0 < 2 {
            let place = Place::Value(here.key("timeout"));
            self.error(&codes::INVALID_VALUE, place, "a probe needs at least 2s to answer", "write `timeout: 5s`");
        }
        if interval.0 == 0 {
            let place = Place::Value(here.key("interval"));
            self.error(&codes::INVALID_VALUE, place, "no time between two questions", "write `interval: 30s`");
        }
        let given = [own.http.is_some(), own.tcp.is_some(), own.command.is_some(), own.file.is_some()];
        if given.iter().filter(|it| **it).count() > 1 {
            self.error(
                &codes::ONE_OF,
                Place::Key(here.clone()),
                "a healthcheck asks in one way",
                "keep one of `http`, `tcp`, `command` and `file`",
            );
        }
        let (retries, start_period) = (own.retries.unwrap_or(3), own.start_period.unwrap_or(facts.start_period));
        let asked = |test| Healthcheck { test, interval, timeout, retries, start_period };
        let port = container.port;
        let (formulas, port, path, max_age) = if let Some(command) = own.command {
            let test = std::iter::once("CMD".to_owned()).chain(command.into_iter().map(|it| it.0)).collect();
            return Some(asked(test));
        } else if let Some(file) = own.file {
            let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let covers = |it: &String| parent == it || parent.starts_with(&format!("{it}/"));
            let writable = container.tmpfs.keys().any(covers) || service.writable.keys().any(|it| covers(&it.0));
            if !writable {
                self.error(
                    &codes::NO_EFFECT,
                    Place::Value(here.dotted("file.path")),
                    format!("`{}` lies in no folder that `{}` can write to", file.path, container.name),
                    "use a file in /tmp, or list its folder under `writable`",
                );
            }
            (&facts.probe.file, 0, file.path.to_string(), file.max_age.0)
        } else if let Some(port) = own.tcp {
            (&facts.probe.tcp, port, String::new(), 0)
        } else if let Some(path) =
            own.http.map(|it| it.to_string()).or_else(|| facts.health.clone().filter(|_| port.is_some()))
        {
            let Some(port) = port else {
                self.error(
                    &codes::NO_PORT,
                    Place::Value(here.key("http")),
                    format!("`{}` has no port to ask at", container.name),
                    "give it `port:`",
                );
                return None;
            };
            (&facts.probe.http, port, path, 0)
        } else if let Some(port) = port {
            (&facts.probe.tcp, port, String::new(), 0)
        } else {
            let help = "write `healthcheck: { file: { path: /tmp/alive, max_age: 60s } }` and touch the file, or `command: […]`, or lift the rule `healthcheck` with a reason";
            self.error(
                &codes::NO_HEALTHCHECK,
                Place::Key(at.clone()),
                format!("nothing says how `{}` shows that it is well", container.name),
                help,
            );
            return None;
        };
        if formulas.is_empty() {
            let help = "write `healthcheck: { command: […] }` with a program that is in the image, or lift the rule `healthcheck` with a reason";
            // What was written there cannot be done; where nothing was, the service itself is to blame.
            let own = service.healthcheck.as_ref();
            let asked = own.and_then(|it| {
                let given = [("http", it.http.is_some()), ("tcp", it.tcp.is_some()), ("file", it.file.is_some())];
                given.into_iter().find(|(_, given)| *given).map(|(key, _)| here.key(key))
            });
            self.error(
                &codes::NO_HEALTHCHECK,
                Place::Key(asked.unwrap_or_else(|| at.clone())),
                format!("forge does not know what the image of `{}` has to ask with", container.name),
                help,
            );
            return None;
        }
        let values = context! { port => port, path => path, timeout => timeout.0, max_age => max_age, ..values };
        let mut filler = Filler { resolver: self, values, at: here };
        let test = std::iter::once("CMD".to_owned()).chain(filler.all(formulas)).collect();
        Some(asked(test))
    }
}

/// The options as templates see them: those without default and choice are empty text.
fn all_options(built: &Built<'_>) -> Map<String, Value> {
    let mut options = built.selection.options.clone();
    for name in built.entry.options.keys() {
        options.entry(name.clone()).or_insert_with(|| "".into());
    }
    options
}

/// What formulas of a stack can name.
fn values(name: &str, container: &Container, selection: &Selection, port: Option<u16>) -> minijinja::Value {
    context! {
        name => name, port => port, version => selection.version.clone(), options => minijinja::Value::from(minijinja::value::Serde(&selection.options)),
        memory => container.resources.memory.in_mib(), cpus => container.resources.cpus.whole(), grace => container.stop_grace_period.0,
    }
}

/// The stack's own variables; the spec's go before them.
fn derive_environment(container: &mut Container, stack: Vec<(String, String)>) {
    for (name, text) in stack {
        if !container.environment.contains_key(&name) {
            let origin = Origin::Derived("by the stack, from cpus and memory".to_owned());
            container.environment_origins.insert(name.clone(), origin);
            container.environment.insert(name, Env::Text(text));
        }
    }
}

/// The command with what makes it start again after an edit, if the sources are mounted and that makes a difference.
fn develop(filler: &mut Filler<'_, '_>, facts: &StackFacts, command: &[String]) -> Option<Vec<String>> {
    let (_, true) = filler.resolver.environment? else { return None };
    let (insert, append) = (filler.all(&facts.development.insert), filler.all(&facts.development.append));
    let (first, rest) = command.split_first()?;
    let words =
        std::iter::once(first.clone()).chain(insert).chain(rest.iter().cloned()).chain(append).collect::<Vec<_>>();
    Some(words).filter(|it| it != command)
}

fn sorted(packages: &[spec::Packages]) -> Vec<String> {
    packages.iter().map(|it| it.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is known about an image that somebody else built: next to nothing.
fn image_facts() -> StackFacts {
    StackFacts {
        images: BTreeMap::new(),
        workdir: "/".to_owned(),
        user: crate::catalog::UserFacts { name: "app".to_owned(), uid: 10001, gid: 10001 },
        taken_users: Vec::new(),
        port: None,
        command: Vec::new(),
        health: None,
        probe: crate::catalog::Probes::default(),
        start_period: Duration(30),
        resources: crate::catalog::ResourceFacts {
            cpus: spec::Cpus(1000),
            memory: Size::mib(256),
            pids: 100,
            reserved_cpus: spec::Cpus(100),
            reserved_memory: Size::mib(64),
            least_memory: Size::mib(6),
        },
        init: true,
        shell: false,
        environment: BTreeMap::new(),
        tmpfs: BTreeMap::from([("/tmp".to_owned(), Size::mib(16))]),
        reads: Vec::new(),
        program: None,
        files: BTreeMap::new(),
        development: crate::catalog::DevelopmentFacts::default(),
        tests: false,
        audits: BTreeMap::new(),
    }
}
