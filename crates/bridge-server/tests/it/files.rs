//! Files of the real program, started by a careless umask: nobody else can read or write them, and none that somebody
//! else may have written is believed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::process::Command;

use crate::harness::{ADMIN_TOKEN, RECEIVER_KEY};
use crate::process::{Ended, Process, bare, command, run};

/// The same command, where every file is made for everybody.
fn careless(command: &Command) -> Command {
    let inner = command.as_std();
    let mut shell = Command::new("sh");
    shell
        .env_clear()
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args());
    for (name, value) in inner.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.stdin(std::process::Stdio::null()).kill_on_drop(true);
    shell
}

fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        at += 1;
    }
    found
}

fn names_of_open(folder: &Path) -> Vec<String> {
    let is_open = |path: &PathBuf| {
        let meta = path.symlink_metadata().unwrap();
        meta.mode() & 0o777 != if meta.is_dir() { 0o700 } else { 0o600 }
    };
    everything(folder).iter().filter(|path| is_open(path)).map(|path| path.display().to_string()).collect()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every kind of file that a bridge makes: a receiver, a block, a body in quarantine, an SMS, a setting.
async fn is_used(bridge: &Process) {
    let post = reqwest::Method::POST;
    for (path, secret, body) in [
        ("/admin/receivers", ADMIN_TOKEN, json!({"name": "hall", "format": "generic"})),
        ("/admin/blocked-emails", ADMIN_TOKEN, json!({"address": "mallory@example.com"})),
        ("/sms/receive", RECEIVER_KEY, json!({"from": "+919876543210", "text": "hello"})),
    ] {
        let answer = bridge.ask(post.clone(), path, secret, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
    }
    let unusable = bridge.ask(post, "/sms/receive", RECEIVER_KEY, Some(json!({"nothing": 1}))).await;
    assert_eq!(unusable.status, 400);
    bridge.set("batch_size", json!(499)).await;
}

#[tokio::test]
async fn every_file_is_for_its_owner_alone_whatever_the_umask_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bridge = Process::start_with(careless(&command(&data, &[]))).await.unwrap();
    is_used(&bridge).await;
    assert_eq!(names_of_open(&data), [""; 0], "while it runs");
    let names: Vec<String> = everything(&data).iter().map(|path| path.display().to_string()).collect();
    for name in
        ["audit.db-wal", "hot.db-shm", "lock", "bridge.json", "spool", "receivers.json", "settings.json"]
    {
        assert!(names.iter().any(|path| path.ends_with(name)), "{name} in {names:?}");
    }
    bridge.stop().await;
    assert_eq!(names_of_open(&data), [""; 0], "after it stopped");
}

#[tokio::test]
async fn what_was_left_open_is_closed_at_the_start_and_told_before_and_not_after() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bridge = Process::start(&data).await;
    is_used(&bridge).await;
    bridge.kill9().await;
    // As an older version left it.
    for path in everything(&data) {
        mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
    }
    let doctor = async |arguments: &[&str]| {
        let ended = run(command(&data, arguments)).await;
        let report = ended.json();
        let files =
            report["findings"].as_array().unwrap().iter().find(|found| found["what"] == "files").unwrap();
        (files["level"].as_str().unwrap().to_owned(), files["found"].as_str().unwrap().to_owned())
    };
    let (level, found) = doctor(&["doctor", "--json"]).await;
    assert_eq!(level, "wrong", "{found}");
    assert!(found.contains("the folder itself (0755)") && found.contains("(0644)"), "{found}");
    // The bridge that doctor started inside has closed them.
    assert_eq!(doctor(&["doctor", "--json"]).await.0, "ok");
    assert_eq!(names_of_open(&data), [""; 0]);

    mode(&data.join("audit.db"), 0o666);
    mode(&data, 0o777);
    let ended = Process::start(&data).await.kill9().await;
    assert_eq!(names_of_open(&data), [""; 0]);
    let log = &ended.stderr;
    assert!(log.contains("\"files\":2") && !log.contains("audit.db"), "a count, no names: {log}");

    let bridge = Process::start(&data).await;
    mode(&data.join("hot.db"), 0o640);
    assert_eq!(doctor(&["doctor", "--json"]).await.0, "wrong", "under a bridge that runs");
    assert_eq!(doctor(&["doctor", "--json", "--repair"]).await.0, "ok");
    assert_eq!(names_of_open(&data), [""; 0]);
    bridge.stop().await;
}

#[tokio::test]
async fn a_folder_of_everybody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    mode(folder.path(), 0o1777);
    let ended = run(command(folder.path(), &[])).await;
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains("is shared") && ended.stderr.contains("--data-dir"), "{}", ended.stderr);
    assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o1777, 0o1777, "and left as it is");
}

async fn settings_of(data: &Path) -> Ended {
    run(command(data, &["settings", "get", "batch_size"])).await
}

