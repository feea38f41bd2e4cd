//! raspisms: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};

use crate::table::{Request, Sender};

const SMS: &str = r#"webhook_timestamp=1790078591&webhook_type=receive_sms&webhook_random_id=1790000000-0f0e&webhook_signature=33e3911dbe289d16ade97f6c7c422e4bd07d1ee0ce4c3ac80a1719ef03d31178&body=%7B%22id%22%3A7%2C%22at%22%3A%222026-09-22+12%3A03%3A11%22%2C%22text%22%3A%22VERIFY+482913%22%2C%22destination%22%3A1%2C%22origin%22%3A%22%2B15550100001%22%2C%22command%22%3Afalse%2C%22mms%22%3Afalse%2C%22medias%22%3A%5B%5D%7D"#;

fn raspisms() -> Sender {
    Sender::named("raspisms")
}

fn sms() -> Request {
    Request::form(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("7".into()),
        number: None,
        device: Some("1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(raspisms().one(&sms()), verify_482913());
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let of = |kind: &str| sms().body(SMS.replace("receive_sms", kind));
    raspisms().tells(&of("send_sms"), EventKind::DeliveryReport, None);
    raspisms().tells(&of("inbound_call"), EventKind::Call, None);
    raspisms().tells(&of("quota_reached"), EventKind::Other, None);
    let mms = sms().body(SMS.replace("%22mms%22%3Afalse", "%22mms%22%3Atrue"));
    raspisms().tells(&mms, EventKind::Mms, Some(("+15550100001", "VERIFY 482913")));
}

#[test]
fn its_signature_covers_an_id_with_the_time() {
    let verified = |request: &Request, keys: &[&str], now| raspisms().verifies(request, keys, now, &[]);
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000), Ok(()));
    assert_eq!(verified(&sms(), &["other"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000 + 301), Err(Unsigned::Stale));
    let altered = sms().body(SMS.replace("1790000000-0f0e", "1790000001-0f0e"));
    assert_eq!(verified(&altered, &["test-signing-key"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(
        verified(&Request::form("webhook_type=receive_sms"), &["test-signing-key"], 1790000000),
        Err(Unsigned::Missing)
    );
}

#[test]
fn what_is_missing_in_its_json_is_named() {
    let of = |body: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        Request::form(form.append_pair("webhook_type", "receive_sms").append_pair("body", body).finish())
    };
    assert_eq!(raspisms().refuses(&of(r#"{"text":"a"}"#)), "body.origin is missing: the sender");
    assert!(raspisms().refuses(&of("nonsense")).starts_with("body "));
    assert!(raspisms().refuses(&of("")).starts_with("body is empty"));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("raspisms"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(raspisms().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    raspisms().survives(&sms());
}
