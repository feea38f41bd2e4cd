//! One number on one line of time: its registrations, refusals, SMS, validations and blocks, and what operators did about
//! it, newest first. Bounded in each of them: who wants all of one kind looks at its own list.

use std::cmp::Reverse;

use bridge_core::onboarding::State;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::accounts::{Change, ChangesAsked};
use bridge_store::audit::{Blacklisted, Refusal, SmsRow};
use bridge_store::desk::{
    MobileFilter, OnboardingFilter, RefusalFilter, SmsFilter, ValidatedFilter, ValidatedRow,
};

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// Of each kind, so many of the newest.
const EACH: usize = 100;

/// Something that happened to a number.
#[derive(Clone, Debug)]
pub enum Happened {
    /// It was registered.
    Registered(Box<Onboarding>),
    /// Its registration ended otherwise than by an SMS.
    Ended(Box<Onboarding>),
    /// Its registration was refused.
    Refused(Refusal),
    /// An SMS of it was judged.
    Sms(Box<SmsRow>),
    /// It was validated on a device.
    Validated(ValidatedRow),
    /// It was blocked.
    Blocked(Blacklisted),
    /// Somebody did something about it.
    Done(Box<Change>),
}

/// The line of time.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Newest first.
    pub events: Vec<(Timestamp, Happened)>,
    /// There is more than is shown.
    pub more: bool,
    /// It is blocked.
    pub blocked: bool,
    /// It is validated.
    pub validated: bool,
}

/// Everything of this number, or of this sender as it came.
pub async fn of(app: &App, mobile: &str) -> Result<Timeline, Problem> {
    let number = || Some(MobileFilter::Exactly(mobile.to_owned()));
    let sms = SmsFilter { mobile: number(), ..SmsFilter::default() };
    let registered = OnboardingFilter { mobile: number(), ..OnboardingFilter::default() };
    let refused = RefusalFilter { mobile: number(), ..RefusalFilter::default() };
    let proved = ValidatedFilter { mobile: number(), ..ValidatedFilter::default() };
    let done = ChangesAsked { subject: Some(mobile.to_owned()), ..ChangesAsked::default() };
    let all = async {
        tokio::try_join!(
            app.desk.search_sms(&sms, None, EACH),
            app.desk.search_onboardings(&registered, None, EACH),
            app.desk.search_refusals(&refused, None, EACH),
            app.desk.search_validated(&proved, None, EACH),
            app.desk.blacklist_page(mobile, None, EACH),
            app.accounts.changes(&done, EACH),
        )
    };
    let (sms, onboardings, refusals, validated, blocks, changes) = in_time(all).await?;
    let more = [sms.next.is_some(), onboardings.next.is_some(), refusals.next.is_some()].contains(&true)
        || changes.len() == EACH;
    let mut events = Vec::new();
    events.extend(sms.rows.into_iter().map(|row| (row.server_received_at, Happened::Sms(Box::new(row)))));
    for onboarding in onboardings.rows.into_iter().map(|row| row.onboarding) {
        if let Some(at) = ended(&onboarding) {
            events.push((at, Happened::Ended(Box::new(onboarding.clone()))));
        }
        events.push((onboarding.request_timestamp, Happened::Registered(Box::new(onboarding))));
    }
    events.extend(refusals.rows.into_iter().map(|row| (row.refusal.at, Happened::Refused(row.refusal))));
    let validated: Vec<ValidatedRow> =
        validated.rows.into_iter().filter(|row| row.mobile_number == mobile).collect();
    let blocks: Vec<Blacklisted> =
        blocks.rows.into_iter().filter(|row| row.mobile_number == mobile).collect();
    let (is_validated, now) = (!validated.is_empty(), app.clock.now());
    let blocked = blocks.iter().any(|block| block.holds(now));
    events.extend(validated.into_iter().map(|row| (row.validated_at, Happened::Validated(row))));
    events.extend(blocks.into_iter().map(|row| (row.blacklisted_at, Happened::Blocked(row))));
    events.extend(changes.into_iter().map(|row| (row.change.at, Happened::Done(Box::new(row)))));
    events.sort_by_key(|(at, _)| Reverse(*at));
    Ok(Timeline { events, more, blocked, validated: is_validated })
}

/// When it ended of itself. Of one that was cancelled or replaced that is not kept.
fn ended(onboarding: &Onboarding) -> Option<Timestamp> {
    (onboarding.state == State::Expired).then_some(onboarding.user_deadline)
}
