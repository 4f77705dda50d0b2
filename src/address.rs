//! Addresses of the internet, and ranges of them: specs, `.env` files and registries are asked about them in one way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The address as it was written, in the last bits.
    start: u128,
    /// How many bits are the same.
    pub prefix: u32,
    /// How many an address has.
    width: u32,
}

impl Range {
    /// One of IPv4.
    pub const fn of(address: [u8; 4], prefix: u32) -> Range {
        Range { start: u32::from_be_bytes(address) as u128, prefix, width: 32 }
    }

    /// From `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one.
    pub fn parse(text: &str) -> Option<Range> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, it)| (address, Some(it)));
        let (start, width) = match address.parse().ok()? {
            IpAddr::V4(it) => (it.to_bits().into(), 32),
            IpAddr::V6(it) => (it.to_bits(), 128),
        };
        let prefix = prefix.map_or(Some(width), |it| it.parse().ok()).filter(|it| *it <= width)?;
        Some(Range { start, prefix, width })
    }

    fn rest(self) -> u128 {
        let free = self.width - self.prefix;
        1_u128.checked_shl(free).map_or(u128::MAX, |it| it - 1)
    }

    fn first(self) -> u128 {
        self.start & !self.rest()
    }

    fn last(self) -> u128 {
        self.start | self.rest()
    }

    /// Whether it was written by its first address.
    pub fn is_exact(self) -> bool {
        self.start == self.first()
    }

    /// The same, written by its first address: `10.0.0.0/8`.
    pub fn written(self) -> String {
        match self.is_ipv6() {
            true => format!("{}/{}", Ipv6Addr::from_bits(self.first()), self.prefix),
            false => format!("{}/{}", Ipv4Addr::from_bits(self.first() as u32), self.prefix),
        }
    }

    /// Whether its addresses are those of IPv6.
    pub fn is_ipv6(self) -> bool {
        self.width == 128
    }

    /// How many addresses hosts can have: in IPv4 the first and the last are nobody's.
    pub fn room(self) -> u128 {
        self.rest().saturating_sub(1)
    }

    /// The address that is so far from the first, where it is one of IPv4.
    pub fn address(self, index: u32) -> Option<Ipv4Addr> {
        let bits = self.first().checked_add(index.into()).filter(|it| *it <= self.last())?;
        Some(Ipv4Addr::from_bits(u32::try_from(bits).ok()?))
    }

    /// Whether a host can have an address.
    pub fn has_host(self, address: &str) -> bool {
        Range::parse(address).is_some_and(|it| {
            let is_one = it.width == self.width && it.prefix == it.width;
            is_one && self.first() < it.start && it.start < self.last()
        })
    }

    /// Whether two ranges share an address.
    pub fn overlaps(self, other: Range) -> bool {
        self.width == other.width && self.first() <= other.last() && other.first() <= self.last()
    }

    /// Whether all its addresses are another's, too.
    pub fn is_within(self, other: Range) -> bool {
        self.width == other.width && other.first() <= self.first() && self.last() <= other.last()
    }
}

/// An address, with or without the brackets that it has in URLs.
pub fn parse(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[') {
        Some(it) => it.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// Whether a name leads to this machine, as it stands in a URL.
pub fn is_local(name: &str) -> bool {
    name == "localhost" || parse(name).is_some_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).expect("it is a range")
    }

    #[test]
    fn ranges_overlap_where_they_share_an_address() {
        for (a, b, overlap) in [
            ("10.5.0.0/24", "10.5.1.0/24", false),
            ("10.5.0.0/23", "10.5.1.0/24", true),
            ("10.5.1.0/24", "10.0.0.0/8", true),
            ("0.0.0.0/0", "192.168.0.0/16", true),
            ("172.16.0.0/16", "172.17.0.0/16", false),
            ("fd00::/8", "fd00:1::/64", true),
            ("::/0", "10.0.0.0/8", false),
            ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ] {
            assert_eq!(range(a).overlaps(range(b)), overlap, "{a} {b}");
            assert_eq!(range(b).overlaps(range(a)), overlap, "{b} {a}");
        }
        assert!(
            range("10.5.1.0/24").is_within(range("10.0.0.0/8")) && !range("10.0.0.0/8").is_within(range("10.5.1.0/24"))
        );
        assert!(!range("::/0").is_within(range("0.0.0.0/0")));
    }

    #[test]
    fn ranges_are_written_by_their_first_address() {
        for (text, whole) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7/0", "0.0.0.0/0"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8::1/0", "::/0"),
        ] {
            assert_eq!(range(text).written(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in
            ["10.5.0.0/33", "10.500.0.0/8", "10.5.0/8", "fd00::/129", "fd00::g", "10.0.0.0/", "/8", "", "1::2::3"]
        {
            assert_eq!(Range::parse(text), None, "{text}");
        }
        assert_eq!((range("0.0.0.0/0").prefix, range("::1").prefix, range("10.0.0.1").prefix), (0, 128, 32));
    }

    #[test]
    fn hosts_have_what_lies_between_the_first_and_the_last() {
        let small = range("10.5.0.0/30");
        assert_eq!((small.room(), small.address(1)), (2, Some(Ipv4Addr::new(10, 5, 0, 1))));
        assert_eq!((range("10.5.0.0/31").room(), range("10.5.0.0/32").room()), (0, 0));
        assert_eq!(range("10.5.0.0/32").address(1), None);
        let hosts = ["10.5.0.0", "10.5.0.1", "10.5.0.2", "10.5.0.3", "10.5.0.4", "::1", "10.5.0.1/32", "x"];
        assert_eq!(hosts.map(|it| small.has_host(it)), [false, true, true, false, false, false, true, false]);
        assert!(small.is_exact() && !range("10.5.0.1/30").is_exact());
    }

    #[test]
    fn this_machine_has_several_names() {
        for (text, local) in [
            ("localhost", true),
            ("127.0.0.9", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("[::2]", false),
            ("[127.0.0.1]", false),
            ("[::1", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(is_local(text), local, "{text}");
        }
    }
}
