//! What went wrong, in words that say what to do, and what it means for the bridge. Never a password, and
//! never what was in a row: such texts reach logs.

use bridge_store::{StoreError, StoreFault};
use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, SqlState};

/// What helps where a privilege is missing.
pub(super) const GRANT: &str = "as the owner of the tables, run: SELECT ops.grant_to('the bridge''s role')";

/// Why a statement did not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Failure {
    pub(super) kind: StoreFault,
    why: String,
    /// The database refused a row for what is in it: the server's own words, which may name it.
    pub(super) refused: Option<String>,
    /// Partitions changed while the statement waited for one of them: sent again, it finds its way.
    pub(super) is_misrouted: bool,
}

impl Failure {
    fn new(kind: StoreFault, why: impl Into<String>) -> Failure {
        Failure { kind, why: why.into(), refused: None, is_misrouted: false }
    }

    pub(super) fn unavailable(why: impl Into<String>) -> Failure {
        Failure::new(StoreFault::Unavailable, why)
    }

    pub(super) fn schema(why: impl Into<String>) -> Failure {
        Failure::new(StoreFault::Schema, why)
    }

    pub(super) fn damaged(why: &(dyn std::error::Error + Send + Sync + 'static)) -> Failure {
        Failure::new(StoreFault::Damaged, chain(why))
    }

    pub(super) fn during(self, operation: &'static str) -> StoreError {
        let failure = Failure { refused: None, ..self };
        StoreError { operation, kind: failure.kind, source: Some(Box::new(failure)) }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Failure {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Failure::unavailable(
                "every connection to PostgreSQL is in use: allow more with SMS_BRIDGE_AUDIT_POOL, or look for what holds them",
            ),
            PoolError::Timeout(_) => Failure::unavailable(
                "PostgreSQL accepts no connection in time: is the server, and the pooler before it, running and not overloaded?",
            ),
            other => Failure::unavailable(other.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(said) => from_server(said),
            None => Failure::unavailable(chain(&error)),
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn from_server(said: &DbError) -> Failure {
    let code = said.code();
    let message = said.message();
    let advice = match *code {
        SqlState::DISK_FULL => return Failure::new(StoreFault::Full, format!("PostgreSQL says: {message}")),
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::UNDEFINED_OBJECT
        | SqlState::INVALID_SCHEMA_NAME => {
            return Failure::schema(format!("run `sms-bridge migrate` ({message})"));
        }
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "check user and password in the address of the database"
        }
        SqlState::INVALID_CATALOG_NAME => {
            "create the database, or correct its name in the address, then run `sms-bridge migrate`"
        }
        SqlState::INSUFFICIENT_PRIVILEGE => GRANT,
        SqlState::TOO_MANY_CONNECTIONS => {
            "lower SMS_BRIDGE_AUDIT_POOL, or raise max_connections of the server"
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            "this is a standby or a server set to read only: name the primary"
        }
        SqlState::PROTOCOL_VIOLATION => "the pooler refuses: see its log",
        _ if is_about_the_row(code.code()) => {
            // The message may quote the row.
            let why = format!("the database refuses what is in a row (SQLSTATE {})", code.code());
            let refused = Some(format!("{message} (SQLSTATE {})", code.code()));
            let is_misrouted = *code == SqlState::CHECK_VIOLATION && said.constraint().is_none();
            return Failure { refused, is_misrouted, ..Failure::unavailable(why) };
        }
        _ => "see the server's log",
    };
    Failure::unavailable(format!("PostgreSQL says: {message} (SQLSTATE {}); {advice}", code.code()))
}

/// The same row would be refused again: data exceptions, constraints, triggers that raise, what an index or a
/// page cannot hold, and what a user's function or view with a check says.
fn is_about_the_row(sqlstate: &str) -> bool {
    ["09", "22", "23", "27", "38", "39", "44", "54", "P0"].contains(&&sqlstate[..2.min(sqlstate.len())])
}
