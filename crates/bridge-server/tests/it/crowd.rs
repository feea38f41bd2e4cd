//! When many come at once: who is served, who has to go, and that a key is asked for before anything else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use bridge_app::base::clock::Clock;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON, RECEIVER_KEY};
use crate::raw;

async fn start(flags: &[&str]) -> Bridge {
    Bridge::start_on(Arc::new(tempfile::tempdir().unwrap()), Clock::standing_at(NOON), flags).await
}

/// Says this and reads what comes back, as far as the end of the head.
async fn head_of(mut stream: TcpStream, said: String) -> (TcpStream, String) {
    let talk = move || {
        stream.write_all(said.as_bytes()).unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream
                .read_exact(&mut byte)
                .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&head)));
            head.push(byte[0]);
        }
        (stream, String::from_utf8(head).unwrap())
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

/// Every route of the description that changes something and takes a key.
async fn routes_with_keys(bridge: &Bridge) -> Vec<(String, String)> {
    let description = bridge.get("/openapi.json", "").await.body;
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, route) in methods.as_object().unwrap() {
            if route["security"].is_array() && method != "get" {
                let path = path
                    .replace("{format}", "textbee")
                    .replace("{onboarding_id}", "01900000-0000-7000-8000-000000000000")
                    .replace(['{', '}'], "");
                routes.push((method.to_uppercase(), path));
            }
        }
    }
    routes
}

