//! Who answers what: hosts and their routes.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::{guards, longest};
use crate::catalog::GatewayFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Answer, Host, Route};
use crate::resolve::{Resolver, unknown_name};
use crate::spec;

impl Resolver<'_> {
    pub(super) fn hosts(&mut self, gateway: &spec::Gateway, facts: &GatewayFacts, at: &Path) -> Vec<Host> {
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
                refused: Vec::new(),
            });
        }
        let found: Vec<Option<usize>> = gateway
            .routes
            .iter()
            .enumerate()
            .map(|(index, it)| self.host_of(gateway, it, &at.key("routes").index(index)))
            .collect();
        let mut ids = BTreeSet::new();
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for ((index, route), host) in gateway.routes.iter().enumerate().zip(found) {
            let here = at.key("routes").index(index);
            let name = host.map_or("", |it| hosts[it].name.as_str());
            let Some(mut resolved) = self.route(gateway, route, id(name, &route.path, &mut ids), facts, &here) else {
                continue;
            };
            resolved.number = index + 1;
            let Some(host) = host else { continue };
            if !seen.insert((host, route.path.as_str())) {
                self.error(
                    &codes::ROUTE_TWICE,
                    Place::Value(here.key("path")),
                    format!("`{}` already leads somewhere on this host", route.path),
                    "keep one of the two",
                );
            }
            hosts[host].routes.push(resolved);
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
        for host in &hosts {
            self.check_loops(host, at);
        }
        let guards = guards(&hosts);
        for host in &mut hosts {
            host.refused = self.refused(host, &guards);
        }
        hosts
    }

    /// Redirects that lead back to where they began, by themselves or by each other; each loop is told once.
    fn check_loops(&mut self, host: &Host, at: &Path) {
        let next = |route: &Route| {
            let Answer::Redirect(it) = &route.answer else { return None };
            let path = it.to.split(['?', '#']).next().filter(|it| it.starts_with('/'))?;
            longest(host.routes.iter(), path).filter(|it| matches!(it.answer, Answer::Redirect(_)))
        };
        for route in &host.routes {
            let after = std::iter::successors(next(route), |it| next(it)).take(host.routes.len());
            let ways: Vec<&Route> = after.take_while(|it| it.number != route.number).collect();
            let closes = next(ways.last().copied().unwrap_or(route)).is_some_and(|it| it.number == route.number);
            if closes && ways.iter().all(|it| it.number > route.number) {
                let Answer::Redirect(it) = &route.answer else { continue };
                let place = Place::Value(at.key("routes").index(route.number - 1).key("redirect").key("to"));
                let message = format!("`{}` leads back to `{}`, without end", it.to, route.path);
                self.error(&codes::NO_EFFECT, place, message, "name another path");
            }
        }
    }

    /// Which host a route is on, by its place among all.
    fn host_of(&mut self, gateway: &spec::Gateway, route: &spec::Route, here: &Path) -> Option<usize> {
        match &route.host {
            Some(name) => {
                let found = gateway.hosts.keys().position(|it| it == name);
                if found.is_none() {
                    let known = gateway.hosts.keys().map(|it| it.as_str());
                    let complaint = unknown_name(Place::Value(here.key("host")), format!("there is no host `{name}`"));
                    self.told.push(complaint.nearest(name, known));
                }
                found
            }
            None if gateway.hosts.len() == 1 => Some(0),
            None => {
                self.error(
                    &codes::MISSING_KEY,
                    Place::Value(here.clone()),
                    "there are several hosts, and this route names none",
                    "write `host:` with its name under `hosts`",
                );
                None
            }
        }
    }
}

/// How much of host and path is enough to know a route by.
const LONGEST: usize = 100;

/// What names of a route's variables end with: its host and path in lower case, and a number where that is taken.
fn id(host: &str, path: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' };
    let words: String = format!("{host}{path}").chars().map(plain).collect();
    // A key of nginx's tables has a length that it was told before.
    let base = words.get(..LONGEST).unwrap_or(&words).trim_end_matches('_').to_owned();
    let free = std::iter::once(base.clone()).chain((2..).map(|it| format!("{base}_{it}")));
    let id = free.into_iter().find(|it| !taken.contains(it)).expect("numbers have no end");
    taken.insert(id.clone());
    id
}
