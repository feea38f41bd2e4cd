//! httpSMS. The tokens were made with python's hmac and base64, for 1790000000 with ten minutes on either side.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, EventKind, Reply, Report, Unsigned};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"specversion":"1.0","id":"0d7c","source":"/v1/messages/receive","type":"message.phone.received","datacontenttype":"application/json","time":"2026-09-22T12:03:12Z","data":{"message_id":"5c4e","user_id":"u1","owner":"+15550199999","contact":"+15550100001","content":"VERIFY 482913","encrypted":false,"sim":"SIM1","timestamp":"2026-09-22T12:03:11.4Z","attachments":[]}}"#;
const TOLD: &str = r#"{"from":"+15550100001","to":"+15550199999","content":"VERIFY 482913","timestamp":"2026-09-22T12:03:11.400000000Z","sim":"SIM1","encrypted":false}"#;
const KEY: &str = "test-signing-key";
const URL: &str = "https://sms.example.org/sms/receive/httpsms";
const SIGNED_AT: i64 = 1_790_000_000;
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
const CLAIMS: &str = "eyJhdWQiOiJodHRwczovL3Ntcy5leGFtcGxlLm9yZy9zbXMvcmVjZWl2ZS9odHRwc21zIiwiZXhwIjoxNzkwMDAwNjAwLCJpYXQiOjE3OTAwMDAwMDAsImlzcyI6ImFwaS5odHRwc21zLmNvbSIsIm5iZiI6MTc4OTk5OTQwMCwic3ViIjoidTEifQ";
const SIGNATURE: &str = "tDptQym0IuAk28ApjmKdHYsOHIpmX7XPSUOdwwnpYCI";
/// Its `aud` is a list of two.
const OF_TWO: (&str, &str) = (
    "eyJhdWQiOlsiaHR0cHM6Ly9vdGhlci5leGFtcGxlLm9yZy8iLCJodHRwczovL3Ntcy5leGFtcGxlLm9yZy9zbXMvcmVjZWl2ZS9odHRwc21zIl0sImV4cCI6MTc5MDAwMDYwMCwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJhcGkuaHR0cHNtcy5jb20iLCJuYmYiOjE3ODk5OTk0MDAsInN1YiI6InUxIn0",
    "4GzwXsZv4DyYyth1MJeqPl4sIm98c_wkLWKAdqfzy88",
);
const WITHOUT_AUD: (&str, &str) = (
    "eyJleHAiOjE3OTAwMDA2MDAsImlhdCI6MTc5MDAwMDAwMCwiaXNzIjoiYXBpLmh0dHBzbXMuY29tIiwibmJmIjoxNzg5OTk5NDAwLCJzdWIiOiJ1MSJ9",
    "xSH2kl1P3414N6HZiKlzrCdB6-TXWimYGsHYQi-nJJs",
);
const WITHOUT_EXP: (&str, &str) = (
    "eyJhdWQiOiJodHRwczovL3Ntcy5leGFtcGxlLm9yZy9zbXMvcmVjZWl2ZS9odHRwc21zIiwiaWF0IjoxNzkwMDAwMDAwLCJpc3MiOiJhcGkuaHR0cHNtcy5jb20iLCJuYmYiOjE3ODk5OTk0MDAsInN1YiI6InUxIn0",
    "F8M-jLR9P_xaPbRmzfszziTfe7z4h6FvJHTr-5Q80vQ",
);

fn httpsms() -> Sender {
    Sender::named("httpsms")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_400).into()),
        delivery_id: Some("5c4e".into()),
        number: Some("+15550199999".into()),
        device: Some("SIM1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(httpsms().one(&sms()), verify_482913());
    for (pointer, value) in [
        ("/data/timestamp", json!("2026-09-22T14:03:11.4+02:00")),
        ("/data/timestamp", json!(1_790_078_591_400_u64)),
        ("/data/encrypted", Value::Null),
        ("/data/encrypted", json!("no")),
        ("/id", json!("another event")),
        ("/time", json!(7)),
    ] {
        assert_eq!(httpsms().one(&sms().set(pointer, value)), verify_482913(), "{pointer}");
    }
}

