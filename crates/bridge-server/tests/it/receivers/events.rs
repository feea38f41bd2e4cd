//! What comes and is no SMS leaves a trace: counted by kind, and a message of somebody is kept (D45).

use serde_json::{Value, json};

use super::{added, text};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};

async fn counted(bridge: &Bridge, name: &str) -> Value {
    let all = bridge.get("/admin/receivers", ADMIN_TOKEN).await;
    let receivers = all.body["items"].as_array().unwrap();
    receivers.iter().find(|one| one["name"] == name).unwrap()["events"].clone()
}

async fn form(bridge: &Bridge, url: &str, pairs: &[(&str, &str)]) -> reqwest::Response {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let kind = "application/x-www-form-urlencoded";
    bridge.http.post(url).header("content-type", kind).body(body).send().await.unwrap()
}

async fn reasons(bridge: &Bridge) -> Vec<String> {
    let list = bridge.get("/admin/quarantine", ADMIN_TOKEN).await;
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|one| one["reason"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_picture_is_counted_and_kept_and_whoever_waits_is_told() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered("+919876543210").await;
    let (hash, id) = (registered.text("sms_body"), registered.text("onboarding_id"));
    let twilio = added(&bridge, json!({"name": "line", "format": "twilio"})).await;
    let smsgate = added(&bridge, json!({"name": "hall", "format": "smsgate"})).await;
    let status = async || bridge.get(&format!("/onboard/{id}"), API_KEY).await.body;

    // Without text: nobody can be told.
    let picture = [("MessageSid", "MM1"), ("From", "+919876543210"), ("Body", ""), ("NumMedia", "1")];
    let answer = form(&bridge, text(&twilio, "url"), &picture).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "<Response/>");
    assert_eq!(status().await["last_sms"], Value::Null);

    // With the hash, and the sender as its app writes it.
    let mms = json!({"deviceId": "d1", "event": "mms:downloaded", "id": "e1", "webhookId": "w1", "payload": {
        "messageId": "m1", "sender": "09876543210", "body": hash, "attachments": [{"partId": 1}]}});
    let answer = bridge.send(bridge.http.post(text(&smsgate, "url")).json(&mms)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.text("status"), "quarantined");
    let shown = status().await;
    assert_eq!(shown["status"], "pending");
    assert_eq!(shown["last_sms"]["reason"], "sent_as_mms", "{shown}");
    assert_eq!(shown["last_sms"]["id"], Value::Null);

    let kept = reasons(&bridge).await;
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|reason| reason.starts_with("mms: ")), "{kept:?}");
    assert_eq!(counted(&bridge, "line").await, json!({"mms": 1}));
    assert_eq!(counted(&bridge, "hall").await, json!({"mms": 1}));

    // It stays in quarantine when it is read again.
    let list = bridge.get("/admin/quarantine", ADMIN_TOKEN).await;
    let one = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    let again = bridge.request(reqwest::Method::POST, &format!("/admin/quarantine/{one}/replay"));
    let again = bridge.send(again.bearer_auth(ADMIN_TOKEN).json(&json!({}))).await;
    assert_eq!(again.code(), "stays_in_quarantine");

    // Whoever sends it as an SMS afterwards is validated.
    let sms = json!({"deviceId": "d1", "event": "sms:received", "id": "e2", "webhookId": "w1", "payload": {
        "messageId": "m2", "sender": "+919876543210", "message": hash, "receivedAt": bridge.clock.now().to_string()}});
    let answer = bridge.send(bridge.http.post(text(&smsgate, "url")).json(&sms)).await;
    assert_eq!(answer.text("validation_status"), "passed", "{}", answer.body);
    assert_eq!(status().await["status"], "validated");
    bridge.stop().await;
}

#[tokio::test]
async fn an_mms_of_somebody_else_with_that_hash_tells_nothing() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered("+919876543210").await;
    let twilio = added(&bridge, json!({"name": "line", "format": "twilio"})).await;
    let body = registered.text("sms_body");
    let picture = [("MessageSid", "MM1"), ("From", "+919876543211"), ("Body", body), ("NumMedia", "1")];
    form(&bridge, text(&twilio, "url"), &picture).await;
    let id = registered.text("onboarding_id");
    assert_eq!(bridge.get(&format!("/onboard/{id}"), API_KEY).await.body["last_sms"], Value::Null);
    bridge.stop().await;
}

#[tokio::test]
async fn reports_signs_of_life_and_what_nobody_knows_are_counted_by_kind() {
    let bridge = Bridge::start().await;
    let hall = added(&bridge, json!({"name": "hall", "format": "smsgate"})).await;
    for event in ["sms:sent", "sms:delivered", "system:ping", "sms:data-received", "app:started", "new:thing"]
    {
        let body = json!({"deviceId": "d1", "event": event, "id": "e1", "webhookId": "w1", "payload": {}});
        let answer = bridge.send(bridge.http.post(text(&hall, "url")).json(&body)).await;
        assert_eq!(answer.status, 200, "{event} {}", answer.body);
    }
    let empty = json!({"deviceId": "d1", "event": "sms:batch:received", "id": "e1", "webhookId": "w1",
        "payload": {"messages": []}});
    bridge.send(bridge.http.post(text(&hall, "url")).json(&empty)).await;
    bridge.send(bridge.http.post(text(&hall, "heartbeat_url")).json(&json!({}))).await;
    let expected = json!({"delivery_report": 2, "ping": 3, "binary": 1, "other": 2});
    assert_eq!(counted(&bridge, "hall").await, expected);
    let metrics = bridge.http.get(format!("{}/metrics", bridge.url)).bearer_auth(ADMIN_TOKEN).send().await;
    let metrics = metrics.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("events_received_total{format=\"smsgate\",kind=\"delivery_report\"} 2"),
        "{metrics}"
    );
    let desk = reasons(&bridge).await;
    assert_eq!(desk.len(), 1, "{desk:?}");
    bridge.stop().await;
}
