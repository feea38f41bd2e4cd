//! `Content-Encoding` on every route that takes a body: undone, or refused with what could be. One that is forgotten would
//! be read as the bytes that it is packed in, and its sender told of faults that are none.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use reqwest::header::ACCEPT_ENCODING;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, RECEIVER_KEY};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

/// Each route of the description that takes a body: method, path, and the type of the body.
fn taking_a_body(bridge_id: &str) -> Vec<(Method, String, String)> {
    let description = serde_json::to_value(bridge_http::docs::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            let path = path
                .replace("{format}", "generic")
                .replace("{key}", "count_check_threshold")
                .replace("{onboarding_id}", bridge_id)
                .replace("{id}", "1")
                .replace("{sms_id}", bridge_id)
                .replace("{name}", "hall-phone");
            assert!(!path.contains('{'), "{path}: say what stands there");
            let kind = content.keys().next().unwrap();
            routes.push((method.to_uppercase().parse().unwrap(), path, kind.clone()));
        }
    }
    routes
}

/// A body that each of them reads, and none can use.
fn body_for(kind: &str) -> &'static [u8] {
    if kind.contains("json") {
        br#"{"nobody_knows_this":"x","mobile":[1]}"#
    } else {
        b"nothing,that,is,known\n"
    }
}

/// The key that opens it.
fn key_for(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/sms/") || path.starts_with("/receivers/") => RECEIVER_KEY,
        path if path.starts_with("/onboard") => API_KEY,
        _ => ADMIN_TOKEN,
    }
}

/// What it says: of a problem, which one.
fn said(answer: &Answer) -> (u16, &Value, &Value) {
    (answer.status.as_u16(), &answer.body["detail"], &answer.body["errors"])
}

#[tokio::test]
async fn every_route_that_takes_a_body_reads_a_packed_one_or_says_what_it_reads() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered("+919876543210").await;
    let routes = taking_a_body(registered.text("onboarding_id"));
    assert!(routes.len() > 25, "{}", routes.len());
    for (method, path, kind) in routes {
        let send = |encoding: &'static str, body: Vec<u8>| {
            let request = bridge.request(method.clone(), &path).header("Content-Type", &kind);
            bridge.send(request.bearer_auth(key_for(&path)).header("Content-Encoding", encoding).body(body))
        };
        let body = body_for(&kind);
        let plain = send("identity", body.to_vec()).await;
        let packed = send("gzip", gzip(body)).await;
        assert_eq!(said(&packed), said(&plain), "{method} {path}");
        for unknown in ["compress", "x-nothing", "gzip, lzma"] {
            let refused = send(unknown, gzip(body)).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (415, "unsupported_encoding"),
                "{method} {path} {unknown}: {}",
                refused.body
            );
            assert!(refused.headers.contains_key(ACCEPT_ENCODING), "{method} {path}");
            assert!(refused.text("detail").contains("gzip"), "{}", refused.body);
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_packed_list_and_a_packed_sign_of_life_are_understood() {
    let bridge = Bridge::start().await;
    let list = "mobile_number,reason\n+919811100001,spam\n+919811100002,spam\n";
    let post = |path: &'static str, key: &'static str, kind: &'static str, body: Vec<u8>| {
        let request = bridge.request(Method::POST, path).bearer_auth(key).header("Content-Type", kind);
        bridge.send(request.header("Content-Encoding", "gzip").body(body))
    };
    let imported = post("/admin/blacklist/import", ADMIN_TOKEN, "text/csv", gzip(list.as_bytes())).await;
    assert_eq!(imported.status, 200, "{}", imported.body);
    assert_eq!(
        (&imported.body["blocked"], &imported.body["wrong"]),
        (&json!(2), &json!(0)),
        "{}",
        imported.body
    );

    let cut = gzip(list.as_bytes());
    let cut = cut[..cut.len() - 12].to_vec();
    let broken = post("/admin/blacklist/import", ADMIN_TOKEN, "text/csv", cut).await;
    assert_eq!((broken.status.as_u16(), broken.code()), (400, "invalid_request"), "{}", broken.body);

    for (said, status) in [(r#"{"battery":7}"#, 200), (r#"{"battery":"full"}"#, 400)] {
        let body = gzip(said.as_bytes());
        let heard = post("/receivers/heartbeat", RECEIVER_KEY, "application/json", body).await;
        assert_eq!(heard.status, status, "{said}: {}", heard.body);
    }
    bridge.stop().await;
}
