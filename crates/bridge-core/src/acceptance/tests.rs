//! Which SMS an operator may accept, as a table. Not how it is recorded: that is `tests/it/acceptance.rs` of bridge-server.

use super::*;
use crate::check_id::CheckId;
use crate::checks::samples::{DEADLINE, REQUESTED, Sample};
use crate::checks::{Facts, evaluate};
use crate::sms::Part;
use crate::time::Span;
use crate::verdict::{Code, Codes};

/// Two hours late, without a stamp: nothing says when it was sent.
fn late() -> Sample {
    let arrived = DEADLINE + Span(7_200_000);
    Sample { received: arrived, arrived, judged: arrived, stamped: false, ..Sample::default() }
}

/// What the decision says of it as it stands in the row, and what it is once accepted.
fn tried(sample: &Sample) -> (Result<(), NotAcceptable>, Verdict) {
    sample.with_facts(|facts| {
        let verdict = evaluate(facts, &sample.settings);
        let sender = facts.sender.clone();
        let record = JudgedRecord {
            sms: facts.sms,
            verdict: &verdict,
            judged_at: facts.now,
            sms_in_window: 1,
            matched: sender.onboarding.as_ref().map_or(MatchedOnboarding::None, MatchedOnboarding::Kept),
        };
        let again = Facts { sms: facts.sms, found: facts.found, sender: facts.sender, now: facts.now };
        (acceptable(&record, &sample.settings), evaluate(&again, &sample.settings.accepting()).by_operator())
    })
}

#[test]
fn what_failed_by_its_time_alone_passes_without_that_check() {
    let (may, verdict) = tried(&late());
    assert_eq!(may, Ok(()));
    assert!(verdict.is_by_operator());
    let codes: Vec<u8> = CheckId::all().map(|check| verdict.codes.of(check).number()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 3).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 1).count(), CheckId::COUNT - 1);
    let failed: Vec<_> = CheckId::all().filter(|check| CHECKS[check.index()].may_be_waived).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(verdict.codes.of(failed[0]), Code::Disabled);
}

#[test]
fn nothing_else_is_for_an_operator_to_accept() {
    use NotAcceptable as No;
    let off = |name: &str| {
        let mut settings = Settings::default();
        settings.checks_enabled[CheckId::from_name(name).unwrap().index()] = false;
        settings
    };
    let at = |name: &str| FailedAt::Check(CheckId::from_name(name).unwrap());
    let arrived = REQUESTED + Span(20_000);
    let mut other_order = Settings::default().check_sequence;
    other_order.reverse();
    let first_by_time = Settings { check_sequence: other_order, ..Settings::default() };
    for (sample, expected) in [
        (Sample::default(), No::Passed),
        (
            Sample { text: "ONBOARD:".to_owned() + &"0".repeat(64), ..late() },
            No::FailedElsewhere(at("header_hash_check")),
        ),
        (
            Sample { blacklisted: true, arrived, judged: arrived, ..Sample::default() },
            No::FailedElsewhere(at("blacklist_check")),
        ),
        (Sample { state: None, ..late() }, No::FailedElsewhere(at("header_hash_check"))),
        (Sample { settings: off("header_hash_check"), ..late() }, No::HashNotAsked),
        (
            Sample {
                text: "ONBOARD:".to_owned() + &"0".repeat(64),
                settings: first_by_time.clone(),
                ..late()
            },
            No::HashMismatch,
        ),
        (Sample { state: Some(State::Cancelled), ..late() }, No::OnboardingFinal(State::Cancelled)),
        (Sample { state: Some(State::Superseded), ..late() }, No::OnboardingFinal(State::Superseded)),
        (Sample { state: Some(State::Validated), ..late() }, No::OnboardingFinal(State::Validated)),
    ] {
        assert_eq!(tried(&sample).0, Err(expected), "{sample:?}");
        assert!(!expected.to_string().is_empty());
    }
    // In whichever order the checks run: what did not run says nothing against it.
    assert_eq!(tried(&Sample { settings: first_by_time, ..late() }).0, Ok(()));
}

#[test]
fn accepting_asks_for_the_hash_whatever_the_settings_say() {
    let mut settings = Settings::default();
    settings.checks_enabled[CheckId::from_name("header_hash_check").unwrap().index()] = false;
    let text = "ONBOARD:".to_owned() + &"0".repeat(64);
    assert!(!tried(&Sample { text, settings, ..late() }).1.passed());
}

#[test]
fn an_accepted_sms_is_a_row_of_its_own_and_the_same_each_time() {
    late().with_facts(|facts| {
        let first = facts.sms.accepted();
        assert_eq!(first, facts.sms.accepted());
        assert_eq!(first.accepts(), Some(facts.sms.sms_id));
        assert_eq!(facts.sms.accepts(), None);
        assert_ne!(first.sms_id, facts.sms.sms_id);
        assert_ne!(first.identity().fingerprint, facts.sms.identity().fingerprint);
        assert_eq!(first.identity().delivery, None);
        assert!(facts.sms.is_counted() && !first.is_counted(), "it is one SMS");
        let part = Part { reference: "7".to_owned(), total: 2, number: 1 };
        let parted = InboundSms { part: Some(part), ..facts.sms.clone() };
        assert_eq!(parted.accepted().part, None, "it waits for no other part");
        let another = InboundSms { sms_id: Uuid::max(), ..facts.sms.clone() };
        assert_ne!(another.accepted().identity().fingerprint, first.identity().fingerprint);
    });
}

#[test]
fn only_what_passed_is_by_an_operator() {
    let verdict = Verdict { reason: None, ..Verdict::not_judged("x") };
    let passed = Verdict { codes: Codes([Code::Pass; CheckId::COUNT]), failed_at: None, ..verdict };
    assert!(passed.clone().by_operator().is_by_operator());
    let failed = Verdict { failed_at: Some(FailedAt::OnboardingMatch), ..passed };
    assert!(!failed.clone().by_operator().is_by_operator());
    let named = Verdict { reason: Some("ambiguous".into()), ..failed };
    assert_eq!(named.clone().by_operator(), named);
}
