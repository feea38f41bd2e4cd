//! sinch: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"{"type":"mo_text","id":"m1","from":"15550100001","to":"15550199999","body":"VERIFY 482913","received_at":"2026-09-22T12:03:11.000Z","sent_at":"2026-09-22T12:03:10.000Z","operator_id":"35000"}"#;

fn sinch() -> Sender {
    Sender::named("sinch")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: Some("15550199999".into()),
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(sinch().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    sinch().carries(|sender, text| sms().set("/from", json!(sender)).set("/body", json!(text)));
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = sinch().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/from").ends_with("is missing: the sender"), "{}", lacking("/from"));
    assert!(lacking("/body").ends_with("is missing: the text"), "{}", lacking("/body"));
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let of = |kind: &str| sms().set("/type", json!(kind));
    let told = Some(("15550100001", "VERIFY 482913"));
    sinch().tells(&of("mo_binary"), EventKind::Binary, told);
    sinch().tells(&of("delivery_report_sms"), EventKind::DeliveryReport, None);
    sinch().tells(&of("recipient_delivery_report_sms"), EventKind::DeliveryReport, None);
    sinch().tells(&of("something"), EventKind::Other, None);
    let media = of("mo_media").set("/body", json!({"subject": "s", "message": "m", "media": []}));
    sinch().tells(&media, EventKind::Mms, Some(("15550100001", "")));
}

#[test]
fn its_signature_covers_body_nonce_and_time() {
    let signed = sms()
        .with("x-sinch-webhook-signature", "d0l8xX0DGzGsDfMSffyTRt0eQBGz/UhqZF9WdaepwCQ=")
        .with("x-sinch-webhook-signature-nonce", "01FJA8B4A7BM43YGWSG9GBV067")
        .with("x-sinch-webhook-signature-timestamp", "1790000000");
    let verified = |request: &Request, keys: &[&str], now| sinch().verifies(request, keys, now, &[]);
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000), Ok(()));
    assert_eq!(verified(&signed, &["other"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000 + 301), Err(Unsigned::Stale));
    let altered = signed.set("/body", json!("VERIFY 482914"));
    assert_eq!(verified(&altered, &["test-signing-key"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000), Err(Unsigned::Missing));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("sinch"));
    for kind in ["mo_binary", "delivery_report_sms", "recipient_delivery_report_sms", "delivery_report_mms"] {
        assert!(sinch().recognises(&Request::json(json!({"type": kind}).to_string())), "{kind}");
    }
    assert!(!sinch().recognises(&Request::json(r#"{"type":"text"}"#)));
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(sinch().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    sinch().survives(&sms());
}
