//! textbee. The signature is the one of the research.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"smsId":"66f0c0ffee","message":"VERIFY 482913","deviceId":"66aa","webhookSubscriptionId":"66bb","webhookEvent":"MESSAGE_RECEIVED","idempotencyKey":"5e0b7a5a-7e0e-4b7a-9a3a-0c1d2e3f4a5b","sender":"+15550100001","receivedAt":"2026-09-22T12:03:11.000Z"}"#;
const KEY: &str = "0123456789abcdef0123";
const SIGNATURE: &str = "b58b97c8536d21697c4c0d86b129c572da6440dda93b2831f9bf5fccc5e7bcc1";

fn textbee() -> Sender {
    Sender::named("textbee")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("5e0b7a5a-7e0e-4b7a-9a3a-0c1d2e3f4a5b".into()),
        device: Some("66aa".into()),
        ..Delivered::default()
    }
}

#[test]
fn each_event_has_its_kind() {
    for event in ["MESSAGE_SENT", "MESSAGE_DELIVERED", "MESSAGE_FAILED", "UNKNOWN_STATE"] {
        textbee().tells(&sms().set("/webhookEvent", json!(event)), EventKind::DeliveryReport, None);
    }
    let mms = sms().set("/webhookEvent", json!("MMS_RECEIVED"));
    textbee().tells(&mms, EventKind::Mms, Some(("+15550100001", "VERIFY 482913")));
    textbee().tells(&sms().set("/webhookEvent", json!("PHONE_ONLINE")), EventKind::Other, None);
}

#[test]
fn an_sms_is_read() {
    assert_eq!(textbee().one(&sms()), verify_482913());
    for (pointer, value) in [
        ("/receivedAt", json!(1_790_078_591_000_u64)),
        ("/receivedAt", json!("1790078591")),
        ("/webhookEvent", Value::Null),
        ("/webhookSubscriptionId", json!("66cc")),
        ("/status", json!({"a": []})),
    ] {
        assert_eq!(textbee().one(&sms().set(pointer, value)), verify_482913(), "{pointer}");
    }
}

#[test]
fn what_is_empty_or_not_told_stays_open() {
    for (pointer, expected) in [
        ("/idempotencyKey", Delivered { delivery_id: Some("66f0c0ffee".into()), ..verify_482913() }),
        ("/receivedAt", Delivered { stamp: None, ..verify_482913() }),
        ("/deviceId", Delivered { device: None, ..verify_482913() }),
    ] {
        assert_eq!(textbee().one(&sms().without(pointer)), expected, "{pointer}");
        assert_eq!(textbee().one(&sms().set(pointer, json!(""))), expected, "{pointer}");
    }
    let unnamed = sms().without("/idempotencyKey").without("/smsId");
    assert_eq!(textbee().one(&unnamed).delivery_id, None);
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    textbee().carries(|sender, text| sms().set("/sender", json!(sender)).set("/message", json!(text)));
    let halved = SMS.replace("VERIFY 482913", "a\\ud83d");
    assert_eq!(textbee().one(&Request::json(halved)).text, "a\\ud83d");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(textbee().refuses(&sms().without("/sender")), "sender is missing: the sender");
    assert_eq!(textbee().refuses(&sms().without("/message")), "message is missing: the text");
    let stamp = textbee().one(&sms().set("/receivedAt", json!("noon"))).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
    for body in ["", "[]", "sender=%2B15550100001&message=a"] {
        assert!(textbee().refuses(&sms().body(body)).starts_with("the body is not as expected: "), "{body}");
    }
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    for event in ["MESSAGE_SENT", "MESSAGE_DELIVERED", "MESSAGE_FAILED", "UNKNOWN_STATE", "SOMETHING_NEW"] {
        textbee().leaves_alone(&sms().set("/webhookEvent", json!(event)).without("/sender"));
    }
}

#[test]
fn it_is_recognised_by_its_names() {
    assert_eq!(Sender::of(&sms()), Some("textbee"));
    for name in ["/webhookEvent", "/webhookSubscriptionId"] {
        assert_eq!(Sender::of(&sms().without(name)), None);
    }
}

#[test]
fn its_signature_covers_the_body_and_no_time() {
    let signed = |body: &str, signature: &str| Request::json(body).with("x-signature", signature);
    let right = signed(SMS, SIGNATURE);
    for (keys, now, expected) in [
        (&[KEY][..], 1_790_000_000, Ok(())),
        (&["new", KEY], 1_790_000_000, Ok(())),
        (&[KEY, "new"], 1_890_000_000, Ok(())),
        (&["new"], 1_790_000_000, Err(Unsigned::Wrong)),
        (&[], 1_790_000_000, Err(Unsigned::Wrong)),
    ] {
        assert_eq!(textbee().verifies(&right, keys, now, &[]), expected, "{keys:?}");
    }
    for wrong in [signed(&SMS.replace("482913", "482914"), SIGNATURE), signed(SMS, ""), signed(SMS, "zz")] {
        assert_eq!(textbee().verifies(&wrong, &[KEY], 0, &[]), Err(Unsigned::Wrong), "{wrong:?}");
    }
    assert_eq!(textbee().verifies(&sms(), &[KEY], 0, &[]), Err(Unsigned::Missing));
}

/// A request that was signed over body and stamp is one signed over the body alone if the stamp is written
/// behind the body: it must then be no body.
#[test]
fn a_signature_over_body_and_stamp_opens_nothing_here() {
    let moved = format!("{SMS}1790000000");
    assert!(textbee().refuses(&sms().body(moved)).contains("trailing characters"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(textbee().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    textbee().survives(&sms());
}
