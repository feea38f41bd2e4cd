//! The desk on real stores: every page opens; while PostgreSQL is away, whoever is in stays in, and what cannot be
//! noted is not done.

use bridge_desk::routes::ROUTES;
use reqwest::{Method, StatusCode};
use test_servers::Server;

use super::group::{Group, until, until_rows};
use crate::desk::visitor::{PASSWORD, Visitor};
use crate::harness::ADMIN_TOKEN;

const ALICE: &str = "+919876543210";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_stays_in_while_postgresql_is_away() {
    let Some(group) = Group::start("whoever_is_in_stays_in_while_postgresql_is_away") else { return };
    let (bridge, other) = (group.bridge().await, group.bridge().await);
    let owner = Visitor::owner(&bridge).await;
    let at_other = Visitor::with_cookie(&other, owner.cookie.clone());
    let one_more = Visitor::with_cookie(&other, owner.cookie.clone());
    assert_eq!(at_other.open("/admin/ui/me").await.status, StatusCode::OK, "one session for the group");
    group.postgres.kill().unwrap();

    for visitor in [&owner, &at_other, &one_more] {
        let page = visitor.open("/admin").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
    let mut stranger = Visitor::new(&bridge);
    let refused = stranger.log_in("olga", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.body);
    stranger.cookie = Some(format!("sms_bridge_session={}", "0".repeat(64)));
    assert_ne!(stranger.open("/admin").await.status, StatusCode::OK);
    let fields = [("name", "olga"), ("role", "owner"), ("may_log_in", "yes")];
    let changed = owner.submit("/admin/ui/accounts/change", &fields).await;
    assert_eq!(changed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", changed.body);
    // Half an hour of rest ends it all the same.
    group.clock.advance(bridge_core::Span(30 * 60_000));
    assert_ne!(owner.open("/admin").await.status, StatusCode::OK);

    group.postgres.restart().unwrap();
    until("PostgreSQL answers", async || bridge.stores.audit.accounts().await.ok()).await;
    stranger.cookie = None;
    assert_eq!(stranger.log_in("olga", PASSWORD).await.status, StatusCode::OK);
    bridge.stop().await;
    other.stop().await;
}

/// Every page that anybody may look at, on the real stores, with something in them.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_opens() {
    let Some(group) = Group::start("every_page_opens") else { return };
    let bridge = group.bridge().await;
    let registered = bridge.registered(ALICE).await;
    let judged = bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    assert_eq!(judged.verdict(), "passed", "{}", judged.body);
    until_rows(&bridge, ALICE, 1).await;
    until("onboarding_mobile", async || {
        (group.sql("SELECT count(*) FROM onboarding_mobile") == "1").then_some(())
    })
    .await;
    let add = bridge.request(Method::POST, "/admin/webhooks").bearer_auth(ADMIN_TOKEN);
    let webhook = bridge.send(add.json(&serde_json::json!({"url": "https://app.invalid/"}))).await;
    let add = bridge.request(Method::POST, "/admin/notify").bearer_auth(ADMIN_TOKEN);
    let told = bridge
        .send(add.json(&serde_json::json!({"kind": "ntfy", "url": "https://ntfy.invalid/topic"})))
        .await;
    let (sms, onboarding) = (judged.text("message_id"), registered.text("onboarding_id"));
    for route in ROUTES.iter().filter(|route| route.method == Method::GET && !route.path.ends_with("/live")) {
        let id = match route.path {
            path if path.contains("/onboardings/") => onboarding,
            path if path.contains("/webhooks/") => webhook.text("id"),
            path if path.contains("/alerts/") => told.text("id"),
            _ => sms,
        };
        let path = route.path.replace("{kind}", "csv").replace("{id}", id);
        let answer = bridge.get(&path, ADMIN_TOKEN).await;
        let is_there = !path.contains('{') && !path.contains("/quarantine/") && !path.ends_with("/export");
        assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.body);
        assert!(!is_there || answer.status != StatusCode::NOT_FOUND, "{path}: {}", answer.body);
    }
    let story = bridge.get(&format!("/admin/ui/sms/{sms}"), ADMIN_TOKEN).await;
    assert_eq!(story.status, StatusCode::OK);
    assert!(story.body.to_string().contains("time_window_check"), "the story is told check by check");
    bridge.stop().await;
}
