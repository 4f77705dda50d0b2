//! Networks and volumes: what the spec says of those that forge makes, and those that others own.

use std::collections::BTreeMap;

use super::checks::is_credential;
use super::{Resolver, unknown_name};
use crate::address::Range;
use crate::codes;
use crate::diagnostic::{Diagnostic, Path, Place, Severity, did_you_mean};
use crate::project::{Project, Reach, Role, Volume};
use crate::spec::{NetworkSettings, Service, VolumeSettings};
use crate::volume::of_host;

/// An option of a bridge that takes nothing of its closedness away: what fits, and how that is said.
struct NetworkOption {
    name: &'static str,
    fits: fn(&str) -> bool,
    wants: &'static str,
}

const NETWORK_OPTIONS: [NetworkOption; 3] = [
    NetworkOption {
        name: "com.docker.network.bridge.name",
        fits: is_interface,
        wants: "a name of 15 characters at most",
    },
    NetworkOption {
        name: "com.docker.network.container_iface_prefix",
        fits: |it| is_interface(it) && it.len() <= 10,
        wants: "a name of 10 characters at most, such as `eth`",
    },
    NetworkOption {
        name: "com.docker.network.driver.mtu",
        fits: |it| it.parse::<u16>().is_ok_and(|mtu| (576..=9216).contains(&mtu)),
        wants: "a number from 576 to 9216",
    },
];

/// Options of volumes of the driver `local`, and whether it cannot do without.
const LOCAL_OPTIONS: [(&str, bool); 4] = [("device", true), ("o", false), ("size", false), ("type", true)];

const PRIVATE: [Range; 4] = [
    Range::of([10, 0, 0, 0], 8),
    Range::of([100, 64, 0, 0], 10),
    Range::of([172, 16, 0, 0], 12),
    Range::of([192, 168, 0, 0], 16),
];
/// The bridge that every engine begins with.
const DOCKER: Range = Range::of([172, 17, 0, 0], 16);
/// What the engine gives to networks that name no range.
const POOLS: [Range; 2] = [Range::of([172, 16, 0, 0], 12), Range::of([192, 168, 0, 0], 16)];

