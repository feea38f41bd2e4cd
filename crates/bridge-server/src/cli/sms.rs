//! `sms`: one judged SMS, from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::json;

use super::bridge::{Bridge, Which};
use super::{BOLD, GOOD, plain};

/// What to do with an SMS.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Accept an SMS whose time alone was in doubt: its number is validated, and the app is told that an operator did it.
    Accept {
        /// Its sms_id, as the desk and the lists show it.
        id: String,
        /// Why, for the admin log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let Action::Accept { id, reason, which } = &args.action;
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let path = format!("/admin/sms/{id}/accept");
        let body = json!({"reason": reason});
        let answer = bridge.client.for_people(!which.json).get(Method::POST, &path, Some(&body)).await;
        bridge.leave().await;
        answer
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
    } else {
        let passed = answer["message_id"].as_str().unwrap_or_default();
        anstream::println!("{GOOD}✔{GOOD:#} accepted as {BOLD}{passed}{BOLD:#}: its number is validated");
    }
    Ok(ExitCode::SUCCESS)
}
