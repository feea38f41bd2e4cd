//! One person by their number: the erasure from every store, with a receipt. What cannot be done now, because a store
//! is away, stays owed and is finished when it is back. The document of everything that is kept is
//! [`super::person_export`].
//!
//! **Order.** The erasure is noted in the data folder first. What the audit store knows of the person by other keys
//! than the number is added to that note. Then the audit store is erased, because everything else is rebuilt from it;
//! the receipt, by which every bridge recognises what its journal still holds, is written in the same transaction. Then
//! this bridge's journal, the hot store, the remote. Each step can be repeated, so after a crash all of it is done once
//! more. Other bridges may have been carrying rows from store to store meanwhile, so it is also done once more a little
//! later.

use bridge_core::sms::REMEMBERED;
use bridge_core::{Mobile, Timestamp};
use bridge_store::person::{Block, Blocked, Erasing, Erasure, Removed, spells};
use bridge_store::{Result, StoreError};
use uuid::Uuid;

use crate::admin::blacklist;
use crate::bridge::App;
use crate::durability::journal;
use crate::state::board::WakeSignal;
use crate::state::erasures::{Owed, SETTLED};

/// The stores, by the names that receipts give them.
pub(super) const AUDIT: &str = "audit";
pub(super) const JOURNAL: &str = "journal";
pub(super) const HOT: &str = "hot";
pub(super) const REMOTE: &str = "remote";
const MEMORY: &str = "memory";

