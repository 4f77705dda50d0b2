//! Ports on the loopback address of the host: those that the spec publishes, and those of debuggers.

use std::collections::BTreeMap;

use super::{Resolver, unknown_name};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Gateway, Mount, Published, Reach, TlsMode};
use crate::spec::{Name, Publish};

/// What can be published of something: the container that listens, and the port there, by name.
type Ports = BTreeMap<String, (String, u16)>;

impl Resolver<'_> {
    /// Puts ports on the loopback address, and a network to the container that lets the engine do so.
    pub(super) fn resolve_published(&mut self, gateway: Option<&Gateway>) {
        let spec = self.spec;
        let mut taken: BTreeMap<u16, String> = BTreeMap::new();
        if let Some(gateway) = gateway {
            taken.insert(gateway.ports.http, "gateway".to_owned());
            if gateway.tls != TlsMode::None {
                taken.insert(gateway.ports.https, "gateway".to_owned());
            }
        }
        for (name, service) in &spec.services {
            let front = self.fronts.get(name.as_str()).cloned();
            let at = Path::of(["services", name]);
            let main = front.as_deref().unwrap_or(name);
            let port = self.containers.get(main).and_then(|it| it.port);
            let mut ports: Ports = port.map(|it| ("main".to_owned(), (main.to_owned(), it))).into_iter().collect();
            ports.extend(service.ports.iter().map(|(label, it)| (label.to_string(), (name.to_string(), *it))));
            self.publish(&service.publish, &ports, &mut taken, &at);
        }
        for (name, backing) in &spec.backings {
            if backing.external.is_some() {
                continue;
            }
            let more = self.backing_ports.get(name.as_str()).cloned().unwrap_or_default();
            let ports = more.into_iter().map(|(label, it)| (label, (name.to_string(), it))).collect();
            self.publish(&backing.publish, &ports, &mut taken, &Path::of(["backings", name]));
        }
        self.publish_debuggers(&mut taken);
    }

    fn publish(
        &mut self,
        wanted: &BTreeMap<Name, Publish>,
        known: &Ports,
        taken: &mut BTreeMap<u16, String>,
        at: &Path,
    ) {
        for (label, it) in wanted {
            let place = at.key("publish").key(label);
            let Some((container, inside)) = known.get(label.as_str()) else {
                let message = format!("it has no port `{label}`");
                let complaint = unknown_name(Place::Key(place), message);
                let known = known.keys().map(String::as_str);
                self.told.push(complaint.help("write `port`, or name it under `ports`").nearest_or_keep(label, known));
                continue;
            };
            let published = Published { inside: *inside, reason: it.reason.to_string() };
            self.publish_one(container, it.port, published, taken, &place);
        }
    }

    fn publish_one(
        &mut self,
        container: &str,
        port: u16,
        published: Published,
        taken: &mut BTreeMap<u16, String>,
        place: &Path,
    ) {
        if let Some(other) = taken.insert(port, container.to_owned()) {
            let message = format!("port {port} of the host is already that of `{other}`");
            self.error(&codes::PORT_TWICE, Place::Value(place.key("port")), message, "give each a port of its own");
            return;
        }
        let Some(it) = self.containers.get_mut(container) else { return };
        if it.replicas > 1 {
            let message = format!("one port of the host cannot lead to {} containers", it.replicas);
            let help = "write `replicas: 1`, or reach them through the gateway";
            self.error(&codes::UNSUPPORTED, Place::Key(place.clone()), message, help);
            return;
        }
        it.published.insert(port, published);
        let said = it.published.iter().map(|(port, it)| format!("{port}: {}", it.reason));
        let comment = format!("on this host alone; {}", said.collect::<Vec<_>>().join("; "));
        it.comments.insert("ports".to_owned(), comment);
        // Of a container that is on internal networks alone, ports are silently not published.
        let leads_out = it.networks.iter().any(|it| self.networks.get(it).is_some_and(|it| it.reach == Reach::Out));
        if !leads_out {
            let name = format!("{container}-loopback");
            it.networks.insert(name.clone());
            self.network(&name, Reach::Loopback);
        }
    }

    /// The debuggers that this environment wants.
    fn publish_debuggers(&mut self, taken: &mut BTreeMap<u16, String>) {
        let Some((environment, live)) = self.environment else { return };
        let spec = self.spec;
        let wanted = spec.environments.get(environment).map(|it| &it.debug);
        for (name, debug) in wanted.into_iter().flatten() {
            let place = Path::of(["environments", environment, "debug", name]);
            if !spec.services.contains_key(name) {
                let known = spec.services.keys().map(|it| it.as_str());
                let message = format!("there is no service `{name}`");
                self.told.push(unknown_name(Place::Key(place), message).nearest(name, known));
            } else if !live {
                let message =
                    format!("`{environment}` mounts no sources, and who reaches a debugger runs what he likes");
                let help = "write `source_mounts: true` beside `debug`, or debug in `development`";
                self.error(&codes::UNSUPPORTED, Place::Key(place), message, help);
            } else if let Some(debugger) = self.debuggers.get(name.as_str()).cloned() {
                if let Some(why) = &debugger.unproven {
                    let message = format!("a debugger in `{name}` was never tried by forge's tests");
                    let help = format!("{why}; try it before you rely on it");
                    self.warning(&codes::UNPROVEN, Place::Key(place.clone()), message, help);
                }
                let mounts = self.containers.get(name.as_str()).map(|it| &it.mounts);
                if !mounts.is_some_and(|it| it.values().any(|it| matches!(it, Mount::Bind(_)))) {
                    let message = format!(
                        "no source of `{name}` is mounted, so edits come to the debugger with a new image only"
                    );
                    let help = "keep the program in a folder, and name that: `build: { sources: [src] }`";
                    self.warning(&codes::NO_EFFECT, Place::Key(place.clone()), message, help);
                }
                let wants = debugger.wants.map(|it| format!(", which needs {it}")).unwrap_or_default();
                let published = Published { inside: debugger.port, reason: format!("a debugger{wants}") };
                self.publish_one(name, debug.port.unwrap_or(debugger.port), published, taken, &place);
            } else {
                let message = format!("forge knows no debugger that could be started with `{name}`");
                let help = "leave it out; `docs/development.md` lists the stacks and commands that have one";
                self.error(&codes::UNSUPPORTED, Place::Key(place), message, help);
            }
        }
    }
}
