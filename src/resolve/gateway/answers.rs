//! What comes back for a route: a service's answer, another address or a file; and who gets it.

use std::collections::BTreeSet;

use crate::catalog::GatewayFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Answer, Cache, Canary, Cors, Files, Mount, Protocol, Proxy, Redirect, Retries, Route, RouteLogin, Timeouts,
};
use crate::project::{SecretFormat, Source};
use crate::resolve::{Resolver, unknown_name};
use crate::spec::{self, Method};

/// The class of requests of routes with a login: a hash of a password costs the gateway's processor time, so guesses are
/// few.
const LOGIN: &str = "login";

impl Resolver<'_> {
    /// A route with everything decided. Complains about what cannot be; `None` where nothing says who answers.
    pub(super) fn route(
        &mut self,
        gateway: &spec::Gateway,
        route: &spec::Route,
        id: String,
        facts: &GatewayFacts,
        at: &Path,
    ) -> Option<Route> {
        self.check_path(gateway, route, at);
        let limit = match &route.limit {
            Some(it) => it.as_str(),
            None if route.login.is_some() => LOGIN,
            None => "default",
        };
        if !gateway.limits.contains_key(limit) && !facts.limits.contains_key(limit) {
            let known = gateway.limits.keys().map(|it| it.as_str()).chain(facts.limits.keys().map(String::as_str));
            let message = format!("there is no class of requests `{limit}`");
            self.told.push(unknown_name(Place::Value(at.key("limit")), message).nearest(limit, known));
        }
        let answer = match (&route.to, &route.redirect, &route.files) {
            (Some(to), None, None) => Answer::Proxy(Box::new(self.proxy(gateway, route, to, at)?)),
            (None, Some(redirect), None) => Answer::Redirect(self.redirect(route, redirect, at)),
            (None, None, Some(files)) => {
                Answer::Files(self.files(route, files, format!("{}/{id}", facts.folders.routes), at))
            }
            (to, redirect, files) => {
                let given = usize::from(to.is_some()) + usize::from(redirect.is_some()) + usize::from(files.is_some());
                let message = match given {
                    0 => format!("nothing says who answers `{}`", route.path),
                    _ => format!("several answer `{}`, and there can be one", route.path),
                };
                let help = match self.environment {
                    Some(_) if given > 1 => {
                        "maps merge: take production's answer away in the overlay, such as `to: null`"
                    }
                    _ => "write one of `to:` with a service, `redirect:` and `files:`",
                };
                self.error(&codes::ONE_OF, Place::Value(at.key("path")), message, help);
                return None;
            }
        };
        if !matches!(answer, Answer::Proxy(_)) {
            self.check_without_service(route, at);
        }
        Some(Route {
            id,
            number: 0,
            path: route.path.to_string(),
            exact: !route.path.ends_with('/'),
            limit: limit.to_owned(),
            cors: route.cors.as_ref().map(|it| self.cors(it, &at.key("cors"))),
            login: route.login.as_ref().map(|it| self.login(it, &at.key("login"))),
            allow: self.clients(route.allow.as_deref().unwrap_or_default(), &at.key("allow")),
            answer,
        })
    }

    /// Paths that no request could ever have, once nginx has put it in order.
    fn check_path(&mut self, gateway: &spec::Gateway, route: &spec::Route, at: &Path) {
        let place = Place::Value(at.key("path"));
        let mut parts = route.path.split('/').skip(1).peekable();
        let mut odd = false;
        let mut hidden = false;
        while let Some(part) = parts.next() {
            odd |= part == "." || part == ".." || (part.is_empty() && parts.peek().is_some());
            hidden |= part.starts_with('.') && part != ".well-known";
        }
        if odd {
            let message =
                format!("`{}` would never be asked: nginx takes `//`, `.` and `..` out of paths first", route.path);
            self.error(&codes::NO_EFFECT, place, message, "write the path without them");
        } else if gateway.pages.is_some() && route.path.starts_with("/_errors/") {
            let message = "the pages of errors are there";
            self.error(&codes::ROUTE_TWICE, place, message, "choose another path");
        } else if hidden {
            let message = format!("`{}` would never be asked: paths that begin with a dot are denied", route.path);
            self.error(&codes::NO_EFFECT, place, message, "choose another path");
        }
    }

    fn proxy(&mut self, gateway: &spec::Gateway, route: &spec::Route, to: &str, at: &Path) -> Option<Proxy> {
        let upstream = self.upstream_name(to, route.port.as_deref(), &at.key("to"), &at.key("port"));
        let canary = route.canary.as_ref().and_then(|it| {
            let here = at.key("canary");
            if it.to.as_str() == to {
                let message = format!("`{to}` already answers this route");
                self.error(&codes::NO_EFFECT, Place::Value(here.key("to")), message, "name another service");
            }
            let upstream = self.upstream_name(&it.to, route.port.as_deref(), &here.key("to"), &at.key("port"))?;
            Some(Canary { upstream, percent: it.percent })
        });
        let kinds = [
            ("websocket", route.websocket, Protocol::Websocket),
            ("events", route.events, Protocol::Events),
            ("grpc", route.grpc, Protocol::Grpc),
        ];
        let chosen: Vec<(&str, Protocol)> =
            kinds.into_iter().filter(|(_, it, _)| *it == Some(true)).map(|(name, _, it)| (name, it)).collect();
        if let [_, (second, _), ..] = chosen.as_slice() {
            let message = "a route is one of `websocket`, `events` and `grpc`";
            self.error(&codes::ONE_OF, Place::Key(at.key(second)), message, "make a route of its own for each");
        }
        let protocol = chosen.first().map_or(Protocol::Http, |(_, it)| *it);
        let strip_prefix = route.strip_prefix == Some(true);
        if strip_prefix && !route.path.ends_with('/') {
            let message = format!("`{}` is no prefix, so nothing can be taken from it", route.path);
            self.error(&codes::NO_EFFECT, Place::Key(at.key("strip_prefix")), message, "end `path` with a slash");
        }
        if strip_prefix && protocol == Protocol::Grpc {
            let message = "gRPC's paths are the names of its services";
            self.error(&codes::UNSUPPORTED, Place::Key(at.key("strip_prefix")), message, "remove it");
        }
        if let Some(it) = &route.upload
            && it.max_size.in_mib() == 0
        {
            let message = format!("{} is less than 1M", it.max_size);
            let place = Place::Value(at.key("upload").key("max_size"));
            self.error(&codes::INVALID_VALUE, place, message, "write `max_size: 100M`");
        }
        if protocol == Protocol::Grpc {
            for (key, given) in [("upload", route.upload.is_some()), ("cache", route.cache.is_some())] {
                if given {
                    let message = format!("`{key}` does nothing with gRPC, whose requests and answers are streams");
                    self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "remove it");
                }
            }
        }
        let timeouts = self.timeouts(route, at);
        let nonce = gateway.headers.csp.as_ref().is_some_and(spec::Csp::has_nonce);
        let cache = route.cache.as_ref().map(|it| {
            let here = at.key("cache");
            if matches!(protocol, Protocol::Websocket | Protocol::Events) {
                let message = "what has no end cannot be kept";
                self.error(&codes::NO_EFFECT, Place::Key(here.clone()), message, "make a route of its own for it");
            }
            if route.upload.is_some() {
                let message = "what is asked for by POST and PUT is not kept";
                self.error(&codes::NO_EFFECT, Place::Key(here.clone()), message, "make a route of its own for uploads");
            }
            if route.login.is_some() {
                let message = "answers of a login are for one person, and never kept";
                self.error(&codes::NO_EFFECT, Place::Key(here.clone()), message, "remove it");
            }
            if nonce {
                let message = "an answer that is kept has the nonce of another request, which the policy does not know";
                let help = "keep only what is no page: take `nonce` out of `headers.csp.policy`, or remove this";
                self.error(&codes::NO_EFFECT, Place::Key(here.clone()), message, help);
            }
            if it.duration.0 == 0 {
                let place = Place::Value(here.key("for"));
                self.error(&codes::INVALID_VALUE, place, "0s keeps nothing", "write `for: 10m`");
            }
            Cache { seconds: it.duration.0, ignore_cookies: it.ignore_cookies == Some(true) }
        });
        let retries = gateway.upstreams.get(to).and_then(|it| it.retries.as_ref()).map(|it| {
            let usual = Retries::default();
            let mut on = it.on.clone().unwrap_or(usual.on);
            on.sort_unstable();
            on.dedup();
            Retries { on, tries: it.tries.unwrap_or(usual.tries), timeout: it.timeout.map_or(usual.timeout, |it| it.0) }
        });
        Some(Proxy {
            upstream: upstream?,
            protocol,
            strip_prefix,
            upload_mib: route.upload.as_ref().map(|it| it.max_size.in_mib()),
            timeouts,
            cache,
            canary,
            retries,
        })
    }

    fn timeouts(&mut self, route: &spec::Route, at: &Path) -> Timeouts {
        let given = route.timeouts.clone().unwrap_or_default();
        for (key, it) in [("connect", given.connect), ("read", given.read), ("send", given.send)] {
            // nginx: at most 75 s for `connect`, since kernels give up by then.
            let most = if key == "connect" { 75 } else { 86_400 };
            if it.is_some_and(|it| it.0 == 0 || it.0 > most) {
                let place = Place::Value(at.key("timeouts").key(key));
                let message = format!("`{key}` is between 1s and {}", spec::Duration(most));
                self.error(&codes::INVALID_VALUE, place, message, format!("write `{key}: 60s`"));
            }
        }
        let seconds = |it: Option<spec::Duration>| it.map(|it| it.0);
        Timeouts { connect: seconds(given.connect), read: seconds(given.read), send: seconds(given.send) }
    }

    fn redirect(&mut self, route: &spec::Route, redirect: &spec::Redirect, at: &Path) -> Redirect {
        let here = at.key("redirect");
        let keep_path = redirect.keep_path == Some(true);
        if keep_path && !(route.path.ends_with('/') && redirect.to.ends_with('/')) {
            let message =
                "`keep_path` puts what stands behind `path` behind `to`, and both have to end with a slash for that";
            self.error(
                &codes::NO_EFFECT,
                Place::Key(here.key("keep_path")),
                message,
                "end both with a slash, or remove it",
            );
        }
        Redirect { to: redirect.to.to_string(), status: redirect.status.unwrap_or(308), keep_path }
    }

    fn files(&mut self, route: &spec::Route, files: &spec::Files, root: String, at: &Path) -> Files {
        let here = at.key("files");
        self.check_served(&files.folder, &here.key("folder"));
        // The part of the path that is the folder's: so no name has to be changed into another, and none gets out.
        let folder = route.path.rsplit_once('/').map_or("", |(it, _)| it);
        self.edge.mounts.insert(format!("{root}{folder}"), Mount::Bind(files.folder.to_string()));
        if folder.split('/').any(|it| it.len() > 255) {
            let message = "a folder's name has at most 255 signs, and the path of files is one of folders";
            self.error(&codes::INVALID_VALUE, Place::Value(at.key("path")), message, "choose a shorter path");
        }
        let spa = files.spa == Some(true);
        if spa && !route.path.ends_with('/') {
            let message = format!("`{}` is one file: nothing stands below it", route.path);
            self.error(&codes::NO_EFFECT, Place::Key(here.key("spa")), message, "end `path` with a slash");
        }
        Files {
            root,
            fallback: spa.then(|| format!("{}index.html", route.path)),
            max_age: files.max_age.map(|it| it.0).filter(|it| *it > 0),
        }
    }

    /// Folders that nobody may serve, since what is in them is nobody's business.
    pub(super) fn check_served(&mut self, folder: &str, at: &Path) {
        let own = [".forge", ".git", "secrets", &self.layout.nginx, &self.layout.scripts];
        let below = |it: &&str| folder.strip_prefix(*it).is_some_and(|it| it.is_empty() || it.starts_with('/'));
        let message = own.into_iter().find(below).map(|it| format!("`{it}` is not for browsers"));
        if let Some(message) = message {
            self.error(
                &codes::CONTEXT,
                Place::Value(at.clone()),
                message,
                "keep what is served in a folder of its own",
            );
        }
    }

    /// What can only be said of a service that answers.
    fn check_without_service(&mut self, route: &spec::Route, at: &Path) {
        let asks = [
            ("port", route.port.is_some()),
            ("strip_prefix", route.strip_prefix == Some(true)),
            ("websocket", route.websocket == Some(true)),
            ("events", route.events == Some(true)),
            ("grpc", route.grpc == Some(true)),
            ("upload", route.upload.is_some()),
            ("timeouts", route.timeouts.is_some()),
            ("cache", route.cache.is_some()),
            ("canary", route.canary.is_some()),
        ];
        // nginx answers with another address before it looks at any of these.
        let answers =
            [("cors", route.cors.is_some()), ("login", route.login.is_some()), ("limit", route.limit.is_some())];
        let redirects = route.redirect.is_some();
        for (key, _) in asks.into_iter().filter(|(_, is_given)| *is_given) {
            let message = format!("`{key}` does nothing where no service is asked");
            self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "remove it, or write `to:`");
        }
        for (key, _) in answers.into_iter().filter(|(_, is_given)| *is_given && redirects) {
            let message = format!("`{key}` does nothing where nginx leads to another address");
            self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "remove it");
        }
    }

    fn cors(&mut self, cors: &spec::Cors, at: &Path) -> Cors {
        let all = cors.origins.iter().position(|it| it.as_str() == "*");
        let credentials = cors.credentials == Some(true);
        if let Some(index) = all.filter(|_| cors.origins.len() > 1) {
            let place = Place::Value(at.key("origins").index(index));
            self.error(&codes::NO_EFFECT, place, "`*` is all sites, so the others do nothing", "keep one of the two");
        }
        if all.is_some() && credentials {
            let message = "any site could then ask in the name of your visitors, and browsers refuse it";
            let place = Place::Key(at.key("credentials"));
            self.error(&codes::UNSUPPORTED, place, message, "name the sites under `origins`");
        }
        let mut methods: Vec<Method> = [Method::Get, Method::Head, Method::Post].to_vec();
        methods.extend(cors.methods.iter().filter(|it| **it != Method::Options));
        methods.sort_unstable();
        methods.dedup();
        let texts = |them: &[spec::HeaderName]| them.iter().map(ToString::to_string).collect();
        Cors {
            origins: cors.origins.iter().map(ToString::to_string).collect::<BTreeSet<String>>().into_iter().collect(),
            methods: methods.into_iter().map(|it| it.as_str().to_owned()).collect(),
            headers: texts(&cors.headers),
            expose: texts(&cors.expose),
            credentials,
            max_age: cors.max_age.map_or(600, |it| it.0),
        }
    }

    fn login(&mut self, login: &spec::RouteLogin, at: &Path) -> RouteLogin {
        let name = login.users.as_str();
        match self.secrets.get_mut(name) {
            None => {
                let known: Vec<String> = self.secrets.keys().cloned().collect();
                let complaint = unknown_name(Place::Value(at.key("users")), format!("there is no secret `{name}`"));
                let help = format!(
                    "declare it: `secrets: {{ {name}: {{ supplied: \"lines of htpasswd -nB -C 10 NAME\" }} }}`"
                );
                self.told.push(complaint.help(help).nearest_or_keep(name, known.iter().map(String::as_str)));
            }
            Some(it) if matches!(it.source, Source::Generated { .. }) => {
                let message = format!("`{name}` is generated, and a list of names and hashes is not");
                let help = "declare it as `supplied: \"lines of htpasswd -nB -C 10 NAME\"`";
                self.error(&codes::UNSUPPORTED, Place::Value(at.key("users")), message, help);
            }
            // `scripts/secrets check` looks at what nginx will read, whether or not the spec says so there as well.
            Some(it) => it.format = Some(SecretFormat::Htpasswd),
        }
        self.used_secrets.insert(name.to_owned());
        self.edge.secrets.insert(name.to_owned());
        RouteLogin { users: name.to_owned(), realm: login.realm.as_ref().map_or("login", |it| it.as_str()).to_owned() }
    }
}
