//! Which addresses a webhook may reach: those of the public internet, and networks that the operator names
//! (`SMS_BRIDGE_WEBHOOK_ALLOW`). Whoever may add a webhook could otherwise make the bridge ask what stands beside it: its
//! databases, its router, the metadata of a cloud. A name is resolved here, and only what is let through is connected to.
//! Who is told of troubles may also be in the network of the office; never on this machine or where a cloud keeps secrets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks that are not the public internet, or lead out of it by another way (RFC 6890 and the registries of IANA).
const CLOSED_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// What is handed out of the public IPv6 internet; everything else, mapped IPv4 and NAT64 too, is closed.
const OPEN_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// But these: Teredo, ORCHID and others of 2001::/23, examples, 6to4, more examples.
const CLOSED_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The network of an office.
const LAN_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];
const LAN_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);
/// Where clouds hand out secrets to whoever asks from one of their machines, in networks that are open otherwise.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
];

fn within_v4(address: Ipv4Addr, (network, length): (Ipv4Addr, u8)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= u32::from(length)
}

fn within_v6(address: Ipv6Addr, (network, length): (Ipv6Addr, u8)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= u32::from(length)
}

/// Is it an address of the public internet?
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|network| within_v4(address, *network)),
        IpAddr::V6(address) => {
            within_v6(address, OPEN_V6) && !CLOSED_V6.iter().any(|network| within_v6(address, *network))
        }
    }
}

/// Is it an address of a private network?
fn is_lan(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => LAN_V4.iter().any(|network| within_v4(address, *network)),
        IpAddr::V6(address) => within_v6(address, LAN_V6),
    }
}

/// Why a webhook is not tried at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// It is no address.
    #[error("it must be an address like https://app.example/hooks")]
    NoUrl,
    /// A password in it would be shown to whoever sees the list.
    #[error("it must hold no user and no password")]
    Password,
    /// An address that is not public, and not allowed.
    #[error(
        "{0} is no public address: the operator names networks that may be reached in SMS_BRIDGE_WEBHOOK_ALLOW"
    )]
    Closed(String),
    /// The machine itself, or the metadata of a cloud.
    #[error(
        "{0} is this machine itself, or no address of a network: the operator names what may be reached in SMS_BRIDGE_WEBHOOK_ALLOW"
    )]
    ClosedHere(String),
    /// Numbers would travel unencrypted through the internet.
    #[error("{0} is on the public internet, and nothing goes there unencrypted")]
    Unencrypted(IpAddr),
    /// Nobody has that name.
    #[error("the name {0} has no address")]
    NoAddress(String),
}

/// What may be reached.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    allowed: Arc<Vec<IpNet>>,
    has_lan: bool,
}

impl Reach {
    /// The public internet, and these networks.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Reach {
        Reach { allowed: Arc::new(allowed), has_lan: false }
    }

    /// The public internet, private networks, and these.
    #[must_use]
    pub fn with_lan(allowed: Vec<IpNet>) -> Reach {
        Reach { allowed: Arc::new(allowed), has_lan: true }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address) || network.contains(&plain))
    }

    /// May this address be connected to?
    pub fn check(&self, address: IpAddr, is_encrypted: bool) -> Result<(), Unreachable> {
        if self.is_allowed(address) {
            return Ok(());
        }
        match (is_public(address) && !METADATA.contains(&address), is_encrypted) {
            (true, true) => Ok(()),
            (true, false) => Err(Unreachable::Unencrypted(address)),
            (false, _) if self.has_lan && is_lan(address) && !METADATA.contains(&address) => Ok(()),
            (false, _) if self.has_lan => Err(Unreachable::ClosedHere(address.to_string())),
            (false, _) => Err(Unreachable::Closed(address.to_string())),
        }
    }

    /// The address of a webhook as far as it can be judged without asking anybody what a name stands for.
    pub fn read(&self, text: &str) -> Result<Url, Unreachable> {
        let url = Url::parse(text.trim()).map_err(|_| Unreachable::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(Unreachable::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unreachable::Password);
        }
        if let Some(address) = literal(&url) {
            self.check(address, is_encrypted(&url))?;
        }
        Ok(url)
    }

    /// Those of these addresses that may be connected to.
    pub fn choose(
        &self,
        name: &str,
        addresses: impl IntoIterator<Item = SocketAddr>,
        is_encrypted: bool,
    ) -> Result<Vec<SocketAddr>, Unreachable> {
        let (mut open, mut refused) = (Vec::new(), Unreachable::NoAddress(name.to_owned()));
        for address in addresses {
            match self.check(address.ip(), is_encrypted) {
                Ok(()) => open.push(address),
                Err(why) => refused = why,
            }
        }
        if open.is_empty() { Err(refused) } else { Ok(open) }
    }

    /// The addresses of a machine that may be connected to, asked now.
    pub async fn resolve(
        &self,
        host: &str,
        port: u16,
        is_encrypted: bool,
    ) -> Result<Vec<SocketAddr>, Unreachable> {
        let host = host.trim_matches(['[', ']']);
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|_| Unreachable::NoAddress(host.to_owned()))?;
        self.choose(host, found, is_encrypted)
    }

    /// Resolves names for connections of that kind: what it answers is what is connected to.
    pub(super) fn resolver(&self, is_encrypted: bool) -> Arc<dyn Resolve> {
        Arc::new(Resolver { reach: self.clone(), is_encrypted })
    }
}

