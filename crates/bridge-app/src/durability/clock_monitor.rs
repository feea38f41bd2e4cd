//! Looks after the clock of this machine: asks the clocks of others, notices when it is set, and puts right what hangs on
//! it (decisions.md D49). Not the decision whether it can be right: that is `state::clock_watch`.

use std::collections::BTreeSet;

use bridge_core::{Onboarding, Span, State, Timestamp};
use bridge_store::Result;
use bridge_store::desk::OnboardingFilter;
use bridge_store::journal::Entry;
use uuid::Uuid;

use crate::base::deadline::{LOOK, store_within, within};
use crate::base::kernel_clock;
use crate::bridge::App;
use crate::durability::journal;
use crate::state::clock_watch::signs::Outside;
use crate::state::clock_watch::{Jump, Looked};

/// Between two questions to the clocks of other machines.
const ASK_EVERY: Span = Span(30_000);
/// The same while this one cannot be right, and to the kernel.
const ASK_AGAIN: Span = Span(2_000);
/// The same to the remote.
const ASK_REMOTE_EVERY: Span = Span(600_000);
/// The lease for moving deadlines: bridges of one machine see the same clock go.
const MOVING: &str = "move_deadlines";
/// More are not pending on a machine that has nobody to tell it the time.
const MOVED_MAX: usize = 10_000;

/// What is remembered between two looks.
#[derive(Debug, Default)]
pub(super) struct ClockMonitor {
    asked: Option<Span>,
    synchronised: bool,
    /// When the remote was asked, and its time against the monotonic clock.
    remote: Option<(Span, Option<Span>)>,
}

impl ClockMonitor {
    /// One look.
    pub(super) async fn look(&mut self, app: &App) {
        let (elapsed, is_plausible) = (app.clock.monotonic(), app.clock_watch.is_plausible());
        let every = if is_plausible { ASK_EVERY } else { ASK_AGAIN };
        if self.asked.is_none_or(|asked| elapsed.0 - asked.0 >= every.0) {
            self.asked = Some(elapsed);
            let mut outside = outside(app).await;
            outside.extend(self.remote(app, elapsed, is_plausible).await);
            app.clock_watch.compare(outside);
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
            if app.clock_watch.moves_deadlines(&jump)
                && let Err(error) = move_deadlines(app, jump).await
            {
                tracing::warn!(%error, source = ?error.source, "the deadlines of pending onboardings stay as they were");
            }
        }
    }
}

/// What was registered by the clock as it was before moves with it, once for all bridges of this machine.
async fn move_deadlines(app: &App, jump: Jump) -> Result<()> {
    if !app.hot.lease(MOVING, app.id, ASK_EVERY).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let by_that_clock = |at: Timestamp| (jump.since..=jump.from).contains(&at);
    let mut ids: BTreeSet<Uuid> = BTreeSet::new();
    for onboarding in app.hot.queued_onboardings(MOVED_MAX).await? {
        ids.extend(by_that_clock(onboarding.request_timestamp).then_some(onboarding.id));
    }
    let pending = OnboardingFilter {
        state: Some(State::Pending),
        from: Some(jump.since),
        to: Some(jump.from + Span(1)),
        ..OnboardingFilter::default()
    };
    // The audit store does not know the newest, and the hot store knows best how one stands.
    let found = app.desk.search_onboardings(&pending, None, MOVED_MAX).await?;
    ids.extend(found.rows.iter().map(|row| row.onboarding.id));
    let mut moved = 0;
    for id in ids {
        // By either clock it is still there.
        let Some(there) = app.hot.onboarding(now.min(jump.from), id).await? else { continue };
        let to = Onboarding {
            request_timestamp: there.request_timestamp + jump.by,
            user_deadline: there.user_deadline + jump.by,
            expires_at: there.expires_at + jump.by,
            ..there
        };
        if app.hot.move_deadline(now, &to).await? {
            moved += 1;
            let settings = app.live.now();
            let kept = Onboarding { version: to.version + 1, ..to };
            let entry = Entry::Onboarding(Box::new(kept));
            journal::keep(app, &settings, entry, app.availability.generation()).await?;
        }
    }
    tracing::info!(moved, "deadlines of pending onboardings moved with the clock");
    Ok(())
}

impl ClockMonitor {
    /// The remote is asked seldom: it is somebody else's.
    async fn remote(&mut self, app: &App, elapsed: Span, is_plausible: bool) -> Option<Outside> {
        let remote = app.remote.as_ref().filter(|_| app.options.elsewhere.remote)?;
        let every = if is_plausible { ASK_REMOTE_EVERY } else { ASK_EVERY };
        if self.remote.is_none_or(|(asked, _)| elapsed.0 - asked.0 >= every.0) {
            let there = within(LOOK, remote.server_time()).await.ok().flatten();
            self.remote = Some((elapsed, there.map(|there| Span(there.0 - app.clock.monotonic().0))));
        }
        let (_, known) = self.remote?;
        let there = Timestamp(known?.0 + app.clock.monotonic().0);
        Some(ahead(app, "the remote", there))
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
