//! A disk that fills up under a running bridge: refused, never falsely acknowledged, and whole again as
//! soon as there is room.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, RECEIVER_KEY};
use crate::load::{Ledger, Sent};
use crate::process::{Process, command};

/// A file system of 4 MiB. Dropped, it is gone.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where this user may not mount: on a developer's machine that is said loudly, in CI it fails.
    #[expect(clippy::disallowed_methods, reason = "the knob of a test, not configuration")]
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"]).arg(folder.path());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(SmallDisk(folder));
        }
        assert!(std::env::var("CI").is_err(), "CI must be able to mount a tmpfs: run as root");
        println!("SKIPPED: a tmpfs cannot be mounted here, so nothing was proved about a full disk");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes every byte that is left.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a bridge of a test that failed may still hold files.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// A phone that sends one SMS after the other.
struct Phone<'a> {
    bridge: &'a Process,
    ledger: Ledger,
    first: Timestamp,
    sent: u32,
}

impl Phone<'_> {
    /// Delivers the SMS of that number: the same number is the same SMS.
    async fn deliver(&mut self, n: u32) -> Answer {
        let (mobile, text) = (format!("+9198765{n:05}"), format!("hello {n}"));
        let received = self.first + Span::seconds(n % 5);
        let body = json!({
            "mobile_number": mobile, "sms_message": text,
            "received_timestamp": received.to_string(), "message_id": format!("m{n}"),
        });
        let answer = self.bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await;
        if answer.status.is_success() {
            self.ledger.push(Sent::acknowledged(&mobile, &text, received, "header_hash_check"));
        }
        answer
    }

    async fn next(&mut self) -> Answer {
        self.sent += 1;
        self.deliver(self.sent).await
    }
}

fn is_refused_well(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert_eq!(answer.code(), "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_while_full_and_recovers_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let bridge = Process::start(disk.path()).await;
    let first = Timestamp(Clock::system().now().epoch_seconds() * 1000) - Span(10_000);
    let mut phone = Phone { bridge: &bridge, ledger: Ledger::default(), first, sent: 0 };
    for _ in 0..5 {
        assert_eq!(phone.next().await.status, StatusCode::OK);
    }
    for round in 0..3 {
        let filler = disk.fill();
        // What fits into room that the stores have already is taken, and then none is.
        let refused = loop {
            let answer = phone.next().await;
            if !answer.status.is_success() {
                break answer;
            }
            assert!(phone.sent < 5_000, "4 MiB are never full");
        };
        is_refused_well(&refused);
        let refused = phone.sent;
        is_refused_well(&phone.deliver(refused).await);
        assert_eq!(bridge.get("/health", "").await.body["status"], "unhealthy", "round {round}");
        assert_eq!(bridge.get("/health", "").await.status, StatusCode::SERVICE_UNAVAILABLE);
        wait_for(&bridge, StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(bridge.get("/livez", "").await.status, StatusCode::OK, "a restart would not help");
        let registration = json!({"mobile_number": "+919876500000", "email": "u@example.com"});
        let register = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(registration)).await;
        assert!(register.status == 503 || register.status.is_success(), "{register:?}");

        std::fs::remove_file(filler).unwrap();
        // Judged at once, or kept until the store monitor has seen that there is room again.
        for answer in [phone.deliver(refused).await, phone.next().await] {
            assert!(answer.status.is_success(), "round {round}: {answer:?}");
        }
        assert_eq!(bridge.get("/health", "").await.status, StatusCode::OK);
        wait_for(&bridge, StatusCode::OK).await;
    }
    let ledger = phone.ledger;
    bridge.stop().await;
    ledger.prove(disk.path()).await;
}

/// What an unusable body is asked for, thrown away and counted by.
async fn in_quarantine(bridge: &Process) -> Vec<String> {
    let list = bridge.get("/admin/quarantine?limit=100", ADMIN_TOKEN).await;
    let items = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.body)).clone();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_the_bridge_starts_and_its_operator_can_throw_bodies_away() {
    let Some(disk) = SmallDisk::mount() else { return };
    let start = async || {
        let mut command = command(disk.path(), &[]);
        command.env("SMS_BRIDGE_DISK_FLOOR_MIB", "1");
        Process::start_with(command).await.unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    };
    let bridge = start().await;
    for n in 0..12 {
        let body = json!({"n": n, "junk": "x".repeat(30_000)});
        let kept = bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await;
        assert_eq!(kept.status, StatusCode::BAD_REQUEST, "{}", kept.body);
    }
    let fill = || {
        let _ = std::fs::remove_file(disk.path().join("filler"));
        disk.fill()
    };
    fill();
    assert_eq!(bridge.get("/health", "").await.body["status"], "degraded");
    let body = json!({"junk": "x".repeat(30_000)});
    let refused = bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await;
    is_refused_well(&refused);
    let thrown_away = async |bridge: &Process| {
        let before = in_quarantine(bridge).await;
        for id in before.iter().take(3) {
            let gone =
                bridge.ask(Method::DELETE, &format!("/admin/quarantine/{id}"), ADMIN_TOKEN, None).await;
            assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
            // Whatever became free is taken by somebody else.
            fill();
        }
        assert_eq!(in_quarantine(bridge).await.len(), before.len() - 3);
    };
    thrown_away(&bridge).await;
    // Killed, and started again where there is no room.
    bridge.kill9().await;
    fill();
    let bridge = start().await;
    thrown_away(&bridge).await;
    // Stopped in order, which leaves nothing of the stores' own room.
    bridge.stop().await;
    fill();
    let bridge = start().await;
    thrown_away(&bridge).await;
    let note = command(disk.path(), &["quarantine", "list", "--json"]);
    assert_eq!(crate::process::run(note).await.json()["items"].as_array().unwrap().len(), 3);
    std::fs::remove_file(disk.path().join("filler")).unwrap();
    bridge.stop().await;
}

/// `/readyz` remembers its answer for a second: asked until it changes.
async fn wait_for(bridge: &Process, status: StatusCode) {
    while bridge.get("/readyz", "").await.status != status {
        tokio::task::yield_now().await;
    }
}
