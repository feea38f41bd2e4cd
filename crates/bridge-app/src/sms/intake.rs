//! The way of one SMS: taken in, judged, recorded, and only then acknowledged. Where it cannot be judged now it is
//! stored for later; it is refused only where nothing is writable (decisions.md D9, D25-D29).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bridge_core::checks::{Facts, SenderFacts, evaluate};
use bridge_core::message::{Found, find_hashes};
use bridge_core::settings::Settings;
use bridge_core::sms::Key;
use bridge_core::{InboundSms, Onboarding, Span, Verdict};
use bridge_store::hot::{Admission, IntakeLimits, Recorded};
use bridge_store::journal::Entry;
use bridge_store::judged::{Answer, Judged, QueuedSms};
use bridge_store::{StoreError, StoreFault};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use crate::base::deadline::{ANSWER, JUDGE, MARK, STORE, within};
use crate::base::metrics::Stopwatch;
use crate::bridge::App;
use crate::durability::{ids, journal};
use crate::state::availability::Hot;
use crate::state::board::WakeSignal;
use crate::state::recent::RecentSms;

/// An SMS admitted longer ago than any request lives is taken over by its next copy (D9).
const TAKEOVER_AFTER: Span = Span(2_000);
/// Between two looks at a copy that is being judged.
const COPY_POLL: Duration = Duration::from_millis(20);
/// Numbers of one delivery whose SMS are judged beside each other.
const NUMBERS_AT_ONCE: usize = 16;
/// Judgements of one SMS whose precondition kept changing, before it waits for the replay.
const REJUDGED_MAX: usize = 16;
/// Archived onboardings of one number that a late SMS is compared with.
const ARCHIVED_MAX: usize = 64;
/// How long an onboarding stays that a late SMS brought back (D8).
const REVIVED_FOR: Span = Span(3_600_000);

/// What became of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Judged and recorded.
    Judged(Answer),
    /// It came before; this was the answer.
    Redelivered(Answer),
    /// Durable, to be judged later.
    Stored,
}

/// Nothing is writable. The sender must come again: no acknowledgement was given.
#[derive(Debug, thiserror::Error)]
#[error("the SMS could not be made durable")]
pub struct Unwritable;

#[derive(Debug, thiserror::Error)]
enum JudgeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the facts kept changing")]
    Unsettled,
    #[error("an SMS of this number waits")]
    BehindWaiting,
    #[error("it does not pass, also as an operator accepts it")]
    NotAccepted(Box<Verdict>),
}

/// Takes one SMS in. `Ok` means it is durable.
async fn take_in(app: &App, settings: &Settings, sms: InboundSms) -> Result<Taken, Unwritable> {
    let watch = Stopwatch::start();
    let format = sms.format.clone();
    let (sms_id, sender, receiver) = (sms.sms_id, sms.mobile_number().to_owned(), sms.receiver_id.clone());
    let taken = within(ANSWER, judge_or_store(app, settings, sms)).await.unwrap_or(Err(Unwritable));
    let outcome = match &taken {
        Ok(Taken::Judged(answer)) => {
            let took = watch.elapsed();
            app.metrics.verdict_duration_seconds.observe(took.as_secs_f64());
            app.metrics.count_checks(&answer.verdict);
            let (at, verdict) = (app.clock.now(), answer.verdict.clone());
            app.recent.judged(RecentSms { sms_id, sender, receiver, at, took, verdict });
            answer.verdict.status()
        }
        Ok(Taken::Redelivered(_)) => {
            app.metrics.redelivered_total.inc();
            "redelivered"
        }
        Ok(Taken::Stored) => "stored",
        Err(Unwritable) => {
            app.metrics.refused_unwritable_total.inc();
            "refused"
        }
    };
    app.metrics.count_sms(&format, outcome);
    app.unwritable.store(taken.is_err(), Ordering::Relaxed);
    taken
}

/// Takes several in: those of one number in their order, numbers beside each other. `Ok` means all are durable; where
/// one is not, all come again, and those that are durable are recognised then (D9).
pub async fn take_all(
    app: &App,
    settings: &Settings,
    all: Vec<InboundSms>,
) -> Result<Vec<Taken>, Unwritable> {
    within(ANSWER, take_each(app, settings, all)).await.unwrap_or(Err(Unwritable))
}

