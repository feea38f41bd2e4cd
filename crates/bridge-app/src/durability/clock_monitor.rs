//! Looks after the clock of this machine: asks the clocks of others, notices when it is set, and puts right what hangs on
//! it (decisions.md D49). Not the decision whether it can be right: that is `state::clock_watch`.

use bridge_core::{Span, Timestamp};

use crate::base::deadline::{LOOK, store_within};
use crate::base::kernel_clock;
use crate::bridge::App;
use crate::state::clock_watch::signs::Outside;
use crate::state::clock_watch::{Jump, Looked};

/// Between two questions to the clocks of other machines.
const ASK_EVERY: Span = Span(30_000);
/// The same while this one cannot be right, and to the kernel.
const ASK_AGAIN: Span = Span(2_000);

/// What is remembered between two looks.
#[derive(Debug, Default)]
pub(super) struct ClockMonitor {
    asked: Option<Span>,
    synchronised: bool,
}

impl ClockMonitor {
    /// One look.
    pub(super) async fn look(&mut self, app: &App) {
        let (elapsed, is_plausible) = (app.clock.monotonic(), app.clock_watch.is_plausible());
        let every = if is_plausible { ASK_EVERY } else { ASK_AGAIN };
        if self.asked.is_none_or(|asked| elapsed.0 - asked.0 >= every.0) {
            self.asked = Some(elapsed);
            app.clock_watch.compare(outside(app).await);
            if !is_plausible {
                self.synchronised = kernel_clock::is_synchronised().await;
            }
        }
        let Looked { jump, forgotten } = app.clock_watch.look(|| self.synchronised);
        if !app.clock_watch.is_plausible() && is_plausible {
            // The kernel is asked at once.
            self.asked = None;
        }
        if let Some(remembered) = forgotten {
            tracing::warn!(%remembered, "a time that was never is forgotten: the clock is right now");
            let detail = format!("this bridge had known {remembered}, which had not come yet: forgotten");
            app.incidents.note("clock", app.clock.now(), detail);
        }
        if let Some(jump) = jump {
            noticed(app, jump);
        }
    }
}

fn noticed(app: &App, Jump { from, by, .. }: Jump) {
    let now = app.clock.now();
    tracing::warn!(%from, to = %now, "the clock of this machine was set");
    let which = if by.0 > 0 { "forward" } else { "back" };
    let detail = format!("it was set {which} by {}, from {from} to {now}", Span(by.0.abs()));
    app.incidents.note("clock", now, detail);
}

/// The clocks of other machines, those that answer.
async fn outside(app: &App) -> Vec<Outside> {
    let elsewhere = app.options.elsewhere;
    let mut all = Vec::new();
    if elsewhere.hot {
        let there = store_within(LOOK, "server_time", app.hot.server_time()).await;
        all.extend(there.ok().flatten().map(|there| ahead(app, "Redis", there)));
    }
    if elsewhere.audit {
        let there = store_within(LOOK, "server_time", app.audit.server_time()).await;
        all.extend(there.ok().flatten().map(|there| ahead(app, "PostgreSQL", there)));
    }
    all
}

fn ahead(app: &App, whose: &'static str, there: Timestamp) -> Outside {
    Outside { whose, ahead: there - app.clock.now() }
}
