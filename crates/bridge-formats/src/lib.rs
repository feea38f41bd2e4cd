//! How senders write an SMS into HTTP, and what they want to hear: one file per format, one list. Pure: a
//! request's bytes in, SMS or what is wrong with them out. It decides nothing about an SMS, knows no
//! receiver, reads no clock.

mod africastalking;
mod bogkonstantin;
mod coding;
mod content;
pub mod example;
pub mod export;
pub mod fields;
mod format;
pub mod generic;
mod httpsms;
mod incoming;
mod infobip;
mod jasmin;
mod kannel;
mod pairs;
mod plivo;
mod signing;
mod smsforwarder;
mod smsgate;
mod smssync;
mod telnyx;
mod textbee;
mod twilio;
mod vonage;
mod wanted;

pub use content::{Content, Delivered, FieldError, Report, Unusable};
pub use format::{Clock, Format, Reply, Verify};
pub use incoming::{Incoming, content_type};
pub use signing::{Signing, Unsigned};

/// Every named format, in the order in which the generic route asks whose body this is: who can be told
/// by a header or by names of its own comes first. `generic` is no part of it.
pub const FORMATS: &[&Format] = &[
    &smsgate::FORMAT,
    &httpsms::FORMAT,
    &textbee::FORMAT,
    &bogkonstantin::FORMAT,
    &smsforwarder::FORMAT,
    &smssync::FORMAT,
    &twilio::FORMAT,
    &plivo::FORMAT,
    &telnyx::FORMAT,
    &kannel::FORMAT,
    &jasmin::FORMAT,
    &vonage::FORMAT,
    &infobip::FORMAT,
    &africastalking::FORMAT,
];

/// The format of that name; `generic` too.
#[must_use]
pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().chain([&generic::FORMAT]).find(|format| format.name == name)
}

/// Whose body this is, where it can be told.
#[must_use]
pub fn recognised(incoming: &Incoming<'_>) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.recognises.is_some_and(|is_it| is_it(incoming)))
}
