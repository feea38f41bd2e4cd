//! Judged SMS: searched, those of one sender, and all that is known of one.

use std::sync::Arc;

use bridge_core::acceptance::{acceptable, accepted_id};
use bridge_core::phone::BareDigits;
use bridge_core::trace::{Step, trace};
use bridge_core::{InboundSms, Mobile, Onboarding, Settings};
use bridge_store::audit::SmsRow;
use bridge_store::desk::{Page, SmsFilter, Waited};
use bridge_store::place::Place;
use uuid::Uuid;

use super::every::{Every, every};
use crate::admin::rejudge::{self, Judgement};
use crate::admin::settings;
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// Of each text in a list.
const LIST_TEXT_CHARS: u32 = 200;

/// One page of the SMS that the filter lets through, newest first.
pub async fn search(
    app: &App,
    filter: &SmsFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<SmsRow>, Problem> {
    let filter = SmsFilter { text_chars: Some(LIST_TEXT_CHARS), ..filter.clone() };
    in_time(app.desk.search_sms(&filter, before, max)).await
}

/// All of them.
pub fn all(app: Arc<App>, filter: SmsFilter) -> Every<SmsRow> {
    every(move |place, max| {
        let (app, filter) = (app.clone(), filter.clone());
        async move { app.desk.search_sms(&filter, place, max).await }
    })
}

/// The SMS of one number, newest first: those with ids below `before`, at most `max`. A sender that is no number is
/// found as it came.
pub async fn of_sender(
    app: &App,
    sender: &str,
    before: Option<i64>,
    max: usize,
) -> Result<Page<SmsRow, i64>, Problem> {
    let default = app.live.now().default_country_code.clone();
    let number = Mobile::parse(sender, &default, BareDigits::NationalFirst);
    let sender = number.as_ref().map_or(sender, |number| number.e164());
    // One more than asked for tells whether there is a next page.
    let mut rows = in_time(app.audit.sms_of(sender, before, max + 1)).await?;
    let more = rows.len() > max;
    rows.truncate(max);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok(Page { rows, next, scanned_until: None })
}

/// All that is known of one SMS.
#[derive(Clone, Debug)]
pub struct Story {
    /// As it came in.
    pub sms: InboundSms,
    /// How it was judged; none: it was not yet, or its row is not written yet.
    pub judged: Option<Judged>,
    /// Its time in `power_down_store`, if it was there.
    pub waited: Option<Waited>,
    /// The onboarding that it was judged against, where it had one that is still kept.
    pub onboarding: Option<Onboarding>,
    /// What an operator accepted it as (D48).
    pub accepted: Option<Uuid>,
    /// An operator may accept it.
    pub may_be_accepted: bool,
}

/// How an SMS was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its row.
    pub row: SmsRow,
    /// Why, step by step, by the settings that held then.
    pub steps: Vec<Step>,
    /// The keys of the settings that have changed since.
    pub changed: Vec<&'static str>,
}

/// The story of one SMS; none: nothing is kept of it.
pub async fn story(app: &App, settings: &Settings, sms_id: Uuid) -> Result<Option<Story>, Problem> {
    let Some(kept) = in_time(app.desk.sms_story(sms_id)).await? else { return Ok(None) };
    let looked_back = in_time(rejudge::one(app, sms_id)).await?;
    let judged = match (&looked_back, kept.judged) {
        (Some(judgement), Some(row)) => Some(judged(app, settings, judgement, row).await?),
        _ => None,
    };
    let as_accepted = accepted_id(sms_id);
    let accepted = in_time(app.audit.judged_one(as_accepted)).await?.map(|_| as_accepted);
    let may_be_accepted = accepted.is_none()
        && looked_back.as_ref().is_some_and(|judgement| acceptable(&judgement.record(), settings).is_ok());
    let onboarding = looked_back.and_then(|judgement| judgement.onboarding);
    Ok(Some(Story { sms: kept.sms, judged, waited: kept.waited, onboarding, accepted, may_be_accepted }))
}

async fn judged(app: &App, now: &Settings, judgement: &Judgement, row: SmsRow) -> Result<Judged, Problem> {
    let then = in_time(settings::as_of(app, now, row.created_at)).await?;
    let changed = bridge_core::catalog::all().iter().filter(|def| def.value(&then) != def.value(now));
    Ok(Judged {
        steps: trace(&judgement.record(), &then),
        changed: changed.map(|def| def.key).collect(),
        row,
    })
}
