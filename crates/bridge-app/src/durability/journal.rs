//! The journal in use (D29): what the hot store alone would not keep through a power cut is kept here until its row is
//! in the audit store. Where that is in doubt, its entries are flushed: written to the stores, which may have them
//! already. Not the journal itself: that is `bridge_store::journal`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge_core::settings::{Durability, Settings};
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp};
use bridge_store::hot::{Restore, Right};
use bridge_store::journal::{Due, Entry, Part, Subject};
use bridge_store::judged::QueuedSms;
use bridge_store::{Result, StoreError, StoreFault, person};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

use crate::bridge::App;
use crate::durability::quarantined;
use crate::state::board::WakeSignal;

/// Entries that are flushed in one step.
const STEP: usize = 500;
/// Numbers whose SMS are stored for later beside each other.
const STORED_AT_ONCE: usize = 16;
/// Between two tries to tell a store that is being rebuilt.
const LATE_POLL: Duration = Duration::from_millis(50);

/// Keeps what was just judged or registered before it is acknowledged. `generation` is that of the availability from before the
/// hot store was asked: if that store stopped judging since, the entry is flushed at once, because whoever
/// rebuilds the store may have read the journal already.
pub async fn keep(app: &App, settings: &Settings, entry: Entry, generation: u64) -> Result<()> {
    if app.hot.is_durable() {
        return Ok(());
    }
    let kept = match settings.durability {
        Durability::Strict => app.journal.keep(&entry).await,
        Durability::Everysec => {
            if let Err(error) = app.journal.keep_soon(&entry) {
                tracing::warn!(%error, "the journal does not keep up; everysec does not wait for it");
            }
            Ok(())
        }
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the journal cannot keep what was judged: its row is written at once");
        return to_audit(app, std::slice::from_ref(&entry)).await;
    }
    if app.availability.generation() != generation {
        flush_late(app, &entry).await?;
    }
    Ok(())
}

/// Not acknowledged before a store that judges knows of it; whoever waits for this waits with an end.
async fn flush_late(app: &App, entry: &Entry) -> Result<()> {
    let entries = std::slice::from_ref(entry);
    to_audit(app, entries).await?;
    while let Err(error) = to_hot(app, entries).await {
        tracing::debug!(%error, "the hot store does not judge yet");
        tokio::time::sleep(LATE_POLL).await;
    }
    Ok(())
}

/// Writes entries to where they belong, in their order; each may be there already.
async fn to_audit(app: &App, entries: &[Entry]) -> Result<()> {
    for step in entries.chunks(STEP) {
        let (judged, onboardings) = sorted(step);
        if !judged.is_empty() {
            app.audit.append_sms(&judged).await?;
        }
        if !onboardings.is_empty() {
            app.audit.upsert_onboardings(&onboardings).await?;
        }
    }
    let mut waiting: BTreeMap<&str, Vec<InboundSms>> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Waiting(sms) => {
                waiting.entry(sms.mobile_number()).or_default().push(InboundSms::clone(sms));
            }
            Entry::Quarantined(body) => quarantined::write(app, body).await?,
            Entry::Judged(_) | Entry::Onboarding(_) => {}
        }
    }
    let numbers: Vec<Vec<InboundSms>> = waiting.into_values().collect();
    let stored = stream::iter(numbers).map(|sms| store_in_order(app, sms)).buffer_unordered(STORED_AT_ONCE);
    stored.try_collect().await
}

/// The SMS of one number: two that were taken in within a millisecond keep the order in which they are written.
async fn store_in_order(app: &App, waiting: Vec<InboundSms>) -> Result<()> {
    for sms in waiting {
        let sms = app.clock_watch.put_right(sms);
        app.audit.store_for_later(&sms).await?;
        // There it is durable, and whoever judges again marks first what waits there.
        app.journal.acknowledge(&[Subject::Waiting(sms.sms_id)]);
    }
    Ok(())
}

