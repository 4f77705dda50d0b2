//! Who answers what: hosts and their routes.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Host, Route};
use crate::resolve::{Resolver, unknown_name};
use crate::spec;

impl Resolver<'_> {
    pub(super) fn hosts(&mut self, gateway: &spec::Gateway, at: &Path) -> Vec<Host> {
        let mut hosts = Vec::new();
        let mut domains: BTreeMap<String, String> = BTreeMap::new();
        for (name, host) in &gateway.hosts {
            let here = at.key("hosts").key(name);
            let own = std::iter::once((host.domain.to_string(), here.key("domain")));
            let aliases =
                host.aliases.iter().enumerate().map(|(index, it)| (it.to_string(), here.key("aliases").index(index)));
            for (domain, place) in own.chain(aliases) {
                if domain.len() > 253 {
                    self.error(
                        &codes::INVALID_VALUE,
                        Place::Value(place.clone()),
                        "a domain has 253 characters at most",
                        "shorten it",
                    );
                }
                if let Some(other) = domains.insert(domain.clone(), name.to_string()) {
                    self.error(
                        &codes::ROUTE_TWICE,
                        Place::Value(place),
                        format!("`{domain}` is already a name of `{other}`"),
                        "each domain belongs to one host",
                    );
                }
            }
            hosts.push(Host {
                name: name.to_string(),
                domain: host.domain.to_string(),
                aliases: host.aliases.iter().map(|it| it.to_string()).collect(),
                routes: Vec::new(),
            });
        }
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (index, route) in gateway.routes.iter().enumerate() {
            let here = at.key("routes").index(index);
            let host = match &route.host {
                Some(name) => {
                    let found = hosts.iter().position(|it| it.name == name.as_str());
                    if found.is_none() {
                        let known = gateway.hosts.keys().map(|it| it.as_str());
                        let complaint =
                            unknown_name(Place::Value(here.key("host")), format!("there is no host `{name}`"));
                        self.told.push(complaint.nearest(name, known));
                    }
                    found
                }
                None if hosts.len() == 1 => Some(0),
                None => {
                    self.error(
                        &codes::MISSING_KEY,
                        Place::Value(here.clone()),
                        "there are several hosts, and this route names none",
                        "write `host:` with its name under `hosts`",
                    );
                    None
                }
            };
            self.check_upstream(route, &here);
            let limit = route.limit.as_ref().map_or("default", |it| it.as_str());
            if !gateway.limits.contains_key(limit) && !["default", "health"].contains(&limit) {
                let known = gateway.limits.keys().map(|it| it.as_str()).chain(["default", "health"]);
                let message = format!("there is no class of requests `{limit}`");
                self.told.push(unknown_name(Place::Value(here.key("limit")), message).nearest(limit, known));
            }
            let Some(host) = host else { continue };
            if !seen.insert((host, route.path.as_str())) {
                self.error(
                    &codes::ROUTE_TWICE,
                    Place::Value(here.key("path")),
                    format!("`{}` already leads somewhere on this host", route.path),
                    "keep one of the two",
                );
            }
            if route.path.split('/').any(|it| it.starts_with('.') && it != ".well-known") {
                self.error(
                    &codes::NO_EFFECT,
                    Place::Value(here.key("path")),
                    format!("`{}` would never be asked: paths that begin with a dot are denied", route.path),
                    "choose another path",
                );
            }
            hosts[host].routes.push(Route {
                path: route.path.to_string(),
                exact: !route.path.ends_with('/'),
                to: route.to.to_string(),
                limit: limit.to_owned(),
                websocket: route.websocket.unwrap_or(false),
            });
        }
        for host in hosts.iter().filter(|it| it.routes.is_empty()) {
            if gateway.routes.iter().all(|it| it.host.is_some()) {
                let place = Place::Key(at.key("hosts").key(&host.name));
                self.error(
                    &codes::UNUSED,
                    place,
                    format!("no route is on the host `{}`", host.name),
                    "add a route with `host:`, or remove it",
                );
            }
        }
        hosts
    }

    fn check_upstream(&mut self, route: &spec::Route, at: &Path) {
        let to = route.to.as_str();
        let place = Place::Value(at.key("to"));
        if !self.spec.services.contains_key(to) {
            let known: Vec<&str> = self.spec.services.keys().map(|it| it.as_str()).collect();
            let complaint = unknown_name(place, format!("there is no service `{to}`"));
            self.told.push(if self.spec.backings.contains_key(to) {
                complaint.help("a backing is not published; route to a service that uses it")
            } else {
                complaint.nearest(to, known)
            });
        } else if !self.fronts.contains_key(to) && self.containers.get(to).is_some_and(|it| it.port.is_none()) {
            self.error(
                &codes::NO_PORT,
                place,
                format!("`{to}` listens on no port"),
                format!("write `services: {{ {to}: {{ port: … }} }}`"),
            );
        }
    }
}
