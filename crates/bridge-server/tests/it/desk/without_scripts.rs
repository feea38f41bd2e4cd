//! Forms whose answer a script puts into the page: without scripts it is a page of its own, and nothing that is shown
//! once is lost.

use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::harness::Bridge;

#[tokio::test]
async fn what_a_receiver_is_given_is_shown() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let fields = [("name", "hall-phone"), ("format", "smsgate"), ("secret", "a-secret-of-the-hall-phone")];
    let page = owner.send_form("/admin/ui/receivers/add", &fields).await;
    let html = page.body.as_str().unwrap();
    assert_eq!(page.status, StatusCode::OK, "{html}");
    assert!(html.starts_with("<!doctype html>") && html.contains("a-secret-of-the-hall-phone"), "{html}");
    assert!(html.contains("href=\"/admin/ui/receivers\""), "the way back: {html}");

    let fields = [("name", "attic"), ("format", "smsgate"), ("secret", "a-secret-of-the-attic")];
    let answer = owner.submit("/admin/ui/receivers/add", &fields).await;
    assert!(
        answer.body["html"].as_str().unwrap().contains("a-secret-of-the-attic"),
        "a script gets the piece"
    );
    bridge.stop().await;
}
