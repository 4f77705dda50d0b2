//! Which paths of a host are refused, because they are another way to what is private or guarded.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::upstreams::service_of;
use crate::address::Range;
use crate::project::{Answer, Host, OpenTo, Refused, Route};
use crate::resolve::Resolver;

impl Resolver<'_> {
    /// Paths of a host that are not answered, or not to everybody: the private ones of its services, other ways to what a
    /// route of any host guards, and other spellings of that, which lax frameworks take for the same.
    pub(super) fn refused(&mut self, host: &Host, guards: &[Guard]) -> Vec<Refused> {
        let mut own: BTreeMap<String, (bool, OpenTo)> = BTreeMap::new();
        for route in &host.routes {
            let Answer::Proxy(it) = &route.answer else { continue };
            for service in it.upstreams().map(service_of) {
                for path in self.private_paths(service) {
                    if let Some(outside) = way(host, route, it.strip_prefix, &path, true) {
                        // Of a canary's, those of the service that most get decide.
                        own.entry(outside).or_insert_with(|| (true, OpenTo::Private(service.to_owned())));
                    }
                }
                for guard in
                    guards.iter().filter(|it| it.service == service && it.route != route.id && !it.holds(route))
                {
                    if let Some(outside) = way(host, route, it.strip_prefix, &guard.path, guard.below) {
                        own.entry(outside).or_insert((guard.below, OpenTo::Nobody));
                    }
                }
            }
        }
        let mut refused = Vec::new();
        let guarded: Vec<&Route> = host.routes.iter().filter(|it| is_guarded(it)).collect();
        if own.is_empty() && guarded.is_empty() {
            return refused;
        }
        let plain = |path: &str| path.trim_end_matches('/').to_owned();
        let as_written = |it: &Route| Refused {
            path: plain(&it.path),
            // Without its slash nginx leads to the prefix by itself.
            below: !it.exact,
            lax: false,
            open_to: OpenTo::All,
        };
        // As they are written, routes are what they say, but for what is private below them.
        let below = |it: &Route| {
            own.keys().any(|path: &String| {
                it.path
                    .strip_prefix(path.trim_end_matches('/'))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let written = host.routes.iter().filter(|it| it.path != "/" && (!guarded.is_empty() || below(it)));
        refused.extend(written.map(as_written));
        for (path, (below, open_to)) in own {
            if let OpenTo::Private(service) = &open_to {
                self.edge.private.insert(service.clone());
            }
            refused.push(Refused { path: plain(&path), below, lax: true, open_to });
        }
        for route in guarded.into_iter().filter(|it| it.path != "/") {
            let path = plain(&route.path);
            refused.push(Refused { path, below: !route.exact, lax: true, open_to: OpenTo::Nobody });
        }
        // The first that matches counts: the longest, and of two alike the one that is a route as it is written.
        refused.sort_by_key(|it| (Reverse(it.path.len()), it.lax));
        refused
    }
}

/// A path of a service that only some may ask for.
pub(super) struct Guard {
    /// The service.
    service: String,
    /// Its path.
    path: String,
    /// Whether all below it is meant as well.
    below: bool,
    /// The secret with the names and passwords that are asked for.
    users: Option<String>,
    /// The addresses that may come in; empty is all.
    allow: Vec<Range>,
    /// The id of the route that says so.
    route: String,
}

impl Guard {
    /// Whether a route lets in nobody whom this one keeps out.
    fn holds(&self, route: &Route) -> bool {
        let users = route.login.as_ref().map(|it| &it.users);
        let is_inside = |it: &Range| self.allow.iter().any(|other| it.is_within(*other));
        (self.users.is_none() || self.users.as_ref() == users)
            && (self.allow.is_empty() || (!route.allow.is_empty() && ranges(route).iter().all(is_inside)))
    }
}

fn ranges(route: &Route) -> Vec<Range> {
    route.allow.iter().filter_map(|it| Range::parse(it)).collect()
}

/// What routes of all hosts guard. Where all of a service is behind one, other routes to it are meant to be another way.
pub(super) fn guards(hosts: &[Host]) -> Vec<Guard> {
    let mut found = Vec::new();
    for route in hosts.iter().flat_map(|it| &it.routes).filter(|it| is_guarded(it) && it.path != "/") {
        if let Answer::Proxy(it) = &route.answer
            && !it.strip_prefix
        {
            found.extend(it.upstreams().map(|upstream| Guard {
                service: service_of(upstream).to_owned(),
                path: route.path.clone(),
                below: !route.exact,
                users: route.login.as_ref().map(|it| it.users.clone()),
                allow: ranges(route),
                route: route.id.clone(),
            }));
        }
    }
    found
}

fn is_guarded(route: &Route) -> bool {
    route.login.is_some() || !route.allow.is_empty()
}

/// The path of a host by which a route leads to a path of its service; none where another route is chosen, or has it for
/// its own: then it is meant for those that this one is for. An exact route has nothing of what lies `below` a path.
fn way(host: &Host, route: &Route, strips: bool, path: &str, below: bool) -> Option<String> {
    let outside = match strips {
        true => format!("{}{}", route.path, path.strip_prefix('/')?),
        false => path.to_owned(),
    };
    let covers = if route.exact { outside == route.path } else { outside.starts_with(&route.path) };
    let is_rival = |it: &&Route| !(below && it.exact);
    let is_declared = host.routes.iter().filter(is_rival).any(|it| it.path == outside && it.path != route.path);
    let is_chosen =
        covers && longest(host.routes.iter().filter(is_rival), &outside).is_some_and(|it| it.id == route.id);
    (is_chosen && !is_declared).then_some(outside)
}

/// The route that nginx would choose for a path.
pub(super) fn longest<'h>(routes: impl Iterator<Item = &'h Route> + Clone, path: &str) -> Option<&'h Route> {
    let exact = routes.clone().find(|it| it.exact && it.path == path);
    let below = routes.filter(|it| !it.exact && path.starts_with(&it.path));
    exact.or_else(|| below.max_by_key(|it| it.path.len()))
}
