//! messagebird: what it sends, and what becomes of it. Signatures were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Unsigned};

use crate::table::{Request, Sender};

const SMS: &str = r#"id=m1&recipient=15550199999&originator=15550100001&body=VERIFY+482913&createdDatetime=2026-09-22T12%3A03%3A11%2B00%3A00"#;

fn messagebird() -> Sender {
    Sender::named("messagebird")
}

fn sms() -> Request {
    Request::form(SMS)
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
    assert_eq!(messagebird().one(&sms()), verify_482913());
}

fn of(pairs: &[(&str, &str)]) -> Request {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Request::form(body)
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    messagebird().carries(|sender, text| of(&[("originator", sender), ("body", text)]));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(messagebird().refuses(&of(&[("body", "a")])), "originator is missing: the sender");
    assert_eq!(messagebird().refuses(&of(&[("originator", "1")])), "body is missing: the text");
}

#[test]
fn a_short_code_has_names_of_its_own() {
    let form = "shortcode=51515&message=VERIFY+482913&mid=m1&recipient=51515&originator=15550100001&receive_datetime=20260922120311";
    let read = messagebird().one(&Request::form(form));
    assert_eq!(
        (read.text.as_str(), read.delivery_id.as_deref(), read.stamp),
        ("VERIFY 482913", Some("m1"), bridge_core::Stamp::read("20260922120311"))
    );
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let mms = format!("{SMS}&mediaUrls=https%3A%2F%2Fexample.org%2F1");
    messagebird().tells(&Request::form(mms), EventKind::Mms, Some(("15550100001", "VERIFY 482913")));
    let report = Request::form("id=m1&recipient=1&status=delivered&statusDatetime=x");
    messagebird().tells(&report, EventKind::DeliveryReport, None);
}

const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTc4OTk5OTk0MCwiZXhwIjoxNzkwMDAwMDYwLCJqdGkiOiJqIiwidXJsX2hhc2giOiJhYzU3ZTM2ZGJiNjIzNGIzMzNmMmE0YWQ4MGMwMzJmMzViM2ZkNmM2YWY2M2M1MWVlZTQ2OWJlZDYxNmVmODFiIiwicGF5bG9hZF9oYXNoIjoiZDY0MzQ2ZGYxNzU2NjJhODcyOGU4NWFjNjc1ZjU2NGIyOWRhZDQxYTI3ZjdhZTA4OGM2MDQzM2Q3MjQyMmU2NCJ9.LKy-lAoniVsV5CCGBqbEipHyBg5zl8fkQrCqgxiYRQM";
const URL: &str = "https://sms.example.org/sms/receive";

#[test]
fn its_token_names_the_url_and_the_body() {
    let signed = sms().with("messagebird-signature-jwt", TOKEN);
    let verified = |request: &Request, keys: &[&str], now, urls: &[&str]| {
        messagebird().verifies(request, keys, now, urls)
    };
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000, &["http://other", URL]), Ok(()));
    assert_eq!(verified(&signed, &["other"], 1790000000, &[URL]), Err(Unsigned::Wrong));
    assert_eq!(verified(&signed, &["test-signing-key"], 1790000000, &["http://other"]), Err(Unsigned::Wrong));
    // Made at 1789999940, good until 1790000060, and a minute more on both ends.
    for (now, expected) in [
        (1789999879, Err(Unsigned::Stale)),
        (1789999880, Ok(())),
        (1790000120, Ok(())),
        (1790000121, Err(Unsigned::Stale)),
    ] {
        assert_eq!(verified(&signed, &["test-signing-key"], now, &[URL]), expected, "{now}");
    }
    assert_eq!(
        verified(&signed.body("originator=1"), &["test-signing-key"], 1790000000, &[URL]),
        Err(Unsigned::Wrong)
    );
    assert_eq!(verified(&sms(), &["test-signing-key"], 1790000000, &[URL]), Err(Unsigned::Missing));
}

#[test]
fn it_is_recognised() {
    assert_eq!(Sender::of(&sms()), Some("messagebird"));
}

#[test]
fn it_hears_what_it_wants() {
    assert_eq!(messagebird().0.reply, Reply::Fixed { content_type: "text/plain", body: r#"OK"# });
}

#[test]
fn hostile_bodies_are_survived() {
    messagebird().survives(&sms());
}
