//! The queue while the bridge is away, while processes die, and while several of them are at it.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use test_servers::Proxy;
use test_servers::proxy::Mode;

use super::{ALICE, Anything, BOB, Pusher, said};
use crate::harness::Bridge;
use crate::real_stores::group::until;

/// A bridge, a proxy that can take it away, and a pusher behind it.
async fn through_proxy() -> (Bridge, Proxy, Pusher) {
    // On a clock that moves: an SMS of which the connection breaks while it is judged is taken over by its next copy when
    // it is older than any request lives (D9), which it never is where time stands.
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let bridge = Bridge::start_on(folder, Clock::system(), &[]).await;
    let proxy = Proxy::start(bridge.url.rsplit(':').next().unwrap().parse().unwrap()).unwrap();
    let pusher = Pusher::to(&proxy.url(&bridge.url));
    (bridge, proxy, pusher)
}

/// The texts of a number as the bridge judged them, the first first.
async fn texts(bridge: &Bridge, mobile: &str) -> Vec<String> {
    let mut rows = bridge.rows(mobile).await;
    rows.sort_by_key(|row| row["redis_id"].as_i64());
    rows.iter().map(|row| row["sms_message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_bridge_was_away_is_handed_over_by_the_next_sms() {
    let (bridge, proxy, pusher) = through_proxy().await;
    proxy.set(Mode::Refuse).unwrap();
    for text in ["first", "second", "third"] {
        said(&pusher.sms(ALICE, text).await, 0, &["cannot be reached", "--flush"]);
    }
    assert_eq!(pusher.waiting(), 3);
    proxy.set(Mode::Pass).unwrap();
    said(&pusher.sms(ALICE, "fourth").await, 0, &["handed over: 4 SMS"]);
    assert_eq!(texts(&bridge, ALICE).await, ["first", "second", "third", "fourth"]);
    said(&pusher.flush().await, 0, &["handed over: 0 SMS"]);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_hands_over_it_loses_nothing_and_repeats_nothing() {
    let (bridge, proxy, pusher) = through_proxy().await;
    proxy.set(Mode::Hang).unwrap();
    let mut hook = pusher.command(&["--from", ALICE, "--text", "hi"]).spawn().unwrap();
    until("it is in the queue", async || (pusher.waiting() == 1).then_some(())).await;
    hook.kill().await.unwrap();
    assert_eq!(pusher.waiting(), 1);
    // The answer is cut off: the bridge has it, and the hook cannot know.
    proxy.set(Mode::CutAfter(20)).unwrap();
    said(&pusher.sms(BOB, "ho").await, 0, &["queued: 2 SMS"]);
    proxy.set(Mode::Pass).unwrap();
    said(&pusher.flush().await, 0, &["handed over: 2 SMS"]);
    assert_eq!((texts(&bridge, ALICE).await.len(), texts(&bridge, BOB).await.len()), (1, 1));
    bridge.stop().await;
}

#[cfg(feature = "crash-points")]
#[tokio::test(flavor = "multi_thread")]
async fn dead_at_the_worst_places_it_loses_nothing_and_repeats_nothing() {
    use std::os::unix::process::ExitStatusExt;

    use crate::process::run;

    let bridge = Bridge::start().await;
    let pusher = Pusher::to(&bridge.url);
    for (point, text) in [("push::queued", "first"), ("push::acknowledged", "second")] {
        let mut command = pusher.command(&["--from", ALICE, "--text", text]);
        command.env("FAILPOINTS", format!("{point}=return"));
        assert_eq!(run(command).await.status.signal(), Some(6), "{point} was reached");
    }
    assert_eq!(pusher.waiting(), 2);
    said(&pusher.flush().await, 0, &["handed over: 2 SMS"]);
    assert_eq!(texts(&bridge, ALICE).await, ["first", "second"]);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_at_once_hand_over_each_sms_once() {
    let bridge = Bridge::start().await;
    let pusher = Pusher::to(&bridge.url);
    let texts_sent: Vec<String> = (0..6).map(|n| format!("hook {n}")).collect();
    let calls = texts_sent.iter().map(|text| pusher.sms(ALICE, text));
    for ended in futures_util::future::join_all(calls).await {
        said(&ended, 0, &["handed over"]);
    }
    let mut judged = texts(&bridge, ALICE).await;
    judged.sort();
    assert_eq!((judged, pusher.waiting()), (texts_sent, 0));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekend_of_sms_is_handed_over_in_order() {
    const EACH: usize = 40;
    let bridge = Bridge::start().await;
    let pusher = Pusher::to(&bridge.url);
    let senders: Vec<String> = (0..5).map(|n| format!("+91987654320{n}")).collect();
    std::fs::create_dir_all(&pusher.queue).unwrap();
    for n in 0..senders.len() * EACH {
        let body = serde_json::json!({
            "mobile_number": senders[n % senders.len()], "message": format!("{:03}", n / senders.len()),
            "received_timestamp": 1_769_860_800 + n, "message_id": n.to_string(),
        });
        std::fs::write(pusher.queue.join(format!("{:010}.json", n + 1)), body.to_string()).unwrap();
    }
    said(&pusher.flush().await, 0, &["handed over: 200 SMS"]);
    let expected: Vec<String> = (0..EACH).map(|n| format!("{n:03}")).collect();
    for sender in &senders {
        assert_eq!(texts(&bridge, sender).await, expected);
    }
    assert_eq!(pusher.waiting(), 0);
    bridge.stop().await;
}

#[tokio::test]
async fn one_that_the_bridge_stumbles_over_holds_back_its_own_sender_only() {
    const OK: &str =
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 21\r\n\r\n{\"status\":\"received\"}";
    const ILL: &str = "HTTP/1.1 500 Ill\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let mut pusher = Pusher::to("http://127.0.0.1:1");
    for (from, text) in [(ALICE, "poison"), (BOB, "b1"), (ALICE, "after it"), (BOB, "b2")] {
        said(&pusher.sms(from, text).await, 0, &["queued"]);
    }
    let stumbling =
        Anything::answering_by(
            |request| {
                if request.contains("poison") { ILL.to_owned() } else { OK.to_owned() }
            },
        );
    pusher.url = format!("{}/sms/receive", stumbling.url);
    said(&pusher.flush().await, 0, &["handed over: 2 SMS", "500", "queued: 2 SMS"]);
    let alices = stumbling.requests().into_iter().filter(|request| request.contains(ALICE));
    assert!(
        alices.into_iter().all(|request| request.contains("poison")),
        "the later one waits for the older"
    );
}

#[tokio::test]
async fn an_ill_bridge_is_not_asked_for_every_sms_that_waits() {
    let ill = Anything::answering("HTTP/1.1 500 Ill\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let pusher = Pusher::to(&ill.url);
    std::fs::create_dir_all(&pusher.queue).unwrap();
    for n in 0..50 {
        let body = serde_json::json!({
            "mobile_number": format!("+9198765432{n:02}"), "message": "hi", "received_timestamp": 1, "message_id": "x",
        });
        std::fs::write(pusher.queue.join(format!("{:010}.json", n + 1)), body.to_string()).unwrap();
    }
    said(&pusher.flush().await, 0, &["500", "queued: 50 SMS"]);
    assert!(ill.requests().len() < 10, "{}", ill.requests().len());
}
