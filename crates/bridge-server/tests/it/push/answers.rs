//! Every answer that is not a bridge's "I have it": nothing is lost, nothing blocks, and the operator is told.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use test_servers::Proxy;
use test_servers::proxy::Mode;

use super::{ALICE, Anything, BOB, Pusher, header, said};
use crate::harness::{Bridge, RECEIVER_KEY};
use crate::process::{bare, run};

#[tokio::test]
async fn an_sms_from_the_shell_is_judged() {
    let bridge = Bridge::start().await;
    let pusher = Pusher::to(&bridge.url);
    let registered = bridge.registered(ALICE).await;
    let arguments =
        ["--from", ALICE, "--text", registered.text("sms_body"), "--received", "1769860800", "--json"];
    let ended = pusher.push(&arguments).await;
    said(&ended, 0, &["handed over: 1 SMS (passed)"]);
    assert_eq!((&ended.json()["waiting"], &ended.json()["trouble"]), (&0.into(), &Value::Null));
    assert_eq!(ended.json()["handed_over"][0]["validation_status"], "passed");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    // The same id is the same SMS, however often somebody calls.
    let again = ["--from", ALICE, "--text", "hi", "--received", "1769860801", "--id", "one", "--json"];
    assert_eq!(pusher.push(&again).await.json()["handed_over"][0]["duplicate_delivery"], false);
    assert_eq!(pusher.push(&again).await.json()["handed_over"][0]["duplicate_delivery"], true);
    // Bytes that are no UTF-8 come through a pipe, too.
    let mut piped = pusher.command(&["--from", BOB, "--text", "-"]);
    let mut text = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut text, b"one\ngr\xfc\xdf\r\n").unwrap();
    std::io::Seek::rewind(&mut text).unwrap();
    piped.stdin(text);
    said(&run(piped).await, 0, &["handed over: 1 SMS"]);
    assert_eq!(bridge.rows(BOB).await[0]["sms_message"], "one\ngrüß");
    bridge.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_loses_nothing() {
    let bridge = Bridge::start().await;
    let pusher = Pusher::to(&bridge.url);
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("secret");
    let path = file.to_str().unwrap();
    let send =
        async |text: &str| pusher.push(&["--from", ALICE, "--text", text, "--secret-file", path]).await;
    said(&send("first").await, 2, &["--secret-file", "cannot be read", "queued: 1 SMS"]);
    std::fs::write(&file, "\n").unwrap();
    said(&send("second").await, 2, &["is empty", "queued: 2 SMS"]);
    std::fs::write(&file, "another-secret-than-the-right-one\n").unwrap();
    said(&send("third").await, 2, &["does not accept this secret", "queued: 3 SMS"]);
    std::fs::write(&file, format!("{RECEIVER_KEY}\n")).unwrap();
    said(&pusher.push(&["--flush", "--secret-file", path]).await, 0, &["handed over: 3 SMS"]);
    assert_eq!((pusher.waiting(), bridge.rows(ALICE).await.len()), (0, 3));
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_not_configured_is_found_after_the_sms_is_safe() {
    let mut pusher = Pusher::to("http://127.0.0.1:1");
    for (n, (url, word)) in
        [("", "--url"), ("bridge:8080", "must be like http://"), ("http://127.0.0.1:1", "cannot be reached")]
            .into_iter()
            .enumerate()
    {
        url.clone_into(&mut pusher.url);
        let code = if n == 2 { 0 } else { 2 };
        said(&pusher.sms(ALICE, "hi").await, code, &[word, &format!("queued: {} SMS", n + 1)]);
    }
    let nothing = run(bare(std::path::Path::new("/nonexistent"), &["push"])).await;
    said(&nothing, 2, &["--from and --text", "RunOnReceive"]);
}

#[tokio::test]
async fn only_a_bridge_can_say_that_it_has_an_sms() {
    for (answer, code, word) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n<html>Welcome!", 2, "something that is no bridge"),
        ("HTTP/1.1 302 Found\r\nlocation: https://b/x?k=1\r\ncontent-length: 0\r\n\r\n", 2, "https://b/x:"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 2, "takes no SMS at this URL"),
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", 0, "503"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":", 0, "broke the connection off"),
        ("not HTTP at all", 0, "broke the connection off"),
    ] {
        let answer = answer.replacen("content-length", "connection: close\r\ncontent-length", 1);
        let pusher = Pusher::to(&Anything::answering(&answer).url);
        said(&pusher.sms(ALICE, "hi").await, code, &[word, "queued: 1 SMS"]);
        assert_eq!(pusher.waiting(), 1, "{answer}");
    }
}

