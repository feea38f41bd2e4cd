//! What a request says, and who its sender is, over real sockets: the cases of the field and of the attack (D41-D44, D47,
//! D52, B2, B8, B9, B16-B19, B24), each as it was seen and in a few variants.

mod one_sender;
mod packed;
mod signed;

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Bridge, RECEIVER_KEY};
use crate::receivers::{added, admin, text};

const ALICE: &str = "+919876543210";

/// Posts it to a route with the key of `default`.
async fn post(bridge: &Bridge, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = bridge.request(Method::POST, path).bearer_auth(RECEIVER_KEY).header("content-type", kind);
    bridge.send(request.body(body)).await
}

/// Why the newest SMS of a number or name failed; none: it passed.
async fn reason(bridge: &Bridge, sender: &str) -> (String, Option<String>) {
    let row = bridge.rows(sender).await.into_iter().next().unwrap_or_else(|| panic!("no SMS of {sender}"));
    (text(&row, "validation_status").to_owned(), row["failed_at_check"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_hash_whose_end_was_cut_off_passes_from_half_of_it_on() {
    let bridge = Bridge::start().await;
    for (n, length) in [59, 32].into_iter().enumerate() {
        let mobile = format!("+91987654321{n}");
        let body = bridge.registered(&mobile).await.text("sms_body").to_owned();
        let short = &body[..body.len() - 64 + 31];
        assert_eq!(bridge.text(&mobile, short).await.verdict(), "header_hash_check", "{short}");
        let cut = &body[..body.len() - 64 + length];
        let textbee = json!({"smsId": n.to_string(), "message": cut, "webhookSubscriptionId": "1", "sender": mobile,
            "webhookEvent": "MESSAGE_RECEIVED", "receivedAt": bridge.clock.now().to_string()});
        let answer = post(&bridge, "/sms/receive/textbee", "application/json", textbee.to_string()).await;
        assert_eq!(answer.verdict(), "passed", "{length}: {}", answer.body);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_part_that_holds_the_hash_waits_for_nothing_and_its_rest_is_not_judged() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let part = |number: u8, text: &str| {
        let body = json!({"msisdn": "919876543210", "to": "919000000001", "messageId": format!("p{number}"), "text": text,
            "message-timestamp": "2026-01-31 12:00:00", "concat": "true", "concat-ref": "7", "concat-total": "2",
            "concat-part": number.to_string()});
        body.to_string()
    };
    let sent = post(&bridge, "/sms/receive/vonage", "application/json", part(1, registered.text("sms_body"))).await;
    assert_eq!(sent.status, 200);
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    post(&bridge, "/sms/receive/vonage", "application/json", part(2, "and a long signature")).await;
    bridge.settle().await;
    assert_eq!(bridge.rows(ALICE).await.len(), 1, "the rest is kept, not judged");
    bridge.stop().await;
}

#[tokio::test]
async fn a_link_holds_its_colon_and_an_encoded_one_is_read() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    assert!(!registered.body["sms_links"].to_string().contains("%3A"));
    let encoded = registered.text("sms_body").replace(':', "%3A");
    assert_eq!(bridge.text(ALICE, &encoded).await.verdict(), "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn a_text_longer_than_any_sms_is_kept_cut_and_marked() {
    let bridge = Bridge::start().await;
    let long = |end: &str| format!("{}{end}", "x".repeat(200_000));
    let first = bridge.sms(ALICE, &long("a"));
    let other = bridge.sms(ALICE, &long("b"));
    assert_eq!(bridge.deliver(&first).await.body["duplicate_delivery"], false);
    assert_eq!(bridge.deliver(&first).await.body["duplicate_delivery"], true);
    assert_eq!(bridge.deliver(&other).await.body["duplicate_delivery"], false, "it differs behind the cut");
    let rows = bridge.rows(ALICE).await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let kept = text(row, "sms_message");
        assert_eq!(kept.chars().count(), 40_000);
        assert!(kept.contains("[cut by the bridge: 200001 characters, SHA-256 "), "{}", &kept[39_800..]);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn one_person_is_one_number_in_every_spelling() {
    let bridge = Bridge::start().await;
    bridge.set("allowed_country_codes", json!(["91", "54", "52", "55"])).await;
    for (registered, sender, kept) in [
        ("+55 47 9 8888-7777", "+554788887777", "+5547988887777"),
        ("+54 11 2345-6789", "+5491123456789", "+5491123456789"),
        ("+52 1 55 1234 5678", "+525512345678", "+525512345678"),
        ("+91\u{2007}98765\u{2212}43210", "sms:+91 98765 43210", "+919876543210"),
        ("+\u{967}", "", ""),
        ("९८७६५४३२११", "(0091) 98765 43211", "+919876543211"),
        ("+91 98765\u{202f}43212", "+91 0 98765 43212", "+919876543212"),
    ] {
        let answer = bridge.register(registered, "user@example.com", "d1").await;
        if kept.is_empty() {
            assert_eq!(answer.code(), "invalid_mobile_number");
            continue;
        }
        assert_eq!((answer.status.as_u16(), answer.text("mobile_number")), (201, kept), "{registered}");
        let sms = bridge.right_sms(sender, &answer);
        assert_eq!(bridge.deliver(&sms).await.verdict(), "passed", "{registered} {sender}");
        bridge.clock.advance(Span(1_000));
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_sender_is_read_as_a_whole_or_not_at_all() {
    let bridge = Bridge::start().await;
    bridge.set("allowed_country_codes", json!(["91", "44", "49"])).await;
    for (n, (from, row)) in [
        ("4.47911123456e11", "+447911123456"),
        ("447911123456.0", "+447911123456"),
        ("\"491601234567.0\"", "+491601234567"),
        ("\"4.91601234567E11\"", "+491601234567"),
        ("4.479111234e11", "4.479111234e11"),
        ("447911123456.5", "447911123456.5"),
        ("\"491601234567 0\"", "491601234567 0"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(r#"{{"from":{from},"text":"hello {n}","id":"{n}"}}"#);
        assert_eq!(post(&bridge, "/sms/receive", "application/json", body).await.status, 200, "{from}");
        let rows = bridge.rows(row).await;
        assert!(rows.iter().any(|kept| text(kept, "sms_message") == format!("hello {n}")), "{from}: {rows:?}");
    }
    assert_eq!(bridge.rows("+4916012345670").await.len(), 0);
    let csv = "from,text,timestamp\n447911123456.0,csv,2026-01-31T11:59:00Z\n4.47911E+11,rounded,2026-01-31T11:59:00Z\n";
    let report = post(&bridge, "/sms/import", "text/csv", csv).await;
    assert_eq!((&report.body["judged"], &report.body["quarantined"]), (&json!(1), &json!(1)), "{}", report.body);
    assert!(bridge.rows("+447911123456").await.iter().any(|row| text(row, "sms_message") == "csv"));
    bridge.stop().await;
}

/// Delivers, and says at which check it failed.
async fn by(bridge: &Bridge, url: &str, sender: &str, id: &str) -> Value {
    let body = json!({"from": sender, "text": "ONBOARD:1", "id": id});
    bridge.send(bridge.http.post(url).json(&body)).await.body["failed_at_check"].clone()
}

#[tokio::test]
async fn digits_that_are_two_numbers_are_no_sender_until_the_operator_says_how_they_are_written() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    let url = text(&given, "url").to_owned();
    assert_eq!(by(&bridge, &url, "9607712345", "1").await, "mobile_check");
    assert_eq!(by(&bridge, &url, "9876543210", "2").await, "header_hash_check");
    let state = |bridge: &Bridge| {
        let app = bridge.app().clone();
        let findings = app.receivers.findings(app.clock.now(), &app.live.now());
        findings.iter().map(|finding| format!("{}: {}\n", finding.found, finding.advice)).collect::<String>()
    };
    assert!(state(&bridge).contains("1 SMS of receiver hall failed"), "{}", state(&bridge));
    assert!(!state(&bridge).contains("it seems to be"));
    for n in 0..20 {
        by(&bridge, &url, &format!("98765432{n:02}"), &format!("n{n}")).await;
    }
    assert!(state(&bridge).contains("it seems to be number_style national"), "{}", state(&bridge));
    assert_eq!(by(&bridge, &url, "9607712345", "3").await, "mobile_check", "never by itself");
    let patch = |style: Value| {
        let bridge = &bridge;
        async move { admin(bridge, Method::PATCH, "/admin/receivers/hall", &json!({"number_style": style})).await.status }
    };
    assert_eq!(patch(json!("sideways")).await, 400);
    assert_eq!(patch(json!("national")).await, 204);
    assert_eq!(by(&bridge, &url, "9607712345", "4").await, "header_hash_check");
    assert_eq!(bridge.rows("+919607712345").await.len(), 1);
    assert!(!state(&bridge).contains("number_style"));
    assert_eq!(patch(json!("international")).await, 204);
    by(&bridge, &url, "9607712345", "5").await;
    assert_eq!(bridge.rows("+9607712345").await.len(), 1);
    assert_eq!(patch(Value::Null).await, 204);
    assert_eq!(by(&bridge, &url, "9607712345", "6").await, "mobile_check");
    // A provider whose format says that it writes the calling code is believed.
    let vonage = json!({"msisdn": "9607712345", "to": "919000000001", "messageId": "v", "text": "x",
        "message-timestamp": "2026-01-31 12:00:00"});
    post(&bridge, "/sms/receive/vonage", "application/json", vonage.to_string()).await;
    assert_eq!(bridge.rows("+9607712345").await.len(), 2);
    // People who type mean their own country.
    assert_eq!(bridge.register("9607712346", "", "d1").await.text("mobile_number"), "+919607712346");
    bridge.stop().await;
}
