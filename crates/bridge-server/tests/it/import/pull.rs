//! A phone's list that the bridge reads itself: when told, after it was away, and after the phone was silent.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::lists::Listed;
use super::phone::{Mood, Phone};
use super::{DAY, HOUR, counts};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};
use crate::receivers::{added, text};

const USER: &str = "+919876543210";

fn sms(n: i64, received: Timestamp) -> Listed {
    Listed { sender: USER.into(), text: format!("sms {n}"), received }
}

async fn hall(bridge: &Bridge, inbox_url: &str) -> String {
    let hall =
        json!({"name": "hall", "format": "smsgate", "numbers": ["+919000000001"], "inbox_url": inbox_url});
    text(&added(bridge, hall).await, "heartbeat_url").to_owned()
}

async fn pull(bridge: &Bridge, query: &str) -> Answer {
    let path = format!("/admin/receivers/hall/pull{query}");
    bridge.send(bridge.request(Method::POST, &path).bearer_auth(ADMIN_TOKEN)).await
}

#[tokio::test]
async fn the_list_is_read_in_spans_of_at_most_a_page() {
    let bridge = Bridge::start().await;
    let phone = Phone::start((0..1_300).map(|n| sms(n, NOON - Span(n * 120_000))).collect());
    hall(&bridge, &phone.url()).await;
    let since = (NOON - DAY - HOUR).to_string();
    let answer = pull(&bridge, &format!("?since={since}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let rows = 25 * 30 + 1;
    assert_eq!(counts(&answer.body), format!("rows={rows} judged={rows} missing={rows}"));
    let asked = phone.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "a day is more than a page, half a day and the rest are not: {asked:?}");
    assert!(asked.iter().all(|asked| asked.contains("offset=0")), "{asked:?}");
    // In the order in which they were received.
    let oldest_first: Vec<i64> =
        bridge.rows(USER).await.iter().rev().map(|row| row["redis_id"].as_i64().unwrap()).collect();
    assert!(oldest_first.is_sorted());
    let again = pull(&bridge, &format!("?since={since}")).await;
    assert_eq!(counts(&again.body), format!("rows={rows} redelivered={rows}"));
    bridge.stop().await;
}

#[tokio::test]
async fn a_phone_that_misbehaves_is_told_and_nothing_is_taken_for_a_short_list() {
    let bridge = Bridge::start().await;
    let phone = Phone::start(vec![sms(1, NOON), sms(2, NOON - HOUR)]);
    hall(&bridge, &phone.url()).await;
    let since = "?since=2026-01-31T00:00:00Z";
    for (mood, says) in [
        (
            Mood::NotImplemented,
            "the phone answers 501 Not Implemented: the list needs SMSGate 1.59.0 or later in local mode",
        ),
        (Mood::ClosesHalfWay, "the phone does not answer: is it on"),
        (Mood::ClosesAtOnce, "the phone does not answer: is it on"),
        (Mood::Garbage, "what the phone answers is no list of SMS: expected value"),
        (Mood::HalfAList, "what the phone answers is no list of SMS: EOF"),
    ] {
        *phone.mood.lock().unwrap() = mood;
        let answer = pull(&bridge, since).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_GATEWAY, "receiver_away"), "{mood:?}");
        assert!(answer.text("detail").starts_with(says), "{mood:?}: {}", answer.body);
        assert!(!answer.body.to_string().contains("pass"), "{}", answer.body);
    }
    assert!(bridge.rows(USER).await.is_empty());
    assert!(bridge.stores.audit.quarantined(10).await.unwrap().is_empty());
    *phone.mood.lock().unwrap() = Mood::Well;
    assert_eq!(counts(&pull(&bridge, since).await.body), "rows=2 judged=2 missing=2");
    bridge.stop().await;
}

