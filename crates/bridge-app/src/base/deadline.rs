//! The one place that waits for something no longer than a limit, and the one place that states the limits.
//! Not pauses between two tries, and not how often something is done: those belong to whoever does it.

use std::time::Duration;

use bridge_store::{StoreError, StoreFault};

use super::problem::{Code, Problem};

/// Whatever hangs, a client has its answer within 2 s (D26).
pub const ANSWER: Duration = Duration::from_millis(1_900);
/// Sending a request line and headers.
pub const HEADERS: Duration = Duration::from_secs(15);
/// Sending a body: a phone on a poor network gets this long.
pub const BODY: Duration = Duration::from_secs(10);
/// Reading away the rest of a body that nobody wants: the answer is out already.
pub const LINGER: Duration = Duration::from_secs(3);
/// A client that reads nothing of its answer for so long is gone.
pub const UNREAD: Duration = Duration::from_secs(20);
/// A stream of events ends after this and the client comes again: nothing is kept open for ever.
pub const STREAM: Duration = Duration::from_secs(3_600);
/// A client that is sending a list and says nothing for so long is gone.
pub const SILENT: Duration = Duration::from_secs(60);
/// Judging one SMS. What is left of [`ANSWER`] is enough to store it for later.
pub const JUDGE: Duration = Duration::from_millis(1_100);
/// Marking in the hot store that an SMS of a number waits.
pub const MARK: Duration = Duration::from_millis(150);
/// Storing an SMS in `power_down_store`, or a body in quarantine. Then the journal takes it.
pub const STORE: Duration = Duration::from_millis(400);
/// Telling the other bridges of a group that a setting changed. They read it within a second anyway.
pub const ANNOUNCE: Duration = Duration::from_millis(400);
/// What people look at besides: without it they see the rest.
pub const GLANCE: Duration = Duration::from_millis(500);
/// One question of the store monitor. A store that takes longer does not answer.
pub const LOOK: Duration = Duration::from_millis(1_000);
/// Taking or renewing a lease.
pub const LEASE: Duration = Duration::from_secs(2);
/// One question of `doctor`: it may take longer than a request, because somebody waits for the whole.
pub const EXAMINE: Duration = Duration::from_secs(5);
/// Everything about one person, or their erasure: many rows, and one person waits.
pub const PERSON: Duration = Duration::from_secs(20);
/// Comparing a batch of an import with what is stored.
pub const COMPARE: Duration = Duration::from_secs(30);
/// Writing what was judged to the audit store before an import compares with it.
pub const DUMP: Duration = Duration::from_secs(60);
/// Bringing the audit database up to date. One that takes longer is away, and is brought up to date when it is back.
pub const MIGRATE: Duration = Duration::from_secs(30);
/// Connecting to a phone whose list of SMS the bridge reads.
pub const PHONE_CONNECTS: Duration = Duration::from_secs(5);
/// One page of that list: a phone reads it from its own database first.
pub const PHONE_ANSWERS: Duration = Duration::from_secs(20);
/// A webhook takes a message.
pub const WEBHOOK_ANSWERS: Duration = Duration::from_secs(15);
/// The beginning of what it says, once its status is known.
pub const WEBHOOK_READ: Duration = Duration::from_secs(1);
/// A mail server takes a message.
pub const MAIL_TAKEN: Duration = Duration::from_secs(15);
/// Messages to operators that are under way when the bridge stops.
pub const TOLD_AT_STOP: Duration = Duration::from_secs(3);
/// Open requests finish when the bridge stops.
pub const FINISH: Duration = Duration::from_secs(5);
/// Workers move what waits when the bridge stops.
pub const DRAIN: Duration = Duration::from_secs(15);

/// It took longer than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} ms", .0.as_millis())]
pub struct Late(pub Duration);

/// A client is told no more than this: which store it was is logged by whoever asked it.
impl From<Late> for Problem {
    fn from(_: Late) -> Problem {
        Problem::new(Code::Unavailable, "the stores did not answer in time")
    }
}

/// Waits for it no longer than that; then it is dropped where it stands.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Late> {
    tokio::time::timeout(limit, work).await.map_err(|_| Late(limit))
}

/// The answer of a store within that time: one that is late is one that is away.
pub async fn store_within<T>(
    limit: Duration,
    operation: &'static str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    within(limit, answer).await.unwrap_or_else(|late| {
        Err(StoreError { operation, kind: StoreFault::Unavailable, source: Some(late.into()) })
    })
}

/// The answer of a store while a client waits for it, or the problem that says that it is not there.
pub async fn in_time<T, E: std::error::Error>(
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    match within(ANSWER, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Problem::unavailable(&error)),
        Err(late) => Err(late.into()),
    }
}
