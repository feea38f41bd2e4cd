//! What comes to the bridge and is no SMS: reports, signs of life, pictures, messages of other services. Each has a kind
//! that is counted, so that nothing that was answered 2xx leaves no trace (decisions.md D45). Not what becomes of it.

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A multimedia message, with or without text.
    Mms,
    /// A chat message of RCS.
    Rcs,
    /// A message of another service: WhatsApp, Viber, Telegram …
    OtherChannel,
    /// An SMS of bytes that are no text.
    Binary,
    /// What became of a message that was sent: sent, delivered, failed.
    DeliveryReport,
    /// The receiver says that it lives.
    Ping,
    /// The receiver says that it cannot be reached, or that it begins or ends its work.
    Availability,
    /// A telephone call.
    Call,
    /// Anything else.
    Other,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 9] = [
        EventKind::Mms,
        EventKind::Rcs,
        EventKind::OtherChannel,
        EventKind::Binary,
        EventKind::DeliveryReport,
        EventKind::Ping,
        EventKind::Availability,
        EventKind::Call,
        EventKind::Other,
    ];

    /// Its word in tables, metrics and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Mms => "mms",
            EventKind::Rcs => "rcs",
            EventKind::OtherChannel => "other_channel",
            EventKind::Binary => "binary",
            EventKind::DeliveryReport => "delivery_report",
            EventKind::Ping => "ping",
            EventKind::Availability => "availability",
            EventKind::Call => "call",
            EventKind::Other => "other",
        }
    }

    /// What it is, for people: `2 picture messages (MMS)`.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            EventKind::Mms => "picture messages (MMS)",
            EventKind::Rcs => "chat messages (RCS)",
            EventKind::OtherChannel => "messages of another service, like WhatsApp",
            EventKind::Binary => "SMS of bytes that are no text",
            EventKind::DeliveryReport => "reports about messages that were sent",
            EventKind::Ping => "signs of life",
            EventKind::Availability => "notes that it starts, stops or is offline",
            EventKind::Call => "telephone calls",
            EventKind::Other => "other events",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A message of somebody that cannot be judged, because it came as no SMS: only an SMS shows who holds a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unjudged {
    /// Who sent it, as written; empty where that is not said.
    pub sender: String,
    /// Its text; empty where it has none.
    pub text: String,
}

/// Something that came and is no SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// The message, where it is one of somebody.
    pub message: Option<Unjudged>,
}

impl Event {
    /// Nobody's message.
    #[must_use]
    pub fn of(kind: EventKind) -> Event {
        Event { kind, message: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.word()), Some(kind));
        }
        let mut words: Vec<&str> =
            EventKind::ALL.iter().flat_map(|kind| [kind.word(), kind.about()]).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 2 * EventKind::ALL.len(), "{words:?}");
        assert_eq!(EventKind::Mms.about(), "picture messages (MMS)");
        assert_eq!(EventKind::named("sms"), None);
    }
}