#[test]
fn what_the_phone_tells_the_cloud_is_read() {
    assert_eq!(httpsms().one(&Request::json(TOLD)), Delivered { delivery_id: None, ..verify_482913() });
    let bare = Request::json(r#"{"from":"+15550100001","content":""}"#);
    assert_eq!(httpsms().one(&bare), Delivered { sender: "+15550100001".into(), ..Delivered::default() });
}

#[test]
fn what_is_empty_or_not_told_stays_open() {
    for (pointer, expected) in [
        ("/data/message_id", Delivered { delivery_id: Some("0d7c".into()), ..verify_482913() }),
        ("/data/timestamp", Delivered { stamp: None, ..verify_482913() }),
        ("/data/owner", Delivered { number: None, ..verify_482913() }),
        ("/data/sim", Delivered { device: None, ..verify_482913() }),
    ] {
        assert_eq!(httpsms().one(&sms().without(pointer)), expected, "{pointer}");
        assert_eq!(httpsms().one(&sms().set(pointer, json!(""))), expected, "{pointer}");
    }
    assert_eq!(httpsms().one(&sms().without("/data/message_id").without("/id")).delivery_id, None);
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    httpsms()
        .carries(|sender, text| sms().set("/data/contact", json!(sender)).set("/data/content", json!(text)));
    httpsms()
        .carries(|sender, text| Request::json(TOLD).set("/from", json!(sender)).set("/content", json!(text)));
    let halved = SMS.replace("VERIFY 482913", "a\\ud83d");
    assert_eq!(httpsms().one(&Request::json(halved)).text, "a\\ud83d");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(httpsms().refuses(&sms().without("/data/contact")), "data.contact is missing: the sender");
    assert_eq!(httpsms().refuses(&sms().without("/data/content")), "data.content is missing: the text");
    assert_eq!(
        httpsms().refuses(&Request::json("{}")),
        "from is missing: the sender; content is missing: the text"
    );
    assert_eq!(
        httpsms().refuses(&Request::json(r#"{"type":["a"],"from":"1","content":"a"}"#)),
        "type must be a text, not a list",
    );
    let stamp = httpsms().one(&sms().set("/data/timestamp", json!("noon"))).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
    for body in
        ["", "[]", r#"{"type":"message.phone.received"}"#, r#"{"type":"message.phone.received","data":7}"#]
    {
        let refused = httpsms().refuses(&Request::json(body));
        assert!(refused.starts_with("the body is not as expected: "), "{refused}");
    }
}

#[test]
fn a_text_that_only_the_cloud_can_read_is_refused() {
    let reason = "content is encrypted: turn end-to-end encryption off in the httpSMS app";
    let encrypted = sms().set("/data/encrypted", json!(true));
    assert_eq!(httpsms().refuses(&encrypted), format!("data.{reason}"));
    assert_eq!(httpsms().refuses(&Request::json(TOLD).set("/encrypted", json!(true))), reason);
}

#[test]
fn a_phone_that_is_heard_again_is_a_sign_of_life_and_the_rest_is_left_alone() {
    let event = |name: &str| sms().set("/type", json!(name)).set("/data", json!({"owner": "+15550199999"}));
    assert_eq!(httpsms().reports(&event("phone.heartbeat.online")), Report::default());
    for name in [
        "phone.heartbeat.offline",
        "message.phone.sent",
        "message.phone.delivered",
        "message.send.failed",
        "message.send.expired",
        "message.call.missed",
        "something.new",
    ] {
        httpsms().leaves_alone(&event(name));
        httpsms().leaves_alone(&event(name).set("/data", json!([7])));
    }
}

#[test]
fn what_is_no_sms_is_told_by_its_kind() {
    let event = |name: &str| sms().set("/type", json!(name)).set("/data", json!({"owner": "+15550199999"}));
    for (name, kind) in [
        ("phone.heartbeat.offline", EventKind::Availability),
        ("message.phone.delivered", EventKind::DeliveryReport),
        ("message.call.missed", EventKind::Call),
        ("something.new", EventKind::Other),
    ] {
        httpsms().tells(&event(name), kind, None);
    }
    let mms = sms().set("/data/attachments", json!(["https://example.org/1"]));
    httpsms().tells(&mms, EventKind::Mms, Some(("+15550100001", "VERIFY 482913")));
    let none = sms().set("/data/attachments", json!([]));
    assert_eq!(httpsms().one(&none).text, "VERIFY 482913");
}

#[test]
fn the_apps_own_heartbeat_is_a_sign_of_life() {
    let heartbeat = Request::json(r#"{"charging":true,"phone_numbers":["+15550199999"]}"#);
    assert_eq!(httpsms().reports(&heartbeat), Report { charging: Some(true), ..Report::default() });
    let unknown = heartbeat.without("/charging");
    assert_eq!(httpsms().reports(&unknown), Report::default());
}

#[test]
fn it_is_recognised_by_its_event() {
    assert_eq!(Sender::of(&sms()), Some("httpsms"));
    assert_eq!(Sender::of(&sms().set("/type", json!("phone.heartbeat.online"))), Some("httpsms"));
    for other in [
        sms().without("/type"),
        sms().without("/specversion"),
        sms().without("/data"),
        sms().set("/type", json!("com.example.object")),
        Request::json(TOLD),
    ] {
        assert_eq!(Sender::of(&other), None, "{other:?}");
    }
}

#[test]
fn its_token_names_the_url_and_the_time_and_not_the_body() {
    let bearing = |token: &str| sms().with("authorization", &format!("Bearer {token}"));
    let of = |(claims, signature): (&str, &str)| bearing(&format!("{HEAD}.{claims}.{signature}"));
    let right = of((CLAIMS, SIGNATURE));
    for (keys, now, urls, expected) in [
        (&[KEY][..], SIGNED_AT, &[URL][..], Ok(())),
        (&["new", KEY], SIGNED_AT, &[URL], Ok(())),
        (&[KEY, "new"], SIGNED_AT, &["http://10.0.0.1:8080/sms/receive/httpsms", URL], Ok(())),
        (&[KEY], SIGNED_AT + 600, &[URL], Ok(())),
        (&[KEY], SIGNED_AT - 600, &[URL], Ok(())),
        (&[KEY], SIGNED_AT + 601, &[URL], Err(Unsigned::Stale)),
        (&[KEY], SIGNED_AT - 601, &[URL], Err(Unsigned::Stale)),
        (&["new"], SIGNED_AT, &[URL], Err(Unsigned::Wrong)),
        (&[], SIGNED_AT, &[URL], Err(Unsigned::Wrong)),
        (&[KEY], SIGNED_AT, &["https://sms.example.org/sms/receive"], Err(Unsigned::Wrong)),
        (&[KEY], SIGNED_AT, &[], Err(Unsigned::Wrong)),
    ] {
        assert_eq!(httpsms().verifies(&right, keys, now, urls), expected, "{keys:?} {now} {urls:?}");
    }
    let verified = |request: &Request| httpsms().verifies(request, &[KEY], SIGNED_AT, &[URL]);
    assert_eq!(verified(&of(OF_TWO)), Ok(()));
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for wrong in [
        of(WITHOUT_AUD),
        of(WITHOUT_EXP),
        of((CLAIMS, OF_TWO.1)),
        of((CLAIMS, "")),
        of((CLAIMS, "not base64")),
        of(("", SIGNATURE)),
        bearing(&format!("{none}.{CLAIMS}.")),
        bearing(&format!("{none}.{CLAIMS}.{SIGNATURE}")),
        bearing(".."),
    ] {
        assert_eq!(verified(&wrong), Err(Unsigned::Wrong), "{wrong:?}");
    }
    for missing in [
        sms(),
        bearing("the-receivers-own-secret"),
        bearing("one.dot"),
        sms().with("authorization", &format!("Basic {HEAD}.{CLAIMS}.{SIGNATURE}")),
    ] {
        assert_eq!(verified(&missing), Err(Unsigned::Missing), "{missing:?}");
    }
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(httpsms().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    httpsms().survives(&sms());
    httpsms().survives(&Request::json(TOLD));
}
