//! The gateway: its container, and what nginx is told.

mod addresses;
mod answers;
mod filter;
mod guards;
mod headers;
mod limits;
mod pages;
mod private;
mod routes;
mod tls;
mod upstreams;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use super::Resolver;
use super::backing::Filler;
use crate::catalog::{GatewayFacts, Selection};
use crate::diagnostic::Path;
use crate::project::{
    Answer, Container, Folders, Gateway, Healthcheck, ImageRef, Listen, Mount, Origin, Protocol, Reach, Reference,
    Resources, Retries, Role, Route, Upstream, UsualTimeouts, Wait,
};
use crate::spec::{self, Duration, Size};
use tls::profile;

/// What the gateway's container needs for its routes.
#[derive(Debug, Default)]
pub(super) struct Edge {
    /// Folders of the project that it serves, by the path in the container.
    mounts: BTreeMap<String, Mount>,
    /// Secrets that it reads.
    secrets: BTreeSet<String>,
    /// Services with paths that are not for everybody.
    private: BTreeSet<String>,
}

/// What the gateway's container may use.
struct Room {
    resources: Resources,
    /// Folders in memory.
    tmpfs: BTreeMap<String, Size>,
    /// Where this was said.
    origins: Vec<(&'static str, Origin)>,
}

impl Resolver<'_> {
    pub(super) fn resolve_gateway(&mut self) -> Option<Gateway> {
        let spec = self.spec;
        let gateway = spec.gateway.as_ref()?;
        let at = Path::of(["gateway"]);
        let entry = &self.catalog.gateway;
        let (version, version_origin) = self.version(entry, gateway.version.as_ref(), &at.key("version"), "gateway")?;
        let selection = Selection { version: version.clone(), ..Selection::default() };
        let facts: GatewayFacts = match entry.facts(&selection) {
            Ok(facts) => facts,
            Err(message) => {
                self.template_error(&at, &message);
                return None;
            }
        };
        let hosts = self.hosts(gateway, &facts, &at);
        let trusted_proxies = self.trusted_proxies(gateway, &at);
        let limits = self.limits(gateway, &facts.limits, &hosts, &at);
        let upstreams = self.upstreams(gateway, &hosts, &at);
        let privates = self.privates();
        let pages = gateway.pages.as_ref().map(|it| self.pages(it, &facts.folders, &at.key("pages")));
        let maintenance = gateway
            .maintenance
            .as_ref()
            .map(|it| self.maintenance(it, pages.as_ref(), &facts.folders, &at.key("maintenance")));
        let compression = self.compression(gateway, &at);
        let max_body = gateway.max_body_size.unwrap_or(Size::mib(1));
        let mut tmpfs = facts.tmpfs.clone();
        let mut origins = vec![("version", version_origin)];
        let resources =
            self.resources(gateway.resources.as_ref(), &at, &facts.resources, "gateway", false, &mut origins);
        // Bodies wait there: room for several of the largest, and never more than half of the memory.
        let room = Size::mib((resources.memory.in_mib() / 2).max(16));
        tmpfs.insert("/tmp".to_owned(), room);
        let cache_mib = self.cache_mib(gateway, &hosts, &at);
        if let Some(size) = cache_mib {
            tmpfs.insert(facts.folders.answers.clone(), Size::mib(size));
        }
        self.check_tmpfs(&tmpfs, resources.memory, &at);
        let bodies = self.bodies(max_body, room, &at);
        // A password that is compared holds up all else of its process.
        let logs_in = hosts.iter().flat_map(|it| &it.routes).any(|it| it.login.is_some());
        let workers = resources.cpus.whole().min(u64::from(resources.pids) / 2).max(if logs_in { 2 } else { 1 });
        let grace =
            self.gateway_container(gateway, &facts, &version, &upstreams, Room { resources, tmpfs, origins }, &at);
        let ports = self.host_ports(gateway);
        let profile = profile(&gateway.tls, &facts.tls);
        let hsts = self.hsts(gateway, &at.key("tls"));
        let acme = self.acme(gateway, &hosts, &facts, &at.key("tls"));
        let speaks_grpc = |it: &Route| matches!(&it.answer, Answer::Proxy(it) if it.protocol == Protocol::Grpc);
        let own_words = |it: &Route| it.cors.is_some() || limits.get(&it.limit).is_some_and(|it| it.retry_after > 1);
        Some(Gateway {
            tells_routes: hosts.iter().flat_map(|it| &it.routes).any(own_words),
            speaks_grpc: hosts.iter().flat_map(|it| &it.routes).any(speaks_grpc),
            hosts,
            tls: gateway.tls.mode,
            profile,
            hsts,
            acme,
            headers: self.headers(gateway, &at.key("headers")),
            filter: self.filter(gateway, &facts.scanners, &at.key("filter")),
            client: self.client(gateway, &at.key("client")),
            folders: Folders {
                configuration: facts.folders.configuration.clone(),
                pages: facts.folders.pages.clone(),
                answers: facts.folders.answers.clone(),
            },
            timeouts: UsualTimeouts {
                connect: facts.timeouts.connect.0,
                read: facts.timeouts.read.0,
                send: facts.timeouts.send.0,
                silent: facts.timeouts.silent.0,
            },
            listen: Listen { http: facts.listen.http, https: facts.listen.https, status: facts.listen.status },
            ports,
            limits,
            upstreams,
            trusted_proxies,
            privates,
            pages,
            maintenance,
            compression,
            cache_mib,
            retries: Retries::default(),
            max_body_mib: max_body.in_mib(),
            bodies,
            workers,
            shutdown: grace.0.saturating_sub(5).max(1),
        })
    }

