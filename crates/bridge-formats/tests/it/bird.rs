//! bird: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"{"service":"channels","event":"sms.inbound","payload":{"id":"m1","channelId":"c1","sender":{"contact":{"id":"k1","identifierKey":"phonenumber","identifierValue":"+15550100001"}},"receiver":{"connector":{"id":"r1"}},"body":{"type":"text","text":{"text":"VERIFY 482913"}},"parts":[{"platformReference":"p1"}],"status":"delivered","direction":"incoming","createdAt":"2026-09-22T12:03:11Z","updatedAt":"2026-09-22T12:03:11Z"}}"#;

fn bird() -> Sender {
    Sender::named("bird")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: None,
        device: Some("c1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(bird().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    bird().carries(|sender, text| {
        sms()
            .set("/payload/sender/contact/identifierValue", json!(sender))
            .set("/payload/body/text/text", json!(text))
    });
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = bird().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(
        lacking("/payload/sender/contact/identifierValue").ends_with("is missing: the sender"),
        "{}",
        lacking("/payload/sender/contact/identifierValue")
    );
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let of = |event: &str| sms().set("/event", json!(event));
    let told = Some(("+15550100001", "VERIFY 482913"));
    bird().tells(&of("whatsapp.inbound"), EventKind::OtherChannel, told);
    bird().tells(&of("rcs.inbound"), EventKind::Rcs, told);
    bird().tells(&of("sms.outbound"), EventKind::DeliveryReport, None);
    bird().tells(&of("something"), EventKind::Other, None);
    let picture = sms().set("/payload/body", json!({"type": "image", "image": {"images": []}}));
    bird().tells(&picture, EventKind::Mms, Some(("+15550100001", "")));
}

const URL: &str = "https://sms.example.org/sms/receive";

#[test]
fn its_signature_covers_time_url_and_body() {
    let signed = sms()
        .with("messagebird-signature", "nN1d/I11Wd6Mm0d3vaDq8UAMxgQ8ffkMavv/fNCv08I=")
        .with("messagebird-request-timestamp", "1790000000");
    let verified =
        |request: &Request, keys: &[&str], now, urls: &[&str]| bird().verifies(request, keys, now, urls);
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000, &["http://other", URL]), Ok(()));
    assert_eq!(verified(&signed, &["other"], 1790000000, &[URL]), Err(Unsigned::Wrong));
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000, &["http://other"]), Err(Unsigned::Wrong));
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000 + 301, &[URL]), Err(Unsigned::Stale));
    let altered = signed.set("/payload/id", json!("m2"));
    assert_eq!(verified(&altered, &["test-signing-key"], 1790000000, &[URL]), Err(Unsigned::Wrong));
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000, &[URL]), Err(Unsigned::Missing));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("bird"));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(bird().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    bird().survives(&sms());
}
