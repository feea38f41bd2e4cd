//! Looking after accounts.

use reqwest::StatusCode;

use crate::desk::visitor::{PASSWORD, Visitor};
use crate::harness::Bridge;

#[tokio::test]
async fn the_last_owner_stays_one() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    for fields in [
        [("name", "olga"), ("role", "viewer"), ("may_log_in", "yes")],
        [("name", "olga"), ("role", "owner"), ("may_log_in", "")],
    ] {
        let answer = owner.submit("/admin/ui/accounts/change", &fields).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::CONFLICT, "last_owner"), "{}", answer.body);
    }
    Visitor::with_role(&bridge, &owner, "oscar", "owner").await;
    let fields = [("name", "olga"), ("role", "viewer"), ("may_log_in", "yes")];
    assert_eq!(owner.submit("/admin/ui/accounts/change", &fields).await.status, StatusCode::OK);
    assert_eq!(owner.open("/admin/ui/accounts").await.status, StatusCode::FORBIDDEN);
    bridge.stop().await;
}

#[tokio::test]
async fn accounts_are_added_and_logged_out() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let vera = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    for (name, role, code) in [
        ("vera", "viewer", "account_exists"),
        ("admin token", "viewer", "invalid_request"),
        ("", "viewer", "invalid_request"),
        ("x", "god", "invalid_request"),
    ] {
        let answer = owner.submit("/admin/ui/accounts", &[("name", name), ("role", role)]).await;
        assert_eq!(answer.code(), code, "{name} {role}");
    }
    let page = owner.open("/admin/ui/accounts").await;
    let html = page.body.as_str().unwrap();
    assert!(html.contains("vera") && html.contains("olga") && !html.contains("$argon2id"), "{html}");
    let unknown = owner.submit("/admin/ui/accounts/end", &[("name", "nobody")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(owner.submit("/admin/ui/accounts/end", &[("name", "vera")]).await.status, StatusCode::OK);
    assert_eq!(vera.open("/admin").await.status, StatusCode::SEE_OTHER);
    let mut again = Visitor::new(&bridge);
    assert_eq!(again.log_in("vera", PASSWORD).await.status, StatusCode::OK);
    bridge.stop().await;
}
