//! Can this machine's clock be right (decisions.md D49)? Decided from what is known of the time elsewhere. Pure: no clock,
//! no store.

use bridge_core::stamp::Zone;
use bridge_core::{Span, Timestamp};

/// Clocks that are nearer together than this agree.
pub const APART: Span = Span(30_000);

/// A clock of another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// Whose.
    pub whose: &'static str,
    /// How far it is ahead of ours.
    pub ahead: Span,
}

impl Outside {
    /// It says the same as ours.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.ahead.0.abs() <= APART.0
    }
}

/// What is known of the time.
#[derive(Clone, Debug)]
pub struct Signs<'a> {
    /// What this machine's clock says.
    pub now: Timestamp,
    /// The latest time that this bridge knows to have been.
    pub remembered: Option<Timestamp>,
    /// When the program was built.
    pub built: Timestamp,
    /// Clocks of other machines.
    pub outside: &'a [Outside],
    /// The kernel says that its clock is synchronised.
    pub synchronised: bool,
    /// An operator says that the clock is right.
    pub accepted: bool,
}

/// Why a clock cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Implausible {
    /// It was later once.
    BeforeRemembered {
        /// Then.
        remembered: Timestamp,
    },
    /// This program is younger.
    BeforeBuilt {
        /// How young.
        built: Timestamp,
    },
    /// Other machines say otherwise.
    Outside(Outside),
}

/// What the signs come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It can be right.
    Plausible,
    /// It is right, and what was remembered was not: it is forgotten.
    RememberedWrongly,
    /// It cannot be right.
    Implausible(Implausible),
}

impl Signs<'_> {
    /// Can the clock be right? The kernel alone, saying that it is not synchronised, is no reason to doubt it.
    #[must_use]
    pub fn judge(&self) -> Judged {
        let agreeing = self.outside.iter().filter(|outside| outside.agrees()).count();
        let against = self.outside.iter().find(|outside| !outside.agrees());
        let is_early = self.remembered.is_some_and(|remembered| self.now < remembered - APART);
        let outvoted = against.is_some() && agreeing == 0;
        let many_against = outvoted && self.outside.len() > 1;
        let vouched = self.accepted || agreeing > 1 || self.synchronised && !many_against;
        if vouched {
            return if is_early { Judged::RememberedWrongly } else { Judged::Plausible };
        }
        match (against, self.remembered) {
            (Some(against), _) if outvoted => Judged::Implausible(Implausible::Outside(against.clone())),
            (_, Some(remembered)) if is_early => {
                Judged::Implausible(Implausible::BeforeRemembered { remembered })
            }
            _ if self.now < self.built => Judged::Implausible(Implausible::BeforeBuilt { built: self.built }),
            _ => Judged::Plausible,
        }
    }
}

impl std::fmt::Display for Implausible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Implausible::BeforeRemembered { remembered } => {
                write!(f, "this bridge was already running at {}", Zone::utc().shown(*remembered))
            }
            Implausible::BeforeBuilt { built } => {
                write!(f, "this program was built at {}", Zone::utc().shown(*built))
            }
            Implausible::Outside(Outside { whose, ahead }) if ahead.0 > 0 => {
                write!(f, "the clock of {whose} is {ahead} ahead of it")
            }
            Implausible::Outside(Outside { whose, ahead }) => {
                write!(f, "the clock of {whose} is {} behind it", Span(-ahead.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const DAYS: Span = Span(2 * 86_400_000);

    fn signs<'a>() -> Signs<'a> {
        Signs {
            now: NOW,
            remembered: Some(NOW - Span(60_000)),
            built: NOW - DAYS,
            outside: &[],
            synchronised: false,
            accepted: false,
        }
    }

    fn outside(whose: &'static str, ahead: i64) -> Outside {
        Outside { whose, ahead: Span(ahead) }
    }

    #[test]
    fn a_clock_that_runs_on_is_plausible_though_nobody_synchronises_it() {
        assert_eq!(signs().judge(), Judged::Plausible);
        assert_eq!(Signs { remembered: None, ..signs() }.judge(), Judged::Plausible);
        assert_eq!(Signs { remembered: Some(NOW + APART), ..signs() }.judge(), Judged::Plausible);
        assert_eq!(
            Signs { remembered: Some(NOW - DAYS), ..signs() }.judge(),
            Judged::Plausible,
            "it was off"
        );
    }

    #[test]
    fn a_clock_that_went_back_is_not() {
        let remembered = NOW + APART + Span(1);
        let early = Signs { remembered: Some(remembered), ..signs() };
        assert_eq!(early.judge(), Judged::Implausible(Implausible::BeforeRemembered { remembered }));
        let built = NOW + Span(1);
        let old = Signs { built, remembered: None, ..signs() };
        assert_eq!(old.judge(), Judged::Implausible(Implausible::BeforeBuilt { built }));
    }

    #[test]
    fn another_machine_that_says_otherwise_is_believed() {
        for ahead in [APART.0 + 1, -APART.0 - 1] {
            let others = [outside("Redis", ahead)];
            let told = Signs { outside: &others, ..signs() }.judge();
            assert_eq!(told, Judged::Implausible(Implausible::Outside(others[0].clone())));
            assert!(!Implausible::Outside(others[0].clone()).to_string().contains('-'));
        }
        for ahead in [APART.0, -APART.0, 0] {
            let others = [outside("Redis", ahead)];
            assert_eq!(Signs { outside: &others, ..signs() }.judge(), Judged::Plausible);
        }
        // One of two is wrong itself: nothing is known against ours.
        let others = [outside("Redis", DAYS.0), outside("PostgreSQL", 0)];
        assert_eq!(Signs { outside: &others, ..signs() }.judge(), Judged::Plausible);
        let others = [outside("Redis", DAYS.0), outside("PostgreSQL", DAYS.0)];
        let synchronised = Signs { outside: &others, synchronised: true, ..signs() };
        assert!(matches!(synchronised.judge(), Judged::Implausible(_)), "two against the kernel");
    }

    #[test]
    fn it_cannot_become_a_trap() {
        let ahead_once = Signs { remembered: Some(NOW + DAYS), ..signs() };
        assert!(matches!(ahead_once.judge(), Judged::Implausible(_)));
        let agree = [outside("Redis", 1), outside("PostgreSQL", -1)];
        for vouched in [
            Signs { synchronised: true, ..ahead_once.clone() },
            Signs { accepted: true, ..ahead_once.clone() },
            Signs { outside: &agree, ..ahead_once.clone() },
        ] {
            assert_eq!(vouched.judge(), Judged::RememberedWrongly);
        }
        // One alone is no witness against what this bridge knows itself.
        let one = Signs { outside: &agree[..1], ..ahead_once };
        assert!(matches!(one.judge(), Judged::Implausible(_)));
        let others = [outside("Redis", DAYS.0)];
        for vouched in [
            Signs { outside: &others, synchronised: true, ..signs() },
            Signs { outside: &others, accepted: true, ..signs() },
            Signs { built: NOW + DAYS, accepted: true, ..signs() },
        ] {
            assert_eq!(vouched.judge(), Judged::Plausible);
        }
    }
}
