//! The commands of the real program: against a bridge that runs, and without one.

mod looking;

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::process::{Ended, Process, bare, command, has_escapes, run};

const USER: &str = "+919876543210";

/// Runs a command that must succeed.
async fn good(command: Command) -> Ended {
    let ended = run(command).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(!has_escapes(&ended.stdout), "colours in a pipe: {}", ended.stdout);
    ended
}

/// Runs a command that must fail, and returns what it says.
async fn bad(command: Command) -> String {
    let ended = run(command).await;
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
    ended.stderr
}

#[tokio::test]
async fn demo_shows_every_verdict_and_is_the_same_every_time() {
    let anywhere = Path::new("/nonexistent/never-made");
    let first = good(bare(anywhere, &["demo"])).await;
    let second = good(bare(anywhere, &["demo"])).await;
    assert_eq!(first.stdout, second.stdout);
    assert!(first.stdout.contains("✔ every verdict is the expected one"), "{}", first.stdout);
    for word in ["hash_mismatch", "no_onboarding", "after_deadline", "already_validated", "too_many_sms"] {
        assert!(first.stdout.contains(word), "{word} is missing in {}", first.stdout);
    }
    // Whatever is configured, the demo has keys of its own.
    let json = good(command(anywhere, &["demo", "--json"])).await.json();
    assert_eq!(json["as_expected"], true);
    assert!(json["scenes"].as_array().unwrap().iter().all(|scene| scene["as_expected"] == true));
}

#[tokio::test]
async fn simulate_passes_with_the_right_sender_and_fails_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let right = good(command(folder.path(), &["simulate", "--mobile", USER])).await;
    assert!(right.stdout.contains(USER) && right.stdout.contains("validated"), "{}", right.stdout);
    let wrong = ["simulate", "--json", "--mobile", "+919876543211", "--sender", "+919876543212"];
    let wrong = run(command(folder.path(), &wrong)).await;
    assert_eq!(wrong.code(), Some(1), "{wrong:?}");
    assert_eq!(wrong.json()["sms"]["failed_at_check"], "header_hash_check");
    assert_eq!(wrong.json()["status"]["status"], "pending");
    // From another machine: no data folder, address and keys as flags.
    let url = bridge.url.clone();
    let flags = ["simulate", "--mobile", "+919876543213", "--url", &url];
    let keys = ["--api-key", API_KEY, "--receiver-key", RECEIVER_KEY];
    good(bare(Path::new("/nonexistent"), &[&flags[..], &keys[..]].concat())).await;
    bridge.stop().await;
    let said = bad(command(folder.path(), &["simulate", "--mobile", USER])).await;
    assert!(said.contains("no bridge runs on") && said.contains("--url"), "{said}");
}

/// What an operator does with settings; `running` only says who answers.
async fn settings_can_be_read_and_changed(folder: &Path) {
    let list = good(command(folder, &["settings", "list", "--json"])).await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), bridge_core::catalog::all().len());
    let set = good(command(folder, &["settings", "set", "batch_size", "123", "--json"])).await.json();
    assert_eq!(set["setting_value"], 123);
    let get = good(command(folder, &["settings", "get", "batch_size", "--json"])).await.json();
    assert_eq!((&get["setting_value"], &get["default"]), (&json!(123), &json!(500)));
    let plain = good(command(folder, &["settings", "get", "batch_size"])).await;
    assert_eq!(plain.stdout, "123\n");
    let list = ["settings", "set", "permitted_headers", "[\"ONBOARD\",\"JOIN\"]"];
    assert!(good(command(folder, &list)).await.stdout.contains("permitted_headers"));

    let said = bad(command(folder, &["settings", "set", "batch_size", "0"])).await;
    assert!(said.contains("a whole number from 1 to 10000"), "{said}");
    let said = bad(command(folder, &["settings", "set", "blacklist_threshold", "5"])).await;
    assert!(said.contains("must be greater than count_check_threshold"), "{said}");
    let tried = good(command(folder, &["settings", "set", "batch_size", "7", "--dry-run=50"])).await;
    assert!(tried.stdout.contains("Nothing was changed"), "{}", tried.stdout);
    let history = good(command(folder, &["settings", "history", "batch_size", "--json"])).await.json();
    assert_eq!(history["items"][0]["new_value"], 123);
    let entry = history["items"][0]["id"].to_string();
    good(command(folder, &["settings", "rollback", &entry])).await;
    let table = good(command(folder, &["settings", "history"])).await;
    assert!(table.stdout.contains("permitted_headers"), "{}", table.stdout);
    good(command(folder, &["settings", "set", "batch_size", "123"])).await;
    let said = bad(command(folder, &["settings", "set", "batch_sise", "5"])).await;
    assert!(said.contains("batch_sise") && said.contains("did you mean \"batch_size\"?"), "{said}");
}

