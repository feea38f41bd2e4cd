//! vonage_messages: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};
use serde_json::json;

use crate::table::{Request, Sender};

const SMS: &str = r#"{"channel":"sms","message_uuid":"m1","to":"15550199999","from":"15550100001","timestamp":"2026-09-22T12:03:11Z","text":"VERIFY 482913","message_type":"text","sms":{"num_messages":"1","keyword":"VERIFY"},"usage":{"currency":"EUR","price":"0.0333"},"origin":{"network_code":"12345"}}"#;

fn vonage_messages() -> Sender {
    Sender::named("vonage_messages")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("m1".into()),
        number: Some("15550199999".into()),
        device: None,
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(vonage_messages().one(&sms()), verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    vonage_messages().carries(|sender, text| sms().set("/from", json!(sender)).set("/text", json!(text)));
}

#[test]
fn what_is_missing_is_named() {
    let lacking = |pointer: &str| {
        let content = vonage_messages().reads(&sms().without(pointer));
        content.map_or_else(|why| why.reason(), |content| content.unusable[0].reason())
    };
    assert!(lacking("/from").ends_with("is missing: the sender"), "{}", lacking("/from"));
    assert!(lacking("/text").ends_with("is missing: the text"), "{}", lacking("/text"));
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let other = |channel: &str| sms().set("/channel", json!(channel));
    vonage_messages().tells(&other("mms"), EventKind::Mms, Some(("15550100001", "VERIFY 482913")));
    vonage_messages().tells(&other("rcs"), EventKind::Rcs, Some(("15550100001", "VERIFY 482913")));
    vonage_messages().tells(
        &other("whatsapp"),
        EventKind::OtherChannel,
        Some(("15550100001", "VERIFY 482913")),
    );
    let image = sms().set("/message_type", json!("image"));
    let text = vonage_messages().one(&sms());
    vonage_messages().tells(&image, EventKind::Binary, Some((&text.sender, &text.text)));
    let status = sms().without("/text").set("/status", json!("delivered"));
    vonage_messages().tells(&status, EventKind::DeliveryReport, None);
}

const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3OTAwMDAwMDAsImp0aSI6ImoiLCJpc3MiOiJWb25hZ2UiLCJwYXlsb2FkX2hhc2giOiI2ZTIzODFjYTA4NWYxNzliMGFlYzJlNDAzNjdkZGRjZmM1OTIzMjMxNDhhOWE0M2UyMjJmZDkzNGE4NWQ2ZWFmIiwiYXBpX2tleSI6ImsifQ.LvhHG77eSY6sNR8S61fH4tzA86kR6MQ3Aia_2QFdNcQ";
const WITHOUT_HASH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3OTAwMDAwMDAsImp0aSI6ImoiLCJpc3MiOiJWb25hZ2UiLCJhcGlfa2V5IjoiayJ9.lXS-8LFXeo7_HZrz9xApmqhdcHsgDS_ZNOVtmzYM9SA";

#[test]
fn its_token_names_the_body_and_the_time() {
    let bearing = |token: &str| sms().with("authorization", &format!("Bearer {token}"));
    let verified =
        |request: &Request, keys: &[&str], now| vonage_messages().verifies(request, keys, now, &[]);
    assert_eq!(verified(&bearing(TOKEN), &["test-signing-key"], 1790000000), Ok(()));
    assert_eq!(verified(&bearing(TOKEN), &["other"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(verified(&bearing(TOKEN), &["test-signing-key"], 1790000000 + 301), Err(Unsigned::Stale));
    assert_eq!(verified(&bearing(WITHOUT_HASH), &["test-signing-key"], 1790000000), Err(Unsigned::Wrong));
    let altered = bearing(TOKEN).set("/text", json!("VERIFY 482914"));
    assert_eq!(verified(&altered, &["test-signing-key"], 1790000000), Err(Unsigned::Wrong));
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000), Err(Unsigned::Missing));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("vonage_messages"));
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(vonage_messages().0.reply, Reply::Fixed { content_type: "text/plain", body: r#""# });
}

#[test]
fn hostile_bodies_are_survived() {
    vonage_messages().survives(&sms());
}
