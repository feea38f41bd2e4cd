//! Telnyx. Keys and signature were made with python's cryptography, from the private key 00 01 02 … 1f.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"data":{"record_type":"event","id":"e1","event_type":"message.received","occurred_at":"2026-09-22T12:03:12.000+00:00","payload":{"id":"m1","direction":"inbound","type":"SMS","from":{"phone_number":"+15550100001"},"to":[{"phone_number":"+15550199999"}],"text":"VERIFY 482913","received_at":"2026-09-22T12:03:11.900+00:00","parts":1}},"meta":{"attempt":1,"delivered_to":"https://sms.example.org/sms/receive"}}"#;
const KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const OTHER_KEY: &str = "ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=";
const SIGNED_AT: i64 = 1_790_000_000;
const SIGNATURE: &str =
    "BP4EwfuweIbTWF6p+RCXB5d1Qjgkrl2pSnjqVcgMbdQwTPL+HzyFqpoJFi9YtlusVuAMGAbFw5RTq+shgZQjDg==";

fn telnyx() -> Sender {
    Sender::named("telnyx")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_900).into()),
        delivery_id: Some("m1".into()),
        number: Some("+15550199999".into()),
        ..Delivered::default()
    }
}

/// The SMS with one value of it changed, or taken away by null.
fn with(pointer: &str, value: Value) -> Request {
    let mut sms: Value = serde_json::from_str(SMS).unwrap();
    *sms.pointer_mut(pointer).unwrap() = value;
    Request::json(sms.to_string())
}

#[test]
fn an_sms_is_read() {
    assert_eq!(telnyx().one(&Request::json(SMS)), verify_482913());
    assert_eq!(telnyx().one(&Request::post("", SMS)), verify_482913());
    for (pointer, value) in [
        ("/data/payload/direction", Value::Null),
        ("/data/payload/type", Value::Null),
        ("/data/id", json!("e2")),
        ("/meta/attempt", json!(2)),
        ("/data/payload/from", json!("+15550100001")),
        ("/data/payload/to", json!("+15550199999")),
    ] {
        assert_eq!(telnyx().one(&with(pointer, value)), verify_482913(), "{pointer}");
    }
    let unnamed = telnyx().one(&with("/data/payload/id", json!("")));
    assert_eq!(unnamed.delivery_id, None);
    assert_eq!(telnyx().one(&with("/data/payload/to", json!([]))).number, None);
}

#[test]
fn where_no_time_of_receipt_stands_the_event_has_one() {
    let stamp = |value| telnyx().one(&with("/data/payload/received_at", value)).stamp;
    assert_eq!(stamp(Value::Null), Some(Timestamp(1_790_078_592_000).into()));
    assert_eq!(stamp(json!("")), Some(Timestamp(1_790_078_592_000).into()));
    assert_eq!(stamp(json!(1_790_078_591_900_u64)), Some(Timestamp(1_790_078_591_900).into()));
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    telnyx().carries(|sender, text| {
        let payload = json!({"from": {"phone_number": sender}, "text": text});
        Request::json(json!({"data": {"event_type": "message.received", "payload": payload}}).to_string())
    });
    let halved = SMS.replace("VERIFY 482913", "a\\ud83d");
    assert_eq!(telnyx().one(&Request::json(halved)).text, "a\\ud83d");
    let latin1 = [
        b"{\"data\":{\"event_type\":\"message.received\",\"payload\":{\"from\":\"1\",\"text\":\"caf",
        &b"\xe9\"}}}"[..],
    ]
    .concat();
    assert_eq!(telnyx().one(&Request::json(latin1)).text, "caf\\xe9");
}

#[test]
fn what_is_missing_is_named() {
    for (pointer, value, reason) in [
        ("/data/payload/from", Value::Null, "data.payload.from.phone_number is missing: the sender"),
        ("/data/payload/text", Value::Null, "data.payload.text is missing: the text"),
        ("/data/payload/text", json!(["a"]), "data.payload.text must be a text, not a list"),
    ] {
        assert_eq!(telnyx().refuses(&with(pointer, value)), reason);
    }
    let stamp = telnyx().one(&with("/data/payload/received_at", json!("noon"))).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
    for body in ["", "[]", "{}", r#"{"data":7}"#, r#"{"data":{},"data":{}}"#] {
        let refused = telnyx().refuses(&Request::json(body));
        assert!(refused.starts_with("the body is not as expected: "), "{refused}");
    }
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    for (pointer, value) in [
        ("/data/event_type", json!("message.sent")),
        ("/data/event_type", json!("message.finalized")),
        ("/data/event_type", json!("call.initiated")),
        ("/data/event_type", Value::Null),
        ("/data/payload", Value::Null),
        ("/data/payload/direction", json!("outbound")),
        ("/data/payload/type", json!("MMS")),
    ] {
        telnyx().leaves_alone(&with(pointer, value));
    }
}

