//! The admin log: who changed what. Written by [`crate::admin_log`].

use bridge_store::accounts::{Change, ChangesAsked};
use bridge_store::desk::Page;

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One page of the changes that were asked for, newest first.
pub async fn list(app: &App, asked: &ChangesAsked, max: usize) -> Result<Page<Change, i64>, Problem> {
    // One more than asked for tells whether there is a next page.
    let mut rows = in_time(app.accounts.changes(asked, max + 1)).await?;
    let more = rows.len() > max;
    rows.truncate(max);
    let next = rows.last().filter(|_| more).map(|last| last.id);
    Ok(Page { rows, next, scanned_until: None })
}
