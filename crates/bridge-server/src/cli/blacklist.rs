//! `blacklist`: blocks and unblocks numbers from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::json;

use super::bridge::{Bridge, Which};
use super::{BOLD, DIM, GOOD};

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
        Action::Add { which, .. } | Action::Remove { which, .. } | Action::List { which } => which,
    };
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let client = &bridge.client;
        let answer = match &args.action {
            Action::Add { mobile, reason, .. } => {
                let body = json!({"mobile_number": mobile, "reason": reason});
                client.get(Method::POST, "/admin/blacklist", Some(&body)).await
            }
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
            "{:#}",
            if matches!(args.action, Action::Remove { .. }) { &removed } else { &answer }
        );
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::Add { .. } => {
            let number = answer["mobile_number"].as_str().unwrap_or_default();
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{number}{BOLD:#} is blocked");
        }
        Action::Remove { mobile, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{mobile}{BOLD:#} is unblocked");
        }
        Action::List { .. } => {
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                anstream::println!("{DIM}the blacklist is empty{DIM:#}");
                return Ok(ExitCode::SUCCESS);
            }
            let mut table = super::table(&["number", "since", "reason", "SMS that day"]);
            for item in &items {
                let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
                table.add_row([
                    text("mobile_number"),
                    text("blacklisted_at"),
                    text("reason"),
                    item["message_count"].to_string(),
                ]);
            }
            anstream::println!("{table}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
