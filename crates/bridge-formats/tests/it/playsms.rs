//! playsms: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

const SMS: &str = r#"sms_datetime=2026-09-22+12%3A03%3A11&sms_sender=%2B15550100001&sms_receiver=15550199999&smsc=g1&message=VERIFY+482913"#;

fn playsms() -> Sender {
    Sender::named("playsms")
}

fn sms() -> Request {
    Request::get(&format!("/sms/receive?{SMS}"))
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: bridge_core::Stamp::read("2026-09-22 12:03:11"),
        delivery_id: None,
        number: Some("15550199999".into()),
        device: Some("g1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(playsms().one(&sms()), verify_482913());
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::get(&format!("/?{body}"))
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    playsms().carries(|sender, text| of(&[("sms_sender", sender), ("message", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(playsms().refuses(&of(&[("message", "a")])), "sms_sender is missing: the sender");
    assert_eq!(playsms().refuses(&of(&[("sms_sender", "1")])), "message is missing: the text");
}

#[test]
fn all_of_it_may_be_one_parameter() {
    let query = "payload=%7B%22datetime%22%3A%22x%22%2C%22sms_datetime%22%3A%222026-09-22+12%3A03%3A11%22%2C%22sms_sender%22%3A%22%2B15550100001%22%2C%22message%22%3A%22VERIFY+482913%22%2C%22sms_receiver%22%3A%2215550199999%22%2C%22smsc%22%3A%22g1%22%7D";
    assert_eq!(playsms().one(&Request::get(&format!("/?{query}"))), verify_482913());
    assert!(playsms().refuses(&Request::get("/?payload=x")).starts_with("payload "));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("playsms"));
    for one in ["sms_sender=1&message=a", "sms_datetime=1&message=a"] {
        assert!(!playsms().recognises(&Request::form(one)), "{one}");
    }
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(playsms().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    playsms().survives(&Request::form(SMS));
}
