//! What the bridge would understand of a request of one receiver: sender, text, time, and what is wrong with how the
//! receiver is set up. Nothing is judged, counted or kept. Not how the request is let in: that is HTTP's.

use bridge_core::message::{Hashes, find_hashes};
use bridge_core::{Mobile, Timestamp};
use bridge_formats::{Delivered, Format, Signing, Unsigned};
use bridge_store::finding::Level;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bridge::App;
use crate::sms::delivery::Read;
use crate::sms::{inbound, unjudged};
use crate::state::receivers::{KnownReceiver, ReceiverIdentity};

/// One SMS as it would be judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Understood {
    /// The sender as it is written.
    pub sender_raw: String,
    /// The number that it is read as; null where it is none.
    pub sender: Option<String>,
    /// Why it is none.
    pub sender_problem: Option<String>,
    /// The text.
    pub text: String,
    /// Whether a hash stands in the text behind a permitted header.
    pub holds_a_hash: bool,
    /// When it was received, as its sender says; null where it says nothing that can be read.
    #[schema(format = DateTime)]
    pub stamp: Option<String>,
    /// The sender's id of this delivery.
    pub delivery_id: Option<String>,
    /// The number that received it, as written.
    pub number: Option<String>,
    /// The phone or SIM that received it.
    pub device: Option<String>,
    /// Which part of a longer SMS it is, like `1 of 2`.
    pub part: Option<String>,
}

/// Something that should be mended, or known.
#[derive(Debug, Serialize, ToSchema)]
pub struct Advice {
    /// `problem`, `warning` or `good`.
    pub level: &'static str,
    /// What was found.
    pub found: String,
    /// What to do.
    pub advice: String,
}

impl Advice {
    fn new(level: Level, found: impl Into<String>, advice: impl Into<String>) -> Advice {
        let level = match level {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Problem => "problem",
        };
        Advice { level, found: found.into(), advice: advice.into() }
    }
}

/// What became of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureTried {
    /// The receiver has no signing key, so none is asked for.
    NotAsked,
    /// The bridge cannot make one: the sender alone has the key.
    NotMade,
    /// It is right.
    Right,
    /// It is missing.
    Missing,
    /// It is another one.
    Wrong,
    /// It is right and too old, or of the future.
    Stale,
}

impl From<Result<(), Unsigned>> for SignatureTried {
    fn from(verified: Result<(), Unsigned>) -> SignatureTried {
        match verified {
            Ok(()) => SignatureTried::Right,
            Err(Unsigned::Missing) => SignatureTried::Missing,
            Err(Unsigned::Wrong) => SignatureTried::Wrong,
            Err(Unsigned::Stale) => SignatureTried::Stale,
        }
    }
}

/// What the bridge would understand.
#[derive(Debug, Default)]
pub struct Trial {
    /// Its SMS, in the sender's order.
    pub sms: Vec<Understood>,
    /// What is no SMS, by kind.
    pub events: Vec<&'static str>,
    /// Why the rest would be kept in quarantine.
    pub quarantined: Vec<String>,
}

