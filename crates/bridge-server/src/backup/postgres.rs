//! The audit database in a backup: PostgreSQL's own `pg_dump` and `pg_restore` do it, and what they made is looked at. The
//! password goes to them by their environment: a command line can be read by every account of the machine.

use std::path::Path;
use std::process::{Command, Stdio};

use bridge_backends::postgres::{self, SchemaState};

use super::Result;

/// Tables that no dump of a bridge lacks.
const TABLES: [&str; 3] = ["input_sms", "onboarding_mobile", "power_down_store"];

/// A program of PostgreSQL for this database.
fn program(name: &str, url: &str) -> Result<Command> {
    let mut url =
        reqwest::Url::parse(url).map_err(|_| "the URL of the audit database cannot be read".to_owned())?;
    let mut command = Command::new(name);
    if let Some(password) = url.password() {
        let decoded: String = form_urlencoded::parse(
            format!("p={}", password.replace('+', "%2B").replace('&', "%26")).as_bytes(),
        )
        .map(|(_, value)| value.into_owned())
        .collect();
        command.env("PGPASSWORD", decoded);
        if url.set_password(None).is_err() {
            return Err("the URL of the audit database cannot be read".to_owned());
        }
    }
    command.arg(format!("--dbname={url}")).stdin(Stdio::null());
    Ok(command)
}

fn run(name: &str, mut command: Command) -> Result<String> {
    let output = command.output().map_err(|error| {
        format!(
            "{name} cannot be run: {error}. It comes with PostgreSQL's client (apt install postgresql-client)"
        )
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Dumps it to a file, and looks whether everything is in it.
pub(super) fn dump(url: &str, to: &Path) -> Result<()> {
    let mut command = program("pg_dump", url)?;
    command
        .args(["--format=custom", "--no-owner", "--no-privileges"])
        .arg(format!("--file={}", to.display()));
    run("pg_dump", command)?;
    check(to)
}

fn check(dump: &Path) -> Result<()> {
    let mut command = Command::new("pg_restore");
    command.arg("--list").arg(dump).stdin(Stdio::null());
    let list = run("pg_restore", command)?;
    let has = |table: &str| {
        list.lines().any(|line| line.contains("TABLE DATA") && line.contains(&format!(" {table}")))
    };
    match TABLES.iter().find(|table| !has(table)) {
        None => Ok(()),
        Some(missing) => Err(format!(
            "the dump of the audit database lacks {missing}: it is not the bridge's, or not whole"
        )),
    }
}

/// The version of its tables.
pub(super) async fn schema(url: &str) -> Result<i32> {
    match postgres::schema_state(url).await.map_err(|error| error.to_string())? {
        SchemaState::Current => Ok(postgres::KNOWN),
        SchemaState::Older(version) | SchemaState::Newer(version) => Ok(version),
        SchemaState::Missing => {
            Err("the audit database has no tables: there is nothing to back up".to_owned())
        }
    }
}

/// Fills an empty database from a dump, all or nothing.
pub(super) async fn fill(url: &str, from: &Path) -> Result<()> {
    check(from)?;
    if !matches!(postgres::schema_state(url).await.map_err(|error| error.to_string())?, SchemaState::Missing)
    {
        return Err("the audit database has tables already: restore into one that is empty".to_owned());
    }
    let mut command = program("pg_restore", url)?;
    command.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(from);
    run("pg_restore", command)?;
    postgres::migrate(url).await.map_err(|error| error.to_string())?;
    Ok(())
}
