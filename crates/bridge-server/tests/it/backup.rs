//! Backups of the real program and the way back: made under load, restored on an empty machine, and every promise that must
//! hold afterwards.

mod refused;
mod servers;

use std::path::{Path, PathBuf};

use bridge_core::{Span, Timestamp};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::load::Load;
use crate::process::{Ended, Process, bare, command, run};

const PASSPHRASE: &str = "correct horse battery staple";
/// 2^32: a restored bridge gives out no id below.
const AHEAD: i64 = 4_294_967_296;

/// A data folder, and a place for backups.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn passphrase(&self) -> String {
        let file = self.file("passphrase");
        std::fs::write(&file, PASSPHRASE).unwrap();
        file
    }
}

async fn good(command: tokio::process::Command) -> Ended {
    let ended = run(command).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    ended
}

async fn backup(data: &Path, file: &str) -> Ended {
    good(command(data, &["backup", file])).await
}

async fn restore(data: &Path, file: &str) -> Ended {
    good(command(data, &["restore", file])).await
}

async fn register(bridge: &Process, mobile: &str, device: &str) -> Value {
    let body = json!({"mobile_number": mobile, "email": "a@example.org", "device_id": device});
    let answer = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(body)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.body
}

/// A phone texts this; answers what became of it.
async fn text(bridge: &Process, mobile: &str, text: &str, id: &str) -> Value {
    let now = bridge_app::base::clock::Clock::system().now();
    stamped(bridge, mobile, text, id, now).await
}

/// Sent anew: what is stamped with the same second is the same SMS (D9).
async fn anew(bridge: &Process, mobile: &str, text: &str, id: &str) -> Value {
    let now = bridge_app::base::clock::Clock::system().now();
    stamped(bridge, mobile, text, id, now + Span(60_000)).await
}

async fn stamped(bridge: &Process, mobile: &str, text: &str, id: &str, at: Timestamp) -> Value {
    let body = json!({"mobile_number": mobile, "sms_message": text, "received_timestamp": at.to_string(), "message_id": id});
    bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await.body
}

async fn validate(bridge: &Process, mobile: &str) -> String {
    let registered = register(bridge, mobile, "phone").await;
    let said = registered["sms_body"].as_str().unwrap().to_owned();
    let verdict = text(bridge, mobile, &said, mobile).await;
    assert_eq!(verdict["validation_status"], "passed", "{verdict}");
    said
}

/// Every row of a table, as text.
fn rows(database: &Path, table: &str) -> Vec<String> {
    let conn = Connection::open(database).unwrap();
    let mut select = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
    let columns = select.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values: Vec<String> = (0..columns).map(|n| format!("{:?}", row.get_ref(n).unwrap())).collect();
        Ok(values.join("|"))
    };
    select.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_under_load_it_holds_everything_that_was_acknowledged_before() {
    let place = Place::new();
    let bridge = Process::start(&place.data()).await;
    bridge.set("local_sync_interval_seconds", json!(1)).await;
    bridge.set("batch_size", json!(20)).await;
    let mut load = Load::start(&bridge.url);
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        for n in 0..5 {
            let mobile = format!("+9198000{round}000{n}");
            validate(&bridge, &mobile).await;
            acknowledged.push(mobile);
            load.acknowledged().await;
        }
        let file = place.file(&format!("{round}.smsb"));
        let made = backup(&place.data(), &file).await;
        assert!(made.stdout.contains("holds the bridge as it was"), "{}", made.stdout);

        let other = Place::new();
        restore(&other.data(), &file).await;
        let restored = Process::start(&other.data()).await;
        for mobile in &acknowledged {
            let person =
                restored.get(&format!("/admin/persons/{mobile}"), ADMIN_TOKEN).await.body.to_string();
            assert!(
                person.contains("\"passed\"") && person.contains("validated"),
                "{mobile} in round {round}: {person}"
            );
        }
        restored.stop().await;
    }
    bridge.kill9().await;
    load.abandon().await;
}

