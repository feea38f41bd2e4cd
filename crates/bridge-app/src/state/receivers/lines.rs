//! Which receiving number a user is told: one whose receiver is alive, of the user's own country where there is one,
//! and of those the one that was handed out least recently. Pure, but that it remembers what it handed out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bridge_core::{Mobile, Span, Timestamp};

/// How long a handed-out number counts as load: users text within minutes.
const LOAD_LASTS: Span = Span(300_000);

/// A number that could be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// E.164, or as the operator wrote it where it is none.
    pub(super) number: String,
    /// Its receiver is heard of.
    pub(super) alive: bool,
}

/// What was handed out lately, on this bridge.
#[derive(Debug, Default)]
pub(super) struct Load(Mutex<BTreeMap<String, Recent>>);

#[derive(Debug, Default)]
struct Recent {
    since: Timestamp,
    /// In this span and in the one before.
    now: u32,
    before: u32,
}

impl Recent {
    fn turn(&mut self, now: Timestamp) {
        let passed = now - self.since;
        if passed >= LOAD_LASTS {
            self.before = if passed.0 < 2 * LOAD_LASTS.0 { self.now } else { 0 };
            self.now = 0;
            self.since = now;
        }
    }

    fn load(&self) -> u32 {
        self.now.saturating_add(self.before)
    }
}

impl Load {
    /// The number for this user; None: there is none at all.
    pub(super) fn hand_out(&self, lines: &[Line], user: &Mobile, now: Timestamp) -> Option<String> {
        let home = |line: &Line| {
            Mobile::from_e164(&line.number).is_some_and(|m| m.calling_code() == user.calling_code())
        };
        let mut load = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |load: &mut BTreeMap<String, Recent>, line: &Line| match load.get_mut(&line.number) {
            Some(recent) => {
                recent.turn(now);
                recent.load()
            }
            None => 0,
        };
        let chosen = lines.iter().min_by_key(|line| (!line.alive, !home(line), of(&mut load, line)))?;
        // Only what can be handed out is remembered: numbers are the operator's, so there are few.
        load.entry(chosen.number.clone())
            .or_insert_with(|| Recent { since: now, ..Recent::default() })
            .now += 1;
        Some(chosen.number.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, alive: bool) -> Line {
        Line { number: number.into(), alive }
    }

    #[test]
    fn alive_before_home_before_least_loaded() {
        let user = Mobile::from_e164("+919876543210").unwrap();
        let lines = [line("+919000000001", false), line("+447911123456", true)];
        let load = Load::default();
        assert_eq!(
            load.hand_out(&lines, &user, Timestamp(0)).unwrap(),
            "+447911123456",
            "the dead one is not"
        );
        let lines = [line("+447911123456", true), line("+919000000001", true), line("+919000000002", true)];
        let load = Load::default();
        let mut handed = BTreeMap::<String, u32>::new();
        for n in 0..100 {
            *handed.entry(load.hand_out(&lines, &user, Timestamp(n)).unwrap()).or_default() += 1;
        }
        assert_eq!(handed["+919000000001"], 50);
        assert_eq!(handed["+919000000002"], 50);
        assert_eq!(load.hand_out(&[], &user, Timestamp(0)), None);
    }

    #[test]
    fn load_is_forgotten() {
        let user = Mobile::from_e164("+919876543210").unwrap();
        let (first, second) = (line("+919000000001", true), line("+919000000002", true));
        let load = Load::default();
        for _ in 0..10 {
            load.hand_out(std::slice::from_ref(&second), &user, Timestamp(0));
        }
        let later = Timestamp(3 * LOAD_LASTS.0);
        let both = [second.clone(), first];
        assert_eq!(
            load.hand_out(&both, &user, later).unwrap(),
            second.number,
            "equal again: the first named"
        );
    }
}
