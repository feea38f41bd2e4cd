//! Files of the repository that the program writes: they must be what this version would write.

use std::collections::BTreeMap;
use std::path::Path;

use bridge_app::base::problem::Code;
use bridge_formats::{Format, Reply};
use bridge_http::body;
use serde_json::{Value, json};

use crate::process::{bare, run};

/// Compares a file of the repository, or writes it when `UPDATE_SNAPSHOTS` is set.
#[expect(clippy::disallowed_methods, reason = "the knob of a test, not configuration")]
pub(crate) fn is_up_to_date(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var("UPDATE_SNAPSHOTS").is_ok() {
        return std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    // Not assert_eq: the difference of two long files helps nobody.
    assert!(
        written == text,
        "{name} is out of date: run UPDATE_SNAPSHOTS=1 cargo test -p bridge-server --test it snapshots, and commit it"
    );
}

#[tokio::test]
async fn openapi_json_is_what_the_program_prints() {
    let printed = run(bare(Path::new("/nonexistent"), &["openapi"])).await;
    assert_eq!(printed.code(), Some(0), "{printed:?}");
    assert_eq!(printed.json()["openapi"].as_str().map(|v| v.starts_with("3.1")), Some(true));
    is_up_to_date("openapi.json", &printed.stdout);
}

/// What the edge knows of the bridge: its problems, how each format is acknowledged, and how large bodies may be.
#[test]
fn the_edge_knows_the_bridges_words() {
    let problems: BTreeMap<&str, _> = Code::ALL
        .iter()
        .map(|code| (code.as_str(), json!({"status": code.status(), "title": code.title()})))
        .collect();
    let format = |format: &'static Format| {
        let reply = match format.reply {
            Reply::Fixed { content_type, body } => json!({"content_type": content_type, "body": body}),
            Reply::Ours => Value::Null,
        };
        json!({
            "name": format.name,
            "takes_get": format.takes_get,
            "asks_first": format.asks_first,
            "reply": reply,
        })
    };
    let contract = json!({
        "bytes": {
            "onboarding": body::ONBOARDING_MAX_BYTES,
            "sms": body::SMS_MAX_BYTES,
            "stranger": body::STRANGER_MAX_BYTES,
        },
        "formats": bridge_formats::all().map(format).collect::<Vec<_>>(),
        "problems": problems,
    });
    is_up_to_date("edge/src/generated/contract.json", &format!("{contract:#}\n"));
}
