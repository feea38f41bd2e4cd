//! What a body turned out to hold.

use bridge_core::Stamp;
use bridge_core::sms::Part;

use crate::event::{Event, EventKind};

/// One SMS as its sender wrote it. No text holds NUL, no optional one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The sender's number or name.
    pub sender: String,
    /// What stood under other names of the sender: other spellings of the same number, or the request contradicts itself.
    pub also_sender: Vec<String>,
    /// The text.
    pub text: String,
    /// When the phone or its network received it, as it was written, where it says so.
    pub stamp: Option<Stamp>,
    /// The sender's id of this delivery: the same when it is tried again.
    pub delivery_id: Option<String>,
    /// The number that received it, as written.
    pub number: Option<String>,
    /// The phone or SIM that received it.
    pub device: Option<String>,
    /// What this SMS carries whichever way it comes, where the same app delivers by two.
    pub content_id: Option<String>,
    /// It is one part of a longer SMS that the sender did not join.
    pub part: Option<Part>,
}

/// Of several stamps of one SMS, in order of preference: the first that is a point in time by itself, else the first that
/// can be read, else the first.
#[must_use]
pub(crate) fn best_stamp(stamps: impl IntoIterator<Item = Option<Stamp>>) -> Option<Stamp> {
    stamps.into_iter().flatten().min_by_key(|stamp| match stamp {
        Stamp::Moment(_) => 0,
        Stamp::Civil { .. } => 1,
        Stamp::Unreadable(_) => 2,
    })
}

/// What a receiver says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Charge of the battery, in percent.
    pub battery: Option<u8>,
    /// The phone is charging.
    pub charging: Option<bool>,
    /// `wifi`, `cellular`, `none`: as the app says it.
    pub network: Option<String>,
    /// The app's version.
    pub app_version: Option<String>,
}

/// What a request held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// SMS, in the sender's order.
    pub sms: Vec<Delivered>,
    /// What claimed to be an SMS and cannot be read as one: the raw body is kept.
    pub unusable: Vec<Unusable>,
    /// What the receiver reported about itself.
    pub report: Option<Report>,
    /// What came and is no SMS.
    pub events: Vec<Event>,
}

impl Content {
    /// One SMS.
    #[must_use]
    pub fn one(sms: Delivered) -> Content {
        Content { sms: vec![sms], ..Content::default() }
    }

    /// Something that is no SMS.
    #[must_use]
    pub fn event(event: Event) -> Content {
        Content { events: vec![event], ..Content::default() }
    }

    /// Nobody's message.
    #[must_use]
    pub fn of(kind: EventKind) -> Content {
        Content::event(Event::of(kind))
    }

    /// A sign of life and nothing else.
    #[must_use]
    pub fn sign_of_life(report: Report) -> Content {
        Content { report: Some(report), ..Content::of(EventKind::Ping) }
    }

    /// Several things, of which some may be unusable.
    #[must_use]
    pub fn each<T: Into<Held>>(all: impl IntoIterator<Item = Result<T, Unusable>>) -> Content {
        let mut content = Content::default();
        for one in all {
            match one.map(Into::into) {
                Ok(Held::Sms(sms)) => content.sms.push(*sms),
                Ok(Held::Event(event)) => content.events.push(event),
                Err(unusable) => content.unusable.push(unusable),
            }
        }
        content
    }
}

/// One of several things that came together.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// An SMS.
    Sms(Box<Delivered>),
    /// Something else.
    Event(Event),
}

impl From<Delivered> for Held {
    fn from(sms: Delivered) -> Held {
        Held::Sms(Box::new(sms))
    }
}

/// Something wrong with one field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Which field.
    pub field: String,
    /// What is wrong and what would be right, as a sentence that follows the name.
    pub detail: String,
}

impl FieldError {
    /// What is wrong with that field.
    #[must_use]
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { field: field.into(), detail: detail.into() }
    }
}

/// A body that cannot be read as an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong, in one sentence.
    pub detail: String,
    /// The fields that are wrong, if it can be told.
    pub errors: Vec<FieldError>,
    /// It says two different things of one SMS: somebody may have written names of fields into a text.
    pub contradictory: bool,
}

impl Unusable {
    /// An error that names no field.
    #[must_use]
    pub fn because(detail: impl Into<String>) -> Unusable {
        Unusable { detail: detail.into(), errors: Vec::new(), contradictory: false }
    }

    /// An error that names the wrong fields.
    #[must_use]
    pub fn fields(detail: impl Into<String>, errors: Vec<FieldError>) -> Unusable {
        Unusable { detail: detail.into(), errors, contradictory: false }
    }

    /// An error that names fields which say two different things.
    #[must_use]
    pub fn contradiction(errors: Vec<FieldError>) -> Unusable {
        let detail = "the request says two different things of one SMS".to_owned();
        Unusable { detail, errors, contradictory: true }
    }

    /// What is wrong with one of several, under its name.
    pub(crate) fn of(self, name: &str) -> Unusable {
        Unusable {
            detail: format!("{name} {}", self.detail),
            errors: Vec::new(),
            contradictory: self.contradictory,
        }
    }

    /// Everything in one line, for the quarantine.
    #[must_use]
    pub fn reason(&self) -> String {
        if self.errors.is_empty() {
            return self.detail.clone();
        }
        let named: Vec<String> = self.errors.iter().map(|e| format!("{} {}", e.field, e.detail)).collect();
        named.join("; ")
    }
}
