//! What a phone's list of SMS holds: rows, and the SMS in them with the stamps that a list has.

use bridge_core::{Timestamp, phone};

use crate::content::{Delivered, FieldError, Unusable};
use crate::format::Clock;

/// Of one row: what is longer is no SMS.
pub const ROW_MAX_BYTES: usize = 1024 * 1024;

/// One row of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its bytes, at most [`ROW_MAX_BYTES`] of them.
    pub raw: Vec<u8>,
    /// What it is.
    pub held: Held,
}

/// What a row turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// An SMS that the phone received.
    Sms(Box<Exported>),
    /// Something else in the phone's list, which the bridge ignores.
    Skipped(Other),
    /// It cannot be used.
    Unusable(Unusable),
}

/// What a phone's list holds besides received SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// An SMS that the phone sent, a draft, or one that could not be sent.
    Outgoing,
    /// A multimedia or data message.
    NoText,
}

/// An SMS as a phone's list has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The SMS. Its stamp is one of the two below.
    pub delivered: Delivered,
    /// The carrier's stamp.
    pub network: Option<Timestamp>,
    /// The phone's, or the only one where nothing says whose it is.
    pub phone: Option<Timestamp>,
}

impl Exported {
    /// The stamp that a live delivery would have carried if its stamps are of that clock, else the other one.
    #[must_use]
    pub fn stamp(&self, clock: Clock) -> Option<Timestamp> {
        match clock {
            Clock::Network => self.network.or(self.phone),
            Clock::Phone | Clock::None => self.phone.or(self.network),
        }
    }

    /// Every stamp that it may have been delivered under.
    #[must_use]
    pub fn stamps(&self) -> Vec<Timestamp> {
        let mut stamps: Vec<Timestamp> = self.phone.into_iter().chain(self.network).collect();
        stamps.dedup();
        stamps
    }

    /// An SMS in a list needs a time: without one, every import of it would be another SMS, received now.
    pub(super) fn held(self) -> Held {
        if self.phone.is_none() && self.network.is_none() {
            return Held::Unusable(Unusable::fields(
                "the time is missing",
                vec![FieldError::new("received_timestamp", "is missing: when the phone received it")],
            ));
        }
        if phone::is_rounded(&self.delivered.sender) {
            return Held::Unusable(Unusable::fields(
                "the sender is not a number any more",
                vec![FieldError::new(
                    "sender_number",
                    "was rounded by a spreadsheet: import the original file",
                )],
            ));
        }
        Held::Sms(Box::new(self))
    }
}
