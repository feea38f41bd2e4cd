//! Judging again never says anything else than judging did, and never guesses; every failure has its explanation.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::checks::CHECKS;
use crate::checks::properties::{samples, settings};
use crate::checks::samples::{DEADLINE, HASH, REQUESTED, Sample};
use crate::onboarding::State;
use crate::settings::LatePolicy;
use crate::time::{Span, Timestamp};
use crate::trace::trace;
use crate::verdict::Code;

/// What became of an onboarding after the SMS was judged against it, as it is kept now.
#[derive(Clone, Copy, Debug)]
struct Since {
    state: State,
    after: Span,
}

fn since() -> impl Strategy<Value = Since> {
    let states = [State::Pending, State::Validated, State::Expired, State::Cancelled, State::Superseded];
    (prop::sample::select(states.to_vec()), 0i64..100_000)
        .prop_map(|(state, after)| Since { state, after: Span(after) })
}

/// The onboarding as it is kept now, given how it was: nothing that is final changes.
fn kept(then: &Onboarding, verdict: &Verdict, judged_at: Timestamp, since: Since) -> Onboarding {
    let validated = |at| Onboarding { state: State::Validated, validated_at: Some(at), ..then.clone() };
    match then.state {
        _ if verdict.passed() => validated(judged_at),
        State::Validated => validated(judged_at - since.after),
        State::Cancelled | State::Superseded => then.clone(),
        State::Pending | State::Expired => match since.state {
            State::Validated => validated(judged_at + since.after),
            state => Onboarding { state, ..then.clone() },
        },
    }
}

