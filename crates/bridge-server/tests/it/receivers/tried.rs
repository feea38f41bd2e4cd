//! A receiver is tried before any user depends on it: what the bridge understands of a sample, and what is set up wrongly.

use bridge_formats::FORMATS;
use reqwest::Method;
use serde_json::{Value, json};

use super::{added, admin};
use crate::harness::{ADMIN_TOKEN, Bridge, NOON};

async fn tried(bridge: &Bridge, name: &str, sample: Value) -> Value {
    let answer = admin(bridge, Method::POST, &format!("/admin/receivers/{name}/test"), &sample).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn advice(tried: &Value) -> String {
    let all = tried["advice"].as_array().unwrap();
    all.iter()
        .map(|one| format!("{}: {}; ", one["level"].as_str().unwrap(), one["found"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_sample_of_every_format_is_understood_and_counts_nowhere() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let clock = bridge_app::base::clock::Clock::standing_at(NOON);
    let bridge = Bridge::start_on(folder, clock, &["--public-url", "https://sms.example.org"]).await;
    for format in FORMATS.iter().copied().chain([&bridge_formats::generic::FORMAT]) {
        let name = format!("by-{}", format.name);
        let mut receiver = json!({"name": name, "format": format.name, "numbers": ["+919000000001"]});
        // Telnyx's key is its own: nobody else can sign with it.
        if format.sign.is_some() {
            receiver["signing_key"] = json!("a key of twenty letters");
        }
        added(&bridge, receiver).await;
        let tried = tried(&bridge, &name, json!({})).await;
        assert_eq!(tried["sms"][0]["sender"], "+919876543210", "{}: {tried}", format.name);
        assert_eq!(tried["sms"][0]["text"], "Test of the bridge", "{}: {tried}", format.name);
        let signature = if format.sign.is_some() { "right" } else { "not_asked" };
        assert_eq!(
            (&tried["format"], &tried["signature"]),
            (&json!(format.name), &json!(signature)),
            "{tried}"
        );
        assert_eq!((&tried["made"], &tried["ok"]), (&json!(true), &json!(true)), "{tried}");
    }
    assert_eq!(bridge.rows("+919876543210").await, Vec::<Value>::new(), "nothing was judged");
    assert_eq!(bridge.stores.audit.quarantined(9).await.unwrap().len(), 0, "nothing was kept");
    let all = bridge.get("/admin/receivers", ADMIN_TOKEN).await;
    for one in all.body["items"].as_array().unwrap() {
        assert_eq!((&one["status"], &one["delivered"]), (&json!("never_seen"), &json!(0)), "{one}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn one_that_is_set_up_wrongly_is_told_what_is_wrong() {
    let bridge = Bridge::start().await;
    added(&bridge, json!({"name": "line", "format": "twilio", "signing_key": "auth token of the account"}))
        .await;
    let twilio = tried(&bridge, "line", json!({})).await;
    assert!(advice(&twilio).contains("problem: Twilio signs the address"), "{twilio}");
    assert_eq!(twilio["ok"], false);

    // A number of India and of the Maldives: nobody said how this one writes them.
    added(&bridge, json!({"name": "sim", "format": "kannel", "numbers": ["+919000000001"]})).await;
    let digits = json!({"query": "sender=9607712345&message=a&ts=1769860800"});
    let read = tried(&bridge, "sim", digits).await;
    assert_eq!(read["sms"][0]["sender"], Value::Null, "{read}");
    assert_eq!((&read["made"], &read["ok"]), (&json!(false), &json!(false)));

    added(&bridge, json!({"name": "hall", "format": "smsgate"})).await;
    let unsigned = tried(&bridge, "hall", json!({})).await;
    assert!(advice(&unsigned).contains("does not ask for it"), "{unsigned}");
    let broken = tried(&bridge, "hall", json!({"body": "{\"event\":\"sms:received\"}"})).await;
    assert!(broken["quarantined"][0].as_str().unwrap().contains("payload"), "{broken}");
    let mms =
        json!({"event": "mms:received", "payload": {"sender": "+919876543210", "subject": "x"}}).to_string();
    let mms = tried(&bridge, "hall", json!({"body": mms, "content_type": "application/json"})).await;
    assert_eq!((&mms["events"], &mms["ok"]), (&json!(["mms"]), &json!(false)), "{mms}");

    let nobody = admin(&bridge, Method::POST, "/admin/receivers/nobody/test", &json!({})).await;
    assert_eq!(nobody.code(), "not_found");
    let unknown = bridge.request(Method::POST, "/admin/receivers/hall/test").json(&json!({}));
    assert_eq!(bridge.send(unknown).await.status, 401);
    bridge.stop().await;
}
