//! `settings`: reads and changes settings from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::{BOLD, GOOD};

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
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::List { which } | Action::Get { which, .. } | Action::Set { which, .. } => which,
    };
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let client = &bridge.client;
        let answer = match &args.action {
            Action::List { .. } => client.get(Method::GET, "/admin/settings", None).await,
            Action::Get { key, .. } => client.get(Method::GET, &format!("/admin/settings/{key}"), None).await,
            Action::Set { key, value, .. } => {
                client
                    .get(
                        Method::PUT,
                        &format!("/admin/settings/{key}"),
                        Some(&json!({"value": typed(key, value)})),
                    )
                    .await
            }
        };
        bridge.leave().await;
        answer
    })?;
    if which.json {
        anstream::println!("{answer:#}");
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::List { .. } => list(&answer),
        Action::Get { .. } => anstream::println!("{}", shown(&answer["setting_value"])),
        Action::Set { key, .. } => {
            anstream::println!(
                "{GOOD}✔{GOOD:#} {BOLD}{key}{BOLD:#} is {} now",
                shown(&answer["setting_value"])
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The value as the setting's type wants it; a text stays a text.
fn typed(key: &str, value: &str) -> Value {
    bridge_core::settings::find(key).map_or_else(|| Value::from(value), |def| def.from_text(value))
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
