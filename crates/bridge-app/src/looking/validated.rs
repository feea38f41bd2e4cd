//! Validated numbers, the newest first.

use std::sync::Arc;

use bridge_store::desk::{Page, ValidatedFilter, ValidatedRow};
use bridge_store::place::Place;

use super::every::{Every, every};
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// No more of them are counted.
pub const COUNTED: usize = 100_000;

/// One page of those that the filter lets through.
pub async fn search(
    app: &App,
    filter: &ValidatedFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<ValidatedRow>, Problem> {
    in_time(app.desk.search_validated(filter, before, max)).await
}

/// How many they are; none: more than [`COUNTED`].
pub async fn count(app: &App, filter: &ValidatedFilter) -> Result<Option<usize>, Problem> {
    let found = in_time(app.desk.count_validated(filter, COUNTED + 1)).await?;
    Ok(Some(found).filter(|found| *found <= COUNTED))
}

/// All of them.
pub fn all(app: Arc<App>, filter: ValidatedFilter) -> Every<ValidatedRow> {
    every(move |place, max| {
        let (app, filter) = (app.clone(), filter.clone());
        async move { app.desk.search_validated(&filter, place, max).await }
    })
}
