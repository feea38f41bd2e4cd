//! An SMS that the edge kept while the bridge was away: it was acknowledged, so nothing of it is lost.

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ALICE, Edge, bridge_with_edge, hmac};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON, RECEIVER_KEY};

const KEY: &str = "signing-key-of-the-tests";

/// As the edge hands it in, an hour after it came.
async fn handed_in(bridge: &Bridge, edge: &Edge, headers: &[(&str, &str)]) -> Answer {
    let mut request = edge.request(bridge);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    bridge.send(request).await
}

fn kept(bridge: &Bridge, text: &str) -> Edge {
    let body = json!({"mobile_number": ALICE, "sms_message": text, "received_timestamp": NOON.to_string()});
    Edge {
        received: Some(NOON.epoch_seconds().to_string()),
        ..Edge::of(bridge, Method::POST, "/sms/receive", &body)
    }
}

async fn quarantined(bridge: &Bridge) -> Vec<Value> {
    bridge.settle().await;
    bridge.get("/admin/quarantine", ADMIN_TOKEN).await.body["items"].as_array().unwrap().clone()
}

async fn signing_receiver(bridge: &Bridge) -> String {
    let request = bridge.request(Method::POST, "/admin/receivers").bearer_auth(ADMIN_TOKEN);
    let wanted = json!({"name": "phone-1", "format": "generic", "signing_key": KEY});
    let added = bridge.send(request.json(&wanted)).await;
    assert!(added.status.is_success(), "{}", added.body);
    "/sms/receive?receiver=phone-1".to_owned()
}

#[tokio::test]
async fn a_senders_own_signature_must_have_been_fresh_when_the_sms_came() {
    let bridge = bridge_with_edge().await;
    let target = signing_receiver(&bridge).await;
    let stamp = NOON.epoch_seconds().to_string();
    bridge.clock.advance(Span(3_600_000));
    let of = |text: &str| Edge { target: target.clone(), ..kept(&bridge, text) };
    let signature = |edge: &Edge| hmac(KEY, &format!("{}{stamp}", edge.body));
    let edge = of("one");
    let direct = Edge { received: None, ..edge.clone() };
    let headers = |signature: &str| [("X-Signature", signature.to_owned()), ("X-Timestamp", stamp.clone())];
    let send = async |edge: &Edge, signature: &str| {
        let headers = headers(signature);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        handed_in(&bridge, edge, &headers).await
    };
    assert_eq!(send(&direct, &signature(&edge)).await.status, 401, "an hour old");
    assert_eq!(send(&edge, &signature(&edge)).await.status, 200);
    assert_eq!(bridge.rows(ALICE).await.len(), 1, "it is judged");
    let again = send(&edge, &signature(&edge)).await;
    assert_eq!(again.body["duplicate_delivery"], true, "a copy is known by itself: {}", again.body);
    // What then fails was acknowledged all the same.
    let forged = of("two");
    let answer = send(&forged, "00").await;
    assert_eq!((answer.status.as_u16(), answer.text("status")), (200, "quarantined"));
    let entries = quarantined(&bridge).await;
    assert_eq!(entries.len(), 1);
    assert!(entries[0]["reason"].as_str().unwrap().contains("the edge kept it"), "{}", entries[0]);
    assert_eq!(bridge.rows(ALICE).await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn one_whose_secret_is_wrong_is_not_lost_and_not_judged_and_its_secret_is_not_kept() {
    let bridge = bridge_with_edge().await;
    let wrong = "a-secret-that-nobody-knows";
    let edge = Edge { target: format!("/sms/receive?apiKey={wrong}"), ..kept(&bridge, wrong) };
    let answer = handed_in(&bridge, &edge, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.text("status")), (200, "quarantined"));
    let bearer = handed_in(&bridge, &kept(&bridge, "two"), &[("Authorization", "Bearer wrong")]).await;
    assert_eq!(bearer.text("status"), "quarantined");
    let entries = quarantined(&bridge).await;
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry["receiver_id"] == "edge"));
    assert!(!entries.iter().any(|entry| entry.to_string().contains(wrong)), "{entries:?}");
    assert_eq!(bridge.rows(ALICE).await.len(), 0);
    bridge.stop().await;
}

#[tokio::test]
async fn a_first_time_that_nobody_signed_opens_no_door() {
    let bridge = bridge_with_edge().await;
    let right = kept(&bridge, "one");
    for (case, edge) in [
        ("another secret", Edge { secret: "edge-secret-of-the-tests-0009", ..right.clone() }),
        ("another body", Edge { signed_body: Some("{}".into()), ..right.clone() }),
        ("a time that is none", Edge { received: Some("soon".into()), ..right.clone() }),
    ] {
        let answer = handed_in(&bridge, &edge, &[("Authorization", "Bearer wrong")]).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthorized"), "{case}");
        let bearer = format!("Bearer {RECEIVER_KEY}");
        // Its receiver is known by its own secret: the SMS is taken as one that came now.
        let answer = handed_in(&bridge, &edge, &[("Authorization", &bearer)]).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.body);
    }
    assert_eq!(quarantined(&bridge).await.len(), 0);
    bridge.stop().await;
}
