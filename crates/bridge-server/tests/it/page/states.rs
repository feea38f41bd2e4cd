//! Every state of an onboarding has its page, and looking changes nothing.

use bridge_core::Span;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{USER, ask, bridge, header, html, look, page_of, post, register, stage};
use crate::harness::Bridge;

#[tokio::test]
async fn a_link_shows_what_to_do_and_looking_changes_nothing() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({"device_id": "d1"})).await;
    let page = page_of(&registered);
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    assert_eq!(page, format!("/v/{id}.{token}"), "without a public address it is a path");
    let before = bridge.status(&registered).await.body;
    for _ in 0..3 {
        let shown = look(&bridge, &page).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert_eq!(stage(&shown), "ready");
        assert_eq!(header(&shown, "referrer-policy"), "no-referrer");
        assert_eq!(header(&shown, "cache-control"), "no-store");
        assert!(header(&shown, "content-security-policy").contains("default-src 'none'"));
        assert!(header(&shown, "content-security-policy").contains("frame-ancestors 'none'"));
        let html = html(&shown);
        assert!(html.contains(registered.text("sms_body")) && html.contains("<noscript>"));
        assert!(!html.contains(USER) && html.contains("••• 10"), "the number is masked");
        assert!(!html.contains("style=") && !html.contains("<script>"), "nothing is inline");
        assert!(html.len() < 12_000, "{} bytes", html.len());
    }
    assert_eq!(bridge.status(&registered).await.body, before);
}

#[tokio::test]
async fn whatever_is_needed_to_see_it_is_under_thirty_kibibytes_in_every_language() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({})).await);
    let first = look(&bridge, &page).await;
    let languages = html(&first).split("?lang=").skip(1).map(|after| after.split_once('"').unwrap().0);
    let languages: Vec<String> = languages.map(str::to_owned).collect();
    assert_eq!(languages.len(), 11, "{languages:?}");
    for language in languages {
        let shown = look(&bridge, &format!("{page}?lang={language}")).await;
        let mut bytes = html(&shown).len();
        let assets = html(&shown).split("\"/v/assets/").skip(1).map(|after| after.split_once('"').unwrap().0);
        let assets: Vec<&str> = assets.collect();
        assert_eq!(assets.len(), 2, "a style sheet and a script: {assets:?}");
        for asset in assets {
            bytes += html(&look(&bridge, &format!("/v/assets/{asset}")).await).len();
        }
        assert!(bytes < 30 * 1024, "{language}: {bytes} bytes, before they are packed");
    }
}

#[tokio::test]
async fn where_the_outside_finds_the_bridge_the_page_is_there_too() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let clock = bridge_app::base::clock::Clock::standing_at(crate::harness::NOON);
    let bridge = Bridge::start_on(folder, clock, &["--public-url", "https://sms.example.org/"]).await;
    let registered = register(&bridge, json!({})).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    assert_eq!(page_of(&registered), format!("https://sms.example.org/v/{id}.{token}"));
}

#[tokio::test]
async fn the_link_is_that_of_each_phone() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({})).await;
    let page = page_of(&registered);
    let href = async |agent: &str| {
        let request = bridge.request(Method::GET, &page).header("user-agent", agent);
        let shown = bridge.send(request).await;
        let after = html(&shown).split_once("id=\"send\" href=\"").unwrap().1.to_owned();
        after.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&")
    };
    assert_eq!(href("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)").await, registered.body["sms_links"]["ios"]);
    assert_eq!(href("Mozilla/5.0 (Linux; Android 15)").await, registered.body["sms_links"]["android"]);
    assert_eq!(href("Mozilla/5.0 (X11; Linux x86_64)").await, registered.body["sms_links"]["universal"]);
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_id_are_the_same_page() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({})).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    let wrong = format!("{}{}", &token[..63], if token.ends_with('0') { "1" } else { "0" });
    let unknown = "01900000-0000-7000-8000-000000000000";
    let mut pages = Vec::new();
    for link in [
        format!("{id}.{wrong}"),
        format!("{unknown}.{token}"),
        id.to_owned(),
        "x".to_owned(),
        format!("{id}."),
    ] {
        for (method, rest) in [
            (Method::GET, ""),
            (Method::GET, "/qr.svg"),
            (Method::POST, "/again"),
            (Method::POST, "/cancel"),
            (Method::POST, "/event"),
        ] {
            let answer = ask(&bridge, method, &format!("/v/{link}{rest}"), None).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{link}{rest}");
            assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
            pages.push(html(&answer).to_owned());
        }
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "all are one page");
    assert_eq!(bridge.status(&registered).await.text("status"), "pending");
}

