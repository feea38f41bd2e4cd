//! The blacklist between its source and the set that the checks read: making the one from the other at once, and taking
//! a number off so that it stays off.

use std::time::Duration;

use bridge_core::{Mobile, Span, Timestamp};
use bridge_store::Result;

use crate::bridge::App;
use crate::workers::{PopulateBlacklist, Worker};

/// For taking one number off, or reading the list once.
const TURN: Span = Span(5_000);
const TURN_POLL: Duration = Duration::from_millis(20);

/// Makes the set that the checks read from its source at once.
pub async fn load(app: &App) -> Result<()> {
    take_turn(app).await?;
    let loaded = PopulateBlacklist.tick(app).await;
    app.hot.release(PopulateBlacklist::NAME, app.id).await?;
    loaded.map(drop)
}

/// No other bridge carries the blacklist to and fro until it is released.
async fn take_turn(app: &App) -> Result<()> {
    while !app.hot.lease(PopulateBlacklist::NAME, app.id, TURN).await? {
        tokio::time::sleep(TURN_POLL).await;
    }
    Ok(())
}

/// Takes a number off, and its count of the day with it. False: it was not on.
pub async fn take_off(app: &App, now: Timestamp, mobile: &Mobile) -> Result<bool> {
    // Nobody carries the blacklist to and fro meanwhile: what was read before must not bring the number back.
    let _turn = app.board.blacklisting.lock().await;
    take_turn(app).await?;
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
