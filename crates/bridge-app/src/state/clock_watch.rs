//! What this bridge knows of its machine's clock: the latest time there was, whether the clock can be right, and when an
//! SMS came while it cannot (decisions.md D49). Not what is done about it: the store monitor stops judging meanwhile.

pub mod signs;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::sms::ClockNotSet;
use bridge_core::{InboundSms, Span, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::signs::{APART, Implausible, Judged, Outside, Signs};
use crate::base::clock::Clock;
use crate::base::data_file;

/// The latest time that there was.
const FILE: &str = "clock.json";
/// Between two notes of it: a card must not wear out by it.
const NOTED_EVERY: Span = Span(60_000);

#[derive(Serialize, Deserialize)]
struct Noted {
    latest: Timestamp,
}

/// A clock that was set while the bridge ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What it said just before.
    pub from: Timestamp,
    /// How far it went; negative: back.
    pub by: Span,
    /// What the clock said when this run, or its last jump, began: what was stamped since was stamped by it.
    pub since: Timestamp,
    /// It was plausible before.
    pub was_plausible: bool,
}

#[derive(Debug)]
struct State {
    latest: Option<Timestamp>,
    noted: Option<Timestamp>,
    /// Monotonic time and clock at the last look.
    looked: (Span, Timestamp),
    /// What the clock said when it was last set.
    since: Timestamp,
    accepted: bool,
    implausible: Option<(Implausible, Timestamp)>,
    outside: Vec<Told>,
    synchronised: bool,
    /// The clock was set from where it could be right, and what was registered by it has not moved yet.
    unmoved: Option<Jump>,
    /// It was set forward, and nobody could say whether rightly.
    taken_on_trust: Option<(Timestamp, Span)>,
}

/// What another clock was heard to say. Kept against the monotonic clock: whoever sets ours does not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whose.
    pub whose: &'static str,
    /// Its time, less the monotonic time at which it said so.
    pub at: Span,
    /// It is reached on this machine. Where it agrees it is our own clock and tells nothing; where it does not, it is
    /// another one.
    pub beside: bool,
}

impl Told {
    fn against(&self, elapsed: Span, now: Timestamp) -> Outside {
        Outside { whose: self.whose, ahead: Span(self.at.0 + elapsed.0 - now.0) }
    }
}

impl State {
    /// The clocks of other machines against ours.
    fn others(&self, elapsed: Span, now: Timestamp) -> Vec<Outside> {
        let against = |told: &Told| {
            let outside = told.against(elapsed, now);
            (!told.beside || !outside.agrees()).then_some(outside)
        };
        self.outside.iter().filter_map(against).collect()
    }

    /// Was something registered by a wrong clock, which is right now? Where other machines tell the time, a wrong clock
    /// takes no registration.
    fn owes_a_move(&self) -> bool {
        self.unmoved.is_some() && self.implausible.is_none()
    }
}

/// The clock of this machine, as this bridge knows it.
#[derive(Debug)]
pub struct ClockWatch {
    clock: Clock,
    file: PathBuf,
    run: Uuid,
    built: Timestamp,
    state: Mutex<State>,
    /// Of the state: the clock against the monotonic one at the last look, and whether it can be right.
    ahead: AtomicI64,
    plausible: AtomicBool,
    /// Of the state: no deadline waits to be moved.
    moved: AtomicBool,
}

/// What a look at the clock found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// It was set since the last look.
    pub jump: Option<Jump>,
    /// What was remembered was wrong, and is forgotten.
    pub forgotten: Option<Timestamp>,
}

impl ClockWatch {
    /// What was remembered in the data folder. `run` names this run of the bridge.
    #[must_use]
    pub fn open(folder: &Path, clock: Clock, run: Uuid, built: Timestamp) -> ClockWatch {
        let file = folder.join(FILE);
        let noted = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Noted>(&text).ok());
        let now = clock.now();
        let state = State {
            latest: noted.map(|noted| noted.latest),
            noted: None,
            looked: (clock.monotonic(), now),
            since: now,
            accepted: false,
            implausible: None,
            outside: Vec::new(),
            synchronised: false,
            unmoved: None,
            taken_on_trust: None,
        };
        let watch = ClockWatch {
            clock,
            file,
            run,
            built,
            state: Mutex::new(state),
            ahead: AtomicI64::default(),
            plausible: AtomicBool::new(true),
            moved: AtomicBool::new(true),
        };
        watch.look(|| false);
        watch
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock. `synchronised` is only asked where the clock looks wrong: it may start a program.
    pub fn look(&self, synchronised: impl FnOnce() -> bool) -> Looked {
        let (elapsed, now) = (self.clock.monotonic(), self.clock.now());
        let mut state = self.state();
        let expected = state.looked.1 + Span(elapsed.0 - state.looked.0.0);
        let by = now - expected;
        let jump = (by.0.abs() > APART.0).then_some(Jump {
            from: expected,
            by,
            since: state.since,
            was_plausible: state.implausible.is_none(),
        });
        state.looked = (elapsed, now);
        if jump.is_some() {
            state.since = now;
            // Whoever said that it was right did not see it go.
            state.accepted = false;
        }
        let others = state.others(elapsed, now);
        let signs = |state: &State, synchronised| {
            Signs {
                now,
                remembered: state.latest,
                built: self.built,
                outside: &others,
                synchronised,
                accepted: state.accepted,
            }
            .judge()
        };
        let mut judged = signs(&state, false);
        if matches!(judged, Judged::Implausible(_)) {
            state.synchronised = synchronised();
            judged = signs(&state, state.synchronised);
        }
        let mut looked = Looked { jump, forgotten: None };
        state.implausible = match judged {
            Judged::Implausible(why) => {
                let since = state.implausible.take().map_or(now, |(_, since)| since);
                Some((why, since))
            }
            Judged::RememberedWrongly => {
                looked.forgotten = state.latest.take();
                None
            }
            Judged::Plausible => None,
        };
        state.unmoved = match (state.unmoved, jump) {
            // Set away and back, or on: what was registered before goes with the whole of it.
            (Some(first), Some(then)) => {
                let by = Span(first.by.0 + then.by.0);
                (by.0.abs() > APART.0).then_some(Jump { by, ..first })
            }
            (None, Some(jump)) => jump.was_plausible.then_some(jump),
            (before, None) => before,
        };
        if state.implausible.is_none() && !others.is_empty() {
            state.unmoved = None;
        }
        if let Some(jump) = jump {
            let nobody_knows = state.implausible.is_none() && jump.was_plausible && others.is_empty();
            state.taken_on_trust = (nobody_knows && jump.by.0 > 0).then_some((now, jump.by));
        }
        self.moved.store(!state.owes_a_move(), Ordering::Release);
        self.ahead.store(now.0 - elapsed.0, Ordering::Release);
        self.plausible.store(state.implausible.is_none(), Ordering::Release);
        if state.implausible.is_none() {
            self.remember(&mut state, now);
        }
        looked
    }