#[tokio::test]
async fn settings_with_a_running_bridge() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    settings_can_be_read_and_changed(folder.path()).await;
    let seen = bridge.get("/admin/settings/batch_size", ADMIN_TOKEN).await;
    assert_eq!(seen.body["setting_value"], 123, "it holds in the bridge that runs");
    bridge.stop().await;
}

#[tokio::test]
async fn settings_when_none_runs() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path()).await.stop().await;
    settings_can_be_read_and_changed(folder.path()).await;
    let bridge = Process::start(folder.path()).await;
    let seen = bridge.get("/admin/settings/batch_size", ADMIN_TOKEN).await;
    assert_eq!(seen.body["setting_value"], 123, "it holds in the next bridge");
    bridge.stop().await;
}

#[tokio::test]
async fn the_token_may_be_a_flag_whether_one_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path()).await.stop().await;
    let list = ["settings", "list", "--json", "--admin-token", ADMIN_TOKEN];
    good(bare(folder.path(), &list)).await;
    let bridge = Process::start(folder.path()).await;
    good(bare(folder.path(), &list)).await;
    let wrong = ["settings", "list", "--admin-token", "another-token-than-the-right-one"];
    let said = bad(bare(folder.path(), &wrong)).await;
    assert!(said.contains("admin token"), "{said}");
    bridge.stop().await;
}

#[tokio::test]
async fn blacklist_add_list_remove() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let data = folder.path();
    let add = ["blacklist", "add", USER, "--reason", "spam", "--json"];
    assert_eq!(good(command(data, &add)).await.json()["mobile_number"], USER);
    let list = good(command(data, &["blacklist", "list", "--json"])).await.json();
    let item = &list["items"][0];
    assert_eq!((&item["mobile_number"], &item["reason"]), (&json!(USER), &json!("spam")));
    let said = bad(command(data, &["simulate", "--mobile", USER])).await;
    assert!(said.contains("refused"), "{said}");
    let removed = good(command(data, &["blacklist", "remove", USER, "--json"])).await.json();
    assert_eq!(removed, json!({"removed": true}));
    let empty = good(command(data, &["blacklist", "list"])).await;
    assert!(empty.stdout.contains("empty"), "{}", empty.stdout);
    let said = bad(command(data, &["blacklist", "remove", USER])).await;
    assert!(said.contains("not on the blacklist"), "{said}");
    good(command(data, &["simulate", "--mobile", USER])).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_to_block_and_addresses_that_may_not_register() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let data = folder.path();
    let list = data.join("list.csv");
    std::fs::write(&list, format!("{USER},spam,2999-01-01T00:00:00Z\nnobody\n")).unwrap();
    let import = ["blacklist", "import", list.to_str().unwrap()];
    let shown = good(command(data, &import)).await;
    assert!(
        shown.stdout.contains("1 numbers of 2 lines") && shown.stdout.contains("line 2"),
        "{}",
        shown.stdout
    );
    let items = good(command(data, &["blacklist", "list", "--json"])).await.json();
    assert_eq!(items["items"][0]["expires_at"], "2999-01-01T00:00:00Z");
    good(command(data, &["blacklist", "remove", USER])).await;
    good(command(data, &["blacklist", "add", USER, "--expires", "2999-01-01T00:00:00Z"])).await;
    let said = bad(command(data, &["blacklist", "import", "/no/such/file"])).await;
    assert!(said.contains("cannot be read"), "{said}");

    let add = ["blocked-email", "add", "Eve@example.com", "--reason", "floods", "--json"];
    assert_eq!(good(command(data, &add)).await.json()["address"], "eve@example.com");
    let shown = good(command(data, &["blocked-email", "list"])).await;
    assert!(shown.stdout.contains("eve@example.com") && shown.stdout.contains("floods"), "{}", shown.stdout);
    good(command(data, &["blocked-email", "remove", "eve@example.com"])).await;
    assert!(good(command(data, &["blocked-email", "list"])).await.stdout.contains("no address"));
    bridge.stop().await;
}

