//! SMS as they come in life, by their place: of a hundred seventy are right, the others wrong, twice, foreign, a flood
//! or late. Pure: the same place is the same SMS. Not how they are sent.

use bytes::Bytes;
use serde_json::json;

use crate::bench::requests::number;

/// What an SMS is, and so what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The right hash in time: it passes.
    Right,
    /// A hash that nobody was given.
    WrongHash,
    /// One more SMS of a number that is validated: of the right SMS at this place.
    Duplicate(usize),
    /// The right SMS at this place, handed in again: the same answer, and no row.
    Redelivered(usize),
    /// From a country that is not allowed.
    Foreign,
    /// Nonsense, many from one number.
    Flood,
    /// After its deadline.
    Late,
}

/// Places that repeat the shares.
pub(crate) const HUNDRED: usize = 100;
const RIGHT: usize = 70;
const WRONG: usize = 80;
const DUPLICATE: usize = 88;
const REDELIVERED: usize = 93;
const FOREIGN: usize = 96;
const FLOOD: usize = 98;
/// Two SMS of a hundred places are of a flood: thirty for each of its numbers.
const PLACES_OF_A_FLOOD: usize = 1_500;
/// Numbers of floods lie above all others.
const FLOODS_FROM: usize = 900_000_000;

impl Kind {
    /// Of the SMS at a place, where so many are sent in one block. What repeats another repeats one of the block before;
    /// in the first block these are right ones.
    pub(crate) fn at(place: usize, block: usize) -> Kind {
        let slot = place % HUNDRED;
        let of_the_block_before = || Some((place.checked_sub(block)? / HUNDRED) * HUNDRED + slot - WRONG);
        match slot {
            slot if slot < RIGHT => Kind::Right,
            slot if slot < WRONG => Kind::WrongHash,
            slot if slot < DUPLICATE => of_the_block_before().map_or(Kind::Right, Kind::Duplicate),
            slot if slot < REDELIVERED => of_the_block_before().map_or(Kind::Right, Kind::Redelivered),
            slot if slot < FOREIGN => Kind::Foreign,
            slot if slot < FLOOD => Kind::Flood,
            _ => Kind::Late,
        }
    }

    /// Its number registers before it is sent.
    pub(crate) fn registers(self) -> bool {
        matches!(self, Kind::Right | Kind::WrongHash | Kind::Late)
    }

    /// It gets a row of its own.
    pub(crate) fn is_new(self) -> bool {
        !matches!(self, Kind::Redelivered(_))
    }

    /// It validates its number, now or before.
    pub(crate) fn passes(self) -> bool {
        matches!(self, Kind::Right | Kind::Redelivered(_))
    }
}

/// The body of the SMS at a place; the hash is that of whoever it is about.
pub(crate) fn body(place: usize, kind: Kind, hash: &str, stamp: jiff::Timestamp) -> Bytes {
    let nobodys = "0".repeat(64);
    let (at, sender, text) = match kind {
        Kind::Right | Kind::Late => (place, number(place), format!("ONBOARD:{hash}")),
        Kind::WrongHash => (place, number(place), format!("ONBOARD:{nobodys}")),
        Kind::Duplicate(of) => (place, number(of), format!("ONBOARD:{hash}")),
        Kind::Redelivered(of) => (of, number(of), format!("ONBOARD:{hash}")),
        Kind::Foreign => (place, format!("+44740{place:07}"), format!("ONBOARD:{nobodys}")),
        Kind::Flood => (
            place,
            number(FLOODS_FROM + place / PLACES_OF_A_FLOOD),
            format!("You won a prize, number {place}"),
        ),
    };
    json!({
        "mobile_number": sender,
        "sms_message": text,
        "received_timestamp": format!("{stamp:.3}"),
        "message_id": format!("bench-{at}"),
    })
    .to_string()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_those_of_life() {
        let kinds: Vec<Kind> = (1_000..11_000).map(|place| Kind::at(place, 1_000)).collect();
        let share = |wanted: fn(Kind) -> bool| kinds.iter().filter(|kind| wanted(**kind)).count() / 100;
        assert_eq!(share(|kind| kind == Kind::Right), 70);
        assert_eq!(share(|kind| kind == Kind::WrongHash), 10);
        assert_eq!(share(|kind| matches!(kind, Kind::Duplicate(_))), 8);
        assert_eq!(share(|kind| matches!(kind, Kind::Redelivered(_))), 5);
        assert_eq!(share(|kind| kind == Kind::Foreign), 3);
        assert_eq!(share(|kind| kind == Kind::Flood), 2);
        assert_eq!(share(|kind| kind == Kind::Late), 2);
    }

    #[test]
    fn what_repeats_another_repeats_a_right_one_of_the_block_before_and_none_twice() {
        let mut repeated = std::collections::HashSet::new();
        for place in 0..10_000 {
            if let Kind::Duplicate(of) | Kind::Redelivered(of) = Kind::at(place, 1_000) {
                assert_eq!(Kind::at(of, 1_000), Kind::Right);
                assert_eq!(of / 1_000 + 1, place / 1_000);
                assert!(repeated.insert(of), "{of}");
            }
        }
    }

    #[test]
    fn a_redelivery_is_the_same_body_and_a_duplicate_is_not() {
        let stamp = jiff::Timestamp::from_second(1_769_860_800).unwrap();
        let first = body(5, Kind::Right, "ab", stamp);
        assert_eq!(first, body(93, Kind::Redelivered(5), "ab", stamp));
        assert_ne!(first, body(85, Kind::Duplicate(5), "ab", stamp));
    }
}