/// The address that a URL names itself. The HTTP client asks no resolver then.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

pub(super) fn is_encrypted(url: &Url) -> bool {
    url.scheme() == "https"
}

struct Resolver {
    reach: Reach,
    is_encrypted: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, is_encrypted) = (self.reach.clone(), self.is_encrypted);
        Box::pin(async move {
            let chosen = reach.resolve(name.as_str(), 0, is_encrypted).await?;
            Ok(Box::new(chosen.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        let reach = Reach::default();
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            let address: IpAddr = closed.parse().unwrap();
            assert!(matches!(reach.check(address, true), Err(Unreachable::Closed(_))), "{closed}");
            let url = format!("https://{closed}:8443/hook");
            assert!(matches!(reach.read(&url), Err(Unreachable::Closed(_))), "{url}");
        }
        for closed in [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            let address: IpAddr = closed.parse().unwrap();
            assert!(matches!(reach.check(address, true), Err(Unreachable::Closed(_))), "{closed}");
            let url = format!("https://[{closed}]/hook");
            assert!(matches!(reach.read(&url), Err(Unreachable::Closed(_))), "{url}");
        }
        for open in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2a00:1450::8a",
        ] {
            assert_eq!(reach.check(open.parse().unwrap(), true), Ok(()), "{open}");
        }
    }

    #[test]
    fn an_address_in_any_spelling_is_that_address() {
        let reach = Reach::default();
        for spelled in [
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://\u{ff11}27.0.0.1/",
            "https://[::ffff:7f00:1]/",
            "https://[0:0:0:0:0:ffff:127.0.0.1]/",
            "http://127.0.0.1/",
        ] {
            assert!(matches!(reach.read(spelled), Err(Unreachable::Closed(_))), "{spelled}");
        }
        for wrong in [
            "",
            "app.example/hook",
            "ftp://app.example/",
            "file:///etc/passwd",
            "https://",
            "unix:/run/x",
            "https:///x y",
        ] {
            assert!(reach.read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(reach.read("https://user:pass@app.example/"), Err(Unreachable::Password));
        assert_eq!(reach.read("http://8.8.8.8/"), Err(Unreachable::Unencrypted("8.8.8.8".parse().unwrap())));
        assert!(reach.read(" https://app.example:8443/hook?a=b ").is_ok());
    }

    #[test]
    fn what_the_operator_names_is_reached_too() {
        let reach = Reach::new(vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        for open in ["127.0.0.1", "::ffff:127.0.0.1", "fd12::1"] {
            assert_eq!(reach.check(open.parse().unwrap(), false), Ok(()), "{open}, even unencrypted");
        }
        for closed in ["10.0.0.1", "::1", "fe80::1", "64:ff9b::7f00:1", "169.254.169.254"] {
            assert!(reach.check(closed.parse().unwrap(), true).is_err(), "{closed}");
        }
    }

    #[test]
    fn of_a_name_only_the_open_addresses_are_chosen() {
        let socket = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let mixed = [socket("127.0.0.1"), socket("8.8.8.8"), socket("fd00::1")];
        let reach = Reach::default();
        assert_eq!(reach.choose("a", mixed, true), Ok(vec![socket("8.8.8.8")]));
        assert_eq!(
            reach.choose("a", [socket("10.0.0.1")], true),
            Err(Unreachable::Closed("10.0.0.1".to_owned()))
        );
        assert!(matches!(
            reach.choose("a", mixed, false),
            Err(Unreachable::Closed(_) | Unreachable::Unencrypted(_))
        ));
        assert_eq!(reach.choose("a", [], true), Err(Unreachable::NoAddress("a".to_owned())));
    }

    #[test]
    fn who_is_told_may_be_in_the_office_and_never_on_this_machine() {
        let reach = Reach::with_lan(vec!["127.0.0.1/32".parse().unwrap()]);
        for open in ["10.1.2.3", "192.168.1.5", "172.31.0.1", "100.64.0.7", "fd12::5", "8.8.8.8", "127.0.0.1"]
        {
            assert_eq!(reach.check(open.parse().unwrap(), true), Ok(()), "{open}");
        }
        assert_eq!(reach.check("192.168.1.5".parse().unwrap(), false), Ok(()), "unencrypted in the office");
        assert!(matches!(reach.check("8.8.8.8".parse().unwrap(), false), Err(Unreachable::Unencrypted(_))));
        for closed in [
            "127.0.0.2",
            "::1",
            "0.0.0.0",
            "::",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "224.0.0.1",
            "192.0.0.192",
        ] {
            let refused = reach.check(closed.parse().unwrap(), true);
            assert!(matches!(refused, Err(Unreachable::ClosedHere(_))), "{closed}: {refused:?}");
        }
    }
}
