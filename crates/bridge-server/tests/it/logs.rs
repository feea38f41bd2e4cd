//! Logs hold no personal data and no secret (decisions.md D37): whole journeys at TRACE level, then a
//! look for everything that must not stand in what was written.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use bridge_core::Span;
use reqwest::Method;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge, RECEIVER_KEY};

/// What one thread logs; the other tests of this program log too.
#[derive(Clone)]
struct Log {
    of: ThreadId,
    written: Arc<Mutex<Vec<u8>>>,
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::thread::current().id() == self.of {
            self.written.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;
    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
    }
}

const USER: &str = "+919876543210";
const STRANGER: &str = "+919876543299";
const EMAIL: &str = "private.person@example.com";
const DEVICE: &str = "device-of-a-person";
const TEXT: &str = "a very private message";

/// Registers, asks, fails, passes, is told, is refused, in every way that touches personal data.
async fn everything(bridge: &Bridge) -> Vec<String> {
    let registered = bridge.register(USER, EMAIL, DEVICE).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    bridge.register(USER, EMAIL, DEVICE).await;
    bridge.register("+447911123456", EMAIL, DEVICE).await;
    bridge.register("98765432109876543210", "no-address-at-all", DEVICE).await;
    bridge.text(USER, TEXT).await;
    bridge.text("MYBANK", TEXT).await;
    let right = bridge.right_sms(USER, &registered);
    assert_eq!(bridge.deliver(&right).await.verdict(), "passed");
    bridge.deliver(&right).await;
    for _ in 0..12 {
        bridge.text(STRANGER, TEXT).await;
    }
    for (method, path, key) in [
        (Method::GET, format!("/onboard/{id}?token={token}"), ""),
        (Method::GET, format!("/onboard/{id}/events?token={token}"), ""),
        (Method::GET, format!("/v/{id}.{token}?lang=hi"), ""),
        (Method::GET, format!("/v/{id}.{token}/qr.svg"), ""),
        (Method::GET, format!("/v/{id}.{token}x"), ""),
        (Method::POST, format!("/v/{id}.{token}/event"), ""),
        (Method::POST, format!("/v/{id}.{token}/again"), ""),
        (Method::POST, format!("/v/{id}.{token}/cancel"), ""),
        (Method::GET, format!("/onboard/status/{USER}"), API_KEY),
        (Method::GET, format!("/nowhere/{USER}?email={EMAIL}"), ""),
        (Method::POST, format!("/onboard/{id}/cancel"), token),
        (Method::POST, format!("/sms/receive?apiKey={RECEIVER_KEY}"), ""),
        (Method::POST, "/sms/receive".to_owned(), "wrong-key-of-a-phone"),
        (Method::GET, format!("/admin/sms?mobile=%2B{}", &USER[1..]), ADMIN_TOKEN),
        (Method::DELETE, format!("/admin/blacklist/{STRANGER}"), ADMIN_TOKEN),
    ] {
        bridge.send(bridge.request(method, &path).bearer_auth(key).body(TEXT)).await;
    }
    let block = json!({"mobile_number": STRANGER, "reason": "a person's reason"});
    bridge.send(bridge.request(Method::POST, "/admin/blacklist").bearer_auth(ADMIN_TOKEN).json(&block)).await;
    bridge.set("sms_receiver_number", json!("hello")).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.text(USER, TEXT).await;
    bridge.set("maintenance_mode", json!(false)).await;
    bridge.settle().await;
    bridge.clock.advance(Span(500 * 86_400_000));
    bridge.settle().await;
    vec![registered.text("hash").to_owned(), token.to_owned(), id.to_owned()]
}

/// The runtime has this one thread, so the subscriber hears every task of the bridge. The stores' own
/// threads are not heard: what they may log is an operation's name and SQLite's word.
#[tokio::test]
async fn hold_no_personal_data_and_no_secret() {
    let log = Log { of: std::thread::current().id(), written: Arc::default() };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    // For the whole program: with one for this thread alone, a test on another thread that is the first to
    // pass a log line would switch that line off for everybody (tracing caches who is interested).
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let bridge = Bridge::start().await;
    let made = everything(&bridge).await;
    bridge.stop().await;

    let text = log.text();
    assert!(text.contains("answered") && text.contains("/onboard/register"), "nothing was heard:\n{text}");
    // The client of the tests is in this process too: it may log what it likes.
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("bridge_")).collect();
    assert!(ours.len() > 20, "{text}");
    let mut secrets: Vec<&str> = vec![
        &USER[1..],
        &STRANGER[1..],
        "9876543210",
        "447911123456",
        "98765432109876543210",
        "MYBANK",
        EMAIL,
        "no-address-at-all",
        DEVICE,
        TEXT,
        "a person's reason",
        API_KEY,
        RECEIVER_KEY,
        ADMIN_TOKEN,
        "wrong-key-of-a-phone",
        "token=",
        "apiKey",
    ];
    // The id of an onboarding opens nothing by itself, but nobody needs it in a log either.
    secrets.extend(made.iter().map(String::as_str));
    for line in ours {
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret} stands in the log: {line}");
        }
    }
}

/// Whoever logs a number by way of `Debug` logs a masked one.
#[test]
fn debug_masks_what_a_log_line_might_print() {
    let mobile = bridge_core::Mobile::from_e164(USER).unwrap();
    assert!(!format!("{mobile:?}").contains("98765432"), "{mobile:?}");
}
