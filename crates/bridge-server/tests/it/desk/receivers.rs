//! The page of receivers: what it counts.

use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};
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