/// Judges the sample, and looks back at it from later.
fn look_back<T>(sample: &Sample, since: Since, look: impl FnOnce(&JudgedRecord<'_>, &SenderFacts) -> T) -> T {
    sample.with_facts(|facts| {
        let verdict = evaluate(facts, &sample.settings);
        let kept = facts.sender.onboarding.as_ref().map(|then| kept(then, &verdict, facts.now, since));
        let record = JudgedRecord {
            sms: facts.sms,
            verdict: &verdict,
            judged_at: facts.now,
            sms_in_window: facts.sender.sms_in_window,
            matched: kept.as_ref().map_or(MatchedOnboarding::None, MatchedOnboarding::Kept),
        };
        look(&record, facts.sender)
    })
}

/// What a hot store may say: a validated onboarding has its pair among the validated ones, because both are noted in
/// one step, and a superseded one is never the newest of its number while it is kept there.
fn consistent() -> impl Strategy<Value = Sample> {
    samples().prop_map(|sample| Sample {
        pair_validated: sample.pair_validated || sample.state == Some(State::Validated),
        state: sample.state.map(|state| if state == State::Superseded { State::Expired } else { state }),
        ..sample
    })
}

proptest! {
    #[test]
    fn by_the_same_settings_the_verdict_is_the_stored_one(sample in consistent(), since in since()) {
        let again = look_back(&sample, since, |record, _| record.rejudge(&sample.settings));
        prop_assert_eq!(again, Rejudged::Verdict(sample.verdict()));
    }

    #[test]
    fn by_other_settings_it_is_what_it_would_have_been_or_unknown(
        sample in consistent(), since in since(), other in settings()
    ) {
        let truth = Sample { settings: other.clone(), ..sample.clone() }.verdict();
        match look_back(&sample, since, |record, _| record.rejudge(&other)) {
            Rejudged::Verdict(verdict) => prop_assert_eq!(verdict, truth),
            Rejudged::Unknown(facts) => prop_assert!(!facts.is_empty()),
        }
    }

    #[test]
    fn a_trace_tells_what_is_stored_and_explains_every_failure(
        sample in samples(), since in since(), gone in any::<bool>()
    ) {
        let (steps, verdict) = look_back(&sample, since, |record, known| {
            let id = known.onboarding.as_ref().filter(|_| gone).map(|o| o.id);
            let record = JudgedRecord { matched: id.map_or(record.matched, MatchedOnboarding::NotKept), ..*record };
            (trace(&record, &sample.settings), record.verdict.clone())
        });
        prop_assert_eq!(steps.len(), CHECKS.len() + 1);
        for step in &steps {
            let fails = verdict.failed_at.is_some_and(|at| at.as_str() == step.check);
            prop_assert_eq!(step.result == Code::Fail, fails);
            prop_assert_eq!(step.remedy.is_some(), fails);
            prop_assert_eq!(step.reason.as_deref(), verdict.reason.as_deref().filter(|_| fails));
            for sentence in [Some(&step.rule), Some(&step.fact), step.remedy.as_ref()].into_iter().flatten() {
                prop_assert!(sentence.ends_with('.'), "{}", sentence);
                prop_assert!(!sentence.contains("another version"), "{} has no explanation", step.check);
                prop_assert!(!sentence.contains("1970"), "{} has a time that nobody knows", step.check);
            }
        }
    }
}

const NEVER: Since = Since { state: State::Pending, after: Span(0) };

#[test]
fn what_no_check_looked_at_is_unknown() {
    let sample = Sample { text: "hello".into(), ..Sample::default() };
    let mut lax = Settings::default();
    for check in ["header_hash_check", "blacklist_check"] {
        lax.checks_enabled[crate::checks::CheckId::from_name(check).unwrap().index()] = false;
    }
    let again = look_back(&sample, NEVER, |record, _| record.rejudge(&lax));
    assert_eq!(again, Rejudged::Unknown(vec![Fact::Others]), "the match had not run");
    lax.checks_enabled = [true, true, false, true, true, true, true];
    let again = look_back(&sample, NEVER, |record, _| record.rejudge(&lax));
    assert_eq!(
        again,
        Rejudged::Unknown(vec![Fact::Blacklisted, Fact::Others]),
        "blacklist_check had not run"
    );
    let cancelled = Since { state: State::Cancelled, ..NEVER };
    let again = look_back(&sample, cancelled, |record, _| record.rejudge(&lax));
    assert_eq!(again, Rejudged::Unknown(vec![Fact::Blacklisted, Fact::State, Fact::Others]));
}

/// Another registration may have been made before the SMS was sent, or have had a later deadline than this one.
#[test]
fn another_one_may_have_been_open_whenever_the_sms_came() {
    let mut lax = Settings::default();
    for check in ["header_hash_check", "time_window_check"] {
        lax.checks_enabled[crate::checks::CheckId::from_name(check).unwrap().index()] = false;
    }
    let late = DEADLINE + Span(200_000);
    for (received, arrived) in [(REQUESTED - Span(200_000), REQUESTED + Span(5_000)), (late, late)] {
        let sample = Sample { text: "hello".into(), received, arrived, judged: arrived, ..Sample::default() };
        let again = look_back(&sample, NEVER, |record, _| record.rejudge(&lax));
        let Rejudged::Unknown(facts) = again else { panic!("{again:?}") };
        assert!(facts.contains(&Fact::Others), "{facts:?}");
    }
}

#[test]
fn each_fact_is_told_in_its_own_words() {
    let facts = [Fact::PairValidated, Fact::Blacklisted, Fact::State, Fact::Others, Fact::Onboarding];
    for (fact, word) in facts.into_iter().zip(["device", "blacklisted", "stood", "another", "kept"]) {
        assert!(fact.about().contains(word), "{}", fact.about());
    }
}

#[test]
fn what_is_not_kept_any_more_is_unknown() {
    let again = look_back(&Sample::default(), NEVER, |record, _| {
        JudgedRecord { matched: MatchedOnboarding::NotKept(Uuid::nil()), ..*record }
            .rejudge(&Settings::default())
    });
    assert_eq!(again, Rejudged::Unknown(vec![Fact::Onboarding]));
}

#[test]
fn failures_are_explained_in_plain_sentences() {
    let remedy = |sample: Sample| {
        look_back(&sample, NEVER, |record, _| {
            trace(record, &sample.settings).into_iter().find_map(|step| step.remedy).unwrap_or_default()
        })
    };
    let late = DEADLINE + Span(60_000 + 252_000);
    for (sample, sentence) in [
        (
            Sample { sms_in_window: 7, ..Sample::default() },
            "At most 5 SMS of one number pass in 24 hours, and this was number 7: an SMS sent a day after the first of \
             them would have passed.",
        ),
        (
            Sample { text: format!("ONBOARD:{}", HASH.replace('a', "b")), ..Sample::default() },
            "The text must be exactly ONBOARD: and the 64 characters the app shows; this text has another hash.",
        ),
        (
            Sample { received: late, arrived: late, judged: late, ..Sample::default() },
            "It came 4 min 12 s after the deadline of 2026-01-31T12:05:00Z and the 1 min tolerance: it must be sent \
             before, or the number registered again.",
        ),
        (
            Sample { sender: Ok(crate::Mobile::from_e164("+447911123456").unwrap()), ..Sample::default() },
            "The SMS must come from a number with the calling code +91; this one has +44.",
        ),
        (
            Sample {
                received: DEADLINE + Span(241_000),
                arrived: DEADLINE + Span(61_000),
                judged: DEADLINE + Span(61_000),
                ..Sample::default()
            },
            "It reached the bridge after the deadline, and its stamp lies 3 min after that: the clock of the receiver must \
             be set right (up to 1 min are tolerated), or an operator may accept the SMS.",
        ),
        (
            Sample { received: REQUESTED - Span(150_000), arrived: late, judged: late, ..Sample::default() },
            "It was received 1 min 30 s before the registration at 2026-01-31T12:00:00Z and the 1 min tolerance: it must be \
             sent after registering.",
        ),
        (
            Sample { stamped: false, received: late, arrived: late, judged: late, ..Sample::default() },
            "It reached the bridge 4 min 12 s after 2026-01-31T12:06:00Z, and no stamp says when it was sent: the number \
             must be registered again, or an operator may accept the SMS.",
        ),
        (
            Sample {
                received: DEADLINE,
                arrived: late,
                judged: late,
                settings: Settings { late_delivery_policy: LatePolicy::Reject, ..Settings::default() },
                ..Sample::default()
            },
            "It was received in time, but reached the bridge 4 min 12 s after 2026-01-31T12:06:00Z: with \
             late_delivery_policy accept it would have passed.",
        ),
    ] {
        assert_eq!(remedy(sample), sentence);
    }
}

/// A verdict depends on a fact if another value of it alone gives another one.
#[test]
fn two_worlds_differ_in_one_fact_or_in_more() {
    let base = Sample { another_open: true, ..Sample::default() }.with_facts(|facts| facts.sender.clone());
    let expired = base.onboarding.clone().map(|o| Onboarding { state: State::Expired, ..o });
    let worlds = [
        (Fact::PairValidated, SenderFacts { pair_validated: true, ..base.clone() }),
        (Fact::Blacklisted, SenderFacts { blacklisted: true, ..base.clone() }),
        (Fact::State, SenderFacts { onboarding: expired, ..base.clone() }),
        (Fact::Others, SenderFacts { others: Vec::new(), ..base.clone() }),
    ];
    assert_eq!(DIFFERENCES.map(|(fact, _)| fact), worlds.each_ref().map(|(fact, _)| *fact));
    for (fact, differ) in DIFFERENCES {
        for (other, world) in &worlds {
            assert_eq!(differ(&base, world), fact == *other, "{fact:?} {other:?}");
        }
        assert!(!fact.about().is_empty());
    }
}