    /// The clocks of other machines, as they were just asked.
    pub fn compare(&self, outside: Vec<Told>) {
        self.state().outside = outside;
    }

    /// An operator says that it is right, until it is set again.
    pub fn accept(&self) {
        {
            let mut state = self.state();
            state.accepted = true;
            state.taken_on_trust = None;
        }
        self.look(|| false);
    }

    /// Why it cannot be right, and since when; none: it can be.
    #[must_use]
    pub fn implausible(&self) -> Option<(Implausible, Timestamp)> {
        self.state().implausible.clone()
    }

    /// When it was set forward, and how far, where nobody could say whether rightly, nor has said so since.
    #[must_use]
    pub fn taken_on_trust(&self) -> Option<(Timestamp, Span)> {
        self.state().taken_on_trust
    }

    /// Can it be right?
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        self.plausible.load(Ordering::Acquire)
    }

    /// The deadlines of what was registered before are to be moved by this. Until they are, nothing is judged.
    #[must_use]
    pub fn to_move(&self) -> Option<Jump> {
        let state = self.state();
        state.unmoved.filter(|_| state.owes_a_move())
    }

    /// They were moved.
    pub fn moved(&self) {
        self.state().unmoved = None;
        self.moved.store(true, Ordering::Release);
    }

    /// The clocks of other machines, as they were last asked.
    #[must_use]
    pub fn outside(&self) -> Vec<Outside> {
        self.state().others(self.clock.monotonic(), self.clock.now())
    }

    /// Was it set since the last look?
    #[must_use]
    pub fn was_set(&self) -> bool {
        let ahead = self.clock.now() - Timestamp(self.clock.monotonic().0);
        (ahead.0 - self.ahead.load(Ordering::Acquire)).abs() > APART.0
    }

    /// Can it be right, was it not set since the last look, and does every deadline go by it? Asked for every SMS.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.plausible.load(Ordering::Acquire) && self.moved.load(Ordering::Acquire) && !self.was_set()
    }

    /// What an SMS that comes now is marked with; none: the clock can be right.
    #[must_use]
    pub fn mark(&self) -> Option<ClockNotSet> {
        if self.is_right() {
            return None;
        }
        let state = self.state();
        Some(ClockNotSet {
            run: self.run,
            came: self.clock.monotonic(),
            not_before: state.latest.unwrap_or(self.built),
        })
    }

    /// An SMS with its times put right, now that the clock is. One of another run came some time after the bridge had last
    /// known the time; nobody knows when, and it is not held against whoever sent it.
    #[must_use]
    pub fn put_right(&self, sms: InboundSms) -> InboundSms {
        let Some(mark) = &sms.clock_not_set else { return sms };
        let now = self.clock.now();
        let came = if mark.run == self.run {
            now - Span(self.clock.monotonic().0 - mark.came.0)
        } else {
            mark.not_before.min(now)
        };
        sms.arrived_at(came)
    }

    fn remember(&self, state: &mut State, now: Timestamp) {
        state.latest = Some(state.latest.map_or(now, |latest| latest.max(now)));
        let due = state.noted.is_none_or(|at| now - at >= NOTED_EVERY || now < at);
        if due {
            state.noted = Some(now);
            self.note(now);
        }
    }

    fn note(&self, latest: Timestamp) {
        if let Err(error) = data_file::write_json(&self.file, &Noted { latest }) {
            tracing::warn!(%error, "the time cannot be noted in the data folder");
        }
    }

    /// The bridge stops.
    pub fn stop(&self) {
        let state = self.state();
        if let (None, Some(latest)) = (&state.implausible, state.latest) {
            self.note(latest);
        }
    }
}

#[cfg(test)]
mod tests;
