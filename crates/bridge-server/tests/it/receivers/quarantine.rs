//! What nobody could use can be looked at, read again and thrown away.

use bridge_core::Span;
use bridge_store::audit::Quarantined;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admin;
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};

async fn kept(bridge: &Bridge, id: u128, format: &str, kind: &str, body: &str) -> String {
    let entry = Quarantined {
        id: Uuid::from_u128(id),
        at: bridge.clock.now(),
        receiver_id: "default".into(),
        format: format.into(),
        reason: "an older version could not read it".into(),
        content_type: kind.into(),
        body: body.as_bytes().to_vec(),
        whole_bytes: None,
    };
    bridge.stores.audit.quarantine(&entry).await.unwrap();
    entry.id.to_string()
}

#[tokio::test]
async fn what_a_newer_version_can_read_is_taken_in_as_received_when_it_came() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered("+919876543210").await;
    let text = registered.text("sms_body").to_owned();
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("sender", "+919876543211"), ("message", "by GET"), ("id", "k1")])
        .finish();
    let json = json!({"from": "+919876543210", "text": text}).to_string();
    let by_post = kept(&bridge, 1, "unknown", "application/json", &json).await;
    let by_get = kept(&bridge, 2, "kannel", "", &form).await;
    let came = bridge.clock.now();
    // Read again long after the deadline: it counts when it came.
    bridge.clock.advance(Span(600_000));
    for id in [&by_post, &by_get] {
        let path = format!("/admin/quarantine/{id}/replay");
        let answer = admin(&bridge, Method::POST, &path, &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["sms"].as_array().unwrap().len(), 1, "{}", answer.body);
        assert_eq!(admin(&bridge, Method::POST, &path, &json!({})).await.code(), "not_found", "it has left");
    }
    let rows = bridge.rows("+919876543210").await;
    assert_eq!((&rows[0]["validation_status"], &rows[0]["late_delivery"]), (&json!("passed"), &json!(true)));
    assert_eq!(rows[0]["received_timestamp"], came.to_string());
    assert_eq!(bridge.rows("+919876543211").await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn what_still_cannot_be_read_stays_and_says_why() {
    let bridge = Bridge::start().await;
    let list = async || bridge.get("/admin/quarantine", ADMIN_TOKEN).await.body["items"].clone();
    assert_eq!(list().await, Value::Array(Vec::new()));
    let junk = kept(&bridge, 1, "smsgate", "application/json", "{\"event\":\u{7}").await;
    let row = kept(&bridge, 2, "import", "text/csv", "nonsense").await;
    for (id, why) in [(&junk, "still cannot be used"), (&row, "import the list again")] {
        let answer =
            admin(&bridge, Method::POST, &format!("/admin/quarantine/{id}/replay"), &json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (409, "stays_in_quarantine"));
        assert!(answer.text("detail").contains(why), "{}", answer.body);
    }
    assert_eq!(list().await.as_array().unwrap().len(), 2);
    let shown = bridge.get(&format!("/admin/quarantine/{row}"), ADMIN_TOKEN).await;
    assert_eq!((shown.text("body"), shown.text("format")), ("nonsense", "import"));
    assert_eq!(
        admin(&bridge, Method::DELETE, &format!("/admin/quarantine/{row}"), &json!({})).await.status,
        204
    );
    assert_eq!(
        admin(&bridge, Method::DELETE, &format!("/admin/quarantine/{row}"), &json!({})).await.status,
        404
    );
    assert_eq!(bridge.get("/admin/quarantine?limit=0", ADMIN_TOKEN).await.status, 400);
    for path in ["/admin/quarantine", &format!("/admin/quarantine/{junk}")] {
        assert_eq!(bridge.get(path, API_KEY).await.status, 401, "{path}");
    }
    bridge.stop().await;
}