#[tokio::test]
async fn what_comes_back_is_what_was_there() {
    let place = Place::new();
    let bridge = Process::start(&place.data()).await;
    bridge.set("batch_size", json!(123)).await;
    let add = ["receiver", "add", "hall", "--format", "textbee", "--number", "+919000000001"];
    good(command(&place.data(), &add)).await;
    good(command(&place.data(), &["blacklist", "add", "+919876543299"])).await;
    validate(&bridge, "+919876543210").await;
    bridge.stop().await;
    // Also of a bridge that does not run; and its keys.
    let (file, passphrase) = (place.file("one.smsb"), place.passphrase());
    good(command(&place.data(), &["backup", &file, "--with-secrets", "--passphrase-file", &passphrase]))
        .await;
    let other = Place::new();
    let said =
        good(command(&other.data(), &["restore", &file, "--passphrase-file", &passphrase])).await.stdout;
    for part in ["is not in it", "sms-bridge import", "--close-pending", "erase them again"] {
        assert!(said.contains(part) || part == "--close-pending", "{part} is missing in {said}");
    }
    for name in
        ["bridge_id", "secrets/api_key", "secrets/receiver_key", "secrets/admin_token", "secrets/hashing_key"]
    {
        if !place.data().join(name).exists() {
            continue;
        }
        let read = |data: PathBuf| std::fs::read(data.join(name)).unwrap();
        assert_eq!(read(place.data()), read(other.data()), "{name}");
    }
    for table in [
        "input_sms",
        "onboarding_mobile",
        "sms_settings",
        "blacklist_sms",
        "ops_receiver",
        "ops_validated_mobile",
    ] {
        let read = |data: PathBuf| rows(&data.join("audit.db"), table);
        assert_eq!(read(place.data()), read(other.data()), "{table}");
    }
    let bridge = Process::start(&other.data()).await;
    assert_eq!(bridge.get("/admin/settings/batch_size", ADMIN_TOKEN).await.body["setting_value"], 123);
    let doctor = run(command(&other.data(), &["doctor"])).await;
    assert_eq!(doctor.code(), Some(0), "{doctor:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn no_id_comes_twice_and_no_dead_hash_lives() {
    let place = Place::new();
    let bridge = Process::start(&place.data()).await;
    let used = validate(&bridge, "+919876543210").await;
    let cancelled = register(&bridge, "+919876543211", "phone").await;
    let path = format!("/onboard/{}/cancel", cancelled["onboarding_id"].as_str().unwrap());
    let answer = bridge.ask(Method::POST, &path, API_KEY, None).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let open = register(&bridge, "+919876543212", "phone").await;
    let file = place.file("one.smsb");
    backup(&place.data(), &file).await;
    bridge.stop().await;
    let hash = |registered: &Value| registered["sms_body"].as_str().unwrap().to_owned();
    for close in [false, true] {
        let other = Place::new();
        let mut restoring = command(&other.data(), &["restore", &file]);
        if close {
            restoring.arg("--close-pending");
        }
        let said = good(restoring).await.stdout;
        assert!(said.contains("numbered above 4295"), "{said}");
        assert_eq!(said.contains("are closed"), close, "{said}");
        let bridge = Process::start(&other.data()).await;
        let dead = anew(&bridge, "+919876543210", &used, "again-1").await;
        assert_ne!(dead["validation_status"], "passed", "it was used: {dead}");
        let dead = anew(&bridge, "+919876543211", &hash(&cancelled), "again-2").await;
        assert_ne!(dead["validation_status"], "passed", "it was cancelled: {dead}");
        let verdict = anew(&bridge, "+919876543212", &hash(&open), "again-3").await;
        assert_eq!(verdict["validation_status"] == "passed", !close, "{verdict}");
        validate(&bridge, "+919876543213").await;
        bridge.stop().await;
        let conn = Connection::open(other.data().join("audit.db")).unwrap();
        let ids: Vec<i64> = conn
            .prepare("SELECT redis_id FROM input_sms ORDER BY redis_id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(ids.iter().filter(|id| **id < AHEAD).count(), 1, "the one from before: {ids:?}");
        assert_eq!(ids.len(), 5, "{ids:?}");
    }
}

#[tokio::test]
async fn the_bridge_says_when_the_last_one_was() {
    let place = Place::new();
    let bridge = Process::start(&place.data()).await;
    let notes = async || bridge.get("/health", ADMIN_TOKEN).await.body["components"]["notes"].to_string();
    assert!(!notes().await.contains("backup"), "nothing is wanted yet");
    bridge.set("backup_wanted_every_hours", json!(24)).await;
    assert!(notes().await.contains("no backup was made yet"));
    backup(&place.data(), &place.file("one.smsb")).await;
    assert!(!notes().await.contains("backup"));
    let health = bridge.get("/health", ADMIN_TOKEN).await.body;
    let last = &health["components"]["last_backup"];
    assert!(
        last["at"].is_string() && last["bytes"].as_u64() > Some(1000) && last["is_overdue"] == false,
        "{last}"
    );
    bridge.stop().await;
}
