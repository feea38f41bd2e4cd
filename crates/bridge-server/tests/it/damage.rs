//! Pages of a store overwritten under a running bridge: it closes the store, keeps what it acknowledges elsewhere, says which file
//! it is and what to do; and `rebuild` makes it whole again.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use bridge_app::base::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::process::{Process, command, run};

const PAGE: usize = 4096;

/// Overwrites pages, from one to another, with what is no page.
fn overwrite(file: &Path, from: u64, to: u64) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    for page in from..to {
        file.write_all_at(&[0xa5; PAGE], page * PAGE as u64).unwrap();
    }
    file.sync_all().unwrap();
}

fn pages(file: &Path) -> u64 {
    file.metadata().unwrap().len() / PAGE as u64
}

struct Phone<'a> {
    bridge: &'a Process,
    acknowledged: Vec<String>,
}

impl Phone<'_> {
    /// An SMS from that number; kept in mind where it was acknowledged.
    async fn text(&mut self, mobile: &str, text: &str) -> Value {
        let now = Clock::system().now();
        let body = json!({
            "mobile_number": mobile, "sms_message": text,
            "received_timestamp": now.to_string(), "message_id": mobile,
        });
        let answer = self.bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await;
        if answer.status.is_success() {
            self.acknowledged.push(mobile.to_owned());
        } else {
            assert_eq!(answer.status.as_u16(), 503, "{}", answer.body);
        }
        answer.body
    }

    async fn validate(&mut self, mobile: &str) {
        let body = json!({"mobile_number": mobile, "email": "a@example.org", "device_id": "phone"});
        let registered = self.bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(body)).await.body;
        let verdict = self.text(mobile, registered["sms_body"].as_str().unwrap()).await;
        assert_eq!(verdict["validation_status"], "passed", "{verdict}");
    }
}

/// A bridge that validated some, stopped and started again: what it needs it must read from its files.
async fn begun(folder: &Path) -> (Process, Vec<String>) {
    let bridge = Process::start(folder).await;
    let mut phone = Phone { bridge: &bridge, acknowledged: Vec::new() };
    for n in 0..20 {
        phone.validate(&format!("+91980000{n:04}")).await;
    }
    let validated = phone.acknowledged;
    bridge.stop().await;
    (Process::start(folder).await, validated)
}

/// SMS come until the store is found damaged; answers which were acknowledged, then and after.
async fn found_damaged(bridge: &Process, store: &str, file: &str) -> Vec<String> {
    let mut phone = Phone { bridge, acknowledged: Vec::new() };
    for n in 0..200 {
        phone.text(&format!("+91970000{n:04}"), "hello").await;
        let health = bridge.get("/health", ADMIN_TOKEN).await.body;
        if health["components"][store]["status"] == "damaged" {
            assert_eq!(health["status"], "unhealthy", "{health}");
            let notes = health["components"]["notes"].to_string();
            assert!(notes.contains(file) && notes.contains("sms-bridge rebuild"), "{notes}");
            for n in 200..205 {
                phone.text(&format!("+91970000{n:04}"), "hello").await;
            }
            return phone.acknowledged;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{file} was never found damaged");
}

async fn told_and_rebuilt(folder: &Path, bridge: Process, file: &str) -> Process {
    let doctor = run(command(folder, &["doctor", "--json"])).await;
    assert_eq!(doctor.code(), Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains(file) && doctor.stdout.contains("sms-bridge rebuild"), "{doctor:?}");
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await;
    let metrics = metrics.body.as_str().unwrap_or_default().to_owned();
    let store = if file == "hot.db" { "hot" } else { "audit" };
    assert!(metrics.contains(&format!("sms_bridge_store_damaged{{store=\"{store}\"}} 1")), "{metrics}");
    let refused = run(command(folder, &["rebuild"])).await;
    assert_eq!(refused.code(), Some(1), "not while it runs: {refused:?}");
    bridge.kill9().await;
    let rebuilt = run(command(folder, &["rebuild"])).await;
    assert_eq!(rebuilt.code(), Some(0), "{rebuilt:?}");
    assert!(rebuilt.stdout.contains(&format!("{file} was damaged")), "{rebuilt:?}");
    let again = run(command(folder, &["rebuild"])).await;
    assert!(again.stdout.contains(&format!("{file} is whole")), "{again:?}");
    Process::start(folder).await
}

/// Everything acknowledged is judged and in the audit store at last.
async fn all_there(bridge: &Process, acknowledged: &[String]) {
    for mobile in acknowledged {
        let mut person = Value::Null;
        for _ in 0..300 {
            person = bridge.get(&format!("/admin/persons/{mobile}"), ADMIN_TOKEN).await.body;
            if is_judged(&person) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(is_judged(&person), "{mobile}: {person}");
    }
}

fn is_judged(person: &Value) -> bool {
    let tables = person["audit"].as_array().into_iter().flatten();
    tables
        .filter(|table| table["name"] == "input_sms")
        .any(|table| table["rows"].as_array().is_some_and(|rows| !rows.is_empty()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_store_that_is_damaged_takes_nothing_and_comes_back_from_the_audit_store() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let (bridge, validated) = begun(&data).await;
    let hot = data.join("hot.db");
    overwrite(&hot, 1, pages(&hot));
    let acknowledged = found_damaged(&bridge, "redis", "hot.db").await;
    let body = json!({"mobile_number": "+919876543210", "email": "a@example.org"});
    let refused = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(body)).await;
    assert_eq!(refused.status.as_u16(), 503, "{}", refused.body);
    assert!(acknowledged.len() >= 5, "SMS go down the ladder: {acknowledged:?}");

    let bridge = told_and_rebuilt(&data, bridge, "hot.db").await;
    let mut phone = Phone { bridge: &bridge, acknowledged: Vec::new() };
    phone.validate("+919876543210").await;
    all_there(&bridge, &acknowledged).await;
    all_there(&bridge, &validated).await;
    let doctor = run(command(&data, &["doctor"])).await;
    assert_eq!(doctor.code(), Some(0), "{doctor:?}");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_store_that_is_damaged_takes_nothing_and_keeps_what_can_be_read() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let (bridge, _) = begun(&data).await;
    let audit = data.join("audit.db");
    let all = pages(&audit);
    overwrite(&audit, all / 3, all);
    let acknowledged = found_damaged(&bridge, "postgresql", "audit.db").await;
    assert!(acknowledged.len() >= 5, "SMS are judged, or kept in the journal: {acknowledged:?}");

    let bridge = told_and_rebuilt(&data, bridge, "audit.db").await;
    let mut phone = Phone { bridge: &bridge, acknowledged: Vec::new() };
    phone.validate("+919876543210").await;
    all_there(&bridge, &acknowledged).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_store_that_is_damaged_before_the_start_is_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    Process::start(&data).await.stop().await;
    std::fs::write(data.join("hot.db"), "this is no database at all ".repeat(400)).unwrap();
    let Err(refused) = Process::start_with(command(&data, &["serve"])).await else { panic!("it started") };
    assert!(refused.stderr.contains("sms-bridge rebuild"), "{refused:?}");
    let rebuilt = run(command(&data, &["rebuild"])).await;
    assert_eq!(rebuilt.code(), Some(0), "{rebuilt:?}");
    let kept = std::fs::read_dir(&data).unwrap().flatten();
    let kept: Vec<String> = kept.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(kept.iter().any(|name| name.starts_with("damaged-")), "{kept:?}");
    Process::start(&data).await.stop().await;
}
