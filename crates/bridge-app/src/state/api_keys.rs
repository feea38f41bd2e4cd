//! Keys that an operator made, as far as the bridge knows them: who has a secret, and what it opens. The audit store keeps
//! them; this holds while that store is away, and is noted in the data folder in case it is away at the start. Only
//! hashes are here. Not the keys of the configuration: those are [`crate::base::secrets`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bridge_core::{Span, Timestamp};
use bridge_store::AuditStore;
use bridge_store::audit::ApiKey;
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch;
use uuid::Uuid;

use crate::base::data_file;
use crate::base::secrets::hashed;

const FILE: &str = "api_keys.json";
/// How every secret that was made here begins: whoever finds one knows what it is, and no other secret costs a look.
pub(crate) const PREFIX: &str = "sbk_";
/// When a key was last used is kept to the minute: at most one write a minute for each.
const GRAIN: Span = Span(60_000);

/// One key, and when it was last used here.
#[derive(Debug)]
struct Known {
    row: ApiKey,
    used_at: AtomicI64,
}

/// Before any use.
const NEVER: i64 = i64::MIN;

impl Known {
    fn of(row: ApiKey, before: &[Known]) -> Known {
        let here = before.iter().find(|known| known.row.id == row.id);
        let here = here.map_or(NEVER, |known| known.used_at.load(Ordering::Relaxed));
        let used_at = AtomicI64::new(here.max(row.last_used_at.map_or(NEVER, |at| at.0)));
        Known { row, used_at }
    }

    fn used_at(&self) -> Option<Timestamp> {
        Some(self.used_at.load(Ordering::Relaxed)).filter(|at| *at != NEVER).map(Timestamp)
    }
}

/// All keys that hold.
#[derive(Debug)]
pub struct ApiKeys {
    known: watch::Sender<Arc<Vec<Known>>>,
    data_dir: PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
}

fn all_of(rows: Vec<ApiKey>, before: &[Known]) -> Arc<Vec<Known>> {
    Arc::new(rows.into_iter().map(|row| Known::of(row, before)).collect())
}

impl ApiKeys {
    /// Begins with what the data folder remembers.
    #[must_use]
    pub fn open(data_dir: &Path) -> ApiKeys {
        let rows = std::fs::read(data_dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Vec<ApiKey>>(&bytes).ok())
            .unwrap_or_default();
        ApiKeys {
            known: watch::Sender::new(all_of(rows, &[])),
            data_dir: data_dir.to_owned(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads them from their source.
    pub async fn reload(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let _turn = self.reading.lock().await;
        let rows = audit.api_keys().await?;
        let known = self.known.borrow().clone();
        if known.iter().map(|known| &known.row).eq(&rows) {
            return Ok(());
        }
        let unused = |row: &ApiKey| ApiKey { last_used_at: None, ..row.clone() };
        let noted: Vec<ApiKey> = rows.iter().map(unused).collect();
        if !known.iter().map(|known| unused(&known.row)).eq(noted.iter().cloned()) {
            self.note(&noted);
        }
        self.known.send_replace(all_of(rows, &known));
        Ok(())
    }

    /// A note that cannot be written is only missed when the audit store is away at the next start.
    fn note(&self, rows: &[ApiKey]) {
        if let Err(error) = data_file::write_json(&self.data_dir.join(FILE), rows) {
            tracing::warn!(%error, "the API keys cannot be noted in the data folder");
        }
    }

    /// The key of that secret, used now. It takes the same time whatever is wrong with the secret.
    #[must_use]
    pub fn with_secret(&self, secret: &str, now: Timestamp) -> Option<ApiKey> {
        if !secret.starts_with(PREFIX) {
            return None;
        }
        let known = self.known.borrow().clone();
        let given = hashed(secret);
        let same = |known: &Known| given.as_bytes().ct_eq(known.row.secret_hash.as_bytes());
        // Every key is compared, and which of them fits does not show.
        let fits: Vec<Choice> = known.iter().map(same).collect();
        let (found, _) = known.iter().zip(fits).find(|(_, fits)| bool::from(*fits))?;
        found.used_at.fetch_max(now.0 - now.0.rem_euclid(GRAIN.0), Ordering::Relaxed);
        Some(found.row.clone())
    }

    /// All of them, oldest first, with their last use as far as it is known here.
    #[must_use]
    pub fn all(&self) -> Vec<ApiKey> {
        let seen = |known: &Known| ApiKey { last_used_at: known.used_at(), ..known.row.clone() };
        self.known.borrow().iter().map(seen).collect()
    }

    /// Those that were used since that was last kept.
    #[must_use]
    pub fn used(&self) -> Vec<(Uuid, Timestamp)> {
        let known = self.known.borrow();
        let newer = |known: &Known| known.used_at().filter(|at| Some(*at) > known.row.last_used_at);
        known.iter().filter_map(|known| newer(known).map(|at| (known.row.id, at))).collect()
    }
}
