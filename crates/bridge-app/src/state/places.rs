//! Who has one of the places for connections, and who has to go when all are taken. It knows who is at the other end and
//! what they do, never a socket: whoever serves a connection says so, and closes it when its place is gone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge_core::{Span, Timestamp};
use tokio_util::sync::CancellationToken;

/// No more than this, however many descriptors there are: each may take 25 KiB of memory.
pub const PLACES_MAX: usize = 4_096;
/// Who has just come is waited for so long: their first request is on its way.
const JUST_COME: Span = Span(1_000);
/// That it is full is logged as often as this.
const TOLD_EVERY: Span = Span(60_000);
/// That it was full is a note of the bridge's health for this long.
const NOTED_FOR: Span = Span(10 * 60_000);

/// Who is at the other end, as far as they have proved it. Later ones are worth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Nobody knows; or somebody with the token of one onboarding.
    Stranger,
    /// An app with its key.
    App,
    /// A receiver, or somebody who operates the bridge: they keep their place.
    Kept,
}

/// What goes on on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// No request came yet, or the last one is answered.
    Resting,
    /// A request is read or answered.
    Busy,
    /// It waits for something to change: a long poll, a stream.
    Waiting,
}

/// In this order they have to go, and among equals the one that has been so for longest. Strangers who have just come and
/// said nothing yet go after those who are busy: else who comes next would always push out who came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goes {
    RestingStranger,
    Waiting,
    BusyStranger,
    RestingApp,
}

fn goes(who: Who, doing: Doing) -> Option<Goes> {
    match (who, doing) {
        (Who::Kept, _) | (Who::App, Doing::Busy) => None,
        (_, Doing::Waiting) => Some(Goes::Waiting),
        (Who::Stranger, Doing::Resting) => Some(Goes::RestingStranger),
        (Who::Stranger, Doing::Busy) => Some(Goes::BusyStranger),
        (Who::App, Doing::Resting) => Some(Goes::RestingApp),
    }
}

struct Held {
    who: Who,
    doing: Doing,
    since: u64,
    came_at: Timestamp,
    gone: CancellationToken,
}

impl Held {
    fn turn(&self) -> Option<(Goes, u64)> {
        goes(self.who, self.doing).map(|goes| (goes, self.since))
    }
}

#[derive(Default)]
struct Inner {
    held: HashMap<u64, Held>,
    /// Those who may have to go, the next one first.
    order: BTreeMap<(Goes, u64), u64>,
    last: u64,
    closed: u64,
    full_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

impl Inner {
    fn remove(&mut self, id: u64) -> Option<Held> {
        let held = self.held.remove(&id)?;
        if let Some(turn) = held.turn() {
            self.order.remove(&turn);
        }
        Some(held)
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Held)) {
        let Some(mut held) = self.remove(id) else { return };
        self.last += 1;
        held.since = self.last;
        change(&mut held);
        if let Some(turn) = held.turn() {
            self.order.insert(turn, id);
        }
        self.held.insert(id, held);
    }

    /// Somebody has to go. False: everybody who is there keeps their place.
    fn make_room(&mut self, now: Timestamp) -> bool {
        let first = self.order.iter().next().map(|(turn, id)| (*turn, *id));
        let Some((mut turn, mut id)) = first else { return false };
        let just_came = self.held.get(&id).is_some_and(|held| now < held.came_at + JUST_COME);
        if turn.0 == Goes::RestingStranger && just_came {
            let others = (Goes::Waiting, 0)..(Goes::RestingApp, 0);
            if let Some((other, other_id)) = self.order.range(others).next() {
                (turn, id) = (*other, *other_id);
            }
        }
        self.order.remove(&turn);
        if let Some(held) = self.held.remove(&id) {
            held.gone.cancel();
            self.closed += 1;
        }
        true
    }

    /// It is full now. True: that is to be logged.
    fn is_full(&mut self, now: Timestamp) -> bool {
        self.full_at = Some(now);
        let tell = self.told_at.is_none_or(|told| now >= told + TOLD_EVERY);
        if tell {
            self.told_at = Some(now);
        }
        tell
    }
}

/// All places.
pub struct Places {
    max: usize,
    inner: Mutex<Inner>,
}

/// One place, until it is dropped.
pub struct Place {
    seat: Seat,
    gone: CancellationToken,
}

/// A place as a request sees it: it says what it learns about whoever has it.
#[derive(Clone)]
pub struct Seat {
    id: u64,
    all: Arc<Places>,
}

