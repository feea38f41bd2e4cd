//! A hot store that lost its memory gets it back from the audit store (D28): one bridge does it, under a lease, and
//! writes the new epoch last. Until then nobody judges.

use std::collections::BTreeSet;

use bridge_core::time::DAY;
use bridge_core::{Span, Timestamp, sms};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::hot::{Counters, REBUILD, Restore, Right, THRESHOLD_EXCEEDED, Which};
use bridge_store::judged::QueuedSms;
use bridge_store::{Result, StoreError, StoreFault};
use uuid::Uuid;

use crate::bridge::App;
use crate::durability::{ids, spellings, waiting};
use crate::stores::held::Queues;
use crate::webhooks::carry;

/// Rows that are read and given back in one step.
const PAGE: usize = 500;
/// A bridge that did not note it for longer is dead, and its journal is not waited for. Long enough for one that was
/// killed to be started again, or that hangs to go on: what it alone acknowledged must be known before anything is judged.
pub(super) const MEMBER_LIVES: Span = Span(60_000);
/// What a bridge that stopped in order says: it alone knows nothing.
pub(super) const LEFT: &str = "left";
/// Renewed with every step.
const LEASE_LENGTH: Span = Span(30_000);

/// Rebuilds the store if no other bridge does. `None`: another does, or one must still hand its journal over.
pub(super) async fn under_lease(app: &App, lost: &str) -> Result<Option<String>> {
    if !app.hot.lease(REBUILD, app.id, LEASE_LENGTH).await? {
        return Ok(None);
    }
    let rebuilt = rebuild(app, lost).await;
    app.hot.release(REBUILD, app.id).await?;
    rebuilt
}

async fn rebuild(app: &App, lost: &str) -> Result<Option<String>> {
    let members = app.audit.members(MEMBER_LIVES).await?;
    let done = |said: &str| said == lost || said == LEFT;
    let awaited = members.iter().filter(|member| !member.handed_over.as_deref().is_some_and(done)).count();
    if awaited > 0 {
        tracing::info!(awaited, "waiting for other bridges to hand over what they alone know");
        return Ok(None);
    }
    if lost.is_empty() {
        tracing::info!("the hot store is prepared for the first time");
    } else {
        tracing::warn!("the hot store lost its memory: it is rebuilt from the audit trail meanwhile");
    }
    match app.hot.epoch_of_data().await? {
        Some(epoch) if is_older(&epoch, lost) => {
            tracing::warn!(
                epoch,
                "it holds what was judged before it was replaced: what of that was acknowledged is in the journals"
            );
        }
        _ => rescue_queues(app).await?,
    }
    let token = app.entropy.id(app.clock.now()).map_err(|error| StoreError {
        operation: "rebuild",
        kind: StoreFault::Unavailable,
        source: Some(error.into()),
    })?;
    let epoch = app.hot.begin_rebuild(token).await?;
    let restored = Rebuild { app, token }.everything().await?;
    let Some(restored) = restored else { return Ok(None) };
    // The trail first: an epoch that only the store knows is none.
    app.audit.save_epoch(app.clock.now(), &epoch).await?;
    if !app.hot.finish_rebuild(token).await? {
        return Ok(None);
    }
    tracing::info!(
        onboardings = restored.onboardings,
        validated = restored.validated,
        judged = restored.judged,
        "the hot store is whole again"
    );
    Ok(Some(epoch))
}

/// Whether a store of this epoch was rebuilt elsewhere since: the name of an epoch begins with an id that tells its time.
/// What such a store alone knows nobody heard of, and others judged the same SMS after it.
fn is_older(epoch: &str, newest: &str) -> bool {
    let token = |name: &str| name.split('@').next().and_then(|token| Uuid::parse_str(token).ok());
    matches!((token(epoch), token(newest)), (Some(there), Some(newest)) if there < newest)
}

/// The store of the newest epoch may hold rows that were never written to the audit trail: its verdicts were acknowledged.
async fn rescue_queues(app: &App) -> Result<()> {
    carry::carry(app, Queues::Lost).await?;
    loop {
        let batch = app.hot.queued_sms(Which::All, PAGE).await?;
        if batch.is_empty() {
            break;
        }
        app.audit.append_sms(&batch).await?;
        app.hot.forget_sms(&batch.iter().map(|queued| queued.id).collect::<Vec<_>>()).await?;
    }
    loop {
        let batch = app.hot.queued_onboardings(PAGE).await?;
        if batch.is_empty() {
            break;
        }
        app.audit.upsert_onboardings(&batch).await?;
        app.hot.forget_onboardings(&batch.iter().map(|o| (o.id, o.version)).collect::<Vec<_>>()).await?;
    }
    let entries = app.hot.queued_blacklistings(usize::MAX).await?;
    carry::tell_blocked(app, &entries).await?;
    app.audit.append_blacklist(&entries).await
}

#[derive(Default)]
struct Restored {
    onboardings: usize,
    validated: usize,
    judged: usize,
}

struct Rebuild<'a> {
    app: &'a App,
    token: Uuid,
}

