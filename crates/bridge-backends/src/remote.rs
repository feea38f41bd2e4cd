//! The two ways to reach the remote: the PostgreSQL protocol and PostgREST. Both call the same SQL functions there
//! (`migrations/remote`), so that what a row meets is the same.

mod batch;
mod one;
mod postgres;
mod postgrest;
mod reason;

use std::sync::Arc;
use std::time::Duration;

use bridge_store::Remote;

use crate::postgres::BadUrl;

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

const UNUSABLE_URL: &str = "the URL of the remote cannot be used";

/// That it did not answer within [`ANSWER_WITHIN`].
fn no_answer() -> String {
    format!("it did not answer within {} s", ANSWER_WITHIN.as_secs())
}

/// Why a remote cannot be used as it is configured. It need not be up for that.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither of the two protocols.
    #[error("the URL of the remote must begin with https:// or postgres://")]
    Scheme,
    /// Of the right protocol, but not usable.
    #[error("{unusable}: {0}", unusable = UNUSABLE_URL)]
    Url(&'static str),
    /// The same, of a `postgres://` URL.
    #[error("{unusable}: {0}", unusable = UNUSABLE_URL)]
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
