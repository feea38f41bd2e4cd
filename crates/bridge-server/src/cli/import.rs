//! `import`: hands a phone's own list of SMS to a bridge, and shows what the bridge had not, hour by hour. Also for
//! `receiver pull`, which has the bridge read the list from the phone.

use std::fs::File;
use std::io::{Read, Stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bridge_formats::export::Kind;
use bytes::Bytes;
use comfy_table::{Attribute, Cell, CellAlignment, Color};
use futures_util::stream::{self, Stream};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::bridge::{Bridge, Client, Which};
use super::plain;
use super::{BAD, BOLD, DIM, FAILED, GOOD, WARN};
use crate::secret_file;

/// What to import.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// CSV with a header, NDJSON, JSON (SMSGate's GET /inbox), or XML of "SMS Backup & Restore"; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose list it is; `default` when not given.
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
    #[arg(long, value_name = "FORMAT", help = format!("{}, where the first bytes do not tell", Kind::NAMES))]
    format: Option<String>,
    /// Take nothing in: only say what is missing.
    #[arg(long)]
    check: bool,
    /// A bridge elsewhere; the one of the data folder when not given.
    #[arg(long)]
    url: Option<String>,
    /// As this receiver, with its secret, instead of as the operator; rather give a file.
    #[arg(long, value_name = "SECRET", conflicts_with = "receiver")]
    receiver_key: Option<String>,
    /// A file with that secret.
    #[arg(long, value_name = "FILE", conflicts_with = "receiver")]
    receiver_key_file: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// A list of years on a slow disk.
const DONE_WITHIN: Duration = Duration::from_secs(24 * 3600);
const CHUNK_BYTES: usize = 64 * 1024;
/// Hours that are shown; with --json, all are.
const HOURS_SHOWN_MAX: usize = 48;
const BAR_WIDTH: u64 = 20;

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let reports = super::block_on(import_all(args))?;
    let mut failed = false;
    for (file, report) in &reports {
        match report {
            Ok(report) if args.which.json => anstream::println!("{}", plain::json_line(report)),
            Ok(report) => show(file, report, args.check),
            Err(problem) => {
                failed = true;
                anstream::eprintln!("{BAD}✘{BAD:#} {BOLD}{file}{BOLD:#}  {problem}");
            }
        }
    }
    Ok(if failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

async fn import_all(args: &Args) -> Result<Vec<(String, Result<Value, String>)>, String> {
    let receiver_key =
        secret_file::one("--receiver-key", args.receiver_key.as_deref(), args.receiver_key_file.as_deref())?;
    let (bridge, client) = match &args.url {
        Some(url) => {
            let secret = receiver_key.map_or_else(|| super::bridge::admin_token(&args.which), Ok)?;
            (None, Client::new(url, secret)?.for_people(!args.which.json))
        }
        None => {
            let bridge = Bridge::find(&args.which).await?;
            let client = receiver_key
                .map_or_else(|| bridge.client.clone(), |secret| bridge.client.with_secret(secret));
            (Some(bridge), client)
        }
    };
    let mut reports = Vec::new();
    for file in &args.files {
        reports.push((file.display().to_string(), import(&client, args, file).await));
    }
    if let Some(bridge) = bridge {
        bridge.leave().await;
    }
    Ok(reports)
}

async fn import(client: &Client, args: &Args, file: &PathBuf) -> Result<Value, String> {
    let source = Source::open(file)?;
    let bar = bar(source.length());
    let mut query = vec![("check", args.check.to_string())];
    query.extend(args.receiver.iter().map(|name| ("receiver", name.clone())));
    query.extend(args.format.iter().map(|format| ("format", format.clone())));
    let request = client
        .request(Method::POST, "/sms/import")
        .timeout(DONE_WITHIN)
        .query(&query)
        .header("accept", "application/x-ndjson")
        .body(reqwest::Body::wrap_stream(chunks(source, bar.clone())));
    let mut response = request.send().await.map_err(|error| client.unreachable(&error))?;
    let status = response.status();
    let mut lines = Lines::default();
    while let Some(bytes) = response.chunk().await.map_err(|error| {
        format!("the bridge went away in the middle: import again, what was taken in is known then ({error})")
    })? {
        lines.push(&bytes);
        if let Some(rows) = lines.last().and_then(|told| told["rows"].as_u64()) {
            bar.set_message(format!("{} rows", HumanCount(rows)));
        }
    }
    bar.finish_and_clear();
    let told = client.told(lines.end());
    let problem = if status.is_success() { &told["error"] } else { &told };
    match (status.is_success(), told.get("error"), told.get("hours")) {
        (true, None, Some(_)) => Ok(told),
        (true, None, None) => Err("the bridge went away in the middle: import again".to_owned()),
        _ => Err(detail(problem, status)),
    }
}

/// Why the bridge refused, in its own words where it has any.
fn detail(problem: &Value, status: StatusCode) -> String {
    problem["detail"].as_str().map_or_else(|| answered(status), str::to_owned)
}

fn answered(status: StatusCode) -> String {
    format!("the bridge answered {status}")
}

/// Where a list is read from.
enum Source {
    File(File, u64),
    Standard(Stdin),
}

impl Source {
    fn open(file: &PathBuf) -> Result<Source, String> {
        if file.as_os_str() == "-" {
            return Ok(Source::Standard(std::io::stdin()));
        }
        let open = || -> std::io::Result<Source> {
            let opened = File::open(file)?;
            let length = opened.metadata()?.len();
            Ok(Source::File(opened, length))
        };
        open().map_err(|error| super::unreadable(file, &error))
    }

    fn length(&self) -> Option<u64> {
        match self {
            Source::File(_, length) => Some(*length),
            Source::Standard(_) => None,
        }
    }

    fn read(&mut self) -> std::io::Result<Bytes> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = match self {
            Source::File(file, _) => file.read(&mut chunk)?,
            Source::Standard(stdin) => stdin.read(&mut chunk)?,
        };
        chunk.truncate(read);
        Ok(Bytes::from(chunk))
    }
}

/// The list piece by piece. Reading may block; the bridge inside must not.
fn chunks(source: Source, bar: ProgressBar) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::unfold(Some(source), move |source| {
        let bar = bar.clone();
        async move {
            let mut source = source?;
            let read = tokio::task::spawn_blocking(move || {
                let chunk = source.read();
                (source, chunk)
            });
            match read.await {
                Ok((_, Ok(chunk))) if chunk.is_empty() => None,
                Ok((source, Ok(chunk))) => {
                    bar.inc(chunk.len() as u64);
                    Some((Ok(chunk), Some(source)))
                }
                Ok((_, Err(error))) => Some((Err(error), None)),
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            }
        }
    })
}

