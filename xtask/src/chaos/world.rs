//! The world of one run: who registers, who sends which SMS and in which order. It comes from the seed alone, so
//! that a run can be repeated; only the stamps come from the clock. Not what is expected of it: that is the oracle.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Every journey there could be; the same seed has the same ones.
#[derive(Clone, Copy)]
pub(crate) struct World {
    seed: u64,
}

/// A few people and what they do, one thing after the other: each step waits for the answer to the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journey {
    pub(crate) index: u32,
    pub(crate) title: &'static str,
    pub(crate) steps: Vec<Step>,
    /// How long it waits before each step, at most; thousandths of a second.
    pub(crate) think_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A person registers on a device; the hash belongs to `slot` from then on.
    Register { who: usize, device: usize, slot: usize },
    /// The app cancels the onboarding of that slot.
    Cancel { slot: usize },
    /// The operator blocks a person.
    Block { who: usize },
    /// An SMS comes in.
    Send(Sms),
    /// The phone delivers the n-th SMS of the journey once more, byte for byte.
    Again { sms: usize },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sms {
    pub(crate) from: Sender,
    pub(crate) text: Text,
    pub(crate) stamp: Stamp,
    /// The phone that forwards it names itself.
    pub(crate) line: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Person(usize),
    /// An alphanumeric sender.
    Name,
    /// A number of a country that is not allowed.
    Foreigner,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// What the app told the user to send.
    Hash { slot: usize },
    /// The same, as a keyboard and a signature make it.
    HashSigned { slot: usize },
    /// A header and a hash that nobody was given.
    Guess(String),
    /// No header at all.
    Prose(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Now,
    /// The phone gives none: the bridge takes its own time, and the delivery id stands for the stamp.
    Missing,
    /// Two hours before the registration.
    TooEarly,
    /// Two hours ahead.
    InFuture,
}

/// Makes the steps of one kind of journey.
type Plot = fn(&mut Dice) -> Vec<Step>;

/// Kinds of journeys, with how often each comes. To add one, add a line; the oracle knows what to expect of it.
const PLOTS: &[(&str, u32, Plot)] = &[
    ("right at once", 6, plain),
    ("wrong, then right", 4, guess_first),
    ("again and again", 3, repeated),
    ("another device before", 2, changed_device),
    ("four devices side by side", 4, side_by_side),
    ("another device after", 2, second_device),
    ("somebody else's hash", 2, swapped),
    ("flood", 1, flood),
    ("never registered", 2, strangers),
    ("cancelled", 2, cancelled),
    ("stamps that cannot be", 1, wrong_stamps),
    ("blocked by hand", 1, blocked),
];

const THINK_MS_MAX: u64 = 200;

impl World {
    pub(crate) fn new(seed: u64) -> World {
        World { seed }
    }

    /// The journey of that number; none depends on another.
    pub(crate) fn journey(self, index: u32) -> Journey {
        let mut dice =
            Dice(StdRng::seed_from_u64(self.seed ^ (u64::from(index) + 1).wrapping_mul(0x9e37_79b9)));
        let sum: u32 = PLOTS.iter().map(|(_, weight, _)| weight).sum();
        let mut left = dice.0.random_range(0..sum);
        let (title, _, plot) = PLOTS
            .iter()
            .find(|(_, weight, _)| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                here
            })
            .unwrap_or(&PLOTS[0]);
        let think_ms = dice.0.random_range(1..=THINK_MS_MAX);
        Journey { index, title, steps: plot(&mut dice), think_ms }
    }
}

impl Journey {
    /// The mobile number of one of its people: valid in India, and nobody else's.
    pub(crate) fn number(&self, who: usize) -> String {
        format!("+9198{:08}", u64::from(self.index) * 2 + who as u64)
    }

    pub(crate) fn device(&self, who: usize, device: usize) -> String {
        format!("device-{}-{who}-{device}", self.index)
    }

