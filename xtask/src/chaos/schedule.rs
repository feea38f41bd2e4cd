//! Which fault comes when, and for how long: drawn from the seed alone. A longer run begins like a shorter one, and
//! a subset has the same faults at the same moments. Not how a fault is made: that is `faults`.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Bridge(usize),
    Redis,
    Postgres,
    Pgbouncer,
    Remote,
    /// The Sentinels, where there are some, and what they do.
    Sentinels,
    /// What webhooks tell.
    App,
    /// The way of the bridges to Redis.
    HotLink,
    /// The way of the bridges to PgBouncer.
    AuditLink,
    /// The way of the bridges to the remote.
    RemoteLink,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// SIGKILL, and started again.
    Kill,
    /// SIGTERM, and started again.
    Stop,
    /// SIGSTOP, and SIGCONT.
    Pause,
    /// FLUSHALL.
    Flush,
    /// A copy of its files is set aside.
    Keep,
    /// SIGKILL, and started again with the files that were set aside.
    Restore,
    /// Every connection is cut, half way through whatever it carries.
    Cut,
    /// Nothing goes through, and nothing is closed.
    Hang,
    /// Everything comes late.
    Slow,
    /// No connection is taken, and none stays.
    Refuse,
    /// It keeps nothing and says so.
    Fail,
    /// It keeps what comes and says that it did not.
    Lie,
    /// The replica is promoted although the primary lives.
    Promote,
    /// The primary is cut off from Sentinels and replica, and the bridges are not cut off from it.
    Split,
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Since the beginning.
    pub(crate) at: Duration,
    pub(crate) target: Target,
    pub(crate) deed: Deed,
    /// Nothing for what is over at once.
    pub(crate) length: Duration,
}

/// Every kind of fault with how often it comes.
const KINDS: &[(Target, &[(Deed, u32)])] = &[
    (Target::Bridge(0), &[(Deed::Kill, 4), (Deed::Pause, 2), (Deed::Stop, 1)]),
    (Target::Bridge(1), &[(Deed::Kill, 4), (Deed::Pause, 2), (Deed::Stop, 1)]),
    (
        Target::Redis,
        &[
            (Deed::Kill, 4),
            (Deed::Pause, 3),
            (Deed::Stop, 2),
            (Deed::Flush, 4),
            (Deed::Keep, 3),
            (Deed::Restore, 3),
        ],
    ),
    (Target::Postgres, &[(Deed::Kill, 4), (Deed::Pause, 3), (Deed::Stop, 2)]),
    (Target::Pgbouncer, &[(Deed::Kill, 2), (Deed::Pause, 2), (Deed::Stop, 1)]),
    (Target::Remote, &[(Deed::Kill, 2), (Deed::Pause, 2), (Deed::Stop, 1)]),
    (Target::Sentinels, &[(Deed::Promote, 4), (Deed::Split, 4), (Deed::Kill, 2), (Deed::Pause, 2)]),
    (Target::App, &[(Deed::Hang, 2), (Deed::Fail, 2), (Deed::Lie, 2), (Deed::Refuse, 2)]),
    (Target::HotLink, &[(Deed::Cut, 5), (Deed::Hang, 2), (Deed::Slow, 2), (Deed::Refuse, 1)]),
    (Target::AuditLink, &[(Deed::Cut, 5), (Deed::Hang, 2), (Deed::Slow, 2), (Deed::Refuse, 1)]),
    (Target::RemoteLink, &[(Deed::Cut, 3), (Deed::Hang, 2), (Deed::Slow, 2), (Deed::Refuse, 1)]),
];

/// The first fault comes when the load is there.
const FIRST_MS: u64 = 1_500;
/// Between the beginnings of two faults.
const GAP_MS: std::ops::RangeInclusive<u64> = 150..=2_200;
/// Now and then everything is left alone, so that what must recover can.
const CALM_EVERY_MS: u64 = 18_000;
const CALM_MS: u64 = 4_000;
/// A target is left alone for a moment after a fault.
const RECOVERY_MS: u64 = 700;
const AT_ONCE_MAX: usize = 3;

impl Target {
    fn word(self) -> &'static str {
        match self {
            Target::Bridge(0) => "bridge-a",
            Target::Bridge(_) => "bridge-b",
            Target::Redis => "redis",
            Target::Postgres => "postgres",
            Target::Pgbouncer => "pgbouncer",
            Target::Remote => "remote",
            Target::Sentinels => "sentinels",
            Target::App => "app",
            Target::HotLink => "hot-link",
            Target::AuditLink => "audit-link",
            Target::RemoteLink => "remote-link",
        }
    }
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Deed::Kill => "kill",
            Deed::Stop => "stop",
            Deed::Pause => "pause",
            Deed::Flush => "flush",
            Deed::Keep => "keep",
            Deed::Restore => "restore",
            Deed::Cut => "cut",
            Deed::Hang => "hang",
            Deed::Slow => "slow",
            Deed::Refuse => "refuse",
            Deed::Fail => "fail",
            Deed::Lie => "lie",
            Deed::Promote => "promote",
            Deed::Split => "split",
        }
    }

    fn is_over_at_once(self) -> bool {
        matches!(self, Deed::Flush | Deed::Keep | Deed::Cut | Deed::Promote)
    }
}

