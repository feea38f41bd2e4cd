//! The page `Alerts`: a way is chosen, only its fields are asked, a test shows what came back, and secrets stay hidden.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_app::state::notify::ways;
use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::harness::{Bridge, NOON};
use crate::notify::LOOPBACK;
use crate::notify::sink::Sink;

#[tokio::test]
async fn somebody_is_told_from_the_desk() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &LOOPBACK).await;
    let owner = Visitor::owner(&bridge).await;
    let html = async |path: &str| owner.open(path).await.body.as_str().unwrap_or_default().to_owned();
    assert!(html("/admin/ui/alerts").await.contains("Nobody is told anything"));
    for way in ways::ALL {
        let asked = html(&format!("/admin/ui/alerts?kind={}", way.word)).await;
        for other in ways::ALL {
            for field in other.fields {
                let is_asked = asked.contains(&format!("id=\"{}\"", field.name));
                let is_its_own = way.fields.iter().any(|own| own.name == field.name);
                assert_eq!(is_asked, is_its_own, "{} of {} at {}", field.name, other.word, way.word);
            }
        }
    }
    let sink = Sink::start().await;
    let url = format!("{}/alerts", sink.url);
    let wrong = [("kind", "ntfy"), ("url", "http://169.254.169.254/x")];
    let wrong = owner.submit("/admin/ui/alerts/add", &wrong).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.body);
    let fields = [
        ("kind", "ntfy"),
        ("url", url.as_str()),
        ("token", "tk_hidden"),
        ("name", "the <office>"),
        ("quiet_from", "22:00"),
        ("quiet_until", "07:00"),
        ("paused", "yes"),
    ];
    let added = owner.submit("/admin/ui/alerts/add", &fields).await;
    assert!(added.status.is_success(), "{}", added.body);
    let listed = html("/admin/ui/alerts").await;
    assert!(listed.contains("the &#60;office&#62;") && listed.contains("22:00-07:00"), "{listed}");
    let path = listed.split("href=\"").find(|link| link.starts_with("/admin/ui/alerts/0")).unwrap();
    let path = path.split('"').next().unwrap().to_owned();
    let tested = owner.submit(&format!("{path}/test"), &[]).await;
    assert!(tested.body["html"].as_str().unwrap().contains("It was taken: 200"), "{}", tested.body);
    sink.answers(500);
    let tested = owner.submit(&format!("{path}/test"), &[]).await;
    assert!(tested.body["html"].as_str().unwrap().contains("It was not taken: it answered 500"));
    let shown = html(&path).await;
    assert!(!shown.contains("tk_hidden") && shown.contains("kept: leave it empty"), "{shown}");
    // A form without the secret keeps it.
    let fields = [("url", url.as_str()), ("token", ""), ("disk", "yes")];
    assert!(owner.submit(&format!("{path}/change"), &fields).await.status.is_success());
    assert_eq!(sink.all()[0].header("authorization"), "Bearer tk_hidden");
    let target = bridge.app().notify.all()[0].clone();
    assert_eq!((target.fields["token"].as_str(), target.quiet, target.events.len()), ("tk_hidden", None, 1));
    owner.submit(&format!("{path}/switch"), &[("enabled", "no")]).await;
    assert!(html(&path).await.contains("It is switched off"));
    owner.submit(&format!("{path}/remove"), &[]).await;
    assert!(html("/admin/ui/alerts").await.contains("Nobody is told anything"));
    bridge.stop().await;
}
