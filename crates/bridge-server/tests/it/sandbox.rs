//! A bridge to try an app against: the bridge plays the phone of the magic numbers, says so everywhere, and shares no folder
//! with what is real.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_app::sandbox;
use bridge_core::Span;
use bridge_core::magic::MAGIC;
use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};
use crate::process::{Process, bare, command, run};

const DOCUMENT: &str = include_str!("../../../../docs/integrate.md");

async fn sandbox() -> Bridge {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    Bridge::start_on(folder, Clock::standing_at(NOON), &["--sandbox"]).await
}

impl Bridge {
    /// So many seconds later, the phone of the sandbox did its part.
    async fn played(&self, seconds: i64) {
        self.clock.advance(Span(seconds * 1_000));
        sandbox::play(self.app()).await.unwrap();
        self.settle().await;
    }

    async fn how(&self, registered: &Answer) -> String {
        self.status(registered).await.text("status").to_owned()
    }
}

#[tokio::test]
async fn every_magic_number_ends_as_the_table_says() {
    let bridge = sandbox().await;
    let mut open = Vec::new();
    for magic in &MAGIC {
        let answer = bridge.register(magic.number, "user@example.com", "phone-1").await;
        if answer.status.is_success() {
            assert_eq!(answer.text("sms_receiver_number"), "+15005550100");
            open.push((magic, answer));
        } else {
            assert_eq!(answer.code(), magic.ends, "{}: {}", magic.number, answer.body);
            let waits = ["too_many_registrations", "onboarding_paused"].contains(&magic.ends);
            assert_eq!(answer.headers.contains_key("retry-after"), waits, "{}", magic.number);
        }
    }
    assert_eq!(open.len(), 7);
    for (magic, registered) in &open {
        assert_eq!(bridge.how(registered).await, "pending", "{}", magic.number);
    }
    bridge.played(2).await;
    assert_eq!(bridge.how(&open[0].1).await, "validated");
    let wrong = bridge.status(&open[1].1).await;
    assert_eq!(wrong.body["last_sms"]["failed_at_check"], "header_hash_check", "{}", wrong.body);
    for _ in 0..2 {
        bridge.played(10).await;
    }
    for (magic, registered) in &open {
        assert_eq!(bridge.how(registered).await, magic.ends, "{}: {}", magic.number, magic.about);
    }
    let failed = async |n: usize| bridge.status(&open[n].1).await.body["last_sms"]["failed_at_check"].clone();
    assert_eq!(open[3].0.number, "+15005550004");
    assert_eq!(failed(3).await, "count_check");
    assert_eq!(open[4].0.number, "+15005550006");
    assert_eq!(failed(4).await, "time_window_check");
    bridge.stop().await;
}

#[tokio::test]
async fn a_magic_number_can_be_tried_all_day() {
    let bridge = sandbox().await;
    for n in 0..15 {
        for magic in MAGIC.iter().filter(|magic| magic.ends == "validated" || magic.ends == "failed") {
            let device = format!("phone-{n}");
            let registered = bridge.register(magic.number, "user@example.com", &device).await;
            assert_eq!(registered.status, 201, "{}", registered.body);
            bridge.played(2).await;
            bridge.played(20).await;
            assert_eq!(bridge.how(&registered).await, magic.ends, "{} for the {n}. time", magic.number);
        }
    }
    // The bridge is a bridge: whoever is validated on this device is.
    let again = bridge.register(MAGIC[0].number, "user@example.com", "phone-1").await;
    assert_eq!(again.code(), "already_validated");
    bridge.stop().await;
}

#[tokio::test]
async fn in_an_ordinary_bridge_these_numbers_are_ordinary() {
    let bridge = Bridge::start().await;
    assert_eq!(bridge.register(MAGIC[0].number, "a@example.com", "d").await.code(), "country_not_allowed");
    assert!(bridge.set("allowed_country_codes", json!(["91", "1"])).await.status.is_success());
    let mut all = Vec::new();
    for magic in &MAGIC {
        all.push(bridge.registered(magic.number).await);
    }
    bridge.played(30).await;
    for registered in &all {
        assert_eq!(bridge.how(registered).await, "pending");
    }
    assert_eq!(bridge.get("/status", "").await.body.get("sandbox"), None);
    assert_eq!(bridge.get("/health", ADMIN_TOKEN).await.body.get("sandbox"), None);
    bridge.stop().await;
}

#[tokio::test]
async fn a_sandbox_says_so_everywhere() {
    let bridge = sandbox().await;
    assert_eq!(bridge.get("/status", "").await.body["sandbox"], true);
    let short = bridge.send(bridge.request(Method::GET, "/health")).await;
    assert_eq!((&short.body["sandbox"], short.body.get("components")), (&json!(true), None));
    let registered = bridge.registered(MAGIC[2].number).await;
    let page = registered.text("page_url");
    let path = &page[page.find("/v/").unwrap()..];
    let page = bridge.send(bridge.request(Method::GET, &format!("{path}?lang=en"))).await;
    assert!(page.body.as_str().unwrap().contains("This is a test."), "{}", page.body);
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_real_and_what_is_tried_share_no_folder() {
    // A real number was validated here.
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let api_key = crate::harness::API_KEY;
    let body = json!({"mobile_number": "+919876543210", "device_id": "d"});
    let registered = bridge.ask(Method::POST, "/onboard/register", api_key, Some(body)).await;
    let sms = json!({"mobile_number": "+919876543210", "sms_message": registered.text("sms_body")});
    let judged = bridge.ask(Method::POST, "/sms/receive", crate::harness::RECEIVER_KEY, Some(sms)).await;
    assert_eq!(judged.verdict(), "passed");
    bridge.stop().await;
    let refused = run(bare(folder.path(), &["serve", "--sandbox", "--bind", "127.0.0.1:0"])).await;
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("real people"), "{refused:?}");

    // A sandbox, loudly.
    let folder = tempfile::tempdir().unwrap();
    let mut bridge = Process::start_with(command(folder.path(), &["serve", "--sandbox"])).await.unwrap();
    let screen = bridge.printed_until("try next").await;
    assert!(screen.contains("THIS IS A SANDBOX"), "{screen}");
    for magic in &MAGIC {
        assert!(screen.contains(magic.number) && screen.contains(magic.about), "{screen}");
    }
    bridge.stop().await;
    let refused = run(bare(folder.path(), &["serve", "--bind", "127.0.0.1:0"])).await;
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("is a sandbox"), "{refused:?}");
    // A command looks at it all the same, and it starts again.
    let mut shown = bare(folder.path(), &["settings", "get", "sms_receiver_number", "--json"]);
    shown.env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    let shown = run(shown).await;
    assert!(shown.stdout.contains("+15005550100"), "{shown:?}");
    Process::start_with(command(folder.path(), &["--sandbox"])).await.unwrap().stop().await;

    // Beside the stores of a real bridge there is none.
    let mut beside = bare(folder.path(), &["serve", "--sandbox"]);
    beside.env("SMS_BRIDGE_HOT_URL", "redis://127.0.0.1:1");
    let refused = run(beside).await;
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("leave SMS_BRIDGE_HOT_URL out"), "{refused:?}");
}

#[test]
fn the_document_has_the_same_table() {
    for magic in &MAGIC {
        let row = format!("| `{}` | `{}` | {} |", magic.number, magic.ends, magic.about);
        assert!(DOCUMENT.contains(&row), "docs/integrate.md lacks {row}");
    }
}