/// Drawn on a terminal alone.
fn bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:30.green/dim} {bytes}/{total_bytes}  {msg}  {elapsed}, {eta} to go",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}  {elapsed}"),
    };
    // A template that cannot be read would leave the plain bar.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// NDJSON as it comes in, of which the last line counts; or one JSON object.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    last: Option<Value>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.last = serde_json::from_slice(&line).ok().or(self.last.take());
        }
    }

    fn last(&self) -> Option<&Value> {
        self.last.as_ref()
    }

    fn end(self) -> Value {
        serde_json::from_slice(&self.rest).ok().or(self.last).unwrap_or(Value::Null)
    }
}

/// Has the bridge read a phone's list, and shows what came of it.
pub(super) async fn pull(client: &Client, name: &str, since: Option<&str>) -> Result<Value, String> {
    let query: Vec<(&str, &str)> = since.iter().map(|since| ("since", *since)).collect();
    let request = client.request(Method::POST, &format!("/admin/receivers/{name}/pull")).query(&query);
    let response = request.timeout(DONE_WITHIN).send().await.map_err(|error| client.unreachable(&error))?;
    let status = response.status();
    let told = client.told(response.json().await.map_err(|_| answered(status))?);
    if status.is_success() { Ok(told) } else { Err(detail(&told, status)) }
}

