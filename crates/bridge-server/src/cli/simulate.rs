//! `simulate`: plays a user with a phone against a running bridge: registers, sends the SMS, asks.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::bridge::Client;
use super::phone::{Phone, Sms};
use super::plain;
use super::{BOLD, DIM, FAILED, verdicts};
use crate::lifecycle::Note;
use crate::secret_file;
use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::base::secrets;

/// What to play.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The number that registers, like +919876543210.
    #[arg(long, value_name = "NUMBER")]
    mobile: String,
    /// The number that sends, when it is another one.
    #[arg(long, value_name = "NUMBER")]
    sender: Option<String>,
    /// The text to send instead of the right one.
    #[arg(long)]
    text: Option<String>,
    /// The user's e-mail address.
    #[arg(long, default_value = "user@example.com")]
    email: String,
    /// The user's device; a new one when not given.
    #[arg(long)]
    device: Option<String>,
    /// The bridge; the one that runs on the data folder when not given.
    #[arg(long)]
    url: Option<String>,
    /// The data folder of the bridge, for its address and keys.
    #[arg(long, env = "SMS_BRIDGE_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// The app's key, when it is not the generated one; rather give a file or the environment.
    #[arg(long, env = "SMS_BRIDGE_API_KEY", hide_env_values = true, value_name = "SECRET")]
    api_key: Option<String>,
    /// A file with that key.
    #[arg(long, env = "SMS_BRIDGE_API_KEY_FILE", value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// The receiver's key, when it is not the generated one; rather give a file or the environment.
    #[arg(long, env = "SMS_BRIDGE_RECEIVER_KEY", hide_env_values = true, value_name = "SECRET")]
    receiver_key: Option<String>,
    /// A file with that key.
    #[arg(long, env = "SMS_BRIDGE_RECEIVER_KEY_FILE", value_name = "FILE")]
    receiver_key_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let (registered, answer, status) = super::block_on(play(args))?;
    let passed = answer["validation_status"] == "passed";
    if args.json {
        let all = json!({"registration": registered, "sms": answer, "status": status});
        anstream::println!("{}", plain::json_line(&all));
    } else {
        let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
        anstream::println!(
            "{BOLD}registered{BOLD:#}  {}  {DIM}until {}{DIM:#}",
            text(&registered["mobile_number"]),
            text(&registered["user_deadline"])
        );
        anstream::println!(
            "{BOLD}to send{BOLD:#}     {}  {DIM}to {}{DIM:#}",
            text(&registered["sms_body"]),
            text(&registered["sms_receiver_number"])
        );
        let (mut table, legend) = verdicts::table();
        table.add_row(verdicts::row("the SMS", &answer));
        anstream::println!("{table}");
        anstream::println!("{DIM}{legend}{DIM:#}");
        anstream::println!("{BOLD}status{BOLD:#}      {}", text(&status["status"]));
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn play(args: &Args) -> Result<(Value, Value, Value), String> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            Note::read(&args.data_dir)
                .map_err(|error| match error.kind() {
                    ErrorKind::PermissionDenied => error.to_string(),
                    _ => format!("no bridge runs on {}: start one, or give --url", args.data_dir.display()),
                })?
                .url
        }
    };
    let key = |given: &Option<String>, name: &str| match given {
        Some(key) => Ok(key.split(',').next().unwrap_or_default().to_owned()),
        None => secrets::read(&args.data_dir, name).map_err(|_| {
            format!(
                "the {name} is not in {}: give it with --{}",
                args.data_dir.display(),
                name.replace('_', "-")
            )
        }),
    };
    let client = Client::new(&url, String::new())?.for_people(!args.json);
    let api_key = secret_file::one("--api-key", args.api_key.as_deref(), args.api_key_file.as_deref())?;
    let receiver_key =
        secret_file::one("--receiver-key", args.receiver_key.as_deref(), args.receiver_key_file.as_deref())?;
    let phone = Phone::new(&client, key(&api_key, "api_key")?, key(&receiver_key, "receiver_key")?);
    let now = Clock::system().now();
    let fresh = Entropy::system().id(now).map_err(|error| error.to_string())?.to_string();
    let device = args.device.clone().unwrap_or_else(|| format!("simulated-{fresh}"));
    let answer = phone.register(&args.mobile, &args.email, &device).await?;
    if !answer.status.is_success() {
        return Err(format!("the registration was refused: {}", answer.problem()));
    }
    let registered = answer.body;
    let text =
        args.text.clone().unwrap_or_else(|| registered["sms_body"].as_str().unwrap_or_default().to_owned());
    let answer = phone
        .send(&Sms {
            sender: args.sender.as_ref().unwrap_or(&args.mobile),
            text: &text,
            received_timestamp: Clock::system().now().to_string(),
            message_id: &fresh,
        })
        .await?;
    let id = registered["onboarding_id"].as_str().unwrap_or_default().to_owned();
    let status = phone.status(&id).await?;
    Ok((registered, answer, status))
}
