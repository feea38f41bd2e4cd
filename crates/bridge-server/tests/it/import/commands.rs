//! `import` and `receiver pull` of the real program.

use std::path::Path;
use std::process::Stdio;

use bridge_app::base::clock::Clock;
use bridge_core::Span;
use tokio::io::AsyncWriteExt;

use super::lists::{self, Listed};
use super::phone::Phone;
use crate::harness::{ADMIN_TOKEN, RECEIVER_KEY};
use crate::process::{Process, bare, command, has_escapes, run};

fn list() -> Vec<Listed> {
    let received = Clock::system().now() - Span(7_200_000);
    let one = |n: i64| Listed {
        sender: "+919876543210".into(),
        text: format!("sms {n}"),
        received: received + Span(n * 1_000),
    };
    (0..3).map(one).collect()
}

#[tokio::test]
async fn files_are_imported_into_the_bridge_that_runs_and_into_one_that_does_not() {
    let list = list();
    let folder = tempfile::tempdir().unwrap();
    let (csv, xml) = (folder.path().join("list.csv"), folder.path().join("backup.xml"));
    std::fs::write(&csv, lists::csv(&list[..2])).unwrap();
    std::fs::write(&xml, lists::backup_xml(&list)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let (csv, xml) = (csv.to_str().unwrap(), xml.to_str().unwrap());

    Process::start(data.path()).await.stop().await;
    let check = run(command(data.path(), &["import", "--check", csv])).await;
    assert_eq!(check.code(), Some(0), "{check:?}");
    assert!(
        check.stdout.contains("2 rows compared") && check.stdout.contains("1 of 1 hours have gaps"),
        "{}",
        check.stdout
    );
    assert!(check.stdout.contains("░░░░") && !has_escapes(&check.stdout), "{}", check.stdout);

    let bridge = Process::start(data.path()).await;
    let both = run(command(data.path(), &["import", csv, xml])).await;
    assert_eq!(both.code(), Some(0), "{both:?}");
    assert!(
        both.stdout.contains("2 rows imported") && both.stdout.contains("3 rows imported"),
        "{}",
        both.stdout
    );
    let json = run(command(data.path(), &["import", "--json", xml])).await;
    assert_eq!((json.json()["rows"].as_u64(), json.json()["redelivered"].as_u64()), (Some(3), Some(3)));
    let clean = run(command(data.path(), &["import", "--check", xml])).await;
    assert!(clean.stdout.contains("nothing was missing in 1 hours"), "{}", clean.stdout);

    let nowhere = Path::new("/nonexistent");
    let mut flags = vec!["import", "--json", "--url", &bridge.url, "--receiver-key", RECEIVER_KEY, xml];
    let elsewhere = run(bare(nowhere, &flags)).await;
    assert_eq!(elsewhere.json()["redelivered"], 3, "{elsewhere:?}");
    flags[5] = "wrong-key-of-nobody-0001";
    let wrong = run(bare(nowhere, &flags)).await;
    assert_eq!(wrong.code(), Some(1), "{wrong:?}");

    for (file, says) in
        [(folder.path().to_str().unwrap(), "cannot be read"), ("/nonexistent/list.csv", "cannot be read")]
    {
        let ended = run(command(data.path(), &["import", file])).await;
        assert!(ended.code() == Some(1) && !ended.stderr.is_empty(), "{says}: {ended:?}");
    }
    std::fs::write(folder.path().join("hello.txt"), "hello").unwrap();
    let none =
        run(command(data.path(), &["import", folder.path().join("hello.txt").to_str().unwrap()])).await;
    assert_eq!(none.code(), Some(1), "{none:?}");
    assert!(none.stderr.contains("the first line does not name the columns"), "{none:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn standard_input_and_a_phone_of_which_the_list_is_pulled() {
    let list = list();
    let data = tempfile::tempdir().unwrap();
    let bridge = Process::start(data.path()).await;
    let mut child = command(data.path(), &["import", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&lists::ndjson(&list)).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["judged"], 3, "{report}");

    let phone = Phone::start(list);
    let add = ["receiver", "add", "hall", "--format", "smsgate", "--inbox-url", &phone.url()];
    let added = run(command(data.path(), &add)).await;
    assert_eq!(added.code(), Some(0), "{added:?}");
    let since = (Clock::system().now() - Span(86_400_000)).to_string();
    let pulled = run(command(data.path(), &["receiver", "pull", "hall", "--since", &since])).await;
    assert_eq!(pulled.code(), Some(0), "{pulled:?}");
    assert!(pulled.stdout.contains("hall  3 rows imported"), "{}", pulled.stdout);
    assert!(pulled.stdout.contains("nothing was missing in"), "{}", pulled.stdout);
    let token = run(command(data.path(), &["receiver", "pull", "attic", "--admin-token", ADMIN_TOKEN])).await;
    assert_eq!(token.code(), Some(1), "{token:?}");
    assert!(token.stderr.contains("there is no receiver attic"), "{token:?}");
    bridge.stop().await;
}