/// Looks at what was read, as a delivery of that receiver.
#[must_use]
pub fn look(app: &App, known: &ReceiverIdentity, format: &'static Format, read: Read) -> Trial {
    let content = match read.into_content() {
        Ok(content) => content,
        Err(unusable) => return Trial { quarantined: vec![unusable.reason()], ..Trial::default() },
    };
    let settings = app.live.now();
    let bare_digits = known.bare_digits(Some(format));
    let (sms, contradictory) =
        inbound::of_one_sender(content.sms, &settings.default_country_code, bare_digits);
    let zone = known.time_zone();
    let understood = |sms: Delivered| {
        let sender = Mobile::parse(&sms.sender, &settings.default_country_code, bare_digits);
        let found = find_hashes(&sms.text, &settings.permitted_headers);
        Understood {
            sender: sender.as_ref().ok().map(|mobile| mobile.e164().to_owned()),
            sender_problem: sender.err().map(|why| why.to_string()),
            sender_raw: sms.sender,
            holds_a_hash: matches!(found.hashes, Hashes::Some(_)),
            text: sms.text,
            stamp: sms.stamp.and_then(|stamp| stamp.moment(zone)).map(|at| at.to_string()),
            delivery_id: sms.delivery_id,
            number: sms.number,
            device: sms.device,
            part: sms.part.map(|part| format!("{} of {}", part.number, part.total)),
        }
    };
    let unusable = content.unusable.iter().chain(&contradictory).map(bridge_formats::Unusable::reason);
    Trial {
        quarantined: unusable.chain(content.events.iter().filter_map(unjudged::reason)).collect(),
        events: content.events.iter().map(|event| event.kind.word()).collect(),
        sms: sms.into_iter().map(understood).collect(),
    }
}

/// What is wrong with how it is set up, as far as it can be seen without a request of its app.
#[must_use]
pub fn advice(app: &App, known: &KnownReceiver, now: Timestamp) -> Vec<Advice> {
    let (row, settings) = (&known.row, app.live.now());
    let mut all = Vec::new();
    let mut tell = |level, found: String, advice: &str| all.push(Advice::new(level, found, advice));
    let Some(format) = known.format else {
        let found = format!("the format {} is none that this version knows", row.format);
        tell(Level::Problem, found, "revoke the receiver and add it again with another format");
        return all;
    };
    for key in &row.signing_keys {
        if let Some(why) = format.wrong_key.and_then(|wrong| wrong(key)) {
            tell(Level::Problem, format!("its signing key {why}"), "rotate the receiver with the right key");
        }
    }
    let names_the_url = format.steps.iter().any(|step| step.contains(PUBLIC_URL));
    if known.must_sign() && names_the_url && app.options.public_url.is_none() {
        let found =
            format!("{} signs the address that it calls, and the bridge does not know its own", format.about);
        tell(Level::Problem, found, "set SMS_BRIDGE_PUBLIC_URL to the address that it calls");
    }
    if !known.must_sign() && format.verify.is_some() {
        let found =
            format!("{} can sign what it delivers, and this receiver does not ask for it", format.about);
        tell(Level::Warning, found, "give the receiver a signing key: sms-bridge receiver rotate");
    }
    if row.numbers.is_empty() && settings.sms_receiver_number.is_empty() {
        let found = "it has no number, and no other number is set: users are told none".to_owned();
        tell(Level::Problem, found, "give it the number that users text");
    }
    let name = format!("receiver {}", row.name);
    let seen = app.receivers.findings(now, &settings).into_iter().filter(|finding| finding.what == name);
    all.extend(seen.map(|finding| Advice::new(finding.level, finding.found, finding.advice)));
    all
}

/// That a sample of that sender is read as somebody else.
#[must_use]
pub fn misread(sender: &str, read: &Understood) -> Advice {
    let found = match &read.sender {
        Some(other) => format!("a sample of {sender}, written as {}, is read as {other}", read.sender_raw),
        None => format!("a sample of {sender}, written as {}, is read as no number", read.sender_raw),
    };
    Advice::new(Level::Problem, found, "say how it writes numbers: sms-bridge receiver number-style")
}

/// Named in the steps of the formats that sign the address which they call.
const PUBLIC_URL: &str = "SMS_BRIDGE_PUBLIC_URL";

/// Verifies the signature, where the receiver must sign.
#[must_use]
pub fn signature(
    known: &KnownReceiver,
    incoming: &bridge_formats::Incoming<'_>,
    now: Timestamp,
    urls: &[String],
) -> SignatureTried {
    match known.format.and_then(|format| format.verify) {
        Some(verify) if known.must_sign() => {
            verify(incoming, &Signing { keys: &known.row.signing_keys, now, any_time: false, urls }).into()
        }
        _ => SignatureTried::NotAsked,
    }
}
