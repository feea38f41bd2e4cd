//! Accounts from a shell and by JSON, with and without a running bridge; the link that a start prints.

use std::fs::File;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::visitor::PASSWORD;
use crate::harness::{ADMIN_TOKEN, Bridge};
use crate::process::{Ended, Process, command, run};

async fn admin(folder: &Path, arguments: &[&str], password: Option<&str>) -> Ended {
    let mut command = command(folder, &[&["admin"], arguments].concat());
    if let Some(password) = password {
        let file = folder.join("typed");
        std::fs::write(&file, format!("{password}\n")).unwrap();
        command.stdin(File::open(&file).unwrap());
    }
    run(command).await
}

#[tokio::test]
async fn the_first_start_prints_a_link_until_there_is_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut bridge = Process::start(folder.path()).await;
        let printed = bridge.printed_until("/admin/setup#token=").await;
        let (_, rest) = printed.split_once(&format!("Open {}/admin/setup#token=", bridge.url)).unwrap();
        tokens.push(rest[..64].to_owned());
        bridge.stop().await;
    }
    assert_ne!(tokens[0], tokens[1]);
    let added =
        admin(folder.path(), &["create", "Olga", "--role", "owner", "--password-stdin"], Some(PASSWORD))
            .await;
    assert_eq!(added.code(), Some(0), "{added:?}");
    assert!(added.stdout.contains("olga") && !added.stdout.contains("#token"), "{added:?}");
    let mut bridge = Process::start(folder.path()).await;
    let printed = bridge.printed_until("the desk ").await;
    assert!(!printed.contains("#token"), "{printed}");
    bridge.stop().await;
}

#[tokio::test]
async fn accounts_from_a_shell_with_and_without_a_bridge() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path()).await.stop().await;
    let none = admin(folder.path(), &["list"], None).await;
    assert!(none.stdout.contains("no account yet"), "{none:?}");
    let bridge = Process::start(folder.path()).await;
    let added = admin(folder.path(), &["create", "vera", "--json"], None).await.json();
    assert_eq!((&added["role"], &added["has_password"]), (&json!("viewer"), &json!(false)));
    let url = added["link"]["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/admin/reset#token=", bridge.url)), "{url}");
    bridge.stop().await;
    for (arguments, said) in [
        (&["create", "vera"][..], "taken"),
        (&["create", "no spaces"][..], "must be"),
        (&["create", "x", "--role", "god"][..], "viewer, operator or owner"),
        (&["reset-password", "nobody"][..], "no account"),
    ] {
        let refused = admin(folder.path(), arguments, None).await;
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    let short = admin(folder.path(), &["reset-password", "vera", "--password-stdin"], Some("short")).await;
    assert!(short.stderr.contains("at least 12 characters"), "{short:?}");
    let link = admin(folder.path(), &["reset-password", "vera"], None).await;
    assert!(link.stdout.contains("/admin/reset#token="), "{link:?}");
    let set = admin(folder.path(), &["reset-password", "vera", "--password-stdin"], Some(PASSWORD)).await;
    assert_eq!(set.code(), Some(0), "{set:?}");
    let list = admin(folder.path(), &["list", "--json"], None).await.json();
    assert_eq!(
        (&list["items"][0]["name"], &list["items"][0]["has_password"]),
        (&json!("vera"), &json!(true))
    );
}

#[tokio::test]
async fn accounts_as_json() {
    let bridge = Bridge::start().await;
    let ask = async |method, path: &str, body: Value| {
        bridge.send(bridge.request(method, path).bearer_auth(ADMIN_TOKEN).json(&body)).await
    };
    let body = json!({"name": "olga", "role": "owner", "password": PASSWORD});
    let added = ask(Method::POST, "/admin/accounts", body.clone()).await;
    assert_eq!((added.status, added.body.get("link")), (StatusCode::CREATED, None), "{}", added.body);
    assert_eq!(ask(Method::POST, "/admin/accounts", body).await.code(), "account_exists");
    for (path, body, code) in [
        ("/admin/accounts/olga", json!({"role": "viewer"}), "last_owner"),
        ("/admin/accounts/olga", json!({"disabled": "yes"}), "invalid_request"),
        ("/admin/accounts/olga", json!({"password": "short"}), "invalid_request"),
        ("/admin/accounts/nobody", json!({"role": "viewer"}), "not_found"),
    ] {
        assert_eq!(ask(Method::PATCH, path, body.clone()).await.code(), code, "{body}");
    }
    let link = ask(Method::POST, "/admin/accounts/olga/link", json!(null)).await;
    assert!(link.body["link"]["path"].as_str().unwrap().starts_with("/admin/reset#token="), "{}", link.body);
    assert_eq!(bridge.set("batch_size", json!(7)).await.status, StatusCode::OK);
    assert_eq!(bridge.set("batch_size", json!(0)).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let page = bridge.get("/admin/log?limit=1", ADMIN_TOKEN).await;
    let row = &page.body["items"][0];
    assert_eq!(
        (&row["action"], &row["subject"], &row["after"]),
        (&json!("setting.change"), &json!("batch_size"), &json!(7))
    );
    let next = bridge.get(&format!("/admin/log?before={}", page.body["next_before"]), ADMIN_TOKEN).await;
    let actions: Vec<_> =
        next.body["items"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["account.link", "account.password", "account.add"]);
    assert_eq!(next.body["next_before"], json!(null));
    for wrong in ["limit=0", "before=x", "since=soon"] {
        assert_eq!(
            bridge.get(&format!("/admin/log?{wrong}"), ADMIN_TOKEN).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    assert_eq!(bridge.get("/admin/log", "wrong").await.status, StatusCode::UNAUTHORIZED);
    bridge.stop().await;
}
