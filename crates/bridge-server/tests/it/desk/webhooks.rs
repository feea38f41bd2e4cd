//! The page `Webhooks`: added with a secret that is shown once, tried, looked at, replayed, rotated, switched off, removed.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::harness::{Bridge, NOON};
use crate::webhooks::endpoint::{Endpoint, Mode};

#[tokio::test]
async fn a_webhook_is_looked_after_from_the_desk() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let flags = ["--webhook-allow", "127.0.0.0/8"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &flags).await;
    let owner = Visitor::owner(&bridge).await;
    let html = async |path: &str| owner.open(path).await.body.as_str().unwrap_or_default().to_owned();
    assert!(html("/admin/ui/webhooks").await.contains("Nobody is told anything"));
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;

    let wrong = owner.submit("/admin/ui/webhooks/add", &[("url", "https://10.0.0.1/")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.body);
    let fields = [("url", endpoint.url.as_str()), ("description", "the <shop>"), ("sms.judged", "yes")];
    let given = owner.submit("/admin/ui/webhooks/add", &fields).await;
    let given = given.body["html"].as_str().unwrap().to_owned();
    assert!(given.contains("whsec_"), "{given}");
    let id = given.split("/admin/ui/webhooks/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/admin/ui/webhooks/{id}");

    bridge.text("+919876543210", "hello").await;
    assert_eq!(endpoint.next(1).await[0].kind(), "sms.judged");
    let tested = owner.submit(&format!("{path}/test"), &[]).await;
    assert!(tested.body["html"].as_str().unwrap().contains("It was taken: 200"), "{}", tested.body);
    assert_eq!(endpoint.next(1).await[0].kind(), "webhook.test");
    crate::webhooks::until("it is noted", async || html(&path).await.contains("delivered")).await;
    let shown = html(&path).await;
    assert!(shown.contains("sms.judged") && shown.contains("the &#60;shop&#62;"), "{shown}");
    assert!(!shown.contains("whsec_"), "a secret is shown once");

    let again = owner.submit(&format!("{path}/replay"), &[("since", "2026-01-01T00:00")]).await;
    assert!(again.status.is_success(), "{}", again.body);
    assert_eq!(endpoint.next(1).await[0].kind(), "sms.judged");
    let rotated = owner.submit(&format!("{path}/rotate"), &[]).await;
    let rotated = rotated.body["html"].as_str().unwrap().to_owned();
    assert!(
        rotated.contains("whsec_") && !given.contains(rotated.split("whsec_").nth(1).unwrap()),
        "{rotated}"
    );
    owner.submit(&format!("{path}/switch"), &[("enabled", "no")]).await;
    assert!(html("/admin/ui/webhooks").await.contains("off"));
    let removed = owner.submit(&format!("{path}/remove"), &[]).await;
    assert!(removed.status.is_success(), "{}", removed.body);
    assert!(html("/admin/ui/webhooks").await.contains("Nobody is told anything"));
    bridge.stop().await;
}
