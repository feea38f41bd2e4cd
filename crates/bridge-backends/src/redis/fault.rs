//! What the server's errors mean, and what to do about each. Not when to try again: that is `connection`.

use bridge_store::{StoreError, StoreFault};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What went wrong, in words for the operator. Never holds a password: none of its parts does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cause(pub(super) String);

/// The error of an operation, with words of our own.
pub(super) fn because(operation: &'static str, kind: StoreFault, why: impl Into<String>) -> StoreError {
    StoreError { operation, kind, source: Some(Box::new(Cause(why.into()))) }
}

/// The store is not in the epoch that was entered.
pub(super) fn lost(operation: &'static str) -> StoreError {
    StoreError { operation, kind: StoreFault::Lost, source: None }
}

/// An answer that is not what our own script or the protocol promises.
pub(super) fn damaged(operation: &'static str, what: impl Into<String>) -> StoreError {
    because(operation, StoreFault::Damaged, what)
}

/// What an error of the server or of the connection to it means.
pub(super) fn from_redis(operation: &'static str, error: &RedisError) -> StoreError {
    let (kind, advice) = meaning(error);
    let advice = if advice.is_empty() { String::new() } else { format!(": {advice}") };
    because(operation, kind, format!("{error}{advice}"))
}

fn meaning(error: &RedisError) -> (StoreFault, &'static str) {
    use StoreFault::{Damaged, Full, Unavailable};
    match (error.code().unwrap_or_default(), error.kind()) {
        ("OOM", _) => (Full, "raise maxmemory, or let the workers empty the queues"),
        ("MISCONF", _) => (
            Unavailable,
            "the server cannot write its snapshot or append-only file: see its log and its disk",
        ),
        ("READONLY", _) => (Unavailable, "this server is a replica: point the URL at the primary"),
        ("LOADING", _) => (Unavailable, "the server still reads its data: wait"),
        ("NOREPLICAS", _) => (Unavailable, "min-replicas-to-write is not met: start the replicas"),
        ("NOAUTH" | "WRONGPASS", _) | (_, ErrorKind::AuthenticationFailed) => {
            (Unavailable, "check user and password in the URL")
        }
        ("NOPERM", _) => (Unavailable, "give this user the right to all commands and keys of the bridge"),
        ("BUSY", _) => (Unavailable, "another script holds the server: end it with SCRIPT KILL"),
        ("MOVED" | "ASK" | "CROSSSLOT" | "CLUSTERDOWN", _) => {
            (Unavailable, "this is a Redis Cluster, which is not supported: use one primary")
        }
        ("WRONGTYPE", _) => {
            (Damaged, "a key of the bridge holds something else: does another program write here?")
        }
        (_, ErrorKind::Io) if error.to_string().contains("certificate") => (
            Unavailable,
            "nobody whom this machine trusts vouches for the server: name its authority with SSL_CERT_FILE",
        ),
        (_, ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort)) => (Damaged, ""),
        (_, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => (Damaged, "is this a Redis server?"),
        _ => (Unavailable, ""),
    }
}
