//! Who has one of the places for connections, and who has to go when all are taken. It knows who is at the other end and
//! what they do, never a socket: whoever serves a connection says so, and closes it when its place is gone. In which order
//! they go is a list of rules in `turns`.

mod turns;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge_core::{Span, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::turns::{Doing, Line, Rank, TURNS, line};
use super::access::throttle::network;

/// No more than this, however many descriptors there are: each may take 25 KiB of memory.
pub const PLACES_MAX: usize = 4_096;
/// Connections that have to go and are not closed yet: when they are more, who comes waits in the system's own queue.
const LEAVING_MAX: usize = 64;
/// So many of one line are compared, to find one whose address has more places than others.
const COMPARED: usize = 16;
/// One receiver, and one operator, keep one place in so many; what they have beyond is worth as much as an app's.
const SHARE_KEPT: usize = 16;
const KEPT_MIN: usize = 4;
const KEPT_MAX: usize = 64;
/// That it is full is logged as often as this.
const TOLD_EVERY: Span = Span(60_000);
/// That it was full is a note of the bridge's health for this long.
const NOTED_FOR: Span = Span(10 * 60_000);

/// Who somebody has proved to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// An app with its key.
    App,
    /// This receiver.
    Receiver(&'a str),
    /// Somebody who operates the bridge, under this name.
    Operator(&'a str),
}

/// Somebody who comes, as far as a connection tells it.
pub struct Comer {
    /// Where it comes from; none where that is a proxy's.
    pub address: Option<IpAddr>,
    /// Has it said something that nobody has looked at yet?
    pub has_spoken: Box<dyn Fn() -> bool + Send>,
}

struct Held {
    rank: Rank,
    doing: Doing,
    /// Who keeps this place, if anybody does.
    kept_by: Option<Keeper>,
    /// Their number in the line, and since when they stand in it.
    number: u64,
    since: Timestamp,
    comer: Comer,
    gone: CancellationToken,
}

impl Held {
    fn turn(&self) -> Option<(Line, u64)> {
        line(self.rank, self.doing).map(|line| (line, self.number))
    }
}

/// A receiver or an operator: they may have one name.
type Keeper = (bool, Arc<str>);

#[derive(Default)]
struct Inner {
    held: HashMap<u64, Held>,
    /// Those who may have to go, the next one of each line first.
    order: BTreeMap<(Line, u64), u64>,
    /// How many places each address has.
    addresses: HashMap<IpAddr, usize>,
    /// How many places each receiver and each operator keeps.
    kept: HashMap<Keeper, usize>,
    /// Had to go, and are not closed yet.
    leaving: usize,
    last: u64,
    closed: u64,
    full_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

fn one_less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let std::collections::hash_map::Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl Inner {
    fn insert(&mut self, id: u64, held: Held) {
        self.order.extend(held.turn().map(|turn| (turn, id)));
        if let Some(address) = held.comer.address {
            *self.addresses.entry(address).or_default() += 1;
        }
        self.held.insert(id, held);
    }

    fn remove(&mut self, id: u64) -> Option<Held> {
        let held = self.held.remove(&id)?;
        if let Some(turn) = held.turn() {
            self.order.remove(&turn);
        }
        if let Some(address) = held.comer.address {
            one_less(&mut self.addresses, address);
        }
        if let Some(keeper) = held.kept_by.clone() {
            one_less(&mut self.kept, keeper);
        }
        Some(held)
    }

    /// Something is new about that one; it may stand in another line then.
    fn change(&mut self, id: u64, change: impl FnOnce(&mut Held)) {
        let Some(held) = self.held.get_mut(&id) else { return };
        let before = held.turn();
        change(held);
        let after = held.turn();
        if before != after {
            before.map(|turn| self.order.remove(&turn));
            self.order.extend(after.map(|turn| (turn, id)));
        }
    }

    /// They stand at the end of a line now.
    fn begins(&mut self, id: u64, doing: Doing, now: Timestamp) {
        self.last += 1;
        let number = self.last;
        self.change(id, |held| (held.doing, held.number, held.since) = (doing, number, now));
    }

    /// Who has to go now.
    fn next_to_go(&self, now: Timestamp) -> Option<u64> {
        TURNS.iter().find_map(|(line, since)| {
            let stand = self.order.range((*line, 0)..=(*line, u64::MAX)).take(COMPARED);
            let mut stand: Vec<(usize, u64, &Held)> = stand
                .filter_map(|(_, id)| Some((*id, self.held.get(id)?)))
                .filter(|(_, held)| now >= held.since + *since)
                .map(|(id, held)| (self.places_of(held.comer.address), id, held))
                .collect();
            // Whose address has most; among equals the order stays.
            stand.sort_by_key(|(places, ..)| std::cmp::Reverse(*places));
            let goes = |held: &Held| !(line.may_have_spoken() && (held.comer.has_spoken)());
            stand.into_iter().find(|(_, _, held)| goes(held)).map(|(_, id, _)| id)
        })
    }

    fn places_of(&self, address: Option<IpAddr>) -> usize {
        address.and_then(|address| self.addresses.get(&address)).copied().unwrap_or(0)
    }

    /// Somebody has to go. False: everybody who is there keeps their place, or has just spoken.
    fn make_room(&mut self, now: Timestamp) -> bool {
        let Some(held) = self.next_to_go(now).and_then(|id| self.remove(id)) else { return false };
        held.gone.cancel();
        self.closed += 1;
        self.leaving += 1;
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
    /// One that had to go is closed.
    left: Notify,
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
        Arc::new(Places { max: max.max(1), inner: Mutex::default(), left: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the next one may be let in: not while many who had to go still have their descriptors.
    pub async fn door(&self) {
        loop {
            let left = self.left.notified();
            if self.lock().leaving < LEAVING_MAX {
                return;
            }
            left.await;
        }
    }

    /// A place for somebody who comes; where all are taken, the one who is missed least has to go. They come back where nobody
    /// may be sent away right now.
    pub fn enter(self: &Arc<Places>, comer: Comer, now: Timestamp) -> Result<Place, Comer> {
        let comer = Comer { address: comer.address.map(network), ..comer };
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
                return Err(comer);
            }
        }
        inner.last += 1;
        let (id, gone) = (inner.last, CancellationToken::new());
        let (rank, doing) = (Rank::Stranger, Doing::Coming);
        let held = Held { rank, doing, kept_by: None, number: id, since: now, comer, gone: gone.clone() };
        inner.insert(id, held);
        Ok(Place { seat: Seat { id, all: self.clone() }, gone })
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

    /// How many of them one receiver, or one operator, keeps whatever happens.
    #[must_use]
    fn kept_max(&self) -> usize {
        (self.max / SHARE_KEPT).clamp(KEPT_MIN, KEPT_MAX)
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
        let mut inner = self.seat.all.lock();
        if inner.remove(self.seat.id).is_none() {
            inner.leaving = inner.leaving.saturating_sub(1);
            drop(inner);
            self.seat.all.left.notify_one();
        }
    }
}

impl Seat {
    /// A whole request came, but for its body.
    pub fn begins(&self, now: Timestamp) {
        self.all.lock().begins(self.id, Doing::Busy, now);
    }

    /// It waits for something to change.
    pub fn waits(&self, now: Timestamp) {
        self.all.lock().begins(self.id, Doing::Waiting, now);
    }

    /// The request is answered.
    pub fn rests(&self, now: Timestamp) {
        self.all.lock().begins(self.id, Doing::Answered, now);
    }

    /// The client keeps its request: since it began, however often it sends or reads a byte.
    pub fn is_slow(&self) {
        self.all.lock().change(self.id, |held| {
            if held.doing == Doing::Busy {
                held.doing = Doing::Slow;
            }
        });
    }

    /// It does not any more.
    pub fn goes_on(&self) {
        self.all.lock().change(self.id, |held| {
            if held.doing == Doing::Slow {
                held.doing = Doing::Busy;
            }
        });
    }

    /// They have proved who they are. It stays so while the connection lasts.
    pub fn is(&self, who: Who<'_>) {
        let kept_max = self.all.kept_max();
        let mut inner = self.all.lock();
        let keeper = match who {
            Who::App => None,
            Who::Receiver(name) => Some((false, Arc::from(name))),
            Who::Operator(name) => Some((true, Arc::from(name))),
        };
        let Some(held) = inner.held.get(&self.id) else { return };
        // One connection counts once, for whom it was first.
        let keeps = keeper.filter(|_| held.kept_by.is_none());
        let keeps = keeps.filter(|keeper| inner.kept.get(keeper).is_none_or(|count| *count < kept_max));
        if let Some(keeper) = &keeps {
            *inner.kept.entry(keeper.clone()).or_default() += 1;
        }
        let rank = if keeps.is_some() { Rank::Kept } else { Rank::App };
        inner.change(self.id, |held| {
            held.rank = held.rank.max(rank);
            held.kept_by = held.kept_by.take().or(keeps);
        });
    }

    /// Have they?
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.all.lock().held.get(&self.id).is_some_and(|held| held.rank > Rank::Stranger)
    }
}

#[cfg(test)]
mod tests;
