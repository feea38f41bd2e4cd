//! Who registered, was validated, refused or blacklisted, and what waits: filters and rows.

use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use uuid::Uuid;

use super::MobileFilter;
use super::sms::holds_it;
use crate::audit::Refusal;
use crate::place::{Place, WAITING};

/// Which onboardings. What is none lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnboardingFilter {
    /// By number.
    pub mobile: Option<MobileFilter>,
    /// By e-mail address, upper and lower case as it was given.
    pub email: Option<String>,
    /// By device.
    pub device_id: Option<String>,
    /// By state.
    pub state: Option<State>,
    /// In its number, its e-mail address or its device, whatever the case.
    pub holds: Option<String>,
    /// Registered at or after.
    pub from: Option<Timestamp>,
    /// Registered before.
    pub to: Option<Timestamp>,
}

impl OnboardingFilter {
    /// Does it let this onboarding through?
    #[must_use]
    pub fn lets_through(&self, onboarding: &Onboarding) -> bool {
        let OnboardingFilter { mobile, email, device_id, state, holds, from, to } = self;
        mobile.as_ref().is_none_or(|mobile| mobile.lets_through(onboarding.mobile.e164()))
            && email.as_ref().is_none_or(|email| onboarding.email.as_ref() == Some(email))
            && device_id.as_ref().is_none_or(|device| onboarding.device_id.as_ref() == Some(device))
            && state.is_none_or(|state| onboarding.state == state)
            && from.is_none_or(|from| onboarding.request_timestamp >= from)
            && to.is_none_or(|to| onboarding.request_timestamp < to)
            && holds.as_deref().is_none_or(|part| {
                let number = onboarding.mobile.e164().to_owned();
                let texts = [Some(&number), onboarding.email.as_ref(), onboarding.device_id.as_ref()];
                holds_it(part, texts.into_iter().flatten())
            })
    }
}

/// One row of `onboarding_mobile`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnboardingRow {
    /// The table's own id.
    pub id: i64,
    /// The onboarding, without its last SMS.
    pub onboarding: Onboarding,
    /// What its last SMS came to as far as that was written: `passed`, or the check that failed.
    pub last_sms: Option<String>,
}

impl OnboardingRow {
    /// The row that an onboarding becomes that waits to be written, as the `n`th of those that wait.
    #[must_use]
    pub fn waiting(n: usize, onboarding: Onboarding) -> OnboardingRow {
        let last = onboarding.last_sms.as_ref().map(|last| &last.verdict);
        let last_sms = match onboarding.state {
            State::Validated => Some("passed".to_owned()),
            _ => last.map(|verdict| verdict.failed_at.map_or("passed", FailedAt::as_str).to_owned()),
        };
        let id = WAITING + i64::try_from(n).unwrap_or(0);
        OnboardingRow { id, onboarding: Onboarding { last_sms: None, ..onboarding }, last_sms }
    }

    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.onboarding.request_timestamp, id: self.id }
    }
}

/// A validated number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedRow {
    /// E.164.
    pub mobile_number: String,
    /// The user's device; empty where none was given.
    pub device_id: String,
    /// The SMS that proved it.
    pub sms_id: Uuid,
    /// When it was validated.
    pub validated_at: Timestamp,
}

/// Which validated numbers. What is none lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidatedFilter {
    /// By number.
    pub mobile: Option<MobileFilter>,
    /// Validated at or after.
    pub from: Option<Timestamp>,
    /// Validated before.
    pub to: Option<Timestamp>,
}

/// Which refused registrations. What is none lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusalFilter {
    /// By number, as it was given.
    pub mobile: Option<MobileFilter>,
    /// By error code.
    pub reason: Option<String>,
    /// Refused at or after.
    pub from: Option<Timestamp>,
    /// Refused before.
    pub to: Option<Timestamp>,
}

/// A refused registration and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRow {
    /// The table's own id.
    pub id: i64,
    /// The refused registration.
    pub refusal: Refusal,
}

/// One change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    /// The table's own id.
    pub id: i64,
    /// When it was changed.
    pub at: Timestamp,
    /// The key of the setting.
    pub key: String,
    /// What it was; none: it had no row.
    pub old_value: Option<String>,
    /// What it became.
    pub new_value: String,
    /// Who changed it.
    pub changed_by: String,
}

/// A place in the blacklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlacklistPlace {
    /// When the last one read was blacklisted.
    pub at: Timestamp,
    /// Its number.
    pub mobile_number: String,
}

/// One row of `power_down_store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRow {
    /// The table's own id.
    pub id: i64,
    /// The SMS.
    pub sms: InboundSms,
    /// When it was judged; none: it waits.
    pub processed_at: Option<Timestamp>,
}

/// A body in quarantine, without the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its identity: what it is asked for, read again and thrown away by.
    pub id: Uuid,
    /// When it came in.
    pub at: Timestamp,
    /// The name of the receiver that sent it.
    pub receiver_id: String,
    /// The format it came in, or `unknown`.
    pub format: String,
    /// Why nobody can use it.
    pub reason: String,
    /// Its content type.
    pub content_type: String,
    /// How long the body was when it came; of a long one only its beginning is kept.
    pub bytes: u64,
}