/// The same for whoever may wait longer than a phone: each SMS alone must be answered in time.
pub async fn take_each(
    app: &App,
    settings: &Settings,
    all: Vec<InboundSms>,
) -> Result<Vec<Taken>, Unwritable> {
    let mut numbers: BTreeMap<String, Vec<(usize, InboundSms)>> = BTreeMap::new();
    for (place, sms) in all.into_iter().enumerate() {
        numbers.entry(sms.mobile_number().to_owned()).or_default().push((place, sms));
    }
    let each = stream::iter(numbers.into_values()).map(|sms| take_in_order(app, settings, sms));
    let taken = each.buffer_unordered(NUMBERS_AT_ONCE).try_collect::<Vec<_>>().await?;
    let mut taken: Vec<(usize, Taken)> = taken.into_iter().flatten().collect();
    taken.sort_by_key(|(place, _)| *place);
    Ok(taken.into_iter().map(|(_, taken)| taken).collect())
}

async fn take_in_order(
    app: &App,
    settings: &Settings,
    all: Vec<(usize, InboundSms)>,
) -> Result<Vec<(usize, Taken)>, Unwritable> {
    let mut taken = Vec::with_capacity(all.len());
    for (place, sms) in all {
        taken.push((place, take_in(app, settings, sms).await?));
    }
    Ok(taken)
}

async fn judge_or_store(app: &App, settings: &Settings, sms: InboundSms) -> Result<Taken, Unwritable> {
    let is_right = app.clock_watch.is_right();
    let sms = if is_right { app.clock_watch.put_right(sms) } else { sms };
    if sms.part.is_some() {
        return store_part(app, sms).await;
    }
    if !is_right {
        app.availability.suspect();
        return store(app, sms).await;
    }
    if settings.maintenance_mode || !app.availability.is_open() {
        return store(app, sms).await;
    }
    match within(JUDGE, judge(app, &sms, settings, Turn::Live)).await {
        Ok(Ok(taken)) => Ok(taken),
        Ok(Err(JudgeError::BehindWaiting)) => store(app, sms).await,
        Ok(Err(error)) => {
            tracing::warn!(%error, source = ?std::error::Error::source(&error), "an SMS could not be judged and is stored for later");
            app.availability.suspect();
            store(app, sms).await
        }
        Err(_) => {
            tracing::warn!("an SMS could not be judged in time and is stored for later");
            app.availability.suspect();
            store(app, sms).await
        }
    }
}

/// Where it can wait (D25, D26): `power_down_store`, else the journal, else a refusal. The number is marked before and,
/// where the hot store was not to be reached or was being rebuilt, after: whoever takes the next SMS of this number,
/// on whichever bridge, must know that one waits.
async fn store(app: &App, sms: InboundSms) -> Result<Taken, Unwritable> {
    let generation = app.availability.generation();
    let waits = (sms.mobile_number().to_owned(), sms.sms_id);
    let marked = app.availability.is_open() && mark(app, &waits).await;
    keep_for_later(app, sms).await?;
    Ok(stored(app, &waits, marked, generation).await)
}

/// One part of a longer SMS waits for the others. It holds no SMS of its number up: they may never come.
async fn store_part(app: &App, sms: InboundSms) -> Result<Taken, Unwritable> {
    keep_for_later(app, sms).await?;
    wake_for_stored(app);
    Ok(Taken::Stored)
}

async fn keep_for_later(app: &App, sms: InboundSms) -> Result<(), Unwritable> {
    // While one waits in this bridge's journal, what comes after it waits behind it there: `power_down_store` is
    // replayed by any bridge, and none of them sees into this journal.
    // Nor does `power_down_store` take what has no time yet.
    let has_time = sms.clock_not_set.is_none();
    if has_time && app.availability.now().audit && app.journal.waiting() == 0 {
        match within(STORE, app.audit.store_for_later(&sms)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, source = ?error.source, "power_down_store takes nothing");
            }
            Err(_) => tracing::warn!("power_down_store does not answer"),
        }
        app.availability.suspect();
    }
    app.journal.keep(&Entry::Waiting(Box::new(sms))).await.map_err(|error| {
        tracing::error!(%error, source = ?error.source, "nothing is writable: an SMS was refused");
        Unwritable
    })
}

