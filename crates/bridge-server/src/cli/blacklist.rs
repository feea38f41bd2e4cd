//! `blacklist`: blocks and unblocks numbers from a shell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Client, Which};
use super::plain;
use super::{BOLD, DIM, GOOD, WARN};

/// A long list takes its time.
const DONE_WITHIN: Duration = Duration::from_secs(600);

/// What to do with the blacklist.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Block a number.
    Add {
        /// The number, like +919876543210.
        mobile: String,
        /// Why, for whoever looks later.
        #[arg(long)]
        reason: Option<String>,
        /// When the block ends by itself, like 2026-12-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Block a list of numbers: one a line, or a CSV of number, reason, and when the block ends.
    Import {
        /// The file; - reads standard input.
        file: PathBuf,
        #[command(flatten)]
        which: Which,
    },
    /// Unblock a number, and forget how many SMS it sent today.
    Remove {
        /// The number.
        mobile: String,
        #[command(flatten)]
        which: Which,
    },
    /// Every blocked number.
    List {
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::Add { which, .. }
        | Action::Import { which, .. }
        | Action::Remove { which, .. }
        | Action::List { which } => which,
    };
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let client = &bridge.client;
        let answer = match &args.action {
            Action::Add { mobile, reason, expires, .. } => {
                let body = json!({"mobile_number": mobile, "reason": reason, "expires_at": expires});
                client.get(Method::POST, "/admin/blacklist", Some(&body)).await
            }
            Action::Import { file, .. } => import(client, file).await,
            Action::Remove { mobile, .. } => {
                client.get(Method::DELETE, &format!("/admin/blacklist/{mobile}"), None).await
            }
            Action::List { .. } => client.get(Method::GET, "/admin/blacklist", None).await,
        };
        bridge.leave().await;
        answer
    })?;
    if which.json {
        let removed = json!({"removed": true});
        anstream::println!(
            "{}",
            plain::json(if matches!(args.action, Action::Remove { .. }) { &removed } else { &answer })
        );
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::Add { .. } => {
            let number = answer["mobile_number"].as_str().unwrap_or_default();
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{number}{BOLD:#} is blocked");
        }
        Action::Import { .. } => imported(&answer),
        Action::Remove { mobile, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{mobile}{BOLD:#} is unblocked");
        }
        Action::List { .. } => {
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                anstream::println!("{DIM}the blacklist is empty{DIM:#}");
                return Ok(ExitCode::SUCCESS);
            }
            let mut table = super::table(&["number", "since", "until", "reason", "SMS that day"]);
            for item in &items {
                let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
                table.add_row([
                    text("mobile_number"),
                    text("blacklisted_at"),
                    text("expires_at"),
                    text("reason"),
                    item["message_count"].to_string(),
                ]);
            }
            anstream::println!("{table}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(client: &Client, file: &Path) -> Result<Value, String> {
    let list = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin()).map(String::into_bytes)
    } else {
        std::fs::read(file)
    };
    let list = list.map_err(|error| super::unreadable(file, &error))?;
    let request = client.request(Method::POST, "/admin/blacklist/import").header("content-type", "text/csv");
    let sent = request.timeout(DONE_WITHIN).body(list).send().await;
    let response = sent.map_err(|error| client.unreachable(&error))?;
    let status = response.status();
    let answer: Value = response.json().await.map_err(|error| error.to_string())?;
    match answer["detail"].as_str() {
        Some(detail) if !status.is_success() => Err(detail.to_owned()),
        _ => Ok(answer),
    }
}

fn imported(answer: &Value) {
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    anstream::println!(
        "{GOOD}✔{GOOD:#} {BOLD}{} numbers{BOLD:#} of {} lines are blocked",
        count("blocked"),
        count("lines")
    );
    for error in answer["errors"].as_array().into_iter().flatten() {
        anstream::println!(
            "{WARN}line {}{WARN:#}  {}",
            error["line"],
            error["detail"].as_str().unwrap_or_default()
        );
    }
    let told = answer["errors"].as_array().map_or(0, Vec::len) as u64;
    if count("wrong") > told {
        anstream::println!("{WARN}and {} more lines{WARN:#} that nobody can use", count("wrong") - told);
    }
}
