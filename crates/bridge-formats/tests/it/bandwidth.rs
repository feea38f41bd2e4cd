//! bandwidth: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"[{"type":"message-received","time":"2026-09-22T12:03:12Z","description":"Incoming message received","to":"+15550199999","message":{"id":"m1","owner":"+15550199999","applicationId":"a1","time":"2026-09-22T12:03:11Z","segmentCount":1,"direction":"in","to":["+15550199999"],"from":"+15550100001","text":"VERIFY 482913"}}]"#;

fn bandwidth() -> Sender {
    Sender::named("bandwidth")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: Some("+15550199999".into()),
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(bandwidth().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    bandwidth().carries(|sender, text| {
        sms().set("/0/message/from", json!(sender)).set("/0/message/text", json!(text))
    });
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = bandwidth().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/0/message/from").ends_with("is missing: the sender"), "{}", lacking("/0/message/from"));
    assert!(lacking("/0/message/text").ends_with("is missing: the text"), "{}", lacking("/0/message/text"));
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let media = json!(["https://example.org/1"]);
    let told = Some(("+15550100001", "VERIFY 482913"));
    bandwidth().tells(&sms().set("/0/message/media", media), EventKind::Mms, told);
    bandwidth().tells(&sms().set("/0/message/channel", json!("rcs")), EventKind::Rcs, told);
    bandwidth().tells(&sms().set("/0/message/channel", json!("MMS")), EventKind::Mms, told);
    assert_eq!(bandwidth().one(&sms().set("/0/message/channel", json!("SMS"))), verify_482913());
    bandwidth().tells(&sms().set("/0/type", json!("message-delivered")), EventKind::DeliveryReport, None);
    bandwidth().tells(&sms().set("/0/type", json!("something")), EventKind::Other, None);
    assert_eq!(bandwidth().refuses(&Request::json("[]")), "the list of events is empty");
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("bandwidth"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(bandwidth().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    bandwidth().survives(&sms());
}
