//! The desk while PostgreSQL is away: whoever is in stays in, and what cannot be noted is not done.

use reqwest::StatusCode;
use test_servers::Server;

use super::group::{Group, until};
use crate::desk::visitor::{PASSWORD, Visitor};

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
    until("PostgreSQL answers", async || bridge.app().accounts.accounts().await.ok()).await;
    stranger.cookie = None;
    assert_eq!(stranger.log_in("olga", PASSWORD).await.status, StatusCode::OK);
    bridge.stop().await;
    other.stop().await;
}
