//! The bridge is killed again and again while an endpoint fails, hangs and comes back: every SMS that was acknowledged is
//! told, under one id, and nothing is told that did not happen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use super::endpoint::{Endpoint, Message, Mode};
use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::process::{Process, command};

const LIVES: usize = 6;
const SMS_A_LIFE: usize = 12;

pub(super) async fn start(folder: &Path, environment: &[(&str, &str)]) -> Option<Process> {
    let mut command = command(folder, &[]);
    command.env("SMS_BRIDGE_WEBHOOK_ALLOW", "127.0.0.0/8").envs(environment.iter().copied());
    Process::start_with(command).await.ok()
}

/// Registers a number, and sends its SMS. Answers the number, once its SMS was acknowledged.
pub(super) async fn validate(http: &reqwest::Client, url: &str, number: usize) -> Option<String> {
    let mobile = format!("+9198765{number:05}");
    let body = json!({"mobile_number": mobile, "device_id": "d"});
    let register = http.post(format!("{url}/onboard/register")).bearer_auth(API_KEY).json(&body);
    let registered: serde_json::Value = register.send().await.ok()?.json().await.ok()?;
    let body = json!({
        "mobile_number": mobile, "sms_message": registered["sms_body"], "message_id": number.to_string(),
        "received_timestamp": registered["generated_at"],
    });
    let deliver = http.post(format!("{url}/sms/receive")).bearer_auth(RECEIVER_KEY).json(&body);
    let answer: serde_json::Value = deliver.send().await.ok()?.json().await.ok()?;
    (answer["validation_status"] == "passed").then_some(mobile)
}

/// Lives and deaths; then the books must agree.
async fn lives_through(environment: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    let process = start(folder.path(), &[]).await.unwrap();
    let add = http.request(Method::POST, format!("{}/admin/webhooks", process.url)).bearer_auth(ADMIN_TOKEN);
    let added = add.json(&json!({"url": endpoint.url})).send().await.unwrap();
    assert_eq!(added.status(), 201);
    let webhook: serde_json::Value = added.json().await.unwrap();
    process.kill9().await;

    let mut acknowledged = BTreeSet::new();
    for life in 0..LIVES {
        // It fails in every second life.
        endpoint.answers(if life % 2 == 0 { 200 } else { 500 });
        let Some(process) = start(folder.path(), environment).await else { continue };
        for n in 0..SMS_A_LIFE {
            // One that dies in the middle acknowledges nothing.
            acknowledged.extend(validate(&http, &process.url, life * SMS_A_LIFE + n).await);
        }
        process.kill9().await;
    }
    endpoint.answers(200);
    let process = start(folder.path(), &[]).await.unwrap();
    // What failed in two lives would be tried again in minutes: the app says that it is well again.
    let path = format!("{}/admin/webhooks/{}", process.url, webhook["id"].as_str().unwrap());
    let change = http.request(Method::PATCH, path).bearer_auth(ADMIN_TOKEN);
    let changed = change.json(&json!({"description": "well again"})).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    acknowledged.extend(validate(&http, &process.url, 99_999).await);
    assert!(acknowledged.len() > 1, "some were acknowledged");
    let mut told: Vec<Message> = endpoint.all();
    let of_sms = |told: &[Message]| -> BTreeSet<String> {
        let judged = told.iter().filter(|message| message.kind() == "sms.judged");
        judged.map(|message| message.data()["mobile_number"].as_str().unwrap().to_owned()).collect()
    };
    let validated = |told: &[Message]| told.iter().filter(|m| m.kind() == "onboarding.validated").count();
    while !(of_sms(&told).is_superset(&acknowledged) && validated(&told) >= acknowledged.len()) {
        told.extend(endpoint.next(1).await);
    }
    let ended = process.kill9().await;
    drop(ended);
    told.extend(endpoint.all());

    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for message in &told {
        let known = ids.entry(message.id.clone()).or_insert_with(|| message.body.clone());
        assert_eq!(*known, message.body, "one id, one event");
    }
    let subjects: BTreeSet<String> = told.iter().map(|m| format!("{} {}", m.kind(), m.data())).collect();
    assert_eq!(subjects.len(), ids.len(), "one event, one id");
    // Of each onboarding the judgement is told before what came of it.
    let mut judged = BTreeSet::new();
    for message in &told {
        let of = message.data()["onboarding_id"].to_string();
        match message.kind() {
            "sms.judged" => drop(judged.insert(of)),
            "onboarding.validated" => assert!(judged.contains(&of), "{message:?}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_left_untold() {
    lives_through(&[]).await;
}

#[cfg(feature = "crash-points")]
mod at_the_crash_point {
    use super::lives_through;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_it_is_kept() {
        lives_through(&[("FAILPOINTS", "webhooks::kept=2*off->return")]).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_it_is_forgotten() {
        lives_through(&[("FAILPOINTS", "webhooks::forgotten=2*off->return")]).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_a_message_went_out() {
        lives_through(&[("FAILPOINTS", "webhooks::posted=3*off->return")]).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_an_sms_is_recorded() {
        lives_through(&[("FAILPOINTS", "intake::recorded=4*off->return")]).await;
    }
}
