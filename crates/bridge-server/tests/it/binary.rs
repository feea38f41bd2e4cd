//! Starting and stopping the real program: exit codes, and what it says when it will not start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{API_KEY, RECEIVER_KEY};
use crate::load::Load;
use crate::process::{Ended, Process, bare, command, has_escapes, run};

/// Runs a bridge that must refuse its configuration, and returns what it says about it.
async fn refused(folder: &Path, arguments: &[&str]) -> String {
    let ended = run(command(folder, arguments)).await;
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "", "nothing looks like a bridge that runs");
    assert!(!has_escapes(&ended.stderr), "{}", ended.stderr);
    ended.stderr
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn says_which_port_is_taken_and_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--bind", "--private-bind"] {
        let said = refused(folder().path(), &[flag, &address]).await;
        assert!(said.contains(&address) && said.contains(&format!("{flag} 127.0.0.1:PORT")), "{said}");
    }
}

#[tokio::test]
async fn says_that_the_data_folder_is_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let said = refused(file.path(), &[]).await;
    assert!(said.contains(file.path().to_str().unwrap()) && said.contains("it is not a folder"), "{said}");
}

#[tokio::test]
async fn a_second_one_on_the_same_folder_is_refused_and_harms_nothing() {
    let folder = folder();
    let first = Process::start(folder.path()).await;
    let said = refused(folder.path(), &[]).await;
    assert!(said.contains("another SMS Bridge is using") && said.contains("--data-dir"), "{said}");
    assert_eq!(first.get("/readyz", "").await.status, 200);
    first.stop().await;
}