impl Resolver<'_> {
    /// What the engine calls a network or volume: as the spec says, or its own name where others made it, or with the
    /// project's name before it.
    fn engine_name(&self, name: &str, said: Option<&str>, external: bool) -> String {
        match said {
            Some(it) => it.to_owned(),
            None if external => name.to_owned(),
            None => {
                format!("{}_{name}", crate::project::compose_name(&self.spec.name, self.environment.map(|it| it.0)))
            }
        }
    }

    /// The networks of others that a service joins.
    pub(super) fn networks_of_others(&mut self, service: &Service, at: &Path) -> Vec<String> {
        let mut joined = Vec::new();
        for (index, name) in service.networks.iter().enumerate() {
            let place = Place::Value(at.key("networks").index(index));
            let external = |it: &NetworkSettings| it.external == Some(true);
            let of_forge = self.spec.services.contains_key(name)
                || self.spec.backings.contains_key(name)
                || name.as_str() == "gateway"
                || name.ends_with("-egress")
                || name.ends_with("-loopback");
            if of_forge {
                let help = format!("write `needs: [{name}]`, or `egress: true` for a way out");
                let message = format!("`{name}` is a network of forge's, which decides who is on it");
                self.error(&codes::UNSUPPORTED, place, message, help);
            } else if self.spec.networks.get(name).is_some_and(external) {
                self.networks.insert(name.to_string(), crate::project::Network::new(Reach::External));
                self.used_networks.insert(name.to_string());
                joined.push(name.to_string());
            } else {
                let known = self.spec.networks.iter().filter(|(_, it)| external(it)).map(|(name, _)| name.as_str());
                let message = format!("no network `{name}` of others is declared");
                let declare = format!("declare it: `networks: {{ {name}: {{ external: true }} }}`");
                self.told.push(unknown_name(place, message).help(declare).nearest_or_keep(name, known));
            }
        }
        joined
    }

    pub(super) fn resolve_networks(&mut self) {
        let spec = self.spec;
        // Where something is wrong, networks may be missing for that alone.
        let whole = !self.told.iter().any(|it| it.severity == Severity::Error);
        let mut ranges: Vec<(&str, Range)> = Vec::new();
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        for (name, settings) in &spec.networks {
            let at = Path::of(["networks", name]);
            let labels = self.labels(&settings.labels, &at);
            let external = settings.external == Some(true);
            self.check_network_options(settings, &at);
            let range = self.subnet(name, settings, &at);
            if let Some(range) = range {
                if let Some((other, _)) = ranges.iter().find(|(_, it)| it.overlaps(range)) {
                    let message = format!("its addresses are those of `{other}` as well");
                    let help = "give each network a range of its own, such as 10.5.1.0/24";
                    self.error(&codes::NETWORK, Place::Value(at.key("subnet")), message, help);
                }
                ranges.push((name, range));
            }
            let called = self.engine_name(name, settings.name.as_deref(), external);
            if ["bridge", "host", "none"].contains(&called.as_str()) {
                let place = if settings.name.is_some() { Place::Value(at.key("name")) } else { Place::Key(at.clone()) };
                let message = format!("`{called}` is the engine's own");
                self.error(&codes::NETWORK, place, message, "make a network for it: `docker network create NAME`");
            }
            if let Some(other) = names.insert(called.clone(), name) {
                let message = format!("`{called}` is what the engine calls `{other}`");
                let place = if settings.name.is_some() { Place::Value(at.key("name")) } else { Place::Key(at.clone()) };
                self.error(&codes::NAME_TWICE, place, message, "give each network a name of its own");
            }
            if external {
                self.check_external_network(name, settings, &at);
            }
            if !self.networks.contains_key(name.as_str()) {
                if whole && !self.of_base.contains(name.as_str()) {
                    self.no_network(name, external, &at);
                }
                continue;
            }
            let Some(network) = self.networks.get_mut(name.as_str()) else { continue };
            if external {
                network.reach = Reach::External;
            }
            network.name = settings.name.as_ref().map(ToString::to_string);
            network.subnet = settings.subnet.as_ref().map(ToString::to_string);
            network.gateway = settings.gateway.as_ref().map(ToString::to_string);
            network.options = settings.options.iter().map(|(name, it)| (name.to_string(), it.0.clone())).collect();
            network.labels = labels;
        }
    }

    /// Settings for a network that there is not.
    fn no_network(&mut self, name: &str, external: bool, at: &Path) {
        let place = Place::Key(at.clone());
        if external {
            let help = "write `networks: [name]` at a service that has to be on it, or remove it";
            self.warning(&codes::UNUSED, place, format!("no service is on the network `{name}`"), help);
        } else if self.spec.services.contains_key(name) || self.spec.backings.contains_key(name) {
            let help = "leave it out; there is a network for each that others call";
            self.error(&codes::NO_EFFECT, place, format!("nobody calls `{name}`, so it has no network"), help);
        } else {
            let known: Vec<String> = self.networks.keys().cloned().collect();
            let complaint = unknown_name(place, format!("forge makes no network `{name}`"));
            let others = "for one that others own write `external: true`";
            self.told.push(match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(best) => complaint.help(format!("did you mean `{best}`? {others}")),
                None => complaint.help(others),
            });
        }
    }

    fn check_network_options(&mut self, settings: &NetworkSettings, at: &Path) {
        for (name, text) in &settings.options {
            let place = at.key("options").key(name);
            match NETWORK_OPTIONS.iter().find(|it| it.name == name.as_str()) {
                None => {
                    let message = format!("`{name}` is no option of networks that can stand here");
                    let known = NETWORK_OPTIONS.iter().map(|it| it.name);
                    let complaint = Diagnostic::error(&codes::NETWORK, Place::Key(place), message);
                    self.told.push(complaint.nearest(name, known));
                }
                Some(it) if !(it.fits)(&text.0) => {
                    let message = format!("`{}` does not fit here", text.0.escape_debug());
                    self.error(&codes::INVALID_VALUE, Place::Value(place), message, format!("write {}", it.wants));
                }
                Some(_) => {}
            }
        }
    }

    /// The range of a network, where it can be one.
    fn subnet(&mut self, name: &str, settings: &NetworkSettings, at: &Path) -> Option<Range> {
        let gateway_at = Place::Value(at.key("gateway"));
        let Some(subnet) = &settings.subnet else {
            if settings.gateway.is_some() {
                let help = "write its `subnet` as well";
                self.error(&codes::NETWORK, gateway_at, "an address says nothing without its range", help);
            }
            return None;
        };
        let place = Place::Value(at.key("subnet"));
        let help = "write a private range of its own, such as 10.5.0.0/24";
        let Some(range) = Range::parse(subnet) else {
            self.error(&codes::NETWORK, place, format!("`{subnet}` is no range of addresses"), help);
            return None;
        };
        let on_it = |it: &&crate::project::Container| it.networks.contains(name);
        let members: u32 = self.containers.values().filter(on_it).map(|it| it.replicas).sum();
        // One is the host's.
        let room = range.room().saturating_sub(1);
        if !range.is_exact() {
            let message = format!("`{subnet}` is an address in a range");
            let help = range.address(0).map_or(help.to_owned(), |it| format!("write `{it}/{}`", range.prefix));
            self.error(&codes::NETWORK, place, message, help);
            return None;
        } else if !PRIVATE.iter().any(|it| range.is_within(*it)) {
            let message = format!("`{subnet}` is not private: who is there could not be reached any more");
            self.error(&codes::NETWORK, place, message, help);
        } else if range.overlaps(DOCKER) {
            let message = format!("`{subnet}` has addresses of the engine's own bridge, 172.17.0.0/16");
            self.error(&codes::NETWORK, place, message, help);
        } else if room < members.into() {
            let message = format!("`{subnet}` has room for {room}, and {members} containers are on it");
            self.error(&codes::NETWORK, place, message, "write a shorter prefix, such as /24");
        } else if POOLS.iter().any(|it| range.overlaps(*it)) {
            let message = format!("the engine may have given `{subnet}` to a network of another project");
            let help = "write a range below 10.0.0.0/8: the engine gives away those below 172.16.0.0/12 and 192.168.0.0/16 by itself";
            self.warning(&codes::NETWORK, place, message, help);
        }
        if let Some(gateway) = &settings.gateway
            && !range.has_host(gateway)
        {
            let message = format!("`{gateway}` is no address for a host in `{subnet}`");
            let first = range.address(1).map(|it| format!("write `{it}`, or "));
            let help = format!("{}leave it out", first.unwrap_or_default());
            self.error(&codes::NETWORK, gateway_at, message, help);
        }
        Some(range)
    }

    /// What is said of a network that others make, and who is on it.
    fn check_external_network(&mut self, name: &str, settings: &NetworkSettings, at: &Path) {
        let given = [
            ("subnet", settings.subnet.is_some()),
            ("gateway", settings.gateway.is_some()),
            ("options", !settings.options.is_empty()),
            ("labels", !settings.labels.is_empty()),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let message = format!("others make `{name}`, and have said that already");
            self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "leave it out");
        }
        let lifts = |it: &crate::spec::Backing| it.exceptions.iter().any(|it| it.rule == "internal-network");
        if self.spec.backings.get(name).is_some_and(|it| it.external.is_none() && !lifts(it)) {
            let message = format!("`{name}` keeps data, and who else is on a network of others is not known");
            let help = format!(
                "let services join it instead (`networks: [name]`), or write `exceptions: [{{ rule: internal-network, reason: … }}]` at `{name}`"
            );
            self.error(&codes::DATA_ON_A_FOREIGN_NETWORK, Place::Value(at.key("external")), message, help);
        }
    }

    pub(super) fn resolve_volumes(&mut self) {
        let spec = self.spec;
        let whole = !self.told.iter().any(|it| it.severity == Severity::Error);
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        for (name, settings) in &spec.volumes {
            let at = Path::of(["volumes", name]);
            let external = settings.external == Some(true);
            let volume = Volume {
                name: settings.name.as_ref().map(ToString::to_string),
                external,
                driver: settings.driver.as_ref().map(ToString::to_string),
                options: settings.options.iter().map(|(name, it)| (name.to_string(), it.0.clone())).collect(),
                labels: self.labels(&settings.labels, &at),
                lifted: self.lifted(&settings.exceptions, &at),
            };
            if external {
                self.check_external_volume(name, settings, &at);
            } else {
                self.check_volume_options(settings, &volume, &at);
            }
            let called = self.engine_name(name, settings.name.as_deref(), external);
            if let Some(other) = names.insert(called.clone(), name) {
                let place = if settings.name.is_some() { Place::Value(at.key("name")) } else { Place::Key(at.clone()) };
                let message = format!("`{called}` is what the engine calls `{other}`");
                self.error(&codes::NAME_TWICE, place, message, "give each volume a name of its own");
            }
            if let Some(known) = self.volumes.get_mut(name.as_str()) {
                *known = volume;
            } else if whole && !self.of_base.contains(name.as_str()) {
                let message = format!("nothing is kept in a volume `{name}`");
                let known: Vec<String> = self.volumes.keys().cloned().collect();
                let complaint = unknown_name(Place::Key(at), message);
                let write = format!("write `writable: {{ /path: {{ volume: {name} }} }}` at a service, or remove it");
                self.told.push(complaint.help(write).nearest_or_keep(name, known.iter().map(String::as_str)));
            }
        }
    }

    fn check_external_volume(&mut self, name: &str, settings: &VolumeSettings, at: &Path) {
        let given = [
            ("driver", settings.driver.is_some()),
            ("options", !settings.options.is_empty()),
            ("labels", !settings.labels.is_empty()),
            ("exceptions", !settings.exceptions.is_empty()),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let message = format!("others make `{name}`, and have said that already");
            self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, "leave it out");
        }
    }

    fn check_volume_options(&mut self, settings: &VolumeSettings, volume: &Volume, at: &Path) {
        let driver = volume.driver.as_deref().unwrap_or("local");
        let place = at.key("options");
        for (name, text) in &settings.options {
            let parts = text.0.split(',').filter_map(|it| it.split_once('='));
            let hidden = |(key, value): (&str, &str)| {
                let key = key.trim().to_lowercase();
                !value.is_empty() && (key.starts_with("pass") || is_credential(&key, value))
            };
            if is_credential(name, &text.0) || parts.clone().any(hidden) {
                let message =
                    format!("the option `{name}` has a credential in it, and everybody can read it in compose.yaml");
                let help =
                    "let the operator make the volume (`docker volume create`), and name it here: `external: true`";
                self.error(&codes::CREDENTIAL, Place::Value(place.key(name)), message, help);
            }
            let known = LOCAL_OPTIONS.iter().map(|(name, _)| *name);
            if driver == "local" && !known.clone().any(|it| it == name.as_str()) {
                let message = format!("the driver `local` has no option `{name}`");
                self.told.push(unknown_name(Place::Key(place.key(name)), message).nearest(name, known));
            }
        }
        let only_size = settings.options.keys().all(|it| it.as_str() == "size");
        if driver == "local" && !only_size {
            for (name, _) in
                LOCAL_OPTIONS.iter().filter(|(name, needed)| *needed && !volume.options.contains_key(*name))
            {
                let message = format!("the driver `local` mounts nothing without `{name}`");
                let help = "write `type`, `device` and mostly `o`, as `mount -t TYPE -o O DEVICE` would have them";
                self.error(&codes::MISSING_KEY, Place::Key(place.clone()), message, help);
            }
        }
        if let Some(what) = of_host(driver, |name| volume.options.get(name).map(String::as_str))
            && !volume.lifted.contains_key("host-volume")
        {
            let message = format!("it is {what}, and what writes into it writes there");
            let help = "name a share of the network, let the engine keep the data, or write `exceptions: [{ rule: host-volume, reason: … }]`";
            self.error(&codes::VOLUME_OF_THE_HOST, Place::Key(place), message, help);
        }
    }
}

