//! Doubt whether SMS still come in (decisions.md D50): several people in a row registered and let their deadline pass,
//! though SMS used to come. It warns and never pauses: people do change their minds. Pure: no clock, no store.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bridge_core::Timestamp;

/// So many in a row are no chance any more.
const IN_A_ROW: usize = 5;

/// Registrations since the last SMS.
#[derive(Debug, Default)]
pub(super) struct Doubt(Mutex<Unanswered>);

#[derive(Debug, Default)]
struct Unanswered {
    /// SMS of all receivers, when the first of these registered.
    delivered: i64,
    /// The deadlines of the newest, oldest first.
    deadlines: VecDeque<Timestamp>,
}

impl Doubt {
    /// Somebody registered. `delivered`: how many SMS ever came.
    pub(super) fn registered(&self, deadline: Timestamp, delivered: i64) {
        let mut unanswered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if unanswered.delivered != delivered {
            *unanswered = Unanswered { delivered, deadlines: VecDeque::new() };
        }
        if unanswered.deadlines.len() < IN_A_ROW {
            unanswered.deadlines.push_back(deadline);
        }
    }

    /// Since when it is in doubt. None: it is not.
    pub(super) fn since(&self, now: Timestamp, delivered: i64) -> Option<Timestamp> {
        let unanswered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used_to_come = delivered > 0 && unanswered.delivered == delivered;
        let last = *unanswered.deadlines.get(IN_A_ROW - 1)?;
        (used_to_come && now > last).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_row_without_an_sms() {
        let doubt = Doubt::default();
        for n in 1..=4 {
            doubt.registered(Timestamp(n), 7);
        }
        assert_eq!(doubt.since(Timestamp(100), 7), None);
        doubt.registered(Timestamp(5), 7);
        assert_eq!(doubt.since(Timestamp(5), 7), None, "there is time left");
        assert_eq!(doubt.since(Timestamp(6), 7), Some(Timestamp(5)));
        assert_eq!(doubt.since(Timestamp(6), 8), None, "one came");
        doubt.registered(Timestamp(9), 8);
        assert_eq!(doubt.since(Timestamp(100), 8), None, "it begins anew");
    }

    #[test]
    fn a_bridge_to_which_nothing_ever_came_is_not_in_doubt() {
        let doubt = Doubt::default();
        (1..=9).for_each(|n| doubt.registered(Timestamp(n), 0));
        assert_eq!(doubt.since(Timestamp(100), 0), None, "it is being set up");
    }
}