async fn stored(app: &App, waits: &(String, Uuid), marked: bool, generation: u64) -> Taken {
    // A store that is rebuilt meanwhile reads what waits after it was emptied of marks.
    let must_be_marked = !marked || app.availability.generation() != generation;
    if must_be_marked && !mark(app, waits).await && app.availability.is_open() {
        // However short the disturbance was: nothing is judged here before the store monitor has marked what waits.
        app.availability.set_hot(app.clock.now(), Hot::Away);
        app.availability.suspect();
    }
    wake_for_stored(app);
    Taken::Stored
}

fn wake_for_stored(app: &App) {
    app.board.wake(WakeSignal::Replay);
    if app.journal.waiting() > 0 {
        app.board.wake(WakeSignal::Journal);
    }
}

/// Marks that this SMS of this number waits.
async fn mark(app: &App, waits: &(String, Uuid)) -> bool {
    let marks = std::slice::from_ref(waits);
    let marked = within(MARK, app.hot.mark_waiting(app.clock.now(), marks)).await;
    matches!(marked, Ok(Ok(())))
}

/// Whose turn an SMS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It comes in now: it waits behind one of its number that waits.
    Live,
    /// It waited.
    Replay,
    /// An operator accepts it: it is recorded only if it passes (D48).
    Accepted,
}

/// Judges an SMS that was stored for later, exactly once whatever happened before.
pub async fn replay(app: &App, settings: &Settings, sms: InboundSms) -> Result<(), StoreError> {
    match judge(app, &sms, settings, Turn::Replay).await {
        Ok(Taken::Judged(answer)) => {
            app.metrics.count_checks(&answer.verdict);
            Ok(())
        }
        Ok(Taken::Redelivered(_) | Taken::Stored) => Ok(()),
        Err(error) => Err(unjudged("replay", error)),
    }
}

/// Judges an SMS that an operator accepts, exactly once. `Err` within: nothing is recorded, because it would not pass.
pub async fn accept(
    app: &App,
    settings: &Settings,
    sms: &InboundSms,
) -> Result<Result<Answer, Verdict>, StoreError> {
    match judge(app, sms, &settings.accepting(), Turn::Accepted).await {
        Ok(Taken::Judged(answer) | Taken::Redelivered(answer)) => Ok(Ok(answer)),
        Err(JudgeError::NotAccepted(verdict)) => Ok(Err(*verdict)),
        Ok(Taken::Stored) => Err(unjudged("accept", JudgeError::BehindWaiting)),
        Err(error) => Err(unjudged("accept", error)),
    }
}

fn unjudged(operation: &'static str, error: JudgeError) -> StoreError {
    match error {
        JudgeError::Store(error) => error,
        error => StoreError { operation, kind: StoreFault::Unavailable, source: Some(error.into()) },
    }
}

/// Borrows the SMS: where judging is given up in the middle, its owner still has it to store.
async fn judge(app: &App, sms: &InboundSms, settings: &Settings, turn: Turn) -> Result<Taken, JudgeError> {
    let limits = IntakeLimits {
        blacklist_above: i64::from(settings.blacklist_threshold),
        takeover_after: TAKEOVER_AFTER,
        behind_waiting: turn == Turn::Live,
    };
    let generation = app.availability.generation();
    loop {
        let admitted = app.hot.admit(app.clock.now(), sms, limits).await?;
        fail::fail_point!("intake::admitted", |_| std::process::abort());
        if admitted.delivery_id_reused {
            app.metrics.delivery_id_reused_total.inc();
        }
        match admitted.outcome {
            Admission::Answered(answer) => {
                keep_answered(app, settings, &answer, generation).await?;
                return Ok(Taken::Redelivered(answer));
            }
            Admission::BeingJudged => tokio::time::sleep(COPY_POLL).await,
            Admission::BehindWaiting => return Err(JudgeError::BehindWaiting),
            Admission::Judge { sms_id, server_received_at, fingerprint, known } => {
                if known.blacklisted && known.sms_in_window == limits.blacklist_above + 1 {
                    app.board.wake(WakeSignal::Blacklist);
                }
                // The one copy on its way: from here on it is the row that waits for `input_sms`.
                let sms = InboundSms { sms_id, server_received_at, ..sms.clone() };
                if let Some(queued) = judge_admitted(app, sms, fingerprint, *known, settings, turn).await? {
                    let answer = queued.answer();
                    journal::keep(app, settings, Entry::Judged(Box::new(queued)), generation).await?;
                    wake_for(app, &answer, settings);
                    return Ok(Taken::Judged(answer));
                }
            }
        }
    }
}

