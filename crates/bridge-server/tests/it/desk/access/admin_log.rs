//! The admin log: every change, by whom and from where, and no secret.

use bridge_store::accounts::ChangesAsked;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::desk::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};

#[tokio::test]
async fn what_is_changed_is_noted() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    let post = |path: &str, body| bridge.request(Method::POST, path).bearer_auth(ADMIN_TOKEN).json(&body);
    let added = bridge.send(post("/admin/receivers", json!({"name": "hall", "format": "smsgate"}))).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    let blocked =
        post("/admin/blacklist", json!({"mobile_number": "+919876543210", "reason": "<b>flood</b>"}));
    assert_eq!(bridge.send(blocked).await.status, StatusCode::CREATED);

    let changes = bridge.stores.audit.changes(&ChangesAsked::default(), 100).await.unwrap();
    let told: Vec<_> = changes
        .iter()
        .rev()
        .map(|row| (&*row.change.who, &*row.change.action, &*row.change.subject))
        .collect();
    assert_eq!(
        told,
        [
            ("olga", "account.setup", "olga"),
            ("olga", "account.add", "vera"),
            ("olga", "account.link", "vera"),
            ("vera", "account.password", "vera"),
            ("admin token", "receiver.add", "hall"),
            ("admin token", "blacklist.add", "+919876543210"),
        ]
    );
    assert!(changes.iter().all(|row| row.change.address.as_deref() == Some("127.0.0.1")));
    let written =
        changes.iter().map(|row| format!("{} {}", row.change.before, row.change.after)).collect::<String>();
    assert!(!written.contains(added.text("secret")) && !written.contains("argon2"), "{written}");

    let page = owner.open("/admin/ui/log?who=admin+token&action=blacklist.").await;
    let html = page.body.as_str().unwrap();
    assert!(
        html.contains("+919876543210") && !html.contains("receiver.add") && !html.contains("<b>flood"),
        "{html}"
    );
    let wrong = owner.open("/admin/ui/log?since=yesterday").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let nothing = owner.open("/admin/ui/log?since=2026-02-01").await;
    assert!(nothing.body.as_str().unwrap().contains("Nothing like that"));
    bridge.stop().await;
}
