//! An SMS as it arrives, live or from a list: everything is fixed here that identifies it from now on. Not its
//! judgement, and not where it is kept.

use bridge_core::message::bounded;
use bridge_core::phone::BareDigits;
use bridge_core::sms::IMPORT;
use bridge_core::{InboundSms, Mobile, Settings, Span, Stamp, Timestamp};
use bridge_formats::{Delivered, FieldError, Unusable};

use crate::base::clock::NoEntropy;
use crate::bridge::App;
use crate::state::receivers::ReceiverIdentity;

/// How an SMS came in.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Who delivered it.
    pub sender: &'a ReceiverIdentity,
    /// In which format.
    pub format: &'a str,
    /// How that writes numbers without `+` (decisions.md D5).
    pub bare_digits: BareDigits,
    /// When it came in.
    pub now: Timestamp,
}

/// Those whose sender is one, and why the others are not: whatever stands under other names of the sender must be the same
/// number in another spelling, else somebody may have written a second sender into his text.
#[must_use]
pub fn of_one_sender(
    all: Vec<Delivered>,
    country: &str,
    bare_digits: BareDigits,
) -> (Vec<Delivered>, Vec<Unusable>) {
    let same = |one: &str, other: &str| {
        let number = |text: &str| Mobile::parse(text, country, bare_digits);
        one == other || number(one).is_ok_and(|one| number(other) == Ok(one))
    };
    let (one, two): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|sms| sms.also_sender.iter().all(|other| same(&sms.sender, other)));
    let why = || {
        let detail = "is another one under another name: send one name for the sender";
        Unusable::contradiction(vec![FieldError::new("sender", detail)])
    };
    (one, two.iter().map(|_| why()).collect())
}

/// The SMS with everything fixed that identifies it.
pub fn inbound(
    app: &App,
    settings: &Settings,
    way: Way<'_>,
    sms: Delivered,
) -> Result<InboundSms, NoEntropy> {
    let country = &settings.default_country_code;
    let mobile = |text: &str| Mobile::parse(text, country, way.bare_digits);
    // The number that received it only tells one line from another: it is read as people write it.
    let line_digits = match way.bare_digits {
        BareDigits::OneWayOnly => BareDigits::NationalFirst,
        known => known,
    };
    let number = sms.number.as_deref().and_then(|text| Mobile::parse(text, country, line_digits).ok());
    let line = match way.sender {
        ReceiverIdentity::Named(known) => Some(known.line(number.as_ref())),
        ReceiverIdentity::Default => {
            number.map(|number| number.e164().to_owned()).or(sms.content_id).or(sms.device)
        }
    };
    let name = way.sender.name();
    let zone = way.sender.time_zone();
    let clock_not_set = app.clock_watch.mark();
    let settled = |stamp: Stamp| match &clock_not_set {
        Some(mark) => stamp.settle_without_clock(zone, mark.not_before),
        None if way.format == IMPORT => stamp.settle_of_list(zone, way.now),
        None => stamp.settle(zone, way.now),
    };
    let stamp = sms.stamp.map(settled).unwrap_or_default();
    Ok(InboundSms {
        sms_id: app.entropy.id(way.now)?,
        sender: mobile(&sms.sender),
        sender_raw: sms.sender,
        text: bounded(sms.text),
        received_timestamp: stamp.at.unwrap_or(way.now),
        stamped: stamp.at.is_some(),
        stamp_raw: stamp.raw,
        server_received_at: way.now,
        receiver_id: name.to_owned(),
        format: way.format.to_owned(),
        line,
        delivery_id: sms.delivery_id,
        clock_skew: if stamp.at.is_some() { app.receivers.seen().skew(name) } else { Span(0) },
        part: sms.part,
        clock_not_set,
    })
}
