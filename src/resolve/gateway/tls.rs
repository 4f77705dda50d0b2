//! How TLS is spoken, and who gets certificates.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;

use crate::address;
use crate::catalog::{GatewayFacts, TlsFacts};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{
    Acme, ConfigFile, Container, Env, Healthcheck, Host, Hsts, ImageRef, Mount, Reach, Reference, Role, TlsProfile,
    Volume, Wait,
};
use crate::resolve::Resolver;
use crate::resolve::backing::Filler;
use crate::spec::{self, Duration, TlsMode};

/// Who gets certificates: the container and what it shares with the gateway.
const CERTIFICATES: &str = "certificates";

/// As Mozilla recommends, in seconds.
const TWO_YEARS: u64 = 63_072_000;
/// What browsers want before they are delivered with a name.
const YEAR: u64 = 31_536_000;

/// What is offered to clients.
pub(super) fn profile(tls: &spec::Tls, facts: &TlsFacts) -> TlsProfile {
    let name = match tls.profile.unwrap_or_default() {
        spec::TlsProfile::Intermediate => "intermediate",
        spec::TlsProfile::Modern => "modern",
    };
    let it = &facts.profiles[name];
    TlsProfile {
        name: name.to_owned(),
        guidelines: facts.guidelines.clone(),
        protocols: it.protocols.clone(),
        ciphers: it.ciphers.clone(),
        curves: it.curves.clone(),
    }
}

/// The folder of an authority: another one has another, so that certificates for trying out are not kept for real ones. One
/// host can have several, each with its directory.
fn folder_of(directory: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '.' || it == '-' { it } else { '_' };
    let rest = directory.trim_start_matches("https://");
    rest.strip_suffix("/directory").unwrap_or(rest).trim_end_matches('/').chars().map(plain).collect()
}

