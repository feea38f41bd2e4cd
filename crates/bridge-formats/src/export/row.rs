//! What a phone's list of SMS holds: rows, and the SMS in them with the stamps that a list has.

use bridge_core::{Stamp, phone};

use crate::content::{Delivered, FieldError, Unusable, best_stamp};
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
    pub network: Option<Stamp>,
    /// The phone's, or the only one where nothing says whose it is.
    pub phone: Option<Stamp>,
}

impl Exported {
    /// The stamp that a live delivery would have carried if its stamps are of that clock, else the other one.
    #[must_use]
    pub fn stamp(&self, clock: Clock) -> Option<Stamp> {
        let both = match clock {
            Clock::Network => [&self.network, &self.phone],
            Clock::Phone | Clock::None => [&self.phone, &self.network],
        };
        best_stamp(both.map(Clone::clone))
    }

    /// Every stamp that it may have been delivered under.
    pub fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        self.phone.iter().chain(&self.network)
    }

    /// An SMS, unless a spreadsheet has spoilt its sender.
    pub(super) fn held(self) -> Held {
        if phone::is_rounded(&self.delivered.sender) {
            return Held::Unusable(Unusable::fields(
                "the sender is not a number any more",
                vec![FieldError::new(
                    "sender_number",
                    "was rounded by a spreadsheet: import the original file",
                )],
            ));
        }
        self.held_as_written()
    }

    /// An SMS whose sender no spreadsheet has touched: whatever it is like, it was sent so.
    pub(super) fn held_as_written(self) -> Held {
        Held::Sms(Box::new(self))
    }
}
