//! Services of several containers: each companion runs a stage of the service's Dockerfile.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use super::super::backing::Filler;
use super::super::{Resolver, unknown_name};
use super::Built;
use crate::catalog::{CompanionFacts, StackFacts};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Env, Healthcheck, Image, ImageRef, Reach, Role, User, Wait};
use crate::spec::{Companion, Duration, Service};

impl Resolver<'_> {
    /// The companions of a service, whose own container is `main`: a network between the two, and nobody else on it.
    pub(super) fn resolve_companions(
        &mut self,
        name: &str,
        service: &Service,
        built: &Built<'_>,
        image: &Image,
        main: &mut Container,
        at: &Path,
    ) {
        let given = |key: &str| service.companions.iter().find(|(it, _)| it.as_str() == key).map(|(_, it)| it.clone());
        for (key, facts) in &built.facts.companions {
            let at = at.key("companions").key(key);
            let given = given(key).unwrap_or_default();
            let own = format!("{name}-{key}");
            if self.spec.services.contains_key(own.as_str()) || self.spec.backings.contains_key(own.as_str()) {
                let message = format!("`{own}` is a container of `{name}` already");
                let group = if self.spec.services.contains_key(own.as_str()) { "services" } else { "backings" };
                self.error(&codes::NAME_TWICE, Place::Key(Path::of([group, &own])), message, "choose another name");
            }
            let is_front = self.fronts.get(name) == Some(&own);
            let between = self.network(&own, Reach::Internal);
            main.networks.insert(between.clone());
            let mut networks = BTreeSet::from([between]);
            if is_front {
                main.networks.remove(name);
                networks.insert(name.to_owned());
            }
            let port = service.port.filter(|_| is_front).or(facts.port);
            let companion = self.companion(&own, facts, &given, main, port, built, &at);
            let companion = Container {
                networks,
                replicas: if is_front { main.replicas } else { 1 },
                waits: BTreeMap::from([(
                    name.to_owned(),
                    if main.healthcheck.is_some() { Wait::ServiceHealthy } else { Wait::ServiceStarted },
                )]),
                ..companion
            };
            let title = format!("{}-{key}", image.title);
            let stage = Image {
                name: own.clone(),
                repository: format!("{}-{key}", image.repository),
                title,
                target: Some(facts.target.clone()),
                companion_of: Some(name.to_owned()),
                system: facts.system.as_str(),
                audits: Vec::new(),
                user: User { exists: true, replaces: Vec::new(), ..user(facts) },
                ports: port.into_iter().collect(),
                command: companion.command.clone().unwrap_or_default(),
                healthcheck: companion.healthcheck.clone(),
                entrypoint: None,
                secret_variables: BTreeMap::new(),
                volumes: BTreeSet::new(),
                reads: Vec::new(),
                foreign_lockfiles: BTreeMap::new(),
                cpus: companion.resources.cpus.whole(),
                test: None,
                ..image.clone()
            };
            self.containers.insert(own.clone(), companion);
            self.images.insert(own, stage);
        }
    }

    /// Companions that the stack does not have.
    pub(super) fn check_companions(&mut self, service: &Service, facts: Option<&StackFacts>, at: &Path) {
        for name in service.companions.keys() {
            let mut known = facts.into_iter().flat_map(|it| it.companions.keys()).map(String::as_str).peekable();
            if known.clone().any(|it| it == name.as_str()) {
                continue;
            }
            let place = Place::Key(at.key("companions").key(name));
            let complaint = unknown_name(place, format!("this service has no further container `{name}`"));
            self.told.push(match known.peek() {
                Some(_) => complaint.nearest(name, known),
                None => complaint.help("leave `companions` out"),
            });
        }
    }

    /// The container of a companion, but for what it has to do with others.
    #[expect(clippy::too_many_arguments, reason = "one caller, which has them at hand")]
    fn companion(
        &mut self,
        own: &str,
        facts: &CompanionFacts,
        given: &Companion,
        main: &Container,
        port: Option<u16>,
        built: &Built<'_>,
        at: &Path,
    ) -> Container {
        let source = format!("stacks/{}", built.build.stack);
        let mut origins = Vec::new();
        let resources = self.resources(given.resources.as_ref(), at, &facts.resources, &source, false, &mut origins);
        let lifted = self.lifted(&given.exceptions, at);
        self.check_tmpfs(&facts.tmpfs, resources.memory, at);
        let of = (facts.user.uid, facts.user.gid);
        let role = Role::Companion(main.name.clone());
        let mut container = Container {
            labels: main.labels.clone(),
            tmpfs: facts.tmpfs.clone(),
            init: facts.init && !lifted.contains_key("init"),
            stop_grace_period: main.stop_grace_period,
            port,
            lifted,
            origins,
            ..Container::new(own, role, ImageRef::Built(own.to_owned()), of, resources)
        };
        let timeout = Duration(5);
        let asked = match &facts.health {
            Some(path) if port.is_some() => (&facts.probe.http, path.clone()),
            _ => (&facts.probe.tcp, String::new()),
        };
        let values = super::values(own, &container, &built.selection, port, &built.facts.workdir, Some(&user(facts)));
        let values = context! { path => asked.1, timeout => timeout.0, ..values };
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        let test = std::iter::once("CMD".to_owned()).chain(filler.all(asked.0)).collect();
        let healthcheck = Healthcheck {
            test,
            interval: Duration(30),
            timeout,
            retries: 3,
            start_period: facts.start_period,
            start_interval: Healthcheck::START_INTERVAL,
        };
        container.healthcheck = Some(healthcheck).filter(|_| !container.lifted.contains_key("healthcheck"));
        container.environment =
            facts.environment.iter().map(|(key, it)| (key.clone(), Env::Text(filler.fill(it)))).collect();
        container.command = Some(filler.all(&facts.command)).filter(|it| !it.is_empty());
        container
    }
}

fn user(facts: &CompanionFacts) -> User {
    let it = &facts.user;
    User { name: it.name.clone(), uid: it.uid, gid: it.gid, exists: true, replaces: Vec::new() }
}
