//! `validated`: takes a number off the validated ones, from a shell.

use std::process::ExitCode;

use reqwest::Method;

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BOLD, GOOD};

/// What to do with validated numbers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Take a number off, so that the person may register again. What was judged stays on record.
    Remove {
        /// The number, like +919876543210.
        mobile: String,
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let Action::Remove { mobile, which } = &args.action;
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = bridge.client.get(Method::DELETE, &format!("/admin/validated/{mobile}"), None).await;
        bridge.leave().await;
        answer
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
    } else {
        anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{mobile}{BOLD:#} may register again");
    }
    Ok(ExitCode::SUCCESS)
}
