//! `blocked-email`: addresses that may not register, from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BOLD, DIM, GOOD};

/// What to do with blocked addresses.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Block an address.
    Add {
        /// The address, like user@example.com.
        address: String,
        /// Why, for whoever looks later.
        #[arg(long)]
        reason: Option<String>,
        /// When the block ends by itself, like 2026-12-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Let an address register again.
    Remove {
        /// The address.
        address: String,
        #[command(flatten)]
        which: Which,
    },
    /// Every blocked address.
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
            Action::Add { address, reason, expires, .. } => {
                let body = json!({"address": address, "reason": reason, "expires_at": expires});
                client.get(Method::POST, "/admin/blocked-emails", Some(&body)).await
            }
            Action::Remove { address, .. } => {
                let address: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
                client.get(Method::DELETE, &format!("/admin/blocked-emails/{address}"), None).await
            }
            Action::List { .. } => client.get(Method::GET, "/admin/blocked-emails", None).await,
        };
        bridge.leave().await;
        answer
    })?;
    if which.json {
        let removed = json!({"removed": true});
        let is_removal = matches!(args.action, Action::Remove { .. });
        anstream::println!("{}", plain::json(if is_removal { &removed } else { &answer }));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::Add { .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} may not register", text(&answer, "address"));
        }
        Action::Remove { address, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{address}{BOLD:#} may register again");
        }
        Action::List { .. } => list(&answer),
    }
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!("{DIM}no address is blocked{DIM:#}");
        return;
    }
    let mut table = super::table(&["address", "since", "until", "reason", "by"]);
    for item in &items {
        table.add_row(
            ["address", "blocked_at", "expires_at", "reason", "blocked_by"].map(|name| text(item, name)),
        );
    }
    anstream::println!("{table}");
}