    pub(crate) fn email(&self, who: usize) -> String {
        format!("user{}.{who}@example.org", self.index)
    }

    /// The sender of an SMS as the phone writes it.
    pub(crate) fn sender(&self, from: &Sender) -> String {
        match from {
            Sender::Person(who) => self.number(*who),
            Sender::Name => format!("VK-SHOP{}", self.index),
            Sender::Foreigner => format!("+447911{:06}", self.index % 1_000_000),
        }
    }
}

/// Draws for one journey.
struct Dice(StdRng);

impl Dice {
    fn guess(&mut self) -> Text {
        let hash: String = (0..4).map(|_| format!("{:016x}", self.0.random::<u64>())).collect();
        Text::Guess(hash)
    }

    fn prose(&mut self) -> Text {
        Text::Prose(format!("is this the right number? {:08x}", self.0.random::<u32>()))
    }

    /// The right text, however the keyboard made it.
    fn right(&mut self, slot: usize) -> Text {
        if self.0.random_bool(0.3) { Text::HashSigned { slot } } else { Text::Hash { slot } }
    }

    /// An SMS of that person with that text, stamped as phones do.
    fn sends(&mut self, who: usize, text: Text) -> Step {
        let stamp = if self.0.random_bool(0.15) { Stamp::Missing } else { Stamp::Now };
        self.stamped(Sender::Person(who), text, stamp)
    }

    fn stamped(&mut self, from: Sender, text: Text, stamp: Stamp) -> Step {
        Step::Send(Sms { from, text, stamp, line: self.0.random_bool(0.5) })
    }

    fn wrong(&mut self, who: usize) -> Step {
        let text = if self.0.random_bool(0.7) { self.guess() } else { self.prose() };
        self.sends(who, text)
    }

    fn sometimes(&mut self, step: Step, steps: &mut Vec<Step>) {
        if self.0.random_bool(0.5) {
            steps.push(step);
        }
    }
}

const FIRST: Step = Step::Register { who: 0, device: 0, slot: 0 };

fn right_now(dice: &mut Dice, who: usize, slot: usize) -> Step {
    let text = dice.right(slot);
    dice.sends(who, text)
}

fn plain(dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![FIRST];
    dice.sometimes(FIRST, &mut steps);
    steps.push(right_now(dice, 0, 0));
    dice.sometimes(Step::Again { sms: 0 }, &mut steps);
    steps
}

fn guess_first(dice: &mut Dice) -> Vec<Step> {
    vec![FIRST, dice.wrong(0), dice.wrong(0), right_now(dice, 0, 0)]
}

fn repeated(dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![FIRST, dice.wrong(0), Step::Again { sms: 0 }, right_now(dice, 0, 0)];
    steps.push(Step::Again { sms: 1 });
    // Another SMS with the text that validated: a duplicate, not a redelivery.
    steps.push(dice.stamped(Sender::Person(0), Text::Hash { slot: 0 }, Stamp::Now));
    steps.push(Step::Again { sms: 1 });
    dice.sometimes(Step::Again { sms: 2 }, &mut steps);
    steps.push(FIRST);
    steps
}

fn changed_device(dice: &mut Dice) -> Vec<Step> {
    let other = Step::Register { who: 0, device: 1, slot: 1 };
    vec![FIRST, other, right_now(dice, 0, 0), right_now(dice, 0, 1), Step::Again { sms: 0 }]
}

fn side_by_side(dice: &mut Dice) -> Vec<Step> {
    let others = (1..4).map(|n| Step::Register { who: 0, device: n, slot: n });
    let mut steps: Vec<Step> = std::iter::once(FIRST).chain(others).collect();
    steps.extend([right_now(dice, 0, 2), dice.wrong(0), right_now(dice, 0, 0)]);
    steps.extend([Step::Cancel { slot: 1 }, right_now(dice, 0, 3)]);
    steps
}

