//! How sessions begin and end.

use bridge_core::Span;
use reqwest::StatusCode;

use crate::desk::visitor::{PASSWORD, Visitor};
use crate::harness::Bridge;

const MINUTE: i64 = 60_000;

async fn is_in(visitor: &Visitor) -> bool {
    visitor.open("/admin/ui/me").await.status == StatusCode::OK
}

#[tokio::test]
async fn a_session_ends_when_it_rests() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    for _ in 0..3 {
        bridge.clock.advance(Span(30 * MINUTE - 1));
        assert!(is_in(&owner).await);
    }
    bridge.clock.advance(Span(30 * MINUTE));
    assert!(!is_in(&owner).await);
    assert!(!is_in(&owner).await, "and stays so");
    bridge.stop().await;
}

#[tokio::test]
async fn a_session_ends_after_half_a_day_however_busy() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    for _ in 1..36 {
        bridge.clock.advance(Span(20 * MINUTE));
        assert!(is_in(&owner).await);
    }
    bridge.clock.advance(Span(20 * MINUTE));
    assert!(!is_in(&owner).await);
    bridge.stop().await;
}

#[tokio::test]
async fn a_session_outlives_the_bridge() {
    let bridge = Bridge::start().await;
    let mut owner = Visitor::owner(&bridge).await;
    let (clock, folder) = (bridge.clock.clone(), bridge.stop().await);
    let bridge = Bridge::start_on(folder, clock, &[]).await;
    let cookie = owner.cookie.take();
    owner = Visitor::with_cookie(&bridge, cookie);
    assert!(is_in(&owner).await);
    bridge.stop().await;
}

#[tokio::test]
async fn a_login_gives_a_new_id() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    // One that an attacker planted is never taken over.
    let mut victim = Visitor::new(&bridge);
    victim.cookie = Some(format!("sms_bridge_session={}", "a".repeat(64)));
    let planted = victim.cookie.clone();
    victim.log_in("olga", PASSWORD).await;
    assert_ne!(victim.cookie, planted);
    let thief = Visitor::with_cookie(&bridge, planted);
    assert!(!is_in(&thief).await);
    // Nor does the one live on that the browser had itself.
    let before = Visitor::with_cookie(&bridge, victim.cookie.clone());
    victim.csrf.clear();
    victim.log_in("olga", PASSWORD).await;
    assert!(is_in(&victim).await && is_in(&owner).await && !is_in(&before).await);
    bridge.stop().await;
}

#[tokio::test]
async fn whoever_logs_out_is_out() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let mut other = Visitor::new(&bridge);
    other.log_in("olga", PASSWORD).await;
    let answer = other.send_form("/admin/logout", &[]).await;
    assert_eq!(
        (answer.status, answer.headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/admin/login")
    );
    let gone = answer.headers["set-cookie"].to_str().unwrap();
    assert!(gone.starts_with("sms_bridge_session=;") && gone.contains("Max-Age=0"), "{gone}");
    assert!(!is_in(&other).await && is_in(&owner).await);
    bridge.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let mut other = Visitor::new(&bridge);
    other.log_in("olga", PASSWORD).await;
    let new = "a new and longer password";
    for (field, fields) in [
        ("current", [("current", "not it at all"), ("password", new), ("again", new)]),
        ("password", [("current", PASSWORD), ("password", "short"), ("again", "short")]),
        ("again", [("current", PASSWORD), ("password", new), ("again", "x")]),
    ] {
        let answer = owner.submit("/admin/ui/me", &fields).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.body);
    }
    assert!(is_in(&other).await);
    let fields = [("current", PASSWORD), ("password", new), ("again", new)];
    assert_eq!(owner.submit("/admin/ui/me", &fields).await.status, StatusCode::OK);
    assert!(!is_in(&owner).await && !is_in(&other).await);
    let mut again = Visitor::new(&bridge);
    assert_eq!(again.log_in("olga", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(again.log_in("olga", new).await.status, StatusCode::OK);
    bridge.stop().await;
}
