//! Tries an answer at once: connects, writes, reads back. Says in a sentence what is wrong and what to do.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use bridge_app::base::metrics::Stopwatch;
use bridge_backends::postgres::{self, MigrateError};
use bridge_backends::{redis, remote};
use bridge_store::finding::Level;
use bridge_store::{StoreError, folder, private};

use super::super::{DIM, GOOD, WARN, block_on};
use crate::config::EMBEDDED;

/// Written and read back.
const PROBE: &[u8] = b"sms-bridge init";
const PROBE_BYTES: u32 = 1024;
/// A card or disk that takes longer slows every SMS down.
const SLOW: Duration = Duration::from_millis(50);
/// A server that does not answer in time is away.
const PATIENCE: Duration = Duration::from_secs(10);

fn good(what: &str) {
    anstream::println!("  {GOOD}✔{GOOD:#} {what}");
}

/// The data folder: something is written, synced and read back.
pub(super) fn folder(folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be used: {error}", folder.display());
    private::make_folder(folder).map_err(failed)?;
    if !private::may_be_ours(folder).map_err(failed)? {
        return Err(format!("{} is shared with every account: give it one of its own", folder.display()));
    }
    let probe = folder.join(".init");
    let watch = Stopwatch::start();
    bridge_app::base::data_file::write(&probe, PROBE).map_err(failed)?;
    let took = watch.elapsed();
    let read = std::fs::read(&probe).map_err(failed)?;
    std::fs::remove_file(&probe).map_err(failed)?;
    if read != PROBE {
        return Err(format!("{} does not give back what was written to it", folder.display()));
    }
    good(&format!("written and read back in {} ms", took.as_millis()));
    if took > SLOW {
        anstream::println!(
            "  {WARN}!{WARN:#} {DIM}the disk is slow: a better card or an SSD makes every answer faster{DIM:#}"
        );
    }
    Ok(())
}

/// Where it listens: nobody else does, but perhaps the bridge itself.
pub(super) fn listener(answer: &str, data_dir: &Path) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        answer.parse().map_err(|_| "an address and a port, like 127.0.0.1:8080".to_owned())?;
    match TcpListener::bind(address) {
        Ok(_) => {}
        Err(_) if folder::is_in_use(data_dir) => {}
        Err(error) => return Err(format!("it cannot listen on {address}: {error}")),
    }
    Ok(address)
}

/// The address that links point to. Nothing answers there yet.
pub(super) fn public_url(answer: &str) -> Result<String, String> {
    if answer.is_empty() {
        return Ok(String::new());
    }
    match reqwest::Url::parse(answer) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(answer.trim_end_matches('/').to_owned())
        }
        _ => Err("an address like https://sms.example.org".to_owned()),
    }
}

/// The hot store.
pub(super) fn hot(answer: &str) -> Result<String, String> {
    if answer == EMBEDDED {
        return Ok(answer.to_owned());
    }
    let schemes = ["redis://", "rediss://", "redis+sentinel://", "rediss+sentinel://"];
    if !schemes.iter().any(|scheme| answer.starts_with(scheme)) {
        return Err("redis://…, rediss://…, redis+sentinel://… or embedded".to_owned());
    }
    let findings = block_on(async {
        let store = redis::open(answer).map_err(|error| error.to_string())?;
        in_time(async {
            store.ping().await?;
            store.try_write(PROBE_BYTES).await?;
            store.examine().await
        })
        .await
    })?;
    good("Redis answers, and takes what is written");
    for finding in findings.iter().filter(|finding| finding.level != Level::Good) {
        anstream::println!("  {WARN}!{WARN:#} {}: {}", finding.found, finding.advice);
    }
    Ok(answer.to_owned())
}

/// The audit store: its tables are made, something is written to it.
pub(super) fn audit(answer: &str, direct: Option<&str>) -> Result<String, String> {
    if answer == EMBEDDED {
        return Ok(answer.to_owned());
    }
    if !answer.starts_with("postgres://") && !answer.starts_with("postgresql://") {
        return Err("postgres://… or embedded".to_owned());
    }
    block_on(async {
        let migrating = tokio::time::timeout(PATIENCE, postgres::migrate(direct.unwrap_or(answer)));
        match migrating.await {
            Ok(Ok(migrated)) => {
                good(&format!("PostgreSQL answers, its tables are of version {}", migrated.to));
            }
            Ok(Err(MigrateError::Store(error))) => return Err(told(&error)),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("it does not answer".to_owned()),
        }
        let store = postgres::open(answer, 1).map_err(|error| error.to_string())?;
        in_time(async {
            store.try_write(PROBE_BYTES).await?;
            store.counters().await
        })
        .await
    })?;
    good("written and read back");
    Ok(answer.to_owned())
}

/// The remote: it is reached, and may be written to.
pub(super) fn remote(answer: &str, key: Option<&str>) -> Result<String, String> {
    if answer.is_empty() {
        return Ok(String::new());
    }
    block_on(async {
        let remote = remote::open(answer, key).map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, remote.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(paused)) => {
                Err(format!("{paused}; sms-bridge migrate --remote-sql prints what to run there once"))
            }
            Err(_) => Err("it does not answer".to_owned()),
        }
    })?;
    good("it answers, and may be written to");
    Ok(answer.to_owned())
}

async fn in_time<T>(work: impl Future<Output = bridge_store::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done.map_err(|error| told(&error)),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

fn told(error: &StoreError) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