#[tokio::test]
async fn lists_every_problem_of_the_configuration_at_once() {
    let arguments = [
        "--hot-url=memcached://user:hunter2@cache.example.org:6379",
        "--audit-url=mysql://root:hunter3@db",
        "--worker-threads=0",
        "--public-url=not a url",
        "--log=[[",
    ];
    let folder = folder();
    let said = refused(folder.path(), &arguments).await;
    for name in ["HOT_URL", "AUDIT_URL", "WORKER_THREADS", "PUBLIC_URL", "LOG"] {
        assert!(said.contains(&format!("SMS_BRIDGE_{name}")), "{name} is missing in {said}");
    }
    assert!(said.contains("\"memcached\"") && said.contains("\"mysql\""), "{said}");
    assert!(!said.contains("hunter"), "a password was printed: {said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "refused before anything is touched");
}

#[tokio::test]
async fn refuses_secrets_that_can_be_guessed_without_printing_them() {
    for weak in ["short-one", "CHANGE_ME_IN_PRODUCTION", "password-of-the-bridge", "secret-of-the-bridge"] {
        for name in ["SMS_BRIDGE_API_KEY", "SMS_BRIDGE_RECEIVER_KEY", "SMS_BRIDGE_ADMIN_TOKEN"] {
            let mut command = bare(folder().path(), &["--bind=127.0.0.1:0"]);
            command.env(name, format!("a-good-long-random-text-0001,{weak}"));
            let ended = run(command).await;
            assert_eq!(ended.code(), Some(2), "{name}={weak}: {ended:?}");
            assert!(ended.stderr.contains(name) && !ended.stderr.contains(weak), "{}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn refuses_a_store_it_does_not_know_without_printing_its_password() {
    let url = "memcached://user:hunter2@10.0.0.1/0";
    let said = refused(folder().path(), &["--hot-url", url]).await;
    assert!(said.contains("SMS_BRIDGE_HOT_URL") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn makes_its_secrets_for_the_owner_alone() {
    let folder = folder();
    let data = folder.path().join("data");
    let bridge = Process::start_with(bare(&data, &["--bind=127.0.0.1:0"])).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let secrets = data.join("secrets");
    assert_eq!(mode(&secrets), 0o700);
    for name in ["api_key", "receiver_key", "admin_token", "hashing_key"] {
        assert_eq!(mode(&secrets.join(name)), 0o600, "{name}");
    }
    let key = std::fs::read_to_string(secrets.join("admin_token")).unwrap();
    assert_eq!(bridge.get("/admin/settings", &key).await.status, 200);
    let ended = bridge.sigterm_and_wait().await;
    assert!(!ended.stdout.contains(&key) && !ended.stderr.contains(&key), "a secret was printed");
}

#[tokio::test]
async fn its_first_screen_says_everything_in_plain_text() {
    let folder = folder();
    let bridge = Process::start_with(command(folder.path(), &["--private-bind=127.0.0.1:0"])).await.unwrap();
    let url = bridge.url.clone();
    let ended: Ended = bridge.sigterm_and_wait().await;
    assert_eq!(ended.code(), Some(0));
    let screen = &ended.stdout;
    assert!(!has_escapes(screen) && !has_escapes(&ended.stderr), "{ended:?}");
    let folder = folder.path().to_str().unwrap();
    for part in ["SMS Bridge", &url, "private on", "hot: embedded", folder, "secrets/api_key", "try next"] {
        assert!(screen.contains(part), "{part} is missing in {screen}");
    }
    assert!(screen.contains("no receiving number yet"), "{screen}");
    for secret in [API_KEY, RECEIVER_KEY] {
        assert!(!screen.contains(secret) && !ended.stderr.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_under_load_it_drains_and_every_2xx_is_in_the_table() {
    let folder = folder();
    let mut bridge = Process::start(folder.path()).await;
    let mut load = Load::start(&bridge.url);
    for _ in 0..200 {
        load.acknowledged().await;
    }
    bridge.sigterm();
    bridge.printed_until("stopping").await;
    let ended = bridge.ended().await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("\nstopped"), "{}", ended.stdout);
    let ledger = load.abandon().await;
    assert!(ledger.acknowledged() >= 200);
    ledger.prove(folder.path()).await;
    assert!(!folder.path().join("bridge.json").exists(), "a bridge that does not run has no address");
}

#[tokio::test]
async fn a_signal_twice_ends_it_at_once_and_cleanly() {
    let folder = folder();
    let mut bridge = Process::start(folder.path()).await;
    bridge.sigterm();
    bridge.printed_until("stopping").await;
    bridge.sigterm();
    let ended = bridge.ended().await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_signal_right_after_the_start_is_not_lost() {
    let folder = folder();
    for _ in 0..10 {
        // It may still be printing its first screen.
        Process::start(folder.path()).await.stop().await;
    }
}

#[tokio::test]
async fn systemd_is_told_that_it_is_ready_that_it_turns_and_that_it_stops() {
    let folder = folder();
    let socket = folder.path().join("notify");
    let systemd = tokio::net::UnixDatagram::bind(&socket).unwrap();
    let told = async || {
        let mut text = [0; 4096];
        let read = systemd.recv(&mut text).await.unwrap();
        String::from_utf8(text[..read].to_vec()).unwrap()
    };
    let mut command = command(&folder.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "200000");
    let bridge = Process::start_with(command).await.unwrap();
    let ready = told().await;
    assert!(ready.contains("READY=1") && ready.contains("STATUS=listening on 127.0.0.1:"), "{ready}");
    for _ in 0..3 {
        assert_eq!(told().await.trim(), "WATCHDOG=1");
    }
    bridge.sigterm();
    let mut last = told().await;
    while last.trim() == "WATCHDOG=1" {
        last = told().await;
    }
    assert!(last.contains("STOPPING=1"), "{last}");
    assert_eq!(bridge.ended().await.code(), Some(0));
}

#[tokio::test]
async fn whoever_watches_over_it_is_answered_by_an_exit_code() {
    let folder = folder();
    let nobody = run(command(folder.path(), &["health"])).await;
    assert!(nobody.code() == Some(1) && nobody.stderr.contains("no bridge runs on"), "{nobody:?}");
    let bridge = Process::start(folder.path()).await;
    let well = run(command(folder.path(), &["health"])).await;
    assert!(well.code() == Some(0) && well.stdout.contains("takes SMS"), "{well:?}");
    let url = bridge.url.clone();
    let well = run(bare(Path::new("/nonexistent"), &["health", "--url", &url])).await;
    assert_eq!(well.code(), Some(0), "{well:?}");
    bridge.stop().await;
    let version = run(bare(folder.path(), &["--version"])).await;
    assert!(
        version.stdout.starts_with(concat!("sms-bridge ", env!("CARGO_PKG_VERSION"), " (")),
        "{version:?}"
    );
}