#[tokio::test]
async fn a_wrong_password_an_address_where_nobody_is_and_a_receiver_without_a_list() {
    let bridge = Bridge::start().await;
    let phone = Phone::start(Vec::new());
    hall(&bridge, &phone.url_with_a_wrong_password()).await;
    let refused = pull(&bridge, "").await;
    assert_eq!(refused.code(), "receiver_away");
    assert!(
        refused.text("detail").starts_with("the phone refuses: set inbox_url with the user and password")
    );
    let change =
        |body| bridge.request(Method::PATCH, "/admin/receivers/hall").bearer_auth(ADMIN_TOKEN).json(&body);
    bridge.send(change(json!({"inbox_url": "http://sms:password@127.0.0.1:1"}))).await;
    let away = pull(&bridge, "").await;
    assert_eq!(away.code(), "receiver_away", "{}", away.body);
    assert!(!away.body.to_string().contains("password"), "{}", away.body);
    added(&bridge, json!({"name": "cellar", "format": "generic"})).await;
    for (path, code) in [
        ("/admin/receivers/cellar/pull", "invalid_request"),
        ("/admin/receivers/attic/pull", "not_found"),
        ("/admin/receivers/hall/pull?since=soon", "invalid_request"),
    ] {
        let answer = bridge.send(bridge.request(Method::POST, path).bearer_auth(ADMIN_TOKEN)).await;
        assert_eq!(answer.code(), code, "{}", answer.body);
    }
    let answer =
        bridge.send(bridge.request(Method::POST, "/admin/receivers/hall/pull").bearer_auth("wrong")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    bridge.stop().await;
}

#[tokio::test]
async fn what_the_phone_received_while_the_bridge_was_away_is_read_when_it_starts() {
    let bridge = Bridge::start().await;
    let phone = Phone::start(Vec::new());
    let heartbeat = hall(&bridge, &phone.url()).await;
    bridge.send(bridge.http.post(&heartbeat)).await;
    bridge.settle().await;
    let (url, folder) = (bridge.url.clone(), bridge.stop().await);
    phone.list.lock().unwrap().extend([
        sms(1, NOON - HOUR - HOUR),
        sms(2, NOON + HOUR),
        sms(3, NOON + Span(2 * HOUR.0)),
    ]);
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON + DAY), &[]).await;
    // The phone delivers its newest first, before anybody asked it for the rest.
    let heartbeat = heartbeat.replace(&url, &bridge.url);
    bridge.send(bridge.http.post(&heartbeat)).await;
    let texts: Vec<String> =
        bridge.rows(USER).await.iter().map(|row| row["sms_message"].to_string()).collect();
    assert_eq!(texts, ["\"sms 3\"", "\"sms 2\""], "since an hour before it was last heard");
    bridge.stop().await;
}

#[tokio::test]
async fn what_a_silent_phone_received_is_read_when_it_speaks_again() {
    let phone = Phone::start(Vec::new());
    let bridge = Bridge::start().await;
    let heartbeat = hall(&bridge, &phone.url()).await;
    bridge.send(bridge.http.post(&heartbeat)).await;
    bridge.settle().await;
    bridge.clock.advance(Span(2 * HOUR.0));
    phone.list.lock().unwrap().push(sms(1, NOON + HOUR));
    bridge.settle().await;
    assert!(bridge.rows(USER).await.is_empty(), "it is silent: nobody asks it");
    *phone.mood.lock().unwrap() = Mood::ClosesAtOnce;
    bridge.send(bridge.http.post(&heartbeat)).await;
    bridge.settle().await;
    assert!(bridge.rows(USER).await.is_empty(), "its list cannot be read: it stays owed");
    *phone.mood.lock().unwrap() = Mood::Well;
    bridge.clock.advance(Span(30_000));
    assert_eq!(bridge.rows(USER).await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_owed_is_owed_over_restarts() {
    let bridge = Bridge::start().await;
    let phone = Phone::start(vec![sms(1, NOON + HOUR)]);
    let heartbeat = hall(&bridge, &phone.url()).await;
    bridge.send(bridge.http.post(&heartbeat)).await;
    bridge.settle().await;
    let (url, folder) = (bridge.url.clone(), bridge.stop().await);
    *phone.mood.lock().unwrap() = Mood::ClosesAtOnce;
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON + DAY), &[]).await;
    bridge.send(bridge.http.post(heartbeat.replace(&url, &bridge.url))).await;
    bridge.settle().await;
    let folder = bridge.stop().await;
    *phone.mood.lock().unwrap() = Mood::Well;
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON + DAY + HOUR), &[]).await;
    assert_eq!(bridge.rows(USER).await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn only_receivers_with_a_list_are_asked() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let phone = Phone::start(vec![sms(1, NOON)]);
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &[]).await;
    let cellar = json!({"name": "cellar", "format": "smsgate"});
    added(&bridge, cellar).await;
    bridge.settle().await;
    assert!(phone.asked.lock().unwrap().is_empty());
    bridge.stop().await;
}