fn second_device(dice: &mut Dice) -> Vec<Step> {
    let other = Step::Register { who: 0, device: 1, slot: 1 };
    let old = dice.stamped(Sender::Person(0), Text::Hash { slot: 0 }, Stamp::Now);
    vec![FIRST, right_now(dice, 0, 0), other.clone(), old, right_now(dice, 0, 1), other, FIRST]
}

fn swapped(dice: &mut Dice) -> Vec<Step> {
    let second = Step::Register { who: 1, device: 0, slot: 1 };
    let mut steps = vec![FIRST, second, right_now(dice, 1, 0), right_now(dice, 0, 1)];
    steps.push(right_now(dice, 0, 0));
    steps.push(right_now(dice, 1, 1));
    steps
}

fn flood(dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![FIRST];
    steps.extend((0..5).map(|_| dice.wrong(0)));
    steps.push(Step::Again { sms: 2 });
    // Too many, though right.
    steps.push(right_now(dice, 0, 0));
    steps.extend((0..4).map(|_| dice.wrong(0)));
    steps.push(dice.stamped(Sender::Person(0), Text::Hash { slot: 0 }, Stamp::Now));
    steps.push(dice.wrong(0));
    steps.push(FIRST);
    steps
}

fn strangers(dice: &mut Dice) -> Vec<Step> {
    let (foreign, name) = (dice.guess(), dice.prose());
    vec![
        dice.wrong(0),
        dice.stamped(Sender::Foreigner, foreign, Stamp::Now),
        dice.stamped(Sender::Name, name, Stamp::Now),
        Step::Again { sms: 2 },
    ]
}

fn cancelled(dice: &mut Dice) -> Vec<Step> {
    let anew = Step::Register { who: 0, device: 0, slot: 1 };
    vec![FIRST, Step::Cancel { slot: 0 }, right_now(dice, 0, 0), anew, right_now(dice, 0, 1)]
}

fn wrong_stamps(dice: &mut Dice) -> Vec<Step> {
    let hash = Text::Hash { slot: 0 };
    vec![
        FIRST,
        dice.stamped(Sender::Person(0), hash.clone(), Stamp::TooEarly),
        dice.stamped(Sender::Person(0), hash, Stamp::InFuture),
        right_now(dice, 0, 0),
    ]
}

fn blocked(dice: &mut Dice) -> Vec<Step> {
    let other = Step::Register { who: 0, device: 1, slot: 1 };
    vec![FIRST, dice.wrong(0), Step::Block { who: 0 }, right_now(dice, 0, 0), other]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_has_the_same_world() {
        for index in 0..200 {
            assert_eq!(World::new(7).journey(index), World::new(7).journey(index));
        }
        let differing = (0..200).filter(|&i| World::new(7).journey(i) != World::new(8).journey(i)).count();
        assert!(differing > 150, "{differing}");
    }

    #[test]
    fn every_plot_comes() {
        let titles: std::collections::HashSet<_> =
            (0..500).map(|index| World::new(1).journey(index).title).collect();
        assert_eq!(titles.len(), PLOTS.len());
    }

    #[test]
    fn a_delivery_again_names_an_earlier_sms_and_a_hash_one_that_was_given() {
        for index in 0..500 {
            let journey = World::new(3).journey(index);
            let (mut sent, mut slots) = (0, Vec::new());
            for step in &journey.steps {
                match step {
                    Step::Register { slot, .. } => slots.push(*slot),
                    Step::Cancel { slot } => assert!(slots.contains(slot)),
                    Step::Again { sms } => assert!(*sms < sent, "{journey:?}"),
                    Step::Send(sms) => {
                        sent += 1;
                        if let Text::Hash { slot } | Text::HashSigned { slot } = &sms.text {
                            assert!(slots.contains(slot), "{journey:?}");
                        }
                    }
                    Step::Block { .. } => {}
                }
            }
        }
    }
}
