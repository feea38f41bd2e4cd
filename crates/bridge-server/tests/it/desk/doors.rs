//! What a person finds who opens an address that is made for programs, and that programs find what they always found.

use reqwest::{Method, StatusCode, header};
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};
use crate::receivers::{added, text};

#[tokio::test]
async fn the_front_door_leads_in() {
    let bridge = Bridge::start().await;
    let stranger = Visitor::new(&bridge);
    let answer = stranger.open("/").await;
    assert_eq!(
        (answer.status, &answer.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/admin".parse().unwrap())
    );
    let program = bridge.send(bridge.request(Method::GET, "/")).await;
    assert_eq!((program.status, program.code()), (StatusCode::NOT_FOUND, "not_found"));

    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let clock = bridge.clock.clone();
    let apart = Bridge::start_on(folder, clock, &["--private-bind", "127.0.0.1:0"]).await;
    let request =
        apart.http.put(format!("{}/admin/settings/hosted_registration_enabled", apart.private_url()));
    let set = apart.send(request.bearer_auth(ADMIN_TOKEN).json(&json!({"value": true}))).await;
    assert!(set.status.is_success(), "{}", set.body);
    let answer = Visitor::new(&apart).open("/").await;
    assert_eq!(answer.headers[header::LOCATION], "/v");
    apart.stop().await;
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_nowhere_is_a_page_for_people() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let inside = owner.open("/admin/nowhere").await;
    let html = inside.body.as_str().unwrap();
    assert_eq!(inside.status, StatusCode::NOT_FOUND);
    assert!(html.contains("There is nothing") || html.contains("there is nothing at this address"), "{html}");
    assert!(html.contains("<nav aria-label=\"Pages\">"), "the way on: {html}");
    let missing = owner.open("/admin/ui/sms/nothing").await;
    assert!(missing.body.as_str().unwrap().contains("<nav aria-label=\"Pages\">"), "{}", missing.body);
    let outside = Visitor::new(&bridge).open("/nowhere").await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND);
    assert!(!outside.body.as_str().unwrap().contains("aria-label=\"Pages\""));
    // Java asks for HTML by default.
    let java = bridge.request(Method::GET, "/onboard/status/%2B919876543210").bearer_auth(API_KEY);
    let java = bridge.send(java.header(header::ACCEPT, "text/html, image/gif, *; q=.2")).await;
    assert_eq!(java.code(), "not_found", "{}", java.body);
    bridge.stop().await;
}

#[tokio::test]
async fn a_receiver_s_address_is_its_set_up_page() {
    let bridge = Bridge::start().await;
    let hall = added(&bridge, json!({"name": "hall", "format": "kannel"})).await;
    let url = text(&hall, "url").strip_prefix(&bridge.url).unwrap().to_owned();
    let stranger = Visitor::new(&bridge);
    let page = stranger.open(&url).await;
    let html = page.body.as_str().unwrap();
    assert_eq!(page.status, StatusCode::OK, "{html}");
    assert!(html.contains("<h1>hall</h1>") && html.contains("has not heard of it yet"), "{html}");
    assert!(
        html.contains(text(&hall, "secret")) && !html.contains("svg viewBox"),
        "no QR that cannot work: {html}"
    );

    let wrong = stranger.open("/sms/receive/kannel?apiKey=a-secret-of-nobody").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let bare = stranger.open("/sms/receive/kannel").await;
    let signed = stranger.open("/sms/receive/kannel?receiver=hall").await;
    assert_eq!(
        (bare.status, &bare.body.as_str().unwrap()[..200]),
        (signed.status, &signed.body.as_str().unwrap()[..200])
    );
    assert!(!signed.body.to_string().contains("hall"), "who has no secret is told nothing");

    // Whatever it says that it accepts: this is an SMS.
    let sms =
        format!("{url}&sender=%2B919876543210&message=x&id=1&ts={}", bridge.clock.now().epoch_seconds());
    let delivered = stranger.open(&sms).await;
    assert_eq!(delivered.status, StatusCode::OK, "{}", delivered.body);
    assert_eq!(bridge.rows("+919876543210").await.len(), 1);
    let page = stranger.open(&url).await;
    assert!(page.body.as_str().unwrap().contains("The bridge heard of it"), "{}", page.body);
    bridge.stop().await;
}
