//! `receiver`: adds, lists, changes and revokes receivers from a shell, and shows what the app is to be given.

use std::path::PathBuf;
use std::process::ExitCode;

use qrcode::{Color, QrCode};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::bridge::{Bridge, Client, Which, usual_bind};
use super::{BAD, BOLD, DIM, GOOD, WARN, plain, receiver_test};
use crate::secret_file;

/// What to do with receivers.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Add a receiver; prints its secret, its URL and how to set the app up.
    Add {
        /// A short name, like hall-phone.
        name: String,
        #[arg(long, help = format!("Which app it runs: {}", bridge_formats::names()))]
        format: String,
        /// The number users text; several with commas or again.
        #[arg(long, value_delimiter = ',', value_name = "NUMBER")]
        number: Vec<String>,
        /// Its secret; one is made when not given. A command line can be read by everybody on the machine, so rather give
        /// a file.
        #[arg(long, value_name = "SECRET")]
        secret: Option<String>,
        /// A file with that secret.
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// What it signs with. With one, nothing unsigned is taken from it. Rather give a file.
        #[arg(long, value_name = "KEY", conflicts_with = "sign")]
        signing_key: Option<String>,
        /// A file with that key.
        #[arg(long, value_name = "FILE", conflicts_with = "sign")]
        signing_key_file: Option<PathBuf>,
        /// Make a signing key.
        #[arg(long)]
        sign: bool,
        /// SMSGate in local mode: where its own list of SMS can be read, like http://user:password@192.168.1.5:8080.
        #[arg(long, value_name = "URL")]
        inbox_url: Option<String>,
        /// How it writes the numbers of senders: e164, international or national, where you know it.
        #[arg(long, value_name = "STYLE")]
        number_style: Option<String>,
        /// In which zone its clock runs, like Asia/Kolkata or +05:30: for time stamps that do not say it.
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// How often it is heard from at least: after three times that it counts as silent.
        #[arg(long, value_name = "SECONDS")]
        expected_every_seconds: Option<u32>,
        #[command(flatten)]
        which: Which,
    },
    /// Every receiver and how it is.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Give a receiver a new secret; the one before stays live until the next rotation or --finish.
    Rotate {
        /// Its name.
        name: String,
        /// The new secret; one is made when not given. Rather give a file.
        #[arg(long, value_name = "SECRET")]
        secret: Option<String>,
        /// A file with that secret.
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// The new signing key; one is made when the receiver signs. Rather give a file.
        #[arg(long, value_name = "KEY")]
        signing_key: Option<String>,
        /// A file with that key.
        #[arg(long, value_name = "FILE")]
        signing_key_file: Option<PathBuf>,
        /// The app has the new one: the ones before end now.
        #[arg(long, conflicts_with_all = ["secret", "secret_file", "signing_key", "signing_key_file"])]
        finish: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Try a receiver: a sample as its app writes it is read, and nothing of it judged, counted or kept.
    Test {
        /// Its name.
        name: String,
        /// A file with the body of a request that its app made, to be read instead of a sample; - for standard input.
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        /// What that request had behind the `?`.
        #[arg(long, value_name = "QUERY")]
        query: Option<String>,
        /// Its Content-Type.
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Read a phone's own list of SMS (SMSGate in local mode), and take in what is missing.
    Pull {
        /// Its name.
        name: String,
        /// From when on, like 2026-01-31T12:00:00Z; an hour before it was last seen when not given.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Send no more users to a receiver; what it delivers is still taken.
    Pause {
        /// Its name.
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Send users to it again.
    Resume {
        /// Its name.
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Say how a receiver writes the numbers of senders: e164, international, national, or unknown.
    NumberStyle {
        /// Its name.
        name: String,
        /// +919876543210 is e164, 919876543210 is international, 9876543210 is national.
        style: String,
        #[command(flatten)]
        which: Which,
    },
    /// Say in which time zone a receiver's clock runs, or how often it is heard from.
    Set {
        /// Its name.
        name: String,
        /// A name like Asia/Kolkata, a distance from UTC like +05:30, or unknown.
        #[arg(long, value_name = "ZONE", required_unless_present = "expected_every_seconds")]
        time_zone: Option<String>,
        /// It counts as silent after three times as long; 0: nobody says how often.
        #[arg(long, value_name = "SECONDS")]
        expected_every_seconds: Option<u32>,
        #[command(flatten)]
        which: Which,
    },
    /// Take nothing from a receiver any more.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

impl Action {
    fn which(&self) -> &Which {
        match self {
            Action::Add { which, .. }
            | Action::List { which }
            | Action::Rotate { which, .. }
            | Action::Test { which, .. }
            | Action::Pull { which, .. }
            | Action::Pause { which, .. }
            | Action::Resume { which, .. }
            | Action::NumberStyle { which, .. }
            | Action::Set { which, .. }
            | Action::Revoke { which, .. } => which,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = args.action.which();
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = ask(&bridge.client, &args.action).await;
        let elsewhere = bridge.address_inside();
        bridge.leave().await;
        // What phones are given is where the bridge will listen, not where the one inside did.
        let answer = answer?;
        match elsewhere {
            Some(inside) => Ok(moved(answer, &inside.to_string(), &usual_bind(which)?.to_string())),
            None => Ok(answer),
        }
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::Add { name, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} receiver {BOLD}{name}{BOLD:#} is added\n");
            given(&answer);
        }
        Action::Rotate { name, finish: false, .. } => {
            anstream::println!(
                "{GOOD}✔{GOOD:#} {BOLD}{name}{BOLD:#} has a new secret; the one before stays live\n"
            );
            given(&answer);
            anstream::println!(
                "  When the app has it: {BOLD}sms-bridge receiver rotate {name} --finish{BOLD:#}"
            );
        }
        Action::Rotate { name, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} only the newest secret of {BOLD}{name}{BOLD:#} is live");
        }
        Action::Test { .. } => {
            receiver_test::show(&answer);
            return Ok(if answer["ok"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Action::Pull { name, .. } => super::import::show(name, &answer, false),
        Action::Pause { name, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} no user is sent to {BOLD}{name}{BOLD:#}");
        }
        Action::Resume { name, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} users are sent to {BOLD}{name}{BOLD:#} again");
        }
        Action::NumberStyle { name, style, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{name}{BOLD:#} is read as number_style {style}");
        }
        Action::Set { name, .. } => anstream::println!("{GOOD}✔{GOOD:#} saved for {BOLD}{name}{BOLD:#}"),
        Action::Revoke { name, .. } => {
            anstream::println!("{GOOD}✔{GOOD:#} nothing is taken from {BOLD}{name}{BOLD:#} any more");
        }
        Action::List { .. } => list(&answer),
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(client: &Client, action: &Action) -> Result<Value, String> {
    let of = |name: &str| format!("/admin/receivers/{name}");
    match action {
        Action::Add {
            name,
            format,
            number,
            secret,
            secret_file,
            signing_key,
            signing_key_file,
            sign,
            inbox_url,
            number_style,
            time_zone,
            expected_every_seconds,
            ..
        } => {
            let secret = secret_file::one("--secret", secret.as_deref(), secret_file.as_deref())?;
            let signing_key =
                secret_file::one("--signing-key", signing_key.as_deref(), signing_key_file.as_deref())?;
            let key = if *sign { json!(true) } else { json!(signing_key) };
            let body = json!({"name": name, "format": format, "numbers": number, "secret": secret,
                "signing_key": key, "inbox_url": inbox_url, "number_style": number_style, "time_zone": time_zone,
                "expected_every_seconds": expected_every_seconds});
            client.get(Method::POST, "/admin/receivers", Some(&body)).await
        }
        Action::List { .. } => client.get(Method::GET, "/admin/receivers", None).await,
        Action::Rotate { name, secret, secret_file, signing_key, signing_key_file, finish, .. } => {
            let secret = &secret_file::one("--secret", secret.as_deref(), secret_file.as_deref())?;
            let signing_key =
                &secret_file::one("--signing-key", signing_key.as_deref(), signing_key_file.as_deref())?;
            let mut body = Map::new();
            body.insert("finish".to_owned(), json!(finish));
            for (field, value) in [("secret", secret), ("signing_key", signing_key)] {
                body.extend(value.iter().map(|value| (field.to_owned(), json!(value))));
            }
            client.get(Method::POST, &format!("{}/rotate", of(name)), Some(&Value::Object(body))).await
        }
        Action::Test { name, body, query, content_type, .. } => {
            let body = body.as_deref().map(receiver_test::body_of).transpose()?;
            let sample = json!({"body": body, "query": query, "content_type": content_type});
            client.get(Method::POST, &format!("{}/test", of(name)), Some(&sample)).await
        }
        Action::Pull { name, since, .. } => super::import::pull(client, name, since.as_deref()).await,
        Action::Pause { name, .. } => {
            client.get(Method::PATCH, &of(name), Some(&json!({"paused": true}))).await
        }
        Action::Resume { name, .. } => {
            client.get(Method::PATCH, &of(name), Some(&json!({"paused": false}))).await
        }
        Action::NumberStyle { name, style, .. } => {
            let style = (style != "unknown").then_some(style);
            client.get(Method::PATCH, &of(name), Some(&json!({"number_style": style}))).await
        }
        Action::Set { name, time_zone, expected_every_seconds, .. } => {
            let mut change = Map::new();
            if let Some(zone) = time_zone {
                change.insert("time_zone".to_owned(), json!((zone != "unknown").then_some(zone)));
            }
            if let Some(seconds) = expected_every_seconds {
                change.insert("expected_every_seconds".to_owned(), json!((*seconds != 0).then_some(seconds)));
            }
            client.get(Method::PATCH, &of(name), Some(&Value::Object(change))).await
        }
        Action::Revoke { name, .. } => client.get(Method::DELETE, &of(name), None).await,
    }
}

/// Every text of it with another address.
fn moved(value: Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(from, to)),
        Value::Array(items) => items.into_iter().map(|item| moved(item, from, to)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, moved(value, from, to))).collect()
        }
        other => other,
    }
}

/// What the app is to be given.
pub(super) fn given(answer: &Value) {
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let rows = [
        ("URL", text("url")),
        ("secret", text("secret")),
        ("signing key", text("signing_key")),
        ("sign of life", text("heartbeat_url")),
    ];
    for (what, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        anstream::println!("  {DIM}{what:<13}{DIM:#} {BOLD}{value}{BOLD:#}");
    }
    anstream::println!("  {WARN}The secret is shown this once.{WARN:#}");
    if !text("warning").is_empty() {
        anstream::println!("  {BAD}{}{BAD:#}", text("warning"));
    }
    anstream::println!();
    if let Some(picture) = qr(text("url")) {
        anstream::println!("{picture}\n  {DIM}Scan it with the phone to copy the URL.{DIM:#}\n");
    }
    for (number, step) in answer["steps"].as_array().into_iter().flatten().enumerate() {
        anstream::println!("  {BOLD}{}.{BOLD:#} {}", number + 1, step.as_str().unwrap_or_default());
    }
    if text("url").contains("://127.0.0.1") {
        anstream::println!(
            "\n  {WARN}A phone cannot reach 127.0.0.1:{WARN:#} start the bridge with --bind 0.0.0.0:8080 in your own network,\n  \
             or behind a tunnel with SMS_BRIDGE_PUBLIC_URL, and add the receiver again."
        );
    }
}

/// Two rows of the code in one line of text, light on dark terminals too.
fn qr(text: &str) -> Option<String> {
    const QUIET: usize = 2;
    let code = QrCode::new(text).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let is_dark = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(QUIET), y.checked_sub(QUIET));
        match (x, y) {
            (Some(x), Some(y)) if x < width && y < width => colors.get(y * width + x) == Some(&Color::Dark),
            _ => false,
        }
    };
    let whole = width + 2 * QUIET;
    let line = |y: usize| {
        let dots = (0..whole).map(|x| match (is_dark(x, y), y + 1 < whole && is_dark(x, y + 1)) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        });
        format!("  {}", dots.collect::<String>())
    };
    Some((0..whole).step_by(2).map(line).collect::<Vec<_>>().join("\n"))
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!(
            "{DIM}no receiver was added by name: sms-bridge receiver add hall-phone --format smsgate --number +91…{DIM:#}"
        );
        return;
    }
    let mut table = super::table(&[
        "receiver",
        "state",
        "format",
        "numbers",
        "last seen",
        "SMS",
        "again",
        "refused",
        "battery",
        "app",
    ]);
    for item in &items {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let numbers: Vec<&str> =
            item["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state = text("status");
        let colour = match state.as_str() {
            "ok" => comfy_table::Color::Green,
            "never_seen" | "paused" => comfy_table::Color::Yellow,
            _ => comfy_table::Color::Red,
        };
        let battery = item["battery"].as_u64().map(|percent| format!("{percent} %")).unwrap_or_default();
        table.add_row([
            comfy_table::Cell::new(text("name")),
            comfy_table::Cell::new(state.replace('_', " ")).fg(colour),
            comfy_table::Cell::new(text("format")),
            comfy_table::Cell::new(numbers.join("\n")),
            comfy_table::Cell::new(text("last_seen")),
            comfy_table::Cell::new(item["delivered"].to_string()),
            comfy_table::Cell::new(item["redelivered"].to_string()),
            comfy_table::Cell::new(item["rejected"].to_string()),
            comfy_table::Cell::new(battery),
            comfy_table::Cell::new(text("app_version")),
        ]);
    }
    anstream::println!("{table}");
    for item in &items {
        if let Some(warning) = item["app_warning"].as_str() {
            anstream::println!("{BAD}!{BAD:#} {}: {warning}", item["name"].as_str().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_qr_code_is_as_wide_as_its_lines() {
        let picture =
            super::qr("https://sms.example.org/sms/receive/smsgate?apiKey=0123456789abcdef").unwrap();
        let widths: Vec<usize> = picture.lines().map(|line| line.chars().count()).collect();
        assert!(widths.len() > 10 && widths.iter().all(|width| *width == widths[0]), "{picture}");
    }
}
