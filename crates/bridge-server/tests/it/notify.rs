//! Operators are told what is wrong, and that it is over: each once, by every way, not at night, and again until it is taken.

mod command;
mod group;
mod mail;
pub(crate) mod sink;
mod stores_away;
mod troubles;

use std::sync::Arc;
use std::time::Duration;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};
use crate::webhooks::until;
use sink::{Sink, Told};

/// Who looks at what is wrong.
const WATCHES: &str = "watch_troubles";

pub(crate) const LOOPBACK: [&str; 2] = ["--webhook-allow", "127.0.0.0/8"];

async fn bridge() -> Bridge {
    bridge_on(Arc::new(tempfile::tempdir().unwrap()), Clock::standing_at(NOON)).await
}

async fn bridge_on(folder: Arc<TempDir>, clock: Clock) -> Bridge {
    Bridge::start_on(folder, clock, &LOOPBACK).await
}

impl Bridge {
    async fn notify(&self, method: Method, path: &str, body: &Value) -> Answer {
        let path = format!("/admin/notify{path}");
        self.send(self.request(method, &path).bearer_auth(ADMIN_TOKEN).json(body)).await
    }

    /// Tells somebody; answers the id.
    pub(crate) async fn told(&self, body: Value) -> String {
        let added = self.notify(Method::POST, "", &body).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
        added.text("id").to_owned()
    }

    async fn target(&self, id: &str) -> Value {
        self.notify(Method::GET, &format!("/{id}"), &json!({})).await.body
    }

    /// Lets time go by until the sink is told so often.
    pub(crate) async fn tells(&self, sink: &Sink, count: usize) -> Vec<Told> {
        until("somebody is told", async || {
            self.clock.advance(Span(1_000));
            sink.count() >= count
        })
        .await;
        sink.all()
    }

    /// The bridge looks at what is wrong, as it is now.
    async fn looked(&self) {
        // The first of the two looks may have begun before.
        for _ in 0..2 {
            self.clock.advance(Span(1));
            let now = self.clock.now().to_string();
            until("it looked", async || {
                let health = self.get("/health", ADMIN_TOKEN).await;
                health.body["components"]["workers"][WATCHES]["last_run"] == now.as_str()
            })
            .await;
        }
    }

