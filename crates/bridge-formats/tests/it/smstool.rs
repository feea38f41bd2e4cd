//! smstool: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, Reply};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"{"msg":[{"index":0,"sender":"15550100001","timestamp":"09/22/26 12:03:11","content":"VERIFY 482913"}]}"#;

fn smstool() -> Sender {
    Sender::named("smstool")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: bridge_core::Stamp::read("09/22/26 12:03:11"),
        delivery_id: None,
        number: None,
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(smstool().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    smstool()
        .carries(|sender, text| sms().set("/msg/0/sender", json!(sender)).set("/msg/0/content", json!(text)));
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = smstool().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/msg/0/sender").ends_with("is missing: the sender"), "{}", lacking("/msg/0/sender"));
    assert!(lacking("/msg/0/content").ends_with("is missing: the text"), "{}", lacking("/msg/0/content"));
}

#[test]
fn parts_are_told_and_what_it_could_not_decode_says_so() {
    let list = Request::json(
        r#"{"msg":[{"index":1,"sender":"1","timestamp":"","reference":7,"part":2,"total":2,"content":"b"},
            {"index":2,"error":"error decoding pdu","sender":"","timestamp":"","content":""}]}"#,
    );
    let content = smstool().reads(&list).unwrap();
    let part = content.sms[0].part.clone().unwrap();
    assert_eq!((part.reference.as_str(), part.number, part.total), ("7", 2, 2));
    assert_eq!(content.unusable[0].reason(), "msg[1].error says: error decoding pdu");
    smstool().leaves_alone(&Request::json(r#"{"msg":[]}"#));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("smstool"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(smstool().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    smstool().survives(&sms());
}
