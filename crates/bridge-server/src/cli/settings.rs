//! `settings`: reads and changes settings from a shell, tries a change on the last SMS, and goes back.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BOLD, GOOD, WARN};
use crate::config_file::did_you_mean;

/// What to do with settings.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Every setting with its value and default.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// One setting.
    Get {
        /// Its key.
        key: String,
        #[command(flatten)]
        which: Which,
    },
    /// Change a setting; in force at once.
    Set {
        /// Its key.
        key: String,
        /// The new value: a number, true or false, a text, or JSON for a list.
        value: String,
        /// Change nothing: judge the last N SMS again and show which verdicts would differ.
        #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1000")]
        dry_run: Option<usize>,
        #[command(flatten)]
        which: Which,
    },
    /// What was changed, when and by whom, newest first.
    History {
        /// Changes of this setting only.
        key: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Put the value from before a change back; in force at once.
    Rollback {
        /// The entry of the history.
        id: i64,
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::List { which }
        | Action::Get { which, .. }
        | Action::Set { which, .. }
        | Action::History { which, .. }
        | Action::Rollback { which, .. } => which,
    };
    let (method, path, body) = request(&args.action);
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = bridge.client.get(method, &path, body.as_ref()).await;
        bridge.leave().await;
        answer.map_err(|problem| format!("{problem}{}", hint(&args.action)))
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::List { .. } => list(&answer),
        Action::Get { .. } => anstream::println!("{}", shown(&answer["setting_value"])),
        Action::Set { dry_run: Some(_), .. } => differences(&answer),
        Action::Set { .. } | Action::Rollback { .. } => {
            anstream::println!(
                "{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} is {} now",
                answer["setting_key"].as_str().unwrap_or_default(),
                shown(&answer["setting_value"])
            );
            if let Some(danger) = answer["danger"].as_str() {
                anstream::println!("{WARN}!{WARN:#} {danger}");
            }
        }
        Action::History { .. } => history(&answer),
    }
    Ok(ExitCode::SUCCESS)
}

/// What was probably meant by a key that this program does not know.
fn hint(action: &Action) -> String {
    let (Action::Get { key, .. } | Action::Set { key, .. } | Action::History { key: Some(key), .. }) = action
    else {
        return String::new();
    };
    if bridge_core::catalog::find(key).is_some() {
        return String::new();
    }
    did_you_mean(key, bridge_core::catalog::all().iter().map(|def| def.key.to_owned()))
}

fn request(action: &Action) -> (Method, String, Option<Value>) {
    let setting = |key: &str| format!("/admin/settings/{key}");
    match action {
        Action::List { .. } => (Method::GET, "/admin/settings".to_owned(), None),
        Action::Get { key, .. } => (Method::GET, setting(key), None),
        Action::Set { key, value, dry_run: Some(last), .. } => {
            let mut changes = serde_json::Map::new();
            changes.insert(key.clone(), typed(key, value));
            (Method::POST, setting("dry-run"), Some(json!({"changes": changes, "last": last})))
        }
        Action::Set { key, value, .. } => {
            (Method::PUT, setting(key), Some(json!({"value": typed(key, value)})))
        }
        Action::History { key, .. } => {
            let only = key.as_ref().map(|key| format!("?key={key}")).unwrap_or_default();
            (Method::GET, format!("/admin/settings/history{only}"), None)
        }
        Action::Rollback { id, .. } => (Method::POST, format!("/admin/settings/history/{id}/rollback"), None),
    }
}

/// What a change would have meant.
fn differences(answer: &Value) {
    let differ = answer["differ"].as_array().map_or(&[][..], Vec::as_slice);
    anstream::println!(
        "{BOLD}{}{BOLD:#} of the last {} SMS would be judged otherwise; of {} it cannot be said. Nothing was changed.",
        differ.len(),
        answer["judged"],
        answer["unknown"]
    );
    if differ.is_empty() {
        return;
    }
    let mut table = super::table(&["received", "sender", "now", "changed"]);
    for sms in differ {
        let text = |name: &str| sms[name].as_str().unwrap_or_default().to_owned();
        table.add_row([
            text("received_timestamp"),
            text("mobile_number"),
            outcome(&sms["before"]),
            outcome(&sms["after"]),
        ]);
    }
    anstream::println!("{table}");
}

fn outcome(verdict: &Value) -> String {
    let text = |name: &str| verdict[name].as_str();
    match (text("failed_at_check"), text("reason")) {
        (Some(check), Some(reason)) => format!("{check}: {reason}"),
        _ => text("validation_status").unwrap_or_default().to_owned(),
    }
}

fn history(answer: &Value) {
    let mut table = super::table(&["entry", "when", "setting", "before", "since", "by"]);
    for entry in answer["items"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let before = if entry["old_value"].is_null() { String::new() } else { shown(&entry["old_value"]) };
        table.add_row([
            entry["id"].to_string(),
            text("at"),
            text("setting_key"),
            before,
            shown(&entry["new_value"]),
            text("changed_by"),
        ]);
    }
    anstream::println!("{table}");
}

/// The value as the setting's type wants it; a text stays a text.
fn typed(key: &str, value: &str) -> Value {
    bridge_core::catalog::find(key).map_or_else(|| Value::from(value), |def| def.from_text(value))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(answer: &Value) {
    let mut table = super::table(&["setting", "value", "default", "what it does"]);
    let mut category = String::new();
    for item in answer["items"].as_array().into_iter().flatten() {
        if item["category"].as_str() != Some(&category) {
            category = item["category"].as_str().unwrap_or_default().to_owned();
            table.add_row([comfy_table::Cell::new(category.to_uppercase()).fg(comfy_table::Color::Cyan)]);
        }
        let (value, default) = (shown(&item["setting_value"]), shown(&item["default"]));
        let changed = value != default;
        let value = comfy_table::Cell::new(value);
        table.add_row([
            comfy_table::Cell::new(item["setting_key"].as_str().unwrap_or_default()),
            if changed { value.fg(comfy_table::Color::Yellow) } else { value },
            comfy_table::Cell::new(if changed { default } else { String::new() }),
            comfy_table::Cell::new(item["description"].as_str().unwrap_or_default()),
        ]);
    }
    anstream::println!("{table}");
}
