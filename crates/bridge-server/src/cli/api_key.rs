//! `api-key`: keys for apps, receivers and programs, from a shell.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::show::Times;
use super::{BOLD, DIM, GOOD, WARN, plain};

/// What to do with API keys.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Make a key; prints it, this once.
    Add {
        /// Who will have it, like shop.
        name: String,
        /// What it opens: register, status, receive or admin; several with commas or again.
        #[arg(long = "scope", value_delimiter = ',', value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Every key, what it opens and when it was last used.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Take a key away: whoever has it is refused at once.
    Revoke {
        /// Its name or id, from the list.
        key: String,
        #[command(flatten)]
        which: Which,
    },
}

impl Action {
    fn which(&self) -> &Which {
        match self {
            Action::Add { which, .. } | Action::List { which } | Action::Revoke { which, .. } => which,
        }
    }
}

const PATH: &str = "/admin/api-keys";

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = args.action.which();
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = ask(&bridge, &args.action).await;
        bridge.leave().await;
        answer
    })?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::Add { .. } => added(&answer),
        Action::List { .. } => list(&answer),
        Action::Revoke { .. } => {
            let name = plain::escaped(text(&answer, "revoked")).into_owned();
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{name}{BOLD:#} opens nothing any more");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(bridge: &Bridge, action: &Action) -> Result<Value, String> {
    let client = bridge.client.for_people(!action.which().json);
    match action {
        Action::Add { name, scopes, .. } => {
            let body = json!({"name": name, "scopes": scopes});
            client.get(Method::POST, PATH, Some(&body)).await
        }
        Action::List { .. } => client.get(Method::GET, PATH, None).await,
        Action::Revoke { key, .. } => {
            let all = client.get(Method::GET, PATH, None).await?;
            let items = all["items"].as_array().map_or(&[][..], Vec::as_slice);
            let named = |item: &&Value| {
                text(item, "id") == key.as_str() || text(item, "name").eq_ignore_ascii_case(key)
            };
            let found = items.iter().find(named).ok_or_else(|| {
                let names = items.iter().map(|item| text(item, "name").to_owned());
                format!("there is no API key {key}{}", crate::config_file::did_you_mean(key, names))
            })?;
            client.get(Method::DELETE, &format!("{PATH}/{}", text(found, "id")), None).await?;
            Ok(json!({"revoked": text(found, "name"), "id": text(found, "id")}))
        }
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn scopes(entry: &Value) -> String {
    let words: Vec<&str> =
        entry["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    words.join(", ")
}

fn added(answer: &Value) {
    let name = plain::escaped(text(answer, "name")).into_owned();
    anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{name}{BOLD:#} may: {}", scopes(answer));
    anstream::println!("  key  {BOLD}{}{BOLD:#}", text(answer, "secret"));
    anstream::println!("{WARN}It is not shown again.{WARN:#} It is sent as Authorization: Bearer.");
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        anstream::println!(
            "{DIM}no key was made; those of the configuration hold: sms-bridge api-key add NAME --scope register{DIM:#}"
        );
        return;
    }
    let times = Times::here();
    let mut table = super::table(&["name", "opens", "begins with", "last used", "made", "by", "id"]);
    for item in items {
        table.add_row([
            plain::escaped(text(item, "name")).into_owned(),
            scopes(item),
            format!("{}…", text(item, "hint")),
            item["last_used_at"].as_str().map_or_else(|| "never".to_owned(), |at| times.show(at)),
            times.show(text(item, "created_at")),
            plain::escaped(text(item, "created_by")).into_owned(),
            text(item, "id").to_owned(),
        ]);
    }
    anstream::println!("{table}");
    anstream::println!("{DIM}{}{DIM:#}", times.zone());
}
