//! Delivers what happened to webhooks: each bridge what it claims. First what waits in the hot store is kept where it is
//! claimed from.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::stores::held::Queues;
use crate::webhooks;
use crate::webhooks::carry::carry;
use crate::webhooks::deliver::Flights;

const PERIOD_SECONDS: u32 = 1;
/// Webhooks that another bridge changed are read again at every so many steps, in case its message was missed.
const READ_EVERY: u32 = 5;

/// Delivers to webhooks.
#[derive(Default)]
pub(super) struct DeliverWebhooks {
    flights: Flights,
    steps: u32,
    /// Something may wait in the hot store.
    may_wait: bool,
}

#[async_trait]
impl Worker for DeliverWebhooks {
    fn name(&self) -> &'static str {
        "deliver_webhooks"
    }
    fn about(&self) -> &'static str {
        "Tells webhooks what happened."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// A delivery is claimed by one of the group.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Webhook)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        if self.steps.is_multiple_of(READ_EVERY) {
            webhooks::apply(app).await?;
        }
        self.steps = self.steps.wrapping_add(1);
        let is_used = app.webhooks.is_used();
        let is_to_look = is_used || self.may_wait || self.steps == 1;
        let carrying = async {
            if !is_to_look {
                return Ok(0);
            }
            let _carrying = app.board.carrying.read().await;
            // A hot store that is away has nothing to carry, and holds no delivery up.
            if app.availability.is_open() { carry(app, Queues::Entered).await } else { Ok(0) }
        };
        // Beside each other: what is new is claimed in the next step, and neither waits for the other's stores.
        let (carried, is_busy) = tokio::join!(carrying, self.flights.step(app));
        self.may_wait = is_used || carried.is_err();
        Ok(if carried? > 0 || is_busy? { Tick::More } else { Tick::Idle })
    }
}
