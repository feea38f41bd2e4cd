//! Accepting an SMS by hand (decisions.md D48): which one an operator may, and as what it is judged then. Not who is
//! an operator, and not what a store does with it.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::checks::CHECKS;
use crate::judged_record::{JudgedRecord, MatchedOnboarding};
use crate::message::find_hashes;
use crate::onboarding::State;
use crate::settings::Settings;
use crate::sms::{ACCEPTED, InboundSms};
use crate::verdict::{FailedAt, Verdict};

/// `reason` of an SMS that passed because an operator accepted it.
pub const ACCEPTED_BY_OPERATOR: &str = "accepted_by_operator";

/// Why an operator may not accept an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAcceptable {
    /// It validated its number.
    #[error("it passed: there is nothing to accept")]
    Passed,
    /// Something is wrong with it that no operator can know better.
    #[error("it failed at {}: only an SMS whose time alone was in doubt can be accepted", .0.as_str())]
    FailedElsewhere(FailedAt),
    /// Nothing made sure that its sender meant this registration.
    #[error(
        "header_hash_check was off when it was judged, so nothing shows which registration its sender meant"
    )]
    HashNotAsked,
    /// It is not the SMS of this registration.
    #[error("its text does not hold the hash that its number was given")]
    HashMismatch,
    /// Nothing is left that it could validate.
    #[error("its registration is not kept any more: the number must register again")]
    OnboardingGone,
    /// What became of its registration is decided.
    #[error("its registration is {}, which is final", .0.as_str())]
    OnboardingFinal(State),
}

/// May an operator accept it? By what is known of it now; it is judged again all the same.
pub fn acceptable(record: &JudgedRecord<'_>, settings: &Settings) -> Result<(), NotAcceptable> {
    match record.verdict.failed_at {
        None => return Err(NotAcceptable::Passed),
        Some(FailedAt::Check(check)) if CHECKS[check.index()].may_be_waived => {}
        Some(elsewhere) => return Err(NotAcceptable::FailedElsewhere(elsewhere)),
    }
    if !record.verdict.asked_for_a_hash() {
        return Err(NotAcceptable::HashNotAsked);
    }
    let MatchedOnboarding::Kept(onboarding) = record.matched else {
        return Err(NotAcceptable::OnboardingGone);
    };
    let found = find_hashes(&record.sms.text, &settings.permitted_headers);
    if !found.holds(&onboarding.hash, onboarding.asked.short) {
        return Err(NotAcceptable::HashMismatch);
    }
    if onboarding.state.can_be_validated() {
        Ok(())
    } else {
        Err(NotAcceptable::OnboardingFinal(onboarding.state))
    }
}

impl Settings {
    /// These, as an SMS is judged by that an operator accepts: without the checks whose facts a person may know better,
    /// and never without the hash.
    #[must_use]
    pub fn accepting(&self) -> Settings {
        let mut settings = self.asking_for_a_hash();
        for (enabled, check) in settings.checks_enabled.iter_mut().zip(&CHECKS) {
            *enabled &= !check.may_be_waived;
        }
        settings
    }
}

impl InboundSms {
    /// It once more, as an operator accepts it: a row of its own, so that the one that failed stays as it was judged. Always
    /// the same one, however often it is accepted.
    #[must_use]
    pub fn accepted(&self) -> InboundSms {
        InboundSms {
            sms_id: accepted_id(self.sms_id),
            format: ACCEPTED.to_owned(),
            delivery_id: Some(self.sms_id.to_string()),
            part: None,
            ..self.clone()
        }
    }

    /// Which SMS it is once more, where an operator accepted one.
    #[must_use]
    pub fn accepts(&self) -> Option<Uuid> {
        self.delivery_id.as_deref().filter(|_| self.format == ACCEPTED)?.parse().ok()
    }
}

/// The identity that an SMS has once it is accepted.
#[must_use]
pub fn accepted_id(sms_id: Uuid) -> Uuid {
    let digest = Sha256::new().chain_update(b"accepted").chain_update(sms_id.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Verdict {
    /// It as an operator brings it about: whoever asks is told so.
    #[must_use]
    pub fn by_operator(self) -> Verdict {
        let reason = self.reason.or_else(|| Some(ACCEPTED_BY_OPERATOR.to_owned()));
        Verdict { reason, ..self }
    }

    /// An operator brought it about.
    #[must_use]
    pub fn is_by_operator(&self) -> bool {
        self.passed() && self.reason.as_deref() == Some(ACCEPTED_BY_OPERATOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_id::CheckId;
    use crate::checks::samples::{DEADLINE, REQUESTED, Sample};
    use crate::checks::{Facts, evaluate};
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
            (
                acceptable(&record, &sample.settings),
                evaluate(&again, &sample.settings.accepting()).by_operator(),
            )
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
}
