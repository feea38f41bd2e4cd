//! `health`: one question to the bridge that runs, and an exit code: for a container, a cron job, whoever watches over it.
//! What is wrong is said by `doctor`.

use std::path::PathBuf;
use std::process::ExitCode;

use reqwest::Method;

use super::bridge::Client;
use super::{BAD, FAILED, GOOD};
use crate::lifecycle::Note;

/// Which bridge.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The bridge; the one that runs on the data folder when not given.
    #[arg(long)]
    url: Option<String>,
    /// The data folder of the bridge.
    #[arg(long, env = "SMS_BRIDGE_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    data_dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            Note::read(&args.data_dir)
                .map_err(|error| format!("no bridge runs on {}: {error}", args.data_dir.display()))?
                .url
        }
    };
    let client = Client::new(&url, String::new())?;
    let answer = super::block_on(client.ask(Method::GET, "/readyz", None))?;
    if answer.status.is_success() {
        anstream::println!("{GOOD}✔{GOOD:#} it takes SMS");
        return Ok(ExitCode::SUCCESS);
    }
    anstream::println!("{BAD}✘{BAD:#} it takes no SMS ({}): sms-bridge doctor says why", answer.status);
    Ok(ExitCode::from(FAILED))
}
