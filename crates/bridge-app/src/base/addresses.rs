//! Under which addresses phones may reach this bridge, where nobody told one: those of this machine's networks. Not
//! whether they can: a router or a firewall may be between.

use std::net::{IpAddr, SocketAddr};

/// The addresses of this machine's networks, the loopback left out. The library asks the operating system, each in its
/// own way: that is not for a bridge to write.
#[must_use]
pub fn of_this_machine() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.iter().map(if_addrs::Interface::ip).collect()
}

/// Can somebody on another machine use an address of this?
#[must_use]
pub fn is_reachable(address: IpAddr) -> bool {
    !address.is_loopback() && !address.is_unspecified()
}

/// Where this host is a name or an address that other machines can use: it.
fn usable(host: &str) -> Option<&str> {
    let (name, _) = host.rsplit_once(':').unwrap_or((host, ""));
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_local = name.eq_ignore_ascii_case("localhost") || name.is_empty();
    let is_usable = name.parse::<IpAddr>().map_or(!is_local, is_reachable);
    is_usable.then_some(host)
}

/// The addresses of a bridge that listens there, the best first: `http://192.168.1.5:8080`. `host` is what somebody's browser
/// or command reached it by; `own` are the addresses of the machine.
#[must_use]
pub fn reached_at(bound: SocketAddr, host: Option<&str>, own: &[IpAddr]) -> Vec<String> {
    if !bound.ip().is_unspecified() {
        return vec![format!("http://{bound}")];
    }
    let asked = host.and_then(usable).map(str::to_owned);
    let is_link_local =
        |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80);
    let mut networks: Vec<IpAddr> = own.to_vec();
    networks.retain(|address| {
        is_reachable(*address) && !is_link_local(address) && (address.is_ipv4() || bound.is_ipv6())
    });
    // Phones of a house mostly have no other.
    networks.sort_by_key(IpAddr::is_ipv6);
    let networks = networks.into_iter().map(|address| SocketAddr::new(address, bound.port()).to_string());
    let mut found: Vec<String> = Vec::new();
    for one in asked.into_iter().chain(networks) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    if found.is_empty() {
        found.push(format!("127.0.0.1:{}", bound.port()));
    }
    found.into_iter().map(|address| format!("http://{address}")).collect()
}

/// Can a phone use this base of an address? Not where it names the machine itself.
#[must_use]
pub fn is_for_phones(base: &str) -> bool {
    let host = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().unwrap_or_default();
    usable(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bound: &str, host: Option<&str>, own: &[&str]) -> Vec<String> {
        let own: Vec<IpAddr> = own.iter().map(|address| address.parse().unwrap()).collect();
        reached_at(bound.parse().unwrap(), host, &own)
    }

    #[test]
    fn nobody_is_told_an_address_that_is_none() {
        let own = ["127.0.0.1", "192.168.1.5", "10.0.0.2", "::1", "fe80::1"];
        assert_eq!(
            at("0.0.0.0:8080", Some("0.0.0.0:8080"), &own),
            ["http://192.168.1.5:8080", "http://10.0.0.2:8080"]
        );
        assert_eq!(at("0.0.0.0:8080", Some("10.0.0.2:8080"), &own)[0], "http://10.0.0.2:8080");
        assert_eq!(at("0.0.0.0:8080", Some("bridge.local:8080"), &own)[0], "http://bridge.local:8080");
        assert_eq!(at("0.0.0.0:8080", Some("localhost:8080"), &[]), ["http://127.0.0.1:8080"]);
        assert_eq!(at("127.0.0.1:8080", Some("10.0.0.2:8080"), &own), ["http://127.0.0.1:8080"]);
        assert_eq!(at("192.168.1.5:80", None, &[]), ["http://192.168.1.5:80"]);
    }

    #[test]
    fn a_phone_cannot_use_the_machine_s_own_name_for_itself() {
        for base in ["http://127.0.0.1:8080", "http://localhost", "http://0.0.0.0:1", "http://[::1]:8080"] {
            assert!(!is_for_phones(base), "{base}");
        }
        for base in ["http://192.168.1.5:8080", "https://bridge.example.org", "http://[2001:db8::1]:8080"] {
            assert!(is_for_phones(base), "{base}");
        }
    }
}
