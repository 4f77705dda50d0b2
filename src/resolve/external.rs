//! Backings that somebody else runs: services are told where they are, and no container is made.

use std::collections::{BTreeMap, BTreeSet};

use super::backing::{Access, Chosen, Login, values};
use super::{Resolver, shouted, unknown_name};
use crate::codes;
use crate::diagnostic::Place;
use crate::project::{Reach, Secret};
use crate::spec::External;

impl Resolver<'_> {
    pub(super) fn resolve_external(&mut self, chosen: &Chosen<'_>, external: &External) {
        self.check_external(chosen, external);
        self.check_tls(chosen, external);
        let facts = &chosen.facts;
        let named = |it: &Option<_>| it.as_ref().map(|it: &crate::spec::RemoteName| it.to_string());
        let database = named(&external.database).unwrap_or_else(|| self.spec.name.replace('-', "_"));
        let user = named(&external.user).unwrap_or_else(|| database.clone());
        let secrets = self.external_secrets(chosen, external);
        // What it lets whom do is a matter of those who run it: all come as the one user that is known.
        let login = secrets.get("password").map(|it| Login { user: user.clone(), password: it.clone() });
        let roles = login.map(|login| facts.roles.keys().map(|it| (it.clone(), login.clone())).collect());
        let tls = external.tls.unwrap_or(false);
        let access = Access {
            host: external.host.to_string(),
            port: external.port.or(facts.tls_port.filter(|_| tls)).unwrap_or(facts.port),
            tls,
            database,
            user,
            secrets,
            roles: roles.unwrap_or_default(),
        };
        let values = values(chosen, &access, None);
        // Not internal: it lies elsewhere.
        self.network(chosen.name, Reach::Out);
        self.provide_backing(chosen, &access, &values, false);
    }

    /// What is said of a container that there is not.
    fn check_external(&mut self, chosen: &Chosen<'_>, external: &External) {
        let (backing, at) = (chosen.backing, &chosen.at);
        let given = [
            ("database", backing.database.is_some()),
            ("user", backing.user.is_some()),
            ("options", !backing.options.is_empty()),
            ("resources", backing.resources.is_some()),
            ("stop_grace_period", backing.stop_grace_period.is_some()),
            ("labels", !backing.labels.is_empty()),
            ("publish", !backing.publish.is_empty()),
            ("logging", backing.logging.is_some()),
            ("exceptions", !backing.exceptions.is_empty()),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let help = match *key {
                "database" | "user" => format!("write `external: {{ {key}: … }}`"),
                _ => "leave it out".to_owned(),
            };
            let message = format!("no container is made of `{}`, which is external", chosen.name);
            self.error(&codes::NO_EFFECT, Place::Key(at.key(key)), message, help);
        }
        let users = chosen.facts.users.unwrap_or(chosen.facts.databases);
        let given = [
            ("database", external.database.is_some(), chosen.facts.databases),
            ("user", external.user.is_some(), users),
        ];
        for (key, _, _) in given.iter().filter(|(_, given, known)| *given && !known) {
            let message = format!("{} has no `{key}` of its own", chosen.entry.title);
            self.error(&codes::UNSUPPORTED, Place::Key(at.key("external").key(key)), message, "leave it out");
        }
    }

    /// Nobody hears of TLS where no output says it.
    fn check_tls(&mut self, chosen: &Chosen<'_>, external: &External) {
        let says = |formula: &str| formula.split(|it: char| !it.is_alphanumeric()).any(|word| word == "tls");
        if external.tls != Some(true) || chosen.facts.outputs.values().any(|it| says(&it.value)) {
            return;
        }
        let message = format!("nothing that services learn of {} says whether TLS is spoken", chosen.entry.title);
        let help = "leave `tls` out, and tell it to the program in the way of its client, or in a URL of your own: `url: scheme://{user}:{password}@{host}:{port}/{database}?…`";
        self.error(&codes::NO_EFFECT, Place::Key(chosen.at.key("external").key("tls")), message, help);
    }

    /// The secrets that its users need, by what they are to it.
    fn external_secrets(&mut self, chosen: &Chosen<'_>, external: &External) -> BTreeMap<String, String> {
        let wanted: BTreeSet<&String> = chosen.facts.outputs.values().filter_map(|it| it.secret.as_ref()).collect();
        let at = chosen.at.key("external").key("secrets");
        for (role, secret) in &external.secrets {
            let place = at.key(role);
            if !wanted.contains(role) {
                let message = format!("{} has no secret `{}`", chosen.entry.title, role.escape_debug());
                let known = wanted.iter().map(|it| it.as_str());
                self.told.push(unknown_name(Place::Key(place), message).nearest(role, known));
            } else if !self.secrets.contains_key(secret.as_str()) {
                let message = format!("no secret `{secret}` is declared");
                let declare = format!("declare it: `secrets: {{ {secret}: {{ supplied: … }} }}`");
                let known = self.secrets.keys().map(String::as_str);
                self.told.push(unknown_name(Place::Value(place), message).help(declare).nearest_or_keep(secret, known));
            }
        }
        let mut secrets = BTreeMap::new();
        for role in wanted {
            let own = || format!("{}_{}", shouted(chosen.name), shouted(role));
            let secret = external.secrets.get(role).map_or_else(own, ToString::to_string);
            let what = format!("the {} of {}", role.replace('_', " "), external.host);
            self.secrets.entry(secret.clone()).or_insert_with(|| Secret::supplied(what));
            secrets.insert(role.clone(), secret);
        }
        secrets
    }
}
