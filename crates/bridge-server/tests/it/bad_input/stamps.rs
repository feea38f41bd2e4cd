//! SMS that are odd and yet can be read: kept whole, found again, judged with a reason.

use serde_json::{Value, json};

use super::{FORM, JSON, post, quarantine};
use crate::harness::{ADMIN_TOKEN, Bridge, RECEIVER_KEY};
use crate::receivers::{added, post_to, text};

const RECEIVE: &str = "/sms/receive";
const USER: &str = "+919876543210";

/// Name, content type, body, the sender and the text as stored.
type Odd = (&'static str, &'static str, Vec<u8>, &'static str, String);

/// No text stands twice: without a stamp that would be the same SMS again (D9).
fn odd() -> Vec<Odd> {
    let json = |sender: &str, text: &str| format!(r#"{{"from":"{sender}","text":"{text}"}}"#).into_bytes();
    let ten_kb = "नमस्ते ".repeat(540);
    let json_bytes = |text: &[u8]| [br#"{"from":"+919876543210","text":""#, text, br#""}"#].concat();
    let form = |text: &str| text.as_bytes().to_vec();
    let is = str::to_owned;
    vec![
        ("NUL", JSON, json(USER, r"a\u0000b"), USER, is(r"a\u0000b")),
        ("high surrogate alone", JSON, json(USER, r"a\ud83d"), USER, is(r"a\ud83d")),
        ("low surrogate alone", JSON, json(USER, r"\uDE00b"), USER, is(r"\uDE00b")),
        ("surrogates in the wrong order", JSON, json(USER, r"\ude00\ud83d"), USER, is(r"\ude00\ud83d")),
        ("high before a pair", JSON, json(USER, r"\ud83d\ud83d\ude00"), USER, is("\\ud83d\u{1f600}")),
        ("a pair", JSON, json(USER, r"\ud83d\ude00"), USER, is("\u{1f600}")),
        ("an escaped backslash", JSON, json(USER, r"\\ud83d"), USER, is(r"\ud83d")),
        ("Latin-1", JSON, json_bytes(b"caf\xe9"), USER, is(r"caf\xe9")),
        ("overlong UTF-8", JSON, json_bytes(b"\xc0\xaf"), USER, is(r"\xc0\xaf")),
        ("10 kB", JSON, json(USER, &ten_kb), USER, ten_kb.clone()),
        ("no text", JSON, json(USER, ""), USER, is("")),
        ("byte order mark", JSON, [b"\xef\xbb\xbf".as_slice(), &json(USER, "x")].concat(), USER, is("x")),
        ("no content type", "", json(USER, "y"), USER, is("y")),
        ("JSON as text/plain", "text/plain", json(USER, "z"), USER, is("z")),
        ("text a number", JSON, br#"{"from":"+919876543210","text":482913}"#.to_vec(), USER, is("482913")),
        ("sender a number", JSON, br#"{"from":919876543210,"text":"n"}"#.to_vec(), USER, is("n")),
        ("national sender", JSON, json("09876543210", "o"), USER, is("o")),
        ("lost plus", FORM, form("from=+919876543210&text=p"), USER, is("p")),
        ("lost plus, spaces", FORM, form("from=+91+98765+43210&text=q"), USER, is("q")),
        (
            "percent-encoding broken",
            FORM,
            form("from=%2B919876543210&text=100%+%zz+%4"),
            USER,
            is("100% %zz %4"),
        ),
        ("percent-encoded Latin-1", FORM, form("from=%2B919876543210&text=th%E9"), USER, is(r"th\xe9")),
        ("percent-encoded NUL", FORM, form("from=%2B919876543210&text=a%00"), USER, is(r"a\u0000")),
        ("form with an empty part", FORM, form("&&from=%2B919876543210&text=a%3Db=c&"), USER, is("a=b=c")),
        ("alphanumeric sender", JSON, json("MYBANK", "r"), "MYBANK", is("r")),
        ("short code", JSON, json("56070", "s"), "56070", is("s")),
        ("too long a number", JSON, json("+91987654321012345", "t"), "+91987654321012345", is("t")),
        ("impossible number", JSON, json("+999999999999", "u"), "+999999999999", is("u")),
        ("sender with NUL", JSON, json(r"A\u0000", "v"), r"A\u0000", is("v")),
    ]
}

#[tokio::test]
async fn whatever_can_be_read_is_kept_whole() {
    let bridge = Bridge::start().await;
    for (case, kind, body, sender, text) in odd() {
        let answer = post(&bridge, RECEIVE, RECEIVER_KEY, kind, &body).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.body);
        bridge.clock.advance(bridge_core::Span(1_000));
        let row = bridge.rows(&sender.replace('\\', "%5C")).await.into_iter().next();
        let row = row.unwrap_or_else(|| panic!("{case}: not in input_sms"));
        assert_eq!((&row["mobile_number"], &row["sms_message"]), (&json!(sender), &json!(text)), "{case}");
        assert_eq!(row["redis_id"], answer.body["id"], "{case}");
        let expected = if sender == USER { answer.verdict() } else { "mobile_check" };
        assert_eq!(row["failed_at_check"], expected, "{case}");
    }
    assert!(quarantine(&bridge).await.is_empty());
    bridge.stop().await;
}

#[tokio::test]
async fn what_arrives_in_time_passes_whatever_its_stamp_says() {
    for (case, stamp, verdict, reason) in [
        ("1970", json!("1970-01-01T00:00:00Z"), "passed", json!(null)),
        ("1970 as a number", json!(0), "passed", json!(null)),
        ("2100", json!("2100-01-01T00:00:00Z"), "passed", json!(null)),
        ("9998", json!("9998-12-30T00:00:00Z"), "passed", json!(null)),
        ("three hours ahead", json!(1_769_871_600), "passed", json!(null)),
        ("three hours before", json!(1_769_850_000), "passed", json!(null)),
        ("Bengali digits", json!("২০২৬-০১-৩১T১২:০০:০০Z"), "passed", json!(null)),
        ("no zone", json!("31/01/2026 12:00"), "passed", json!(null)),
        ("negative", json!(-1), "passed", json!(null)),
        ("no date", json!("0000-00-00"), "passed", json!(null)),
        ("a list", json!([2026, 1, 31]), "passed", json!(null)),
        ("a template that was not filled in", json!("%T"), "passed", json!(null)),
        ("epoch s", json!(1_769_860_800), "passed", json!(null)),
        ("epoch ms", json!(1_769_860_800_123_i64), "passed", json!(null)),
        ("epoch s as text", json!("1769860800"), "passed", json!(null)),
        ("epoch ms as text", json!("1769860800123"), "passed", json!(null)),
        ("epoch s with a fraction", json!(1_769_860_800.25), "passed", json!(null)),
        ("another zone", json!("2026-01-31T17:30:00+05:30"), "passed", json!(null)),
        ("null", json!(null), "passed", json!(null)),
    ] {
        let bridge = Bridge::start().await;
        let registered = bridge.registered(USER).await;
        let body = json!({"from": USER, "text": registered.text("sms_body"), "received_timestamp": stamp});
        let answer = post(&bridge, RECEIVE, RECEIVER_KEY, JSON, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.body);
        assert_eq!((answer.verdict(), &answer.body["reason"]), (verdict, &reason), "{case}");
        let rows = bridge.rows(USER).await;
        assert_eq!((rows.len(), &rows[0]["reason"]), (1, &reason), "{case}");
        bridge.stop().await;
    }
}

/// What a receiver that says its zone writes, or one that does not.
async fn written(bridge: &Bridge, zone: Option<&str>, stamp: &Value) -> Value {
    let given = added(bridge, json!({"name": "hall", "format": "generic", "time_zone": zone})).await;
    let registered = bridge.registered(USER).await;
    let body = json!({"from": USER, "text": registered.text("sms_body"), "timestamp": stamp});
    let answer = post_to(bridge, text(&given, "url"), &body).await;
    assert_eq!(answer.verdict(), "passed", "{}", answer.body);
    bridge.rows(USER).await.remove(0)
}

#[tokio::test]
async fn a_time_without_zone_is_read_in_the_zone_of_its_receiver() {
    // 17:30 in Kolkata is noon in UTC.
    for stamp in [json!(20260131173000_i64), json!("20260131173000"), json!("31/01/2026 05:30 PM")] {
        let bridge = Bridge::start().await;
        let row = written(&bridge, Some("Asia/Kolkata"), &stamp).await;
        assert_eq!(
            (&row["received_timestamp"], &row["remark"]),
            (&json!("2026-01-31T12:00:00Z"), &json!(null)),
            "{stamp}"
        );
        bridge.stop().await;

        let bridge = Bridge::start().await;
        let row = written(&bridge, None, &stamp).await;
        assert_eq!(row["remark"], "stamp_unreadable", "{stamp}: {row}");
        assert_eq!(row["received_timestamp"], row["server_received_at"], "judged by when it arrived");
        let raw = stamp.as_str().map_or_else(|| stamp.to_string(), str::to_owned);
        assert_eq!(row["stamp_raw"], json!(raw));
        let health = bridge.get("/health", ADMIN_TOKEN).await;
        let notes = health.body["components"]["notes"].to_string();
        assert!(notes.contains("stamp_unreadable") && notes.contains(&raw), "{notes}");
        bridge.stop().await;
    }
}

#[tokio::test]
async fn a_late_sms_without_a_usable_stamp_says_so() {
    for stamp in [json!(null), json!("soon"), json!("2612-01-01T00:00:00Z")] {
        let bridge = Bridge::start().await;
        let registered = bridge.registered(USER).await;
        bridge.clock.advance(bridge_core::Span(3_600_000));
        let body = json!({"from": USER, "text": registered.text("sms_body"), "timestamp": stamp});
        let answer = post(&bridge, RECEIVE, RECEIVER_KEY, JSON, body.to_string().as_bytes()).await;
        assert_eq!(
            (answer.verdict(), answer.text("reason")),
            ("time_window_check", "stamp_unusable"),
            "{stamp}"
        );
        bridge.stop().await;
    }
}

#[tokio::test]
async fn a_retry_with_an_unreadable_stamp_is_the_same_sms_for_days() {
    let bridge = Bridge::start().await;
    let body = json!({"from": USER, "text": "hello", "timestamp": "soon"}).to_string();
    for _ in 0..3 {
        post(&bridge, RECEIVE, RECEIVER_KEY, JSON, body.as_bytes()).await;
        bridge.clock.advance(bridge_core::Span(20 * 3_600_000));
    }
    assert_eq!(bridge.rows(USER).await.len(), 1);
    bridge.stop().await;
}