/// Why nobody was erased: the wish itself could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("the erasure cannot be noted in the data folder, and nothing was done: {0}")]
pub struct NotNoted(#[source] std::io::Error);

/// Notes that somebody is to be erased. From then on it happens, whatever is away.
pub fn begin(app: &App, mobile: Mobile, block: Block, by: &str) -> std::result::Result<Uuid, NotNoted> {
    let now = app.clock.now();
    let id = app.entropy.id(now).map_err(|error| NotNoted(std::io::Error::other(error)))?;
    let receipt = Erasure {
        id,
        number_hash: app.secrets.number_hash(mobile.e164()),
        requested_at: now,
        requested_by: by.to_owned(),
        blacklist: Blocked::None,
        removed: std::collections::BTreeMap::new(),
        finished_at: None,
    };
    app.erasures.add(Owed::new(receipt, mobile, block)).map_err(NotNoted)?;
    app.board.wake(WakeSignal::Erasure);
    Ok(id)
}

/// Does what can be done of one erasure now. Answers its receipt and what it waits for; `None`: it is finished.
/// An error is the first that a store gave; what the others did is kept.
pub async fn carry_out(app: &App, id: Uuid) -> Result<Option<Owed>> {
    let _turn = app.erasures.turn().await;
    let Some(mut owed) = app.erasures.get(id) else { return Ok(None) };
    let now = app.clock.now();
    if !owed.is_due(now) {
        return Ok(Some(owed));
    }
    let _watching = if app.hot.is_durable() { None } else { Some(app.board.watching.lock().await) };
    let _alone = app.board.carrying.write().await;
    owed.waits_for.clear();
    let mut failure = None;
    for step in [AUDIT, JOURNAL, HOT, REMOTE] {
        let done = match step {
            AUDIT => from_audit(app, &mut owed).await,
            JOURNAL => from_journal(app, &mut owed).await,
            HOT => from_hot(app, &mut owed).await,
            _ => from_remote(app, &mut owed).await,
        };
        if let Err(error) = done {
            tracing::warn!(store = step, %error, source = ?error.source, "an erasure waits for a store");
            owed.waits_for.insert(step.to_owned(), error.to_string());
            failure = failure.or(Some(error));
        }
        save(app, &owed)?;
    }
    match failure {
        None => finish(app, &mut owed, now).await.map(|()| Some(owed)),
        Some(error) => Err(error),
    }
}

fn save(app: &App, owed: &Owed) -> Result<()> {
    app.erasures.update(owed).map_err(|error| StoreError {
        operation: "erase",
        kind: bridge_store::StoreFault::Unavailable,
        source: Some(error.into()),
    })
}

/// Every store is done. Alone on its stores a bridge is done with it; in a group once more after a while.
async fn finish(app: &App, owed: &mut Owed, now: Timestamp) -> Result<()> {
    let is_settled = app.hot.is_durable() || owed.emptied_at.is_some_and(|at| now - at >= SETTLED);
    if is_settled {
        owed.receipt.finished_at = Some(now);
    } else {
        owed.emptied_at = Some(owed.emptied_at.unwrap_or(now));
    }
    if let Err(error) = app.audit.put_erasure(&owed.receipt).await {
        owed.receipt.finished_at = None;
        owed.waits_for.insert(AUDIT.to_owned(), error.to_string());
        save(app, owed)?;
        return Err(error);
    }
    if is_settled {
        tracing::info!(erasure = %owed.receipt.id, "a person was erased");
        app.erasures.remove(owed.receipt.id);
        return Ok(());
    }
    owed.waits_for.insert(
        "group".to_owned(),
        "is looked through once more when no bridge can carry anything back".to_owned(),
    );
    save(app, owed)
}

async fn from_audit(app: &App, owed: &mut Owed) -> Result<()> {
    let until = owed.receipt.requested_at;
    let in_memory = app.refusals.forget(|refusal| spells(&refusal.mobile_number, &owed.mobile));
    app.page_steps.forget(owed.mobile.e164());
    owed.note(MEMORY, Removed::from([("registration_attempts".to_owned(), in_memory as u64)]));
    // Noted before the rows go by which they were found.
    owed.traces.merge(app.audit.traces(&owed.mobile, until - REMEMBERED).await?);
    save(app, owed)?;
    if owed.block == Block::Lift && owed.receipt.blacklist != Blocked::Lifted {
        // As if at the time of the erasure: what remembers that it was taken off goes with it.
        if blacklist::take_off(app, until, &owed.mobile).await? {
            owed.receipt.blacklist = Blocked::Lifted;
        }
    }
    let erasing = Erasing { mobile: &owed.mobile, until, block: owed.block };
    let erased = app.audit.erase(&erasing, &owed.receipt).await?;
    fail::fail_point!("person::audit_erased", |_| std::process::abort());
    if erased.was_blocked && owed.block == Block::Keep {
        owed.receipt.blacklist = Blocked::Kept;
    }
    owed.note(AUDIT, erased.removed);
    Ok(())
}

async fn from_journal(app: &App, owed: &mut Owed) -> Result<()> {
    let erased = journal::erase(app, &owed.mobile, owed.receipt.requested_at).await?;
    owed.note(JOURNAL, Removed::from([("entries".to_owned(), erased)]));
    Ok(())
}

async fn from_hot(app: &App, owed: &mut Owed) -> Result<()> {
    let (mobile, until) = (owed.mobile.clone(), owed.receipt.requested_at);
    let erased = app.hot.erase(mobile.e164(), until, &owed.traces).await?;
    fail::fail_point!("person::hot_erased", |_| std::process::abort());
    owed.note(HOT, erased);
    if owed.block == Block::Keep && owed.receipt.blacklist == Blocked::None {
        // One that is on its way to the table.
        let waiting = app.hot.queued_blacklistings(usize::MAX).await?;
        if waiting.iter().any(|entry| entry.mobile_number == mobile.e164()) {
            owed.receipt.blacklist = Blocked::Kept;
        }
    }
    Ok(())
}

async fn from_remote(app: &App, owed: &mut Owed) -> Result<()> {
    let Some(remote) = &app.remote else { return Ok(()) };
    let erased = remote.erase(owed.mobile.e164(), owed.receipt.requested_at).await.map_err(away)?;
    owed.note(REMOTE, Removed::from([("validated_mobiles".to_owned(), erased)]));
    Ok(())
}

fn away(paused: bridge_store::remote::Paused) -> StoreError {
    StoreError {
        operation: "remote",
        kind: bridge_store::StoreFault::Unavailable,
        source: Some(paused.into()),
    }
}

/// Takes a number off the validated ones, so that the person may register again. What was judged stays on record.
/// Answers on how many devices it was validated.
pub async fn unvalidate(app: &App, mobile: &Mobile) -> Result<u64> {
    let _alone = app.board.carrying.write().await;
    let now = app.clock.now();
    // What still waits would bring the pair to the table again.
    let waiting = app.hot.person(now, mobile.e164(), &bridge_store::person::Traces::default()).await?;
    app.audit.append_sms(&waiting.queued_sms).await?;
    // The source first; then whoever is rebuilt from it; the remote last, which is told nothing new of it from here on.
    let (mut stored, mut known) = (0, 0);
    // Its older spelling is the same person's (D43).
    for spelling in mobile.older_spelling().iter().map(String::as_str).chain([mobile.e164()]) {
        stored += app.audit.unvalidate(now, spelling).await?;
        known += app.hot.unvalidate(spelling).await?;
        if let Some(remote) = &app.remote {
            remote.erase(spelling, now).await.map_err(away)?;
        }
    }
    Ok(stored.max(known))
}
