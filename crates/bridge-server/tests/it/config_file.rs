//! The configuration file of the real program: what goes before what, what is refused, and that no secret is shown.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::ADMIN_TOKEN;
use crate::process::{Ended, Process, bare, command, run};

const GOOD_SECRET: &str = "a-good-long-random-text-0001";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new(text: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::write(place.file(), text).unwrap();
        std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("bridge.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The program with the file as the only thing in its environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(Path::new(""), arguments);
        command.env_remove("SMS_BRIDGE_DATA_DIR").env("SMS_BRIDGE_CONFIG", self.file());
        command
    }

    async fn refused(&self) -> String {
        let ended = run(self.command(&["config", "show"])).await;
        assert_eq!(ended.code(), Some(2), "{ended:?}");
        assert_eq!(run(self.command(&["serve"])).await.code(), Some(2), "nothing starts with it");
        ended.stderr
    }
}

fn value<'a>(shown: &'a Value, key: &str) -> (&'a str, &'a str) {
    let line = &shown["values"][key];
    (line["value"].as_str().unwrap_or("none"), line["source"].as_str().unwrap())
}

async fn shown(command: Command) -> Value {
    let ended: Ended = run(command).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    ended.json()
}

#[tokio::test]
async fn a_flag_goes_before_the_environment_the_file_and_the_default() {
    let place = Place::new(
        "bind = \"127.0.0.1:7001\"\naudit_pool = 3\ntrusted_proxies = [\"10.0.0.0/8\", \"fd00::/8\"]\n",
    );
    let file = place.file().display().to_string();
    let all = shown(place.command(&["config", "show", "--json"])).await;
    assert_eq!(value(&all, "bind"), ("127.0.0.1:7001", &*format!("{file}:1")));
    assert_eq!(value(&all, "audit_pool"), ("3", &*format!("{file}:2")));
    assert_eq!(value(&all, "trusted_proxies"), ("10.0.0.0/8,fd00::/8", &*format!("{file}:3")));
    assert_eq!(value(&all, "disk_floor_mib"), ("100", "default"));
    assert_eq!(value(&all, "public_url"), ("none", "default"));
    let mut command = place.command(&["config", "show", "--json"]);
    command.env("SMS_BRIDGE_BIND", "127.0.0.1:7002");
    assert_eq!(value(&shown(command).await, "bind"), ("127.0.0.1:7002", "environment SMS_BRIDGE_BIND"));
    let mut command = place.command(&["config", "show", "--json", "--bind", "127.0.0.1:7003"]);
    command.env("SMS_BRIDGE_BIND", "127.0.0.1:7002");
    assert_eq!(value(&shown(command).await, "bind"), ("127.0.0.1:7003", "flag"));
    // A file named by a flag goes before one named by the environment.
    let other = Place::new("audit_pool = 4\n");
    let named = ["config", "show", "--json", "--config", &other.file().display().to_string()];
    assert_eq!(value(&shown(place.command(&named)).await, "audit_pool").0, "4");
}

#[tokio::test]
async fn a_bridge_and_its_commands_read_the_same_file() {
    let place = Place::new("");
    let text = format!(
        "data_dir = {:?}\nbind = \"127.0.0.1:0\"\nadmin_token = \"{ADMIN_TOKEN}\"\n",
        place.data().display().to_string()
    );
    std::fs::write(place.file(), text).unwrap();
    let bridge = Process::start_with(place.command(&["serve"])).await.unwrap();
    let set = run(place.command(&["settings", "set", "batch_size", "123"])).await;
    assert_eq!(set.code(), Some(0), "{set:?}");
    assert_eq!(bridge.get("/admin/settings/batch_size", ADMIN_TOKEN).await.body["setting_value"], 123);
    bridge.stop().await;
    // Also when none runs, and the command starts one inside.
    let get = run(place.command(&["settings", "get", "batch_size"])).await;
    assert_eq!(get.stdout, "123\n", "{get:?}");
}

