//! The proof that a 2xx is a promise: the bridge dies under load, at random moments and at every place
//! where dying is worst, and every acknowledged SMS is in the audit table exactly once.

use std::path::Path;

use serde_json::json;

use crate::load::Load;
use crate::process::Process;

/// Deaths in one test.
const KILLS: u32 = 20;
/// Acknowledgements before a death, at most.
const ACKS_MAX: u64 = 150;

/// Random enough for moments, and the same again from the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % max
    }
}

/// A new seed for every run, or the one to repeat.
#[expect(clippy::disallowed_methods, reason = "the knob of a test, not configuration")]
fn seed() -> u64 {
    let given = std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        u64::from_le_bytes(bridge_app::base::clock::Entropy::system().bytes::<8>().unwrap())
    });
    println!("repeat with KILL_SEED={seed}");
    seed
}

/// Dumps run all the time, so that many deaths are in the middle of one.
async fn prepare(folder: &Path) -> Process {
    let process = Process::start(folder).await;
    process.set("local_sync_interval_seconds", json!(1)).await;
    process.set("batch_size", json!(20)).await;
    process
}

/// The last bridge stops as an operator stops it, and then the books must agree.
async fn settle(process: Process, load: Load, folder: &Path) {
    let ledger = load.finish().await;
    process.stop().await;
    println!("{} SMS were acknowledged", ledger.acknowledged());
    ledger.prove(folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_twenty_random_moments() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(seed());
    let mut process = prepare(folder.path()).await;
    let mut load = Load::start(&process.url);
    for life in 0..KILLS {
        for _ in 0..=dice.below(ACKS_MAX) {
            tokio::select! {
                _ = load.acknowledged() => {}
                status = process.death() => panic!("life {life} ended by itself: {status}"),
            }
        }
        process.kill9().await;
        process = Process::start(folder.path()).await;
        load.moved_to(&process.url);
    }
    settle(process, load, folder.path()).await;
}

#[cfg(feature = "crash-points")]
mod at_the_crash_point {
    use std::os::unix::process::ExitStatusExt;

    use bridge_app::base::clock::Clock;
    use bridge_core::Timestamp;
    use reqwest::{Method, StatusCode};

    use super::*;
    use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
    use crate::load::{Ledger, Sent};
    use crate::process::command;

    const MAINTENANCE: &str = "/admin/settings/maintenance_mode";

    /// SIGABRT: the point was reached, and nothing else ended the process.
    const ABORTED: i32 = 6;

    fn with_point(folder: &Path, point: &str, after: u32) -> tokio::process::Command {
        let mut command = command(folder, &[]);
        command.env("FAILPOINTS", format!("{point}={after}*off->return"));
        command
    }

    /// Dies at the point, after passing it this often, once for each.
    async fn dies_at(point: &str, passes: &[u32]) {
        let folder = tempfile::tempdir().unwrap();
        let process = prepare(folder.path()).await;
        let mut load = Load::start(&process.url);
        load.acknowledged().await;
        process.kill9().await;
        for &after in passes {
            // Some points are reached before it listens: an empty life counts too.
            let died = match Process::start_with(with_point(folder.path(), point, after)).await {
                Err(ended) => ended.status,
                Ok(mut doomed) => {
                    load.moved_to(&doomed.url);
                    loop {
                        tokio::select! {
                            _ = load.acknowledged() => {}
                            status = doomed.death() => break status,
                        }
                    }
                }
            };
            assert_eq!(died.signal(), Some(ABORTED), "{point} after {after}: {died}");
        }
        let process = Process::start(folder.path()).await;
        load.moved_to(&process.url);
        for _ in 0..50 {
            load.acknowledged().await;
        }
        settle(process, load, folder.path()).await;
    }

    macro_rules! points {
        ($($name:ident = $point:literal: $passes:expr;)*) => {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                dies_at($point, &$passes).await;
            }
        )*};
    }

    points! {
        admitted = "intake::admitted": [0, 1, 40, 200];
        judged = "intake::judged": [0, 1, 40, 200];
        recorded = "intake::recorded": [0, 1, 40, 200];
        dumped = "dump::written": [0, 1, 5];
        forgotten = "dump::forgotten": [0, 1, 5];
        onboarding_written = "onboarding::written": [0, 1, 5];
        before_commit = "store::before_commit": [0, 1, 7, 50, 200];
        after_commit = "store::after_commit": [0, 1, 7, 50, 200];
    }

    /// Every user sends a guess and the right SMS while the bridge is in maintenance.
    async fn stored(process: &Process) -> Ledger {
        let mut users = Vec::new();
        for n in 0..15 {
            let mobile = format!("+9198765{n:05}");
            let applicant = json!({"mobile_number": mobile, "email": "u@example.com"});
            let user = process.ask(Method::POST, "/onboard/register", API_KEY, Some(applicant)).await;
            users.push((mobile, user.text("sms_body").to_owned()));
        }
        process.set("maintenance_mode", json!(true)).await;
        let mut ledger = Ledger::default();
        let received = Timestamp(Clock::system().now().epoch_seconds() * 1000);
        for (mobile, right) in &users {
            for (text, expected) in [("a guess", "header_hash_check"), (right.as_str(), "passed")] {
                let body = json!({
                    "mobile_number": mobile, "sms_message": text, "received_timestamp": received.to_string(),
                });
                let answer = process.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(body)).await;
                assert_eq!(answer.status, StatusCode::ACCEPTED);
                ledger.push(Sent::acknowledged(mobile, text, received, expected));
            }
        }
        ledger
    }

    /// SMS come in while the bridge is in maintenance; it dies while it judges them afterwards.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn replayed() {
        let folder = tempfile::tempdir().unwrap();
        let process = prepare(folder.path()).await;
        let ledger = stored(&process).await;
        process.kill9().await;
        for after in [0, 3, 7] {
            let died = match Process::start_with(with_point(folder.path(), "replay::judged", after)).await {
                Err(ended) => ended.status,
                Ok(mut doomed) => {
                    // It may die before it answers; the setting is durable before it holds.
                    let off = Some(json!({"value": false}));
                    let _ = doomed.try_ask(Method::PUT, MAINTENANCE, ADMIN_TOKEN, off).await;
                    doomed.death().await
                }
            };
            assert_eq!(died.signal(), Some(ABORTED), "after {after}: {died}");
        }
        Process::start(folder.path()).await.stop().await;
        ledger.prove(folder.path()).await;
    }

    /// A person is erased; it dies when one store is empty of them and the next is not, and the next process finishes.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn erased() {
        const PERSON: &str = "/admin/persons/+919876500000";
        for point in ["person::audit_erased", "person::hot_erased"] {
            let folder = tempfile::tempdir().unwrap();
            let process = prepare(folder.path()).await;
            let ledger = stored(&process).await;
            drop(ledger);
            process.set("maintenance_mode", json!(false)).await;
            process.kill9().await;
            let mut doomed = Process::start_with(with_point(folder.path(), point, 0)).await.unwrap();
            let _ = doomed.try_ask(Method::POST, &format!("{PERSON}/erase"), ADMIN_TOKEN, None).await;
            assert_eq!(doomed.death().await.signal(), Some(ABORTED), "{point}");
            let process = Process::start(folder.path()).await;
            let done = async {
                loop {
                    let page = process.ask(Method::GET, "/admin/erasures", ADMIN_TOKEN, None).await.body;
                    if page["items"][0]["state"] == "done" {
                        return page;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            };
            let page = tokio::time::timeout(std::time::Duration::from_secs(60), done).await.unwrap();
            assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page:#}");
            let left = process.ask(Method::GET, PERSON, ADMIN_TOKEN, None).await.body;
            let tables = left["audit"].as_array().unwrap();
            assert!(tables.iter().all(|table| table["rows"] == json!([])), "{point}: {left:#}");
            assert_eq!(
                (&left["hot"]["onboardings"], &left["hot"]["answers"]),
                (&json!([]), &json!([])),
                "{point}"
            );
            let other =
                process.ask(Method::GET, "/admin/persons/+919876500001", ADMIN_TOKEN, None).await.body;
            assert_eq!(other["hot"]["onboardings"].as_array().unwrap().len(), 1, "nobody else lost anything");
            process.stop().await;
        }
    }
}
