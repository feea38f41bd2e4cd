//! What an operator without a browser looks at: SMS, registrations, validated numbers, the admin log, how the bridge stands,
//! and the keys of apps.

use std::path::Path;

use serde_json::json;

use super::{USER, bad, good};
use crate::process::{Process, bare, command, run};

#[tokio::test]
async fn an_operator_looks_from_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str]| command(folder.path(), arguments);
    let json = async |arguments: &[&str]| good(at(&[arguments, &["--json"]].concat())).await.json();
    let bridge = Process::start(folder.path()).await;
    good(at(&["simulate", "--mobile", USER])).await;
    run(at(&["simulate", "--mobile", "+919876543211", "--sender", "+919876543212"])).await;

    let all = json(&["sms", "list"]).await["items"].as_array().unwrap().clone();
    assert_eq!(all.len(), 2, "what was judged a moment ago is there");
    let failed = json(&["sms", "list", "--status", "failed"]).await["items"].clone();
    assert_eq!((failed.as_array().unwrap().len(), &failed[0]["mobile_number"]), (1, &json!("+919876543212")));
    for (filter, found) in [
        (["--mobile", USER], 1),
        (["--mobile", "98765"], 2),
        (["--text", "ONBOARD:"], 2),
        (["--check", "header_hash_check"], 1),
        (["--receiver", "nobody"], 0),
        (["--from", "2999-01-01"], 0),
        (["--to", "2001-01-01"], 0),
        (["--limit", "1"], 1),
    ] {
        let items = json(&["sms", "list", filter[0], filter[1]]).await["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), found, "{filter:?}");
    }
    let first = json(&["sms", "list", "--limit", "1"]).await;
    let next = first["next_before"].as_str().unwrap();
    assert_eq!(json(&["sms", "list", "--before", next]).await["items"][0]["sms_id"], all[1]["sms_id"]);
    let plain = good(at(&["sms", "list"])).await.stdout;
    assert!(plain.contains("header_hash_check: no_onboarding") && plain.contains("times in UTC"), "{plain}");
    assert!(bad(at(&["sms", "list", "--status", "odd"])).await.contains("passed or failed"));
    let id = failed[0]["sms_id"].as_str().unwrap();
    let story = good(at(&["sms", "show", id])).await.stdout;
    assert!(story.contains("✘ header_hash_check"), "{story}");
    assert!(json(&["sms", "show", id]).await["trace"].as_array().unwrap().len() >= 7);
    assert!(bad(at(&["sms", "show", "no/such"])).await.contains("nothing is kept"));

    let validated = json(&["onboarding", "list", "--status", "validated"]).await["items"].clone();
    assert_eq!(validated[0]["mobile_number"], USER);
    assert!(validated[0].get("hash").is_none());
    assert_eq!(json(&["onboarding", "list", "--mobile", "+12025"]).await["items"], json!([]));
    let id = validated[0]["onboarding_id"].as_str().unwrap();
    assert_eq!(json(&["onboarding", "show", id]).await["sms"].as_array().unwrap().len(), 1);
    assert!(good(at(&["onboarding", "show", id])).await.stdout.contains("passed"));

    let numbers = json(&["validated", "list"]).await;
    assert_eq!((&numbers["total"], &numbers["items"][0]["mobile_number"]), (&json!(1), &json!(USER)));
    assert_eq!(json(&["validated", "list", "--from", "2999-01-01"]).await["total"], 0);
    assert!(good(at(&["validated", "list"])).await.stdout.contains("1 in all"));

    good(at(&["settings", "set", "batch_size", "77"])).await;
    let log = json(&["log", "--action", "setting"]).await["items"].clone();
    assert_eq!((log.as_array().unwrap().len(), &log[0]["subject"]), (1, &json!("batch_size")));
    assert_eq!(json(&["log", "--who", "nobody"]).await["items"], json!([]));
    assert!(good(at(&["log"])).await.stdout.contains("admin token"));

    let status = json(&["status"]).await;
    assert_eq!(status["health"]["components"]["redis"]["status"], "up");
    assert_ne!(status["standing"]["level"], "bad", "{status}");
    assert!(good(at(&["status"])).await.stdout.contains("receiver default"), "{status}");
    good(at(&["settings", "set", "maintenance_mode", "true"])).await;
    let paused = run(at(&["status"])).await;
    assert_eq!(paused.code(), Some(1), "nobody can register: {paused:?}");
    assert!(paused.stdout.contains("Nobody can register"), "{paused:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn api_keys_from_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str]| command(folder.path(), arguments);
    let bridge = Process::start(folder.path()).await;
    let add = ["api-key", "add", "the shop", "--scope", "register,status", "--scope", "receive", "--json"];
    let made = good(at(&add)).await.json();
    assert_eq!(made["scopes"], json!(["register", "status", "receive"]));
    let secret = made["secret"].as_str().unwrap();
    let url = bridge.url.clone();
    let keys = ["--api-key", secret, "--receiver-key", secret];
    good(bare(
        Path::new("/nonexistent"),
        &[&["simulate", "--mobile", USER, "--url", &url][..], &keys].concat(),
    ))
    .await;
    let listed = good(at(&["api-key", "list"])).await.stdout;
    assert!(listed.contains("the shop") && !listed.contains(secret) && !listed.contains("never"), "{listed}");
    assert!(bad(at(&["api-key", "revoke", "the shopp"])).await.contains("did you mean \"the shop\"?"));
    assert!(bad(at(&["api-key", "add", "x", "--scope", "all"])).await.contains("register, status"));
    let revoked = good(at(&["api-key", "revoke", "The Shop", "--json"])).await.json();
    assert_eq!(revoked["revoked"], "the shop");
    assert!(good(at(&["api-key", "list"])).await.stdout.contains("no key was made"));
    bridge.stop().await;
}
