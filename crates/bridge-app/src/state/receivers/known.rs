//! A receiver that was added by name, ready to be recognised by its secret or its signature.

use std::sync::Arc;

use bridge_core::Mobile;
use bridge_core::Zone;
use bridge_core::phone::{BareDigits, NumberStyle};
use bridge_formats::{Clock, Format};
use bridge_store::audit::Receiver;
use subtle::{Choice, ConstantTimeEq};

use crate::base::secrets::hashed;

/// The receiver behind `SMS_BRIDGE_RECEIVER_KEY`.
pub const DEFAULT: &str = "default";

/// A receiver by name.
#[derive(Clone, Debug)]
pub struct KnownReceiver {
    /// As it was added.
    pub row: Receiver,
    /// What it speaks; None: a format of a newer version of this program.
    pub format: Option<&'static Format>,
}

impl KnownReceiver {
    pub(crate) fn new(row: Receiver) -> KnownReceiver {
        KnownReceiver { format: bridge_formats::named(&row.format), row }
    }

    /// It may deliver.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.row.revoked_at.is_none()
    }

    /// It must sign: no secret is enough.
    #[must_use]
    pub fn must_sign(&self) -> bool {
        !self.row.signing_keys.is_empty()
    }

    /// Is this one of its secrets? Takes the same time whatever is wrong with it.
    #[must_use]
    pub fn accepts(&self, secret: &str) -> bool {
        let given = hashed(secret);
        let same = |known: &String| known.as_bytes().ct_eq(given.as_bytes());
        self.row.secrets.iter().fold(Choice::from(0), |any, known| any | same(known)).into()
    }

    /// What an SMS at this receiver is recognised by beside its content (decisions.md D9): its one number, the one of
    /// several that the sender names, or the receiver itself - whichever way it came and whatever the app called the phone.
    #[must_use]
    pub fn line(&self, number: Option<&Mobile>) -> String {
        let named =
            number.map(Mobile::e164).filter(|number| self.row.numbers.iter().any(|own| own == number));
        match (self.row.numbers.as_slice(), named) {
            ([only], _) => only.clone(),
            (_, Some(number)) => number.to_owned(),
            _ => self.row.name.clone(),
        }
    }
}

/// Who delivers: a receiver by name, or `default`.
#[derive(Clone, Debug)]
pub enum ReceiverIdentity {
    /// With the key of `default`.
    Default,
    /// A receiver by name.
    Named(Arc<KnownReceiver>),
}

impl ReceiverIdentity {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            ReceiverIdentity::Default => DEFAULT,
            ReceiverIdentity::Named(known) => &known.row.name,
        }
    }

    /// What signs for it, never to be shown.
    #[must_use]
    pub fn signing_keys(&self) -> &[String] {
        match self {
            ReceiverIdentity::Default => &[],
            ReceiverIdentity::Named(known) => &known.row.signing_keys,
        }
    }

    fn format(&self) -> Option<&'static Format> {
        match self {
            ReceiverIdentity::Default => None,
            ReceiverIdentity::Named(known) => known.format,
        }
    }

    /// By whose clock its live deliveries are stamped.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.format().map_or(Clock::Phone, |format| format.clock)
    }

    /// How it writes numbers without `+`: as its operator says, else as its format always does, which is the one it
    /// delivers in, or, of a list, the one it was added with.
    #[must_use]
    pub fn bare_digits(&self, delivered_in: Option<&Format>) -> BareDigits {
        let said = self.number_style().map(NumberStyle::bare_digits);
        let format = || delivered_in.or_else(|| self.format()).map(|format| format.bare_digits);
        said.or_else(format).unwrap_or(BareDigits::OneWayOnly)
    }

    /// The zone of its clock, where its operator says so.
    #[must_use]
    pub fn time_zone(&self) -> Option<&Zone> {
        match self {
            ReceiverIdentity::Default => None,
            ReceiverIdentity::Named(known) => known.row.time_zone.as_ref(),
        }
    }

    /// How its operator says that it writes numbers.
    #[must_use]
    pub fn number_style(&self) -> Option<NumberStyle> {
        match self {
            ReceiverIdentity::Default => None,
            ReceiverIdentity::Named(known) => known.row.number_style,
        }
    }
}