impl Resolver<'_> {
    /// What browsers are told to keep, where there is TLS.
    pub(super) fn hsts(&mut self, gateway: &spec::Gateway, at: &Path) -> Option<Hsts> {
        let tls = &gateway.tls;
        if tls.mode == TlsMode::None {
            let given = [("profile", tls.profile.is_some()), ("hsts", tls.hsts.is_some())];
            for (key, _) in given.into_iter().filter(|(_, given)| *given) {
                self.error(
                    &codes::NO_EFFECT,
                    Place::Key(at.key(key)),
                    format!("`{key}` does nothing without TLS"),
                    "remove it; the proxy before the gateway decides that",
                );
            }
            return None;
        }
        let asked = tls.hsts.clone().unwrap_or_default();
        let hsts = Hsts {
            max_age: asked.max_age.map_or(TWO_YEARS, |it| it.0),
            subdomains: asked.subdomains.unwrap_or(false),
            preload: asked.preload.unwrap_or(false),
        };
        if hsts.preload && (!hsts.subdomains || hsts.max_age < YEAR) {
            self.error(
                &codes::INVALID_VALUE,
                Place::Value(at.dotted("hsts.preload")),
                "browsers take names that promise TLS for a year at least, with all names below them",
                "write `hsts: { preload: true, subdomains: true, max_age: 730d }`, once every name below has TLS",
            );
        }
        Some(hsts)
    }

    /// Who gets certificates from an authority, where one does; and where they are then.
    pub(super) fn acme(
        &mut self,
        gateway: &spec::Gateway,
        hosts: &[Host],
        facts: &GatewayFacts,
        at: &Path,
    ) -> Option<Acme> {
        let tls = &gateway.tls;
        if tls.mode != TlsMode::Acme {
            let given = [
                ("email", tls.email.is_some()),
                ("staging", tls.staging.is_some()),
                ("directory", tls.directory.is_some()),
                ("ca", tls.ca.is_some()),
            ];
            // An environment with certificates of its own inherits what the base says of the authority.
            let counts = self.environment.is_none();
            for (key, _) in given.into_iter().filter(|(_, given)| *given && counts) {
                self.error(
                    &codes::NO_EFFECT,
                    Place::Key(at.key(key)),
                    format!("`{key}` is for certificates of an authority"),
                    "write `mode: acme`, or remove it",
                );
            }
            return None;
        }
        self.check_acme(gateway, hosts, at);
        // As the gateway's own user, who has to read them.
        let user = &facts.user;
        let script = format!("{}/certificates.sh", facts.folders.configuration);
        let facts = &facts.certificates;
        let values = context! { folder => facts.folder.clone() };
        let test = Filler { resolver: self, values, at: at.clone() }.all(&facts.healthcheck);
        let directory = match (&tls.directory, tls.staging) {
            (Some(it), _) => it.to_string(),
            (None, Some(true)) => facts.staging.clone(),
            (None, _) => facts.directory.clone(),
        };
        let authority = folder_of(&directory);
        let names = hosts.iter().map(|it| {
            let all: Vec<&str> = std::iter::once(&it.domain).chain(&it.aliases).map(String::as_str).collect();
            all.join(",")
        });
        let mut environment = BTreeMap::from([
            ("ACME_AUTHORITY".to_owned(), Env::Text(authority.clone())),
            ("ACME_DIRECTORY".to_owned(), Env::Text(directory)),
            ("HOME".to_owned(), Env::Text("/tmp".to_owned())),
        ]);
        environment.extend(tls.email.iter().map(|it| ("ACME_EMAIL".to_owned(), Env::Text(it.to_string()))));
        let mut files = BTreeMap::new();
        if let Some(ca) = &tls.ca {
            environment.insert("REQUESTS_CA_BUNDLE".to_owned(), Env::Text("/etc/acme-ca.pem".to_owned()));
            let file = ConfigFile { name: "acme-ca.pem".to_owned(), path: ca.to_string(), made: None };
            files.insert("/etc/acme-ca.pem".to_owned(), file);
        }
        let unasked = self.containers.get("gateway").is_some_and(|it| it.healthcheck.is_none());
        let mut origins = Vec::new();
        let resources = self.resources(None, at, &facts.resources, "gateway", false, &mut origins);
        self.volumes.insert(CERTIFICATES.to_owned(), Volume::default());
        let container = Container {
            entrypoint: vec!["/bin/sh".to_owned()],
            command: Some(std::iter::once(script).chain(names).collect()),
            environment,
            files,
            networks: BTreeSet::from([self.network(&format!("{CERTIFICATES}-egress"), Reach::Out)]),
            // It answers for the names that an authority asks about, so it has to be there first.
            waits: BTreeMap::from([(
                "gateway".to_owned(),
                if unasked { Wait::ServiceStarted } else { Wait::ServiceHealthy },
            )]),
            healthcheck: Some(Healthcheck {
                test,
                interval: Duration(300),
                timeout: Duration(5),
                retries: 3,
                start_period: facts.start_period,
                start_interval: Duration(5),
            }),
            tmpfs: facts.tmpfs.clone(),
            mounts: BTreeMap::from([(facts.folder.clone(), Mount::Volume(CERTIFICATES.to_owned()))]),
            init: true,
            stop_grace_period: self.grace(),
            ..Container::new(
                CERTIFICATES,
                Role::Certificates,
                ImageRef::Named(Reference::tagged(facts.image.clone())),
                (user.uid, user.gid),
                resources,
            )
        };
        self.containers.insert(CERTIFICATES.to_owned(), container);
        Some(Acme {
            volume: CERTIFICATES.to_owned(),
            kept: facts.folder.clone(),
            folder: facts.gateway_folder.clone(),
            live: format!("{}/{authority}/live", facts.gateway_folder),
        })
    }

    fn check_acme(&mut self, gateway: &spec::Gateway, hosts: &[Host], at: &Path) {
        let tls = &gateway.tls;
        if tls.email.is_none() {
            self.error(
                &codes::MISSING_KEY,
                Place::Value(at.clone()),
                "an authority wants to know whom to write to when a certificate is about to run out",
                "write `email: ops@example.com`",
            );
        }
        if tls.directory.is_some() && tls.staging.is_some() {
            self.error(
                &codes::ONE_OF,
                Place::Key(at.key("staging")),
                "`staging` is about Let's Encrypt, and `directory` names another authority",
                "keep one of them",
            );
        }
        if tls.ca.is_some() && tls.directory.is_none() {
            self.error(
                &codes::NO_EFFECT,
                Place::Key(at.key("ca")),
                "everybody trusts Let's Encrypt's own certificate",
                "remove it, or name the `directory` that it belongs to",
            );
        }
        let public = tls.directory.is_none();
        if public {
            self.check_port_80(gateway);
        }
        for (name, host) in &gateway.hosts {
            let here = Path::of(["gateway", "hosts"]).key(name);
            let all = std::iter::once((&host.domain, here.key("domain")))
                .chain(host.aliases.iter().enumerate().map(|(index, it)| (it, here.key("aliases").index(index))));
            let local = ["localhost", "local", "internal", "test", "invalid", "lan"];
            for (domain, place) in all {
                let last = domain.rsplit('.').next().unwrap_or_default();
                if address::parse(domain).is_some() {
                    let message = format!("`{domain}` is an address, and certificates are asked for by name");
                    self.error(&codes::INVALID_VALUE, Place::Value(place), message, "use its name in the DNS");
                } else if public && (!domain.contains('.') || local.contains(&last)) {
                    self.error(
                        &codes::INVALID_VALUE,
                        Place::Value(place),
                        format!("Let's Encrypt gives no certificate for `{domain}`, which is no public name"),
                        "use a public name, another `directory`, or `mode: self-signed`",
                    );
                }
            }
        }
        self.check_acme_names(hosts, at);
    }

    /// Let's Encrypt comes to port 80 of a name, wherever that leads.
    fn check_port_80(&mut self, gateway: &spec::Gateway) {
        let ports = gateway.ports.clone().unwrap_or_default();
        let (key, message) = match (&ports.host_ip, ports.http) {
            (Some(ip), _) if address::is_local(ip) => ("host_ip", format!("nobody outside reaches {ip}")),
            (_, Some(port)) if port != 80 => ("http", format!("HTTP is published on port {port}")),
            _ => return,
        };
        let place = Place::Value(Path::of(["gateway", "ports", key]));
        let message = format!("{message}, and Let's Encrypt comes to port 80 of each name");
        let help = "publish port 80, or see to it that whatever has it on this address leads here";
        self.warning(&codes::NO_EFFECT, place, message, help);
    }

    fn check_acme_names(&mut self, hosts: &[Host], at: &Path) {
        let named = self.containers.contains_key(CERTIFICATES) || self.spec.backings.contains_key(CERTIFICATES);
        if named || self.volumes.contains_key(CERTIFICATES) {
            self.error(
                &codes::NAME_TWICE,
                Place::Value(at.key("mode")),
                format!("with `mode: acme`, `{CERTIFICATES}` is a container and a volume of forge's own"),
                "call the service, backing or volume of this name otherwise",
            );
        }
        for host in hosts.iter().filter(|it| it.aliases.len() > 99) {
            let place = Place::Key(Path::of(["gateway", "hosts"]).key(&host.name).key("aliases"));
            self.error(&codes::INVALID_VALUE, place, "a certificate has 100 names at most", "make two hosts of it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::folder_of;

    #[test]
    fn each_authority_has_a_folder() {
        assert_eq!(folder_of("https://acme-v02.api.letsencrypt.org/directory"), "acme-v02.api.letsencrypt.org");
        assert_eq!(folder_of("https://ca.internal:9000/acme/real/directory"), "ca.internal_9000_acme_real");
        assert_eq!(folder_of("https://ca.internal:9000/acme/trial/directory"), "ca.internal_9000_acme_trial");
        assert_eq!(folder_of("https://pebble:14000/dir"), "pebble_14000_dir");
    }
}
