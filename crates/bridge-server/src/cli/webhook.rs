//! `webhook`: who is told what happened, from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BAD, BOLD, DIM, GOOD, WARN};

/// What to do with webhooks.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Add a webhook; prints its secret, this once.
    Add {
        /// Where events are posted, like https://app.example/hooks.
        url: String,
        /// Only these events, like onboarding.validated; several with commas or again. Without any: all.
        #[arg(long = "event", value_delimiter = ',', value_name = "EVENT")]
        events: Vec<String>,
        /// What it is for.
        #[arg(long, default_value = "", value_name = "TEXT")]
        description: String,
        #[command(flatten)]
        which: Which,
    },
    /// Every webhook, and how its deliveries stand.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Remove a webhook and what waits for it.
    Remove {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// Post a test message now, and show what came back.
    Test {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// Deliver again.
    Replay {
        /// Its id, from the list.
        id: String,
        /// Everything that happened since then, like 2026-12-01T00:00:00Z.
        #[arg(long, value_name = "TIME", required_unless_present = "delivery", conflicts_with = "delivery")]
        since: Option<String>,
        /// One delivery.
        #[arg(long, value_name = "ID")]
        delivery: Option<i64>,
        #[command(flatten)]
        which: Which,
    },
}

impl Action {
    fn which(&self) -> &Which {
        match self {
            Action::Add { which, .. }
            | Action::List { which }
            | Action::Remove { which, .. }
            | Action::Test { which, .. }
            | Action::Replay { which, .. } => which,
        }
    }

    /// What the bridge is asked.
    fn request(&self) -> (Method, String, Option<Value>) {
        let path = |id: &str, rest: &str| {
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            format!("/admin/webhooks/{id}{rest}")
        };
        match self {
            Action::Add { url, events, description, .. } => {
                let body = json!({"url": url, "events": events, "description": description});
                (Method::POST, "/admin/webhooks".to_owned(), Some(body))
            }
            Action::List { .. } => (Method::GET, "/admin/webhooks".to_owned(), None),
            Action::Remove { id, .. } => (Method::DELETE, path(id, ""), None),
            Action::Test { id, .. } => (Method::POST, path(id, "/test"), None),
            Action::Replay { id, since: Some(since), .. } => {
                (Method::POST, path(id, "/replay"), Some(json!({"since": since})))
            }
            Action::Replay { id, delivery, .. } => {
                (Method::POST, path(id, "/replay"), Some(json!({"delivery": delivery})))
            }
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = args.action.which();
    let (method, path, body) = args.action.request();
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = bridge.client.get(method, &path, body.as_ref()).await;
        bridge.leave().await;
        answer
    })?;
    let is_refused = matches!(args.action, Action::Test { .. }) && answer["delivered"] != true;
    let code = if is_refused { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS };
    if which.json {
        let removed = json!({"removed": true});
        let is_removal = matches!(args.action, Action::Remove { .. });
        anstream::println!("{}", plain::json(if is_removal { &removed } else { &answer }));
        return Ok(code);
    }
    match &args.action {
        Action::Add { .. } => added(&answer),
        Action::List { .. } => list(&answer),
        Action::Remove { id, .. } => {
            anstream::println!(
                "{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} is told nothing any more",
                plain::escaped(id)
            );
        }
        Action::Test { .. } => tested(&answer),
        Action::Replay { .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} are delivered again", answer["replayed"]);
        }
    }
    Ok(code)
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn added(answer: &Value) {
    anstream::println!(
        "{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} is told what happens",
        plain::escaped(text(answer, "url"))
    );
    anstream::println!("  id      {}", text(answer, "id"));
    anstream::println!("  secret  {BOLD}{}{BOLD:#}", text(answer, "secret"));
    anstream::println!(
        "{WARN}The secret is not shown again.{WARN:#} Your app verifies messages with it: docs/webhooks.md"
    );
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!("{DIM}nobody is told anything: sms-bridge webhook add URL{DIM:#}");
        return;
    }
    let mut table = super::table(&["id", "url", "events", "state", "waiting", "delivered", "failed"]);
    for item in &items {
        let events: Vec<&str> =
            item["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state =
            match (item["enabled"] == true, item["disabled_reason"].as_str(), item["failing_since"].as_str())
            {
                (true, _, None) => "on".to_owned(),
                (true, _, Some(since)) => format!("failing since {since}"),
                (false, Some(reason), _) => format!("off: {reason}"),
                (false, None, _) => "off".to_owned(),
            };
        let deliveries = &item["deliveries"];
        table.add_row([
            text(item, "id"),
            &plain::escaped(text(item, "url")),
            &events.join("\n"),
            &state,
            &deliveries["waiting"].to_string(),
            &deliveries["delivered"].to_string(),
            &deliveries["failed"].to_string(),
        ]);
    }
    anstream::println!("{table}");
}

fn tested(answer: &Value) {
    let took = &answer["took_ms"];
    if answer["delivered"] == true {
        anstream::println!("{GOOD}✔{GOOD:#} it was taken: {} after {took} ms", answer["status"]);
    } else {
        let why = plain::escaped(text(answer, "error"));
        anstream::println!("{BAD}✘{BAD:#} it was not taken: {why} (after {took} ms)");
    }
    let said = text(answer, "answer");
    if !said.is_empty() {
        anstream::println!("{DIM}{}{DIM:#}", plain::escaped_lines(said));
    }
}