#[tokio::test]
async fn webhooks_from_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let (data, bridge) = (folder.path(), Process::start(folder.path()).await);
    assert!(good(command(data, &["webhook", "list"])).await.stdout.contains("nobody is told anything"));
    let add = [
        "webhook",
        "add",
        "https://app.invalid/hooks",
        "--event",
        "onboarding.validated,sms.judged",
        "--json",
    ];
    let added = good(command(data, &add)).await.json();
    let id = added["id"].as_str().unwrap();
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"), "{added}");
    let shown = good(command(data, &["webhook", "list"])).await.stdout;
    assert!(shown.contains("https://app.invalid/hooks") && shown.contains("sms.judged"), "{shown}");
    assert!(!shown.contains("whsec_"), "{shown}");
    let tested = run(command(data, &["webhook", "test", id])).await;
    assert_eq!(tested.code(), Some(1));
    assert!(tested.stdout.contains("not taken: the name app.invalid has no address"), "{}", tested.stdout);
    let since = ["webhook", "replay", id, "--since", "2026-01-01T00:00:00Z", "--json"];
    assert_eq!(good(command(data, &since)).await.json(), json!({"replayed": 0}));
    let said = bad(command(data, &["webhook", "replay", id, "--delivery", "7"])).await;
    assert!(said.contains("no such delivery"), "{said}");
    let said = bad(command(data, &["webhook", "add", "https://127.0.0.1/"])).await;
    assert!(said.contains("SMS_BRIDGE_WEBHOOK_ALLOW"), "{said}");
    good(command(data, &["webhook", "remove", id])).await;
    assert!(good(command(data, &["webhook", "list"])).await.stdout.contains("nobody is told anything"));
    bridge.stop().await;
}

#[tokio::test]
async fn a_person_from_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let data = folder.path();
    good(command(data, &["simulate", "--mobile", USER])).await;
    let document = good(command(data, &["person", "export", USER])).await.json();
    assert_eq!((&document["mobile_number"], &document["complete"]), (&json!(USER), &json!(true)));
    good(command(data, &["validated", "remove", USER])).await;
    let said = bad(command(data, &["validated", "remove", USER])).await;
    assert!(said.contains("not validated"), "{said}");
    let said = bad(command(data, &["person", "erase", USER])).await;
    assert!(said.contains("--yes") && said.contains("cannot be undone"), "{said}");
    let shown = good(command(data, &["person", "erase", USER, "--yes"])).await;
    assert!(shown.stdout.contains("erased from every store"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("9876543210"), "a receipt does not tell the number: {}", shown.stdout);
    let receipts = good(command(data, &["person", "receipts", USER, "--json"])).await.json();
    assert_eq!(receipts["items"][0]["state"], "done");
    assert!(good(command(data, &["person", "receipts"])).await.stdout.contains("done"));
    good(command(data, &["simulate", "--mobile", USER])).await;
    bridge.stop().await;
}