/// Whether the kernel takes a text for the name of a network interface.
fn is_interface(text: &str) -> bool {
    (1..=15).contains(&text.len())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "_.-".contains(it))
        && text.starts_with(|it: char| it.is_ascii_alphanumeric())
}

/// What an environment would have in common with production on one host.
pub(super) fn shared(base: &Project, project: &Project, told: &mut Vec<Diagnostic>) {
    let help = "give it a name of its own in the overlay, or take production's back with `null`";
    for (name, volume) in &project.volumes {
        let Some(same) = base.volumes.get(name) else { continue };
        let place = Path::of(["volumes", name]);
        if volume.external && same.external && volume.name == same.name {
            let message = format!("`{name}` is production's volume as well, and what is written here is written there");
            let place = if volume.name.is_some() { place.key("name") } else { place.key("external") };
            told.push(Diagnostic::warning(&codes::SHARED, Place::Value(place), message).help(help));
        } else if !volume.external && volume.name.is_some() && volume.name == same.name {
            let message = format!("`{name}` would be production's volume, with its data");
            told.push(Diagnostic::error(&codes::SHARED, Place::Value(place.key("name")), message).help(help));
        }
    }
    for (name, container) in &project.containers {
        let group = if container.role == Role::Backing { "backings" } else { "services" };
        let Some(same) = base.containers.get(name) else { continue };
        for port in container.published.keys().filter(|it| same.published.contains_key(it)) {
            let message = format!(
                "port {port} of the host leads to production's `{name}` as well: on one host only one of the two can be up"
            );
            let help = "write another `port` in the overlay, or take production's back with `null`";
            let place = Place::Key(Path::of([group, name, "publish"]));
            told.push(Diagnostic::warning(&codes::SHARED, place, message).help(help));
        }
    }
    let ranges: Vec<(&String, Range)> =
        base.networks.iter().filter_map(|(name, it)| Some((name, Range::parse(it.subnet.as_deref()?)?))).collect();
    for (name, network) in &project.networks {
        let place = Path::of(["networks", name]);
        let same = base.networks.get(name);
        let is_own = network.reach != Reach::External && network.name.is_some();
        if is_own && same.is_some_and(|it| it.name == network.name) {
            let message = format!("`{name}` would be production's network, with its containers on it");
            told.push(Diagnostic::error(&codes::SHARED, Place::Value(place.key("name")), message).help(help));
        }
        let Some(range) = network.subnet.as_deref().and_then(Range::parse) else { continue };
        if let Some((other, _)) = ranges.iter().find(|(_, it)| it.overlaps(range)) {
            let message =
                format!("its addresses are those of production's `{other}`: on one host only one of the two can be up");
            let help = "write another `subnet` in the overlay, or `subnet: null`: then the engine chooses";
            told.push(Diagnostic::warning(&codes::SHARED, Place::Value(place.key("subnet")), message).help(help));
        }
    }
}