#[tokio::test]
async fn what_the_bridge_refuses_is_set_aside_and_blocks_nobody() {
    let bridge = Bridge::start().await;
    let mut pusher = Pusher::to("http://127.0.0.1:1");
    said(&pusher.sms(ALICE, "before").await, 0, &["queued"]);
    // Longer than any bridge takes.
    let long = pusher.queue.join("0000000002.json");
    let body = format!(
        r#"{{"mobile_number":"{ALICE}","message":"{}","received_timestamp":1,"message_id":"x"}}"#,
        "x".repeat(2_000_000)
    );
    std::fs::write(&long, &body).unwrap();
    std::fs::write(pusher.queue.join("0000000003.json"), "\0\0\0\0").unwrap();
    said(&pusher.sms(ALICE, "after").await, 0, &["queued: 4 SMS"]);
    pusher.url = format!("{}/sms/receive", bridge.url);
    let ended = pusher.flush().await;
    said(&ended, 0, &["handed over: 2 SMS", "413", "damaged", "/refused"]);
    assert_eq!((pusher.waiting(), pusher.refused().len(), bridge.rows(ALICE).await.len()), (0, 2, 2));
    let kept = pusher.refused().into_iter().map(|file| std::fs::read_to_string(file).unwrap());
    assert!(kept.into_iter().any(|text| text == body), "it is still there as it was");
    bridge.stop().await;
}

#[tokio::test]
async fn every_try_is_signed_with_the_time_of_that_try() {
    let busy = Anything::answering("HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let pusher = Pusher::to(&busy.url);
    let mut command = pusher.command(&["--from", ALICE, "--text", "grüß", "--number", "+4915112345678"]);
    command.env("SMS_BRIDGE_PUSH_SIGNING_KEY", "key-of-the-tests");
    said(&run(command).await, 0, &["queued: 1 SMS"]);
    let requests = busy.requests();
    assert_eq!(requests.len(), 4, "it was tried more than once");
    for request in &requests {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /sms/receive HTTP/1.1"), "{head}");
        assert_eq!(header(head, "authorization"), format!("Bearer {RECEIVER_KEY}"));
        let mut mac = Hmac::<Sha256>::new_from_slice(b"key-of-the-tests").unwrap();
        mac.update(body.as_bytes());
        mac.update(header(head, "x-timestamp").as_bytes());
        let expected = bridge_core::onboarding::hex(&mac.finalize().into_bytes());
        assert_eq!(header(head, "x-signature"), expected);
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["message"], &body["mobile_number"]), (&"grüß".into(), &ALICE.into()));
        assert_eq!(body["sms_receiver_number"], "+4915112345678");
    }
    assert!(
        requests.windows(2).all(|two| two[0].split("\r\n\r\n").nth(1) == two[1].split("\r\n\r\n").nth(1))
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_does_not_stop_an_sms() {
    let bridge = Bridge::start().await;
    let mut pusher = Pusher::to(&bridge.url);
    pusher.queue = pusher.queue.join("file/queue");
    std::fs::create_dir_all(pusher.queue.parent().unwrap().parent().unwrap()).unwrap();
    std::fs::write(pusher.queue.parent().unwrap(), "").unwrap();
    said(&pusher.sms(ALICE, "hi").await, 0, &["cannot be used", "handed over: 1 SMS"]);
    assert_eq!(bridge.rows(ALICE).await.len(), 1);
    "http://127.0.0.1:1/sms/receive".clone_into(&mut pusher.url);
    said(&pusher.sms(BOB, "hi").await, 1, &["neither queued nor handed over", "cannot be reached"]);
    said(&pusher.flush().await, 1, &[]);
    bridge.stop().await;
}

#[tokio::test]
async fn a_bridge_that_hangs_holds_a_hook_for_a_bounded_time() {
    let bridge = Bridge::start().await;
    let proxy = Proxy::start(bridge.url.rsplit(':').next().unwrap().parse().unwrap()).unwrap();
    proxy.set(Mode::Hang).unwrap();
    let pusher = Pusher::to(&proxy.url(&bridge.url));
    std::fs::create_dir_all(&pusher.queue).unwrap();
    std::fs::write(pusher.queue.join("0000000001.json"), "{}").unwrap();
    let hook = pusher.sms(ALICE, "hi");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), hook).await.unwrap();
    said(&ended, 0, &["does not answer in time", "queued: 1 SMS"]);
    proxy.set(Mode::Pass).unwrap();
    said(&pusher.flush().await, 0, &["handed over: 1 SMS"]);
    bridge.stop().await;
}

#[tokio::test]
async fn the_test_hands_over_nothing_and_says_what_to_do() {
    const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    const NO: &str = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const NONE: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for (answer, code, word) in [(OK, 0, ""), (NO, 2, "--secret-file"), (NONE, 2, "too old to be asked")] {
        let bridge = Anything::answering(answer);
        let pusher = Pusher::to(&bridge.url);
        let ended = pusher.push(&["--test"]).await;
        said(&ended, code, &[word]);
        assert_eq!(ended.stdout.contains("accepts this receiver"), code == 0, "{ended:?}");
        let requests = bridge.requests();
        assert!(requests[0].starts_with("POST /receivers/heartbeat ") && requests[0].ends_with("{}"));
        assert_eq!((requests.len(), pusher.waiting()), (1, 0));
    }
    said(
        &Pusher::to("http://127.0.0.1:1").push(&["--test"]).await,
        1,
        &["start the bridge, or correct --url"],
    );
}
