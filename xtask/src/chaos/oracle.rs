//! What must become of every step of a journey where nothing goes wrong: the rules of 003 in the smallest form that
//! the journeys need. Written apart from the bridge on purpose. Not a second bridge: no stores, no time.

use std::collections::{BTreeSet, HashMap};

use super::world::{Journey, Sender, Sms, Step, Text};

/// How an SMS must be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The seven codes in 003's order.
    pub(crate) codes: String,
    pub(crate) failed_at: Option<String>,
}

impl Verdict {
    pub(crate) fn passed(&self) -> bool {
        self.failed_at.is_none()
    }
}

/// What must become of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A new hash.
    Opened,
    /// The hash that this slot has.
    Same,
    /// Refused with this code.
    Refused(&'static str),
    /// Done: a cancellation, a block.
    Done,
    Judged(Verdict),
    /// The answer that the SMS got before.
    AsBefore,
}

/// What must become of a journey.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// One for each step.
    pub(crate) steps: Vec<Expected>,
    /// Members of `Queue_validated_mobiles` that it leaves.
    pub(crate) validated: BTreeSet<String>,
}

/// In the order of 003.
pub(crate) const CHECKS: [&str; 7] = [
    "mobile_check",
    "duplicate_check",
    "header_hash_check",
    "count_check",
    "foreign_number_check",
    "blacklist_check",
    "time_window_check",
];
const COUNT_MAX: u32 = 5;
const BLACKLIST_ABOVE: u32 = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Validated,
    Cancelled,
}

#[derive(Clone, Copy)]
struct Onboarding {
    slot: usize,
    device: usize,
    state: State,
}

#[derive(Default)]
struct Person {
    /// Those that stand side by side, the newest last.
    onboardings: Vec<Onboarding>,
    validated: BTreeSet<usize>,
    count: u32,
    blacklisted: bool,
}

/// Follows a journey.
pub(crate) fn foretell(journey: &Journey) -> Outcome {
    let mut people: HashMap<usize, Person> = HashMap::new();
    let steps = journey.steps.iter().map(|step| one_step(step, &mut people)).collect();
    let validated = people.iter().flat_map(|(who, person)| {
        person
            .validated
            .iter()
            .map(|&device| format!("{}:{}", journey.number(*who), journey.device(*who, device)))
    });
    Outcome { steps, validated: validated.collect() }
}

fn one_step(step: &Step, people: &mut HashMap<usize, Person>) -> Expected {
    match step {
        Step::Register { who, device, slot } => people.entry(*who).or_default().register(*device, *slot),
        Step::Cancel { slot } => {
            for onboarding in people.values_mut().flat_map(|person| &mut person.onboardings) {
                if onboarding.slot == *slot && onboarding.state == State::Pending {
                    onboarding.state = State::Cancelled;
                }
            }
            Expected::Done
        }
        Step::Block { who } => {
            people.entry(*who).or_default().blacklisted = true;
            Expected::Done
        }
        Step::Send(sms) => Expected::Judged(match sms.from {
            Sender::Person(who) => people.entry(who).or_default().send(sms),
            Sender::Name => failed(0),
            // Cannot register, so it has no hash to send.
            Sender::Foreigner => failed(2),
        }),
        Step::Again { .. } => Expected::AsBefore,
    }
}

impl Person {
    fn register(&mut self, device: usize, slot: usize) -> Expected {
        if self.blacklisted {
            return Expected::Refused("blacklisted");
        }
        if self.validated.contains(&device) {
            return Expected::Refused("already_validated");
        }
        let mut pending = self.onboardings.iter().filter(|one| one.state == State::Pending);
        if pending.any(|one| one.device == device) {
            return Expected::Same;
        }
        // A cancelled one stands as long as nothing is registered after it.
        self.onboardings.retain(|one| one.state != State::Cancelled);
        self.onboardings.push(Onboarding { slot, device, state: State::Pending });
        Expected::Opened
    }