/// What became of a list, for people.
pub(super) fn show(title: &str, report: &Value, check: bool) {
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let done = if check { "compared" } else { "imported" };
    let rows = HumanCount(count("rows"));
    anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{title}{BOLD:#}  {rows} rows {done}");
    let mut table = super::table(&["", "SMS", ""]);
    for (name, label, meaning, color) in [
        ("redelivered", "known", "the bridge had them", Color::Green),
        ("missing", "missing", "on the phone's list, and not on the bridge before", Color::Yellow),
        ("judged", "  judged", "as old as they are", Color::White),
        ("passed", "  passed", "and validated a number", Color::White),
        ("late", "  late", "received in time, judged after the deadline", Color::White),
        ("stored", "  stored", "kept, to be judged later", Color::White),
        (
            "quarantined",
            "quarantined",
            if check { "nobody can use them" } else { "nobody can use them; kept with their lines" },
            Color::Red,
        ),
        ("skipped", "skipped", "sent ones, drafts, multimedia messages", Color::DarkGrey),
    ] {
        let number = count(name);
        if number == 0 && !matches!(name, "redelivered" | "missing") {
            continue;
        }
        let number = Cell::new(HumanCount(number)).set_alignment(CellAlignment::Right).fg(color);
        table.add_row([Cell::new(label), number, Cell::new(meaning).add_attribute(Attribute::Dim)]);
    }
    anstream::println!("{table}");
    show_gaps(report);
}

/// Every hour in which something was missing.
fn show_gaps(report: &Value) {
    let none = Vec::new();
    let hours = report["hours"].as_array().unwrap_or(&none);
    let beyond: u64 = hours
        .iter()
        .map(|hour| {
            let count = |name: &str| hour[name].as_u64().unwrap_or_default();
            count("bridge").saturating_sub(count("known"))
        })
        .sum();
    if beyond > 0 {
        anstream::println!("{DIM}SMS on the bridge and not on this list: {}{DIM:#}", HumanCount(beyond));
    }
    let gaps: Vec<&Value> = hours.iter().filter(|hour| hour["missing"].as_u64() > Some(0)).collect();
    if gaps.is_empty() {
        if !hours.is_empty() {
            anstream::println!("{GOOD}nothing was missing{GOOD:#} {DIM}in {} hours{DIM:#}", hours.len());
        }
        return;
    }
    anstream::println!("{WARN}{} of {} hours have gaps{WARN:#}", gaps.len(), hours.len());
    let mut table = super::table(&["receiver", "hour", "on the phone", "known", "missing", ""]);
    for hour in gaps.iter().rev().take(HOURS_SHOWN_MAX).rev() {
        let text = |name: &str| hour[name].as_str().unwrap_or_default().to_owned();
        let count = |name: &str| hour[name].as_u64().unwrap_or_default();
        let right = |name: &str| Cell::new(HumanCount(count(name))).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(text("receiver_id")),
            Cell::new(text("hour")),
            right("phone"),
            right("known"),
            right("missing").fg(Color::Yellow),
            Cell::new(drawn(count("known"), count("missing"))),
        ]);
    }
    anstream::println!("{table}");
    if gaps.len() > HOURS_SHOWN_MAX {
        anstream::println!("{DIM}the newest {HOURS_SHOWN_MAX} of them; all with --json{DIM:#}");
    }
}

/// What was there, and what was not.
fn drawn(known: u64, missing: u64) -> String {
    let width =
        |part: u64| usize::try_from((part * BAR_WIDTH).div_ceil((known + missing).max(1))).unwrap_or(0);
    let gap = width(missing);
    let there = usize::try_from(BAR_WIDTH).unwrap_or(0).saturating_sub(gap);
    format!("{}{}", "█".repeat(there), "░".repeat(gap))
}
