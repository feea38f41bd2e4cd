//! Many at once: copies of one SMS, different SMS of one number, several numbers.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Bridge, Sms};

const USER: &str = "+919876543210";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_copies_exactly_one_is_judged() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let sms = Sms { message_id: Some("m1".into()), ..bridge.right_sms(USER, &registered) };
    let answers = join_all((0..200).map(|_| bridge.deliver(&sms))).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{:?}",
        answers.iter().find(|a| a.status != 200)
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.verdict() == "passed" && answer.body["id"] == answers[0].body["id"])
    );
    let judged = answers.iter().filter(|answer| answer.body["duplicate_delivery"] == json!(false)).count();
    assert_eq!(judged, 1);
    assert_eq!(bridge.rows(USER).await.len(), 1);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_right_sms_at_once_exactly_one_validates() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let sms = |n: u32| Sms { line: Some(format!("phone-{n}")), ..bridge.right_sms(USER, &registered) };
    let all: Vec<Sms> = (0..5).map(sms).collect();
    let answers = join_all(all.iter().map(|sms| bridge.deliver(sms))).await;
    let passed = answers.iter().filter(|answer| answer.verdict() == "passed").count();
    let duplicates = answers.iter().filter(|answer| answer.verdict() == "duplicate_check").count();
    assert_eq!((passed, duplicates), (1, 4));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_numbers_at_once_each_get_their_own_id() {
    let bridge = Bridge::start().await;
    let numbers: Vec<String> = (0..100).map(|n| format!("+9198765{n:05}")).collect();
    let journey = async |mobile: &String| {
        let registered = bridge.registered(mobile).await;
        bridge.deliver(&bridge.right_sms(mobile, &registered)).await
    };
    let answers = join_all(numbers.iter().map(journey)).await;
    let mut ids: Vec<i64> = answers.iter().map(|answer| answer.body["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=100).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.verdict() == "passed"));
    bridge.stop().await;
}
