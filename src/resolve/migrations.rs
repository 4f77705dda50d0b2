//! Migrations: as whom they come to a database, and in which order where several change one.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::wanted;
use super::outputs::{Told, learn};
use super::{Resolver, unknown_name};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Container, Env, Wait};
use crate::spec::Service;

impl Resolver<'_> {
    /// Lets a migration, so far a copy of its service's container, come as the owner of what it migrates: users stand in
    /// texts, and the owner's password lies where the service's own lay.
    pub(super) fn as_owner(&mut self, service: &Service, migration: &mut Container) {
        for (name, need) in service.needs.iter() {
            let Some(provider) = self.providers.get(name.as_str()) else { continue };
            let Some(owner) = provider.roles.get("owner") else { continue };
            let own = need.role.as_ref().and_then(|it| provider.roles.get(it)).unwrap_or(&provider.outputs);
            let mut borrowed = BTreeSet::new();
            for (variable, output) in wanted(name, &need, provider) {
                let (Ok(own), Ok(owner)) = (learn(own, &output), learn(owner, &output)) else { continue };
                if let Some(value) = migration.environment.get_mut(&variable)
                    && *value == Env::Text(own.text.clone())
                    && own.file_of.is_none()
                {
                    *value = Env::Text(owner.text.clone());
                }
                let secret = |it: &Told| it.secret.clone().or_else(|| it.file_of.clone());
                if let (Some(own), Some(owner)) = (secret(&own), secret(&owner))
                    && own != owner
                {
                    borrowed.insert((own, owner));
                }
            }
            for (own, owner) in borrowed {
                migration.secrets.remove(&own);
                migration.borrowed_secrets.insert(own, owner.clone());
                self.used_secrets.insert(owner);
            }
        }
    }

    /// Puts migrations of one database into the order that the spec declares, and tells of those without one.
    pub(super) fn order_migrations(&mut self) {
        let spec = self.spec;
        let migrating = || spec.services.iter().filter_map(|(name, it)| Some((name.as_str(), it.migrate.as_ref()?)));
        let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, migrate) in migrating() {
            for (index, other) in migrate.after.iter().enumerate() {
                let place = Place::Value(Path::of(["services", name, "migrate", "after"]).index(index));
                if spec.services.get(other).is_none_or(|it| it.migrate.is_none()) {
                    let known = migrating().map(|(name, _)| name).filter(|it| *it != name);
                    let complaint = unknown_name(place, format!("there is no service `{other}` that migrates"));
                    self.told.push(complaint.nearest(other, known));
                } else if all_before(&after, other).contains(name) || other.as_str() == name {
                    let message = format!("the migrations of `{other}` and `{name}` would wait for each other");
                    self.error(&codes::NEEDS_CYCLE, place, message, "keep one of the two orders");
                } else {
                    after.entry(name).or_default().push(other);
                }
            }
        }
        for backing in spec.backings.keys() {
            let mut them: Vec<_> =
                self.migrations_of(backing).into_iter().map(|it| (all_before(&after, it), it)).collect();
            // Where each comes after the one that has fewer before it, there is one order of all.
            them.sort_by_key(|(before, name)| (before.len(), *name));
            let neighbours = them.windows(2).map(|it| (it[0].1, &it[1]));
            let loose: Vec<_> =
                neighbours.filter(|(a, (before, _))| !before.contains(a)).map(|(a, b)| (a, b.1)).collect();
            for (a, b) in loose {
                let place = Place::Key(Path::of(["services", b, "migrate"]));
                let message = format!("`{a}` and `{b}` migrate `{backing}` at the same time");
                let help =
                    format!("say which comes first: `migrate: {{ after: [{a}] }}` at `{b}`, or the other way round");
                self.error(&codes::MIGRATION_ORDER, place, message, help);
            }
        }
        for (name, others) in after {
            if let Some(migration) = self.containers.get_mut(&format!("{name}-migrate")) {
                let first = others.iter().map(|it| (format!("{it}-migrate"), Wait::ServiceCompletedSuccessfully));
                migration.waits.extend(first);
            }
        }
    }
}

/// Those that come before `name`, directly or through others.
fn all_before<'a>(after: &BTreeMap<&str, Vec<&'a str>>, name: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![name];
    while let Some(it) = open.pop() {
        for next in after.get(it).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(next);
            }
        }
    }
    seen
}
