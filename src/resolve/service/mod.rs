//! Services: what is built, what runs, and the one-shots that migrate.

mod build;
mod built;
mod companions;
mod folders;
mod healthcheck;
mod stand_ins;

pub(super) use built::Built;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::context;

use super::backing::{Filler, Provider};
use super::needs::Wiring;
use super::outputs::Told;
use super::{Resolver, unknown_name};
use crate::catalog::{DevelopmentFacts, Probes, ResourceFacts, Selection, StackFacts, System};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Env, ImageRef, Mount, Origin, Reach, Reference, Role, User, Wait};
use crate::spec::{self, Duration, Service, Size};

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
            let facts = built.get(name.as_str()).map(|it| &it.facts);
            self.check_companions(service, facts.map(|it| &**it), &at);
            let front = facts.and_then(|it| it.companions.get_key_value(it.front.as_ref()?));
            if let Some((front, _)) = front {
                self.fronts.insert(name.to_string(), format!("{name}-{front}"));
            }
            let port = front.map_or_else(|| facts.and_then(|it| it.port), |(_, it)| it.port);
            self.provide(name, service, service.port.or(port));
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
        let front = self.fronts.get(name);
        let host = front.map_or(name, String::as_str);
        let mut outputs = BTreeMap::from([("host".to_owned(), told(host.to_owned()))]);
        if let Some(port) = port {
            outputs.insert("port".to_owned(), told(port.to_string()));
            outputs.insert("url".to_owned(), told(format!("http://{host}:{port}")));
        }
        for (label, port) in &service.ports {
            outputs.insert(format!("{label}_port"), told(port.to_string()));
        }
        let lifts = |them: &[spec::Exception]| them.iter().any(|it| it.rule == "healthcheck");
        let of_front = |front: &String| {
            service.companions.iter().find(|(it, _)| *front == format!("{name}-{it}")).map(|(_, it)| &it.exceptions)
        };
        let healthy = match front {
            Some(front) => !of_front(front).is_some_and(|it| lifts(it)),
            None => !lifts(&service.exceptions),
        };
        let short = if port.is_some() { vec!["url".to_owned()] } else { Vec::new() };
        self.providers
            .insert(name.to_owned(), Provider { outputs, short, healthy, is_service: true, ..Provider::default() });
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
        let values = values(name, &container, &Selection::default(), service.port, &facts.workdir, None);
        container.healthcheck = self.healthcheck(service, &container, &facts, values, at);
        self.volumes_of(service, &mut container, &facts, at);
        for (path, _) in container.mounts.iter().filter(|(_, it)| matches!(it, Mount::Volume(_))) {
            let place = Place::Key(at.key("writable").key(path));
            self.warning(
                &codes::NO_EFFECT,
                place,
                format!("a new volume on `{path}` is root's, unless the image has that folder for its user"),
                "use a folder that the image already gives to its user, or a tmpfs",
            );
        }
        self.check_exceptions(service, at);
        self.network(name, Reach::Internal);
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
        self.private_facts.insert(name.to_owned(), facts.private.clone());
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
        let values = values(name, &container, &selection, service.port, &facts.workdir, Some(&image.user));
        let mut filler = Filler { resolver: self, values: values.clone(), at: at.clone() };
        let stack_environment = environment_of(&facts, &mut filler);
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
            self.wire(&wiring, &mut container, &mut made, built.has_entrypoint());
        }
        self.wait_for(&mut container, image.entrypoint.as_ref());
        derive_environment(&mut container, stack_environment);
        if source.migrate.is_some() {
            container.waits.insert(format!("{from}-migrate"), Wait::ServiceCompletedSuccessfully);
        }
        if source.egress == Some(true) && service.egress.is_none() {
            container.networks.insert(self.network(&format!("{name}-egress"), Reach::Out));
        }
        container.networks.extend(self.networks_of_others(source, &Path::of(["services", from])));
        container.healthcheck = self.healthcheck(service, &container, &facts, values.clone(), at);
        self.volumes_of(service, &mut container, &facts, at);
        for path in container.mounts.keys().filter(|path| !image.volumes.contains(*path)).cloned().collect::<Vec<_>>() {
            if let Some(image) = self.images.get_mut(from) {
                image.volumes.insert(path);
            }
        }
        let command: Vec<String> = service.command.iter().flatten().map(|it| it.0.clone()).collect();
        self.mount_sources(built, &mut container, values.clone(), at);
        let development = self.stack_facts(&built.build.stack, built.entry, &selection).unwrap_or(facts);
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        container.command = develop(&mut filler, name, &development, &command).or(Some(command));
        self.check_exceptions(service, at);
        container.networks.insert(self.network(name, Reach::Internal));
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
            networks.insert(self.network(&format!("{name}-egress"), Reach::Out));
        }
        networks.extend(self.networks_of_others(service, at));
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
            labels: self.labels(&service.labels, at),
            networks,
            tmpfs,
            replicas: service.replicas.unwrap_or(1),
            init: facts.init && !lifted.contains_key("init"),
            stop_grace_period: service.stop_grace_period.unwrap_or_else(|| self.grace()),
            lifted,
            origins,
            ..Container::new(name, Role::Service, image, (uid, gid), resources)
        }
    }

    fn resolve_migration(
        &mut self,
        name: &str,
        migrate: &spec::Migrate,
        service: &Service,
        container: &mut Container,
        built: &Built<'_>,
        at: &Path,
    ) {
        let facts = &built.facts;
        if !facts.shell && facts.bound.is_empty() {
            let help = match facts.dockerfile {
                Some(_) => "migrate from a service whose image has a shell and `timeout`",
                None => "migrate from a service of another stack",
            };
            self.error(
                &codes::UNSUPPORTED,
                Place::Key(at.key("migrate")),
                "nothing in this image ends a migration that takes too long",
                help,
            );
        }
        let timeout = migrate.timeout.unwrap_or(Duration(300));
        if timeout.0 == 0 {
            let help = "write how long it may take at most, such as `5m`";
            self.error(&codes::INVALID_VALUE, Place::Value(at.dotted("migrate.timeout")), "no time is no bound", help);
        }
        let one_shot = format!("{name}-migrate");
        let mut filler = Filler { resolver: self, values: context! { limit => timeout.0 }, at: at.key("migrate") };
        let words = match &facts.bound[..] {
            [] => vec!["timeout".to_owned(), timeout.0.to_string()],
            bound => filler.all(bound),
        };
        let command = words.into_iter().chain(migrate.command.iter().map(|it| it.0.clone()));
        let mut networks = container.networks.clone();
        if networks.len() > 1 {
            networks.remove(name);
        }
        if service.egress == Some(true) && !networks.iter().any(|it| it != &format!("{name}-egress")) {
            networks.insert(name.to_owned());
        }
        let mut migration = Container {
            name: one_shot.clone(),
            role: Role::Migration(name.to_owned()),
            command: Some(command.collect()),
            healthcheck: None,
            networks,
            // It waits for backings, not for services or what answers for them: those may wait for it.
            waits: container
                .waits
                .iter()
                .filter(|(name, _)| !self.spec.services.contains_key(name.as_str()))
                .filter(|(name, _)| !self.fronts.values().any(|front| front == *name))
                .map(|(name, wait)| (name.clone(), *wait))
                .collect(),
            replicas: 1,
            port: None,
            labels: BTreeMap::new(),
            comments: BTreeMap::from([(String::new(), format!("once per deploy, before the new {name} starts"))]),
            ..container.clone()
        };
        self.as_owner(service, &mut migration);
        container.waits.insert(one_shot.clone(), Wait::ServiceCompletedSuccessfully);
        self.containers.insert(one_shot, migration);
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
}

