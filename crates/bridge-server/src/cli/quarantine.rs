//! `quarantine`: what receivers sent and nobody can use, from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BOLD, DIM, GOOD};

/// What to do with the quarantine.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// What is in quarantine, newest first.
    List {
        /// How many, at most 100.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        which: Which,
    },
    /// One of them, whole.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// Read it again, as a newer version may; what it holds is taken in as received when it came.
    Replay {
        /// Its id.
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// Throw it away.
    Remove {
        /// Its id.
        id: String,
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::List { which, .. }
        | Action::Show { which, .. }
        | Action::Replay { which, .. }
        | Action::Remove { which, .. } => which,
    };
    let (method, path) = match &args.action {
        Action::List { limit, .. } => (Method::GET, format!("/admin/quarantine?limit={limit}")),
        Action::Show { id, .. } => (Method::GET, format!("/admin/quarantine/{id}")),
        Action::Replay { id, .. } => (Method::POST, format!("/admin/quarantine/{id}/replay")),
        Action::Remove { id, .. } => (Method::DELETE, format!("/admin/quarantine/{id}")),
    };
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        // Shown whole, a body keeps its lines: it is written out when it is shown.
        let for_people = !which.json && !matches!(args.action, Action::Show { .. });
        let answer = bridge.client.for_people(for_people).get(method, &path, None).await;
        bridge.leave().await;
        answer
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::List { .. } => list(&answer),
        Action::Show { .. } => show(&answer),
        Action::Replay { .. } => {
            let sms = answer["sms"].as_array().map_or(0, Vec::len);
            anstream::println!("{GOOD}✔{GOOD:#} read again: {BOLD}{sms} SMS{BOLD:#} taken in");
        }
        Action::Remove { id, .. } => anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{id}{BOLD:#} is gone"),
    }
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!("{DIM}the quarantine is empty{DIM:#}");
        return;
    }
    let mut table = super::table(&["id", "when", "receiver", "format", "why", "bytes"]);
    for item in &items {
        table.add_row([
            text(item, "id"),
            text(item, "at"),
            text(item, "receiver_id"),
            text(item, "format"),
            text(item, "reason"),
            &item["bytes"].to_string(),
        ]);
    }
    anstream::println!("{table}");
}

fn show(entry: &Value) {
    for (label, name) in [
        ("when", "at"),
        ("receiver", "receiver_id"),
        ("format", "format"),
        ("why", "reason"),
        ("content type", "content_type"),
    ] {
        anstream::println!("{DIM}{label:<13}{DIM:#} {}", plain::escaped(text(entry, name)));
    }
    // Its lines stay lines.
    anstream::println!("\n{}", plain::escaped_lines(text(entry, "body")));
}
