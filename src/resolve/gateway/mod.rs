//! The gateway: its container, and what nginx is told.

mod routes;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use super::Resolver;
use super::backing::Filler;
use crate::catalog::{GatewayFacts, Selection};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Container, Gateway, Healthcheck, HostPorts, ImageRef, Limit, Origin, Reach, Reference, Role, Upstream, Wait,
};
use crate::spec::{self, Duration, Rate, Size, TlsMode};

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
        for (index, network) in gateway.trusted_proxies.iter().enumerate().filter(|(_, it)| !is_network(it)) {
            let place = Place::Value(at.key("trusted_proxies").index(index));
            self.error(&codes::INVALID_VALUE, place, format!("`{network}` is no address range"), "write `10.0.0.0/8`");
        }
        let limits = self.limits(gateway, &at);
        let upstreams: BTreeSet<&str> = gateway.routes.iter().map(|it| it.to.as_str()).collect();
        let upstreams: Vec<Upstream> = upstreams
            .into_iter()
            .filter_map(|name| {
                let host = self.fronts.get(name).map_or(name, String::as_str);
                Some(Upstream { name: name.to_owned(), host: host.to_owned(), port: self.containers.get(host)?.port? })
            })
            .collect();
        let max_body = gateway.max_body_size.unwrap_or(Size::mib(1));
        let mut tmpfs = facts.tmpfs.clone();
        let mut origins = vec![("version", version_origin)];
        let resources =
            self.resources(gateway.resources.as_ref(), &at, &facts.resources, "gateway", false, &mut origins);
        // Bodies wait there: room for several of the largest, and never more than half of the memory.
        let room = Size::mib((resources.memory.in_mib() / 2).max(16));
        tmpfs.insert("/tmp".to_owned(), room);
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
        let test = filler.all(&facts.healthcheck);
        let mut networks: BTreeSet<String> = upstreams.iter().map(|it| it.name.clone()).collect();
        networks.insert(self.network("gateway", Reach::Out));
        let ports = self.host_ports(gateway);
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
        Some(Gateway {
            hosts,
            tls: gateway.tls.mode,
            ports,
            limits,
            upstreams,
            trusted_proxies: gateway.trusted_proxies.iter().map(|it| it.to_string()).collect(),
            max_body_mib: max_body.in_mib(),
            uploads,
            workers: resources.cpus.whole().min(u64::from(resources.pids) / 2).max(1),
            shutdown: grace.0.saturating_sub(5).max(1),
        })
    }

    /// The classes that routes use; `default` and `health` are there without being declared.
    fn limits(&mut self, gateway: &spec::Gateway, at: &Path) -> BTreeMap<String, Limit> {
        let limit = |rate: &str, burst| Limit { rate: Rate(rate.to_owned()), burst, connections: None };
        let mut limits =
            BTreeMap::from([("default".to_owned(), limit("50r/s", 200)), ("health".to_owned(), limit("50r/s", 100))]);
        for (name, it) in &gateway.limits {
            limits.insert(
                name.to_string(),
                Limit { rate: it.rate.clone(), burst: it.burst.unwrap_or(0), connections: it.connections },
            );
        }
        let used =
            |name: &str| gateway.routes.iter().any(|it| it.limit.as_ref().map_or("default", |it| it.as_str()) == name);
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
            && ip.parse::<std::net::Ipv4Addr>().is_err()
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

/// Whether a text is an address, or one with the length of a prefix.
fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    address.parse::<std::net::IpAddr>().is_ok_and(|it| {
        prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|bits| bits <= if it.is_ipv4() { 32 } else { 128 }))
    })
}
