//! The proof that a death leaves no half file in the data folder: the bridge dies at each step of writing each of its
//! small files, from its very first start on. Not the journal and the stores, which have their own (kill.rs).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::process::{Process, bare};

/// SIGABRT: the point was reached, and nothing else ended the process.
const ABORTED: i32 = 6;
/// A start writes a handful of files. One that dies after so many of them dies of something else.
const PASSES_MAX: u32 = 30;
/// What stays as it is from the first start on.
const LASTING: [&str; 5] =
    ["bridge_id", "secrets/admin_token", "secrets/api_key", "secrets/hashing_key", "secrets/receiver_key"];

/// The program with the keys that it makes for itself.
fn program(folder: &Path) -> tokio::process::Command {
    let mut command = bare(folder, &[]);
    command.env("SMS_BRIDGE_BIND", "127.0.0.1:0");
    command
}

/// The small files that are there, by name. A draft is none yet, and the databases are no small files.
fn small_files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (inner, prefix) in [(folder.to_owned(), ""), (folder.join("secrets"), "secrets/")] {
        for entry in fs::read_dir(inner).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_small = entry.file_type().unwrap().is_file()
                && !name.starts_with('.')
                && !name.contains(".db")
                && name != "lock";
            if is_small {
                files.insert(format!("{prefix}{name}"), fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    files
}

/// Every small file is whole, and what lasts is what it was.
fn must_be_whole(folder: &Path, lasting: &mut BTreeMap<String, String>, when: &str) {
    for (name, text) in small_files(folder) {
        let is_whole = match name.as_str() {
            "bridge_id" => text.parse::<Uuid>().is_ok(),
            "epoch" => !text.trim().is_empty(),
            key if key.starts_with("secrets/") => {
                text.trim().len() == 64 && text.trim().bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            _ => serde_json::from_str::<Value>(&text).is_ok(),
        };
        assert!(is_whole, "{when}: {name} holds {text:?}");
        if LASTING.contains(&name.as_str()) {
            let before = lasting.entry(name.clone()).or_insert_with(|| text.clone());
            assert_eq!(*before, text, "{when}: {name} is another");
        }
    }
    let gone: Vec<_> = lasting.keys().filter(|name| !folder.join(name).exists()).collect();
    assert!(gone.is_empty(), "{when}: {gone:?} are gone");
}

/// One life, in which a setting is changed: that is noted in a small file too. Stopped where it does not die before.
async fn live(folder: &Path, point: &str, passes: u32) -> Option<i32> {
    let mut command = program(folder);
    command.env("FAILPOINTS", format!("{point}={passes}*off->return"));
    let ended = match Process::start_with(command).await {
        Err(ended) => ended,
        Ok(process) => {
            let admin = fs::read_to_string(folder.join("secrets/admin_token")).unwrap();
            let change = Some(json!({"value": 100 + passes}));
            // It may die before it answers.
            let _ = process.try_ask(Method::PUT, "/admin/settings/batch_size", admin.trim(), change).await;
            process.sigterm_and_wait().await
        }
    };
    let signal = ended.status.signal();
    assert!(signal == Some(ABORTED) || ended.code() == Some(0), "{point} after {passes}: {ended:?}");
    signal
}

async fn dies_at_every_file(point: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut lasting = BTreeMap::new();
    let mut deaths = 0;
    // Each life writes what the one before did not, and one file more.
    while live(folder, point, deaths).await.is_some() {
        must_be_whole(folder, &mut lasting, &format!("{point} after {deaths}"));
        deaths += 1;
        assert!(deaths < PASSES_MAX, "{point}: no start survives");
    }
    must_be_whole(folder, &mut lasting, "stopped");
    assert!(deaths >= 3, "{point} was reached only {deaths} times");
    assert!(lasting.keys().map(String::as_str).eq(LASTING), "{lasting:?}");
    let names = small_files(folder);
    assert!(names.contains_key("epoch") && names.contains_key("settings.json"), "{names:?}");
}

// The steps of `bridge_app::base::data_file::write`.
macro_rules! steps {
    ($($name:ident = $point:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            dies_at_every_file($point).await;
        }
    )*};
}

steps! {
    begun = "data_file::begun";
    drafted = "data_file::drafted";
    synced = "data_file::synced";
    renamed = "data_file::renamed";
    done = "data_file::done";
}
