//! What the writer's thread is handed of an SMS: no more than admitting and recording look at, and the row as the text
//! that is written. Not the SMS: that stays with whoever waits for the answer, so that none is copied for the writer, and
//! hashing and JSON do not take up its turn.

use bridge_core::sms::{Identity, Key};
use bridge_core::{InboundSms, Mobile, Timestamp};
use bridge_store::events::{Told, ToldOfSms};
use bridge_store::judged::{Judged, Precondition, QueuedSms};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::told;

/// An SMS to be admitted.
pub(super) struct Arriving {
    pub(super) sms_id: Uuid,
    pub(super) server_received_at: Timestamp,
    pub(super) identity: Identity,
    /// Its sender, or what stands in the place of a number.
    pub(super) sender: Result<Mobile, String>,
    pub(super) is_counted: bool,
}

impl Arriving {
    pub(super) fn of(sms: &InboundSms) -> Arriving {
        Arriving {
            sms_id: sms.sms_id,
            server_received_at: sms.server_received_at,
            identity: sms.identity(),
            sender: sms.sender.clone().map_err(|_| sms.sender_raw.clone()),
            is_counted: sms.is_counted(),
        }
    }

    pub(super) fn mobile_number(&self) -> &str {
        match &self.sender {
            Ok(mobile) => mobile.e164(),
            Err(raw) => raw,
        }
    }
}

/// A judged SMS to be recorded.
pub(super) struct Recording {
    pub(super) key: Key,
    pub(super) precondition: Precondition,
    pub(super) sms_id: Uuid,
    pub(super) mobile_number: String,
    pub(super) is_counted: bool,
    /// As it is queued, the SMS in it as JSON. Its id is given in the writer's turn.
    pub(super) row: QueuedSms<Box<RawValue>>,
    /// What apps are told of it.
    pub(super) told: Option<told::Entry>,
}

impl Recording {
    pub(super) fn of(judged: &Judged) -> serde_json::Result<Recording> {
        let Judged { key, precondition, row, events } = judged;
        let told = (!events.is_empty()).then(|| {
            told::Entry::of(&Told::Judged(ToldOfSms {
                mobile_number: row.sms.mobile_number().to_owned(),
                taken_in: row.sms.server_received_at,
                events: events.clone(),
            }))
        });
        Ok(Recording {
            key: *key,
            precondition: precondition.clone(),
            sms_id: row.sms.sms_id,
            mobile_number: row.sms.mobile_number().to_owned(),
            is_counted: row.sms.is_counted(),
            row: row.with_sms(to_raw_value(&row.sms)?),
            told: told.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::checks::SenderFacts;
    use bridge_core::phone::PhoneError;
    use bridge_core::{Span, Verdict};

    use super::*;

    fn sms(sender: &str, mobile: Result<Mobile, PhoneError>) -> InboundSms {
        InboundSms {
            sms_id: Uuid::from_u128(7),
            sender_raw: sender.to_owned(),
            sender: mobile,
            text: "ONBOARD:\"quoted\"\nत \u{1F642}".to_owned(),
            received_timestamp: Timestamp(1_000),
            stamped: true,
            stamp_raw: None,
            clock_not_set: None,
            server_received_at: Timestamp(2_000),
            receiver_id: "hall".to_owned(),
            format: "generic".to_owned(),
            line: None,
            delivery_id: Some("d".to_owned()),
            clock_skew: Span(0),
            part: None,
        }
    }

    #[test]
    fn the_row_is_written_as_if_the_sms_itself_were_in_it() {
        let mobile = Mobile::from_e164("+919876543210").unwrap();
        for sms in [sms("98765", Ok(mobile)), sms("HDFCBK", Err(PhoneError::Alphanumeric))] {
            let judged =
                Judged::new(sms, [9; 16], Verdict::failed_match("no_onboarding"), &SenderFacts::default());
            let recording = Recording::of(&judged).unwrap();
            assert_eq!(
                serde_json::to_string(&recording.row).unwrap(),
                serde_json::to_string(&judged.row).unwrap()
            );
        }
    }

    #[test]
    fn a_sender_that_is_no_number_is_known_by_what_it_wrote() {
        let bank = sms("HDFCBK", Err(PhoneError::Alphanumeric));
        assert_eq!(Arriving::of(&bank).mobile_number(), bank.mobile_number());
        let person = sms("98765", Ok(Mobile::from_e164("+919876543210").unwrap()));
        assert_eq!(Arriving::of(&person).mobile_number(), person.mobile_number());
    }
}
