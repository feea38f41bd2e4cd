//! The page inside another site, where the operator allows it.

use serde_json::json;

use super::{bridge, header, html, look, page_of, register};

#[tokio::test]
async fn only_named_sites_may_show_the_page() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({})).await);
    let frame = async |query: &str| {
        let shown = look(&bridge, &format!("{page}{query}")).await;
        let policy = header(&shown, "content-security-policy").to_owned();
        (policy.split_once("frame-ancestors ").unwrap().1.to_owned(), html(&shown).contains("data-origin="))
    };
    assert_eq!(frame("?origin=https://shop.example").await, ("'none'".to_owned(), false));
    bridge.set("embed_origins", json!(["https://shop.example", "http://localhost:3000"])).await;
    let named = "https://shop.example http://localhost:3000".to_owned();
    assert_eq!(frame("?origin=https://shop.example").await, (named.clone(), true));
    assert_eq!(frame("?origin=https://evil.example").await, (named, false), "nobody else is told anything");
    let script = look(&bridge, "/embed.js").await;
    assert!(header(&script, "content-type").starts_with("text/javascript"));
    assert!(html(&script).contains("sms-bridge-verify"));
}

#[tokio::test]
async fn the_operator_s_name_and_colour_are_shown() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({})).await);
    bridge.set("page_app_name", json!("Shop <& Co>")).await;
    bridge.set("page_accent_colour", json!("#ffd400")).await;
    bridge.set("page_privacy_url", json!("https://shop.example/privacy")).await;
    bridge.set("page_help_contact", json!("help@shop.example")).await;
    let shown = look(&bridge, &page).await;
    let html_of = html(&shown);
    assert!(html_of.contains("Shop &#60;&#38; Co&#62;") && html_of.contains("mailto:help@shop.example"));
    assert!(html_of.contains("href=\"https://shop.example/privacy\""));
    let style = html_of.split_once("href=\"/v/assets/").unwrap().1.split_once('"').unwrap().0;
    let sheet = look(&bridge, &format!("/v/assets/{style}")).await;
    assert!(html(&sheet).starts_with(":root{--accent:#ffd400;--on-accent:#000}"));
    assert!(header(&sheet, "cache-control").contains("immutable"));
}
