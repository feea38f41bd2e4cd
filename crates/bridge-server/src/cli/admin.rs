//! `admin`: the accounts of the desk from a shell, also when nobody can log in.

use std::io::Read;
use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Client, Which, usual_desk};
use super::plain;
use super::{BAD, BOLD, DIM, GOOD};

/// What to do with accounts.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Add an account; prints a link with which its person chooses a password.
    Create {
        /// Its name.
        name: String,
        /// What it may do: viewer, operator or owner.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Take the password from standard input instead of making a link.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Make a link with which somebody chooses a new password; until then the old one holds.
    ResetPassword {
        /// The account.
        name: String,
        /// Set the password from standard input instead; whoever is logged in with the account is logged out.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Every account.
    List {
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::Create { which, .. } | Action::ResetPassword { which, .. } | Action::List { which } => which,
    };
    let password = match &args.action {
        Action::Create { password_stdin: true, .. } | Action::ResetPassword { password_stdin: true, .. } => {
            Some(password()?)
        }
        _ => None,
    };
    let (answer, desk) = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = ask(&bridge.client, &args.action, password.as_deref()).await;
        // A link leads to where the bridge will listen, not to where the one inside did.
        let desk = match bridge.address_inside() {
            Some(_) => format!("http://{}", usual_desk(which)?),
            None => bridge.client.url().to_owned(),
        };
        bridge.leave().await;
        Ok((answer?, desk))
    })?;
    let answer = with_address(answer, &desk);
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    match &args.action {
        Action::List { .. } => list(&answer),
        Action::Create { .. } => {
            let (name, role) = (text(&answer, "name"), text(&answer, "role"));
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{name}{BOLD:#} is added as {role}");
            show_link(&answer);
        }
        Action::ResetPassword { .. } => {
            if password.is_some() {
                anstream::println!(
                    "{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} has a new password",
                    text(&answer, "name")
                );
            }
            show_link(&answer);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line of standard input.
fn password() -> Result<String, String> {
    let mut all = String::new();
    std::io::stdin()
        .read_to_string(&mut all)
        .map_err(|error| format!("the password cannot be read from standard input: {error}"))?;
    Ok(all.trim_end_matches(['\r', '\n']).to_owned())
}

async fn ask(client: &Client, action: &Action, password: Option<&str>) -> Result<Value, String> {
    match action {
        Action::Create { name, role, .. } => {
            let body = json!({"name": name, "role": role, "password": password});
            client.get(Method::POST, "/admin/accounts", Some(&body)).await
        }
        Action::ResetPassword { name, .. } => match password {
            Some(password) => {
                let body = json!({ "password": password });
                client.get(Method::PATCH, &format!("/admin/accounts/{name}"), Some(&body)).await
            }
            None => client.get(Method::POST, &format!("/admin/accounts/{name}/link"), None).await,
        },
        Action::List { .. } => client.get(Method::GET, "/admin/accounts", None).await,
    }
}

/// The link as it can be opened.
fn with_address(mut answer: Value, desk: &str) -> Value {
    if let Some(path) = answer["link"]["path"].as_str() {
        answer["link"]["url"] = Value::from(format!("{desk}{path}"));
    }
    answer
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn show_link(answer: &Value) {
    if let Some(url) = answer["link"]["url"].as_str() {
        let until = text(&answer["link"], "until");
        anstream::println!("  Open {BOLD}{url}{BOLD:#}\n  {DIM}works once, until {until}{DIM:#}");
    }
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!("{DIM}no account yet: start the bridge and open the link it prints{DIM:#}");
        return;
    }
    let mut table = super::table(&["name", "role", "may log in", "since"]);
    for item in &items {
        let may = match (item["disabled"].as_bool(), item["has_password"].as_bool()) {
            (Some(true), _) => format!("{BAD}no{BAD:#}"),
            (_, Some(false)) => "once it has a password".to_owned(),
            _ => "yes".to_owned(),
        };
        table.add_row([text(item, "name"), text(item, "role"), &may, text(item, "created_at")]);
    }
    anstream::println!("{table}");
}