impl Places {
    /// So many.
    #[must_use]
    pub fn new(max: usize) -> Arc<Places> {
        Arc::new(Places { max: max.max(1), inner: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for somebody who comes; where all are taken, the one who is missed least has to go. None: nobody may be
    /// sent away, so the one who comes is.
    #[must_use]
    pub fn enter(self: &Arc<Places>, now: Timestamp) -> Option<Place> {
        let mut inner = self.lock();
        if inner.held.len() >= self.max {
            if inner.is_full(now) {
                let closed = inner.closed;
                tracing::warn!(
                    places = self.max,
                    closed,
                    "all connections are taken: idle ones and streams are closed for those who come"
                );
            }
            if !inner.make_room(now) {
                return None;
            }
        }
        inner.last += 1;
        let (id, gone) = (inner.last, CancellationToken::new());
        let held =
            Held { who: Who::Stranger, doing: Doing::Resting, since: id, came_at: now, gone: gone.clone() };
        inner.order.extend(held.turn().map(|turn| (turn, id)));
        inner.held.insert(id, held);
        Some(Place { seat: Seat { id, all: self.clone() }, gone })
    }

    /// A connection could not be taken in: the system has no more descriptors, say. One goes, so that the next can come.
    pub fn could_not_enter(&self, now: Timestamp, why: &dyn std::error::Error) {
        let mut inner = self.lock();
        if inner.is_full(now) {
            tracing::warn!(error = %why, "a connection could not be taken in: idle ones are closed");
        }
        inner.make_room(now);
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().held.len()
    }

    /// How many connections had to go so that others could come.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.lock().closed
    }

    /// How many there are.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }

    /// What the operator should know of it.
    #[must_use]
    pub fn note(&self, now: Timestamp) -> Option<String> {
        let inner = self.lock();
        let full_at = inner.full_at.filter(|at| now < *at + NOTED_FOR)?;
        Some(format!(
            "all {} connections were taken, last at {full_at}: {} idle ones and streams were closed since the start so that \
             others could come (who opens so many? `sms_bridge_connections_open`; more descriptors: `LimitNOFILE=`)",
            self.max, inner.closed
        ))
    }
}

impl Place {
    /// The same place, for the requests that come on it.
    #[must_use]
    pub fn seat(&self) -> Seat {
        self.seat.clone()
    }

    /// Resolves when it has to be left.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seat.all.lock().remove(self.seat.id);
    }
}

impl Seat {
    /// A request begins.
    pub fn begins(&self) {
        self.all.lock().change(self.id, |held| held.doing = Doing::Busy);
    }

    /// It waits for something to change.
    pub fn waits(&self) {
        self.all.lock().change(self.id, |held| held.doing = Doing::Waiting);
    }

    /// The request is answered.
    pub fn rests(&self) {
        self.all.lock().change(self.id, |held| held.doing = Doing::Resting);
    }

    /// They have proved who they are. It stays so while the connection lasts.
    pub fn is(&self, who: Who) {
        self.all.lock().change(self.id, |held| held.who = held.who.max(who));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn is_gone(place: &Place) -> bool {
        place.gone.is_cancelled()
    }

    #[test]
    fn the_one_who_is_missed_least_goes_first() {
        let places = Places::new(6);
        let come = || places.enter(NOW).unwrap();
        let (receiver, app, busy, stream, old, new) = (come(), come(), come(), come(), come(), come());
        receiver.seat.is(Who::Kept);
        app.seat.is(Who::App);
        busy.seat.begins();
        stream.seat.is(Who::App);
        stream.seat.waits();
        assert_eq!(places.taken(), 6);
        let mut newcomers = Vec::new();
        let later = NOW + JUST_COME;
        for (goes, case) in [(&old, "a stranger who rests"), (&new, "the other one")] {
            assert!(!is_gone(goes), "{case}");
            newcomers.push(places.enter(later).unwrap());
            newcomers.last().unwrap().seat.is(Who::Kept);
            assert!(is_gone(goes), "{case}");
        }
        for (goes, case) in [(&stream, "a stream"), (&busy, "a busy stranger"), (&app, "an app that rests")] {
            newcomers.push(places.enter(later).unwrap());
            newcomers.last().unwrap().seat.is(Who::Kept);
            assert!(is_gone(goes), "{case}");
        }
        assert!(places.enter(later).is_none(), "who is kept stays");
        assert!(!is_gone(&receiver));
        assert_eq!((places.taken(), places.closed()), (6, 5));
        drop(receiver);
        assert!(places.enter(later).is_some());
    }

    #[test]
    fn who_has_just_come_is_heard_before_they_go() {
        let places = Places::new(3);
        let busy = [places.enter(NOW).unwrap(), places.enter(NOW).unwrap()];
        busy.iter().for_each(|place| place.seat.begins());
        let first = places.enter(NOW).unwrap();
        let second = places.enter(NOW).unwrap();
        let third = places.enter(NOW).unwrap();
        assert!(busy.iter().all(is_gone) && !is_gone(&first), "who is busy for longest goes");
        let fourth = places.enter(NOW).unwrap();
        assert!(is_gone(&first) && !is_gone(&fourth), "all have just come: the first of them");
        second.seat.is(Who::App);
        let fifth = places.enter(NOW).unwrap();
        assert!(is_gone(&third) && !is_gone(&second), "an app that rests goes last");
        drop((fourth, fifth));
    }

    #[test]
    fn an_app_that_is_answered_stays() {
        let places = Places::new(1);
        let app = places.enter(NOW).unwrap();
        app.seat.is(Who::App);
        app.seat.begins();
        assert!(places.enter(NOW).is_none());
        app.seat.rests();
        assert!(places.enter(NOW).is_some());
    }

    #[test]
    fn it_is_told_once_a_minute_and_noted_for_a_while() {
        let places = Places::new(1);
        let _first = places.enter(NOW).unwrap();
        assert_eq!(places.note(NOW), None);
        let mut told = 0;
        for second in 0..120 {
            told += u32::from(places.lock().is_full(NOW + Span(second * 1_000)));
        }
        assert_eq!(told, 2);
        assert!(places.note(NOW + Span(120_000)).unwrap().starts_with("all 1 connections were taken"));
        assert_eq!(places.note(NOW + Span(3_600_000)), None);
    }

    #[test]
    fn what_is_said_of_a_place_that_is_gone_changes_nothing() {
        let places = Places::new(1);
        let first = places.enter(NOW).unwrap();
        let second = places.enter(NOW).unwrap();
        first.seat.is(Who::Kept);
        first.seat.begins();
        assert_eq!(places.taken(), 1);
        drop(first);
        assert_eq!(places.taken(), 1);
        drop(second);
        assert_eq!(places.taken(), 0);
    }
}
