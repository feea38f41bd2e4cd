//! What else operators are told, from what makes it so to the message, and that it is over: a backup that fails, a clock that
//! cannot be right, a remote that is behind.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};

use super::sink::Sink;
use super::{bridge, bridge_on, ntfy};
use crate::harness::{Bridge, NOON};
use crate::process::{command, run};
use crate::real_stores::group::Group;

const ALICE: &str = "+919876543210";

#[tokio::test]
async fn a_backup_that_fails_is_told_and_that_one_was_made_after_it() {
    let bridge = bridge().await;
    let sink = Sink::start().await;
    bridge.told(ntfy(&sink)).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let to = |file: &str| elsewhere.path().join(file).display().to_string();
    // As a timer does it at night: nobody reads what the command says.
    let failed = run(command(bridge.folder.path(), &["backup", &to("no folder/one.smsb")])).await;
    assert_ne!(failed.code(), Some(0), "{failed:?}");
    let told = bridge.tells(&sink, 1).await;
    assert_eq!(told[0].body["title"], "SMS Bridge: the backup needs you");
    assert!(told[0].text().contains("a backup failed at"), "{}", told[0].text());
    bridge.nothing_is_told(&sink, 1).await;
    let made = run(command(bridge.folder.path(), &["backup", &to("one.smsb")])).await;
    assert_eq!(made.code(), Some(0), "{made:?}");
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: the backup is as you want it");
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}

/// A machine without a battery for its clock comes back from a power cut at `now`, in the past.
async fn wrong_clock(now: Timestamp) {
    let sink = Sink::start().await;
    let bridge = bridge_on(Arc::new(tempfile::tempdir().unwrap()), Clock::standing_at(NOON)).await;
    bridge.told(ntfy(&sink)).await;
    bridge.look().await;
    let folder = bridge.stop().await;
    let bridge: Bridge = bridge_on(folder, Clock::standing_at(now)).await;
    let told = bridge.tells(&sink, 1).await;
    // Both began in the same moment: they are one message.
    assert_eq!(told[0].body["title"], "SMS Bridge: nobody can register, and 1 more");
    assert!(told[0].text().contains("The clock cannot be right"), "{}", told[0].text());
    assert!(told[0].text().contains("timedatectl"), "{}", told[0].text());
    bridge.nothing_is_told(&sink, 1).await;
    bridge.clock.set(NOON + Span(3_600_000));
    bridge.look().await;
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: people can register again, and 1 more");
    assert!(told[1].text().contains("The clock is right again"), "{}", told[1].text());
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_clock_two_days_back_is_told_and_that_it_is_right_again() {
    wrong_clock(NOON - Span(2 * 86_400_000)).await;
}

#[tokio::test]
async fn a_clock_of_1970_is_told_and_that_it_is_right_again() {
    wrong_clock(Timestamp(1_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_behind_is_told_and_that_it_answers_again() {
    let Some(group) = Group::start("a_remote_that_is_behind_is_told") else { return };
    let bridge = group.bridge().await;
    let sink = Sink::start().await;
    bridge.told(ntfy(&sink)).await;
    group.sql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", group.remote));
    group.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
        group.remote
    ));
    // A remote that nothing waits for is missed by nobody.
    bridge.nothing_is_told(&sink, 0).await;
    let registered = bridge.registered(ALICE).await;
    assert_eq!(bridge.deliver(&bridge.right_sms(ALICE, &registered)).await.verdict(), "passed");
    let told = bridge.tells(&sink, 1).await;
    assert_eq!(told[0].body["title"], "SMS Bridge: the remote is behind");
    assert!(told[0].text().contains("nothing is lost, validated numbers wait"), "{}", told[0].text());
    assert!(!told[0].text().contains(ALICE), "{}", told[0].text());
    bridge.nothing_is_told(&sink, 1).await;
    group.sql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", group.remote));
    let told = bridge.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: the remote answers again");
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}