    /// Lets a while go by, in which whoever is told would be.
    pub(super) async fn nothing_is_told(&self, sink: &Sink, count: usize) {
        for _ in 0..50 {
            self.clock.advance(Span(1_000));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(sink.count(), count, "{:?}", sink.all());
    }
}

fn ntfy(sink: &Sink) -> Value {
    json!({"kind": "ntfy", "url": format!("{}/alerts", sink.url), "name": "the office"})
}

#[tokio::test]
async fn a_pause_and_its_end_are_told_once_each() {
    let bridge = bridge().await;
    let sink = Sink::start().await;
    let id = bridge.told(ntfy(&sink)).await;
    bridge.set("maintenance_mode", json!(true)).await;
    let told = bridge.tells(&sink, 1).await;
    assert_eq!((told[0].path.as_str(), &told[0].body["topic"]), ("/", &json!("alerts")));
    assert_eq!(told[0].body["title"], "SMS Bridge: nobody can register");
    assert_eq!(told[0].body["priority"], 5);
    bridge.nothing_is_told(&sink, 1).await;
    bridge.set("maintenance_mode", json!(false)).await;
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: people can register again");
    bridge.nothing_is_told(&sink, 2).await;
    let target = bridge.target(&id).await;
    let states: Vec<_> = target["notices"].as_array().unwrap().iter().map(|n| n["state"].clone()).collect();
    assert_eq!(states, ["told", "told"]);
    assert_eq!((&target["error"], &target["name"]), (&Value::Null, &json!("the office")));
    bridge.stop().await;
}

#[tokio::test]
async fn what_lasts_a_moment_is_nobody_s_night() {
    let bridge = bridge().await;
    let sink = Sink::start().await;
    bridge.told(ntfy(&sink)).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.looked().await;
    bridge.clock.advance(Span(9_000));
    bridge.looked().await;
    bridge.set("maintenance_mode", json!(false)).await;
    bridge.looked().await;
    bridge.nothing_is_told(&sink, 0).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_forgets_nothing() {
    let sink = Sink::start().await;
    let bridge = bridge().await;
    bridge.told(ntfy(&sink)).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.tells(&sink, 1).await;
    let clock = bridge.clock.clone();
    let folder = bridge.stop().await;
    clock.advance(Span(3_600_000));
    let bridge = bridge_on(folder, clock).await;
    bridge.nothing_is_told(&sink, 1).await;
    bridge.set("maintenance_mode", json!(false)).await;
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: people can register again");
    bridge.stop().await;
}

#[tokio::test]
async fn it_is_over_also_when_it_ended_while_the_bridge_was_not_running() {
    let sink = Sink::start().await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let full = [LOOPBACK[0], LOOPBACK[1], "--disk-floor-mib", "100000000"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &full).await;
    bridge.told(ntfy(&sink)).await;
    let told = bridge.tells(&sink, 1).await;
    // Both began in the same moment: they are one message.
    assert_eq!(told[0].body["title"], "SMS Bridge: nobody can register, and 1 more");
    assert!(told[0].text().contains("The disk is nearly full"), "{}", told[0].text());
    let clock = bridge.clock.clone();
    let bridge = bridge_on(bridge.stop().await, clock).await;
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: people can register again, and 1 more");
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}

#[tokio::test]
async fn quiet_hours_hold_back_all_but_the_worst_and_tell_it_afterwards_as_one() {
    let at = Timestamp(NOON.0 + 12 * 3_600_000); // midnight UTC, 05:30 in Kolkata
    let bridge = bridge_on(Arc::new(tempfile::tempdir().unwrap()), Clock::standing_at(at)).await;
    let sink = Sink::start().await;
    bridge.set("time_zone", json!("Asia/Kolkata")).await;
    bridge.told(json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "quiet": "22:00-06:00"})).await;
    // A backup was wanted, and none was made.
    bridge.set("backup_wanted_every_hours", json!(24)).await;
    bridge.nothing_is_told(&sink, 0).await;
    bridge.set("maintenance_mode", json!(true)).await;
    let told = bridge.tells(&sink, 1).await;
    assert_eq!(told[0].body["title"], "SMS Bridge: nobody can register");
    bridge.set("backup_wanted_every_hours", json!(0)).await;
    bridge.nothing_is_told(&sink, 1).await;
    bridge.clock.advance(Span(30 * 60_000));
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: the backup is as you want it");
    assert!(told[1].text().contains("It was: no backup was made yet"), "{}", told[1].text());
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_not_taken_is_told_again_and_holds_nobody_up() {
    let bridge = bridge().await;
    let (hanging, failing, healthy) = (Sink::hanging().await, Sink::start().await, Sink::start().await);
    bridge.told(ntfy(&hanging)).await;
    failing.answers(500);
    let id = bridge.told(ntfy(&failing)).await;
    bridge.told(ntfy(&healthy)).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.tells(&healthy, 1).await;
    until("it is shown why", async || bridge.target(&id).await["error"] == "it answered 500").await;
    let target = bridge.target(&id).await;
    assert_eq!(target["notices"][0]["state"], "waiting");
    assert!(target["failing_since"].is_string() && target["next_at"].is_string(), "{target}");
    failing.answers(200);
    let before = failing.count();
    bridge.tells(&failing, before + 1).await;
    until("it is well", async || bridge.target(&id).await["error"].is_null()).await;
    assert_eq!(healthy.count(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn every_way_over_http_says_it_as_its_readers_want_it() {
    let bridge = bridge().await;
    let [ntfy, telegram, slack, webhook] =
        [Sink::start().await, Sink::start().await, Sink::start().await, Sink::start().await];
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for body in [
        json!({"kind": "ntfy", "url": format!("{}/push/alerts", ntfy.url), "token": "tk_1"}),
        json!({"kind": "telegram", "url": telegram.url, "chat": "-100", "token": "12:Ab"}),
        json!({"kind": "slack", "url": format!("{}/services/T/B", slack.url)}),
        json!({"kind": "webhook", "url": format!("{}/hook?key=k", webhook.url), "secret": secret, "token": "t"}),
    ] {
        let id = bridge.told(body).await;
        let tested = bridge.notify(Method::POST, &format!("/{id}/test"), &json!({})).await;
        assert_eq!((&tested.body["delivered"], &tested.body["answer"]), (&json!(true), &json!("taken")));
    }
    bridge.set("maintenance_mode", json!(true)).await;
    for sink in [&ntfy, &telegram, &slack, &webhook] {
        bridge.tells(sink, 2).await;
    }
    let told = ntfy.all();
    assert_eq!((told[1].path.as_str(), told[1].header("authorization")), ("/push/", "Bearer tk_1"));
    let told = telegram.all();
    assert_eq!((told[1].path.as_str(), &told[1].body["chat_id"]), ("/bot12:Ab/sendMessage", &json!("-100")));
    assert!(told[1].body["text"].as_str().unwrap().contains("Nobody can register: maintenance_mode is on"));
    let told = slack.all();
    assert!(told[1].body["text"].as_str().unwrap().starts_with("*SMS Bridge: nobody can register*"));
    let told = webhook.all();
    assert_eq!((told[1].path.as_str(), told[1].header("authorization")), ("/hook", "Bearer t"));
    assert_eq!(told[1].body["data"]["troubles"][0]["kind"], "paused");
    assert!(told[1].header("webhook-signature").starts_with("v1,"));
    // What was given is kept to itself.
    let listed = bridge.notify(Method::GET, "", &json!({})).await.body.to_string();
    let log = bridge.get("/admin/log", ADMIN_TOKEN).await.body.to_string();
    for hidden in ["tk_1", "12:Ab", "services", "whsec_", "key=k"] {
        assert!(!listed.contains(hidden) && !log.contains(hidden), "{hidden}: {listed}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_target_is_changed_and_removed_and_what_is_wrong_is_named() {
    let bridge = bridge().await;
    let sink = Sink::start().await;
    for (body, field) in [
        (json!({}), "kind"),
        (json!({"kind": "pigeon"}), "kind"),
        (json!({"kind": "ntfy"}), "url"),
        (json!({"kind": "ntfy", "url": "http://127.0.0.1.evil"}), "url"),
        (json!({"kind": "ntfy", "url": "http://169.254.169.254/x"}), "url"),
        (json!({"kind": "ntfy", "url": "http://8.8.8.8/x"}), "url"),
        (json!({"kind": "slack", "url": "https://[::1]/x"}), "url"),
        (json!({"kind": "ntfy", "url": sink.url, "server": "x"}), "server"),
        (json!({"kind": "email", "to": "a@example.com"}), "server"),
        (json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "quiet": "25:00-07:00"}), "quiet"),
        (json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "events": ["rain"]}), "events"),
        (json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "enabled": 3}), "enabled"),
    ] {
        let refused = bridge.notify(Method::POST, "", &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["field"], field, "{body}: {}", refused.body);
    }
    let lan = bridge.told(
        json!({"kind": "email", "to": "a@example.com", "server": "192.168.7.9:25", "security": "plain"}),
    );
    let lan = lan.await;
    let id = bridge.told(json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "token": "tk_1"})).await;
    let path = format!("/{id}");
    let changed =
        bridge.notify(Method::PATCH, &path, &json!({"events": ["disk"], "quiet": "22:00-07:00"})).await;
    assert_eq!((&changed.body["events"], &changed.body["quiet"]), (&json!(["disk"]), &json!("22:00-07:00")));
    assert_eq!(changed.body["secrets"], json!(["token"]), "it stays as it was");
    let refused = bridge.notify(Method::PATCH, &path, &json!({"kind": "slack"})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let changed =
        bridge.notify(Method::PATCH, &path, &json!({"token": null, "quiet": "", "enabled": false})).await;
    assert_eq!((&changed.body["secrets"], &changed.body["quiet"]), (&json!([]), &Value::Null));
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.nothing_is_told(&sink, 0).await;
    for id in [id, lan] {
        let path = format!("/{id}");
        assert_eq!(bridge.notify(Method::DELETE, &path, &json!({})).await.status, StatusCode::NO_CONTENT);
        assert_eq!(bridge.notify(Method::DELETE, &path, &json!({})).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(bridge.notify(Method::GET, "", &json!({})).await.body, json!({"items": []}));
    bridge.stop().await;
}
