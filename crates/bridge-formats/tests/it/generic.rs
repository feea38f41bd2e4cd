//! The generic names: the predecessor's JSON, the form of its phone app, and the bridge's own signature.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, Unsigned};

use crate::table::{JSON, Request, Sender};

const PREDECESSOR: &str =
    r#"{"mobile_number":"+15550100001","message":"VERIFY 482913","received_at":"2026-09-22T12:03:11Z"}"#;
const PHONE_APP: &str = "number=%2B15550100001&message=VERIFY+482913&timestamp=1790078591000";
const KEY: &str = "test-signing-key";
/// Made with python's hmac over PREDECESSOR followed by 1790000000.
const SIGNATURE: &str = "171789701c4d0801bb564eaa6aaa2d740fcb79359e6f72051ad61888798e11a9";
const SIGNED_AT: i64 = 1_790_000_000;

fn generic() -> Sender {
    Sender::named("generic")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        ..Delivered::default()
    }
}

#[test]
fn the_predecessors_json_and_the_form_of_its_phone_app_are_read() {
    assert_eq!(generic().one(&Request::json(PREDECESSOR)), verify_482913());
    assert_eq!(generic().one(&Request::form(PHONE_APP)), verify_482913());
    for request in [Request::json(PREDECESSOR), Request::form(PHONE_APP)] {
        assert!(bridge_formats::FORMATS.iter().all(|format| !Sender(format).recognises(&request)));
    }
}

#[test]
fn a_plus_that_was_not_encoded_is_a_space_that_is_kept() {
    assert_eq!(generic().one(&Request::form("number=+15550100001&message=a")).sender, " 15550100001");
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    generic().carries(|sender, text| {
        Request::json(serde_json::json!({"mobile_number": sender, "message": text}).to_string())
    });
    generic().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        Request::form(form.append_pair("number", sender).append_pair("message", text).finish())
    });
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        (r#"{"message":"a"}"#, "mobile_number is missing: the sender, as any of mobile_number, "),
        (r#"{"mobile_number":"+15550100001"}"#, "sms_message is missing: the text, as any of sms_message, "),
        ("[]", "the body is JSON, but not one object"),
    ] {
        let refused = generic().refuses(&Request::json(body));
        assert!(refused.starts_with(reason), "{refused}");
    }
}

#[test]
fn what_the_query_says_is_no_other_sms() {
    let url = "/sms/receive?sender=%2B15550100002";
    let read = generic().reads(&Request::json(PREDECESSOR).at(url)).unwrap();
    assert_eq!(read.sms[0].also_sender, ["+15550100002"]);
    let text = Request::json(PREDECESSOR).at("/sms/receive?text=b");
    assert!(generic().reads(&text).unwrap_err().contradictory);
    // Of a GET the query is all that there is.
    let get = Request::get("/sms/receive?sender=%2B15550100001&text=a&text=a");
    assert!(generic().reads(&get).is_err(), "a name that stands twice");
    let get = generic().one(&Request::get("/sms/receive?sender=%2B15550100001&text=a"));
    assert_eq!((get.sender.as_str(), get.text.as_str()), ("+15550100001", "a"));
}

#[test]
fn a_value_of_the_wrong_kind_is_named() {
    let body = r#"{"mobile_number":"+15550100001","message":"a","device_id":{"x":1}}"#;
    assert_eq!(generic().refuses(&Request::json(body)), "device_id must be a text, not an object");
}

#[test]
fn its_signature_covers_the_body_and_a_fresh_stamp() {
    let signed = |body: &str, signature: &str, stamp: i64| {
        Request::post(JSON, body).with("x-signature", signature).with("x-timestamp", &stamp.to_string())
    };
    let right = signed(PREDECESSOR, SIGNATURE, SIGNED_AT);
    let now = SIGNED_AT + 300;
    assert_eq!(generic().verifies(&right, &[KEY], now, &[]), Ok(()));
    assert_eq!(generic().verifies(&right, &["new", KEY], now, &[]), Ok(()));
    assert_eq!(generic().verifies(&right, &[KEY, KEY], now, &[]), Ok(()), "a key that is known twice");
    assert_eq!(generic().verifies(&right, &["new"], now, &[]), Err(Unsigned::Wrong));
    assert_eq!(generic().verifies(&right, &[KEY], now + 1, &[]), Err(Unsigned::Stale));
    assert_eq!(generic().verifies(&right, &[KEY], SIGNED_AT - 301, &[]), Err(Unsigned::Stale));
    let altered = signed(&PREDECESSOR.replace("482913", "482914"), SIGNATURE, SIGNED_AT);
    assert_eq!(generic().verifies(&altered, &[KEY], now, &[]), Err(Unsigned::Wrong));
    let moved = signed(PREDECESSOR, SIGNATURE, now);
    assert_eq!(generic().verifies(&moved, &[KEY], now, &[]), Err(Unsigned::Wrong));
    for header in ["x-signature", "x-timestamp"] {
        let other = Request::json(PREDECESSOR).with(header, "1");
        assert_eq!(generic().verifies(&other, &[KEY], now, &[]), Err(Unsigned::Missing));
    }
}

#[test]
fn hostile_bodies_are_survived() {
    generic().survives(&Request::json(PREDECESSOR));
    generic().survives(&Request::form(PHONE_APP));
}
