//! What a format is: how to tell it, read it, verify it and answer it.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Unusable};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned};
use crate::writing::{Example, Written};

/// Verifies a sender's own signature over the raw request.
pub type Verify = fn(&Incoming<'_>, &Signing<'_>) -> Result<(), Unsigned>;

/// Signs a request of an example, with the first key and the first URL.
pub type Sign = fn(&mut Written, &Signing<'_>);

/// One way of writing an SMS into HTTP.
#[derive(Debug)]
pub struct Format {
    /// Its name in routes, `input_sms.format` and metrics.
    pub name: &'static str,
    /// Which app or provider sends it, for people: `SMSGate (Android app)`.
    pub about: &'static str,
    /// What stands behind it.
    pub behind: Behind,
    /// Requests may come as GET too.
    pub takes_get: bool,
    /// Before its first delivery it asks with HEAD whether the address answers in the kind that it wants.
    pub asks_first: bool,
    /// How it writes numbers without `+` (decisions.md D5).
    pub bare_digits: BareDigits,
    /// Which clock its time stamps come from.
    pub clock: Clock,
    /// Is this request surely of this format? None: it cannot be told apart from the generic names.
    pub recognises: Option<fn(&Incoming<'_>) -> bool>,
    /// What that is told by: of two formats that claim a request, the surer one has it.
    pub told_by: ToldBy,
    /// Reads a request. An error: nothing of it can be used.
    pub parse: fn(&Incoming<'_>) -> Result<Content, Unusable>,
    /// The secret, where the sender writes it into the body.
    pub secret: Option<fn(&Incoming<'_>) -> Option<String>>,
    /// The sender's own signature over the raw request. None: it has none.
    pub verify: Option<Verify>,
    /// Signs an example as this sender would. None: it signs nothing, or with a key that it alone has.
    pub sign: Option<Sign>,
    /// Why this cannot be a signing key of this sender. None: any text can be one.
    pub wrong_key: Option<fn(&str) -> Option<&'static str>>,
    /// The app can be given a signing key that the bridge made. A provider has one of its own, which the receiver is
    /// given.
    pub takes_our_key: bool,
    /// The app keeps a list of its own SMS, which the bridge can read where the receiver has an `inbox_url`.
    pub has_inbox: bool,
    /// The answer that it expects once everything is durable.
    pub reply: Reply,
    /// The app's version, where a request tells it.
    pub version: Option<fn(&Incoming<'_>) -> Option<String>>,
    /// What is wrong with that version, for the operator.
    pub warning: Option<fn(&str) -> Option<&'static str>>,
    /// How to set the app up, step by step. `{url}`, `{secret}` and `{signing_key}` stand for what it is given.
    pub steps: &'static [&'static str],
    /// An SMS as this sender writes it, unsigned.
    pub example: fn(&Example<'_>) -> Written,
}

/// What stands behind a receiver: what an operator looks at where it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// An app on a phone.
    Phone,
    /// A company that owns the number.
    Provider,
    /// A program with a modem, on a machine of one's own.
    Gateway,
}

impl Behind {
    /// What to look at where one is silent: a provider has no charger.
    #[must_use]
    pub fn when_silent(self) -> &'static str {
        match self {
            Behind::Phone => "look whether the phone is on, charged and online, and its app running",
            Behind::Provider => {
                "look at the provider's own pages: is the number still yours, and does it call this bridge's address?"
            }
            Behind::Gateway => "look whether its machine and modem are on, and its SIM is in the network",
        }
    }
}

/// What a request is told by, on the route that takes all formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// A header, or names which together nobody else writes.
    Own,
    /// One name, which an operator may write into the template of another gateway.
    OneName,
    /// Names that others write too, only not all of them at once.
    CommonNames,
}

impl ToldBy {
    pub(crate) const SUREST_FIRST: [ToldBy; 3] = [ToldBy::Own, ToldBy::OneName, ToldBy::CommonNames];
}

/// Which clock a time stamp comes from: a phone's own list of the same SMS must be compared by the same clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The carrier's (SMSC).
    Network,
    /// The phone's, when it received the SMS.
    Phone,
    /// It sends no stamp.
    None,
}

/// The answer that a sender expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Any answer: it gets the bridge's own JSON, which helps whoever looks at the app's log.
    Ours,
    /// Exactly this, with status 200.
    Fixed {
        /// `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::Behind;

    #[test]
    fn what_to_look_at_depends_on_what_stands_behind() {
        for (behind, word) in
            [(Behind::Phone, "charged"), (Behind::Provider, "provider"), (Behind::Gateway, "modem")]
        {
            assert!(behind.when_silent().contains(word), "{}", behind.when_silent());
        }
    }
}
