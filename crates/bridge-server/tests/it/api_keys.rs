//! API keys that an operator made: what each opens and what not, that they end, and that no store knows their secrets.

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, RECEIVER_KEY};
use crate::real_stores::group::{Group, until};

const USER: &str = "+919876543210";
const SCOPES: [&str; 4] = ["register", "status", "receive", "admin"];

async fn make(bridge: &Bridge, name: &str, scopes: &[&str]) -> Answer {
    let request = bridge.request(Method::POST, "/admin/api-keys").bearer_auth(ADMIN_TOKEN);
    bridge.send(request.json(&json!({"name": name, "scopes": scopes}))).await
}

async fn made(bridge: &Bridge, name: &str, scopes: &[&str]) -> (String, String) {
    let made = make(bridge, name, scopes).await;
    assert_eq!(made.status, 201, "{}", made.body);
    (made.text("id").to_owned(), made.text("secret").to_owned())
}

async fn revoke(bridge: &Bridge, id: &str) -> u16 {
    let request = bridge.request(Method::DELETE, &format!("/admin/api-keys/{id}"));
    bridge.send(request.bearer_auth(ADMIN_TOKEN)).await.status.as_u16()
}

/// What each scope opens, with that secret.
async fn tried(bridge: &Bridge, secret: &str) -> [u16; 4] {
    let register = json!({"mobile_number": USER, "email": "user@example.com", "device_id": "d1"});
    let sms = json!({"mobile_number": "+919876500000", "sms_message": "hello",
        "received_timestamp": bridge.clock.now().to_string()});
    let post = |path, body: &Value| bridge.request(Method::POST, path).bearer_auth(secret).json(body);
    [
        bridge.send(post("/onboard/register", &register)).await.status.as_u16(),
        bridge.get(&format!("/onboard/status/{USER}"), secret).await.status.as_u16(),
        bridge.send(post("/sms/receive", &sms)).await.status.as_u16(),
        bridge.get("/admin/settings", secret).await.status.as_u16(),
    ]
}

#[tokio::test]
async fn a_key_opens_its_scope_and_nothing_else() {
    let bridge = Bridge::start().await;
    bridge.registered(USER).await;
    for (n, scope) in SCOPES.iter().enumerate() {
        let (_, secret) = made(&bridge, scope, &[scope]).await;
        for (other, status) in tried(&bridge, &secret).await.into_iter().enumerate() {
            // What a phone sends with a wrong key is refused as it always was.
            let refused = if SCOPES[other] == "receive" { 401 } else { 403 };
            let expected = if other == n { 200 } else { refused };
            assert_eq!(status, expected, "a key for {scope} at {}", SCOPES[other]);
        }
    }
    let (_, every) = made(&bridge, "every", &SCOPES).await;
    assert_eq!(tried(&bridge, &every).await, [200; 4]);
    let (_, app) = made(&bridge, "an app", &["status"]).await;
    let said = bridge.get("/admin/settings", &app).await;
    assert_eq!(said.code(), "forbidden");
    assert!(said.text("detail").contains("needs the scope admin"), "{}", said.body);
    assert_eq!(tried(&bridge, &format!("{app}0")).await, [401; 4]);
    // The keys of the configuration keep all their power, and no more.
    assert_eq!(tried(&bridge, API_KEY).await, [200, 200, 401, 401]);
    assert_eq!(tried(&bridge, RECEIVER_KEY).await, [401, 401, 200, 401]);
    assert_eq!(tried(&bridge, ADMIN_TOKEN).await, [401, 401, 401, 200]);
    bridge.stop().await;
}