#[tokio::test]
async fn everything_wrong_with_it_is_told_at_once_with_its_line() {
    let place = Place::new(
        "data-dir = \"x\"\nbind = \"nonsense\"\naudit_pool = [1, 2]\nproxy_header = \"x-real-ip\"\nreciever_key = \"k\"\n[stores]\nhot = 1\n",
    );
    let said = place.refused().await;
    for part in [
        ":1: there is no \"data-dir\": did you mean \"data_dir\"?",
        ":2: bind: ",
        ":3: audit_pool: takes one value, not a list",
        ":4: proxy_header: ",
        "cf-connecting-ip",
        ":5: there is no \"reciever_key\": did you mean \"receiver_key\"?",
        ":6: there is no \"stores\"",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    for (text, part) in [
        (format!("api_key = \"{GOOD_SECRET}\nbind = 1"), ":1: "),
        (format!("bind = \"127.0.0.1:0\"\napi_key = {GOOD_SECRET}"), ":2: "),
        (format!("api_key = {{ a = \"{GOOD_SECRET}\" }}"), ":1: api_key: "),
        (format!("api_key = \"{GOOD_SECRET}\"\napi_key = \"{GOOD_SECRET}\""), ":2: "),
    ] {
        let said = Place::new(&text).refused().await;
        assert!(said.contains(part) && !said.contains(GOOD_SECRET), "{part}: {said}");
    }
}

#[tokio::test]
async fn a_file_that_is_named_must_be_there_and_be_nobody_elses() {
    let place = Place::new("");
    let missing = place.folder.path().join("other.toml").display().to_string();
    for arguments in [["serve", "--config", &missing], ["doctor", "--config", &missing]] {
        let ended = run(place.command(&arguments)).await;
        assert_eq!(ended.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(&missing) && ended.stderr.contains("sms-bridge init"), "{ended:?}");
    }
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o666)).unwrap();
    let said = place.refused().await;
    assert!(said.contains("can write to it"), "{said}");
    // What reads nothing of it does not need it.
    let openapi = run(place.command(&["openapi"])).await;
    assert_eq!(openapi.code(), Some(0), "{openapi:?}");
}

#[tokio::test]
async fn no_secret_is_shown_and_one_that_others_can_read_is_named() {
    let place = Place::new(&format!(
        "api_key = [\"{GOOD_SECRET}\"]\nhot_url = \"redis://:hunter2@127.0.0.1/0\"\naudit_url = \"postgres://b:hunter2@db/sms\"\nremote_key = \"hunter2\"\n"
    ));
    for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
        let mut command = place.command(arguments);
        command.env("SMS_BRIDGE_ADMIN_TOKEN", GOOD_SECRET);
        let ended = run(command).await;
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(!ended.stdout.contains("hunter2") && !ended.stdout.contains(GOOD_SECRET), "{}", ended.stdout);
        assert!(ended.stdout.contains("127.0.0.1/0") && !ended.stdout.contains("every account"), "{ended:?}");
    }
    std::fs::set_permissions(place.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = run(place.command(&["config", "show"])).await;
    assert!(ended.stdout.contains("every account of this machine can read"), "{ended:?}");
}

#[tokio::test]
async fn a_secret_given_nearer_goes_before_the_file_that_the_file_names() {
    let place = Place::new("");
    let keys = place.folder.path().join("token");
    std::fs::write(&keys, GOOD_SECRET).unwrap();
    std::fs::write(place.file(), format!("admin_token_file = {:?}\n", keys.display().to_string())).unwrap();
    let start = |token: Option<&str>| {
        let mut command = place.command(&["serve", "--bind=127.0.0.1:0"]);
        command.env("SMS_BRIDGE_DATA_DIR", place.data());
        if let Some(token) = token {
            command.env("SMS_BRIDGE_ADMIN_TOKEN", token);
        }
        Process::start_with(command)
    };
    for (given, holds) in [(None, GOOD_SECRET), (Some(ADMIN_TOKEN), ADMIN_TOKEN)] {
        let bridge = start(given).await.unwrap();
        assert_eq!(bridge.get("/admin/settings", holds).await.status, 200, "{given:?}");
        bridge.stop().await;
    }
}

#[tokio::test]
async fn without_a_file_everything_is_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(command(folder.path(), &["config", "show"])).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("no file: there is none at /etc/sms-bridge/bridge.toml"), "{ended:?}");
}
