//! msg91: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, EventKind, Reply};

use crate::table::{Request, Sender};

const SMS: &str = r#"number=15550100001&message=VERIFY+482913&requestId=m1"#;

fn msg91() -> Sender {
    Sender::named("msg91")
}

fn sms() -> Request {
    Request::form(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: None,
        delivery_id: Some("m1".into()),
        number: None,
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(msg91().one(&sms()), verify_482913());
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::form(body)
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    msg91().carries(|sender, text| of(&[("number", sender), ("message", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(msg91().refuses(&of(&[("message", "a")])), "number is missing: the sender");
    assert_eq!(msg91().refuses(&of(&[("number", "1")])), "message is missing: the text");
}

#[test]
fn the_keyword_that_was_taken_off_is_put_back() {
    for (form, text) in [
        ("mobile=1&keyword=ONBOARD&message=%3Aa06f", "ONBOARD :a06f"),
        ("mobile=1&keyword=onboard&message=ONBOARD%3Aa06f", "ONBOARD:a06f"),
        ("sender=1&content=a", "a"),
    ] {
        assert_eq!(msg91().one(&Request::form(form)).text, text, "{form}");
    }
    let json = Request::json(r#"{"mobile":"15550100001","message":"VERIFY 482913","request_id":"m1"}"#);
    assert_eq!(msg91().one(&json), verify_482913());
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let report = Request::form("data=%5B%7B%22senderId%22%3A%22x%22%2C%22report%22%3A%5B%5D%7D%5D");
    msg91().tells(&report, EventKind::DeliveryReport, None);
    let report =
        Request::json(r#"{"date":"2024-05-22 09:58:16","number":"91","status":"1","desc":"DELIVERED"}"#);
    msg91().tells(&report, EventKind::DeliveryReport, None);
}

#[test]
fn it_is_told_by_its_route_alone() {
    assert!(msg91().0.recognises.is_none());
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(msg91().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    msg91().survives(&sms());
}
