//! Why an SMS fails, as a stable word, and what would have made it pass, as a sentence: one cannot be declared
//! without the other. The reasons of one check stand in its file; here are those that several share.

use crate::judged_record::JudgedRecord;
use crate::phone::PhoneError;
use crate::settings::Settings;

/// A reason for failing.
#[derive(Clone, Copy)]
pub(super) struct Reason {
    /// The word in `input_sms` and the API; it never changes.
    pub(super) word: &'static str,
    /// What would have made this SMS pass.
    pub(super) remedy: fn(&JudgedRecord<'_>, &Settings) -> String,
}

pub(super) const NO_ONBOARDING: Reason = Reason {
    word: "no_onboarding",
    remedy: |_, _| {
        "The number must be registered before it sends its SMS: when this one came, it was not, or its registration was \
         forgotten already."
            .to_owned()
    },
};

/// Why a sender is not a mobile number, in the order of [`PhoneError`].
pub(super) const SENDERS: [Reason; 7] = [
    Reason {
        word: PhoneError::Empty.code(),
        remedy: |_, _| "The SMS must show the number it came from: its sender was empty.".to_owned(),
    },
    Reason {
        word: PhoneError::Alphanumeric.code(),
        remedy: |record, _| {
            format!(
                "It must be sent from a phone that shows its number: {:?} is a name, which proves no number.",
                record.sms.sender_raw
            )
        },
    },
    Reason {
        word: PhoneError::TooShort.code(),
        remedy: |record, _| {
            format!(
                "It must be sent from a number of at least 10 digits: {:?} is a short code, or digits are missing.",
                record.sms.sender_raw
            )
        },
    },
    Reason {
        word: PhoneError::TooLong.code(),
        remedy: |record, _| {
            format!(
                "It must be sent from a number of at most 15 digits: {:?} has more.",
                record.sms.sender_raw
            )
        },
    },
    Reason {
        word: PhoneError::Impossible.code(),
        remedy: |record, _| {
            format!(
                "It must be sent from a number that a numbering plan has, in international form: {:?} is none.",
                record.sms.sender_raw
            )
        },
    },
    Reason {
        word: PhoneError::Ambiguous.code(),
        remedy: |record, settings| {
            format!(
                "Its receiver must say how it writes numbers (number_style): {:?} is a number of country {} and, with a \
                 plus before it, one of another country.",
                record.sms.sender_raw, settings.default_country_code
            )
        },
    },
    Reason {
        word: PhoneError::Rounded.code(),
        remedy: |record, _| {
            format!(
                "It must come with all digits of its sender: {:?} was rounded by a spreadsheet or a float. Send the number \
                 as a text, like \"+919876543210\".",
                record.sms.sender_raw
            )
        },
    },
];

impl Reason {
    /// The reason that belongs to an error of reading the sender.
    pub(super) fn of_sender(error: PhoneError) -> Reason {
        SENDERS[match error {
            PhoneError::Empty => 0,
            PhoneError::Alphanumeric => 1,
            PhoneError::TooShort => 2,
            PhoneError::TooLong => 3,
            PhoneError::Impossible => 4,
            PhoneError::Ambiguous => 5,
            PhoneError::Rounded => 6,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unusable_sender_has_its_own_reason() {
        use PhoneError::{Alphanumeric, Ambiguous, Empty, Impossible, Rounded, TooLong, TooShort};
        for error in [Empty, Alphanumeric, TooShort, TooLong, Impossible, Ambiguous, Rounded] {
            assert_eq!(Reason::of_sender(error).word, error.code());
        }
    }
}
