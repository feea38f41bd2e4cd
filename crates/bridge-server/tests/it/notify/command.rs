//! `sms-bridge notify`: every way from a shell, secrets out of files, and what came back.

use super::sink::Sink;
use crate::process::{Process, command, run};

async fn good(data: &std::path::Path, arguments: &[&str]) -> crate::process::Ended {
    let ended = run(command(data, arguments)).await;
    assert_eq!(ended.code(), Some(0), "{arguments:?}: {} {}", ended.stdout, ended.stderr);
    ended
}

#[tokio::test]
async fn those_who_are_told_are_kept_from_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let mut start = command(folder.path(), &[]);
    start.env("SMS_BRIDGE_WEBHOOK_ALLOW", "127.0.0.0/8");
    let (data, bridge, sink) =
        (folder.path(), Process::start_with(start).await.unwrap(), Sink::start().await);
    assert!(good(data, &["notify", "list"]).await.stdout.contains("nobody is told anything"));
    let secret = folder.path().join("token");
    std::fs::write(&secret, "tk_1\n").unwrap();
    let (url, secret) = (format!("{}/alerts", sink.url), secret.to_str().unwrap().to_owned());
    let add = [
        "notify",
        "add",
        "ntfy",
        &url,
        "--token-file",
        &secret,
        "--event",
        "paused,disk",
        "--quiet",
        "22:00-07:00",
        "--json",
    ];
    let added = good(data, &add).await.json();
    assert_eq!(added["secrets"], serde_json::json!(["token"]), "{added}");
    assert_eq!((&added["quiet"], added["events"].as_array().unwrap().len()), (&"22:00-07:00".into(), 2));
    let id = added["id"].as_str().unwrap();
    let tested = good(data, &["notify", "test", id]).await;
    assert!(tested.stdout.contains("it was taken"), "{}", tested.stdout);
    assert_eq!(sink.all()[0].header("authorization"), "Bearer tk_1");
    let chat =
        ["notify", "add", "telegram", "-100123", "--token", "1:x", "--url", &sink.url, "--name", "boss"];
    good(data, &chat).await;
    let mail = ["notify", "add", "email", "a@example.com", "--server", "192.168.3.4", "--security", "plain"];
    good(data, &mail).await;
    let listed = good(data, &["notify", "list"]).await.stdout;
    for shown in ["ntfy", "chat -100123", "a@example.com", "boss"] {
        assert!(listed.contains(shown), "{shown}: {listed}");
    }
    assert!(!listed.contains("tk_1") && !listed.contains("1:x"), "{listed}");
    sink.answers(403);
    let refused = run(command(data, &["notify", "test", id])).await;
    assert_eq!(refused.code(), Some(1));
    assert!(refused.stdout.contains("it answered 403"), "{}", refused.stdout);
    let refused = run(command(data, &["notify", "add", "ntfy", "http://169.254.169.254/x"])).await;
    assert!(refused.stderr.contains("SMS_BRIDGE_WEBHOOK_ALLOW"), "{}", refused.stderr);
    let unknown = run(command(data, &["notify", "add", "pigeon", "x"])).await;
    assert_eq!(unknown.code(), Some(2));
    good(data, &["notify", "remove", id]).await;
    let left = good(data, &["notify", "list", "--json"]).await.json();
    assert_eq!(left["items"].as_array().unwrap().len(), 2);
    bridge.stop().await;
}