/// Tells the hot store what it may not know.
async fn to_hot(app: &App, entries: &[Entry]) -> Result<()> {
    let now = app.clock.now();
    for step in entries.chunks(STEP) {
        let (judged, onboardings) = sorted(step);
        for part in [Restore::Onboardings(&onboardings), Restore::Judged(&judged)] {
            if !app.hot.restore(now, Right::Entered, part).await? {
                return Err(StoreError { operation: "restore", kind: StoreFault::Lost, source: None });
            }
        }
        app.hot.mark_waiting(now, &marks(step)).await?;
    }
    Ok(())
}

fn marks(entries: &[Entry]) -> Vec<(String, Uuid)> {
    let mark = |entry: &Entry| match entry {
        Entry::Waiting(sms) if sms.part.is_none() => Some((sms.mobile_number().to_owned(), sms.sms_id)),
        Entry::Waiting(_) | Entry::Judged(_) | Entry::Onboarding(_) | Entry::Quarantined(_) => None,
    };
    entries.iter().filter_map(mark).collect()
}

fn sorted(entries: &[Entry]) -> (Vec<QueuedSms>, Vec<Onboarding>) {
    let (mut judged, mut onboardings) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Judged(queued) => judged.push(QueuedSms::clone(queued)),
            Entry::Onboarding(onboarding) => onboardings.push(Onboarding::clone(onboarding)),
            Entry::Waiting(_) | Entry::Quarantined(_) => {}
        }
    }
    (judged, onboardings)
}

/// Flushes everything that is not acknowledged. Nothing is acknowledged yet: the hot store may have to hear of it too.
pub async fn flush(app: &App) -> Result<()> {
    let mut parts = Parts::all();
    while let Some(entries) = parts.next(app).await? {
        to_audit(app, &unerased(app, entries).await?).await?;
    }
    Ok(())
}

/// Everything that was flushed is told to the hot store, too, and acknowledged: with it what was kept since, which is
/// flushed only now.
pub async fn acknowledge_flushed(app: &App) -> Result<()> {
    let mut parts = Parts::all();
    while let Some(entries) = parts.next(app).await? {
        let entries = unerased(app, entries).await?;
        to_audit(app, &entries).await?;
        to_hot(app, &entries).await?;
        acknowledge(app, &entries);
    }
    Ok(())
}

/// Flushes what is older than `age`: it was dumped by another bridge, or is lost from the hot store. SMS that wait
/// to be judged go at once. What was judged goes only while the hot store can be told: whoever rebuilds it may have read
/// the audit trail already.
pub async fn flush_old(app: &App, now: Timestamp, age: Span) -> Result<()> {
    let mut parts = Parts { due: Due::WaitingOrUntil(now - age), read: None };
    while let Some(mut entries) = parts.next(app).await? {
        let is_open = app.availability.is_open();
        let at_once = |entry: &Entry| matches!(entry, Entry::Waiting(_) | Entry::Quarantined(_));
        entries.retain(|entry| at_once(entry) || is_open && now - entry.at() >= age);
        let entries = unerased(app, entries).await?;
        if entries.is_empty() {
            continue;
        }
        to_audit(app, &entries).await?;
        if is_open {
            to_hot(app, &entries).await?;
        }
        acknowledge(app, &entries);
        if entries.iter().any(|entry| matches!(entry, Entry::Waiting(_))) {
            app.board.wake(WakeSignal::Replay);
        }
    }
    Ok(())
}

/// Marks the SMS that wait in the journal, so that none of their numbers overtakes them.
pub async fn mark_waiting(app: &App) -> Result<()> {
    if app.journal.waiting() == 0 {
        return Ok(());
    }
    let mut parts = Parts::all();
    while let Some(entries) = parts.next(app).await? {
        app.hot.mark_waiting(app.clock.now(), &marks(&entries)).await?;
    }
    Ok(())
}

