//! exotel: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

const SMS: &str =
    r#"SmsSid=m1&From=%2B15550100001&To=%2B15550199999&Date=2026-09-22+12%3A03%3A11&Body=VERIFY+482913"#;

fn exotel() -> Sender {
    Sender::named("exotel")
}

fn sms() -> Request {
    Request::get(&format!("/sms/receive?{SMS}"))
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: bridge_core::Stamp::read("2026-09-22 12:03:11"),
        delivery_id: Some("m1".into()),
        number: Some("+15550199999".into()),
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(exotel().one(&sms()), verify_482913());
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::get(&format!("/?{body}"))
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    exotel().carries(|sender, text| of(&[("From", sender), ("Body", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(exotel().refuses(&of(&[("Body", "a")])), "From is missing: the sender");
    assert_eq!(exotel().refuses(&of(&[("From", "1")])), "Body is missing: the text");
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("exotel"));
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(exotel().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    exotel().survives(&Request::form(SMS));
}
