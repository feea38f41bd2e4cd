//! What follows the checks and no toggle removes (D7): whatever is switched off, an SMS validates only an
//! onboarding of its own sender that can still be validated, and never a pair twice.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::{NO_ONBOARDING, Reason, SENDERS};
use crate::judged_record::{JudgedRecord, MatchedOnboarding};
use crate::message::Found;
use crate::onboarding::{Onboarding, State};
use crate::settings::Settings;
use crate::time::Span;
use crate::verdict::FailedAt;

pub(crate) const MATCH: Check = Check {
    name: "onboarding_match",
    about: "The number has an onboarding that can still be validated",
    failed: "no open registration",
    to_sender: ToSender::NotMatched,
    may_be_waived: false,
    run,
    reasons: &[
        NO_ONBOARDING,
        ALREADY_VALIDATED,
        CANCELLED,
        SUPERSEDED,
        AMBIGUOUS,
        SENDERS[0],
        SENDERS[1],
        SENDERS[2],
        SENDERS[3],
        SENDERS[4],
        SENDERS[5],
        SENDERS[6],
    ],
    off: None,
    rule: |_| "The sender must have an onboarding that is pending or expired.".to_owned(),
    fact: |record, _| match record.matched {
        MatchedOnboarding::None => "The sender had no onboarding.".to_owned(),
        MatchedOnboarding::NotKept(id) => format!("The onboarding {id} is not kept any more."),
        MatchedOnboarding::Kept(onboarding) => match record.states(onboarding)[..] {
            [State::Pending] => "The onboarding of the sender could be validated.".to_owned(),
            [state] => format!("The onboarding of the sender was {}.", state.as_str()),
            _ => format!(
                "The onboarding of the sender is {} now; how it stood then is not known.",
                onboarding.state.as_str()
            ),
        },
    },
};

const ALREADY_VALIDATED: Reason = Reason {
    word: "already_validated",
    remedy: |_, _| "Nothing was missing: the onboarding was validated by an earlier SMS.".to_owned(),
};

const CANCELLED: Reason = Reason {
    word: "onboarding_cancelled",
    remedy: |_, _| {
        "The onboarding was cancelled: the number must be registered again, and the SMS carry the new hash."
            .to_owned()
    },
};

const SUPERSEDED: Reason = Reason {
    word: "onboarding_superseded",
    remedy: |_, _| {
        "A newer registration of the same person took its place, or too many were open: the SMS must carry the hash of one that is open.".to_owned()
    },
};

/// Its text names none of them: only header_hash_check off lets it come so far (D51).
const AMBIGUOUS: Reason = Reason {
    word: "ambiguous",
    remedy: |_, _| {
        "Several registrations of the number were open, and the text did not say which one was meant: it must carry the \
         hash of one of them."
            .to_owned()
    },
};

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    facts.mobile().map_err(Reason::of_sender)?;
    let onboarding = facts.sender.onboarding.as_ref().ok_or(NO_ONBOARDING)?;
    if let Some(closed) = closed(onboarding.state) {
        return Err(closed);
    }
    let is_named = facts.found.holds(&onboarding.hash, onboarding.asked.short);
    let another_was_open =
        || facts.sender.others.iter().any(|other| facts.was_open(&other.onboarding, settings));
    if !is_named && another_was_open() { Err(AMBIGUOUS) } else { Ok(()) }
}

/// Why an onboarding in that state cannot be validated any more.
fn closed(state: State) -> Option<Reason> {
    match state {
        State::Pending | State::Expired => None,
        State::Validated => Some(ALREADY_VALIDATED),
        State::Cancelled => Some(CANCELLED),
        State::Superseded => Some(SUPERSEDED),
    }
}

/// The state that a failure at the match for that reason tells.
fn state_told(reason: &str) -> Option<State> {
    [State::Validated, State::Cancelled, State::Superseded]
        .into_iter()
        .find(|state| closed(*state).is_some_and(|known| known.word == reason))
}

/// The clocks of two bridges of a group may differ by this: what happened nearer together happened in an order
/// that their times do not tell.
const CLOCKS_APART: Span = Span(1_000);