#[tokio::test]
async fn receivers_from_a_shell_with_and_without_a_bridge() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["receiver", "add", "hall", "--format", "smsgate", "--number", "+919000000001", "--json"];
    Process::start(folder.path()).await.stop().await;
    // While it does not run: what the phone is given is where the bridge will listen.
    let mut alone = command(folder.path(), &add);
    alone.env("SMS_BRIDGE_BIND", "127.0.0.1:8099");
    let given = good(alone).await.json();
    let (url, secret) = (given["url"].as_str().unwrap(), given["secret"].as_str().unwrap());
    assert_eq!(url, format!("http://127.0.0.1:8099/sms/receive/smsgate?apiKey={secret}"));
    assert_eq!((&given["name"], &given["format"]), (&json!("hall"), &json!("smsgate")));

    let bridge = Process::start(folder.path()).await;
    let again = run(command(folder.path(), &add)).await;
    assert_eq!(again.code(), Some(1));
    assert!(again.stderr.contains("there is a receiver hall"), "{}", again.stderr);
    let signed =
        ["receiver", "add", "cellar", "--format", "smsgate", "--signing-key", "a-key-of-the-tests", "--json"];
    let given = good(command(folder.path(), &signed)).await.json();
    assert_eq!(given["url"], format!("{}/sms/receive/smsgate?receiver=cellar", bridge.url));
    let shown =
        good(command(folder.path(), &["receiver", "add", "yard", "--format", "textbee", "--sign"])).await;
    for part in ["yard is added", "signing key", "sign of life", "shown this once", "▄▄▄▄▄", "1. "]
    {
        assert!(shown.stdout.contains(part), "{part:?} is not in {}", shown.stdout);
    }
    // What the bridge understands of a sample, and what is wrong: it has no number that users could be told.
    let tried = run(command(folder.path(), &["receiver", "test", "cellar"])).await;
    for part in ["cellar read a sample", "smsgate", "+919876543210", "Test of the bridge", "right"] {
        assert!(tried.stdout.contains(part), "{part:?} is not in {}", tried.stdout);
    }
    let tried = run(command(folder.path(), &["receiver", "test", "yard"])).await;
    assert!(tried.stdout.contains("it has no number"), "{}", tried.stdout);
    assert_eq!(tried.code(), Some(1));
    let given = ["receiver", "test", "cellar", "--query", "x=1", "--json"];
    assert_eq!(run(command(folder.path(), &given)).await.json()["made"], false);
    good(command(folder.path(), &["receiver", "pause", "yard"])).await;
    good(command(folder.path(), &["receiver", "rotate", "cellar"])).await;
    good(command(folder.path(), &["receiver", "rotate", "cellar", "--finish"])).await;
    good(command(folder.path(), &["receiver", "revoke", "hall"])).await;
    let list = good(command(folder.path(), &["receiver", "list"])).await;
    assert!(list.stdout.contains("cellar") && list.stdout.contains("paused"), "{}", list.stdout);
    assert!(!list.stdout.contains("hall"), "{}", list.stdout);
    bridge.stop().await;
}

#[tokio::test]
async fn doctor_is_content_with_a_healthy_bridge_and_not_with_open_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let plain = good(command(folder.path(), &["doctor"])).await;
    assert!(plain.stdout.contains("✔ nothing is wrong"), "{}", plain.stdout);
    let json = good(command(folder.path(), &["doctor", "--json"])).await.json();
    assert_eq!(json["ok"], true);
    bridge.stop().await;
    good(command(folder.path(), &["doctor"])).await;

    let key = folder.path().join("secrets/hashing_key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = run(command(folder.path(), &["doctor", "--json"])).await;
    assert_eq!((ended.code(), &ended.json()["ok"]), (Some(1), &json!(false)));
    assert!(ended.stdout.contains("chmod 600"), "{}", ended.stdout);
}

#[tokio::test]
async fn what_came_from_outside_does_not_speak_to_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\r\u{85}";
    let post = async |path: &str, secret: &str, body: Value| {
        bridge.ask(reqwest::Method::POST, path, secret, Some(body)).await
    };
    post("/sms/receive/smsgate", RECEIVER_KEY, json!({"from": hostile, hostile: hostile})).await;
    post("/sms/receive", RECEIVER_KEY, json!({"from": hostile, "text": hostile, "device_id": hostile})).await;
    post("/receivers/heartbeat", RECEIVER_KEY, json!({"app_version": hostile, "network": hostile})).await;
    let reason =
        post("/admin/blacklist", ADMIN_TOKEN, json!({"mobile_number": USER, "reason": "\u{202e}evil"})).await;
    let email = post(
        "/admin/blocked-emails",
        ADMIN_TOKEN,
        json!({"address": "a@b.example", "reason": "\u{202e}evil"}),
    )
    .await;
    assert!(reason.status.is_success() && email.status.is_success(), "{} {}", reason.body, email.body);
    let list = bridge.get("/admin/quarantine", ADMIN_TOKEN).await;
    let id = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    for arguments in [
        &["quarantine", "list"][..],
        &["quarantine", "show", &id],
        &["blacklist", "list"],
        &["blocked-email", "list"],
        &["receiver", "list"],
        &["person", "export", USER],
        &["doctor"],
        &["settings", "list"],
        &["quarantine", "show", &hostile.replace('\r', "")],
    ] {
        for json in [false, true] {
            let mut all = arguments.to_vec();
            all.extend(json.then_some("--json"));
            let ended = run(command(folder.path(), &all)).await;
            for said in [&ended.stdout, &ended.stderr] {
                let spoken = said.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
                assert_eq!(spoken, None, "{all:?}: {said:?}");
            }
            if json && ended.code() == Some(0) {
                ended.json();
            }
        }
    }
    let shown = good(command(folder.path(), &["quarantine", "show", &id, "--json"])).await.json();
    assert!(
        shown["body"].as_str().unwrap().contains('\u{202e}')
            || shown["body"].as_str().unwrap().contains("u202e")
    );
    let list = good(command(folder.path(), &["blacklist", "list"])).await.stdout;
    assert!(list.contains("\\u{202e}evil"), "written out: {list}");
    bridge.stop().await;
}

