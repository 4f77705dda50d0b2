//! Where the gateway listens, and which addresses lists of the spec mean.

use crate::address::{self, Range};
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::HostPorts;
use crate::resolve::{Resolver, shouted};
use crate::spec::{self, TlsMode};

/// Addresses that are private.
const UNIQUE_LOCAL: &str = "fc00::/7";

/// Whether so many are in a range that no network of one's own has them, but for all that are private.
fn is_wide(range: Range) -> bool {
    let least = if range.is_ipv6() { 16 } else { 8 };
    range.prefix < least && !Range::parse(UNIQUE_LOCAL).is_some_and(|it| range.is_within(it))
}

impl Resolver<'_> {
    pub(super) fn host_ports(&mut self, gateway: &spec::Gateway) -> HostPorts {
        let development = self.environment.is_some_and(|(name, _)| name == "development");
        let (http, https) = if development { (8080, 8443) } else { (80, 443) };
        let at = Path::of(["gateway", "ports"]);
        let ports = gateway.ports.clone().unwrap_or_default();
        let (http, https) = (ports.http.unwrap_or(http), ports.https.unwrap_or(https));
        if http == https && gateway.tls.mode != TlsMode::None {
            let message = format!("port {http} is published twice");
            let help = "give HTTP and HTTPS different ports";
            self.error(&codes::PORT_TWICE, Place::Value(at.key("https")), message, help);
        }
        if let Some(ip) = &ports.host_ip {
            if !address::parse(ip).is_some_and(|it| it.is_ipv4()) {
                let help = "write an IPv4 address of this host, such as 127.0.0.1";
                self.error(
                    &codes::INVALID_VALUE,
                    Place::Value(at.key("host_ip")),
                    format!("`{ip}` is no address"),
                    help,
                );
            }
            // What an environment inherits does no harm there.
            if ports.ipv6 == Some(true) && self.environment.is_none() {
                let message = format!("on {ip} alone nobody comes over IPv6");
                self.error(&codes::NO_EFFECT, Place::Key(at.key("ipv6")), message, "remove one of the two");
            }
        }
        let host_ip = ports.host_ip.or_else(|| development.then(|| "127.0.0.1".to_owned()));
        let ipv6 = ports.ipv6 == Some(true) && host_ip.is_none();
        if let Some(network) = self.networks.get_mut("gateway") {
            network.ipv6 = ipv6;
        }
        let prefix = match self.environment {
            Some((name, _)) => format!("{}_{}", self.prefix(), shouted(name)),
            None => self.prefix(),
        };
        HostPorts { http, https, host_ip, ipv6, prefix }
    }

    /// Proxies that are believed what they say of their clients.
    pub(super) fn trusted_proxies(&mut self, gateway: &spec::Gateway, at: &Path) -> Vec<String> {
        let here = at.key("trusted_proxies");
        let trusted = &gateway.trusted_proxies;
        let ranges: Vec<Option<Range>> = trusted.iter().map(|it| Range::parse(it)).collect();
        for (index, network) in trusted.iter().enumerate().filter(|(index, _)| ranges[*index].is_some_and(is_wide)) {
            let message =
                format!("`{network}` is a good part of everybody: each of them could say that it is another one");
            let place = Place::Value(here.index(index));
            self.error(&codes::INVALID_VALUE, place, message, "name the addresses of the proxies");
        }
        // One before another may have an address of IPv6, but the last comes over IPv4.
        let all_ipv6 = !ranges.is_empty() && ranges.iter().flatten().all(|it| it.is_ipv6());
        if all_ipv6 && !has_ipv6(gateway) {
            let message = "clients come over IPv4 alone, so none of these is met";
            let help = "write `ports: { ipv6: true }`, or the addresses by which they come";
            self.error(&codes::NO_EFFECT, Place::Key(here.clone()), message, help);
        }
        self.ranges(trusted, &here)
    }

    /// Who may come in, with complaints about ranges that are none, and about those that nobody comes from.
    pub(super) fn clients(&mut self, networks: &[spec::Network], at: &Path) -> Vec<String> {
        // A proxy before us tells of clients however they came to it.
        let seen = self.spec.gateway.as_ref().is_some_and(|it| has_ipv6(it) || !it.trusted_proxies.is_empty());
        for (index, network) in networks.iter().enumerate() {
            if !seen && Range::parse(network).is_some_and(Range::is_ipv6) {
                let message = format!("nobody has an address of `{network}`: clients come over IPv4 alone");
                let help = "write `gateway: { ports: { ipv6: true } }`, or remove it";
                self.warning(&codes::NO_EFFECT, Place::Value(at.index(index)), message, help);
            }
        }
        self.ranges(networks, at)
    }

    fn ranges(&mut self, networks: &[spec::Network], at: &Path) -> Vec<String> {
        for (index, network) in networks.iter().enumerate() {
            let place = Place::Value(at.index(index));
            let Some(range) = Range::parse(network) else {
                let message = format!("`{network}` is no address range");
                self.error(&codes::INVALID_VALUE, place, message, "write `10.0.0.0/8`");
                continue;
            };
            if !range.is_exact() {
                let address = network.split('/').next().unwrap_or_default();
                let message = format!("`{network}` is an address and a range at once");
                let help = format!("write `{}` for the range, or `{address}` for the address", range.written());
                self.error(&codes::INVALID_VALUE, place, message, help);
            }
        }
        networks.iter().map(ToString::to_string).collect()
    }
}

/// Whether clients over IPv6 are served.
fn has_ipv6(gateway: &spec::Gateway) -> bool {
    gateway.ports.as_ref().is_some_and(|it| it.ipv6 == Some(true))
}

#[cfg(test)]
mod tests {
    use super::{Range, is_wide};

    #[test]
    fn a_wide_range_is_told_from_a_network() {
        let wide = |text: &str| Range::parse(text).is_some_and(is_wide);
        for text in ["0.0.0.0/0", "128.0.0.0/1", "8.0.0.0/7", "::/0", "2000::/3", "f800::/6"] {
            assert!(wide(text), "{text}");
        }
        for text in ["10.0.0.0/8", "192.0.2.7", "fc00::/7", "fd00::/8", "2001:db8::/32"] {
            assert!(!wide(text), "{text}");
        }
    }
}
