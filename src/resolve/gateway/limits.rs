//! How much clients may ask and send.

use std::collections::BTreeMap;

use super::filter::CONNECTIONS;
use crate::catalog::LimitFacts;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Bodies, Host, Limit};
use crate::resolve::Resolver;
use crate::spec::{self, Size};

/// How many bodies below 100 kB a mebibyte holds.
const SMALL_BODIES: u64 = 10;

impl Resolver<'_> {
    /// The classes that routes use; some are there without being declared.
    pub(super) fn limits(
        &mut self,
        gateway: &spec::Gateway,
        built_in: &BTreeMap<String, LimitFacts>,
        hosts: &[Host],
        at: &Path,
    ) -> BTreeMap<String, Limit> {
        let mut limits: BTreeMap<String, Limit> = BTreeMap::new();
        for (name, it) in built_in {
            let (rate, burst) = (it.rate.clone(), it.burst);
            let limit = Limit { retry_after: rate.pause(), rate, burst, at_once: it.at_once, connections: None };
            limits.insert(name.clone(), limit);
        }
        for (name, it) in &gateway.limits {
            let (rate, burst) = (it.rate.clone(), it.burst.unwrap_or(0));
            let limit = Limit { retry_after: rate.pause(), rate, burst, at_once: None, connections: it.connections };
            limits.insert(name.to_string(), limit);
            let all = gateway.client.connections.unwrap_or(CONNECTIONS);
            if it.connections.is_some_and(|it| it > all) {
                let place = Place::Value(at.key("limits").key(name).key("connections"));
                let message =
                    format!("one client may have {all} requests open over all classes, so these are never reached");
                self.warning(
                    &codes::NO_EFFECT,
                    place,
                    message,
                    "lower it, or raise `gateway: { client: { connections: … } }`",
                );
            }
        }
        let used = |name: &str| hosts.iter().flat_map(|it| &it.routes).any(|it| it.limit == name);
        for name in gateway.limits.keys().filter(|it| !used(it)) {
            let place = Place::Key(at.key("limits").key(name));
            let message = format!("no route uses the class `{name}`");
            self.warning(&codes::UNUSED, place, message, "write `limit:` at a route, or remove it");
        }
        limits.retain(|name, _| used(name));
        limits
    }

    /// How many bodies there is room for: three quarters are for large ones, and no client gets all of it.
    pub(super) fn bodies(&mut self, max_body: Size, room: Size, at: &Path) -> Bodies {
        let place = || Place::Value(at.key("max_body_size"));
        let all_large = room.in_mib() * 3 / 4 / max_body.in_mib().max(1);
        if max_body.0 < 1 << 20 {
            let message = format!("{max_body} is less than 1M");
            self.error(&codes::INVALID_VALUE, place(), message, "write `max_body_size: 10M`");
        } else if all_large < 2 {
            let message =
                format!("two bodies of {max_body} do not fit into the gateway's /tmp of {room}, with room for others");
            let memory = Size::mib(max_body.in_mib() * 6);
            let help = format!("raise `gateway: {{ resources: {{ limits: {{ memory: {memory} }} }} }}`");
            self.error(&codes::MEMORY_TOO_SMALL, place(), message, help);
        }
        let all_small = room.in_mib() / 4 * SMALL_BODIES;
        Bodies { large: all_large.min(4), all_large, small: (all_small / 4).min(25), all_small }
    }
}
