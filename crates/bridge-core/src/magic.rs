//! The magic numbers of a sandbox (`serve --sandbox`): what becomes of whoever registers one, and when the bridge, which
//! plays the phone there, does its part. One table, which docs/integrate.md shows too. Not who plays it: that is
//! `bridge_app::sandbox`. In a bridge that is no sandbox nobody asks this file, and the numbers are ordinary.

use crate::onboarding::Onboarding;
use crate::phone::Mobile;
use crate::settings::Settings;
use crate::time::{Span, Timestamp};

/// A number that ends in one state by itself.
#[derive(Debug)]
pub struct Magic {
    /// In E.164.
    pub number: &'static str,
    /// The status that an app sees at the end, or the code of the refusal.
    pub ends: &'static str,
    /// What happens, for people.
    pub about: &'static str,
    /// What is done for it.
    pub part: Part,
}

/// What is done for a magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The SMS that was asked for, so long after the registration.
    Right(Span),
    /// An SMS with another text.
    Wrong,
    /// So many SMS with another text that no more count today, and then the right one.
    Flood,
    /// The right SMS, after its time is over.
    Late,
    /// Nothing: no SMS comes.
    Silence,
    /// Somebody stops it on their page.
    Cancel,
    /// It cannot register: the number is blocked.
    Blocked,
    /// It cannot register: the hour's registrations are used up.
    UsedUp,
    /// It cannot register: registration is paused for it.
    Paused,
}

/// Time to look at the page before anything happens.
const SOON: Span = Span(2_000);
/// Longer than a stream may be silent.
const SLOW: Span = Span(20_000);
/// Where the end is that time runs out, nobody waits five minutes for it.
const SHORT_TIMELIMIT_SECONDS: u32 = 15;
/// Behind the last moment that counts.
const TOO_LATE: Span = Span(1_000);

/// The number that people of a sandbox are told to text. No phone answers it.
pub const RECEIVER: &str = "+15005550100";
/// The calling code of every number here.
pub const CALLING_CODE: &str = "1";

/// All of them, by their last digit.
pub static MAGIC: [Magic; 10] = [
    Magic {
        number: "+15005550000",
        ends: "validated",
        about: "the right SMS comes after 2 seconds",
        part: Part::Right(SOON),
    },
    Magic {
        number: "+15005550001",
        ends: "failed",
        about: "an SMS with another text comes after 2 seconds: not matched; the time is over after 15 seconds",
        part: Part::Wrong,
    },
    Magic {
        number: "+15005550002",
        ends: "expired",
        about: "no SMS comes; the time is over after 15 seconds",
        part: Part::Silence,
    },
    Magic {
        number: "+15005550003",
        ends: "blacklisted",
        about: "403 at once: the number is blocked",
        part: Part::Blocked,
    },
    Magic {
        number: "+15005550004",
        ends: "failed",
        about: "too many SMS with another text come, then the right one counts no more; the time is over after 15 seconds",
        part: Part::Flood,
    },
    Magic {
        number: "+15005550005",
        ends: "onboarding_paused",
        about: "503 at once, with Retry-After: registration is paused",
        part: Part::Paused,
    },
    Magic {
        number: "+15005550006",
        ends: "failed",
        about: "the time is over after 15 seconds (expired); then the right SMS comes too late",
        part: Part::Late,
    },
    Magic {
        number: "+15005550007",
        ends: "cancelled",
        about: "the person stops it after 2 seconds",
        part: Part::Cancel,
    },
    Magic {
        number: "+15005550008",
        ends: "too_many_registrations",
        about: "429 at once, with Retry-After: the hour's registrations are used up",
        part: Part::UsedUp,
    },
    Magic {
        number: "+15005550009",
        ends: "validated",
        about: "the right SMS comes after 20 seconds",
        part: Part::Right(SLOW),
    },
];

/// The one of that number.
#[must_use]
pub fn of(mobile: &Mobile) -> Option<&'static Magic> {
    MAGIC.iter().find(|magic| magic.number == mobile.e164())
}

