//! What receivers delivered, from the stores. How each of them is doing is known without a store:
//! [`crate::state::receivers`].

use std::collections::BTreeMap;

use bridge_core::{Span, Timestamp};
use bridge_store::desk::Outcomes;

use crate::base::deadline::in_time;
use crate::bridge::App;

/// The stretch of time.
const DAY: Span = Span(86_400_000);

/// How many SMS of one receiver were judged. Each counts once, whichever way it came: live, from a phone's list, or out of
/// the quarantine. One that is delivered again counts in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// In the last 24 hours, in whole hours.
    pub last_day: u64,
    /// As far back as figures are kept.
    pub in_all: u64,
}

/// Judged SMS by receiver; one that has none is left out. Nothing while the audit store is away: how receivers are is
/// asked most then.
pub async fn judged(app: &App) -> Option<BTreeMap<String, Judged>> {
    let now = app.clock.now();
    let of = |from| app.desk.receiver_rates(from, now);
    // Both of the same figures: two ways of counting contradict each other.
    let (day, all) = in_time(async { tokio::try_join!(of(now - DAY), of(Timestamp(0))) }).await.ok()?;
    let mut judged: BTreeMap<String, Judged> = BTreeMap::new();
    for rate in all {
        judged.entry(rate.receiver_id).or_default().in_all = sum(rate.count);
    }
    for rate in day {
        judged.entry(rate.receiver_id).or_default().last_day = sum(rate.count);
    }
    Some(judged)
}

fn sum(count: Outcomes) -> u64 {
    count.passed + count.failed
}
