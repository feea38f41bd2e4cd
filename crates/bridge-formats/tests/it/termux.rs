//! termux: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, EventKind, Reply};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"[{"threadid":1,"type":"inbox","read":true,"address":"+15550100001","number":"+15550100001","received":"2026-09-22 12:03:11","body":"VERIFY 482913","_id":7}]"#;

fn termux() -> Sender {
    Sender::named("termux")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: bridge_core::Stamp::read("2026-09-22 12:03:11"),
        delivery_id: Some("7".into()),
        number: None,
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(termux().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    termux().carries(|sender, text| sms().set("/0/address", json!(sender)).set("/0/body", json!(text)));
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = termux().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/0/body").ends_with("is missing: the text"), "{}", lacking("/0/body"));
}

#[test]
fn what_the_phone_sent_is_no_sms() {
    termux().tells(&sms().set("/0/type", json!("sent")), EventKind::DeliveryReport, None);
    let old = sms().without("/0/address");
    assert_eq!(termux().one(&old), verify_482913());
    assert!(termux().refuses(&Request::json("[]")).starts_with("the list is empty"));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("termux"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(termux().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    termux().survives(&sms());
}
