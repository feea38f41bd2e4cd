//! Blocked numbers, newest first.

use std::sync::Arc;

use bridge_store::audit::Blacklisted;
use bridge_store::desk::{BlacklistPlace, Page};

use super::every::{Every, every};
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One page of those that begin like that. On the first, what floods right now and is not written yet comes before the
/// rest: it may have up to twice as many rows.
pub async fn search(
    app: &App,
    prefix: &str,
    before: Option<&BlacklistPlace>,
    max: usize,
) -> Result<Page<Blacklisted, BlacklistPlace>, Problem> {
    let mut found = in_time(app.desk.blacklist_page(prefix, before, max)).await?;
    if before.is_none() && app.availability.is_open() {
        // The page is worth reading without them.
        let mut waiting = in_time(app.hot.queued_blacklistings(max)).await.unwrap_or_default();
        waiting.retain(|entry| {
            entry.mobile_number.starts_with(prefix)
                && found.rows.iter().all(|row| row.mobile_number != entry.mobile_number)
        });
        found.rows.splice(0..0, waiting);
    }
    Ok(found)
}

/// All that are written.
pub fn all(app: Arc<App>, prefix: String) -> Every<Blacklisted> {
    every(move |place: Option<BlacklistPlace>, max| {
        let (app, prefix) = (app.clone(), prefix.clone());
        async move { app.desk.blacklist_page(&prefix, place.as_ref(), max).await }
    })
}
