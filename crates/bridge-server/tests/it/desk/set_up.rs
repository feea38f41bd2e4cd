//! What helps on the first days: the list of what is still to do, the desk on a home screen, the palette's box; and the
//! validated numbers of a stretch of time.

use bridge_core::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

async fn html(visitor: &Visitor, path: &str) -> String {
    let page = visitor.open(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    page.body.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_overview_says_what_a_new_bridge_still_needs() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let first = html(&owner, "/admin").await;
    assert!(first.contains("0 of 5 done") && first.contains("checklist\" open"), "{first}");
    assert!(first.contains("href=\"/admin/ui/receivers\">Add the phone"), "{first}");
    bridge.text(ALICE, "hello").await;
    bridge.set("sms_receiver_number", json!("+911234567890")).await;
    let then = html(&owner, "/admin").await;
    assert!(then.contains("2 of 5 done: a phone, a number"), "{then}");
    assert!(!then.contains("checklist\" open"), "it is folded once something was heard");
    bridge.stop().await;
}

#[tokio::test]
async fn a_phone_puts_the_desk_on_its_home_screen() {
    let bridge = Bridge::start().await;
    let manifest = bridge.get("/admin/ui/manifest.webmanifest", "").await;
    assert_eq!(manifest.headers["content-type"], "application/manifest+json");
    assert_eq!(
        (&manifest.body["start_url"], &manifest.body["display"]),
        (&json!("/admin"), &json!("standalone"))
    );
    for icon in manifest.body["icons"].as_array().unwrap() {
        let path = icon["src"].as_str().unwrap();
        let response = bridge.request(Method::GET, path).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"image/png".parse().unwrap())
        );
        let bytes = response.bytes().await.unwrap();
        let side = u32::from_be_bytes(bytes[16..20].try_into().unwrap());
        assert_eq!(icon["sizes"], format!("{side}x{side}"));
    }
    let login =
        bridge.request(Method::GET, "/admin/login").header("accept", "text/html").send().await.unwrap();
    let policy = login.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("manifest-src 'self'"), "{policy}");
    assert!(login.text().await.unwrap().contains("rel=\"manifest\""));
    bridge.stop().await;
}

#[tokio::test]
async fn validated_numbers_of_a_day_are_listed_newest_first_and_counted() {
    let bridge = Bridge::start().await;
    for number in [ALICE, BOB] {
        let registered = bridge.registered(number).await;
        assert_eq!(bridge.deliver(&bridge.right_sms(number, &registered)).await.verdict(), "passed");
        bridge.clock.advance(Span(60 * 60_000));
    }
    bridge.settle().await;
    let owner = Visitor::owner(&bridge).await;
    let page = html(&owner, "/admin/ui/validated").await;
    let place = |number: &str| page.find(&format!("class=\"mono\">{number}")).unwrap();
    assert!(place(BOB) < place(ALICE) && page.contains("2 numbers"), "{page}");
    // From noon to half past: only the first.
    let day = "?from=2026-01-31T12%3A00&to=2026-01-31T12%3A30";
    let first = html(&owner, &format!("/admin/ui/validated{day}")).await;
    assert!(first.contains(ALICE) && !first.contains(BOB) && first.contains("1 number<"), "{first}");
    let csv = html(&owner, &format!("/admin/ui/validated/export/csv{day}")).await;
    assert!(csv.starts_with('\u{feff}') && csv.contains(ALICE) && !csv.contains(BOB), "{csv}");
    let listed = bridge.get("/admin/validated?limit=1", ADMIN_TOKEN).await.body;
    assert_eq!((&listed["total"], &listed["items"][0]["mobile_number"]), (&json!(2), &json!(BOB)));
    let next = listed["next_before"].as_str().unwrap();
    let rest = bridge.get(&format!("/admin/validated?before={next}"), ADMIN_TOKEN).await.body;
    assert_eq!((&rest["items"][0]["mobile_number"], &rest["next_before"]), (&json!(ALICE), &Value::Null));
    assert_eq!(bridge.get("/admin/validated?before=x", ADMIN_TOKEN).await.code(), "invalid_request");
    bridge.stop().await;
}

#[tokio::test]
async fn why_registrations_were_refused_is_said_in_words() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let body = json!({"address": "eve@example.com"});
    let block = bridge.request(Method::POST, "/admin/blocked-emails").bearer_auth(ADMIN_TOKEN).json(&body);
    assert_eq!(bridge.send(block).await.status, 201);
    let refused = bridge.register(ALICE, "eve@example.com", "d1").await;
    assert_eq!((refused.code(), refused.text("title")), ("email_blocked", "This e-mail address is blocked"));
    bridge.settle().await;
    let abuse = html(&owner, "/admin/ui/abuse").await;
    assert!(abuse.contains("This e-mail address is blocked <code class=\"behind\">email_blocked"), "{abuse}");
    let number = html(&owner, "/admin/ui/number?mobile=%2B919876543210").await;
    assert!(number.contains("This e-mail address is blocked"), "{number}");
    bridge.stop().await;
}
