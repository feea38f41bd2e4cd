//! Bodies in quarantine: the list, without the bodies.

use bridge_store::desk::{Page, QuarantineRow};
use bridge_store::place::Place;

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One page of them, newest first.
pub async fn list(app: &App, before: Option<Place>, max: usize) -> Result<Page<QuarantineRow>, Problem> {
    in_time(app.desk.quarantine_page(before, max)).await
}
