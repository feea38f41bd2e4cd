//! What is kept of a delivery that nobody can use: no secret, so much of each, so many of one receiver, and little while
//! the disk is nearly full.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};

use super::{added, admin, post_to, text};
use crate::desk::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON, RECEIVER_KEY};
use bridge_app::base::clock::Clock;

async fn bodies(bridge: &Bridge) -> Vec<Value> {
    let list = bridge.get("/admin/quarantine?limit=100", ADMIN_TOKEN).await.body["items"].clone();
    let mut whole = Vec::new();
    for item in list.as_array().unwrap() {
        whole.push(bridge.get(&format!("/admin/quarantine/{}", text(item, "id")), ADMIN_TOKEN).await.body);
    }
    whole
}

async fn send(bridge: &Bridge, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = bridge.request(Method::POST, path).bearer_auth(RECEIVER_KEY);
    bridge.send(request.header("content-type", kind).body(body)).await
}

#[tokio::test]
async fn no_secret_is_kept_wherever_it_came() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    let bridge = Bridge::start().await;
    let secret = "Key of/the hall+1";
    let hall = json!({"name": "hall", "format": "generic", "secret": secret});
    added(&bridge, hall).await;
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let by_query = |path: &str| format!("{}{path}?apiKey={encoded}", bridge.url);
    // As GET: all of it is the query.
    let url = format!("{}&smsc=1&password=hunter2&%61pi_key={encoded}", by_query("/sms/receive/kannel"));
    assert_eq!(bridge.send(bridge.http.get(&url)).await.status, 200);
    // In the body, under its name and under others, in JSON, broken JSON, a form and what is neither.
    for (kind, body) in [
        (
            JSON,
            json!({"secret": secret, "nothing": [1, {"Api-Key": secret}], "why": format!("is {secret}!")})
                .to_string(),
        ),
        (JSON, format!("{{\"secret\":\"{secret}\",\"signature\":\"cafe\",")),
        (JSON, "{\"a\":1,\"note\":\"\\u004bey of\\/the hall+1\"}".to_owned()),
        (FORM, format!("secret={encoded}&nothing=1&sign=cafe&Key+again={encoded}")),
        ("text/plain", format!("hello\nAuthorization: Bearer {secret}\nsecret=hunter2\n")),
        ("application/octet-stream", format!("\0\u{1}{secret}\u{2}")),
    ] {
        let request = bridge.http.post(by_query("/sms/receive")).header("content-type", kind);
        let answer = bridge.send(request.body(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    let kept = bodies(&bridge).await;
    assert_eq!(kept.len(), 7);
    for entry in &kept {
        let text = entry.to_string();
        for gone in [secret, &encoded, "hunter2", "cafe", "\\u004bey"] {
            assert!(!text.contains(gone), "{gone} is in {text}");
        }
        assert!(text.contains("[removed]"), "{text}");
    }
    // Not on the disk either, before it is asked for.
    bridge.settle().await;
    let folder = bridge.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        for gone in [secret, &encoded] {
            let name = file.file_name();
            assert!(
                !bytes.windows(gone.len()).any(|window| window == gone.as_bytes()),
                "{gone} is in {name:?}"
            );
        }
    }
}

fn gzip(body: &str) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(body.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn no_secret_is_kept_in_a_body_that_is_packed_or_in_a_row_of_a_list() {
    let bridge = Bridge::start().await;
    let secret = "a-secret-of-the-hall-0001";
    added(&bridge, json!({"name": "hall", "format": "generic", "secret": secret})).await;
    // Its end is missing, so that nobody can read it; the secret stands under a name that nobody knows.
    let long: String = (0..20_000).map(|n| format!("{n} ")).collect();
    let packed = gzip(&format!("{{\"mine\":\"{secret}\",\"a\":\"{long}"));
    let brotli = {
        let mut out = Vec::new();
        brotli::CompressorWriter::new(&mut out, 4096, 5, 22)
            .write_all(format!("{{\"mine\":\"{secret}\"").as_bytes())
            .unwrap();
        out
    };
    let cut = packed[..packed.len() - 10].to_vec();
    for (encoding, body) in
        [("gzip", cut.clone()), ("identity", cut), ("identity", packed), ("identity", brotli)]
    {
        let request = bridge.request(Method::POST, "/sms/receive").bearer_auth(secret);
        let told = bridge.send(request.header("content-encoding", encoding).body(body)).await;
        assert_eq!(told.status, 400, "{encoding}: {}", told.body);
    }
    // The first row shows that it is a list of SMS (D46).
    let first = r#"{"from":"+919876543210","text":"a","timestamp":"2026-01-31T11:00:00Z"}"#;
    let list = format!("{first}\n{{\"mine\":\"{secret}\",\"from\":\"+919876543210\"}}\n");
    let imported =
        bridge.send(bridge.request(Method::POST, "/sms/import").bearer_auth(secret).body(list)).await;
    assert_eq!(imported.body["quarantined"], 1, "{}", imported.body);
    let kept = bodies(&bridge).await;
    assert_eq!(kept.len(), 5);
    for entry in kept {
        let body = text(&entry, "body");
        assert!(body.starts_with("{\"mine\":\"[removed]\""), "{body}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_body_that_lost_its_secret_can_still_be_read_again() {
    let bridge = Bridge::start().await;
    let body = json!({"secret": RECEIVER_KEY, "from": "+919876543210", "text": ["no text"]});
    assert_eq!(bridge.send(bridge.request(Method::POST, "/sms/receive").json(&body)).await.status, 400);
    let kept = bodies(&bridge).await;
    let read: Value = serde_json::from_str(text(&kept[0], "body")).unwrap();
    assert_eq!(read, json!({"secret": "[removed]", "from": "+919876543210", "text": ["no text"]}));
    bridge.stop().await;
}

#[tokio::test]
async fn a_viewer_sees_that_a_body_is_there_and_not_what_is_in_it() {
    let bridge = Bridge::start().await;
    assert_eq!(send(&bridge, "/sms/receive", "text/plain", "the raw body of somebody").await.status, 400);
    let id = text(&bodies(&bridge).await[0], "id").to_owned();
    let owner = Visitor::owner(&bridge).await;
    let viewer = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    let operator = Visitor::with_role(&bridge, &owner, "otto", "operator").await;
    let page = format!("/admin/ui/quarantine/{id}");
    for (who, sees) in [(&viewer, false), (&operator, true), (&owner, true)] {
        let shown = who.open(&page).await;
        assert_eq!(shown.status, 200);
        assert_eq!(shown.body.as_str().unwrap().contains("the raw body of somebody"), sees);
    }
    let shown = viewer.open("/admin/ui/quarantine").await;
    assert!(!shown.body.as_str().unwrap().contains("the raw body"), "{}", shown.body);
    for path in ["/admin/quarantine".to_owned(), format!("/admin/quarantine/{id}")] {
        let asked = viewer.open(&path).await;
        assert_eq!(asked.status, 401, "a session opens no JSON route: {}", asked.body);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn of_a_long_body_its_beginning_is_kept_and_said_to_be_one() {
    let bridge = Bridge::start().await;
    let long = format!("{{\"a\":\"{}", "x".repeat(500_000));
    assert_eq!(send(&bridge, "/sms/receive/smsgate", "application/json", long.clone()).await.status, 200);
    let kept = bodies(&bridge).await;
    assert_eq!((&kept[0]["bytes"], &kept[0]["cut"]), (&json!(long.len()), &json!(true)));
    assert_eq!(text(&kept[0], "body"), &long[..64 * 1024]);
    let replay = format!("/admin/quarantine/{}/replay", text(&kept[0], "id"));
    let stays = admin(&bridge, Method::POST, &replay, &json!({})).await;
    assert_eq!((stays.status.as_u16(), stays.code()), (409, "stays_in_quarantine"));
    assert!(stays.text("detail").contains("only its beginning is kept"), "{}", stays.body);
    bridge.stop().await;
}

#[tokio::test]
async fn one_receiver_has_room_for_so_much_and_it_is_said() {
    let bridge = Bridge::start().await;
    let hall = added(&bridge, json!({"name": "hall", "format": "smsgate"})).await;
    assert_eq!(post_to(&bridge, text(&hall, "url"), &json!({"from": "hall"})).await.status, 200);
    // 16 MiB hold 256 bodies of 64 KiB.
    let body = format!("{{\"{}", "x".repeat(64 * 1024));
    for _ in 0..260 {
        assert_eq!(send(&bridge, "/sms/receive/smsgate", "application/json", body.clone()).await.status, 200);
    }
    let kept = bridge.stores.audit.quarantined(1_000).await.unwrap();
    assert_eq!(kept.iter().filter(|entry| entry.receiver_id == "default").count(), 256);
    assert_eq!(kept.iter().filter(|entry| entry.receiver_id == "hall").count(), 1, "nobody else's went");
    let notes = bridge.get("/health", ADMIN_TOKEN).await.body["components"]["notes"].to_string();
    assert!(
        notes.contains("receiver default sends more that nobody can use than is kept: 4 bodies"),
        "{notes}"
    );
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await;
    assert!(metrics.body.as_str().unwrap().contains("sms_bridge_quarantine_let_go_total 4"));
    bridge.clock.advance(bridge_core::Span::seconds(25 * 3600));
    let notes = bridge.get("/health", ADMIN_TOKEN).await.body["components"]["notes"].to_string();
    assert!(!notes.contains("nobody can use than is kept"), "told for a day: {notes}");
    bridge.stop().await;
}

#[tokio::test]
async fn below_the_floor_registration_pauses_and_what_nobody_can_use_is_kept_short() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let bridge = Bridge::start_on(folder.clone(), Clock::standing_at(NOON), &[]).await;
    let registered = bridge.registered("+919876543210").await;
    let (sms, clock) = (bridge.right_sms("+919876543210", &registered), bridge.clock.clone());
    bridge.stop().await;
    // More than any disk has.
    let bridge = Bridge::start_on(folder, clock, &["--disk-floor-mib", "4294967295"]).await;
    let health = bridge.get("/health", API_KEY).await;
    assert_eq!((health.status.as_u16(), health.text("status")), (200, "degraded"));
    assert!(health.body["components"]["notes"].to_string().contains("free some space"), "{}", health.body);
    let refused = bridge.register("+919876543211", "user@example.com", "d1").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "onboarding_paused"));
    assert!(refused.headers.contains_key("retry-after"));
    // Something can still be written: 503 would make its sender come again for ever.
    for (path, status) in [("/sms/receive", 400), ("/sms/receive/smsgate", 200)] {
        let told = send(&bridge, path, "text/plain", "nothing ".repeat(1_000)).await;
        assert_eq!(told.status, status, "{}", told.body);
    }
    for kept in bodies(&bridge).await {
        assert_eq!((&kept["bytes"], &kept["cut"]), (&json!(8_000), &json!(true)));
        assert_eq!(text(&kept, "body").len(), 1024);
    }
    assert_eq!(bodies(&bridge).await.len(), 2);
    assert_eq!(bridge.deliver(&sms).await.verdict(), "passed", "an SMS is judged all the same");
    bridge.settle().await;
    assert_eq!(bridge.stores.audit.refusals(9).await.unwrap().len(), 0, "a refusal is no SMS");
    bridge.stop().await;
}

#[tokio::test]
async fn what_an_app_says_of_itself_is_bounded() {
    let bridge = Bridge::start().await;
    let heartbeat = async |body: Value| {
        bridge
            .send(bridge.request(Method::POST, "/receivers/heartbeat").bearer_auth(RECEIVER_KEY).json(&body))
            .await
    };
    for field in ["network", "app_version"] {
        let long = heartbeat(json!({field: "x".repeat(101), "battery": 50})).await;
        assert_eq!((long.status.as_u16(), long.code()), (400, "invalid_request"));
        assert_eq!(long.body["errors"][0]["field"], field, "{}", long.body);
        assert_eq!(heartbeat(json!({field: "x".repeat(100)})).await.status, 200);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_key_of_telnyx_is_looked_at_when_it_is_added() {
    let bridge = Bridge::start().await;
    for wrong in
        ["not a key", "KEY0123456789", &"A".repeat(43), &format!("{}=", "A".repeat(43)), &"ab".repeat(32)]
    {
        let body = json!({"name": "telnyx", "format": "telnyx", "signing_key": wrong});
        let refused = admin(&bridge, Method::POST, "/admin/receivers", &body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{wrong}");
        assert_eq!(refused.body["errors"][0]["field"], "signing_key", "{}", refused.body);
    }
    let right = "e6k4BZmDzvRbRGl8PxJbF2nLvPWGGRrvYVLYBkMkUjY=";
    added(&bridge, json!({"name": "telnyx", "format": "telnyx", "signing_key": right})).await;
    let rotate = |body: Value| {
        let bridge = &bridge;
        async move { admin(bridge, Method::POST, "/admin/receivers/telnyx/rotate", &body).await }
    };
    assert_eq!(rotate(json!({"signing_key": "not a key"})).await.status, 400);
    // Its key is its own: a new secret makes no other.
    assert!(rotate(json!({})).await.status.is_success());
    let rows = bridge.stores.audit.receivers().await.unwrap();
    assert_eq!(rows[0].signing_keys, [right]);
    bridge.stop().await;
}
