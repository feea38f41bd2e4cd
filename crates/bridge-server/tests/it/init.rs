//! `init` of the real program, with answers in a pipe and with none: what is tried, written, and said.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use test_servers::{Postgres, Redis, Server, legs, postgres, redis};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::process::{Ended, Process, bare, run};

const NUMBER: &str = "+919876543210";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("etc/bridge.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(&self.data(), arguments);
        command.env_remove("SMS_BRIDGE_DATA_DIR").arg("--config").arg(self.file());
        command
    }

    async fn answered(&self, arguments: &[&str], answers: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{}\n", answers.join("\n")).as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    async fn configured(&self, key: &str) -> String {
        let shown = run(self.command(&["config", "show", "--json"])).await;
        assert_eq!(shown.code(), Some(0), "{shown:?}");
        shown.json()["values"][key]["value"].as_str().unwrap_or("none").to_owned()
    }
}

fn free() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn answers_in_a_pipe_are_tried_and_asked_again_and_the_bridge_runs_with_them() {
    let place = Place::new();
    let (data, bind) = (place.data().display().to_string(), free());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = (taken.local_addr().unwrap().to_string(), taken);
    let answers = [
        "/proc/nowhere",
        &data,
        "perhaps",
        "no",
        "here",
        &taken.0,
        &bind,
        "sms.example.org",
        "https://sms.example.org/",
        "redis://127.0.0.1:1",
        "embedded",
        "mysql://db",
        "postgres://127.0.0.1:1/sms",
        "embedded",
        "postgres://127.0.0.1:1/sms",
        "none",
        "+44",
        "12ab",
        "+447400123456",
        "smsgat",
        "smsgate",
    ];
    let ended = place.answered(&["init"], &answers).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    for part in [
        "cannot be used",
        "yes or no",
        "an address and a port",
        "it cannot listen on",
        "https://sms.example.org",
        "does not answer",
        "postgres://… or embedded",
        "is no number like",
        "did you mean \"smsgate\"?",
        "the bridge started and answered",
        "receiver hall-phone is added",
        "█",
        "admin/reset#token=",
        "sms-bridge doctor",
    ] {
        assert!(ended.stdout.contains(part), "{part} is missing in {}", ended.stdout);
    }
    assert!(ended.stdout.contains("https://sms.example.org/sms/receive/smsgate"), "{}", ended.stdout);
    assert_eq!(std::fs::metadata(place.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(place.file()).unwrap();
    assert!(text.contains("# audit_pool = 10") && text.contains("# Where the API listens"), "{text}");
    assert_eq!(place.configured("bind").await, bind);
    assert_eq!(place.configured("public_url").await, "https://sms.example.org");

    let bridge = Process::start_with(place.command(&["serve"])).await.unwrap();
    let token = std::fs::read_to_string(place.data().join("secrets/admin_token")).unwrap();
    let setting = |key: &'static str| bridge.get(key, &token);
    assert_eq!(setting("/admin/settings/default_country_code").await.body["setting_value"], "44");
    let receivers = bridge.get("/admin/receivers", &token).await.body;
    assert!(receivers.to_string().contains("+447400123456"), "{receivers}");
    bridge.stop().await;
}

#[tokio::test]
async fn with_yes_nothing_is_asked_and_a_second_time_changes_what_is_said_and_keeps_the_rest() {
    let place = Place::new();
    let (data, bind) = (place.data().display().to_string(), free());
    let unit = place.folder.path().join("sms-bridge.service").display().to_string();
    let first = [
        "init",
        "--yes",
        "--data-dir",
        &data,
        "--bind",
        &bind,
        "--number",
        NUMBER,
        "--format",
        "textbee",
        "--unit",
        &unit,
    ];
    let ended = run(place.command(&first)).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("receiver hall-phone is added"), "{}", ended.stdout);
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&format!("serve --config {}", place.file().display())), "{text}");
    assert!(text.contains(&format!("ReadWritePaths={data}")) && text.contains("WatchdogSec="), "{text}");
    let bridge = Process::start_with(place.command(&["serve"])).await.unwrap();
    // One that runs is told the same and goes on.
    let again = run(place.command(&["init", "--yes", "--audit-pool", "4", "--number", NUMBER])).await;
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert!(
        again.stdout.contains("there already") && again.stdout.contains("restart it"),
        "{}",
        again.stdout
    );
    bridge.stop().await;
    assert_eq!(place.configured("audit_pool").await, "4");
    assert_eq!(place.configured("bind").await, bind);
    assert!(place.file().with_extension("toml.before").exists(), "the older file is kept");
}

#[tokio::test]
async fn what_does_not_work_is_not_written() {
    let place = Place::new();
    let data = place.data().display().to_string();
    for (flag, value) in [
        ("--hot-url", "redis://:hunter2@127.0.0.1:1"),
        ("--audit-url", "postgres://b:hunter2@127.0.0.1:1/sms"),
        ("--remote-url", "postgres://b:hunter2@127.0.0.1:1/sms"),
        ("--number", "12ab"),
        ("--format", "smsgat"),
    ] {
        let ended = run(place.command(&["init", "--yes", "--data-dir", &data, flag, value])).await;
        assert_ne!(ended.code(), Some(0), "{flag}: {ended:?}");
        assert!(!ended.stderr.contains("hunter2") && !ended.stdout.contains("hunter2"), "{ended:?}");
        assert!(!place.file().exists(), "{flag}");
    }
    let ended = place.answered(&["init"], &[&data]).await;
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the answers ended") && !place.file().exists(), "{ended:?}");
}

fn servers() -> Option<(Redis, Postgres, String)> {
    let start = || {
        let postgres = Postgres::start(&postgres::Options::default())?;
        let database = postgres.new_database()?;
        Ok((Redis::start(&redis::Options::default())?, postgres, database))
    };
    legs::or_skip("stores_that_are_servers_are_written_to_and_read_back", start())
}

#[tokio::test]
async fn stores_that_are_servers_are_written_to_and_read_back() {
    let Some((redis, postgres, database)) = servers() else { return };
    let place = Place::new();
    let data = place.data().display().to_string();
    let arguments = ["init", "--yes", "--data-dir", &data, "--bind", &free()];
    let mut command = place.command(&arguments);
    command.arg("--hot-url").arg(redis.url()).arg("--audit-url").arg(postgres.url_of(&database));
    let ended = run(command).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    for part in
        ["Redis answers, and takes what is written", "its tables are of version", "written and read back"]
    {
        assert!(ended.stdout.contains(part), "{part} is missing in {}", ended.stdout);
    }
}
