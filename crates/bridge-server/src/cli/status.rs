//! `status`: how the bridge stands, in the words that the desk begins with, then part by part. Its exit code says whether
//! people can register. Not for a machine that watches: that is `health`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::show::{Times, text};
use super::{BAD, BOLD, DIM, FAILED, GOOD, WARN, plain};

/// Which bridge.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(Args { which }: &Args) -> Result<ExitCode, String> {
    let (standing, health) = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let client = bridge.client.for_people(!which.json);
        let standing = client.get(Method::GET, "/admin/standing", None).await;
        // Where nothing is writable it answers 503, and says as much.
        let health = client.ask(Method::GET, "/health", None).await;
        bridge.leave().await;
        Ok((standing?, health?.body))
    })?;
    let code = if standing["level"] == "bad" { ExitCode::from(FAILED) } else { ExitCode::SUCCESS };
    if which.json {
        anstream::println!("{}", plain::json(&json!({"standing": standing, "health": health})));
        return Ok(code);
    }
    said(&standing);
    parts(&health["components"]);
    Ok(code)
}

fn said(standing: &Value) {
    let times = Times::here();
    let (mark, style) = match standing["level"].as_str() {
        Some("good") => ("✔", GOOD),
        Some("bad") => ("✘", BAD),
        _ => ("!", WARN),
    };
    anstream::println!("{style}{mark}{style:#} {BOLD}{}{BOLD:#}", text(standing, "sentence"));
    if let Some(since) = standing["since"].as_str() {
        anstream::println!("  {DIM}since {} ({}){DIM:#}", times.show(since), times.zone());
    }
    if let Some(todo) = standing["todo"].as_str() {
        anstream::println!("  {todo}");
    }
    for other in standing["others"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        anstream::println!("{WARN}!{WARN:#} {other}");
    }
}

fn parts(parts: &Value) {
    let times = Times::here();
    let mut table = super::table(&["part", "how it is", "what"]);
    for (name, words) in [("redis", "hot store"), ("postgresql", "audit store")] {
        table.add_row([words.to_owned(), text(&parts[name], "status"), text(&parts[name], "backend")]);
    }
    for (name, receiver) in parts["receivers"].as_object().into_iter().flatten() {
        let seen = receiver["last_seen"].as_str().map(|at| format!("heard {}", times.show(at)));
        table.add_row([format!("receiver {name}"), text(receiver, "status"), seen.unwrap_or_default()]);
    }
    for (name, worker) in parts["workers"].as_object().into_iter().flatten() {
        if worker["status"] != "ok" {
            table.add_row([format!("worker {name}"), text(worker, "status"), text(worker, "last_error")]);
        }
    }
    if let Some(at) = parts["last_backup"]["at"].as_str() {
        table.add_row(["backup".to_owned(), times.show(at), String::new()]);
    }
    anstream::println!("{table}");
    anstream::println!("{DIM}{}; workers that do their work are not listed{DIM:#}", times.zone());
}
