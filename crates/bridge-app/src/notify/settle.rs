//! What lasts: a store that is away for a second is nobody's night. Pure; time is an argument, from a clock that nobody sets.

use std::collections::{BTreeMap, BTreeSet};

use bridge_core::Span;
use bridge_store::troubles::Trouble;

/// What is wrong for so long is told, and what is well again for so long is over.
pub(crate) const LASTS: Span = Span(10_000);

#[derive(Clone, Debug)]
struct Seen {
    trouble: Trouble,
    first: Span,
    last: Span,
    stands: bool,
}

/// What was seen, and what of it stands.
#[derive(Debug, Default)]
pub(crate) struct Settling(BTreeMap<String, Seen>);

impl Settling {
    /// These stood before this bridge was started: they stand until they are not seen for a while.
    pub(crate) fn begin(&mut self, now: Span, stood: impl IntoIterator<Item = Trouble>) {
        for trouble in stood {
            let seen = Seen { trouble: trouble.clone(), first: now, last: now, stands: true };
            self.0.entry(trouble.subject).or_insert(seen).stands = true;
        }
    }

    /// What is wrong now. Answers what stands.
    pub(crate) fn look(&mut self, now: Span, wrong: Vec<Trouble>) -> Vec<Trouble> {
        let is_wrong: BTreeSet<String> = wrong.iter().map(|trouble| trouble.subject.clone()).collect();
        for trouble in wrong {
            let seen = self.0.entry(trouble.subject.clone()).or_insert_with(|| Seen {
                trouble: trouble.clone(),
                first: now,
                last: now,
                stands: false,
            });
            seen.last = now;
            // Since when it is wrong is known best when it began; why, now.
            seen.trouble.detail = trouble.detail;
            seen.stands |= now.0 - seen.first.0 >= LASTS.0;
        }
        self.0.retain(|subject, seen| {
            is_wrong.contains(subject) || seen.stands && now.0 - seen.last.0 < LASTS.0
        });
        self.0.values().filter(|seen| seen.stands).map(|seen| seen.trouble.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::Timestamp;
    use bridge_store::troubles::TroubleKind;

    use super::*;

    fn trouble(subject: &str) -> Trouble {
        Trouble {
            kind: TroubleKind::Store,
            subject: subject.to_owned(),
            is_own: false,
            began_at: Timestamp(0),
            detail: String::new(),
            is_told: false,
        }
    }

    fn at(seconds: i64) -> Span {
        Span(seconds * 1_000)
    }

    #[test]
    fn only_what_lasts_stands_and_it_stands_until_it_is_gone_for_as_long() {
        let mut settling = Settling::default();
        let mut look = |seconds: i64, is_wrong: bool| {
            let wrong = if is_wrong { vec![trouble("redis")] } else { Vec::new() };
            settling.look(at(seconds), wrong).len()
        };
        assert_eq!(look(0, true), 0);
        assert_eq!(look(9, true), 0);
        assert_eq!(look(9, false), 0, "it was away for nine seconds");
        assert_eq!(look(10, true), 0, "it begins anew");
        assert_eq!(look(20, true), 1);
        assert_eq!(look(21, false), 1, "it may come again");
        assert_eq!(look(25, true), 1);
        assert_eq!(look(34, false), 1);
        assert_eq!(look(35, false), 0);
    }

    #[test]
    fn what_stood_before_a_start_is_over_only_after_a_while() {
        let mut settling = Settling::default();
        settling.begin(at(0), [trouble("redis")]);
        assert_eq!(settling.look(at(1), Vec::new()).len(), 1);
        assert_eq!(settling.look(at(9), vec![trouble("redis")]).len(), 1);
        assert_eq!(settling.look(at(18), Vec::new()).len(), 1);
        assert_eq!(settling.look(at(19), Vec::new()).len(), 0);
    }
}
