//! Infobip: several SMS in one request.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"results":[{"messageId":"m1","from":"15550100001","to":"15550199999","text":"VERIFY 482913","cleanText":"482913","keyword":"VERIFY","receivedAt":"2026-09-22T12:03:11.000+0000","smsCount":1,"price":{"pricePerMessage":0,"currency":"EUR"},"callbackData":null}],"messageCount":1,"pendingMessageCount":0}"#;

fn infobip() -> Sender {
    Sender::named("infobip")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: Some("15550199999".into()),
        ..Delivered::default()
    }
}

fn batch(rows: &Value) -> Request {
    Request::json(json!({"results": rows, "messageCount": 1, "pendingMessageCount": 0}).to_string())
}

#[test]
fn an_sms_is_read() {
    assert_eq!(infobip().one(&Request::json(SMS)), verify_482913());
    assert_eq!(infobip().one(&Request::post("", SMS)), verify_482913());
    let bare = infobip().one(&batch(&json!([{"from": "1", "text": "", "messageId": "", "to": null}])));
    assert_eq!(bare, Delivered { sender: "1".into(), ..Delivered::default() });
    let numbers =
        infobip().one(&batch(&json!([{"from": 15550100001_u64, "text": "a", "messageId": 817_790_313_u64}])));
    assert_eq!((numbers.sender.as_str(), numbers.delivery_id.as_deref()), ("15550100001", Some("817790313")));
}

#[test]
fn one_bad_row_does_not_hurt_the_others() {
    let rows = json!([
        {"from": "1", "text": "a", "messageId": "m1"},
        {"text": "b", "messageId": "m2"},
        "no object",
        {"messageId": "m3", "to": "2", "status": {"groupName": "DELIVERED"}, "sentAt": "2026-09-22T12:03:11.000+0000"},
        {"from": "1", "receivedAt": "noon", "text": "c"},
        {"from": "1", "message": [{"contentType": "text/plain", "value": "an MMS"}]},
        {"from": "4", "text": "d", "messageId": "m4"},
    ]);
    let content = infobip().reads(&batch(&rows)).unwrap();
    let ids: Vec<_> = content.sms.iter().map(|sms| sms.delivery_id.as_deref().unwrap_or("-")).collect();
    assert_eq!(ids, ["m1", "-", "m4"], "a time that cannot be read costs no SMS (D40)");
    let reasons: Vec<String> = content.unusable.iter().map(bridge_formats::Unusable::reason).collect();
    assert_eq!(reasons[..2], ["results[1].from is missing: the sender", "results[2] is no object"]);
    assert_eq!((reasons.len(), content.report), (2, None));
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    infobip().carries(|sender, text| batch(&json!([{"from": sender, "text": text}])));
    assert_eq!(infobip().one(&Request::json(SMS.replace("VERIFY 482913", "a\\ud83d"))).text, "a\\ud83d");
}

#[test]
fn what_is_no_batch_is_refused() {
    for body in ["", "[]", "{}", r#"{"results":{}}"#, r#"{"results":[],"results":[]}"#] {
        let refused = infobip().refuses(&Request::json(body));
        assert!(refused.starts_with("the body is not as expected: "), "{refused}");
    }
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    infobip().leaves_alone(&batch(&json!([])));
    infobip().leaves_alone(&batch(&json!([
        {"messageId": "m3", "to": "2", "status": {"groupName": "DELIVERED"}, "doneAt": "2026-09-22T12:03:11.000+0000"},
    ])));
}

#[test]
fn a_message_that_is_no_sms_is_told_by_its_kind() {
    for (kind, told) in [
        (json!("RCS"), EventKind::Rcs),
        (json!("MMS"), EventKind::Mms),
        (json!("WHATSAPP"), EventKind::OtherChannel),
        (Value::Null, EventKind::Mms),
    ] {
        let row = json!({"from": "1", "to": "2", "message": {"type": "TEXT"}, "integrationType": kind,
            "receivedAt": "2026-09-22T12:03:11.000+0000"});
        infobip().tells(&batch(&json!([row])), told, Some(("1", "")));
    }
    // With a text it is an SMS, and without either one that lacks its text.
    let both = json!({"from": "1", "to": "2", "message": {}, "text": "a"});
    assert_eq!(infobip().one(&batch(&json!([both]))).text, "a");
    let neither = infobip().reads(&batch(&json!([{"from": "1", "to": "2"}]))).unwrap();
    assert_eq!(neither.unusable[0].reason(), "results[0].text is missing: the text");
}

#[test]
fn it_is_recognised_by_its_names() {
    assert!(infobip().recognises(&Request::json(SMS)));
    assert!(infobip().recognises(&Request::json(r#"{"results":[],"pendingMessageCount":0}"#)));
    assert!(infobip().recognises(&Request::json(r#"{"results":[],"messageCount":0}"#)));
    assert!(!infobip().recognises(&Request::json(r#"{"results":[]}"#)));
}

#[test]
fn it_signs_nothing_and_does_not_care_what_it_hears() {
    assert!(infobip().0.verify.is_none());
    assert_eq!(infobip().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    infobip().survives(&Request::json(SMS));
}
