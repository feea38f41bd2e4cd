//! What an app may ask for beside the number, and what comes of it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{USER, bridge, html, look, page_of, post, register};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};

#[tokio::test]
async fn metadata_is_handed_back_to_the_app_alone() {
    let bridge = bridge().await;
    let metadata =
        json!({"order": 12_345_678_901_234_567_u64, "note": "नमस्ते \u{0} ok", "list": [1, null, true]});
    let registered = register(&bridge, json!({"metadata": metadata, "device_id": "d1"})).await;
    assert_eq!(bridge.status(&registered).await.body["metadata"], metadata);
    let by_number = bridge.get(&format!("/onboard/status/{}", USER.replace('+', "%2B")), API_KEY).await;
    assert_eq!(by_number.body["metadata"], metadata);
    let path = format!("/onboard/{}", registered.text("onboarding_id"));
    let own = bridge.get(&path, registered.text("token")).await;
    assert_eq!(own.body["metadata"], Value::Null, "the person's browser is not told");
    // It is dumped, read back, and erased with the person.
    bridge.settle().await;
    let person = format!("/admin/persons/{}", USER.replace('+', "%2B"));
    let export = bridge.get(&person, ADMIN_TOKEN).await.body.to_string();
    assert!(export.contains("12345678901234567"), "{export}");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let bridge = bridge().await;
    bridge.set("return_url_origins", json!(["https://shop.example"])).await;
    for (field, value) in [
        ("metadata", json!("x".repeat(1_025))),
        ("locale", json!("<b>")),
        ("locale", json!(1)),
        ("return_url", json!("javascript:alert(1)")),
        ("return_url", json!("http://shop.example/")),
        ("return_url", json!("https://evil.example/")),
        ("return_url", json!("https://shop.example.evil.example/")),
    ] {
        let mut fields = json!({});
        fields[field] = value.clone();
        let refused = register(&bridge, fields).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "{field} {value}"
        );
        assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.body);
    }
}

#[tokio::test]
async fn the_page_leads_back_to_the_app_when_it_is_done() {
    let bridge = bridge().await;
    bridge.set("return_url_origins", json!(["https://shop.example"])).await;
    let registered =
        register(&bridge, json!({"return_url": "https://shop.example/done?order=1", "device_id": "d1"}))
            .await;
    let page = page_of(&registered);
    let id = registered.text("onboarding_id");
    assert!(!html(&look(&bridge, &page).await).contains("shop.example/done"), "not before it is done");
    bridge.text(USER, registered.text("sms_body")).await;
    let back = format!("https://shop.example/done?order=1&#38;onboarding_id={id}&#38;status=validated");
    let shown = look(&bridge, &page).await;
    assert!(html(&shown).contains(&back), "{}", html(&shown));
    bridge.set("return_url_origins", json!([])).await;
    assert!(!html(&look(&bridge, &page).await).contains("shop.example/done"), "the operator took it back");
}

#[tokio::test]
async fn a_step_is_counted_once_and_erased_with_the_person() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({})).await);
    for event in
        ["event=opened", "event=opened", "event=tapped", "event=copied", "event=scanned", "event=tapped"]
    {
        assert_eq!(
            post(&bridge, &format!("{page}/event?lang=hi&on=ios"), event).await.status,
            StatusCode::NO_CONTENT
        );
    }
    let wrong = post(&bridge, &format!("{page}/event"), "event=hacked").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(funnel(&bridge).await, [("hi".to_owned(), "ios".to_owned(), [1, 1, 1, 1])]);
    // Once more after it was written: nothing is counted twice.
    post(&bridge, &format!("{page}/event?lang=hi&on=ios"), "event=tapped").await;
    assert_eq!(funnel(&bridge).await, [("hi".to_owned(), "ios".to_owned(), [1, 1, 1, 1])]);
    let person = format!("/admin/persons/{}", USER.replace('+', "%2B"));
    let wish = bridge.request(Method::POST, &format!("{person}/erase")).bearer_auth(ADMIN_TOKEN);
    let erased = bridge.send(wish.json(&json!({"confirm": USER}))).await;
    assert!(erased.status.is_success(), "{}", erased.body);
    bridge.settle().await;
    assert_eq!(funnel(&bridge).await, []);
    assert_eq!(look(&bridge, &page).await.status, StatusCode::NOT_FOUND);
}

async fn funnel(bridge: &Bridge) -> Vec<(String, String, [u64; 4])> {
    bridge.settle().await;
    let now = bridge.clock.now();
    let hour = bridge_core::Span(3_600_000);
    let rows = bridge.stores.audit.page_funnel(now - hour, now + hour).await.unwrap();
    rows.into_iter()
        .map(|row| (row.language, row.platform, [row.opened, row.tapped, row.copied, row.scanned]))
        .collect()
}
