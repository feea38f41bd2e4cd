//! Stored SMS looked at again: why one was judged as it was, how it would be judged now, and which of the last
//! ones would be judged otherwise if settings were changed. Nothing is written and nobody is told.

use std::collections::HashMap;

use bridge_core::judged_record::MatchedOnboarding;
use bridge_core::rejudge::Rejudged;
use bridge_core::settings::Settings;
use bridge_core::trace::{Step, trace};
use bridge_core::{JudgedRecord, Onboarding, Span, Verdict};
use bridge_store::StoreError;
use bridge_store::judged::QueuedSms;
use bridge_store::place::Place;
use uuid::Uuid;

use crate::admin::settings::{self, Change};
use crate::base::deadline::{ANSWER, in_time, store_within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// Most SMS that one dry run judges again.
pub const LAST_MAX: usize = 5_000;
/// How many it judges where nobody says.
pub const LAST_DEFAULT: usize = 1_000;
/// Rows read at once.
const PAGE: usize = 500;

/// A stored SMS with what it was judged against.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The SMS and its verdict.
    pub row: QueuedSms,
    /// Its onboarding, where it had one that is still kept.
    pub onboarding: Option<Onboarding>,
}

impl Judgement {
    /// It as the core looks back at it.
    #[must_use]
    pub fn record(&self) -> JudgedRecord<'_> {
        let matched = match (&self.onboarding, self.row.onboarding_id) {
            (Some(onboarding), _) => MatchedOnboarding::Kept(onboarding),
            (None, Some(id)) => MatchedOnboarding::NotKept(id),
            (None, None) => MatchedOnboarding::None,
        };
        JudgedRecord {
            sms: &self.row.sms,
            verdict: &self.row.verdict,
            judged_at: self.row.judged_at,
            sms_in_window: self.row.sms_in_window,
            matched,
        }
    }

    /// How it would have been judged by these settings. Users would have had the time that they give.
    #[must_use]
    pub fn rejudge(&self, now: &Settings, changed: &Settings) -> Rejudged {
        let limit = changed.user_timelimit_seconds;
        match &self.onboarding {
            Some(onboarding) if limit != now.user_timelimit_seconds => {
                let user_deadline = onboarding.request_timestamp + Span::seconds(limit);
                let moved = Onboarding { user_deadline, ..onboarding.clone() };
                JudgedRecord { matched: MatchedOnboarding::Kept(&moved), ..self.record() }.rejudge(changed)
            }
            _ => self.record().rejudge(changed),
        }
    }
}

/// One SMS that would be judged otherwise.
#[derive(Clone, Debug)]
pub struct Differs {
    /// The SMS.
    pub judgement: Judgement,
    /// By the settings of now.
    pub before: Verdict,
    /// By the changed ones.
    pub after: Verdict,
}

/// What a change of settings would have meant for the last SMS.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// How many were judged again.
    pub judged: usize,
    /// Those that would be judged otherwise, newest first.
    pub differ: Vec<Differs>,
    /// Of how many it cannot be said, because a fact is not known that no check had to look at.
    pub unknown: usize,
}

/// Judges the last SMS by the settings of now and by changed ones, and tells the difference.
pub async fn dry_run(app: &App, now: &Settings, changed: &Settings, last: usize) -> Result<DryRun, Problem> {
    let mut run = DryRun::default();
    let mut before = None;
    let last = last.min(LAST_MAX);
    while run.judged < last {
        let wanted = PAGE.min(last - run.judged);
        let page = store_within(ANSWER, "judged_before", page(app, before, wanted)).await;
        let page = page.map_err(|error| Problem::unavailable(&error))?;
        let is_last = page.len() < wanted;
        before = page.last().map(|(place, _)| *place);
        for (_, judgement) in page {
            run.judged += 1;
            match (judgement.rejudge(now, now), judgement.rejudge(now, changed)) {
                (Rejudged::Verdict(before), Rejudged::Verdict(after)) => {
                    if (before.failed_at, &before.reason) != (after.failed_at, &after.reason) {
                        run.differ.push(Differs { judgement, before, after });
                    }
                }
                _ => run.unknown += 1,
            }
        }
        if is_last {
            break;
        }
        // A page is some milliseconds of computing: others go on between.
        tokio::task::yield_now().await;
    }
    Ok(run)
}

/// Up to `max` stored SMS before that place, newest first, with their onboardings: two questions to the store.
async fn page(app: &App, before: Option<Place>, max: usize) -> Result<Vec<(Place, Judgement)>, StoreError> {
    let rows = app.audit.judged_before(before, max).await?;
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|(_, row)| row.onboarding_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = if ids.is_empty() { Vec::new() } else { app.audit.onboardings_by_ids(&ids).await? };
    let kept: HashMap<Uuid, Onboarding> = found.into_iter().map(|o| (o.id, o)).collect();
    let with_onboarding = |row: QueuedSms| {
        let onboarding = row.onboarding_id.and_then(|id| kept.get(&id).cloned());
        Judgement { row, onboarding }
    };
    Ok(rows.into_iter().map(|(place, row)| (place, with_onboarding(row))).collect())
}

/// One stored SMS, with its onboarding.
pub async fn one(app: &App, sms_id: Uuid) -> Result<Option<Judgement>, StoreError> {
    let Some(row) = app.audit.judged_one(sms_id).await? else { return Ok(None) };
    let onboarding = match row.onboarding_id {
        Some(id) => app.audit.onboardings_by_ids(&[id]).await?.pop(),
        None => None,
    };
    Ok(Some(Judgement { row, onboarding }))
}

/// Why it was judged as it was: by the settings that held when it was.
pub async fn why(app: &App, judgement: &Judgement) -> Result<Vec<Step>, StoreError> {
    why_then(app, &app.live.now(), judgement).await
}

async fn why_then(app: &App, now: &Settings, judgement: &Judgement) -> Result<Vec<Step>, StoreError> {
    let settings = settings::as_of(app, now, judgement.row.judged_at).await?;
    Ok(trace(&judgement.record(), &settings))
}

/// The full story of one stored SMS.
#[derive(Clone, Debug)]
pub struct Story {
    /// As it was judged.
    pub judgement: Judgement,
    /// Why, step by step, by the settings that held then.
    pub trace: Vec<Step>,
    /// As it would be judged by the settings of now, with the changes that were given.
    pub again: Rejudged,
}

/// The identity of an SMS as a client gives it; one that cannot be read belongs to no SMS.
pub fn sms_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| not_found())
}

pub(crate) fn not_found() -> Problem {
    Problem::new(Code::NotFound, "there is no such SMS in input_sms, or it was not written there yet")
}

/// Tells the story of one stored SMS, and judges it by the settings of now with these changes.
pub async fn story(app: &App, sms_id: Uuid, changes: &[Change]) -> Result<Story, Problem> {
    let now = app.live.now();
    let by = settings::proposed(&now, changes)?;
    let judgement = in_time(one(app, sms_id)).await?.ok_or_else(not_found)?;
    let trace = in_time(why_then(app, &now, &judgement)).await?;
    let again = judgement.rejudge(&now, &by);
    Ok(Story { judgement, trace, again })
}
