//! How senders write an SMS into an HTTP body. Pure: bytes in, an SMS or what is wrong with it out.
//! One file per format; so far the generic one, which takes the names that phones and apps use.

pub mod fields;
pub mod generic;

use bridge_core::phone::BareDigits;
use bridge_core::{InboundSms, Mobile, Settings, Timestamp};
use uuid::Uuid;

/// One SMS as its sender wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The sender's number or name.
    pub sender: String,
    /// The text.
    pub text: String,
    /// When the phone received it, where it says so.
    pub stamp: Option<Timestamp>,
    /// The sender's id of this delivery.
    pub delivery_id: Option<String>,
    /// The receiving number or phone.
    pub line: Option<String>,
}

/// Something wrong with one field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Which field.
    pub field: String,
    /// What is wrong and what would be right, as a sentence that follows the name.
    pub detail: String,
}

/// A body that is no SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// In one sentence.
    pub detail: String,
    /// Field by field.
    pub errors: Vec<FieldError>,
}

impl Unusable {
    fn because(detail: impl Into<String>) -> Unusable {
        Unusable { detail: detail.into(), errors: Vec::new() }
    }
}

/// Who delivered an SMS, and when the bridge took it in.
pub struct Intake<'a> {
    /// The receiver's name.
    pub receiver_id: &'a str,
    /// The format's name.
    pub format: &'a str,
    /// Fresh id.
    pub sms_id: Uuid,
    /// Now.
    pub now: Timestamp,
}

impl Delivered {
    /// The SMS with everything fixed that identifies it.
    #[must_use]
    pub fn into_sms(self, intake: &Intake<'_>, settings: &Settings) -> InboundSms {
        InboundSms {
            sms_id: intake.sms_id,
            sender: Mobile::parse(&self.sender, &settings.default_country_code, BareDigits::NationalFirst),
            sender_raw: self.sender,
            text: self.text,
            received_timestamp: self.stamp.unwrap_or(intake.now),
            stamped: self.stamp.is_some(),
            server_received_at: intake.now,
            receiver_id: intake.receiver_id.to_owned(),
            format: intake.format.to_owned(),
            line: self.line,
            delivery_id: self.delivery_id,
        }
    }
}