#[tokio::test]
async fn a_wrong_key_is_refused_before_a_byte_of_the_body_came() {
    let bridge = Bridge::start().await;
    let mut routes = routes_with_keys(&bridge).await;
    assert!(routes.len() > 20, "{routes:?}");
    // Pages of the desk have no description.
    routes.extend(
        ["/admin/ui/settings", "/admin/ui/recovery/import", "/admin/logout"]
            .map(|path| ("POST".into(), path.into())),
    );
    for (method, path) in routes {
        for announced in ["Transfer-Encoding: chunked", "Content-Length: 1000000", "Content-Length: 10"] {
            let said = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nobody-has-this-key-0001\r\n{announced}\r\n\r\n"
            );
            let (_, head) = head_of(raw::connect(&bridge), said).await;
            if head.starts_with("HTTP/1.1 404") && path.starts_with("/admin/ui") {
                continue;
            }
            assert!(head.starts_with("HTTP/1.1 401"), "{method} {path} {announced}: {head}");
            assert!(head.contains("connection: close"), "{method} {path} {announced}: {head}");
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn who_is_known_keeps_the_connection_whether_a_body_was_wanted_or_not() {
    let bridge = Bridge::start().await;
    let mut routes = routes_with_keys(&bridge).await;
    routes.push(("GET".to_owned(), "/health".to_owned()));
    for (method, path) in routes {
        let key = match path.split('/').nth(1) {
            Some("onboard" | "onboarding") => API_KEY,
            Some("sms" | "receivers") => RECEIVER_KEY,
            _ => ADMIN_TOKEN,
        };
        let said = |body: &str| {
            format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{body}"
            )
        };
        let mut stream = raw::connect(&bridge);
        for body in ["Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
        {
            let (back, head) = head_of(stream, said(body)).await;
            assert!(!head.contains("connection: close"), "{method} {path}: {head}");
            stream = whole(back, &head).await;
        }
    }
    bridge.stop().await;
}

/// Reads the body that such a head announces.
async fn whole(mut stream: TcpStream, head: &str) -> TcpStream {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let read = move || {
        stream.read_exact(&mut vec![0; length.unwrap_or(0)]).unwrap();
        stream
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn what_follows_a_refusal_is_read_away_for_a_moment_and_then_the_connection_closes() {
    let bridge = Bridge::start().await;
    for body in [&[b'a'; 1024 * 1024][..], b""] {
        let said = "POST /sms/import HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n".to_owned();
        let (mut stream, head) = head_of(raw::connect(&bridge), said).await;
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        let rest = move || {
            // Taken, though nobody wants it: a client that is still sending is not cut off before it reads the answer.
            stream.write_all(body).unwrap();
            let mut rest = Vec::new();
            // The bridge closes, because we do not go on.
            let _ = stream.read_to_end(&mut rest);
            rest
        };
        let rest = tokio::task::spawn_blocking(rest).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&rest).unwrap()["code"], "unauthorized");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn who_has_no_key_in_a_header_sends_64_kib_at_most() {
    let bridge = Bridge::start().await;
    let send = async |length: usize| {
        let body = format!(
            "secret={RECEIVER_KEY}&from=%2B919876543210&received_at=2026-01-31T12:00:00Z&text={}",
            "a".repeat(length)
        );
        let request = bridge
            .request(Method::POST, "/sms/receive")
            .header("content-type", "application/x-www-form-urlencoded");
        bridge.send(request.body(body)).await
    };
    assert_eq!(send(60 * 1024).await.status, StatusCode::OK);
    assert_eq!(send(64 * 1024).await.code(), "body_too_large");
    // With the key where it is seen at once, as large as ever.
    let body =
        format!("from=%2B919876543210&received_at=2026-01-31T12:00:00Z&text={}", "b".repeat(200 * 1024));
    let request = bridge.request(Method::POST, "/sms/receive").bearer_auth(RECEIVER_KEY);
    let answer =
        bridge.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    bridge.stop().await;
}

#[tokio::test]
async fn a_form_before_login_is_small() {
    let bridge = Bridge::start().await;
    let send = async |path: &str, body: String| {
        let request =
            bridge.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        bridge.send(request.body(body)).await.status
    };
    for path in ["/admin/login", "/admin/setup", "/admin/reset"] {
        assert_eq!(
            send(path, format!("name={}", "a".repeat(16 * 1024))).await,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{path}"
        );
        assert_eq!(send(path, "a&".repeat(64)).await, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(
        send("/admin/login", "name=olga&password=wrong".to_owned() + &"&a".repeat(60)).await,
        StatusCode::UNAUTHORIZED
    );
    bridge.stop().await;
}

#[tokio::test]
async fn when_it_is_full_the_idle_ones_go_and_everybody_else_is_served() {
    let bridge = start(&["--connections", "24"]).await;
    let livez = |key: &str| format!("GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    // They were here before, and have said who they are.
    let heartbeat = format!(
        "POST /receivers/heartbeat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RECEIVER_KEY}\r\nContent-Length: 0\r\n\r\n"
    );
    let (phone, head) = head_of(raw::connect(&bridge), heartbeat.clone()).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (operator, _) = head_of(raw::connect(&bridge), livez(ADMIN_TOKEN)).await;
    for round in 0..4 {
        let idle: Vec<_> = (0..60).map(|_| raw::connect(&bridge)).collect();
        let mobile = format!("+91987654321{round}");
        let registered = bridge.registered(&mobile).await;
        assert_eq!(bridge.deliver(&bridge.right_sms(&mobile, &registered)).await.verdict(), "passed");
        let page = bridge.send(bridge.request(Method::GET, "/admin").bearer_auth(ADMIN_TOKEN)).await;
        assert_eq!(page.status, StatusCode::OK);
        drop(idle);
    }
    assert!(bridge.app().places.taken() <= 24);
    let note = |health: &Answer| {
        health.body["components"]["notes"].to_string().contains("all 24 connections were taken")
    };
    assert!(note(&bridge.get("/health", ADMIN_TOKEN).await));
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await.body;
    let metrics = metrics.as_str().unwrap();
    let closed =
        metrics.lines().find_map(|line| line.strip_prefix("sms_bridge_connections_closed_for_room_total "));
    assert!(closed.unwrap().parse::<u64>().unwrap() > 24, "{metrics}");
    // They still are.
    for (stream, said) in [(phone, heartbeat), (operator, livez(ADMIN_TOKEN))] {
        let (_, head) = head_of(stream, said).await;
        assert!(head.contains("HTTP/1.1 200"), "{head}");
    }
    bridge.stop().await;
}

fn follow(bridge: &Bridge, registered: &Answer) -> RequestBuilder {
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    bridge.request(Method::GET, &format!("/onboard/{id}/events?token={token}"))
}

#[tokio::test]
async fn one_token_has_four_requests_open_and_a_key_as_many_as_it_likes() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered("+919876543210").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let stream = follow(&bridge, &registered).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        streams.push(stream);
    }
    let refused = bridge.send(follow(&bridge, &registered)).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
    assert_eq!(refused.headers["retry-after"], "5");
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    let poll = bridge.send(bridge.request(Method::GET, &format!("/onboard/{id}?wait=1&token={token}"))).await;
    assert_eq!(poll.code(), "too_many_requests");
    for _ in 0..8 {
        let stream = bridge.request(Method::GET, &format!("/onboard/{id}/events")).bearer_auth(API_KEY);
        let stream = stream.send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        streams.push(stream);
    }
    let another = bridge.registered("+919876543211").await;
    assert_eq!(follow(&bridge, &another).send().await.unwrap().status(), StatusCode::OK);
    // The final state ends the streams, and their places are free.
    assert_eq!(bridge.deliver(&bridge.right_sms("+919876543210", &registered)).await.verdict(), "passed");
    for stream in streams {
        assert!(stream.text().await.unwrap().contains("validated"));
    }
    assert_eq!(bridge.send(follow(&bridge, &registered)).await.status, StatusCode::OK);
    bridge.stop().await;
}

#[tokio::test]
async fn one_address_behind_a_trusted_proxy_has_its_share() {
    let bridge = start(&["--connections", "40", "--trusted-proxies", "127.0.0.0/8"]).await;
    let mut registered = Vec::new();
    for n in 0..10 {
        registered.push(bridge.registered(&format!("+91987654321{n}")).await);
    }
    let from = |n: usize, address: &str| follow(&bridge, &registered[n]).header("x-forwarded-for", address);
    let mut streams = Vec::new();
    for n in 0..8 {
        let stream = from(n, "203.0.113.7").send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        streams.push(stream);
    }
    assert_eq!(bridge.send(from(8, "203.0.113.7")).await.code(), "too_many_requests");
    for other in ["203.0.113.8", "203.0.113.7, 198.51.100.1", "nonsense"] {
        assert_eq!(from(8, other).send().await.unwrap().status(), StatusCode::OK, "{other}");
    }
    // A key is no stranger: all users of an app come from the app's own address.
    let id = registered[9].text("onboarding_id");
    let asked =
        bridge.request(Method::GET, &format!("/onboard/{id}")).header("x-forwarded-for", "203.0.113.7");
    assert_eq!(bridge.send(asked.bearer_auth(API_KEY)).await.status, StatusCode::OK);
    drop(streams);
    bridge.stop().await;
}
