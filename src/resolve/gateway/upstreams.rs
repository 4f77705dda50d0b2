//! Which services routes lead to, and how these are asked.

use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Answer, Host, Upstream};
use crate::resolve::{Resolver, unknown_name};
use crate::spec::{self, Balance};

impl Resolver<'_> {
    /// The upstream of a service, or of one of its ports.
    pub(super) fn upstream_name(&mut self, to: &str, port: Option<&str>, at: &Path, at_port: &Path) -> Option<String> {
        let Some(service) = self.spec.services.get(to) else {
            let known: Vec<&str> = self.spec.services.keys().map(|it| it.as_str()).collect();
            let complaint = unknown_name(Place::Value(at.clone()), format!("there is no service `{to}`"));
            self.told.push(if self.spec.backings.contains_key(to) {
                complaint.help("a backing is not published; route to a service that uses it")
            } else {
                complaint.nearest(to, known)
            });
            return None;
        };
        if let Some(port) = port {
            if !service.ports.contains_key(port) {
                let known = service.ports.keys().map(|it| it.as_str());
                let message = format!("`{to}` has no port `{port}`");
                self.told.push(unknown_name(Place::Value(at_port.clone()), message).nearest_or_keep(port, known));
                return None;
            }
            return Some(format!("{to}.{port}"));
        }
        if !self.fronts.contains_key(to) && self.containers.get(to).is_some_and(|it| it.port.is_none()) {
            let message = format!("`{to}` listens on no port");
            let help = format!("write `services: {{ {to}: {{ port: … }} }}`");
            self.error(&codes::NO_PORT, Place::Value(at.clone()), message, help);
            return None;
        }
        Some(to.to_owned())
    }

    /// Who is asked by any route, in the order of their names.
    pub(super) fn upstreams(&mut self, gateway: &spec::Gateway, hosts: &[Host], at: &Path) -> Vec<Upstream> {
        let mut names: Vec<String> = Vec::new();
        for route in hosts.iter().flat_map(|it| &it.routes) {
            if let Answer::Proxy(it) = &route.answer {
                names.extend(it.upstreams().map(str::to_owned));
            }
        }
        names.sort_unstable();
        names.dedup();
        for name in gateway.upstreams.keys() {
            if !names.iter().any(|it| service_of(it) == name.as_str()) {
                let place = Place::Key(at.key("upstreams").key(name));
                if self.spec.services.contains_key(name.as_str()) {
                    let message = format!("no route leads to `{name}`");
                    self.warning(&codes::UNUSED, place, message, "add a route with `to:`, or remove it");
                } else {
                    let known: Vec<&str> = names.iter().map(|it| service_of(it)).collect();
                    let complaint = unknown_name(place, format!("there is no service `{name}`"));
                    self.told.push(complaint.nearest(name, known));
                }
            }
        }
        let made = names.into_iter().filter_map(|name| {
            let (service, port) = name.split_once('.').map_or((name.as_str(), None), |(it, port)| (it, Some(port)));
            // Of a service with companions, one of them answers on its port; all others are the service's own.
            let front = self.fronts.get(service).filter(|_| port.is_none()).map_or(service, String::as_str);
            let number = match port {
                Some(port) => *self.spec.services.get(service)?.ports.get(port)?,
                None => self.containers.get(front)?.port?,
            };
            let set = gateway.upstreams.get(service).cloned().unwrap_or_default();
            Some(Upstream {
                host: front.to_owned(),
                port: number,
                balance: set.balance.unwrap_or(Balance::RoundRobin),
                max_fails: set.max_fails.unwrap_or(1),
                fail_timeout: set.fail_timeout.map_or(10, |it| it.0.max(1)),
                keepalive: set.keepalive.unwrap_or(16),
                name,
            })
        });
        made.collect()
    }
}

/// The service of an upstream, behind whose name a port may stand.
pub(super) fn service_of(upstream: &str) -> &str {
    upstream.split('.').next().unwrap_or(upstream)
}
