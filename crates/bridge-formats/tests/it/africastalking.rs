//! Africa's Talking.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

const SMS: &str =
    "from=%2B254700000001&to=12345&text=VERIFY+482913&date=2026-09-22T12%3A03%3A11Z&id=m1&linkId=";

fn africastalking() -> Sender {
    Sender::named("africastalking")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+254700000001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: Some("12345".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(africastalking().one(&Request::form(SMS)), verify_482913());
    let older = SMS.replace("2026-09-22T12%3A03%3A11Z", "2026-09-22+12%3A03%3A11");
    assert_eq!(africastalking().one(&Request::form(older)), verify_482913());
    let bare = africastalking().one(&Request::form("from=1&text=&date=&id=&to="));
    assert_eq!(bare, Delivered { sender: "1".into(), ..Delivered::default() });
}

#[test]
fn a_plus_that_was_not_encoded_is_a_space_that_is_kept() {
    assert_eq!(africastalking().one(&Request::form("from=+254700000001&text=a")).sender, " 254700000001");
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    africastalking().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new("id=m1".to_owned());
        Request::form(form.append_pair("from", sender).append_pair("text", text).finish())
    });
    assert_eq!(africastalking().one(&Request::form("from=1&text=caf%E9%00")).text, "caf\\xe9\\u0000");
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("text=a&id=m1", "from is missing: the sender"),
        ("from=1&id=m1", "text is missing: the text"),
        ("id=m1", "from is missing: the sender; text is missing: the text"),
    ] {
        assert_eq!(africastalking().refuses(&Request::form(body)), reason);
    }
    let stamp = africastalking().one(&Request::form("from=1&text=a&date=noon")).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    for body in [
        "id=m1&status=Success&phoneNumber=%2B254700000001&networkCode=63902&retryCount=0",
        "senderId=BRIDGE&phoneNumber=%2B254700000001",
        "phoneNumber=%2B254700000001&shortCode=12345&keyword=x&updateType=Addition",
    ] {
        africastalking().leaves_alone(&Request::form(body));
    }
}

#[test]
fn it_is_recognised_by_its_names() {
    assert!(africastalking().recognises(&Request::form(SMS)));
    assert!(!africastalking().recognises(&Request::form("from=1&to=2&text=a&date=x&id=m1")));
}

#[test]
fn it_signs_nothing_and_wants_to_hear_nothing() {
    assert!(africastalking().0.verify.is_none());
    assert_eq!(africastalking().0.reply, Reply::Fixed { content_type: "text/plain", body: "" });
}

#[test]
fn hostile_bodies_are_survived() {
    africastalking().survives(&Request::form(SMS));
}
