//! Unusable deliveries of authenticated senders, kept with their reasons as durably as an SMS: in the audit store, else
//! in the journal until that store can be written. If neither can, the sender is told to send again.

use bridge_store::audit::Quarantined;
use bridge_store::journal::Entry;
use uuid::Uuid;

use crate::base::deadline::{STORE, within};
use crate::bridge::App;
use crate::sms::intake::Unwritable;
use crate::state::board::WakeSignal;

/// The format of what no format was told of.
pub const UNKNOWN: &str = "unknown";

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
}

/// Keeps it. `Ok` means it is durable.
pub async fn keep(app: &App, body: Body) -> Result<(), Unwritable> {
    let id = app.entropy.id(app.clock.now()).map_err(|_| Unwritable)?;
    keep_as(app, id, body).await
}

/// Keeps it under this id: once, however often it comes.
pub async fn keep_as(app: &App, id: Uuid, body: Body) -> Result<(), Unwritable> {
    app.metrics.quarantined_total.inc();
    let entry = Quarantined {
        id,
        at: app.clock.now(),
        receiver_id: body.receiver_id,
        format: body.format,
        reason: body.reason,
        content_type: body.content_type,
        body: body.body,
    };
    if app.availability.now().audit {
        match within(STORE, app.audit.quarantine(&entry)).await {
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