impl JudgedRecord<'_> {
    /// Was another onboarding of its sender open, whose text has these hashes? As far as the match tells.
    #[must_use]
    pub fn another_was_open(&self, found: &Found) -> Option<bool> {
        if self.is_ambiguous() {
            return Some(true);
        }
        let is_named =
            self.onboarding().is_some_and(|onboarding| found.holds(&onboarding.hash, onboarding.asked.short));
        // The match asks only where the text names none of them.
        (self.verdict.passed() && !is_named).then_some(false)
    }

    fn is_ambiguous(&self) -> bool {
        self.verdict.failed_at == Some(FailedAt::OnboardingMatch)
            && self.verdict.reason.as_deref() == Some(AMBIGUOUS.word)
    }

    /// In which states the onboarding may have been: one where it is known. Pending stands for expired too, which
    /// no check tells apart.
    #[must_use]
    pub fn states(&self, onboarding: &Onboarding) -> Vec<State> {
        if self.verdict.passed() || self.is_ambiguous() {
            return vec![State::Pending];
        }
        if self.verdict.failed_at == Some(FailedAt::OnboardingMatch)
            && let Some(state) = self.verdict.reason.as_deref().and_then(state_told)
        {
            return vec![state];
        }
        match onboarding.state {
            // What is not final now was not final then.
            State::Pending | State::Expired => vec![State::Pending],
            State::Validated => match onboarding.validated_at {
                // Validating a number notes its pair in the same step.
                _ if self.pair_validated() == Some(false) => vec![State::Pending],
                Some(at) if at + CLOCKS_APART < self.judged_at => vec![State::Validated],
                Some(at) if self.judged_at + CLOCKS_APART < at => vec![State::Pending],
                _ => vec![State::Pending, State::Validated],
            },
            State::Cancelled => vec![State::Pending, State::Cancelled],
            // The hot store shows no superseded one as the newest, unless it was brought back from the archive.
            State::Superseded if self.judged_at <= onboarding.expires_at => vec![State::Pending],
            State::Superseded => vec![State::Pending, State::Superseded],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{DEADLINE, HASH, Sample};
    use crate::message::find_hashes;
    use crate::time::Timestamp;
    use crate::verdict::Verdict;

    /// Looks back at the sample with what became of its onboarding since.
    fn look_back<T>(
        verdict: &Verdict,
        judged_at: Timestamp,
        kept: impl Fn(Onboarding) -> Onboarding,
        look: impl FnOnce(&JudgedRecord<'_>, &Onboarding) -> T,
    ) -> T {
        Sample::default().with_facts(|facts| {
            let kept = kept(facts.sender.onboarding.clone().unwrap());
            let record = JudgedRecord {
                sms: facts.sms,
                verdict,
                judged_at,
                sms_in_window: 1,
                matched: MatchedOnboarding::Kept(&kept),
            };
            look(&record, &kept)
        })
    }

    fn a_check() -> FailedAt {
        FailedAt::Check(crate::CheckId::all().next().unwrap())
    }

    fn unnamed() -> Found {
        find_hashes("hello", &["ONBOARD".to_owned()])
    }

    /// What can still be validated passes, and each state that is final has its own reason.
    #[test]
    fn what_is_final_is_validated_no_more() {
        let reason = |state| {
            let sample = Sample { state, ..Sample::default() };
            sample.with_facts(|facts| run(facts, &sample.settings).err().map(|reason| reason.word))
        };
        assert_eq!(reason(Some(State::Pending)), None);
        assert_eq!(reason(Some(State::Expired)), None);
        assert_eq!(reason(None), Some("no_onboarding"));
        for (state, word) in [
            (State::Validated, "already_validated"),
            (State::Cancelled, "onboarding_cancelled"),
            (State::Superseded, "onboarding_superseded"),
        ] {
            assert_eq!(reason(Some(state)), Some(word));
            assert_eq!(state_told(word), Some(state));
            assert_eq!(closed(state).map(|reason| reason.word), Some(word));
        }
        assert!(state_told("no_onboarding").is_none() && closed(State::Pending).is_none());
    }

    /// D51: a text that names none of several is nobody's; one that names its own is.
    #[test]
    fn of_several_open_ones_the_text_must_name_one() {
        let judge = |text: &str, another_open| {
            let sample = Sample { text: text.to_owned(), another_open, ..Sample::default() };
            sample.with_facts(|facts| run(facts, &sample.settings).err().map(|reason| reason.word))
        };
        assert_eq!(judge("hello", false), None, "there is only one that it may mean");
        assert_eq!(judge("hello", true), Some("ambiguous"));
        assert_eq!(judge(&format!("ONBOARD:{HASH}"), true), None);
        // The other one was over when it came.
        let late = DEADLINE + Span(60_001);
        let after = Sample {
            text: "hello".into(),
            another_open: true,
            received: late,
            arrived: late,
            ..Sample::default()
        };
        assert_eq!(
            after.with_facts(|facts| run(facts, &after.settings).err().map(|reason| reason.word)),
            None
        );
    }

    #[test]
    fn a_stored_verdict_tells_whether_another_was_open() {
        let ambiguous = Verdict::failed_match("ambiguous");
        let passed = Verdict { failed_at: None, reason: None, ..ambiguous.clone() };
        let elsewhere = Verdict { failed_at: Some(a_check()), ..ambiguous.clone() };
        let named = find_hashes(&format!("ONBOARD:{HASH}"), &["ONBOARD".to_owned()]);
        for (verdict, found, told) in [
            (&ambiguous, &unnamed(), Some(true)),
            (&ambiguous, &named, Some(true)),
            (&passed, &unnamed(), Some(false)),
            (&passed, &named, None),
            (&Verdict::failed_match("no_onboarding"), &unnamed(), None),
            (&elsewhere, &unnamed(), None),
        ] {
            let another = look_back(verdict, DEADLINE, |o| o, |record, _| record.another_was_open(found));
            assert_eq!(another, told, "{verdict:?} {found:?}");
        }
    }

    /// In which states it may have been, of what is kept: never a guess, and never a state that it cannot have been in.
    #[test]
    fn how_it_stood_is_told_or_left_open() {
        let judged = DEADLINE;
        let second = Span(1_000);
        let nothing = Verdict::not_judged("no_header");
        let not_before = Verdict::failed_match("no_onboarding");
        let passed = Verdict { failed_at: None, reason: None, ..not_before.clone() };
        let cancelled = Verdict::failed_match("onboarding_cancelled");
        let by_a_check = Verdict { failed_at: Some(a_check()), ..cancelled.clone() };
        let with = |state, validated_at| move |o| Onboarding { state, validated_at, ..o };
        let states = |verdict: &Verdict, judged_at, state, validated_at| {
            look_back(verdict, judged_at, with(state, validated_at), |record, kept| {
                assert_eq!(record.judged_at, judged_at);
                record.states(kept)
            })
        };
        use State::{Cancelled, Expired, Pending, Superseded, Validated};
        assert_eq!(states(&passed, judged, Validated, Some(judged)), [Pending]);
        assert_eq!(states(&Verdict::failed_match("ambiguous"), judged, Cancelled, None), [Pending]);
        assert_eq!(states(&cancelled, judged, Cancelled, None), [Cancelled]);
        // Only the match tells a state: another check may use the same word for something else.
        let elsewhere = Verdict { codes: nothing.codes, ..by_a_check };
        assert_eq!(states(&elsewhere, judged, Cancelled, None), [Pending, Cancelled]);
        assert_eq!(states(&nothing, judged, Pending, None), [Pending]);
        assert_eq!(states(&nothing, judged, Expired, None), [Pending]);
        assert_eq!(states(&nothing, judged, Cancelled, None), [Pending, Cancelled]);
        // Its pair was not among the validated ones when duplicate_check looked.
        assert_eq!(states(&not_before, judged, Validated, Some(judged - second - second)), [Pending]);
        for (at, expected) in [
            (Some(judged - second - Span(1)), vec![Validated]),
            (Some(judged - second), vec![Pending, Validated]),
            (Some(judged + second), vec![Pending, Validated]),
            (Some(judged + second + Span(1)), vec![Pending]),
            (None, vec![Pending, Validated]),
        ] {
            assert_eq!(states(&nothing, judged, Validated, at), expected, "{at:?}");
        }
        // While it is in the hot store, the newest is never a superseded one.
        let expires = look_back(&nothing, judged, |o| o, |_, kept| kept.expires_at);
        assert_eq!(states(&nothing, expires, Superseded, None), [Pending]);
        assert_eq!(states(&nothing, expires + Span(1), Superseded, None), [Pending, Superseded]);
    }

    #[test]
    fn the_trace_says_how_the_onboarding_stood() {
        let fact = |verdict: &Verdict, state| {
            let settings = Settings::default();
            look_back(
                verdict,
                DEADLINE,
                |o| Onboarding { state, ..o },
                |record, _| MATCH.fact(record, &settings),
            )
        };
        let nothing = Verdict::not_judged("no_header");
        assert_eq!(fact(&nothing, State::Pending), "The onboarding of the sender could be validated.");
        assert_eq!(
            fact(&Verdict::failed_match("onboarding_cancelled"), State::Cancelled),
            "The onboarding of the sender was cancelled."
        );
        assert_eq!(
            fact(&nothing, State::Cancelled),
            "The onboarding of the sender is cancelled now; how it stood then is not known."
        );
    }
}
