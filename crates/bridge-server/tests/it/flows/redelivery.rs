//! The same SMS delivered again (decisions.md D9), and what only looks like it.

use bridge_core::Span;
use serde_json::json;

use crate::harness::{Bridge, Sms};

const USER: &str = "+919876543210";

#[tokio::test]
async fn gets_the_first_answer_is_not_counted_and_not_stored_twice() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let sms = Sms { message_id: Some("m1".into()), ..bridge.right_sms(USER, &registered) };
    let first = bridge.deliver(&sms).await;
    for n in 0..20 {
        bridge.clock.advance(Span(1_000));
        let again = bridge.deliver(&sms).await;
        assert_eq!(again.body["duplicate_delivery"], true, "copy {n}");
        assert_eq!((again.verdict(), &again.body["id"]), ("passed", &first.body["id"]));
        assert_eq!(again.body["message_id"], first.body["message_id"]);
    }
    assert_eq!(bridge.rows(USER).await.len(), 1);
    let blacklist = bridge.get("/admin/blacklist", crate::harness::ADMIN_TOKEN).await;
    assert_eq!(blacklist.body["items"], json!([]), "a phone app that stutters is no flood");
    bridge.stop().await;
}

#[tokio::test]
async fn is_recognised_for_72_hours_even_after_a_restart() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let sms = bridge.right_sms(USER, &registered);
    let first = bridge.deliver(&sms).await;
    let clock = bridge.clock.clone();
    let folder = bridge.stop().await;
    clock.advance(Span(72 * 3_600_000 - 1));
    let bridge = Bridge::start_on(folder, clock, &[]).await;
    let again = bridge.deliver(&sms).await;
    assert_eq!((&again.body["duplicate_delivery"], &again.body["id"]), (&json!(true), &first.body["id"]));
    bridge.stop().await;
}

#[tokio::test]
async fn a_delivery_id_with_other_content_is_another_sms() {
    let bridge = Bridge::start().await;
    let with_id = |text: &str| Sms { message_id: Some("m1".into()), ..bridge.sms(USER, text) };
    let first = bridge.deliver(&with_id("one")).await;
    let other = bridge.deliver(&with_id("two")).await;
    assert_eq!(other.body["duplicate_delivery"], false);
    assert_ne!(first.body["id"], other.body["id"]);
    let metrics = bridge.get("/metrics", crate::harness::ADMIN_TOKEN).await;
    assert!(metrics.body.as_str().unwrap().contains("sms_bridge_delivery_id_reused_total 1"));
    bridge.stop().await;
}

#[tokio::test]
async fn a_person_who_sends_the_same_text_again_sends_another_sms() {
    let bridge = Bridge::start().await;
    let first = bridge.text(USER, "hello").await;
    let second = bridge.text(USER, "hello").await;
    assert_eq!(second.body["duplicate_delivery"], false);
    assert_ne!(first.body["id"], second.body["id"]);
    bridge.stop().await;
}

#[tokio::test]
async fn old_backlog_is_judged_but_neither_counted_nor_blacklisted() {
    let bridge = Bridge::start().await;
    for n in 0..20 {
        let received = bridge.clock.now() - Span(86_400_001 + n * 1_000);
        bridge.deliver(&Sms { received, ..bridge.sms(USER, "hello") }).await;
    }
    assert_eq!(bridge.rows(USER).await.len(), 20);
    let registered = bridge.registered(USER).await;
    assert_eq!(bridge.text(USER, registered.text("sms_body")).await.verdict(), "passed");
    bridge.stop().await;
}
