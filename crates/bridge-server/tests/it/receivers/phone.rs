//! A phone with SMSGate, simulated: it queues what it receives, delivers one after the other, signs every try anew and
//! waits 5 s x 2^n after each that was not 2xx, fifteen times, then gives the SMS up for good (inbound-gateways.md A.3).
//! Its waits are a thousandth of the real ones. The bridge under it is killed, restarted and given another key: every
//! SMS arrives, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bridge_app::base::clock::Clock;
use bridge_core::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::ADMIN_TOKEN;
use crate::process::Process;

/// The real 5 s.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const TRIES_MAX: u32 = 15;
const SMS: usize = 60;

/// The app, with its settings.
struct Phone {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Phone {
    /// One try, signed now.
    async fn attempt(&self, body: &str) -> Option<u16> {
        let stamp = Clock::system().now().epoch_seconds().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        mac.update(stamp.as_bytes());
        let signature: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("user-agent", "me.capcom.smsgateway/1.68.0")
            .header("x-timestamp", stamp)
            .header("x-signature", signature)
            .body(body.to_owned());
        Some(request.send().await.ok()?.status().as_u16())
    }
}

/// How often one SMS was tried.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    async fn wait(&mut self) {
        assert!(self.0 < TRIES_MAX, "the app gives it up for good");
        tokio::time::sleep(FIRST_WAIT * 2_u32.pow(self.0)).await;
        self.0 += 1;
    }
}

fn event(n: usize, now: Timestamp) -> String {
    json!({
        "deviceId": "ffffffffceb0b1db0000018e937c815b", "event": "sms:received", "id": format!("event-{n}"),
        "payload": {"message": format!("hello {n}"), "messageId": format!("{n:08x}"), "receivedAt": now.to_string(),
            "recipient": "+919000000001", "sender": format!("+9198765{n:05}"), "simNumber": 1},
        "webhookId": "wh-1"
    })
    .to_string()
}

async fn admin(process: &Process, path: &str, body: Value) -> Value {
    let answer = process.ask(Method::POST, path, ADMIN_TOKEN, Some(body)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.body
}

fn text(given: &Value, field: &str) -> String {
    given[field].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sms_of_a_patient_phone_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path()).await;
    let given = admin(
        &process,
        "/admin/receivers",
        json!({"name": "hall", "format": "smsgate", "signing_key": true}),
    )
    .await;
    let mut phone =
        Phone { http: reqwest::Client::new(), url: text(&given, "url"), key: text(&given, "signing_key") };
    for n in 0..SMS {
        let body = event(n, Clock::system().now());
        let mut tries = Tries::default();
        match n % 10 {
            // The bridge is dead when the SMS comes, and for a while after.
            3 => {
                process.kill9().await;
                for _ in 0..2 {
                    assert_eq!(phone.attempt(&body).await, None, "nobody listens");
                    tries.wait().await;
                }
                process = restarted(folder.path(), &mut phone).await;
            }
            // The operator ends the old key before the phone has the new one.
            6 => {
                let new = admin(&process, "/admin/receivers/hall/rotate", json!({})).await;
                admin(&process, "/admin/receivers/hall/rotate", json!({"finish": true})).await;
                for _ in 0..2 {
                    assert_eq!(phone.attempt(&body).await, Some(401));
                    tries.wait().await;
                }
                phone.key = text(&new, "signing_key");
            }
            _ => {}
        }
        while !phone.attempt(&body).await.is_some_and(|status| (200..300).contains(&status)) {
            tries.wait().await;
        }
        if n % 10 == 8 {
            // It was acknowledged, and the phone never heard: after the death it comes again.
            process.kill9().await;
            process = restarted(folder.path(), &mut phone).await;
            assert_eq!(phone.attempt(&body).await, Some(200));
        }
    }
    process.stop().await;
    let rows = rusqlite::Connection::open(folder.path().join("audit.db")).unwrap();
    let mut found = BTreeMap::<String, u32>::new();
    let mut query = rows.prepare("SELECT sms_message FROM input_sms WHERE receiver_id = 'hall'").unwrap();
    for text in query.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        *found.entry(text.unwrap()).or_default() += 1;
    }
    let wanted: BTreeMap<String, u32> = (0..SMS).map(|n| (format!("hello {n}"), 1)).collect();
    assert_eq!(found, wanted);
}

/// The same bridge again, at another port: the phone is told, as a tunnel would.
async fn restarted(folder: &Path, phone: &mut Phone) -> Process {
    let process = Process::start(folder).await;
    let path = phone.url.splitn(4, '/').nth(3).unwrap().to_owned();
    phone.url = format!("{}/{path}", process.url);
    process
}
