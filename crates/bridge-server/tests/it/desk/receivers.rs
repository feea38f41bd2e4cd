//! The page of receivers: what it counts.

use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge, RECEIVER_KEY};
use crate::receivers::{added, post_to, text};

#[tokio::test]
async fn an_sms_counts_once_whichever_way_it_came() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let hall = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    let received = bridge.clock.now().to_string();
    let live =
        json!({"mobile_number": "+919876543210", "sms_message": "live", "received_timestamp": received});
    for _ in 0..3 {
        assert_eq!(post_to(&bridge, text(&hall, "url"), &live).await.status, 200);
    }
    let list = format!(
        "sender_number,sms_message,received_timestamp\r\n+919876543210,live,{received}\r\n\
         +919876543211,missed,{received}\r\n+919876543212,missed too,{received}\r\n"
    );
    let request = bridge.request(Method::POST, "/sms/import?receiver=hall").bearer_auth(ADMIN_TOKEN);
    let report = bridge.send(request.body(list)).await.body;
    assert_eq!((report["redelivered"].as_u64(), report["judged"].as_u64()), (Some(1), Some(2)), "{report}");
    bridge.settle().await;
    bridge.clock.advance(Span(1_000));

    let page = owner.open("/admin/ui/receivers").await;
    let html = page.body.as_str().unwrap();
    assert!(html.contains("3 in 24 h · 3 in all<"), "{html}");
    assert!(html.contains("2 times, not counted above"), "{html}");
    bridge.stop().await;
}

/// Phones that share the key of `default` have a card as well: what of theirs is no SMS stands on it (D45).
#[tokio::test]
async fn what_comes_to_default_and_is_no_sms_is_on_its_card() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let twilio = "From=%2B919876543210&Body=&MessageSid=MM1&NumMedia=1";
    let sent = bridge.request(Method::POST, "/sms/receive/twilio").bearer_auth(RECEIVER_KEY);
    let form = sent.header("content-type", "application/x-www-form-urlencoded").body(twilio);
    assert_eq!(bridge.send(form).await.status, 200);
    for event in ["sms:delivered", "system:ping", "app:started"] {
        let body = json!({"deviceId": "d1", "event": event, "id": "e1", "webhookId": "w1", "payload": {}});
        let sent = bridge.request(Method::POST, "/sms/receive/smsgate").bearer_auth(RECEIVER_KEY);
        assert_eq!(bridge.send(sent.json(&body)).await.status, 200, "{event}");
    }
    let expected = json!({"mms": 1, "delivery_report": 1, "ping": 2});
    let counted = async || {
        let health = bridge.get("/health", ADMIN_TOKEN).await.body;
        health["components"]["receivers"]["default"]["events"].clone()
    };
    assert_eq!(counted().await, expected);
    // And when it was written down.
    let app = bridge.app();
    app.receivers.exchange(&*bridge.stores.audit).await.unwrap();
    assert_eq!(counted().await, expected);
    let page = owner.open("/admin/ui/receivers").await;
    let html = page.body.as_str().unwrap();
    for line in ["1 picture messages (MMS)", "1 reports about messages that were sent", "2 signs of life"] {
        assert!(html.contains(line), "{line}: {html}");
    }
    bridge.stop().await;
}
