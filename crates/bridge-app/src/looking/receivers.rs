//! What receivers delivered. How each is, is known without asking a store: [`crate::state::receivers`].

use bridge_core::Span;
use bridge_store::desk::ReceiverRate;

use crate::base::deadline::in_time;
use crate::bridge::App;

/// The stretch of time.
const DAY: Span = Span(86_400_000);

/// Judged SMS of the last day by receiver. Nothing while the audit store is away: how receivers are is asked most then.
pub async fn judged_last_day(app: &App) -> Vec<ReceiverRate> {
    let now = app.clock.now();
    in_time(app.desk.receiver_rates(now - DAY, now)).await.unwrap_or_default()
}