    /// Puts the gateway's container among the others. Gives how long its open requests get to end.
    fn gateway_container(
        &mut self,
        gateway: &spec::Gateway,
        facts: &GatewayFacts,
        version: &str,
        upstreams: &[Upstream],
        room: Room,
        at: &Path,
    ) -> Duration {
        let Room { resources, tmpfs, mut origins } = room;
        let grace = gateway.stop_grace_period.unwrap_or_else(|| self.grace());
        origins.push((
            "stop_grace_period",
            match gateway.stop_grace_period {
                Some(_) => Origin::Spec(at.key("stop_grace_period")),
                None => Origin::Derived("the grace period of services".to_owned()),
            },
        ));
        let lifted = self.lifted(&gateway.exceptions, at);
        let values = context! { version => version.to_owned(), listen => context! { status => facts.listen.status } };
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        let image = filler.fill(&facts.image);
        let image = gateway.image.as_ref().map_or(image, |it| it.to_string());
        let test = filler.all(&facts.healthcheck);
        // A service that is one of another has its networks only.
        let mut networks: BTreeSet<String> =
            upstreams.iter().map(|it| upstreams::service_of(&it.name).to_owned()).collect();
        networks.insert(self.network("gateway", Reach::Out));
        let container = Container {
            networks,
            // Started, not healthy: one sick service must not keep the others off the air.
            waits: upstreams.iter().map(|it| (it.host.clone(), Wait::ServiceStarted)).collect(),
            healthcheck: Some(Healthcheck {
                test,
                interval: Duration(30),
                timeout: Duration(5),
                retries: 3,
                start_period: facts.start_period,
                start_interval: Healthcheck::START_INTERVAL,
            })
            .filter(|_| !lifted.contains_key("healthcheck")),
            tmpfs,
            mounts: std::mem::take(&mut self.edge.mounts),
            secrets: std::mem::take(&mut self.edge.secrets),
            stop_grace_period: grace,
            lifted,
            origins,
            ..Container::new(
                "gateway",
                Role::Gateway,
                ImageRef::Named(Reference::tagged(image)),
                (facts.user.uid, facts.user.gid),
                resources,
            )
        };
        self.containers.insert("gateway".to_owned(), container);
        grace
    }
}