#[tokio::test]
async fn the_token_goes_nowhere_that_somebody_else_may_have_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bridge = Process::start(&data).await;
    assert_eq!(settings_of(&data).await.code(), Some(0));
    let note = data.join("bridge.json");
    let written = fs::read_to_string(&note).unwrap();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let elsewhere = written.replace(&bridge.url, &format!("http://{}", stranger.local_addr().unwrap()));
    assert_ne!(elsewhere, written);
    let refused = async |why: &str| {
        for arguments in [&["settings", "get", "batch_size"][..], &["simulate", "--mobile", "+919876543210"]]
        {
            let ended = run(command(&data, arguments)).await;
            assert_eq!(ended.code(), Some(1), "{ended:?}");
            assert!(ended.stderr.contains("bridge.json") && ended.stderr.contains(why), "{}", ended.stderr);
        }
        assert!(stranger.accept().is_err(), "nobody came with the token: {why}");
    };

    // A link to a note of somebody else's.
    let target = folder.path().join("note.json");
    fs::write(&target, &elsewhere).unwrap();
    mode(&target, 0o600);
    fs::remove_file(&note).unwrap();
    symlink(&target, &note).unwrap();
    refused("symbolic link").await;

    // One that others could write.
    fs::remove_file(&note).unwrap();
    fs::write(&note, &elsewhere).unwrap();
    for rights in [0o666, 0o620, 0o644] {
        mode(&note, rights);
        refused(&format!("mode {rights:04o}")).await;
    }
    mode(&note, 0o600);
    mode(&data, 0o777);
    refused("folder that others may write to").await;
    mode(&data, 0o700);

    // One of another account.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&note, Some(12_345), None).unwrap();
        refused("account 12345").await;
        std::os::unix::fs::chown(&note, Some(0), None).unwrap();
    }
    fs::write(&note, &written).unwrap();
    assert_eq!(settings_of(&data).await.code(), Some(0), "its own is believed again");
    bridge.stop().await;
}

#[tokio::test]
async fn a_link_in_the_place_of_the_note_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Process::start(&data).await.stop().await;
    let target = folder.path().join("precious");
    fs::write(&target, "precious").unwrap();
    for name in ["bridge.json", ".bridge.json.new", "settings.json", ".alive.json.new", ".reserve"] {
        let _ = fs::remove_file(data.join(name));
        symlink(&target, data.join(name)).unwrap();
    }
    let bridge = Process::start_with(careless(&command(&data, &[]))).await.unwrap();
    is_used(&bridge).await;
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(fs::symlink_metadata(data.join("bridge.json")).unwrap().is_file());
    assert_eq!(settings_of(&data).await.code(), Some(0));
    bridge.stop().await;
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

#[tokio::test]
async fn the_queue_of_push_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    let push = async |text: &str| {
        let mut command = bare(folder.path(), &["push", "--from", "+919876543210", "--text", text]);
        command.env("SMS_BRIDGE_PUSH_QUEUE", &queue).env("SMS_BRIDGE_PUSH_SECRET", RECEIVER_KEY);
        command.env("SMS_BRIDGE_PUSH_URL", "http://127.0.0.1:9/sms/receive");
        run(careless(&command)).await;
    };
    push("one").await;
    assert_eq!(names_of_open(&queue), [""; 0]);
    for path in everything(&queue) {
        mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
    }
    fs::write(queue.join("0000000000.json"), "no SMS").unwrap();
    push("two").await;
    assert_eq!(names_of_open(&queue), [""; 0], "also what an older version left, and what is set aside");
    assert!(everything(&queue).iter().any(|path| path.ends_with("refused")), "{:?}", everything(&queue));
}

#[tokio::test]
async fn secrets_are_taken_from_files_and_help_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("token");
    fs::write(&file, "first-token-of-the-file-0001\nsecond-token-of-the-file-0002\n").unwrap();
    let name = file.to_str().unwrap();
    let bridge =
        Process::start_with(bare(&data, &["--bind=127.0.0.1:0", "--admin-token-file", name])).await.unwrap();
    for token in ["first-token-of-the-file-0001", "second-token-of-the-file-0002"] {
        assert_eq!(bridge.get("/admin/settings", token).await.status, 200);
    }
    let secret = folder.path().join("secret");
    fs::write(&secret, "secret-of-the-hall-phone-0001\n").unwrap();
    let mut add = bare(&data, &["receiver", "add", "hall", "--format", "generic", "--json", "--secret-file"]);
    add.arg(&secret).env("SMS_BRIDGE_ADMIN_TOKEN_FILE", &file);
    // The command speaks with one token; the file holds two, in lines.
    fs::write(&file, "first-token-of-the-file-0001\n").unwrap();
    let added = run(add).await;
    assert_eq!(added.json()["secret"], "secret-of-the-hall-phone-0001", "{added:?}");
    bridge.stop().await;

    let missing =
        run(bare(&data, &["--api-key-file", "/nonexistent/key", "--admin-token-file", "/dev/null"])).await;
    assert_eq!(missing.code(), Some(2));
    for words in
        ["--api-key-file (/nonexistent/key) cannot be read", "--admin-token-file (/dev/null) is empty"]
    {
        assert!(missing.stderr.contains(words), "{}", missing.stderr);
    }
    for arguments in [&["--help"][..], &["receiver", "add", "--help"], &["settings", "list", "--help"]] {
        let help = run(bare(&data, arguments)).await.stdout;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("can be read by everybody on the machine") && help.contains("-file"), "{help}");
    }
}

#[tokio::test]
async fn the_note_of_a_bridge_that_was_killed_is_believed_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bridge = Process::start(&data).await;
    let address: std::net::SocketAddr = bridge.url.trim_start_matches("http://").parse().unwrap();
    bridge.kill9().await;
    assert!(data.join("bridge.json").exists());
    // Somebody else listens there now.
    let stranger = std::net::TcpListener::bind(address).unwrap();
    stranger.set_nonblocking(true).unwrap();
    let ended = run(command(&data, &["simulate", "--mobile", "+919876543210"])).await;
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("no bridge runs on"), "{}", ended.stderr);
    assert!(stranger.accept().is_err(), "nobody came with a key");
}
