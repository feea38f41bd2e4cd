//! `migrate`: brings the audit database up to date, past the pooler; `--check` only tells. The embedded stores bring
//! themselves up to date when they are opened.

use std::process::ExitCode;

use bridge_backends::postgres::{self, MigrateError, SchemaState};
use bridge_backends::remote;
use bridge_store::StoreError;

use super::{FAILED, GOOD, WARN};
use crate::config::EMBEDDED;

/// Which database.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The audit database, past the pooler.
    #[arg(long, env = "SMS_BRIDGE_AUDIT_DIRECT_URL", hide_env_values = true, value_name = "URL")]
    audit_direct_url: Option<String>,
    /// The audit database, where no direct URL is given.
    #[arg(long, env = "SMS_BRIDGE_AUDIT_URL", default_value = EMBEDDED, hide_env_values = true, value_name = "URL")]
    audit_url: String,
    /// Only tell whether there is something to do: exit code 1 if so.
    #[arg(long)]
    check: bool,
    /// Print the SQL that the operator runs once at the remote Supabase, and do nothing else.
    #[arg(long)]
    remote_sql: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    if args.remote_sql {
        anstream::print!("{}", remote::SQL);
        return Ok(ExitCode::SUCCESS);
    }
    let url = args.audit_direct_url.as_deref().unwrap_or(&args.audit_url);
    if url == EMBEDDED {
        say(args, true, "the embedded stores bring themselves up to date");
        return Ok(ExitCode::SUCCESS);
    }
    super::block_on(async {
        if args.check {
            let (current, text) = match postgres::schema_state(url).await.map_err(|error| told(&error))? {
                SchemaState::Current => (true, "up to date".to_owned()),
                SchemaState::Missing => (false, "the database is empty: run sms-bridge migrate".to_owned()),
                SchemaState::Older(version) => {
                    (false, format!("schema {version} is older than this program: run sms-bridge migrate"))
                }
                SchemaState::Newer(version) => {
                    (false, format!("schema {version} is newer than this program: run the newer one"))
                }
            };
            say(args, current, &text);
            return Ok(if current { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
        }
        let migrated = postgres::migrate(url).await.map_err(|error| told(&error))?;
        if migrated.from == migrated.to {
            say(args, true, &format!("up to date already (schema {})", migrated.to));
        } else {
            say(args, true, &format!("brought from schema {} to {}", migrated.from, migrated.to));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn told(error: &MigrateError) -> String {
    match error {
        MigrateError::Store(StoreError { source: Some(source), .. }) => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}

fn say(args: &Args, current: bool, text: &str) {
    if args.json {
        anstream::println!("{}", serde_json::json!({"current": current, "result": text}));
        return;
    }
    let style = if current { GOOD } else { WARN };
    anstream::println!("{style}{text}{style:#}");
}
