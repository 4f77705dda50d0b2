//! The way in: which paths go to whom, and the address that people see.

use std::collections::BTreeSet;

use super::Draft;
use crate::detect::found::Service;
use crate::render::tree::{Entry as Line, Tree, entry};

/// The port of this host that the gateway listens on, until somebody gives it a domain and a certificate.
const PORT: u64 = 8080;

impl Draft<'_> {
    /// The name that the gateway answers to.
    pub(super) fn domain(&self) -> String {
        self.domain.clone().unwrap_or_else(|| format!("{}.localhost", self.name))
    }

    /// The address that people see.
    pub(super) fn url(&self) -> String {
        match &self.domain {
            Some(domain) if !domain.ends_with(".localhost") => format!("https://{domain}"),
            _ => format!("http://{}:{PORT}", self.domain()),
        }
    }

    /// The edge: the front end at `/`, what is behind it at `/api/`.
    pub(super) fn gateway(&self, names: &BTreeSet<String>) -> Option<Line> {
        let serve = |role: &str| -> Vec<&Service> {
            let is_one =
                |it: &&Service| names.contains(&it.name.value) && it.role.as_ref().is_some_and(|it| it.value == role);
            self.found.services.iter().filter(is_one).collect()
        };
        let (files, webs) = (serve("static"), serve("web"));
        let route = |path: &str, to: &Service| (path.to_owned(), to.name.value.clone());
        // Whose `/api/` is: the one that is called so, or else the first.
        let main = |webs: &[&Service]| webs.iter().position(|it| it.name.value == "api").unwrap_or(0);
        let mut routes: Vec<(String, String)> = Vec::new();
        let mut comment = None;
        match (&files[..], &webs[..]) {
            ([], []) => return None,
            ([], [web]) => routes.push(route("/", web)),
            ([file], []) => routes.push(route("/", file)),
            ([], webs) => {
                comment = Some("a guess: nothing says which paths are whose");
                let front = webs.iter().position(|it| self.is_front(it));
                let (front, first) = (webs[front.unwrap_or(0)], if front.is_some() { "/api/" } else { "" });
                let behind: Vec<&Service> =
                    webs.iter().copied().filter(|it| it.name.value != front.name.value).collect();
                let main = main(&behind);
                routes.extend(behind.into_iter().enumerate().map(|(index, it)| match first {
                    first if index == main && !first.is_empty() => route(first, it),
                    _ => route(&format!("/{}/", it.name.value), it),
                }));
                routes.push(route("/", front));
            }
            ([file, others @ ..], webs) => {
                comment = Some("a guess: nothing says which paths are whose");
                routes.extend(others.iter().map(|it| route(&format!("/{}/", it.name.value), it)));
                let main = main(webs);
                for (index, web) in webs.iter().enumerate() {
                    // What the front end has under the same path goes before.
                    let is_own = |path: &str| file.paths.iter().any(|it| it.value == path);
                    let known = web.paths.iter().map(|it| it.value.as_str()).filter(|it| !is_own(it) && *it != "/api/");
                    let first = if index == main { "/api/".to_owned() } else { format!("/{}/", web.name.value) };
                    let known: Vec<&str> = known.filter(|_| index == main).collect();
                    routes.extend([first.as_str()].into_iter().chain(known).map(|path| route(path, web)));
                }
                routes.push(route("/", file));
            }
        }
        // What is named first has the path.
        let mut taken = BTreeSet::new();
        routes.retain(|(path, _)| taken.insert(path.clone()));
        let routes = routes
            .into_iter()
            .map(|(path, to)| Tree::flow_map([entry("path", Tree::text(path)), entry("to", Tree::text(to))]));
        let routes = entry("routes", Tree::list(routes));
        let host = entry("main", Tree::flow_map([entry("domain", Tree::text(self.domain()))]));
        let hosts = entry("hosts", Tree::flow_map([host]))
            .comment("yours, and then `tls: { mode: acme, … }` or files, and ports 80 and 443");
        let ports = Tree::flow_map([entry("http", Tree::Number(PORT)), entry("host_ip", Tree::text("127.0.0.1"))]);
        Some(entry(
            "gateway",
            Tree::map([
                hosts,
                entry("tls", Tree::flow_map([entry("mode", Tree::text("none"))])),
                entry("ports", ports),
                match comment {
                    Some(comment) => routes.comment(comment),
                    None => routes,
                },
            ]),
        ))
    }

    /// Whether a service is what people see: it is called so, or calls another one of the project.
    fn is_front(&self, it: &Service) -> bool {
        let is_called = matches!(
            it.name.value.as_str(),
            "web" | "frontend" | "front" | "front-end" | "ui" | "client" | "site" | "www" | "webapp" | "storefront"
        );
        let is_service = |name: &String| self.found.services.iter().any(|other| other.name.value == *name);
        is_called || it.needs.keys().any(is_service)
    }
}
