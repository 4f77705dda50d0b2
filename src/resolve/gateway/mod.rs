//! The gateway: its container, and what nginx is told.

mod answers;
mod filter;
mod headers;
mod pages;
mod routes;
mod tls;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use super::Resolver;
use super::backing::Filler;
use crate::address::{self, Range};
use crate::catalog::{GatewayFacts, Selection};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Answer, Container, Gateway, Healthcheck, Host, HostPorts, ImageRef, Limit, Mount, Origin, Protocol, Reach,
    Reference, Retries, Role, Route, Wait,
};
use crate::spec::{self, Duration, Rate, Size, TlsMode};
use tls::profile;

/// Classes of requests that are there without being declared: name, rate, burst.
const BUILT_IN: [(&str, &str, u32); 3] =
    [("default", "50r/s", 200), ("health", "50r/s", 100), (answers::LOGIN, "5r/s", 20)];

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
        let hosts = self.hosts(gateway, &at);
        let trusted_proxies = self.networks_of(&gateway.trusted_proxies, &at.key("trusted_proxies"));
        for (index, network) in gateway
            .trusted_proxies
            .iter()
            .enumerate()
            .filter(|(_, it)| Range::parse(it).is_some_and(|it| it.prefix == 0))
        {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(at.key("trusted_proxies").index(index)),
                format!("`{network}` is everybody: each client could say that it is another one"),
                "name the addresses of the proxies",
            );
        }
        let limits = self.limits(gateway, &hosts, &at);
        let upstreams = self.upstreams(gateway, &hosts, &at);
        let privates = self.privates();
        let pages = gateway.pages.as_ref().map(|it| self.pages(it, &at.key("pages")));
        let maintenance =
            gateway.maintenance.as_ref().map(|it| self.maintenance(it, pages.as_ref(), &at.key("maintenance")));
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
            tmpfs.insert("/var/cache/answers".to_owned(), Size::mib(size));
        }
        self.check_tmpfs(&tmpfs, resources.memory, &at);
        // Of /tmp a quarter is left to others.
        let uploads = (room.in_mib() * 3 / 4 / max_body.in_mib().max(1)).min(4);
        if max_body.0 < 1 << 20 {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(at.key("max_body_size")),
                format!("{max_body} is less than 1M"),
                "write `max_body_size: 10M`",
            );
        } else if uploads < 2 {
            self.error(
                &codes::MEMORY_TOO_SMALL,
                Place::Value(at.key("max_body_size")),
                format!("two bodies of {max_body} do not fit into the gateway's /tmp of {room}, with room for others"),
                format!(
                    "raise `gateway: {{ resources: {{ limits: {{ memory: {} }} }} }}`",
                    Size::mib(max_body.in_mib() * 6)
                ),
            );
        }
        let grace = gateway.stop_grace_period.unwrap_or_else(|| self.grace());
        origins.push((
            "stop_grace_period",
            match gateway.stop_grace_period {
                Some(_) => Origin::Spec(at.key("stop_grace_period")),
                None => Origin::Derived("the grace period of services".to_owned()),
            },
        ));
        let lifted = self.lifted(&gateway.exceptions, &at);
        let values = context! { version => version };
        let mut filler = Filler { resolver: self, values, at: at.clone() };
        let image = filler.fill(&facts.image);
        let image = gateway.image.as_ref().map_or(image, |it| it.to_string());
        let test = filler.all(&facts.healthcheck);
        // A service that is one of another has its networks only.
        let mut networks: BTreeSet<String> = BTreeSet::new();
        for upstream in &upstreams {
            networks.insert(upstream.name.split('.').next().unwrap_or(&upstream.name).to_owned());
        }
        networks.insert(self.network("gateway", Reach::Out));
        let ports = self.host_ports(gateway);
        let profile = profile(&gateway.tls, &facts.tls);
        let hsts = self.hsts(gateway, &at.key("tls"));
        let acme = self.acme(gateway, &hosts, &facts, lifted.contains_key("healthcheck"), &at.key("tls"));
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
        // A password that is compared holds up all else of its process.
        let logs_in = hosts.iter().flat_map(|it| &it.routes).any(|it| it.login.is_some());
        let speaks_grpc = |it: &Route| matches!(&it.answer, Answer::Proxy(it) if it.protocol == Protocol::Grpc);
        Some(Gateway {
            speaks_grpc: hosts.iter().flat_map(|it| &it.routes).any(speaks_grpc),
            hosts,
            tls: gateway.tls.mode,
            profile,
            hsts,
            acme,
            headers: self.headers(gateway, &at.key("headers")),
            filter: self.filter(gateway, &facts.scanners, &at.key("filter")),
            client: self.client(gateway, &at.key("client")),
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
            uploads,
            all_uploads: room.in_mib() * 3 / 4 / max_body.in_mib().max(1),
            workers: resources.cpus.whole().min(u64::from(resources.pids) / 2).max(if logs_in { 2 } else { 1 }),
            shutdown: grace.0.saturating_sub(5).max(1),
        })
    }

    /// The classes that routes use; `default` and `health` are there without being declared.
    fn limits(&mut self, gateway: &spec::Gateway, hosts: &[Host], at: &Path) -> BTreeMap<String, Limit> {
        let built_in = BUILT_IN.iter().map(|(name, rate, burst)| {
            let rate = Rate(rate.to_string());
            (name.to_string(), Limit { retry_after: rate.pause(), rate, burst: *burst, connections: None })
        });
        let mut limits: BTreeMap<String, Limit> = built_in.collect();
        for (name, it) in &gateway.limits {
            limits.insert(
                name.to_string(),
                Limit {
                    rate: it.rate.clone(),
                    burst: it.burst.unwrap_or(0),
                    connections: it.connections,
                    retry_after: it.rate.pause(),
                },
            );
        }
        let used = |name: &str| hosts.iter().flat_map(|it| &it.routes).any(|it| it.limit == name);
        for name in gateway.limits.keys().filter(|it| !used(it)) {
            let place = Place::Key(at.key("limits").key(name));
            self.warning(
                &codes::UNUSED,
                place,
                format!("no route uses the class `{name}`"),
                "write `limit:` at a route, or remove it",
            );
        }
        limits.retain(|name, _| used(name));
        limits
    }

    fn host_ports(&mut self, gateway: &spec::Gateway) -> HostPorts {
        let development = self.environment.is_some_and(|(name, _)| name == "development");
        let (http, https) = if development { (8080, 8443) } else { (80, 443) };
        let ports = gateway.ports.clone().unwrap_or_default();
        let (http, https) = (ports.http.unwrap_or(http), ports.https.unwrap_or(https));
        if http == https && gateway.tls.mode != TlsMode::None {
            self.error(
                &codes::PORT_TWICE,
                Place::Value(Path::of(["gateway", "ports", "https"])),
                format!("port {http} is published twice"),
                "give HTTP and HTTPS different ports",
            );
        }
        if let Some(ip) = &ports.host_ip
            && !address::parse(ip).is_some_and(|it| it.is_ipv4())
        {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(Path::of(["gateway", "ports", "host_ip"])),
                format!("`{ip}` is no address"),
                "write an IPv4 address of this host, such as 127.0.0.1",
            );
        }
        HostPorts {
            http,
            https,
            host_ip: ports.host_ip.or_else(|| development.then(|| "127.0.0.1".to_owned())),
            prefix: match self.environment {
                Some((name, _)) => format!("{}_{}", self.prefix(), super::shouted(name)),
                None => self.prefix(),
            },
        }
    }
}