#[tokio::test]
async fn help_names_every_environment_twin() {
    let every = [
        "BIND",
        "PRIVATE_BIND",
        "DATA_DIR",
        "HOT_URL",
        "AUDIT_URL",
        "API_KEY",
        "RECEIVER_KEY",
        "ADMIN_TOKEN",
        "PUBLIC_URL",
        "TRUSTED_PROXIES",
        "WORKER_THREADS",
        "LOG",
    ];
    let speaking = ["DATA_DIR", "ADMIN_TOKEN"];
    let commands: [(&[&str], &[&str]); 11] = [
        (&[], &every),
        (&["serve"], &every),
        (&["demo"], &[]),
        (&["simulate"], &["DATA_DIR", "API_KEY", "RECEIVER_KEY"]),
        (&["settings", "list"], &speaking),
        (&["settings", "get"], &speaking),
        (&["settings", "set"], &speaking),
        (&["blacklist", "add"], &speaking),
        (&["blacklist", "remove"], &speaking),
        (&["blacklist", "list"], &speaking),
        (&["doctor"], &speaking),
    ];
    for (command, names) in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        // The help wraps at the terminal's width: a name may stand on the next line.
        let help = good(bare(Path::new("/nonexistent"), &arguments)).await.stdout;
        for name in names {
            assert!(help.contains(&format!("SMS_BRIDGE_{name}")), "{command:?}: {name} in {help}");
        }
        assert!(!help.contains(API_KEY));
    }
}

#[tokio::test]
async fn help_shows_no_secret_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["serve", "--help"], &["simulate", "--help"], &["doctor", "--help"]] {
        let help = good(command(folder.path(), arguments)).await.stdout;
        for secret in [API_KEY, RECEIVER_KEY, ADMIN_TOKEN] {
            assert!(!help.contains(secret), "{help}");
        }
    }
    let about = good(bare(folder.path(), &["--help"])).await.stdout;
    assert!(about.starts_with("Proves that a person holds a mobile number"), "{about}");
}

#[tokio::test]
async fn a_command_in_the_wrong_folder_makes_no_bridge_and_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong");
    for arguments in [
        &["settings", "list"][..],
        &["receiver", "list"],
        &["blacklist", "list"],
        &["blocked-email", "list"],
        &["person", "receipts"],
        &["quarantine", "list"],
        &["admin", "list"],
        &["validated", "remove", USER],
    ] {
        let said = bad(command(&wrong, arguments)).await;
        assert!(said.contains(wrong.to_str().unwrap()) && said.contains("SMS_BRIDGE_DATA_DIR"), "{said}");
        assert!(said.contains("/etc/sms-bridge/bridge.toml") && said.contains("sms-bridge init"), "{said}");
    }
    let doctor = run(command(&wrong, &["doctor"])).await;
    assert_eq!(doctor.code(), Some(1), "nothing is not well: {doctor:?}");
    assert!(!wrong.exists(), "nothing was made");
}

#[tokio::test]
async fn a_shell_completes_commands_and_man_has_a_page_for_each() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = good(bare(folder.path(), &["completions", shell])).await.stdout;
        for word in ["receiver", "number-style", "completions", "disk-floor-mib"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
    let pages = folder.path().join("man/man1");
    good(bare(folder.path(), &["man", pages.to_str().unwrap()])).await;
    let page = std::fs::read_to_string(pages.join("sms-bridge.1")).unwrap();
    assert!(page.starts_with(".ie") || page.contains(".TH sms-bridge 1"), "{page}");
    for name in ["sms-bridge-serve.1", "sms-bridge-receiver-add.1", "sms-bridge-config-show.1"] {
        let page = std::fs::read_to_string(pages.join(name)).unwrap();
        assert!(page.contains(".SH"), "{name}: {page}");
    }
}
