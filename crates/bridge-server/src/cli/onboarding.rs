//! `onboarding`: registrations from a shell, searched, and one with its SMS.

use std::process::ExitCode;

use serde_json::Value;

use super::bridge::Which;
use super::show::{self, Column, Part, Times, text};
use super::{BOLD, DIM, plain};

/// What to do with onboardings.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Registrations, the newest first.
    List {
        /// Of this number, or of numbers that begin like that.
        #[arg(long, value_name = "NUMBER")]
        mobile: Option<String>,
        /// With this e-mail address.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// With this device.
        #[arg(long, value_name = "ID")]
        device: Option<String>,
        /// pending, validated, expired, cancelled or superseded.
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// With that in number, e-mail address or device.
        #[arg(long, value_name = "TEXT")]
        text: Option<String>,
        #[command(flatten)]
        part: Part,
        #[command(flatten)]
        which: Which,
    },
    /// One registration, and every SMS that was judged against it.
    Show {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
}

const COLUMNS: &[Column] = &[
    ("registered", |one, times| times.show(&text(one, "request_timestamp"))),
    ("number", |one, _| text(one, "mobile_number")),
    ("e-mail", |one, _| text(one, "email")),
    ("device", |one, _| text(one, "device_id")),
    ("status", |one, _| text(one, "status")),
    ("last SMS", |one, _| text(one, "last_sms")),
    ("id", |one, _| text(one, "onboarding_id")),
];

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    match &args.action {
        Action::List { mobile, email, device, status, text, part, which } => {
            let more = [
                ("mobile", mobile.as_deref()),
                ("email", email.as_deref()),
                ("device_id", device.as_deref()),
                ("status", status.as_deref()),
                ("text", text.as_deref()),
            ];
            let path = part.path("/admin/onboardings", &more, ("from", "to"));
            show::list(which, &path, COLUMNS, "no such registration", |_| None)
        }
        Action::Show { id, which } => {
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            let answer = show::ask(which, &format!("/admin/onboardings/{id}"))?;
            if which.json {
                anstream::println!("{}", plain::json(&answer));
            } else {
                told(&answer);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn told(answer: &Value) {
    let times = Times::here();
    anstream::println!("{BOLD}{}{BOLD:#}  {}", text(answer, "mobile_number"), text(answer, "status"));
    for (words, value) in [
        ("e-mail", text(answer, "email")),
        ("device", text(answer, "device_id")),
        ("registered", times.show(&text(answer, "request_timestamp"))),
        ("deadline", times.show(&text(answer, "user_deadline"))),
        ("validated", times.show(&text(answer, "validated_at"))),
    ] {
        if !value.is_empty() {
            anstream::println!("  {words:<11}{value}");
        }
    }
    let sms = answer["sms"].as_array().map_or(&[][..], Vec::as_slice);
    if sms.is_empty() {
        anstream::println!("{DIM}no SMS was judged against it{DIM:#}");
    } else {
        let mut table = super::table(&["received", "text", "result", "sms_id"]);
        for one in sms {
            let result = match text(one, "failed_at_check") {
                check if check.is_empty() => "passed".to_owned(),
                check => format!("{check}: {}", text(one, "reason")),
            };
            let received = times.show(&text(one, "server_received_at"));
            table.add_row([received, text(one, "sms_message"), result, text(one, "sms_id")]);
        }
        anstream::println!("{table}");
    }
    anstream::println!("{DIM}{}{DIM:#}", times.zone());
}
