//! The bridge runs for the first time, under the account that owns its folder, and is told over HTTP what was asked:
//! country, receiver, an account for the desk. One that runs already is told the same and goes on running.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bridge_app::base::secrets;
use bridge_core::phone::{BareDigits, Mobile};
use bridge_store::folder;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::super::bridge::Client;
use super::super::{BOLD, DIM, GOOD, WARN, receiver};
use super::Args;
use super::ask::Asker;
use super::unit;
use crate::config::Config;
use crate::config_file;
use crate::lifecycle::Note;

/// Between two looks whether it answers.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 600;

/// What the bridge is told once it runs.
pub(super) struct Wishes {
    country: Option<String>,
    receiver: Option<Receiver>,
    /// The ntfy topic that is told when something is wrong.
    alert: Option<String>,
}

struct Receiver {
    name: String,
    format: String,
    number: Option<String>,
}

impl Wishes {
    /// Asks for country and receiver.
    pub(super) fn ask(asker: &Asker, args: &Args, is_new: bool) -> Result<Wishes, String> {
        let usual =
            args.country.clone().unwrap_or_else(|| if is_new { "91".to_owned() } else { String::new() });
        let country =
            asker.until("Calling code of the country whose numbers may register", &usual, |answer| {
                let digits = answer.trim_start_matches('+');
                if digits.chars().all(|c| c.is_ascii_digit()) {
                    Ok(digits.to_owned())
                } else {
                    Err("digits, like 91".to_owned())
                }
            })?;
        let usual = args.number.clone().unwrap_or_default();
        let number = asker.until("The number that users text", &usual, |answer| {
            if answer.is_empty() {
                return Ok(None);
            }
            let read = Mobile::parse(answer, &country, BareDigits::NationalFirst)
                .map_err(|_| format!("{answer:?} is no number like +919876543210"))?;
            Ok(Some(read.e164().to_owned()))
        })?;
        let receiver = match (&number, &args.format) {
            (None, None) => None,
            (_, format) => {
                let usual = format.clone().unwrap_or_else(usual_format);
                let format = asker.until(
                    "What receives SMS there: an app, a modem, a provider",
                    &usual,
                    |answer| {
                        if bridge_formats::named(answer).is_some() {
                            return Ok(answer.to_owned());
                        }
                        let known = bridge_formats::all().map(|format| format.name.to_owned());
                        let hint = config_file::did_you_mean(answer, known);
                        Err(format!("{answer:?} is none of {}{hint}", bridge_formats::names()))
                    },
                )?;
                Some(Receiver { name: args.receiver.clone(), format, number })
            }
        };
        let usual = args.alert.clone().unwrap_or_default();
        let question = "Who is told when something is wrong: an ntfy topic (https://ntfy.sh/…), or later by e-mail and more";
        let alert = asker.unless_ended(question, &usual, topic)?;
        Ok(Wishes { country: Some(country).filter(|country| !country.is_empty()), receiver, alert })
    }
}

/// The address of a topic; nothing is none.
fn topic(answer: &str) -> Result<Option<String>, String> {
    if answer.is_empty() {
        return Ok(None);
    }
    let url = reqwest::Url::parse(answer).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.filter(|url| url.path().trim_matches('/') != "");
    url.map(|_| Some(answer.to_owned()))
        .ok_or_else(|| "an address like https://ntfy.sh/sms-bridge-7f3k2q".to_owned())
}

/// What most begin with: an app for an old phone, the first of the list.
fn usual_format() -> String {
    bridge_formats::all().next().map(|format| format.name.to_owned()).unwrap_or_default()
}

/// Starts it if it does not run, tells it, and stops it again. Answers whether it goes on running with the new file.
pub(super) async fn run(file: &Path, config: &Config, wishes: &Wishes) -> Result<bool, String> {
    let runs = folder::is_in_use(&config.data_dir);
    let is_restarted = runs && unit::restarted()?;
    let log = tempfile::NamedTempFile::new().map_err(|error| format!("no file for its log: {error}"))?;
    let child = if runs { None } else { Some(start(file, config, &log)?) };
    tell(config, wishes, child).await.map_err(|problem| {
        let said = std::fs::read_to_string(log.path()).unwrap_or_default();
        format!("{problem}\n{said}")
    })?;
    if runs && !is_restarted {
        anstream::println!(
            "{WARN}!{WARN:#} the bridge runs already: restart it, so that it reads the new file"
        );
    }
    Ok(is_restarted)
}

async fn tell(config: &Config, wishes: &Wishes, mut child: Option<Child>) -> Result<(), String> {
    let note = match answers(config, child.as_mut()).await {
        Ok(note) => note,
        Err(problem) => {
            stop(child)?;
            return Err(problem);
        }
    };
    let done = wish(config, &note, wishes).await;
    stop(child)?;
    done
}

fn start(file: &Path, config: &Config, log: &NamedTempFile) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| format!("the program is not found: {error}"))?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--config").arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(log.reopen().map_err(|error| error.to_string())?);
    // The file alone is tried.
    for flag in config_file::flags().get_arguments() {
        if let Some(variable) = flag.get_env() {
            command.env_remove(variable);
        }
    }
    let owner = std::fs::metadata(&config.data_dir).map_err(|error| error.to_string())?;
    if rustix::process::geteuid().is_root() && owner.uid() != 0 {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command.spawn().map_err(|error| format!("the bridge cannot be started: {error}"))
}