    fn send(&mut self, sms: &Sms) -> Verdict {
        self.count += 1;
        self.blacklisted |= self.count > BLACKLIST_ABOVE;
        // Judged by the one that the text names, else by the newest.
        let named = match &sms.text {
            Text::Hash { slot } | Text::HashSigned { slot } => {
                self.onboardings.iter().position(|one| one.slot == *slot)
            }
            _ => None,
        };
        let meant = named.or(self.onboardings.len().checked_sub(1));
        let device = meant.map(|place| self.onboardings[place].device);
        let checks = [
            true,
            !device.is_some_and(|device| self.validated.contains(&device)),
            named.is_some(),
            self.count <= COUNT_MAX,
            true,
            !self.blacklisted,
            // It comes in before its deadline, whatever its stamp says (decisions.md D39).
            true,
        ];
        if let Some(at) = checks.iter().position(|passes| !passes) {
            return failed(at);
        }
        let codes = "1".repeat(CHECKS.len());
        match meant.and_then(|place| self.onboardings.get_mut(place)) {
            Some(meant) if meant.state == State::Pending => {
                meant.state = State::Validated;
                self.validated.insert(meant.device);
                Verdict { codes, failed_at: None }
            }
            _ => Verdict { codes, failed_at: Some("onboarding_match".to_owned()) },
        }
    }
}

fn failed(at: usize) -> Verdict {
    let codes = format!("{}2{}", "1".repeat(at), "4".repeat(CHECKS.len() - at - 1));
    Verdict { codes, failed_at: CHECKS.get(at).map(|&name| name.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::world::Stamp;

    fn told(steps: Vec<Step>) -> Vec<String> {
        let journey = Journey { index: 3, title: "", steps, think_ms: 0 };
        let words = |expected| match expected {
            Expected::Judged(verdict) => {
                format!("{} {}", verdict.codes, verdict.failed_at.unwrap_or_else(|| "passed".to_owned()))
            }
            other => format!("{other:?}"),
        };
        foretell(&journey).steps.into_iter().map(words).collect()
    }

    fn register(device: usize, slot: usize) -> Step {
        Step::Register { who: 0, device, slot }
    }

    fn send(text: Text) -> Step {
        Step::Send(Sms { from: Sender::Person(0), text, stamp: Stamp::Now, line: false })
    }

    fn hash(slot: usize) -> Step {
        send(Text::Hash { slot })
    }

    fn guess() -> Step {
        send(Text::Guess("0".repeat(64)))
    }

    #[test]
    fn a_pair_is_validated_once_and_by_its_own_hash() {
        let steps =
            vec![register(0, 0), register(0, 0), register(1, 1), hash(0), hash(1), hash(1), register(1, 2)];
        assert_eq!(
            told(steps),
            [
                "Opened",
                "Same",
                "Opened",
                "1111111 passed",
                "1111111 passed",
                "1244444 duplicate_check",
                "Refused(\"already_validated\")"
            ]
        );
    }

    #[test]
    fn a_flood_ends_on_the_blacklist() {
        let mut steps = vec![register(0, 0)];
        steps.extend((0..5).map(|_| guess()));
        steps.push(hash(0));
        steps.extend((0..4).map(|_| guess()));
        steps.push(register(0, 0));
        steps.extend([guess(), register(0, 0)]);
        let told = told(steps);
        assert_eq!(told[6], "1112444 count_check");
        assert_eq!((told[11].as_str(), told[13].as_str()), ("Same", "Refused(\"blacklisted\")"));
    }

    #[test]
    fn a_cancelled_onboarding_is_matched_by_nothing() {
        let steps = vec![register(0, 0), Step::Cancel { slot: 0 }, hash(0), register(0, 1), hash(1)];
        assert_eq!(told(steps)[2..], ["1111111 onboarding_match", "Opened", "1111111 passed"]);
    }

    #[test]
    fn a_number_blocked_by_hand_fails_its_own_check() {
        let told = told(vec![register(0, 0), Step::Block { who: 0 }, hash(0)]);
        assert_eq!(told[2], "1111124 blacklist_check");
    }
}
