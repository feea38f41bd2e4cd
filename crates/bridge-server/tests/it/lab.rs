//! The Test Lab: what it shows is what a real bridge would do, and nothing of it ever leaves it.

use bridge_app::workers::supervisor;
use bridge_core::Span;
use bridge_http::lab::presets;
use bridge_store::hot::{HotTotals, QueueSizes, Which};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Answer, Bridge};

impl Bridge {
    async fn lab(&self, path: &str, body: Value) -> Answer {
        let request = self.request(Method::POST, &format!("/admin/lab/{path}")).bearer_auth(ADMIN_TOKEN);
        self.send(request.json(&body)).await
    }

    async fn plays(&self, preset: &str) -> Vec<Value> {
        let played = self.lab(&format!("presets/{preset}"), json!({})).await;
        assert_eq!(played.status, 200, "{preset}: {}", played.body);
        played.body["items"].as_array().unwrap().clone()
    }

    async fn lab_list(&self, csv: &str) -> (u16, Vec<Value>) {
        let request = self.request(Method::POST, "/admin/lab/list").bearer_auth(ADMIN_TOKEN);
        let response = request.header("content-type", "text/csv").body(csv.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

/// Nothing is in the real stores, and nothing waits for the remote.
async fn assert_untouched(bridge: &Bridge) {
    supervisor::drain_all(bridge.app()).await;
    let (hot, audit) = (&bridge.stores.hot, &bridge.stores.audit);
    assert_eq!(hot.queue_sizes().await.unwrap(), QueueSizes::default());
    assert_eq!(hot.queued_sms(Which::All, 10).await.unwrap(), []);
    assert_eq!(hot.totals().await.unwrap(), HotTotals::default(), "validated pairs and blacklist");
    assert_eq!(hot.counters().await.unwrap().queue_onboarding, 0);
    assert_eq!(audit.judged_before(None, 10).await.unwrap(), []);
    assert_eq!(audit.validated_pairs(None, 10).await.unwrap(), Vec::<String>::new());
    assert_eq!(audit.blacklist().await.unwrap(), []);
    assert_eq!(audit.unsynced(10).await.unwrap(), []);
    assert_eq!(audit.refusals(10).await.unwrap(), []);
    assert_eq!(audit.quarantined(10).await.unwrap(), []);
    assert!(audit.receivers().await.unwrap().is_empty());
    assert!(audit.waiting_sms(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_preset_ends_as_it_should_and_leaves_the_bridge_untouched() {
    let bridge = Bridge::start().await;
    let (shown, mut told) = (async || bridge.get("/admin/lab", ADMIN_TOKEN).await, 0);
    assert_eq!(shown().await.body["now"], Value::Null, "nobody used it yet");
    for preset in presets::all() {
        let events = bridge.plays(preset.name).await;
        told += events.len();
        for event in &events {
            assert_eq!(event["as_expected"], true, "{}: {event}", preset.name);
        }
        let last = events.iter().rfind(|event| event["kind"] == "sms");
        for sms in last.into_iter().map(|event| &event["sms"]) {
            assert_eq!(sms["receiver_id"], "test-lab");
            let failed = sms["trace"].as_array().unwrap().iter().filter(|step| step["result"] == "fail");
            let mended: Vec<&Value> = failed.map(|step| &step["mend"]).collect();
            assert_eq!(mended.len(), usize::from(preset.expected != "passed"), "{}", preset.name);
            assert!(mended.iter().all(|mend| mend.is_string()));
            assert_eq!(sms["duplicate_delivery"], preset.name == "redelivered", "{}", preset.name);
        }
    }
    let recent = shown().await.body["recent"].as_array().unwrap().clone();
    assert_eq!(recent.len(), told.min(100));
    assert_untouched(&bridge).await;
    bridge.stop().await;
}

#[tokio::test]
async fn every_format_is_really_read() {
    let bridge = Bridge::start().await;
    let events = bridge.plays("formats").await;
    let delivered: Vec<&str> = events.iter().filter_map(|event| event["sms"]["format"].as_str()).collect();
    assert_eq!(delivered.len(), bridge_formats::FORMATS.len() + 1);
    let said = |format: &str| {
        let event = events.iter().find(|event| event["sms"]["format"] == format).unwrap();
        event["said"].as_str().unwrap().to_owned()
    };
    assert_eq!((said("twilio").as_str(), said("jasmin").as_str()), ("<Response/>", "ACK/Jasmin"));
    bridge.stop().await;
}

#[tokio::test]
async fn the_live_settings_hold_in_the_lab_at_once() {
    let bridge = Bridge::start().await;
    let last = |events: Vec<Value>| events.last().unwrap()["outcome"].clone();
    // However often the same is played, each phone is another one, and no clock is believed to be slow.
    for _ in 0..7 {
        assert_eq!(last(bridge.plays("late").await), "passed");
    }
    bridge.set("late_delivery_policy", json!("reject")).await;
    assert_eq!(last(bridge.plays("late").await), "time_window_check");
    bridge.set("header_hash_check_enabled", json!(false)).await;
    assert_eq!(last(bridge.plays("no-hash").await), "passed");
    bridge.set("allowed_country_codes", json!(["44"])).await;
    let events = bridge.plays("right").await;
    assert!(events[0]["who"].as_str().unwrap().starts_with("+44"), "{}", events[0]);
    assert_eq!(last(events), "passed");
    bridge.set("maintenance_mode", json!(true)).await;
    let paused = bridge.lab("register", json!({})).await;
    assert_eq!(paused.text("outcome"), "onboarding_paused");
    let kept = bridge.lab("sms", json!({"sender": "+919876543210", "text": "hello"})).await;
    assert_eq!((kept.text("outcome"), kept.body["http_status"].clone()), ("stored", json!(200)));
    bridge.stop().await;
}

#[tokio::test]
async fn an_sms_by_hand_and_a_clock_set_forward() {
    let bridge = Bridge::start().await;
    let number = "+919876543210";
    let registered = bridge.lab("register", json!({"mobile_number": number, "device_id": "d1"})).await;
    assert_eq!(registered.text("outcome"), "registered");
    let said: Value = serde_json::from_str(registered.text("said")).unwrap();
    let sms = json!({"sender": number, "text": said["sms_body"], "format": "smssync", "message_id": "m1"});
    let guess = bridge.lab("sms", json!({"sender": number, "text": "ONBOARD:1234"})).await;
    assert_eq!((guess.text("outcome"), guess.text("who")), ("header_hash_check", number));
    let forward = bridge.lab("forward", json!({"seconds": 360})).await;
    assert_eq!(
        (forward.text("now"), forward.body["ahead_seconds"].clone()),
        ("2026-01-31T12:06:00Z", json!(360))
    );
    bridge.clock.advance(Span(1_000));
    let late = bridge.lab("sms", sms.clone()).await;
    assert_eq!((late.text("outcome"), late.text("at")), ("time_window_check", "2026-01-31T12:06:01Z"));
    let again = bridge.lab("sms", sms).await;
    assert_eq!(again.body["sms"]["duplicate_delivery"], true);
    assert_eq!(again.body["sms"]["verdict"], late.body["sms"]["verdict"]);
    for (path, body) in [
        ("sms", json!({"sender": number})),
        ("sms", json!({"sender": number, "text": 1})),
        ("sms", json!({"sender": number, "text": "x", "format": "pigeon"})),
        ("sms", json!({"sender": number, "text": "x", "received_timestamp": "yesterday"})),
        ("forward", json!({"seconds": 0})),
        ("forward", json!({"seconds": 99_999_999})),
        ("presets/none", json!({})),
    ] {
        let refused = bridge.lab(path, body.clone()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{path} {body}");
    }
    assert_untouched(&bridge).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_of_the_predecessors_shape_is_judged_row_by_row() {
    let bridge = Bridge::start().await;
    let registered = bridge.lab("register", json!({"mobile_number": "+919876543210"})).await;
    let said: Value = serde_json::from_str(registered.text("said")).unwrap();
    let body = said["sms_body"].as_str().unwrap();
    let csv = format!(
        "sender_number,sms_message,received_timestamp\n\
         +919876543210,{body},2026-01-31T12:00:05Z\n\
         +919876543211,\"hello, world\",2026-01-31T12:00:06Z\n\
         ,no sender,2026-01-31T12:00:07Z\n\
         +919876543212,no time,\n"
    );
    let (status, rows) = bridge.lab_list(&csv).await;
    assert_eq!(status, 200);
    let outcomes: Vec<&Value> = rows.iter().map(|row| &row["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "header_hash_check", "mobile_check", "header_hash_check"]);
    assert_eq!(rows[1]["what"], "line 3 of the list");
    let (status, refused) = bridge.lab_list("no,such,columns\n1,2,3\n").await;
    assert_eq!((status, &refused[0]["code"]), (400, &json!("invalid_request")));
    assert_untouched(&bridge).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_ends_at_ten_thousand_rows() {
    let bridge = Bridge::start().await;
    // Rows without a time are no SMS, and cost nothing.
    let csv =
        format!("sender_number,sms_message,received_timestamp\n{}", "+919876543210,x,\n".repeat(10_001));
    let (status, rows) = bridge.lab_list(&csv).await;
    assert_eq!((status, rows.len()), (200, 10_001));
    assert!(rows[10_000]["error"]["detail"].as_str().unwrap().contains("more than 10000 rows"));
    bridge.stop().await;
}

#[tokio::test]
async fn verdicts_are_told_as_they_appear() {
    let bridge = Bridge::start().await;
    let request = bridge.request(Method::GET, "/admin/lab/events").bearer_auth(ADMIN_TOKEN);
    let mut feed = request.send().await.unwrap();
    assert_eq!(feed.headers()["content-type"], "text/event-stream");
    bridge.plays("right").await;
    let mut told = String::new();
    while !told.contains("\"outcome\":\"passed\"") {
        told.push_str(std::str::from_utf8(&feed.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(told.starts_with("event: lab\n"), "{told}");
    drop(feed);
    bridge.stop().await;
}

#[tokio::test]
async fn the_lab_ends_when_nobody_uses_it_and_when_it_is_told_to() {
    let bridge = Bridge::start().await;
    let lab = bridge.lab_inside();
    bridge.plays("right").await;
    bridge.clock.advance(Span(29 * 60_000));
    lab.end_if_unused(bridge.clock.now()).await;
    assert!(lab.time().await.is_some());
    bridge.clock.advance(Span(60_000));
    lab.end_if_unused(bridge.clock.now()).await;
    assert!(lab.time().await.is_none(), "half an hour later");
    bridge.plays("right").await;
    let ended = bridge.send(bridge.request(Method::DELETE, "/admin/lab").bearer_auth(ADMIN_TOKEN)).await;
    assert_eq!(ended.status, 204);
    assert!(lab.time().await.is_none());
    assert!(lab.recent().is_empty());
    bridge.plays("right").await;
    let lab = bridge.lab_inside().clone();
    bridge.stop().await;
    assert!(lab.time().await.is_none(), "it ends with the bridge");
}

#[tokio::test]
async fn nobody_plays_without_the_admin_token() {
    let bridge = Bridge::start().await;
    for (method, path) in [
        (Method::GET, "/admin/lab"),
        (Method::DELETE, "/admin/lab"),
        (Method::POST, "/admin/lab/sms"),
        (Method::POST, "/admin/lab/register"),
        (Method::POST, "/admin/lab/presets/right"),
        (Method::POST, "/admin/lab/forward"),
        (Method::POST, "/admin/lab/list"),
        (Method::GET, "/admin/lab/events"),
    ] {
        let answer = bridge.send(bridge.request(method.clone(), path)).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    assert!(bridge.lab_inside().time().await.is_none());
    bridge.stop().await;
}
