//! What is refused before any service is asked, and how long clients are waited for.

use std::collections::BTreeSet;

use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Client, Filter};
use crate::resolve::Resolver;
use crate::spec::{self, Duration, Method, Size};

/// What applications are asked by, mostly.
const USUAL: [Method; 7] =
    [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options];

/// How many requests one client may have open at once, unless the spec says otherwise.
pub(super) const CONNECTIONS: u32 = 100;

impl Resolver<'_> {
    pub(super) fn filter(&mut self, gateway: &spec::Gateway, scanners: &[String], at: &Path) -> Filter {
        let asked = &gateway.filter;
        let mut methods = asked.methods.clone().unwrap_or_else(|| USUAL.to_vec());
        let mut seen = BTreeSet::new();
        methods.retain(|it| seen.insert(*it));
        if !methods.contains(&Method::Get) {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(at.key("methods")),
                "without GET nobody can read anything, and nothing could be asked whether it is well",
                "add GET",
            );
        }
        for (index, route) in gateway.routes.iter().enumerate() {
            let wants =
                [("cors", Method::Options, route.cors.is_some()), ("grpc", Method::Post, route.grpc == Some(true))];
            for (key, method, _) in wants.into_iter().filter(|(_, method, is)| *is && !methods.contains(method)) {
                let method = method.as_str();
                self.error(
                    &codes::NO_EFFECT,
                    Place::Key(Path::of(["gateway", "routes"]).index(index).key(key)),
                    format!("`{key}` asks by {method}, which `filter.methods` leaves out"),
                    format!("add {method} there"),
                );
            }
        }
        let wanted = asked.scanners.unwrap_or(true);
        if wanted {
            for (index, route) in gateway.routes.iter().enumerate() {
                let path = route.path.to_lowercase();
                let asked_for = |it: &&String| path.split('/').any(|part| part == it.as_str());
                if let Some(part) = scanners.iter().find(asked_for) {
                    self.error(
                        &codes::NO_EFFECT,
                        Place::Value(Path::of(["gateway", "routes"]).index(index).key("path")),
                        format!("`{}` would never be asked: `{part}` is a path that only scanners ask for", route.path),
                        "write `filter: { scanners: false }`, or choose another path",
                    );
                }
            }
        }
        Filter {
            is_narrow: USUAL.iter().any(|it| !methods.contains(it)),
            methods: methods.iter().map(|it| it.as_str().to_owned()).collect(),
            scanners: if wanted { scanners.iter().map(|it| it.replace('.', "\\.")).collect() } else { Vec::new() },
        }
    }

    pub(super) fn client(&mut self, gateway: &spec::Gateway, at: &Path) -> Client {
        let asked = &gateway.client;
        let [header, body, send, keepalive] = Client::DURATIONS;
        let mut seconds = |key: &str, asked: Option<Duration>, usual: Duration, least: u64, most: u64, why: &str| {
            let it = asked.unwrap_or(usual);
            if it.0 < least || it.0 > most {
                self.error(
                    &codes::INVALID_VALUE,
                    Place::Value(at.key(key)),
                    format!("{it} is {why}"),
                    format!("write something between {least}s and {most}s"),
                );
            }
            it.0
        };
        let slow = "longer than an honest client needs, and holds a connection for each slow one, or too short for any";
        let header_timeout = seconds("header_timeout", asked.header_timeout, header, 1, 120, slow);
        let body_timeout = seconds("body_timeout", asked.body_timeout, body, 1, 600, slow);
        let send_timeout = seconds("send_timeout", asked.send_timeout, send, 1, 600, slow);
        let idle = "longer than connections without a request are worth to keep";
        let keepalive = seconds("keepalive", asked.keepalive, keepalive, 0, 3600, idle);
        let size = asked.max_header_size.unwrap_or(Client::HEADER);
        if size < Size(1 << 10) || size > Size(64 << 10) {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(at.key("max_header_size")),
                format!("{size} is too little for what browsers send, or more than any service takes"),
                "write something between 1K and 64K",
            );
        }
        Client {
            header_timeout,
            body_timeout,
            send_timeout,
            keepalive,
            max_header_kib: (size.0 >> 10).max(1),
            connections: asked.connections.unwrap_or(CONNECTIONS),
        }
    }
}