/// Whose entry it is, and when what it tells of came in; a body that nobody can use is nobody's.
fn whose(entry: &Entry) -> Option<(&str, Timestamp)> {
    match entry {
        Entry::Judged(queued) => Some((queued.sms.mobile_number(), queued.sms.server_received_at)),
        Entry::Waiting(sms) => Some((sms.mobile_number(), sms.server_received_at)),
        Entry::Onboarding(onboarding) => Some((onboarding.mobile.e164(), onboarding.request_timestamp)),
        Entry::Quarantined(_) => None,
    }
}

/// What was erased since it was kept goes to nobody any more: whichever bridge was asked to erase it, and however long
/// this one was away.
async fn unerased(app: &App, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let numbers: BTreeSet<&str> = entries.iter().filter_map(|entry| Some(whose(entry)?.0)).collect();
    let hashes: Vec<(&str, Vec<String>)> =
        numbers.into_iter().map(|number| (number, app.secrets.number_hashes(number))).collect();
    let asked: Vec<String> = hashes.iter().flat_map(|(_, hashes)| hashes.iter().cloned()).collect();
    if asked.is_empty() {
        return Ok(entries);
    }
    let erased = app.audit.erased_until(&asked).await?;
    if erased.is_empty() {
        return Ok(entries);
    }
    let until: BTreeMap<String, Timestamp> = hashes
        .into_iter()
        .filter_map(|(number, hashes)| {
            let ends = erased.iter().filter(|(hash, _)| hashes.contains(hash)).map(|(_, until)| *until);
            Some((number.to_owned(), ends.max()?))
        })
        .collect();
    let is_erased = |entry: &Entry| {
        whose(entry).is_some_and(|(number, at)| until.get(number).is_some_and(|until| at <= *until))
    };
    let (gone, stays): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_erased);
    acknowledge(app, &gone);
    Ok(stays)
}

/// Everything of a number that is not acknowledged.
pub async fn of_person(app: &App, mobile: &Mobile) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut parts = Parts::all();
    while let Some(entries) = parts.next(app).await? {
        found.extend(entries.into_iter().filter(|entry| match (whose(entry), entry) {
            (Some((number, _)), _) => number == mobile.e164(),
            (None, Entry::Quarantined(body)) => person::names(&body.body, mobile),
            (None, _) => false,
        }));
    }
    Ok(found)
}

/// Forgets everything of a number that came in until then, on the disk too. Answers how many entries there were.
pub async fn erase(app: &App, mobile: &Mobile, until: Timestamp) -> Result<u64> {
    let mut entries = of_person(app, mobile).await?;
    entries.retain(|entry| whose(entry).map_or_else(|| entry.at(), |(_, at)| at) <= until);
    acknowledge(app, &entries);
    // What was acknowledged before lies in the files, too.
    app.journal.compact().await?;
    Ok(entries.len() as u64)
}

fn acknowledge(app: &App, entries: &[Entry]) {
    let subjects: Vec<Subject> = entries.iter().map(Entry::subject).collect();
    app.journal.acknowledge(&subjects);
}

/// What is not acknowledged, part by part.
struct Parts {
    due: Due,
    read: Option<Part>,
}

impl Parts {
    fn all() -> Parts {
        Parts { due: Due::All, read: None }
    }

    async fn next(&mut self, app: &App) -> Result<Option<Vec<Entry>>> {
        let (journal, after, due) = (app.journal.clone(), self.read, self.due);
        let read = tokio::task::spawn_blocking(move || journal.unacknowledged(after, due)).await;
        let Some((part, entries)) = read.map_err(unread)?? else { return Ok(None) };
        self.read = Some(part);
        Ok(Some(entries))
    }
}

fn unread(error: tokio::task::JoinError) -> StoreError {
    StoreError { operation: "journal", kind: StoreFault::Unavailable, source: Some(error.into()) }
}