/// Waits until it answers.
async fn answers(config: &Config, mut child: Option<&mut Child>) -> Result<Note, String> {
    for _ in 0..LOOKS_MAX {
        match Note::read(&config.data_dir) {
            Ok(note) => return Ok(note),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(error.to_string()),
            Err(_) => {}
        }
        if let Some(child) = child.as_deref_mut()
            && let Ok(Some(_)) = child.try_wait()
        {
            return Err("the bridge did not start: this is what it said".to_owned());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err("the bridge does not answer".to_owned())
}

fn stop(child: Option<Child>) -> Result<(), String> {
    let Some(mut child) = child else { return Ok(()) };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // One that ended by itself needs no signal.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    child.wait().map(drop).map_err(|error| error.to_string())
}

async fn wish(config: &Config, note: &Note, wishes: &Wishes) -> Result<(), String> {
    let token = match config.admin_token.first() {
        Some(token) => token.clone(),
        None => secrets::read(&config.data_dir, "admin_token").map_err(|error| error.to_string())?,
    };
    let client = Client::new(&note.admin_url, token)?;
    client.get(Method::GET, "/admin/settings", None).await?;
    anstream::println!("{GOOD}✔{GOOD:#} the bridge started and answered");
    if let Some(country) = &wishes.country {
        for (key, value) in
            [("default_country_code", json!(country)), ("allowed_country_codes", json!([country]))]
        {
            let body = json!({ "value": value });
            client.get(Method::PUT, &format!("/admin/settings/{key}"), Some(&body)).await?;
        }
    }
    account(config, &client).await?;
    alert(&client, wishes.alert.as_deref()).await?;
    match &wishes.receiver {
        Some(wanted) => add(&client, wanted).await,
        None => {
            anstream::println!(
                "{WARN}!{WARN:#} no receiving number yet: sms-bridge receiver add hall-phone --format {} --number +91…",
                usual_format()
            );
            Ok(())
        }
    }
}

/// Somebody who is told, tried at once. One that does not answer is kept: it may answer when it is needed.
async fn alert(client: &Client, topic: Option<&str>) -> Result<(), String> {
    let Some(topic) = topic else {
        anstream::println!(
            "{WARN}!{WARN:#} nobody is told when something is wrong: sms-bridge notify add ntfy https://ntfy.sh/… {DIM}(docs/alerts.md){DIM:#}"
        );
        return Ok(());
    };
    let told = client.get(Method::GET, "/admin/notify", None).await?;
    let mut told = told["items"].as_array().into_iter().flatten();
    if told.any(|target| target["to"].as_str() == Some(topic)) {
        anstream::println!("{GOOD}✔{GOOD:#} {topic} is told already");
        return Ok(());
    }
    let body = json!({"kind": "ntfy", "url": topic});
    let added = client.get(Method::POST, "/admin/notify", Some(&body)).await?;
    let path = format!("/admin/notify/{}/test", added["id"].as_str().unwrap_or_default());
    let tested = client.get(Method::POST, &path, Some(&json!({}))).await?;
    if tested["delivered"] == true {
        anstream::println!("{GOOD}✔{GOOD:#} {topic} is told when something is wrong: a test is on its way");
    } else {
        let why = super::super::plain::escaped(tested["error"].as_str().unwrap_or_default());
        anstream::println!(
            "{WARN}!{WARN:#} {topic} is told when something is wrong, but took no test: {why}; sms-bridge notify test tries again"
        );
    }
    Ok(())
}

/// An owner for the desk, where it has no account yet.
async fn account(config: &Config, client: &Client) -> Result<(), String> {
    let accounts = client.get(Method::GET, "/admin/accounts", None).await?;
    if accounts["items"].as_array().is_none_or(|items| !items.is_empty()) {
        return Ok(());
    }
    let body = json!({"name": "owner", "role": "owner", "password": Value::Null});
    let made = client.get(Method::POST, "/admin/accounts", Some(&body)).await?;
    let port = config.private_bind.unwrap_or(config.bind).port();
    anstream::println!(
        "{GOOD}✔{GOOD:#} your account for the desk is {BOLD}owner{BOLD:#}: once the bridge runs, choose its password at\n  \
         {BOLD}http://127.0.0.1:{port}{}{BOLD:#} {DIM}(until {}; later: sms-bridge admin reset-password owner){DIM:#}",
        made["link"]["path"].as_str().unwrap_or_default(),
        made["link"]["until"].as_str().unwrap_or_default()
    );
    Ok(())
}

async fn add(client: &Client, wanted: &Receiver) -> Result<(), String> {
    let numbers: Vec<&String> = wanted.number.iter().collect();
    let body = json!({"name": wanted.name, "format": wanted.format, "numbers": numbers});
    let answer = client.ask(Method::POST, "/admin/receivers", Some(&body)).await?;
    if answer.status == reqwest::StatusCode::CONFLICT {
        anstream::println!("{GOOD}✔{GOOD:#} the receiver {BOLD}{}{BOLD:#} is there already", wanted.name);
        return Ok(());
    }
    if !answer.status.is_success() {
        return Err(answer.problem());
    }
    anstream::println!("{GOOD}✔{GOOD:#} receiver {BOLD}{}{BOLD:#} is added. On the phone:\n", wanted.name);
    receiver::given(&answer.body);
    Ok(())
}
