//! Where a request came from, for rate reports: the peer's address, or what a trusted proxy says; and which address the
//! client sent it to. Never a credential (D35).

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use ipnet::IpNet;

use bridge_app::bridge::App;

/// The peer of the connection a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address: the headers of a proxy count only if the proxy is trusted.
#[must_use]
pub fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    seen_through(&app.options.trusted_proxies, parts)
}

/// Did a trusted proxy bring it?
pub fn through_trusted_proxy(app: &App, parts: &Parts) -> bool {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
    peer.is_some_and(|peer| app.options.trusted_proxies.iter().any(|network| network.contains(&peer)))
}

/// The host and port that the client sent it to, as it says.
pub fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

fn seen_through(trusted: &[IpNet], parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip();
    if !trusted.iter().any(|network| network.contains(&peer)) {
        return Some(peer);
    }
    let header = |name: &str| parts.headers.get(name)?.to_str().ok();
    let cloudflare = header("cf-connecting-ip").and_then(|text| text.trim().parse().ok());
    // The nearest proxy appends: the last address is the one it saw itself.
    let forwarded = || header("x-forwarded-for")?.rsplit(',').next()?.trim().parse().ok();
    cloudflare.or_else(forwarded).or(Some(peer))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let (cf, xff) = ("cf-connecting-ip", "x-forwarded-for");
        for (case, peer, headers, expected) in [
            ("no proxy", "192.0.2.1", vec![], "192.0.2.1"),
            (
                "a stranger's claims",
                "192.0.2.1",
                vec![(cf, "198.51.100.7"), (xff, "198.51.100.7")],
                "192.0.2.1",
            ),
            ("local is not trusted by itself", "127.0.0.1", vec![(xff, "198.51.100.7")], "127.0.0.1"),
            ("Cloudflare", "10.1.2.3", vec![(cf, " 198.51.100.7 "), (xff, "203.0.113.9")], "198.51.100.7"),
            ("IPv6", "::1", vec![(cf, "2001:db8::7")], "2001:db8::7"),
            ("the nearest proxy's word", "10.1.2.3", vec![(xff, "1.2.3.4, 198.51.100.7")], "198.51.100.7"),
            ("nonsense", "10.1.2.3", vec![(cf, "unknown"), (xff, "a, b")], "10.1.2.3"),
            ("empty", "10.1.2.3", vec![(xff, "")], "10.1.2.3"),
        ] {
            let mut request =
                Request::builder().extension(Peer(SocketAddr::new(peer.parse().unwrap(), 4711)));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(seen_through(&trusted, &parts), Some(expected.parse().unwrap()), "{case}");
        }
    }
}
