//! rapidpro: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

const SMS: &str = r#"from=%2B15550100001&text=VERIFY+482913&date=2026-09-22T12%3A03%3A11Z"#;

fn rapidpro() -> Sender {
    Sender::named("rapidpro")
}

fn sms() -> Request {
    Request::form(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: None,
        number: None,
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(rapidpro().one(&sms()), verify_482913());
    let to = rapidpro().one(&Request::form(format!("{SMS}&to=15550199999")));
    assert_eq!(to.number.as_deref(), Some("15550199999"));
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::form(body)
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    rapidpro().carries(|sender, text| of(&[("from", sender), ("text", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(rapidpro().refuses(&of(&[("text", "a")])), "from is missing: the sender");
    assert_eq!(rapidpro().refuses(&of(&[("from", "1")])), "text is missing: the text");
}

#[test]
fn it_has_two_names_for_each() {
    let form = "sender=%2B15550100001&text=VERIFY+482913&time=2026-09-22T12%3A03%3A11Z";
    assert_eq!(rapidpro().one(&Request::form(form)), verify_482913());
    assert_eq!(rapidpro().one(&Request::get(&format!("/?{form}"))), verify_482913());
}

#[test]
fn it_is_told_by_its_route_alone() {
    assert!(rapidpro().0.recognises.is_none());
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(
        rapidpro().0.reply,
        Reply::Fixed {
            content_type: "application/json",
            body: r#"{"message":"Message Accepted","data":[]}"#
        }
    );
}

#[test]
fn hostile_bodies_are_survived() {
    rapidpro().survives(&sms());
}
