//! Looks after the clock of this machine: asks the clocks of others, notices when it is set, and puts right what hangs on
//! it (decisions.md D49). Not the decision whether it can be right: that is `state::clock_watch`.

use std::collections::BTreeSet;
use std::time::Duration;

use bridge_core::{Onboarding, Span, State, Timestamp};
use bridge_store::Result;
use bridge_store::desk::OnboardingFilter;
use bridge_store::journal::Entry;
use uuid::Uuid;

use crate::base::deadline::{LOOK, store_within, within};
use crate::base::kernel_clock;
use crate::bridge::App;
use crate::durability::journal;
use crate::options::Place;
use crate::state::board::WakeSignal;
use crate::state::clock_watch::{Jump, Looked, Told};

/// Between two questions to the clocks of other machines.
const ASK_EVERY: Span = Span(30_000);
/// The same while this one cannot be right, and to the kernel.
const ASK_AGAIN: Span = Span(2_000);
/// The same to the remote.
const ASK_REMOTE_EVERY: Span = Span(600_000);
/// An answer that took longer (the machine slept meanwhile) says nothing of now.
const ANSWER_MAX: Span = Span(5_000);
/// Between two looks whether somebody has looked at a clock that was set.
const SET_POLL: Duration = Duration::from_millis(10);
/// The lease for moving deadlines: bridges of one machine see the same clock go.
const MOVING: &str = "move_deadlines";
/// More are not pending on a machine that has nobody to tell it the time.
const MOVED_MAX: usize = 10_000;

/// What is remembered between two looks.
#[derive(Debug, Default)]
pub(super) struct ClockMonitor {
    asked: Option<Span>,
    synchronised: bool,
    /// When the remote was asked, and what it said.
    remote: Option<(Span, Option<Told>)>,
    /// Onboardings that moved already with a clock that was set, where not all could be.
    moved: BTreeSet<Uuid>,
}

impl ClockMonitor {
    /// One look.
    pub(super) async fn look(&mut self, app: &App) {
        let (elapsed, is_plausible) = (app.clock.monotonic(), app.clock_watch.is_plausible());
        let every = if is_plausible { ASK_EVERY } else { ASK_AGAIN };
        // Whoever runs on this machine has a clock that was set with ours.
        let was_set = app.clock_watch.was_set();
        if was_set || self.asked.is_none_or(|asked| elapsed.0 - asked.0 >= every.0) {
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
            self.moved.clear();
            app.board.clock_was_set(jump.by);
            app.receivers.clock_was_set(app.clock.now(), jump.by);
            // What came before this look was kept.
            app.board.wake(WakeSignal::Journal);
            app.board.wake(WakeSignal::Replay);
        }
        if let Some(jump) = app.clock_watch.to_move() {
            match move_deadlines(app, jump, &mut self.moved).await {
                Ok(()) => {
                    app.clock_watch.moved();
                    self.moved.clear();
                    app.board.wake(WakeSignal::Journal);
                    app.board.wake(WakeSignal::Replay);
                }
                Err(error) => {
                    tracing::warn!(%error, source = ?error.source, "deadlines do not move with the clock yet: SMS are kept");
                }
            }
        }
    }
}

/// The time by a clock that can be right and that nobody has set since it was looked at; where somebody has, it is waited
/// for until that was seen. None: nobody knows the time.
pub(crate) async fn time_now(app: &App) -> Option<Timestamp> {
    let asked = async {
        loop {
            let now = app.clock.now();
            if app.clock_watch.is_right() {
                return Some(now);
            }
            if !app.clock_watch.is_plausible() && !app.clock_watch.was_set() {
                return None;
            }
            app.availability.suspect();
            tokio::time::sleep(SET_POLL).await;
        }
    };
    within(LOOK, asked).await.ok().flatten()
}

/// What was registered by the clock as it was before moves with it, once for all bridges of this machine. `moved`: those
/// that did already.
async fn move_deadlines(app: &App, jump: Jump, moved: &mut BTreeSet<Uuid>) -> Result<()> {
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
    for id in ids.difference(&moved.clone()).copied() {
        // By either clock it is still there.
        let Some(there) = app.hot.onboarding(now.min(jump.from), id).await? else { continue };
        let to = Onboarding {
            request_timestamp: there.request_timestamp + jump.by,
            user_deadline: there.user_deadline + jump.by,
            expires_at: there.expires_at + jump.by,
            ..there
        };
        if app.hot.move_deadline(now, &to).await? {
            moved.insert(id);
            let settings = app.live.now();
            let kept = Onboarding { version: to.version + 1, ..to };
            let entry = Entry::Onboarding(Box::new(kept));
            journal::keep(app, &settings, entry, app.availability.generation()).await?;
        }
    }
    tracing::info!(moved = moved.len(), "deadlines of pending onboardings moved with the clock");
    Ok(())
}

impl ClockMonitor {
    /// The remote is asked seldom: it is somebody else's.
    async fn remote(&mut self, app: &App, elapsed: Span, is_plausible: bool) -> Option<Told> {
        let place = app.options.elsewhere.remote;
        // One beside this bridge is set with it, and is asked too seldom to tell.
        let remote = app.remote.as_ref().filter(|_| place == Place::Elsewhere)?;
        let every = if is_plausible { ASK_REMOTE_EVERY } else { ASK_EVERY };
        if self.remote.is_none_or(|(asked, _)| elapsed.0 - asked.0 >= every.0) {
            let question = async { within(LOOK, remote.server_time()).await.ok().flatten() };
            self.remote = Some((elapsed, told(app, "the remote", place, question).await));
        }
        self.remote?.1
    }
}

fn noticed(app: &App, Jump { from, by, .. }: Jump) {
    let now = app.clock.now();
    tracing::warn!(%from, to = %now, "the clock of this machine was set");
    let which = if by.0 > 0 { "forward" } else { "back" };
    let detail = format!("it was set {which} by {}, from {from} to {now}", Span(by.0.abs()));
    app.incidents.note("clock", now, detail);
}

/// The clocks of the stores, those that answer.
async fn outside(app: &App) -> Vec<Told> {
    let elsewhere = app.options.elsewhere;
    let in_time = async |answer| store_within(LOOK, "server_time", answer).await.ok().flatten();
    let (hot, audit) = tokio::join!(
        told(app, "Redis", elsewhere.hot, in_time(app.hot.server_time())),
        told(app, "PostgreSQL", elsewhere.audit, in_time(app.audit.server_time())),
    );
    hot.into_iter().chain(audit).collect()
}

/// What a clock says, where there is one and it answers in time.
async fn told(
    app: &App,
    whose: &'static str,
    place: Place,
    question: impl Future<Output = Option<Timestamp>>,
) -> Option<Told> {
    if place == Place::Here {
        return None;
    }
    let asked = app.clock.monotonic();
    let there = question.await?;
    let answered = app.clock.monotonic();
    let beside = place == Place::Beside;
    (answered.0 - asked.0 <= ANSWER_MAX.0).then_some(Told { whose, at: Span(there.0 - answered.0), beside })
}