/// Whoever judged it may have died before it was on disk: then the row still waits in the hot store alone.
async fn keep_answered(
    app: &App,
    settings: &Settings,
    answer: &Answer,
    generation: u64,
) -> Result<(), StoreError> {
    if app.hot.is_durable() {
        return Ok(());
    }
    match app.hot.queued_one(answer.id).await? {
        Some(queued) => journal::keep(app, settings, Entry::Judged(Box::new(queued)), generation).await,
        None => Ok(()),
    }
}

/// Judges and records until the facts hold still. `None`: it must be taken in again.
async fn judge_admitted(
    app: &App,
    sms: InboundSms,
    fingerprint: Key,
    known: SenderFacts,
    settings: &Settings,
    turn: Turn,
) -> Result<Option<QueuedSms>, JudgeError> {
    let found = find_hashes(&sms.text, &settings.permitted_headers);
    let known = known.meant_by(&found);
    let mut known = with_archived_onboarding(app, &sms, known, &found, settings, turn).await?;
    let mut sms = sms;
    for _ in 0..REJUDGED_MAX {
        let now = app.clock.now();
        let mut verdict = evaluate(&Facts { sms: &sms, found: &found, sender: &known, now }, settings);
        if turn == Turn::Accepted {
            if !verdict.passed() {
                return Err(JudgeError::NotAccepted(Box::new(verdict)));
            }
            verdict = verdict.by_operator();
        }
        let judged = Judged::new(sms, fingerprint, verdict, &known);
        fail::fail_point!("intake::judged", |_| std::process::abort());
        let recorded = app.hot.record(now, &judged).await?;
        fail::fail_point!("intake::recorded", |_| std::process::abort());
        match recorded {
            Recorded::Done(answer) => return Ok(Some(judged.queued(now, answer))),
            Recorded::Changed(changed) => known = changed.meant_by(&found),
            Recorded::NotAdmitted => return Ok(None),
        }
        sms = judged.row.sms;
    }
    Err(JudgeError::Unsettled)
}

/// D8: an SMS kept back so long that its onboarding left the hot store is judged against the archived
/// one. Only on this path is the audit store asked.
async fn with_archived_onboarding(
    app: &App,
    sms: &InboundSms,
    known: SenderFacts,
    found: &Found,
    settings: &Settings,
    turn: Turn,
) -> Result<SenderFacts, StoreError> {
    let now = app.clock.now();
    let kept = Span::seconds(settings.onboarding_ttl_seconds.saturating_sub(settings.user_timelimit_seconds));
    let Ok(sender) = &sms.sender else { return Ok(known) };
    let is_meant = |onboarding: &Onboarding| found.holds(&onboarding.hash, onboarding.asked.short);
    let nobody = known.onboarding.is_none();
    // By its stamp, unless that is what was in doubt.
    let is_recent =
        turn != Turn::Accepted && (now - sms.received_timestamp).0 + settings.tolerance().0 < kept.0;
    if known.onboarding.as_ref().is_some_and(is_meant) || is_recent {
        return Ok(known);
    }
    let mut archived = app.audit.newest_onboardings(sender.e164(), ARCHIVED_MAX).await?;
    // Beside those of other people only the one that the text names comes back; else the newest, as ever.
    let meant = archived.iter().position(is_meant).or((nobody && !archived.is_empty()).then_some(0));
    let Some(meant) = meant else { return Ok(known) };
    let revived = app.hot.revive(now, &archived.swap_remove(meant), now + REVIVED_FOR).await?;
    Ok(SenderFacts { sms_in_window: known.sms_in_window, ..revived }.meant_by(found))
}

/// Wakes the workers that have something to do now (D20).
fn wake_for(app: &App, answer: &Answer, settings: &Settings) {
    if answer.verdict.passed() {
        app.board.wake(WakeSignal::Validated);
        app.board.wake(WakeSignal::Onboarding);
    }
    if answer.id + ids::LOW > app.board.reserved.load(Ordering::Relaxed) {
        app.board.wake(WakeSignal::Counters);
    }
    let waiting = app.undumped.fetch_add(1, Ordering::Relaxed) + 1;
    if waiting >= u64::from(settings.batch_size) {
        app.board.wake(WakeSignal::Dump);
    }
}
