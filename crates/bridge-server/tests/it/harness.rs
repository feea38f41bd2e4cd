//! A whole bridge on a free port and in a folder of its own, with a clock that stands until a test moves
//! it. The same `open::open` and `lifecycle::start` as the program; nothing is mocked.

#![expect(clippy::unwrap_used, reason = "in a test, what fails must end it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::bridge::App;
use bridge_app::open;
use bridge_app::options::{Elsewhere, Options};
use bridge_app::stores::Stores;
use bridge_app::workers::supervisor;
use bridge_core::{Span, Timestamp};
use bridge_http::lab::Lab;
use bridge_server::config::Config;
use bridge_server::lifecycle::{self, Running};
use bridge_server::opening;
use clap::Parser;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const API_KEY: &str = "api-key-of-the-tests-0001";
pub(crate) const RECEIVER_KEY: &str = "receiver-key-of-the-tests-0001";
pub(crate) const ADMIN_TOKEN: &str = "admin-token-of-the-tests-0001";
/// 2026-01-31T12:00:00Z
pub(crate) const NOON: Timestamp = Timestamp(1_769_860_800_000);

/// A running bridge.
pub(crate) struct Bridge {
    /// What the bridge keeps, for tests that look at it or put something into it behind its back.
    pub(crate) stores: Stores,
    running: Running,
    pub(crate) clock: Clock,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The problem's stable word, or nothing.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text {field} in {}", self.body))
    }

    /// The codes of the seven checks, as digits in 003's order.
    pub(crate) fn codes(&self) -> String {
        bridge_core::checks::CHECKS
            .iter()
            .map(|check| self.body["checks"][check.name]["code"].to_string())
            .collect()
    }

    /// `passed`, or the check that failed.
    pub(crate) fn verdict(&self) -> &str {
        self.body["failed_at_check"].as_str().unwrap_or_else(|| self.text("validation_status"))
    }
}

/// One SMS to hand in.
#[derive(Clone, Debug)]
pub(crate) struct Sms {
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) received: Timestamp,
    pub(crate) message_id: Option<String>,
    pub(crate) line: Option<String>,
}

impl Bridge {
    pub(crate) async fn start() -> Bridge {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Bridge::start_on(folder, Clock::standing_at(NOON), &[]).await
    }

    /// On a folder that may have been used before, with further flags.
    pub(crate) async fn start_on(folder: Arc<TempDir>, clock: Clock, flags: &[&str]) -> Bridge {
        Bridge::start_beside(folder, clock, flags, Elsewhere::default()).await
    }

    /// With neighbours that count as other machines.
    pub(crate) async fn start_beside(
        folder: Arc<TempDir>,
        clock: Clock,
        flags: &[&str],
        elsewhere: Elsewhere,
    ) -> Bridge {
        // With TEST_LOG=debug a test tells what its bridges say.
        if let Some(level) = std::env::var_os("TEST_LOG") {
            let filter = tracing_subscriber::EnvFilter::new(level.to_string_lossy());
            let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        }
        // No two bridges of a group may be one.
        static SEED: AtomicU64 = AtomicU64::new(42);
        let entropy = Entropy::seeded(SEED.fetch_add(1, Ordering::Relaxed));
        let config = config(&folder, flags);
        let (lock, stores) = opening::open(&config).await.unwrap();
        // Its clock stands in the past.
        let options = Options { built: Timestamp(0), elsewhere, ..config.options() };
        let opened = open::open(lock, options, stores.clone(), clock.clone(), entropy).await.unwrap();
        let running = lifecycle::start(&config, opened).await.unwrap();
        let url = format!("http://{}", running.address);
        let _ = rustls::crypto::ring::default_provider().install_default();
        Bridge { stores, running, clock, folder, http: reqwest::Client::new(), url }
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.running.app
    }

    /// Its Test Lab.
    pub(crate) fn lab_inside(&self) -> &Arc<Lab> {
        &self.running.lab
    }

    /// The store monitor looks now.
    pub(crate) async fn look(&self) {
        self.running.monitor.lock().await.look(self.app()).await;
    }

    /// The private listener's address, where one was asked for.
    pub(crate) fn private_url(&self) -> String {
        format!("http://{}", self.running.private_address.unwrap())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub(crate) async fn get(&self, path: &str, secret: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(secret)).await
    }

    pub(crate) async fn register(&self, mobile: &str, email: &str, device: &str) -> Answer {
        let body = json!({"mobile_number": mobile, "email": email, "device_id": device});
        self.send(self.request(Method::POST, "/onboard/register").bearer_auth(API_KEY).json(&body)).await
    }

    /// Registers a number that must be accepted.
    pub(crate) async fn registered(&self, mobile: &str) -> Answer {
        let answer = self.register(mobile, "user@example.com", "d1").await;
        assert!(answer.status.is_success(), "{}", answer.body);
        answer
    }

    /// The SMS that this registration asks for, received now.
    pub(crate) fn right_sms(&self, sender: &str, registered: &Answer) -> Sms {
        self.sms(sender, registered.text("sms_body"))
    }

    pub(crate) fn sms(&self, sender: &str, text: &str) -> Sms {
        let received = self.clock.now();
        Sms { sender: sender.into(), text: text.into(), received, message_id: None, line: None }
    }

    pub(crate) async fn deliver(&self, sms: &Sms) -> Answer {
        let body = json!({
            "mobile_number": sms.sender,
            "sms_message": sms.text,
            "received_timestamp": sms.received.to_string(),
            "message_id": sms.message_id,
            "device_id": sms.line,
        });
        self.send(self.request(Method::POST, "/sms/receive").bearer_auth(RECEIVER_KEY).json(&body)).await
    }

    /// Delivers one new SMS a second later than the last: never the same SMS.
    pub(crate) async fn text(&self, sender: &str, text: &str) -> Answer {
        self.clock.advance(Span(1_000));
        self.deliver(&self.sms(sender, text)).await
    }

    pub(crate) async fn set(&self, key: &str, value: Value) -> Answer {
        let request = self.request(Method::PUT, &format!("/admin/settings/{key}")).bearer_auth(ADMIN_TOKEN);
        self.send(request.json(&json!({ "value": value }))).await
    }

    pub(crate) async fn status(&self, registered: &Answer) -> Answer {
        self.get(&format!("/onboard/{}", registered.text("onboarding_id")), API_KEY).await
    }

    /// Every worker steps until nothing is left to do: no test waits for a period.
    pub(crate) async fn settle(&self) {
        supervisor::drain_all(self.app()).await;
    }

    /// The rows of a number in `input_sms`, newest first.
    pub(crate) async fn rows(&self, mobile: &str) -> Vec<Value> {
        self.settle().await;
        let path = format!("/admin/sms?mobile={}&limit=500", mobile.replace('+', "%2B"));
        self.get(&path, ADMIN_TOKEN).await.body["items"].as_array().unwrap().clone()
    }

    /// Stops as SIGTERM does; nothing may be left waiting.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.running.stop().await;
        let sizes = self.stores.hot.queue_sizes().await.unwrap();
        assert_eq!(sizes, bridge_store::hot::QueueSizes::default(), "something was left in a queue");
        self.folder
    }
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

fn config(folder: &TempDir, flags: &[&str]) -> Config {
    let mut arguments =
        vec!["sms-bridge", "--bind", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()];
    arguments.extend(["--api-key", API_KEY, "--receiver-key", RECEIVER_KEY, "--admin-token", ADMIN_TOKEN]);
    arguments.extend(flags);
    Flags::parse_from(arguments).config
}
