//! Validated numbers, by number.

use std::sync::Arc;

use bridge_store::desk::{Page, ValidatedRow};

use super::every::{Every, every};
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One page of those that begin like that, after the `next` of the page before.
pub async fn search(
    app: &App,
    prefix: &str,
    after: Option<&str>,
    max: usize,
) -> Result<Page<ValidatedRow, String>, Problem> {
    in_time(app.desk.search_validated(prefix, after, max)).await
}

/// All of them.
pub fn all(app: Arc<App>, prefix: String) -> Every<ValidatedRow> {
    every(move |place: Option<String>, max| {
        let (app, prefix) = (app.clone(), prefix.clone());
        async move { app.desk.search_validated(&prefix, place.as_deref(), max).await }
    })
}
