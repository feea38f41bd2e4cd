//! Unusable deliveries of authenticated senders, kept with their reasons as durably as an SMS: in the audit store, else
//! in the journal until that store can be written. If neither can, the sender is told to send again. What authenticated
//! them is not kept, and of a long body only its beginning is.

use std::fmt;

use bridge_formats::{text_without_secrets, without_secrets};
use bridge_store::audit::Quarantined;
use bridge_store::journal::Entry;
use uuid::Uuid;

use crate::base::deadline::{STORE, within};
use crate::bridge::App;
use crate::durability::quarantined;
use crate::sms::intake::Unwritable;
use crate::state::board::WakeSignal;

/// The format of what no format was told of.
pub const UNKNOWN: &str = "unknown";
/// So much of a body is kept. No SMS is longer; what is can still be recognised.
pub const KEPT_MAX_BYTES: usize = 64 * 1024;
/// So much where the disk is nearly full: what is left is for SMS, and who sent it is to be told apart all the same.
pub const KEPT_SHORT_BYTES: usize = 1024;

/// An unusable delivery.
#[derive(Debug)]
pub struct Body {
    /// The name of the receiver that sent it.
    pub receiver_id: String,
    /// The format it came in, or `unknown`.
    pub format: String,
    /// Why it is unusable.
    pub reason: String,
    /// Its content type.
    pub content_type: String,
    /// The raw bytes.
    pub body: Vec<u8>,
    /// What authenticated it, to be removed from the rest: see [`Credentials`].
    pub credentials: Credentials,
}

/// The secrets that a request came with, and the keys of its sender. Never shown.
#[derive(Clone, Default)]
pub struct Credentials(pub Vec<String>);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret(s)", self.0.len())
    }
}

/// Keeps it. `Ok` means it is durable.
pub async fn keep(app: &App, body: Body) -> Result<(), Unwritable> {
    let id = app.entropy.id(app.clock.now()).map_err(|_| Unwritable)?;
    keep_as(app, id, body).await
}

/// Keeps it under this id: once, however often it comes.
pub async fn keep_as(app: &App, id: Uuid, body: Body) -> Result<(), Unwritable> {
    app.metrics.quarantined_total.inc();
    let Credentials(secrets) = &body.credentials;
    let mut kept = without_secrets(&body.content_type, &body.body, secrets);
    let kept_max = if app.disk.is_nearly_full() { KEPT_SHORT_BYTES } else { KEPT_MAX_BYTES };
    let whole_bytes = (kept.len() > kept_max).then_some(kept.len() as u64);
    kept.truncate(kept_max);
    let entry = Quarantined {
        id,
        at: app.clock.now(),
        receiver_id: body.receiver_id,
        format: body.format,
        reason: text_without_secrets(&body.reason, secrets),
        content_type: body.content_type,
        body: kept,
        whole_bytes,
    };
    if app.availability.now().audit {
        match within(STORE, quarantined::write(app, &entry)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => tracing::warn!(%error, source = ?error.source, "the quarantine takes nothing"),
            Err(_) => tracing::warn!("the quarantine does not answer"),
        }
        app.availability.suspect();
    }
    app.journal.keep(&Entry::Quarantined(Box::new(entry))).await.map_err(|error| {
        tracing::error!(%error, source = ?error.source, "nothing is writable: a body was refused");
        Unwritable
    })?;
    app.board.wake(WakeSignal::Journal);
    Ok(())
}