#[tokio::test]
async fn every_state_is_drawn() {
    let bridge = bridge().await;
    let stage_of = async |page: &str| stage(&look(&bridge, page).await).to_owned();
    // Another text, then the right one.
    let first = register(&bridge, json!({"device_id": "d1"})).await;
    let page = page_of(&first);
    bridge.text(USER, &format!("ONBOARD:{}", "0".repeat(64))).await;
    assert_eq!(stage_of(&page).await, "not_matched");
    bridge.text(USER, first.text("sms_body")).await;
    assert_eq!(stage_of(&page).await, "validated");
    // Cancelled, and a new code from there.
    let second = register(&bridge, json!({"mobile_number": "+919876543211", "device_id": "d1"})).await;
    let page = page_of(&second);
    let cancelled = post(&bridge, &format!("{page}/cancel"), "").await;
    assert_eq!((cancelled.status, header(&cancelled, "location")), (StatusCode::SEE_OTHER, page.as_str()));
    assert_eq!(stage_of(&page).await, "cancelled");
    let again = post(&bridge, &format!("{page}/again?lang=hi"), "").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let next = header(&again, "location").to_owned();
    assert!(next.starts_with("/v/") && next.ends_with("?lang=hi") && !next.contains(&page), "{next}");
    assert_eq!(stage_of(&next).await, "ready");
    // Its time is over; a new code supersedes it.
    bridge.clock.advance(Span(301_000));
    assert_eq!(stage_of(&next).await, "expired");
    // The SMS was sent after its time.
    let late = register(&bridge, json!({"mobile_number": "+919876543213"})).await;
    bridge.clock.advance(Span(400_000));
    bridge.text("+919876543213", late.text("sms_body")).await;
    assert_eq!(stage_of(&page_of(&late)).await, "late");
    let newest = post(&bridge, &format!("{}/again", next.replace("?lang=hi", "")), "").await;
    assert_eq!(newest.status, StatusCode::SEE_OTHER);
    assert_eq!(stage_of(&next).await, "superseded");
    assert_eq!(stage_of(header(&newest, "location")).await, "ready");
    // Paused.
    bridge.set("maintenance_mode", json!(true)).await;
    let page = header(&newest, "location").to_owned();
    assert_eq!(stage_of(&page).await, "paused");
    assert_eq!(post(&bridge, &format!("{page}/again"), "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    bridge.text("+919876543211", "ONBOARD:0").await;
    assert_eq!(stage_of(&page).await, "checking", "an SMS of that number is kept");
    bridge.set("maintenance_mode", json!(false)).await;
    bridge.settle().await;
    assert_eq!(stage_of(&page).await, "not_matched");
}

#[tokio::test]
async fn too_many_and_refused_are_said_kindly() {
    let bridge = bridge().await;
    bridge.set("registrations_per_mobile_per_hour", json!(2)).await;
    let page = page_of(&register(&bridge, json!({})).await);
    assert_eq!(post(&bridge, &format!("{page}/again"), "").await.status, StatusCode::SEE_OTHER);
    let refused = post(&bridge, &format!("{page}/again"), "").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "a new code counts as a registration");
    assert_eq!(stage(&refused), "too_many");
    assert!(!header(&refused, "retry-after").is_empty());
    let sequence = [
        "mobile_check",
        "foreign_number_check",
        "count_check",
        "duplicate_check",
        "header_hash_check",
        "blacklist_check",
        "time_window_check",
    ];
    bridge.set("check_sequence", json!(sequence)).await;
    let page = page_of(&register(&bridge, json!({"mobile_number": "+919876543219"})).await);
    for _ in 0..6 {
        bridge.text("+919876543219", "hello").await;
    }
    assert_eq!(stage(&look(&bridge, &page).await), "too_many");
    let abroad = "+447911123456";
    bridge.set("allowed_country_codes", json!(["91", "44"])).await;
    let page = page_of(&register(&bridge, json!({"mobile_number": abroad})).await);
    bridge.set("allowed_country_codes", json!(["91"])).await;
    bridge.text(abroad, "hello").await;
    assert_eq!(stage(&look(&bridge, &page).await), "refused");
}

#[tokio::test]
async fn a_page_outlives_the_hot_store_s_memory() {
    let bridge = bridge().await;
    let registered = bridge.registered(USER).await;
    let page = page_of(&registered);
    bridge.text(USER, registered.text("sms_body")).await;
    bridge.settle().await;
    bridge.clock.advance(Span(90_000_000));
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage(&look(&bridge, &page).await), "validated", "whoever comes back sees how it ended");
}

#[tokio::test]
async fn without_a_receiver_nobody_is_told_to_send() {
    let bridge = Bridge::start().await;
    let page = page_of(&register(&bridge, json!({})).await);
    let shown = look(&bridge, &page).await;
    assert_eq!(stage(&shown), "paused");
    assert!(!html(&shown).contains("sms:"));
    assert_eq!(look(&bridge, &format!("{page}/sms-qr.svg")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn qr_codes_are_drawn() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({})).await);
    for code in ["qr.svg", "sms-qr.svg"] {
        let drawn = look(&bridge, &format!("{page}/{code}")).await;
        assert_eq!(drawn.status, StatusCode::OK);
        assert_eq!(header(&drawn, "content-type"), "image/svg+xml");
        assert!(html(&drawn).contains("<svg"));
    }
}

#[tokio::test]
async fn the_page_speaks_eleven_languages() {
    let bridge = bridge().await;
    let page = page_of(&register(&bridge, json!({"locale": "ta-IN"})).await);
    for (query, language, direction) in
        [("", "ta", "ltr"), ("?lang=ur", "ur", "rtl"), ("?lang=hi", "hi", "ltr"), ("?lang=xx", "ta", "ltr")]
    {
        let shown = look(&bridge, &format!("{page}{query}")).await;
        let root = format!("<html lang=\"{language}\" dir=\"{direction}\">");
        assert!(html(&shown).contains(&root), "{query}");
        assert!(html(&shown).contains("ONBOARD:"), "the text of the SMS is the same in every language");
    }
    let page = page_of(&register(&bridge, json!({"mobile_number": "+919876543212"})).await);
    let request = bridge.request(Method::GET, &page).header("accept-language", "fr, bn;q=0.8, en;q=0.2");
    assert!(html(&bridge.send(request).await).contains("<html lang=\"bn\""));
}
