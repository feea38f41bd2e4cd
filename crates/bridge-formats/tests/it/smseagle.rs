//! smseagle: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

const SMS: &str =
    r#"sender=15550100001&timestamp=20260922120311&msgid=m1&text=VERIFY+482913&apikey=s3cret&modemno=2"#;

fn smseagle() -> Sender {
    Sender::named("smseagle")
}

fn sms() -> Request {
    Request::get(&format!("/sms/receive?{SMS}"))
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: bridge_core::Stamp::read("20260922120311"),
        delivery_id: Some("m1".into()),
        number: None,
        device: Some("2".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(smseagle().one(&sms()), verify_482913());
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::get(&format!("/?{body}"))
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    smseagle().carries(|sender, text| of(&[("sender", sender), ("text", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(smseagle().refuses(&of(&[("text", "a")])), "sender is missing: the sender");
    assert_eq!(smseagle().refuses(&of(&[("sender", "1")])), "text is missing: the text");
}

#[test]
fn its_secret_is_a_parameter() {
    assert_eq!(sms().incoming(smseagle().0.secret.unwrap()).as_deref(), Some("s3cret"));
    assert_eq!(smseagle().one(&Request::form(SMS)), verify_482913());
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("smseagle"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(smseagle().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    smseagle().survives(&Request::form(SMS));
}
