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
        "its hash was not checked when it was judged (the check was off), so nothing shows which registration its sender meant"
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
mod tests;
