//! To whom a request says that it goes (RFC 9112 section 3.2): once, and the same in both places. What stands between the
//! client and the bridge may read the other one. Not whether that is a name of the bridge: people reach it by many.

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, Version};

/// Why a request must not be answered; none: it may.
pub(super) fn wrong(version: Version, target: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let mut values = headers.get_all(HOST).iter();
    let (host, more) = (values.next(), values.next());
    if more.is_some() {
        return Some("the request has two Host headers: send one");
    }
    let Some(host) = host else {
        return (version >= Version::HTTP_11).then_some("the request has no Host header: HTTP/1.1 needs one");
    };
    let Some(host) = host.to_str().ok().filter(|host| is_host(host)) else {
        return Some("the Host header is no name or address with a port");
    };
    let is_other = target.authority().is_some_and(|target_host| !is_same(target_host, host, target));
    is_other.then_some("the request goes to one host, and its Host header names another")
}

/// Empty where the client's address of it has no host. Never with a user, a path or a second value.
fn is_host(host: &str) -> bool {
    let has_other = |byte: u8| matches!(byte, b'@' | b'/' | b'\\' | b'?' | b'#' | b',') || byte <= b' ';
    if host.bytes().any(has_other) {
        return false;
    }
    // Android writes the zone of a link-local address into it, which is no URI's.
    let without_zone = host.strip_prefix('[').and_then(|rest| {
        let (inside, port) = rest.split_once(']')?;
        let (address, _) = inside.split_once('%')?;
        Some(format!("[{address}]{port}"))
    });
    let host = without_zone.as_deref().unwrap_or(host);
    host.is_empty() || (host.parse::<Authority>().is_ok() && has_a_port_or_none(host))
}

/// Behind the brackets of an address, or the name.
fn has_a_port_or_none(host: &str) -> bool {
    let behind = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    let port = behind.rsplit_once(':').map_or("", |(_, port)| port);
    port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

/// The same host and port, where a port that is not written is that of the scheme.
fn is_same(target_host: &Authority, host: &str, target: &Uri) -> bool {
    let usual = match target.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    host.parse::<Authority>().is_ok_and(|host| {
        let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
        host.host().eq_ignore_ascii_case(target_host.host()) && port(&host) == port(target_host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_right(version: Version, target: &str, hosts: &[&[u8]]) -> bool {
        let values = hosts.iter().map(|host| (HOST, axum::http::HeaderValue::from_bytes(host).unwrap()));
        let headers: HeaderMap = values.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        });
        wrong(version, &target.parse().unwrap(), &headers).is_none()
    }

    #[test]
    fn who_names_one_host_is_answered() {
        for host in [
            "",
            "bridge.example.org",
            "BRIDGE:8080",
            "my_pi.local:8080",
            "192.168.1.5:8080",
            "[fe80::1]:8080",
            "[fe80::1%wlan0]:8080",
            "[fe80::1%25wlan0]",
            "xn--bcher-kva.example",
            "localhost.",
        ] {
            assert!(is_right(Version::HTTP_11, "/status", &[host.as_bytes()]), "{host}");
        }
        for host in
            ["a@b", "a b", "a, b", "a/b", "http://a", "a:b:c", "[::1", "a?b", "a#b", "a:99999999", "a\\b"]
        {
            assert!(!is_right(Version::HTTP_11, "/status", &[host.as_bytes()]), "{host}");
        }
        assert!(!is_right(Version::HTTP_11, "/status", &[b"caf\xe9"]));
    }

    #[test]
    fn two_hosts_none_or_another_are_refused() {
        assert!(!is_right(Version::HTTP_11, "/", &[]));
        assert!(is_right(Version::HTTP_10, "/", &[]), "HTTP/1.0 knows no Host");
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!is_right(version, "/", &[b"a", b"a"]), "twice the same is two");
            assert!(!is_right(version, "/", &[b"a", b""]));
        }
        for (target, host, right) in [
            ("http://a/status", "a", true),
            ("http://a/status", "A:80", true),
            ("http://a:8080/status", "a:8080", true),
            ("https://a/status", "a:443", true),
            ("http://[::1]:8080/status", "[::1]:8080", true),
            ("http://a/status", "b", false),
            ("http://a/status", "a:8080", false),
            ("http://a/status", "", false),
            ("http://user@a/status", "a", true),
        ] {
            assert_eq!(is_right(Version::HTTP_11, target, &[host.as_bytes()]), right, "{target} {host}");
        }
    }
}
