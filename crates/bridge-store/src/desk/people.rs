//! Who registered, was validated, refused or blacklisted, and what waits: filters and rows.

use bridge_core::onboarding::State;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use uuid::Uuid;

use super::MobileFilter;
use crate::audit::Refusal;
use crate::place::Place;

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
    /// Registered at or after.
    pub from: Option<Timestamp>,
    /// Registered before.
    pub to: Option<Timestamp>,
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
