//! The link of the first start, and links that set a password.

use bridge_core::Span;
use reqwest::StatusCode;

use crate::desk::visitor::{PASSWORD, Visitor, first_token, token_in};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge};

async fn set_up(bridge: &Bridge, token: &str, name: &str) -> Answer {
    let fields = [("token", token), ("name", name), ("password", PASSWORD), ("again", PASSWORD)];
    Visitor::new(bridge).submit("/admin/setup", &fields).await
}

#[tokio::test]
async fn the_first_link_makes_one_owner_once() {
    let bridge = Bridge::start().await;
    let stranger = Visitor::new(&bridge);
    let login = stranger.open("/admin/login").await;
    assert!(login.body.as_str().unwrap().contains("no account yet"), "{}", login.body);

    let void = first_token(&bridge).await;
    let token = first_token(&bridge).await;
    assert_eq!(token.len(), 64);
    for (case, wrong) in [("void", &*void), ("none", ""), ("another", "0123")] {
        let answer = set_up(&bridge, wrong, "mallory").await;
        assert_eq!((answer.status, answer.code()), (StatusCode::GONE, "link_void"), "{case}");
    }
    for (field, fields) in [
        ("name", [("name", "no spaces"), ("password", PASSWORD), ("again", PASSWORD)]),
        ("password", [("name", "olga"), ("password", "too short"), ("again", "too short")]),
        ("again", [("name", "olga"), ("password", PASSWORD), ("again", "another password")]),
    ] {
        let fields: Vec<_> = fields.into_iter().chain([("token", &*token)]).collect();
        let answer = stranger.submit("/admin/setup", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.body);
    }
    // Two at once.
    let (one, other) = tokio::join!(set_up(&bridge, &token, "olga"), set_up(&bridge, &token, "olaf"));
    let mut both = [one.status, other.status];
    both.sort();
    assert_eq!(both, [StatusCode::OK, StatusCode::GONE]);
    assert_eq!(set_up(&bridge, &token, "olga").await.status, StatusCode::GONE);
    let accounts = bridge.stores.audit.accounts().await.unwrap();
    assert_eq!((accounts.len(), accounts[0].role.word()), (1, "owner"));
    let noted = bridge.get("/admin/log?action=account.setup", ADMIN_TOKEN).await;
    let noted = noted.body["items"].as_array().unwrap().clone();
    assert_eq!(noted.len(), 1, "of two at once the one that made it is noted: {noted:?}");
    assert_eq!(noted[0]["who"], accounts[0].name);
    // Closed for ever.
    let again = bridge_app::admin::accounts::first_link(bridge.app()).await.unwrap();
    assert!(again.is_none());
    bridge.stop().await;
}

#[tokio::test]
async fn the_first_link_works_for_thirty_minutes() {
    let bridge = Bridge::start().await;
    let token = first_token(&bridge).await;
    bridge.clock.advance(Span(30 * 60_000));
    assert_eq!(set_up(&bridge, &token, "olga").await.code(), "link_void");
    let token = first_token(&bridge).await;
    bridge.clock.advance(Span(30 * 60_000 - 1));
    assert_eq!(set_up(&bridge, &token, "Olga").await.status, StatusCode::OK);
    let stored = bridge.stores.audit.account("olga").await.unwrap().unwrap();
    assert!(stored.password.unwrap().starts_with("$argon2id$"));
    bridge.stop().await;
}

#[tokio::test]
async fn a_link_for_somebody_sets_their_password_once() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let mut vera = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    let page = owner.send_form("/admin/ui/accounts/link", &[("name", "vera")]).await;
    let token = token_in(page.body.as_str().unwrap());
    assert_eq!(vera.open("/admin").await.status, StatusCode::OK, "a link alone changes nothing");

    let new = "another long password";
    let fields = [("token", &*token), ("password", new), ("again", new)];
    let as_owner = Visitor::new(&bridge).submit("/admin/setup", &fields).await;
    assert_eq!(as_owner.code(), "link_void", "it makes no owner");
    let late = Visitor::new(&bridge);
    assert_eq!(late.submit("/admin/reset", &fields).await.status, StatusCode::OK);
    assert_eq!(late.submit("/admin/reset", &fields).await.code(), "link_void");
    assert_eq!(vera.open("/admin").await.status, StatusCode::SEE_OTHER, "the old session is over");
    vera.cookie = None;
    vera.csrf.clear();
    assert_eq!(vera.log_in("vera", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(vera.log_in(" VERA ", new).await.status, StatusCode::OK);
    bridge.stop().await;
}
