//! Refused registrations, the newest first: those of the bridge, and those that an edge reported.

use bridge_core::Timestamp;
use bridge_store::desk::{Page, RefusalFilter, RefusalRow};
use bridge_store::place::Place;

use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// A page of them: with that reason, if one is asked for, and before that place.
pub async fn page(
    app: &App,
    reason: Option<String>,
    before: Option<&str>,
    max: usize,
) -> Result<Page<RefusalRow>, Problem> {
    let before = before.map(read).transpose()?;
    let filter = RefusalFilter { reason, ..RefusalFilter::default() };
    in_time(app.desk.search_refusals(&filter, before, max)).await
}

/// A place as it stands in an address: [`page`] reads it back.
#[must_use]
pub fn written(place: Place) -> String {
    format!("{}.{}", place.at.0, place.id)
}

fn read(text: &str) -> Result<Place, Problem> {
    let place = text
        .split_once('.')
        .and_then(|(at, id)| Some(Place { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? }));
    place.ok_or_else(|| Problem::field(Code::InvalidRequest, "before", "must be `next` of the page before"))
}