#[test]
fn half_of_its_names_are_nobodys() {
    for body in [r#"{"data":{"record_type":"event"}}"#, r#"{"data":{"record_type":"sms","event_type":"x"}}"#]
    {
        assert!(!telnyx().recognises(&Request::json(body)), "{body}");
    }
}

#[test]
fn each_event_has_its_kind() {
    for (kind, told) in [
        (json!("call.initiated"), EventKind::Call),
        (json!("message.sent"), EventKind::DeliveryReport),
        (json!("10dlc.brand.update"), EventKind::Other),
        (json!("recall.me"), EventKind::Other),
        (Value::Null, EventKind::Other),
    ] {
        telnyx().tells(&Request::json(SMS).set("/data/event_type", kind), told, None);
    }
    for (kind, told) in [
        ("MMS", EventKind::Mms),
        ("mms", EventKind::Mms),
        ("RCS", EventKind::Rcs),
        ("WhatsApp", EventKind::OtherChannel),
    ] {
        let other = Request::json(SMS).set("/data/payload/type", json!(kind));
        telnyx().tells(&other, told, Some(("+15550100001", "VERIFY 482913")));
    }
    let outbound = Request::json(SMS).set("/data/payload/direction", json!("outbound"));
    telnyx().tells(&outbound, EventKind::DeliveryReport, None);
}

#[test]
fn a_key_is_looked_at_when_it_is_given() {
    let wrong = telnyx().0.wrong_key.unwrap();
    for good in [KEY.to_owned(), format!(" {KEY}\n")] {
        assert_eq!(wrong(&good), None);
    }
    for bad in ["", "nonsense", &KEY[..40], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        assert!(wrong(bad).is_some(), "{bad}");
    }
}

#[test]
fn it_is_recognised_by_its_signature_and_its_event() {
    assert!(telnyx().recognises(&Request::json(SMS)));
    assert!(telnyx().recognises(&Request::json("{}").with("telnyx-signature-ed25519", "x")));
    assert!(
        !telnyx()
            .recognises(&Request::json(r#"{"data":{"message_id":"1"},"type":"message.phone.received"}"#))
    );
}

#[test]
fn its_signature_covers_the_body_and_a_fresh_stamp() {
    let signed = |body: &str, signature: &str, stamp: &str| {
        Request::json(body).with("telnyx-signature-ed25519", signature).with("telnyx-timestamp", stamp)
    };
    let right = signed(SMS, SIGNATURE, "1790000000");
    for (keys, now, expected) in [
        (&[KEY][..], SIGNED_AT, Ok(())),
        (&[OTHER_KEY, KEY], SIGNED_AT, Ok(())),
        (&[KEY, OTHER_KEY], SIGNED_AT + 300, Ok(())),
        (&[KEY], SIGNED_AT - 300, Ok(())),
        (&[KEY], SIGNED_AT + 301, Err(Unsigned::Stale)),
        (&[KEY], SIGNED_AT - 301, Err(Unsigned::Stale)),
        (&[OTHER_KEY], SIGNED_AT, Err(Unsigned::Wrong)),
        (&["no key at all", ""], SIGNED_AT, Err(Unsigned::Wrong)),
        (&[], SIGNED_AT, Err(Unsigned::Wrong)),
    ] {
        assert_eq!(telnyx().verifies(&right, keys, now, &[]), expected, "{keys:?} {now}");
    }
    let altered = SMS.replace("482913", "482914");
    for wrong in [
        signed(&altered, SIGNATURE, "1790000000"),
        signed(SMS, SIGNATURE, "1790000001"),
        signed(SMS, SIGNATURE, "soon"),
        signed(SMS, "not base64", "1790000000"),
        signed(SMS, "", "1790000000"),
    ] {
        assert_eq!(telnyx().verifies(&wrong, &[KEY], SIGNED_AT, &[]), Err(Unsigned::Wrong), "{wrong:?}");
    }
    for half in [
        Request::json(SMS),
        Request::json(SMS).with("telnyx-signature-ed25519", SIGNATURE),
        Request::json(SMS).with("telnyx-timestamp", "1790000000"),
    ] {
        assert_eq!(telnyx().verifies(&half, &[KEY], SIGNED_AT, &[]), Err(Unsigned::Missing));
    }
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(telnyx().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    telnyx().survives(&Request::json(SMS));
}