impl Rebuild<'_> {
    /// `None`: the right to rebuild was lost on the way.
    async fn everything(&self) -> Result<Option<Restored>> {
        let app = self.app;
        let now = app.clock.now();
        let mut restored = Restored::default();
        app.hot.raise_counters(self.counters().await?).await?;
        let listed = app.audit.blacklist().await?;
        app.hot.replace_blacklist(&spellings::blocks(&listed)).await?;
        let hold = listed.into_iter().filter(|entry| entry.holds(now));
        let mut blocked: BTreeSet<String> = hold.map(|entry| entry.mobile_number).collect();
        let uncounted = app.audit.unblacklisted_since(now - DAY).await?;
        if !self.give(Restore::Uncounted(&uncounted)).await? {
            return Ok(None);
        }
        let mut after = None;
        loop {
            let page = app.audit.unexpired_onboardings(now, after, PAGE).await?;
            let Some((place, _)) = page.last() else { break };
            after = Some(*place);
            let onboardings: Vec<_> = page.into_iter().map(|(_, onboarding)| onboarding).collect();
            if !self.give(Restore::Onboardings(&onboardings)).await? {
                return Ok(None);
            }
            restored.onboardings += onboardings.len();
        }
        let mut after: Option<String> = None;
        loop {
            let pairs = app.audit.validated_pairs(after.as_deref(), PAGE).await?;
            if pairs.is_empty() {
                break;
            }
            if !self.give(Restore::Validated(&pairs)).await? {
                return Ok(None);
            }
            restored.validated += pairs.len();
            after = pairs.last().cloned();
        }
        let mut after = None;
        loop {
            let page = app.audit.judged_since(now - sms::REMEMBERED, after, PAGE).await?;
            let Some((place, _)) = page.last() else { break };
            after = Some(*place);
            let judged: Vec<_> = page.into_iter().map(|(_, queued)| queued).collect();
            if !self.give(Restore::Judged(&judged)).await? {
                return Ok(None);
            }
            self.blacklist_again(&judged, &uncounted, &mut blocked).await?;
            restored.judged += judged.len();
        }
        waiting::mark_what_waits(app).await?;
        Ok(Some(restored))
    }

    /// A sender that flooded was blacklisted in the hot store first, and may have been lost before it was written. Whoever is
    /// `blocked` stays as they are: another block would be told to apps as another one.
    async fn blacklist_again(
        &self,
        judged: &[QueuedSms],
        uncounted: &[(String, Timestamp)],
        blocked: &mut BTreeSet<String>,
    ) -> Result<()> {
        let app = self.app;
        let limit = i64::from(app.live.now().blacklist_threshold);
        let now = app.clock.now();
        for queued in judged.iter().filter(|queued| queued.sms_in_window > limit) {
            let Ok(sender) = &queued.sms.sender else { continue };
            let forgiven = |(mobile, at): &(String, Timestamp)| {
                mobile == sender.e164() && queued.sms.server_received_at <= *at
            };
            if now - queued.sms.server_received_at > DAY || uncounted.iter().any(forgiven) {
                continue;
            }
            if !blocked.insert(sender.e164().to_owned()) {
                continue;
            }
            app.hot
                .blacklist(&Blacklisting {
                    mobile_number: sender.e164().to_owned(),
                    country_code: sender.calling_code().to_owned(),
                    local_mobile: sender.national().to_owned(),
                    blacklisted_at: queued.judged_at,
                    reason: THRESHOLD_EXCEEDED.to_owned(),
                    message_count: queued.sms_in_window,
                    expires_at: None,
                    blocked_by: None,
                })
                .await?;
        }
        Ok(())
    }

    async fn give(&self, part: Restore<'_>) -> Result<bool> {
        let app = self.app;
        let now = app.clock.now();
        Ok(app.hot.lease(REBUILD, app.id, LEASE_LENGTH).await?
            && app.hot.restore(now, Right::Rebuilding(self.token), part).await?)
    }

    /// Above every id that was reserved, and above every one that was used although the audit store was away (D21).
    async fn counters(&self) -> Result<Counters> {
        let reserved = ids::reserved(self.app.audit.as_ref()).await?;
        let used = self.app.audit.totals().await?.last_sms_id;
        Ok(Counters { queue_input_sms: reserved.queue_input_sms.max(used), ..reserved })
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn an_epoch_is_older_by_the_time_in_its_id() {
        let (early, late) = ("0193a1b2-0000-7000-8000-000000000001", "0193a1b3-0000-7000-8000-000000000000");
        for (there, newest, older) in [
            (format!("{early}@one"), format!("{late}@two"), true),
            (format!("{late}@two"), format!("{late}@two"), false),
            (format!("{late}@two"), format!("{early}@one"), false),
            // Nothing is known of a trail that is new, and of what another program wrote.
            (format!("{early}@one"), String::new(), false),
            ("before ids".to_owned(), format!("{late}@two"), false),
            (early.to_owned(), late.to_owned(), true),
        ] {
            assert_eq!(is_older(&there, &newest), older, "{there} {newest}");
        }
    }
}
