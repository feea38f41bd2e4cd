//! What holds for every SMS and every setting of the checks.

use proptest::prelude::*;

use super::samples::{DEADLINE, HASH, REQUESTED, Sample};
use super::{CHECKS, CheckId, failed_in_words};
use crate::onboarding::State;
use crate::phone::{Mobile, PhoneError};
use crate::settings::{LatePolicy, Settings};
use crate::time::{Span, Timestamp};
use crate::verdict::{Code, FailedAt};

#[test]
fn what_failed_is_told_in_words_of_its_own() {
    let all = CheckId::all().map(FailedAt::Check).chain([FailedAt::OnboardingMatch]);
    let mut words: Vec<&str> = all.map(failed_in_words).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count, "{words:?}");
}

pub(crate) fn samples() -> impl Strategy<Value = Sample> {
    let sender = prop_oneof![
        4 => Just(Ok(Mobile::from_e164("+919876543210").unwrap())),
        1 => Just(Ok(Mobile::from_e164("+447911123456").unwrap())),
        1 => Just(Err(PhoneError::Alphanumeric)),
    ];
    let text = prop_oneof![4 => Just(format!("ONBOARD:{HASH}")), 1 => ".*", 1 => Just(format!("ONBOARD:{}", "0".repeat(64)))];
    let state = prop_oneof![
        4 => Just(Some(State::Pending)),
        1 => prop::sample::select(vec![None, Some(State::Expired), Some(State::Validated), Some(State::Cancelled), Some(State::Superseded)]),
    ];
    let around = REQUESTED.0 - 200_000..DEADLINE.0 + 200_000;
    let open = (state, any::<bool>());
    let times = (around.clone(), around.clone(), around, prop::bool::weighted(0.8));
    (sender, text, times, open, any::<bool>(), 0i64..12, any::<bool>(), settings()).prop_map(
        |(
            sender,
            text,
            (received, judged, arrived, stamped),
            (state, another_open),
            pair_validated,
            sms_in_window,
            blacklisted,
            settings,
        )| Sample {
            sender,
            text,
            received: Timestamp(if stamped { received } else { arrived.min(judged) }),
            stamped,
            arrived: Timestamp(arrived.min(judged)),
            judged: Timestamp(judged),
            state,
            pair_validated,
            another_open,
            sms_in_window,
            blacklisted,
            settings,
        },
    )
}

pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    (any::<[bool; 7]>(), Just(CheckId::all().collect::<Vec<_>>()).prop_shuffle(), any::<bool>()).prop_map(
        |(checks_enabled, check_sequence, strict)| Settings {
            checks_enabled,
            check_sequence,
            late_delivery_policy: if strict { LatePolicy::Reject } else { LatePolicy::Accept },
            ..Settings::default()
        },
    )
}

proptest! {
    #[test]
    fn a_disabled_check_never_decides(sample in samples()) {
        let verdict = sample.verdict();
        for id in CheckId::all() {
            prop_assert_eq!(verdict.codes.of(id) == Code::Disabled, !sample.settings.is_enabled(id));
        }
    }

    #[test]
    fn early_exit_marks_exactly_what_comes_after_the_first_failure(sample in samples()) {
        let verdict = sample.verdict();
        let codes: Vec<Code> = sample.settings.check_sequence.iter().map(|id| verdict.codes.of(*id)).filter(|c| *c != Code::Disabled).collect();
        let failed = codes.iter().position(|c| *c == Code::Fail).unwrap_or(codes.len());
        prop_assert!(codes[..failed].iter().all(|c| *c == Code::Pass));
        prop_assert!(codes.iter().skip(failed + 1).all(|c| *c == Code::NotApplicable));
    }

    #[test]
    fn more_sms_never_turn_fail_into_pass(sample in samples(), more in 0i64..20) {
        let flooded = Sample { sms_in_window: sample.sms_in_window + more, ..sample.clone() };
        prop_assert!(sample.verdict().passed() || !flooded.verdict().passed());
    }

    #[test]
    fn blacklisting_never_turns_fail_into_pass(sample in samples()) {
        let blacklisted = Sample { blacklisted: true, ..sample.clone() };
        prop_assert!(sample.verdict().passed() || !blacklisted.verdict().passed());
    }

    #[test]
    fn nobody_passes_without_an_open_onboarding_of_their_own(sample in samples()) {
        if sample.verdict().passed() {
            prop_assert!(sample.sender.is_ok());
            prop_assert!(sample.state.is_some_and(State::can_be_validated));
        }
    }

    #[test]
    fn beside_another_open_one_nobody_passes_whose_text_names_none(sample in samples()) {
        let another = Sample { another_open: true, ..sample.clone() };
        if another.verdict().passed() && another.received <= DEADLINE && another.received >= REQUESTED {
            prop_assert!(another.text.contains(HASH));
        }
        prop_assert!(sample.verdict().passed() || !another.verdict().passed());
    }

    #[test]
    fn the_order_never_changes_whether_it_passes(sample in samples()) {
        let in_order = Settings { check_sequence: CheckId::all().collect(), ..sample.settings.clone() };
        prop_assert_eq!(sample.verdict().passed(), Sample { settings: in_order, ..sample }.verdict().passed());
    }
}

/// Passes exactly when each check passes alone or is off, and the match holds.
#[test]
fn agrees_with_a_one_line_oracle_over_every_mask() {
    let broken: [fn(Sample) -> Sample; 7] = [
        |s| Sample { sender: Err(PhoneError::TooShort), ..s },
        |s| Sample { pair_validated: true, ..s },
        |s| Sample { text: "hello".into(), ..s },
        |s| Sample { sms_in_window: 6, ..s },
        |s| Sample { sender: Ok(Mobile::from_e164("+447911123456").unwrap()), ..s },
        |s| Sample { blacklisted: true, ..s },
        |s| Sample {
            received: DEADLINE + Span(60_001),
            arrived: DEADLINE + Span(60_001),
            judged: DEADLINE + Span(60_001),
            ..s
        },
    ];
    for mask in 0u32..1 << CHECKS.len() {
        let checks_enabled = std::array::from_fn(|bit| mask & (1 << bit) != 0);
        let settings = Settings { checks_enabled, ..Settings::default() };
        assert!(Sample { settings: settings.clone(), ..Sample::default() }.verdict().passed());
        for (index, break_it) in broken.iter().enumerate() {
            let verdict = break_it(Sample { settings: settings.clone(), ..Sample::default() }).verdict();
            // Without mobile_check an unreadable sender still fails: in foreign_number_check or at the match.
            let expected = if index == 0 { false } else { !checks_enabled[index] };
            assert_eq!(verdict.passed(), expected, "check {index}, mask {mask:07b}");
        }
    }
}

/// Each file says itself what it is, and the list says it once more: they must not differ.
#[test]
fn every_check_has_the_name_of_its_place() {
    for (check, id) in CHECKS.iter().zip(CheckId::all()) {
        assert_eq!((check.name, id.toggle()), (id.name(), format!("{}_enabled", check.name).as_str()));
    }
}
