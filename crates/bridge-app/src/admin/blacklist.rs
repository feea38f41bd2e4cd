//! Blocking and unblocking numbers by hand. A block holds at once, until its end where it has one; unblocking also
//! forgets the number's count of the day. Also how the blacklist gets from the audit store, its source, into the set
//! that the checks read: a worker calls that too.

use std::time::Duration;

use bridge_core::phone::BareDigits;
use bridge_core::{Mobile, Settings, Span, Timestamp};
use bridge_store::Result as Stored;
use bridge_store::blacklisting::Blacklisting;
use serde_json::{Value, json};

use crate::admin::block::Wish;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::durability::spellings;
use crate::state::board::WakeSignal;
use crate::webhooks::carry;

/// The lease for carrying the blacklist between the stores, and the name of the worker that does it by itself.
pub(crate) const CARRYING: &str = "populate_blacklist_from_postgres";
/// For taking one number off, or reading the list once.
const TURN: Span = Span(5_000);
const TURN_POLL: Duration = Duration::from_millis(20);

/// A number as the operator writes it.
pub fn mobile(settings: &Settings, text: &str) -> Result<Mobile, Problem> {
    Mobile::parse(text, &settings.default_country_code, BareDigits::NationalFirst)
        .map_err(|why| Problem::field(Code::InvalidMobileNumber, "mobile_number", why.to_string()))
}

/// Every block that holds now: first what is not in the audit store yet, then newest first.
pub async fn list(app: &App) -> Result<Vec<Blacklisting>, Problem> {
    let both = async { tokio::try_join!(app.hot.queued_blacklistings(usize::MAX), app.audit.blacklist()) };
    let (waiting, mut all) = in_time(both).await?;
    all.retain(|entry| waiting.iter().all(|w| w.mobile_number != entry.mobile_number));
    let now = app.clock.now();
    Ok(waiting.into_iter().chain(all).filter(|entry| entry.holds(now)).collect())
}

/// The block that is asked for, from now on.
pub(crate) fn entry(app: &App, actor: &Actor, mobile: &Mobile, wish: Wish) -> Result<Blacklisting, Problem> {
    let now = app.clock.now();
    let (reason, expires_at) = wish.read(now)?;
    Ok(Blacklisting {
        mobile_number: mobile.e164().to_owned(),
        country_code: mobile.calling_code().to_owned(),
        local_mobile: mobile.national().to_owned(),
        blacklisted_at: now,
        reason,
        message_count: 0,
        expires_at,
        blocked_by: Some(actor.who.clone()),
    })
}

/// Blocks a number from now on.
pub async fn block(app: &App, actor: &Actor, mobile: &Mobile, wish: Wish) -> Result<Blacklisting, Problem> {
    let entry = entry(app, actor, mobile, wish)?;
    let after = json!({"reason": entry.reason, "expires_at": entry.expires_at.map(|at| at.to_string())});
    app.note_change(actor, "blacklist.add", mobile.e164(), Value::Null, after).await?;
    // The source first (D24): a hot store may forget what nobody else knows. One that is durable keeps it until the
    // source answers again.
    let entries = std::slice::from_ref(&entry);
    let told = async {
        carry::tell_blocked(app, entries).await?;
        app.audit.append_blacklist(entries).await
    };
    let kept = in_time(told).await;
    if !app.hot.is_durable() {
        kept?;
    }
    in_time(app.hot.blacklist(&entry)).await?;
    app.board.wake(WakeSignal::Blacklist);
    Ok(entry)
}

/// Unblocks a number.
pub async fn unblock(app: &App, actor: &Actor, mobile: &Mobile) -> Result<(), Problem> {
    app.note_change(actor, "blacklist.remove", mobile.e164(), Value::Null, Value::Null).await?;
    if in_time(take_off(app, app.clock.now(), mobile)).await? {
        Ok(())
    } else {
        Err(Problem::new(Code::NotFound, "this number is not on the blacklist"))
    }
}

/// Takes a number off, and its count of the day with it. False: it was not on.
pub(crate) async fn take_off(app: &App, now: Timestamp, mobile: &Mobile) -> Stored<bool> {
    // Nobody carries the blacklist between the stores meanwhile: what was read before must not bring the number back.
    let _turn = app.board.blacklisting.lock().await;
    take_turn(app).await?;
    let removed = remove_everywhere(app, now, mobile).await;
    app.hot.release(CARRYING, app.id).await?;
    removed
}

async fn remove_everywhere(app: &App, now: Timestamp, mobile: &Mobile) -> Stored<bool> {
    let waiting = app.hot.queued_blacklistings(usize::MAX).await?;
    let queued = waiting.iter().any(|entry| entry.mobile_number == mobile.e164());
    let mut stored = false;
    // Its older spelling is the same person's (D43): while that is on, the next load would bring the number back.
    for spelling in mobile.older_spelling().iter().map(String::as_str).chain([mobile.e164()]) {
        // The source first: otherwise the next load would bring the number back (D24).
        stored |= app.audit.remove_blacklisted(now, spelling).await?;
        app.hot.unblacklist(spelling).await?;
    }
    Ok(queued || stored)
}

/// Makes the set that the checks read from its source at once.
pub(crate) async fn load(app: &App) -> Stored<()> {
    take_turn(app).await?;
    let loaded = carry(app).await;
    app.hot.release(CARRYING, app.id).await?;
    loaded.map(drop)
}

/// Takes the lease: no other bridge carries the blacklist between the stores until it is released.
async fn take_turn(app: &App) -> Stored<()> {
    while !app.hot.lease(CARRYING, app.id, TURN).await? {
        tokio::time::sleep(TURN_POLL).await;
    }
    Ok(())
}

/// Carries numbers that flooded to the source, and when none waits any more the whole of it back into the set that the
/// checks read; blocks that have ended are cleared away on the way. True: more numbers wait. The caller holds the lease.
pub(crate) async fn carry(app: &App) -> Stored<bool> {
    let _turn = app.board.blacklisting.lock().await;
    let max = app.live.now().batch_size as usize;
    let batch = app.hot.queued_blacklistings(max).await?;
    carry::tell_blocked(app, &batch).await?;
    app.audit.append_blacklist(&batch).await?;
    let written: Vec<String> = batch.into_iter().map(|entry| entry.mobile_number).collect();
    app.hot.forget_blacklistings(&written).await?;
    if written.len() >= max {
        return Ok(true);
    }
    app.audit.clear_ended_blocks(app.clock.now()).await?;
    app.hot.replace_blacklist(&spellings::blocks(&app.audit.blacklist().await?)).await?;
    Ok(false)
}
