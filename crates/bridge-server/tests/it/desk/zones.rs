//! Times are in the zone of the office, or else of the browser; the zone is named, fields are read in it, and files say how
//! far it is from UTC.

use reqwest::{Method, StatusCode, header};
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::Bridge;

const ALICE: &str = "+919876543210";

#[tokio::test]
async fn times_are_those_of_the_office() {
    let bridge = Bridge::start().await;
    let mut owner = Visitor::owner(&bridge).await;
    // Taken in at 12:00:01 UTC.
    let sms = bridge.text(ALICE, "x").await;
    let story = format!("/admin/ui/sms/{}", sms.text("message_id"));
    let html = owner.open(&story).await.body.to_string();
    assert!(html.contains("2026-01-31 12:00:01 UTC"), "{html}");

    let mut abroad = Visitor::new(&bridge);
    let fields = [("name", "olga"), ("password", super::visitor::PASSWORD), ("zone", "America/New_York")];
    let answer = abroad.submit("/admin/login", &fields).await;
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let cookies: Vec<String> = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
    abroad.cookie = Some(cookies.join("; "));
    let html = abroad.open(&story).await.body.to_string();
    assert!(html.contains("2026-01-31 07:00:01 EST"), "{cookies:?} {html}");

    let session = owner.cookie.clone().unwrap();
    owner.cookie = Some(format!("{session}; sms_bridge_zone=America%2FNew_York"));
    let html = owner.open(&story).await.body.to_string();
    assert!(html.contains("2026-01-31 07:00:01 EST") && html.contains("America/New_York"), "{html}");
    for hostile in ["../../etc/passwd", "%00", "Asia%2FKolkata%0d%0aX: 1", &"x".repeat(5_000)] {
        owner.cookie = Some(format!("{session}; sms_bridge_zone={hostile}"));
        let page = owner.answer(owner.request(Method::GET, &story).header(header::ACCEPT, "text/html"));
        assert!(page.await.body.to_string().contains("12:00:01 UTC"), "{hostile}");
    }

    assert_eq!(bridge.set("time_zone", json!("Mars/Olympus")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bridge.set("time_zone", json!("Asia/Kolkata")).await.status.is_success());
    owner.cookie = Some(format!("{session}; sms_bridge_zone=America%2FNew_York"));
    let html = owner.open(&story).await.body.to_string();
    assert!(html.contains("2026-01-31 17:30:01 IST") && html.contains("Asia/Kolkata"), "{html}");
    let csv = owner.open("/admin/ui/sms/export/csv").await.body.as_str().unwrap().to_owned();
    assert!(csv.starts_with('\u{feff}') && csv.contains("2026-01-31T17:30:01+05:30"), "{csv}");

    let found = async |from: &str| {
        let page = owner.open(&format!("/admin/ui/sms?from={from}")).await.body.to_string();
        page.contains(sms.text("message_id"))
    };
    assert!(found("2026-01-31T17:30").await && !found("2026-01-31T17:31").await);
    bridge.stop().await;
}

#[tokio::test]
async fn a_block_holds_for_a_stretch() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    bridge.set("time_zone", json!("Asia/Kolkata")).await;
    let block = async |fields: &[(&str, &str)]| {
        let fields: Vec<_> = [("mobile_number", ALICE), ("reason", "sells codes")]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        let answer = owner.submit("/admin/ui/blacklist/add", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        bridge.settle().await;
        owner.open("/admin/ui/blacklist").await.body.as_str().unwrap().to_owned()
    };
    assert!(block(&[("for", "week")]).await.contains("2026-02-07 17:30:00 IST"));
    assert!(
        block(&[("for", "until"), ("expires_at", "2026-03-01T09:00")])
            .await
            .contains("2026-03-01 09:00:00 IST")
    );
    assert!(block(&[("for", "ever")]).await.contains("for ever"));
    let wrong = owner
        .submit(
            "/admin/ui/blacklist/add",
            &[("mobile_number", ALICE), ("for", "until"), ("expires_at", "soon")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.body);
    bridge.stop().await;
}