/// What formulas of a stack can name.
fn values(
    name: &str,
    container: &Container,
    selection: &Selection,
    port: Option<u16>,
    workdir: &str,
    user: Option<&User>,
) -> minijinja::Value {
    context! {
        workdir => workdir, user => user.map(|it| minijinja::Value::from(minijinja::value::Serde(it))),
        name => name, port => port, version => selection.version.clone(), options => minijinja::Value::from(minijinja::value::Serde(&selection.options)),
        memory => container.resources.memory.in_mib(), cpus => container.resources.cpus.whole(), pids => container.resources.pids, grace => container.stop_grace_period.0,
    }
}

/// The variables of a stack, filled in; one without a text is none.
fn environment_of(facts: &StackFacts, filler: &mut Filler<'_, '_>) -> Vec<(String, String)> {
    let filled = facts.environment.iter().map(|(key, it)| (key.clone(), filler.fill(it)));
    filled.filter(|(_, text)| !text.is_empty()).collect()
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

/// The command of `name` with what makes it start again after an edit, and with a debugger where one is wanted, if the sources
/// are mounted and that makes a difference.
fn develop(filler: &mut Filler<'_, '_>, name: &str, facts: &StackFacts, command: &[String]) -> Option<Vec<String>> {
    let (environment, true) = filler.resolver.environment? else { return None };
    let development = &facts.development;
    let (insert, append) = (filler.all(&development.insert), filler.all(&development.append));
    let (first, rest) = command.split_first()?;
    let wanted = filler.resolver.spec.environments.get(environment).is_some_and(|it| it.debug.contains_key(name));
    let (mut words, mut after) = (Vec::new(), Vec::new());
    if let Some(debug) = development.debug.as_ref().filter(|_| wanted) {
        filler.resolver.debuggers.insert(name.to_owned(), debug.clone());
        (words, after) = (debug.before.clone(), debug.insert.clone());
    }
    words.push(first.clone());
    words.extend(after.into_iter().chain(insert).chain(rest.iter().cloned()).chain(append));
    Some(words).filter(|it| it != command)
}

/// What is known about an image that somebody else built: next to nothing.
fn image_facts() -> StackFacts {
    StackFacts {
        private: Vec::new(),
        images: BTreeMap::new(),
        values: BTreeMap::new(),
        system: System::default(),
        build_system: System::default(),
        unproven: None,
        refused: None,
        dockerfile: None,
        target: None,
        workdir: "/".to_owned(),
        user: None,
        programs_in: Vec::new(),
        taken_users: Vec::new(),
        base_users: BTreeMap::new(),
        port: None,
        command: Vec::new(),
        image_command: true,
        health: None,
        probe: Probes::default(),
        start_period: Duration(30),
        resources: ResourceFacts {
            cpus: spec::Cpus(1000),
            memory: Size::mib(256),
            pids: 100,
            reserved_cpus: spec::Cpus(100),
            reserved_memory: Size::mib(64),
            least_memory: Size::mib(6),
        },
        init: true,
        shell: false,
        bound: Vec::new(),
        entrypoint: None,
        environment: BTreeMap::new(),
        variables: BTreeMap::new(),
        tmpfs: BTreeMap::from([("/tmp".to_owned(), Size::mib(16))]),
        reads: Vec::new(),
        foreign_lockfiles: BTreeMap::new(),
        program: None,
        files: BTreeMap::new(),
        development: DevelopmentFacts::default(),
        tests: false,
        audits: BTreeMap::new(),
        ecosystem: None,
        companions: BTreeMap::new(),
        front: None,
    }
}
