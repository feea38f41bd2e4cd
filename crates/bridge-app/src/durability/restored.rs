//! Stores that come out of a backup. Since it was made the bridge went on: it gave out ids that the backup does not know,
//! and may have closed registrations that are open in it. Not the backup itself: that is files.

use bridge_core::{State, Timestamp};
use bridge_store::hot::{Cancelled, Counters};
use bridge_store::journal::{Due, Entry};
use bridge_store::{AuditStore, HotStore, Journal, Result};

use super::ids;

/// A bridge gives out fewer ids between two backups, whatever happens to it.
const AHEAD: i64 = 1 << 32;
/// Onboardings that are read in one step.
const PAGE: usize = 500;

/// What was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// No id up to this one is given out again.
    pub ids_above: i64,
    /// Registrations that were open, and are no more.
    pub closed: usize,
    /// Registrations that are still open.
    pub open: usize,
}

/// Makes them fit to go on with. `hot` is none where it is not in the backup: it is rebuilt from the audit store.
pub async fn settle(
    hot: Option<&dyn HotStore>,
    audit: &dyn AuditStore,
    journal: &Journal,
    now: Timestamp,
    close: bool,
) -> Result<Settled> {
    let ids_above = raise_ids(hot, audit, now).await?;
    let mut settled = Settled { ids_above, ..Settled::default() };
    keep_journaled(audit, journal).await?;
    let epoch = match hot {
        Some(hot) => hot.epoch().await?,
        None => None,
    };
    // Without an epoch the hot store knows nothing, and is rebuilt from the audit store as well.
    let hot = hot.filter(|_| epoch.is_some());
    if let Some(hot) = hot {
        hot.enter(epoch.as_deref());
        audit.upsert_onboardings(&hot.queued_onboardings(usize::MAX).await?).await?;
    }
    let mut after = None;
    loop {
        let page = audit.unexpired_onboardings(now, after, PAGE).await?;
        let Some((place, _)) = page.last() else { break };
        after = Some(*place);
        for (_, mut onboarding) in page {
            if !onboarding.state.can_be_validated() {
                continue;
            }
            if !close {
                settled.open += 1;
                continue;
            }
            let cancelled = match hot {
                Some(hot) => hot.cancel(now, onboarding.id).await?,
                None => Cancelled::NotFound,
            };
            let closed = match cancelled {
                Cancelled::Done(closed) | Cancelled::Final(closed) => closed,
                Cancelled::NotFound => {
                    onboarding.state = State::Cancelled;
                    onboarding.version += 1;
                    onboarding
                }
            };
            audit.upsert_onboardings(&[closed]).await?;
            settled.closed += 1;
        }
    }
    Ok(settled)
}

/// Above every id that was used or reserved when the backup was made, and far above.
async fn raise_ids(hot: Option<&dyn HotStore>, audit: &dyn AuditStore, now: Timestamp) -> Result<i64> {
    let reserved = ids::reserved(audit).await?;
    let used = match hot {
        Some(hot) => hot.counters().await?,
        None => Counters { queue_input_sms: audit.totals().await?.last_sms_id, queue_onboarding: 0 },
    };
    let ahead = Counters {
        queue_input_sms: reserved.queue_input_sms.max(used.queue_input_sms) + AHEAD,
        queue_onboarding: reserved.queue_onboarding.max(used.queue_onboarding) + AHEAD,
    };
    if let Some(hot) = hot {
        hot.raise_counters(ahead).await?;
    }
    audit.save_counters(now, &ids::saved(ahead)).await?;
    Ok(ahead.queue_input_sms)
}

/// What only the journal knows must not come back open.
async fn keep_journaled(audit: &dyn AuditStore, journal: &Journal) -> Result<()> {
    let mut part = None;
    while let Some((read, entries)) = journal.unacknowledged(part, Due::All)? {
        part = Some(read);
        let onboardings: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Onboarding(onboarding) => Some(*onboarding),
                _ => None,
            })
            .collect();
        audit.upsert_onboardings(&onboardings).await?;
    }
    Ok(())
}
