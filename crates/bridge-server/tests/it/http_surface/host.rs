//! To whom a request says that it goes (RFC 9112 section 3.2): on every listener, before any route.

use std::sync::Arc;

use bridge_app::base::clock::Clock;

use crate::bad_input::{assert_refused, refusal};
use crate::harness::{ADMIN_TOKEN, Bridge, NOON, RECEIVER_KEY};
use crate::raw::{self, Then};

#[tokio::test]
async fn two_hosts_none_or_another_than_the_target_are_refused_on_every_listener() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let flags = ["--private-bind", "127.0.0.1:0"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &flags).await;
    let (public, private) = (bridge.url.clone(), bridge.private_url());
    // Routes, pages, the doors before them, what is nowhere, and what reads a body.
    let places = [
        (&public, "GET", "/livez"),
        (&public, "GET", "/"),
        (&public, "GET", "/sms/receive/twilio"),
        (&public, "GET", "/v/x.y"),
        (&public, "GET", "/nowhere"),
        (&public, "OPTIONS", "/status"),
        (&public, "POST", "/sms/receive"),
        (&private, "GET", "/livez"),
        (&private, "GET", "/"),
        (&private, "GET", "/admin"),
        (&private, "GET", "/admin/settings"),
        (&private, "GET", "/docs/"),
        (&private, "POST", "/admin/blacklist"),
    ];
    for (url, method, path) in places {
        for accepts in ["*/*", "text/html"] {
            let rest = format!("Accept: {accepts}\nAuthorization: Bearer {ADMIN_TOKEN}\nContent-Length: 0");
            for (case, head) in [
                ("two", format!("{method} {path} HTTP/1.1\nHost: a\nHost: b\n{rest}")),
                ("the same twice", format!("{method} {path} HTTP/1.1\nHost: a\nhost: a\n{rest}")),
                ("none", format!("{method} {path} HTTP/1.1\n{rest}")),
                ("another", format!("{method} http://a{path} HTTP/1.1\nHost: b\n{rest}")),
                ("another port", format!("{method} http://a{path} HTTP/1.1\nHost: a:8080\n{rest}")),
                ("no host", format!("{method} {path} HTTP/1.1\nHost: a, b\n{rest}")),
                ("two at HTTP/1.0", format!("{method} {path} HTTP/1.0\nHost: a\nHost: b\n{rest}")),
            ] {
                let answer = raw::send_at(url, &head, b"", Then::Waits).await;
                assert_refused(&format!("{case}: {method} {path}"), &answer, refusal(400, "invalid_request"));
                assert!(answer.text("detail").contains("host") || answer.text("detail").contains("Host"));
            }
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn who_names_one_host_is_served_whatever_it_is_called() {
    let bridge = Bridge::start().await;
    for (case, head) in [
        ("a name", "GET /livez HTTP/1.1\nHost: bridge.example.org"),
        ("an underscore", "GET /livez HTTP/1.1\nHost: my_pi:8080"),
        ("a zone", "GET /livez HTTP/1.1\nHost: [fe80::1%wlan0]:8080"),
        ("empty", "GET /livez HTTP/1.1\nHost:"),
        ("a whole target", "GET http://pi:8080/livez HTTP/1.1\nHost: PI:8080"),
        ("a port that goes without saying", "GET http://pi/livez HTTP/1.1\nHost: pi:80"),
        ("HTTP/1.0, which has none", "GET /livez HTTP/1.0\nAccept: */*"),
    ] {
        assert_eq!(raw::send(&bridge, head, b"", Then::Waits).await.status, 200, "{case}");
    }
    // An SMS as an old gateway hands it in.
    let head = format!(
        "POST /sms/receive HTTP/1.0\nAuthorization: Bearer {RECEIVER_KEY}\nContent-Type: application/json\nContent-Length: 43"
    );
    let body = br#"{"from":"+919876543210","text":"hi","id":1}"#;
    assert_eq!(body.len(), 43);
    assert_eq!(raw::send(&bridge, &head, body, Then::Waits).await.status, 200);
    // One that was refused is counted and has its id, as everything has.
    let head = "GET /livez HTTP/1.1\nHost: a\nHost: b\nX-Request-Id: mine-1";
    let refused = raw::send(&bridge, head, b"", Then::Waits).await;
    assert_eq!(
        (refused.headers["x-request-id"].to_str().unwrap(), refused.text("request_id")),
        ("mine-1", "mine-1")
    );
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await;
    let line = r#"http_requests_total{route="unmatched",method="GET",status="400"} 1"#;
    assert!(metrics.body.as_str().unwrap().contains(line), "{}", metrics.body);
    bridge.stop().await;
}