/// `redis-kill`, as `--faults` takes it.
pub(crate) fn name(target: Target, deed: Deed) -> String {
    format!("{}-{}", target.word(), deed.word())
}

/// Every name there is.
pub(crate) fn names() -> Vec<String> {
    let of_target = |(target, deeds): &(Target, &[(Deed, u32)])| {
        let target = *target;
        deeds.iter().map(move |(deed, _)| name(target, *deed)).collect::<Vec<_>>()
    };
    KINDS.iter().flat_map(of_target).collect()
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = name(self.target, self.deed);
        write!(f, "{:>7.1} s  {name}", self.at.as_secs_f64())?;
        if self.length.is_zero() { Ok(()) } else { write!(f, " for {:.1} s", self.length.as_secs_f64()) }
    }
}

/// The faults of a run. `there` says which targets there are, `wanted` which faults are asked for.
pub(crate) fn draw(
    seed: u64,
    length: Duration,
    there: impl Fn(Target) -> bool,
    wanted: impl Fn(Target, Deed) -> bool,
) -> Vec<Event> {
    let kinds = KINDS.iter().filter(|(target, _)| there(*target));
    let kinds: Vec<_> = kinds
        .flat_map(|(target, deeds)| deeds.iter().map(|(deed, weight)| (*target, *deed, *weight)))
        .collect();
    let mut dice = StdRng::seed_from_u64(seed ^ 0xfa17);
    let end_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut events: Vec<Event> = Vec::new();
    let (mut at, mut kept) = (FIRST_MS, false);
    while at < end_ms {
        // Drawn whether it is used or not, so that one fault less moves no other.
        let (target, deed) = kind(&mut dice, &kinds);
        let length = if deed.is_over_at_once() { 0 } else { length_ms(&mut dice) };
        let gap = dice.random_range(GAP_MS);
        let busy = |event: &&Event| at < ms(event.at + event.length) + RECOVERY_MS;
        let is_calm = at % CALM_EVERY_MS + length > CALM_EVERY_MS - CALM_MS;
        let too_many = events.iter().filter(|event| at < ms(event.at + event.length)).count() >= AT_ONCE_MAX;
        let is_hit = events.iter().filter(busy).any(|event| event.target == target);
        let has_file = deed != Deed::Restore || kept;
        if !(is_calm || too_many || is_hit) && has_file {
            kept |= deed == Deed::Keep;
            let (at, length) = (Duration::from_millis(at), Duration::from_millis(length));
            events.push(Event { at, target, deed, length });
        }
        at += gap;
    }
    events.retain(|event| wanted(event.target, event.deed));
    events
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn kind(dice: &mut StdRng, kinds: &[(Target, Deed, u32)]) -> (Target, Deed) {
    let mut left = dice.random_range(0..kinds.iter().map(|(_, _, weight)| weight).sum::<u32>());
    for (target, deed, weight) in kinds {
        if left < *weight {
            return (*target, *deed);
        }
        left -= weight;
    }
    (Target::Bridge(0), Deed::Kill)
}

/// Mostly short, now and then long enough for every time-out.
fn length_ms(dice: &mut StdRng) -> u64 {
    match dice.random_range(0..20) {
        0..12 => dice.random_range(100..=1_500),
        12..18 => dice.random_range(1_500..=4_000),
        _ => dice.random_range(4_000..=9_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_same_seed_has_the_same_faults() {
        let all = |seed| draw(seed, MINUTE, |_| true, |_, _| true);
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        assert!(all(1).len() > 20, "{}", all(1).len());
    }

    #[test]
    fn a_longer_run_begins_like_a_shorter_one_and_a_subset_keeps_its_moments() {
        let short = draw(5, MINUTE, |_| true, |_, _| true);
        let long = draw(5, MINUTE * 5, |_| true, |_, _| true);
        assert_eq!(short[..], long[..short.len()]);
        let kills = draw(5, MINUTE, |_| true, |_, deed| deed == Deed::Kill);
        assert!(!kills.is_empty() && kills.iter().all(|kill| short.contains(kill)));
    }

    #[test]
    fn no_target_is_hit_twice_at_once_and_nothing_is_restored_that_was_not_kept() {
        for seed in 0..50 {
            let events = draw(seed, MINUTE * 3, |_| true, |_, _| true);
            for (n, event) in events.iter().enumerate() {
                let over = |other: &Event| other.at + other.length <= event.at;
                assert!(
                    events[..n].iter().all(|other| other.target != event.target || over(other)),
                    "{seed}"
                );
                if event.deed == Deed::Restore {
                    assert!(events[..n].iter().any(|other| other.deed == Deed::Keep), "{seed}");
                }
            }
        }
    }

    #[test]
    fn every_fault_comes() {
        let seen: std::collections::BTreeSet<String> = (0..30)
            .flat_map(|seed| draw(seed, MINUTE * 2, |_| true, |_, _| true))
            .map(|event| name(event.target, event.deed))
            .collect();
        assert_eq!(seen, names().into_iter().collect());
    }
}