impl Magic {
    /// The settings by which it registers.
    #[must_use]
    pub fn settings(&self, settings: &Settings) -> Settings {
        let mut own = settings.clone();
        match self.part {
            Part::Wrong | Part::Silence | Part::Flood | Part::Late => {
                own.user_timelimit_seconds = own.user_timelimit_seconds.min(SHORT_TIMELIMIT_SECONDS);
            }
            Part::UsedUp => own.registrations_per_mobile_per_hour = 0,
            Part::Right(_) | Part::Cancel | Part::Blocked | Part::Paused => {}
        }
        own
    }

    /// When something is done for this onboarding. None: never.
    #[must_use]
    pub fn due(&self, onboarding: &Onboarding, settings: &Settings) -> Option<Timestamp> {
        let registered = onboarding.request_timestamp;
        match self.part {
            Part::Right(after) => Some(registered + after),
            Part::Wrong | Part::Flood | Part::Cancel => Some(registered + SOON),
            Part::Late => Some(onboarding.user_deadline + settings.tolerance() + TOO_LATE),
            Part::Silence | Part::Blocked | Part::UsedUp | Part::Paused => None,
        }
    }

    /// The texts that its phone sends, in their order.
    #[must_use]
    pub fn texts(&self, onboarding: &Onboarding, settings: &Settings) -> Vec<String> {
        let right = format!("{}:{}", settings.header(), onboarding.code());
        // Nobody was given that hash.
        let wrong = |n: i64| format!("{}:{n:064x}", settings.header());
        match self.part {
            Part::Right(_) | Part::Late => vec![right],
            Part::Wrong => vec![wrong(1)],
            Part::Flood => {
                (1..=i64::from(settings.count_check_threshold)).map(wrong).chain([right]).collect()
            }
            Part::Silence | Part::Cancel | Part::Blocked | Part::UsedUp | Part::Paused => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{DEADLINE, REQUESTED, Sample};
    use crate::phone::BareDigits;

    #[test]
    fn every_number_can_be_read_and_is_found() {
        for (n, magic) in MAGIC.iter().enumerate() {
            assert_eq!(magic.number, format!("+1500555000{n}"));
            let mobile = Mobile::parse(magic.number, "91", BareDigits::NationalFirst).unwrap();
            assert_eq!(mobile.calling_code(), CALLING_CODE);
            assert!(std::ptr::eq(of(&mobile).unwrap(), magic));
        }
        let other = Mobile::parse(RECEIVER, "91", BareDigits::NationalFirst).unwrap();
        assert!(of(&other).is_none());
    }

    /// What the description says of each, in time.
    #[test]
    fn each_plays_its_part_when_it_says() {
        let settings = Settings::default();
        Sample::default().with_facts(|facts| {
            let onboarding = facts.sender.onboarding.as_ref().unwrap();
            let due = |n: usize| MAGIC[n].due(onboarding, &settings);
            for n in [0, 1, 4, 7] {
                assert_eq!(due(n), Some(REQUESTED + Span(2_000)), "{n}");
            }
            assert_eq!(due(9), Some(REQUESTED + Span(20_000)));
            assert_eq!(due(6), Some(DEADLINE + settings.tolerance() + Span(1_000)), "too late");
            let right = format!("ONBOARD:{}", onboarding.code());
            let texts = |n: usize| MAGIC[n].texts(onboarding, &settings);
            assert!([0, 6, 9].into_iter().all(|n| texts(n) == [&*right]));
            assert!(texts(1).len() == 1 && texts(1)[0].starts_with("ONBOARD:") && texts(1)[0] != right);
            let flood = texts(4);
            assert_eq!((flood.len(), flood.last()), (6, Some(&right)), "five are allowed");
            assert!([2, 3, 5, 7, 8].into_iter().all(|n| texts(n).is_empty()));
            for n in [2, 3, 5, 8] {
                assert_eq!(due(n), None, "{n}");
            }
        });
    }

    #[test]
    fn nobody_waits_long_for_a_time_that_runs_out() {
        let usual = Settings::default();
        for magic in &MAGIC {
            let own = magic.settings(&usual);
            let is_short = matches!(magic.ends, "failed" | "expired");
            assert_eq!(own.user_timelimit_seconds == SHORT_TIMELIMIT_SECONDS, is_short, "{}", magic.number);
        }
    }
}
