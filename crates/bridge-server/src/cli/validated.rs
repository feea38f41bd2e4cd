//! `validated`: validated numbers from a shell: the newest, and taking one off.

use std::process::ExitCode;

use reqwest::Method;

use super::bridge::{Bridge, Which};
use super::show::{self, Column, Part, text};
use super::{BOLD, GOOD, plain};

/// What to do with validated numbers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Validated numbers, the newest first, and how many there are.
    List {
        /// This number, or numbers that begin like that.
        #[arg(long, value_name = "NUMBER")]
        mobile: Option<String>,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        which: Which,
    },
    /// Take a number off, so that the person may register again. What was judged stays on record.
    Remove {
        /// The number, like +919876543210.
        mobile: String,
        #[command(flatten)]
        which: Which,
    },
}

const COLUMNS: &[Column] = &[
    ("validated", |one, times| times.show(&text(one, "validated_at"))),
    ("number", |one, _| text(one, "mobile_number")),
    ("device", |one, _| text(one, "device_id")),
    ("sms_id", |one, _| text(one, "sms_id")),
];

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    match &args.action {
        Action::List { mobile, part, which } => {
            let path = part.path("/admin/validated", &[("mobile", mobile.as_deref())], ("from", "to"));
            show::list(which, &path, COLUMNS, "no such number is validated", |answer| {
                let many = || "more than 100,000 in all".to_owned();
                Some(answer["total"].as_u64().map_or_else(many, |total| format!("{total} in all")))
            })
        }
        Action::Remove { mobile, which } => remove(mobile, which),
    }
}

fn remove(mobile: &str, which: &Which) -> Result<ExitCode, String> {
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
