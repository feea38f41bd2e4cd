//! Taking a number off the blacklist so that it stays off: while nobody carries the blacklist to and fro.

use std::time::Duration;

use bridge_core::{Mobile, Span, Timestamp};
use bridge_store::Result;

use crate::app::App;
use crate::workers::PopulateBlacklist;

/// For taking one number off.
const TURN: Span = Span(5_000);
const TURN_POLL: Duration = Duration::from_millis(20);

/// Takes a number off, and its count of the day with it. False: it was not on.
pub async fn take_off(app: &App, now: Timestamp, mobile: &Mobile) -> Result<bool> {
    // Nobody carries the blacklist to and fro meanwhile: what was read before must not bring the number back.
    let _turn = app.board.blacklisting.lock().await;
    while !app.hot.lease(PopulateBlacklist::NAME, app.id, TURN).await? {
        tokio::time::sleep(TURN_POLL).await;
    }
    let removed = remove_everywhere(app, now, mobile).await;
    app.hot.release(PopulateBlacklist::NAME, app.id).await?;
    removed
}

async fn remove_everywhere(app: &App, now: Timestamp, mobile: &Mobile) -> Result<bool> {
    let waiting = app.hot.queued_blacklistings(usize::MAX).await?;
    let queued = waiting.iter().any(|entry| entry.mobile_number == mobile.e164());
    // The source first: otherwise the next load would bring the number back (D24).
    let stored = app.audit.remove_blacklisted(now, mobile.e164()).await?;
    app.hot.unblacklist(mobile.e164()).await?;
    Ok(queued || stored)
}
