//! clickatell: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"{"integrationName":"i","messageId":"m0","replyMessageId":"m1","fromNumber":"15550100001","toNumber":"15550199999","timestamp":1790078591000,"text":"VERIFY 482913","charset":"UTF-8","udh":"","network":"","keyword":""}"#;

fn clickatell() -> Sender {
    Sender::named("clickatell")
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
    assert_eq!(clickatell().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    clickatell().carries(|sender, text| sms().set("/fromNumber", json!(sender)).set("/text", json!(text)));
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = clickatell().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/fromNumber").ends_with("is missing: the sender"), "{}", lacking("/fromNumber"));
    assert!(lacking("/text").ends_with("is missing: the text"), "{}", lacking("/text"));
}

#[test]
fn its_one_api_sends_several_of_several_services() {
    let body = r#"{"integrationId":"i","integrationName":"n","event":{"moText":[{"channel":"sms","messageId":"m1","from":"15550100001","to":"15550199999","timestamp":1790078591000,"content":"VERIFY 482913","charset":"UTF-8"},{"channel":"whatsapp","messageId":"m2","from":"2","to":"3","timestamp":1790078591000,"content":"a"}],"moMedia":[{"channel":"whatsapp","from":"2","caption":"c"}],"messageStatusUpdate":[{"statusCode":1}]}}"#;
    let content = clickatell().reads(&Request::json(body)).unwrap();
    assert_eq!(content.sms.len(), 1);
    assert_eq!(content.sms[0], verify_482913());
    let kinds: Vec<EventKind> = content.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::OtherChannel, EventKind::OtherChannel, EventKind::DeliveryReport]);
}

#[test]
fn letters_beyond_ascii_may_be_percent_encoded() {
    for (charset, text, read) in [
        ("UTF-16BE", "%00g%00r%00%FC%00n", "gr\u{fc}n"),
        ("ISO-8859-1", "caf%E9", "caf\u{e9}"),
        ("UTF-8", "100%25", "100%25"),
        ("UTF-16BE", "VERIFY 482913", "VERIFY 482913"),
        ("UTF-16BE", "gr\u{fc}n%00", "gr\u{fc}n%00"),
    ] {
        let request = sms().set("/charset", json!(charset)).set("/text", json!(text));
        assert_eq!(clickatell().one(&request).text, read, "{charset}");
    }
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let report =
        Request::json(r#"{"integrationName":"i","messageId":"m0","statusCode":3,"status":"delivered"}"#);
    clickatell().tells(&report, EventKind::DeliveryReport, None);
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("clickatell"));
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(clickatell().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    clickatell().survives(&sms());
}
