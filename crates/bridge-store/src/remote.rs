//! The remote Supabase: it is told validated numbers and nothing else (003, D20, D38). Not a store of the
//! bridge: nothing is ever judged by it, and its outage pauses one worker. Both protocols call the same SQL
//! functions there (`migrations/remote`), so that what a row meets is the same.

mod batch;
mod one;
mod postgres;
mod postgrest;
mod reason;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use bridge_core::Timestamp;

use crate::audit::Unsynced;
use crate::audit::postgres::BadUrl;

/// What the operator runs once at the remote: the table, its row-level security, and the functions that write, find and erase rows.
pub const SQL: &str = concat!(
    include_str!("../migrations/remote/0001_validated_mobiles.sql"),
    include_str!("../migrations/remote/0002_one_person.sql"),
);

/// Longest wait for a connection, within that for an answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for an answer: the remote may hang.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
const RUN_THE_SQL: &str = "run there what `sms-bridge migrate --remote-sql` prints";

/// Why a remote cannot be used as it is configured. It need not be up for that.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither of the two protocols.
    #[error("the URL of the remote must begin with https:// or postgres://")]
    Scheme,
    /// Of the right protocol, but not usable.
    #[error("the URL of the remote cannot be used: {0}")]
    Url(&'static str),
    /// The same, of a `postgres://` URL.
    #[error("the URL of the remote cannot be used: {0}")]
    Postgres(#[from] BadUrl),
    /// PostgREST without a key.
    #[error("a remote at https:// needs its service key: set SMS_BRIDGE_REMOTE_KEY")]
    NoKey,
    /// It cannot be sent.
    #[error("the service key of the remote holds characters that no key has")]
    BadKey,
    /// The HTTP client cannot start.
    #[error("the HTTP client for the remote cannot start: {0}")]
    Client(String),
}

/// The remote at that URL: `postgres://…`, or the data API `https://…/rest/v1` with its service key. Connects
/// only when it is used.
pub fn open(url: &str, key: Option<&str>) -> Result<Arc<dyn Remote>, OpenError> {
    match url.trim().split_once("://").map(|(scheme, _)| scheme) {
        Some("http" | "https") => Ok(Arc::new(postgrest::Postgrest::open(url, key)?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(postgres::Postgres::open(url)?)),
        _ => Err(OpenError::Scheme),
    }
}

/// What the remote made of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is there: now, or TRUE already and left alone.
    Stored,
    /// The remote refuses this row by itself, and would again.
    Refused(String),
}

/// The remote takes nothing now: connection errors, 5xx, 408, 425, 429, 401 and 403 (D20). No row is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the remote takes nothing now: {reason}")]
pub struct Paused {
    /// Why, without a secret in it.
    pub reason: String,
    /// When it may be asked again, where it said so.
    pub retry_after: Option<Duration>,
}

impl Paused {
    fn because(reason: String) -> Paused {
        Paused { reason, retry_after: None }
    }
}

/// A remote table `validated_mobiles`.
#[async_trait]
pub trait Remote: Send + Sync + 'static {
    /// Can it be reached, and may this bridge write there? Writes nothing.
    async fn ping(&self) -> Result<(), Paused>;
    /// Upserts rows in their order, never touching one that is TRUE already. One answer for each row; a row that
    /// is refused by itself stops no other of another number.
    async fn push(&self, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused>;
    /// What it has of a number.
    async fn find(&self, mobile: &str) -> Result<Vec<serde_json::Value>, Paused>;
    /// Deletes what it has of a number that was validated until then. Answers how many rows there were.
    async fn erase(&self, mobile: &str, until: Timestamp) -> Result<u64, Paused>;
}
