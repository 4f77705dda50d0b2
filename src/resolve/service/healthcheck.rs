//! How a service shows that it is well.

use minijinja::context;

use super::super::backing::Filler;
use super::super::{Resolver, unknown_name};
use crate::catalog::StackFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Healthcheck};
use crate::spec::{Duration, Service};

impl Resolver<'_> {
    /// The probe of a service: its own, or what its stack knows; none where that rule is lifted, or where there is none to
    /// be had, which is told.
    pub(super) fn healthcheck(
        &mut self,
        service: &Service,
        container: &Container,
        facts: &StackFacts,
        values: minijinja::Value,
        at: &Path,
    ) -> Option<Healthcheck> {
        if container.lifted.contains_key("healthcheck") {
            return None;
        }
        let own = service.healthcheck.clone().unwrap_or_default();
        let here = at.key("healthcheck");
        let interval = own.interval.unwrap_or(Duration(30));
        let timeout = own.timeout.unwrap_or(Duration(5));
        if timeout.0 < 2 {
            let place = Place::Value(here.key("timeout"));
            self.error(&codes::INVALID_VALUE, place, "a probe needs at least 2s to answer", "write `timeout: 5s`");
        }
        if interval.0 == 0 {
            let place = Place::Value(here.key("interval"));
            self.error(&codes::INVALID_VALUE, place, "no time between two questions", "write `interval: 30s`");
        }
        let given =
            [own.http.is_some(), own.tcp.is_some(), own.command.is_some(), own.file.is_some(), own.reaches.is_some()];
        if given.iter().filter(|it| **it).count() > 1 {
            self.error(
                &codes::ONE_OF,
                Place::Key(here.clone()),
                "a healthcheck asks in one way",
                "keep one of `http`, `tcp`, `command`, `file` and `reaches`",
            );
        }
        let (retries, start_period) = (own.retries.unwrap_or(3), own.start_period.unwrap_or(facts.start_period));
        let start_interval = Healthcheck::START_INTERVAL;
        let asked = |test| Healthcheck { test, interval, timeout, retries, start_period, start_interval };
        let port = container.port;
        let (formulas, port, path, max_age) = if let Some(command) = own.command {
            let test = std::iter::once("CMD".to_owned()).chain(command.into_iter().map(|it| it.0)).collect();
            return Some(asked(test));
        } else if let Some(name) = own.reaches.as_ref().filter(|_| !facts.probe.connect.is_empty()) {
            let place = self.reached(name, container, &here.key("reaches"))?;
            let mut filler = Filler { resolver: self, values, at: here };
            let test = std::iter::once("CMD".to_owned()).chain(filler.all(&facts.probe.connect)).chain(place).collect();
            return Some(asked(test));
        } else if let Some(file) = own.file {
            let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let covers = |it: &String| parent == it || parent.starts_with(&format!("{it}/"));
            let writable = container.tmpfs.keys().any(covers) || service.writable.keys().any(|it| covers(&it.0));
            if !writable {
                self.error(
                    &codes::NO_EFFECT,
                    Place::Value(here.dotted("file.path")),
                    format!("`{}` lies in no folder that `{}` can write to", file.path, container.name),
                    "use a file in /tmp, or list its folder under `writable`",
                );
            }
            (&facts.probe.file, 0, file.path.to_string(), file.max_age.0)
        } else if own.reaches.is_some() {
            (&facts.probe.connect, 0, String::new(), 0)
        } else if let Some(port) = own.tcp {
            (&facts.probe.tcp, port, String::new(), 0)
        } else if let Some(path) =
            own.http.map(|it| it.to_string()).or_else(|| facts.health.clone().filter(|_| port.is_some()))
        {
            let Some(port) = port else {
                self.error(
                    &codes::NO_PORT,
                    Place::Value(here.key("http")),
                    format!("`{}` has no port to ask at", container.name),
                    "give it `port:`",
                );
                return None;
            };
            (&facts.probe.http, port, path, 0)
        } else if let Some(port) = port {
            (&facts.probe.tcp, port, String::new(), 0)
        } else {
            let help = "write `healthcheck: { file: { path: /tmp/alive, max_age: 60s } }` and touch the file, or `command: […]`, or lift the rule `healthcheck` with a reason";
            self.error(
                &codes::NO_HEALTHCHECK,
                Place::Key(at.clone()),
                format!("nothing says how `{}` shows that it is well", container.name),
                help,
            );
            return None;
        };
        if formulas.is_empty() {
            let asks = service.build.as_ref().and_then(|it| self.catalog.stacks.get(&it.stack));
            let help = if asks.is_some_and(|it| it.options.contains_key("probe_with")) {
                "write `build: { options: { probe_with: … } }` with what is in the image, or `healthcheck: { command: […] }`, or lift the rule `healthcheck` with a reason"
            } else {
                "write `healthcheck: { command: […] }` with a program that is in the image, or lift the rule `healthcheck` with a reason"
            };
            // What was written there cannot be done; where nothing was, the service itself is to blame.
            let own = service.healthcheck.as_ref();
            let asked = own.and_then(|it| {
                let given = [
                    ("http", it.http.is_some()),
                    ("tcp", it.tcp.is_some()),
                    ("file", it.file.is_some()),
                    ("reaches", it.reaches.is_some()),
                ];
                given.into_iter().find(|(_, given)| *given).map(|(key, _)| here.key(key))
            });
            self.error(
                &codes::NO_HEALTHCHECK,
                Place::Key(asked.unwrap_or_else(|| at.clone())),
                format!("forge does not know what the image of `{}` has to ask with", container.name),
                help,
            );
            return None;
        }
        let values = context! { port => port, path => path, timeout => timeout.0, max_age => max_age, ..values };
        let mut filler = Filler { resolver: self, values, at: here };
        let test = std::iter::once("CMD".to_owned()).chain(filler.all(formulas)).collect();
        Some(asked(test))
    }

    /// Host and port of something that a container needs; `None` where it needs no such thing, which is told.
    fn reached(&mut self, name: &str, container: &Container, at: &Path) -> Option<[String; 2]> {
        let known = self.providers.get(name);
        let output = |output: &str| known.and_then(|it| Some(it.outputs.get(output)?.text.clone()));
        match (output("host"), output("port")) {
            (Some(host), Some(port)) if container.networks.contains(name) => Some([host, port]),
            _ => {
                let needed = container.networks.iter().filter(|it| self.providers.contains_key(*it)).cloned();
                let needed: Vec<String> = needed.collect();
                let place = Place::Value(at.clone());
                let complaint = unknown_name(place, format!("`{}` needs no `{}`", container.name, name.escape_debug()));
                self.told.push(complaint.nearest(name, needed.iter().map(String::as_str)));
                None
            }
        }
    }
}
