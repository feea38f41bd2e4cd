//! A body on its way into the quarantine of the audit store, where each receiver has room for so much: then its oldest
//! bodies go. Not what is kept of a body: that is [`crate::sms::quarantine`].

use bridge_store::Result;
use bridge_store::audit::{QuarantineRoom, Quarantined};

use crate::bridge::App;

/// What one receiver may have in quarantine. Bodies are small: this is days of a phone that sends nothing else.
pub const ROOM: QuarantineRoom = QuarantineRoom { bodies: 1_000, bytes: 16 * 1024 * 1024 };

/// Writes it there. `Ok` means it is durable.
pub async fn write(app: &App, entry: &Quarantined) -> Result<()> {
    app.audit.quarantine(entry).await?;
    match app.audit.trim_quarantine(&entry.receiver_id, ROOM).await {
        Ok(0) => {}
        Ok(gone) => {
            app.metrics.quarantine_let_go_total.inc_by(gone);
            app.receivers.seen().let_go(&entry.receiver_id, gone, app.clock.now());
        }
        // The next body trims again.
        Err(error) => tracing::warn!(%error, source = ?error.source, "the quarantine could not be trimmed"),
    }
    Ok(())
}
