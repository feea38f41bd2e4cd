//! `sms`: judged SMS from a shell: the newest, one with its reason, and accepting one whose time alone was in doubt.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::show::{self, Column, Part, Times, text};
use super::{BAD, BOLD, DIM, GOOD, plain};

/// What to do with SMS.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Judged SMS, the newest first; what was judged a second ago is there.
    List {
        /// Of this number, of numbers that begin like that, or of this sender.
        #[arg(long, value_name = "NUMBER")]
        mobile: Option<String>,
        /// With that in their text or sender.
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        /// Handed in by this receiver.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
        /// passed or failed.
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// That failed at this check.
        #[arg(long, value_name = "CHECK")]
        check: Option<String>,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        which: Which,
    },
    /// One SMS, check by check: why it was judged so, and what would have made it pass.
    Show {
        /// Its sms_id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
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

/// How many characters of a text a list shows.
const TEXT_CHARS: usize = 60;

const COLUMNS: &[Column] = &[
    ("received", |sms, times| times.show(&text(sms, "server_received_at"))),
    ("sender", |sms, _| text(sms, "mobile_number")),
    ("text", |sms, _| shortened(&text(sms, "sms_message"))),
    ("result", |sms, _| match text(sms, "failed_at_check") {
        check if check.is_empty() => "passed".to_owned(),
        check => format!("{check}: {}", text(sms, "reason")),
    }),
    ("by", |sms, _| text(sms, "receiver_id")),
    ("sms_id", |sms, _| text(sms, "sms_id")),
];

fn shortened(text: &str) -> String {
    if text.chars().count() <= TEXT_CHARS {
        return text.to_owned();
    }
    text.chars().take(TEXT_CHARS).chain(['…']).collect()
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    match &args.action {
        Action::List { mobile, text, receiver, status, check, part, which } => {
            let more = [
                ("mobile", mobile.as_deref()),
                ("text", text.as_deref()),
                ("receiver", receiver.as_deref()),
                ("status", status.as_deref()),
                ("check", check.as_deref()),
            ];
            let path = part.path("/admin/sms/search", &more, ("from", "to"));
            show::list(which, &path, COLUMNS, "no such SMS", |_| None)
        }
        Action::Show { id, which } => {
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let answer = show::ask(which, &format!("/admin/sms/{id}"))?;
            if which.json {
                anstream::println!("{}", plain::json(&answer));
            } else {
                told(&answer);
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Accept { id, reason, which } => accept(id, reason, which),
    }
}

fn told(answer: &Value) {
    let times = Times::here();
    anstream::println!("{BOLD}{}{BOLD:#}  {}", text(answer, "mobile_number"), text(answer, "sms_message"));
    anstream::println!(
        "{DIM}received {}, by {} ({}), {}{DIM:#}",
        times.show(&text(answer, "server_received_at")),
        text(answer, "receiver_id"),
        text(answer, "format"),
        times.zone()
    );
    if answer["row"].is_null() {
        anstream::println!("It waits to be judged.");
        return;
    }
    for step in answer["trace"].as_array().into_iter().flatten() {
        let (mark, style) = match step["result"].as_str() {
            Some("pass") => ("✔", GOOD),
            Some("fail") => ("✘", BAD),
            _ => ("·", DIM),
        };
        anstream::println!(
            "{style}{mark}{style:#} {BOLD}{}{BOLD:#}  {}",
            text(step, "check"),
            text(step, "fact")
        );
        let mend = text(step, "mend");
        if !mend.is_empty() {
            anstream::println!("    {mend}");
        }
    }
    for (name, words) in [("onboarding_id", "onboarding"), ("accepted_as", "accepted by an operator as")] {
        if let Some(id) = answer[name].as_str() {
            anstream::println!("{DIM}{words} {id}{DIM:#}");
        }
    }
    if answer["may_be_accepted"] == true {
        let id = text(answer, "sms_id");
        anstream::println!("Only its time is in doubt: sms-bridge sms accept {id} --reason …");
    }
}

fn accept(id: &str, reason: &str, which: &Which) -> Result<ExitCode, String> {
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