#[tokio::test]
async fn an_onboarding_is_looked_at_and_cancelled_with_the_scope_for_it() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let path = format!("/onboard/{}", registered.text("onboarding_id"));
    let (_, asks) = made(&bridge, "asks", &["status"]).await;
    let (_, begins) = made(&bridge, "begins", &["register"]).await;
    let cancel =
        |secret: &str| bridge.request(Method::POST, &format!("{path}/cancel")).bearer_auth(secret.to_owned());
    assert_eq!(bridge.get(&path, &begins).await.status, 403);
    assert_eq!(bridge.get(&path, &asks).await.text("status"), "pending");
    assert_eq!(bridge.send(cancel(&asks)).await.status, 403);
    assert_eq!(bridge.send(cancel(&begins)).await.text("status"), "cancelled");
    assert_eq!(
        bridge.get(&path, registered.text("token")).await.text("status"),
        "cancelled",
        "its own token"
    );
    bridge.stop().await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_revoked_at_once() {
    let bridge = Bridge::start().await;
    let (id, secret) = made(&bridge, "the shop", &["status", "register", "register"]).await;
    bridge.registered(USER).await;
    let list = async || bridge.get("/admin/api-keys", ADMIN_TOKEN).await.body["items"].clone();
    let listed = list().await;
    let shop = &listed[0];
    assert_eq!((&shop["name"], &shop["scopes"]), (&json!("the shop"), &json!(["register", "status"])));
    assert_eq!((&shop["last_used_at"], &shop["created_by"]), (&Value::Null, &json!("admin token")));
    assert!(secret.starts_with(shop["hint"].as_str().unwrap()) && !listed.to_string().contains(&secret));
    bridge.clock.advance(Span(90_500));
    assert_eq!(tried(&bridge, &secret).await[..2], [200, 200]);
    let used = list().await[0]["last_used_at"].clone();
    assert_eq!(used, "2026-01-31T12:01:00Z", "to the minute");
    bridge.settle().await;
    assert_eq!(bridge.stores.audit.api_keys().await.unwrap()[0].last_used_at.unwrap().to_string(), used);
    // Neither the store nor the folder has the secret.
    assert!(!format!("{:?}", bridge.stores.audit.api_keys().await.unwrap()).contains(&secret));
    let noted = std::fs::read_to_string(bridge.folder.path().join("api_keys.json")).unwrap();
    assert!(noted.contains("the shop") && !noted.contains(&secret));

    let again = make(&bridge, "The Shop", &["status"]).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "api_key_exists"));
    for (name, scopes, field) in [
        ("", &["status"][..], "name"),
        ("  ", &["status"], "name"),
        (&*"x".repeat(61), &["status"], "name"),
        ("a\u{7}", &["status"], "name"),
        ("other", &[], "scopes"),
        ("other", &["everything"], "scopes"),
    ] {
        let refused = make(&bridge, name, scopes).await;
        assert_eq!((refused.status.as_u16(), &refused.body["errors"][0]["field"]), (400, &json!(field)));
    }
    assert_eq!(revoke(&bridge, &id).await, 204);
    assert_eq!(tried(&bridge, &secret).await, [401; 4]);
    assert_eq!((revoke(&bridge, &id).await, revoke(&bridge, "nothing").await), (404, 404));
    let log = bridge.get("/admin/log?action=api_key", ADMIN_TOKEN).await.body["items"].clone();
    let actions: Vec<_> = log.as_array().unwrap().iter().map(|item| &item["action"]).collect();
    assert_eq!(actions, ["api_key.revoke", "api_key.add"]);
    assert!(!log.to_string().contains(&secret));
    bridge.stop().await;
}

#[tokio::test]
async fn whoever_works_with_a_key_is_named_in_the_admin_log() {
    let bridge = Bridge::start().await;
    let (_, secret) = made(&bridge, "night script", &["admin"]).await;
    let request = bridge.request(Method::PUT, "/admin/settings/batch_size").bearer_auth(&secret);
    assert_eq!(bridge.send(request.json(&json!({"value": 7}))).await.status, 200);
    let log = bridge.get("/admin/log?action=setting", ADMIN_TOKEN).await.body["items"][0].clone();
    assert_eq!(log["who"], "API key night script");
    assert_eq!(bridge.get("/admin/ui/sms", &secret).await.status, 200, "the desk too");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_bridge_revoked_is_refused_by_all() {
    let Some(group) = Group::start("api_keys_of_a_group") else { return };
    let (one, other) = (group.bridge().await, group.bridge().await);
    let (id, secret) = made(&one, "shop", &["admin"]).await;
    let answers = async |status| {
        until("what the other bridge says of the key", async || {
            (other.get("/admin/settings", &secret).await.status == status).then_some(())
        })
        .await;
    };
    answers(200).await;
    assert_eq!(revoke(&one, &id).await, 204);
    assert_eq!(one.get("/admin/settings", &secret).await.status, 401);
    answers(401).await;
    one.stop().await;
    other.stop().await;
}
