//! Where a request came from, for rate reports: the peer's address, or what a trusted proxy says; and which address the
//! client sent it to. Never a credential (D35).

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use ipnet::IpNet;

use bridge_app::bridge::App;
use bridge_app::options::ProxyHeader;
use bridge_app::state::places::{Seat, Who};

const CLOUDFLARE: &str = "cf-connecting-ip";
const FORWARDED: &str = "x-forwarded-for";

/// The peer of the connection a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address: that of the connection, or what a trusted proxy says of it. None where the proxy says nothing:
/// its own address would make all its clients one.
#[must_use]
pub fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    seen_through(&app.options.trusted_proxies, app.options.proxy_header, parts)
}

/// The client's address where a trusted proxy says it. That of a connection may be a proxy's that nobody named.
#[must_use]
pub fn behind_a_proxy(app: &App, parts: &Parts) -> Option<IpAddr> {
    through_trusted_proxy(app, parts).then(|| address(app, parts)).flatten()
}

/// Who asks has proved who they are: their connection is worth more when there are too many.
pub fn is(parts: &Parts, who: Who<'_>) {
    if let Some(seat) = parts.extensions.get::<Seat>() {
        seat.is(who);
    }
}

/// The request will wait for something to change.
pub(super) fn waits(app: &App, parts: &Parts) {
    if let Some(seat) = parts.extensions.get::<Seat>() {
        seat.waits(app.clock.now());
    }
}

/// Is the address of that connection its client's? A proxy's is not.
pub(super) fn speaks_for_itself(app: &App, peer: SocketAddr) -> bool {
    !app.options.trusted_proxies.iter().any(|network| network.contains(&peer.ip()))
}

/// Did a trusted proxy bring it?
pub fn through_trusted_proxy(app: &App, parts: &Parts) -> bool {
    parts.extensions.get::<Peer>().is_some_and(|peer| !speaks_for_itself(app, peer.0))
}

/// The host and port that the client sent it to, as it says.
pub fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

fn seen_through(trusted: &[IpNet], told_in: ProxyHeader, parts: &Parts) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = parts.extensions.get::<Peer>()?.0.ip();
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let lines = |name: &str| parts.headers.get_all(name).iter().rev();
    match told_in {
        // Cloudflare sets it anew: were there two, one would be somebody else's.
        ProxyHeader::CfConnectingIp => match (lines(CLOUDFLARE).next(), lines(CLOUDFLARE).nth(1)) {
            (Some(only), None) => one_address(only.to_str().ok()?),
            _ => None,
        },
        // Each proxy adds what it saw, at the end of the last line or on a line after it. From there back, the first that is
        // no proxy of ours is the client; what stands before it, the client may have written itself.
        ProxyHeader::XForwardedFor => {
            for line in lines(FORWARDED) {
                for entry in line.to_str().ok()?.rsplit(',') {
                    let address = one_address(entry)?;
                    if !is_trusted(&address) {
                        return Some(address);
                    }
                }
            }
            None
        }
    }
}

/// An address, with a port or not.
fn one_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address: IpAddr =
        plain.parse().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let (cf, xff) = (CLOUDFLARE, FORWARDED);
        let (by_cf, by_xff) = (ProxyHeader::CfConnectingIp, ProxyHeader::XForwardedFor);
        for (case, header, peer, headers, expected) in [
            ("no proxy", by_xff, "192.0.2.1", vec![], Some("192.0.2.1")),
            (
                "a stranger's claims",
                by_xff,
                "192.0.2.1",
                vec![(cf, "198.51.100.7"), (xff, "198.51.100.7")],
                Some("192.0.2.1"),
            ),
            (
                "local is not trusted by itself",
                by_xff,
                "127.0.0.1",
                vec![(xff, "198.51.100.7")],
                Some("127.0.0.1"),
            ),
            (
                "Cloudflare",
                by_cf,
                "10.1.2.3",
                vec![(cf, " 198.51.100.7 "), (xff, "203.0.113.9")],
                Some("198.51.100.7"),
            ),
            ("Cloudflare twice", by_cf, "10.1.2.3", vec![(cf, "198.51.100.7"), (cf, "203.0.113.9")], None),
            (
                "only X-Forwarded-For where Cloudflare is said",
                by_cf,
                "10.1.2.3",
                vec![(xff, "203.0.113.9")],
                None,
            ),
            (
                "another proxy lets a client's CF-Connecting-IP through",
                by_xff,
                "10.1.2.3",
                vec![(cf, "203.0.113.9"), (xff, "198.51.100.7")],
                Some("198.51.100.7"),
            ),
            ("IPv6", by_cf, "::1", vec![(cf, "2001:db8::7")], Some("2001:db8::7")),
            (
                "the nearest proxy's word",
                by_xff,
                "10.1.2.3",
                vec![(xff, "1.2.3.4, 198.51.100.7")],
                Some("198.51.100.7"),
            ),
            (
                "proxies in a row",
                by_xff,
                "10.1.2.3",
                vec![(xff, "1.2.3.4, 198.51.100.7, 10.9.9.9,10.0.0.1")],
                Some("198.51.100.7"),
            ),
            (
                "the last line counts",
                by_xff,
                "10.1.2.3",
                vec![(xff, "1.2.3.4"), (xff, "198.51.100.7")],
                Some("198.51.100.7"),
            ),
            (
                "a line of proxies",
                by_xff,
                "10.1.2.3",
                vec![(xff, "1.2.3.4, 198.51.100.7"), (xff, "10.9.9.9")],
                Some("198.51.100.7"),
            ),
            (
                "with ports",
                by_xff,
                "10.1.2.3",
                vec![(xff, "1.2.3.4, [2001:db8::7]:443, 10.0.0.1:80")],
                Some("2001:db8::7"),
            ),
            ("mapped", by_xff, "10.1.2.3", vec![(xff, "::ffff:198.51.100.7")], Some("198.51.100.7")),
            ("nonsense", by_xff, "10.1.2.3", vec![(xff, "198.51.100.7, b")], None),
            ("nonsense of Cloudflare", by_cf, "10.1.2.3", vec![(cf, "unknown")], None),
            ("empty", by_xff, "10.1.2.3", vec![(xff, "")], None),
            ("nothing", by_xff, "10.1.2.3", vec![], None),
            ("proxies alone", by_xff, "10.1.2.3", vec![(xff, "10.0.0.1")], None),
        ] {
            let mut request =
                Request::builder().extension(Peer(SocketAddr::new(peer.parse().unwrap(), 4711)));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let expected = expected.map(|address| address.parse::<IpAddr>().unwrap());
            assert_eq!(seen_through(&trusted, header, &parts), expected, "{case}");
        }
    }
}
