//! Onboardings: searched, and one with its SMS.

use std::sync::Arc;

use bridge_store::audit::SmsRow;
use bridge_store::desk::{OnboardingFilter, OnboardingRow, Page};
use bridge_store::place::Place;
use uuid::Uuid;

use super::every::{Every, every};
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// SMS that are read of one onboarding.
const SMS_MAX: usize = 100;

/// One page of the onboardings that the filter lets through, newest first.
pub async fn search(
    app: &App,
    filter: &OnboardingFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<OnboardingRow>, Problem> {
    in_time(app.desk.search_onboardings(filter, before, max)).await
}

/// All of them.
pub fn all(app: Arc<App>, filter: OnboardingFilter) -> Every<OnboardingRow> {
    every(move |place, max| {
        let (app, filter) = (app.clone(), filter.clone());
        async move { app.desk.search_onboardings(&filter, place, max).await }
    })
}

/// One onboarding with the SMS that were judged against it, oldest first; none: nothing is kept of it.
pub async fn story(app: &App, id: Uuid) -> Result<Option<(OnboardingRow, Vec<SmsRow>)>, Problem> {
    let Some(row) = in_time(app.desk.onboarding(id)).await? else { return Ok(None) };
    let sms = in_time(app.desk.sms_of_onboarding(&row, SMS_MAX)).await?;
    Ok(Some((row, sms)))
}
