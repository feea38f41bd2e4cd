//! Where a request came from, for rate reports: the peer's address, or what a trusted proxy says. Never a
//! credential (D35).

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;

use crate::app::App;

/// The peer of the connection a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address: the headers of a proxy count only if the proxy is trusted.
#[must_use]
pub fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip();
    if !app.config.trusted_proxies.iter().any(|network| network.contains(&peer)) {
        return Some(peer);
    }
    let header = |name: &str| parts.headers.get(name)?.to_str().ok();
    let cloudflare = header("cf-connecting-ip").and_then(|text| text.trim().parse().ok());
    // The nearest proxy appends: the last address is the one it saw itself.
    let forwarded = || header("x-forwarded-for")?.rsplit(',').next()?.trim().parse().ok();
    cloudflare.or_else(forwarded).or(Some(peer))
}
