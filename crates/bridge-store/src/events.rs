//! Events that apps are told by webhooks: their kinds, one event, and how it waits in the hot store from the very step
//! that made it happen. Not who is told, nor how: who is told is `audit::webhooks`.

use bridge_core::{Onboarding, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares each kind of event once, with the name that apps see and what it says.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])* $kind:ident = $word:literal; )*) => {
        /// What can be told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventKind {
            $( $(#[doc = $doc])* $kind, )*
        }

        impl EventKind {
            /// Every kind, in the order in which people read them.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind),*];

            /// The `type` of such an event.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $( EventKind::$kind => $word, )* }
            }

            /// What it says, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $( EventKind::$kind => concat!($($doc),*), )* }
            }
        }
    };
}

kinds! {
    /// The number's holder sent the SMS: the number is validated.
    OnboardingValidated = "onboarding.validated";
    /// The deadline passed, and no SMS came that failed a check.
    OnboardingExpired = "onboarding.expired";
    /// The deadline passed, and the last SMS that came failed a check.
    OnboardingFailed = "onboarding.failed";
    /// The app or the person cancelled it.
    OnboardingCancelled = "onboarding.cancelled";
    /// A newer registration took its place.
    OnboardingSuperseded = "onboarding.superseded";
    /// An SMS was judged.
    SmsJudged = "sms.judged";
    /// A receiver that usually speaks says nothing.
    ReceiverSilent = "receiver.silent";
    /// A receiver that was silent speaks again.
    ReceiverBack = "receiver.back";
    /// Registration is paused.
    BridgePaused = "bridge.paused";
    /// Registration goes on.
    BridgeResumed = "bridge.resumed";
    /// A number was blocked.
    NumberBlacklisted = "number.blacklisted";
    /// Somebody tries a webhook out.
    WebhookTest = "webhook.test";
}

impl EventKind {
    /// The kind of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// It tells what became of an onboarding.
    #[must_use]
    pub fn is_of_onboarding(self) -> bool {
        self.word().starts_with("onboarding.")
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<EventKind, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        EventKind::from_word(&word)
            .ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no kind of event")))
    }
}

/// Something that happened, as apps are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `webhook-id`: made of what happened, so that the same event has the same id however often it is found.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// When what it tells of came to be: who is erased until then takes it along.
    pub since: Timestamp,
    /// What it is about: events about one subject are told in their order. The id of an onboarding, or a name's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
    /// Whose it is: erased with that number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_number: Option<String>,
    /// `data` of its body: JSON, as it is posted.
    pub data: String,
}

impl Event {
    /// What is posted.
    #[must_use]
    pub fn body(&self) -> String {
        let Event { kind, at, data, .. } = self;
        format!(
            "{{\"type\":\"{}\",\"timestamp\":\"{}\",\"data\":{data}}}",
            kind.word(),
            at.to_rfc3339_millis()
        )
    }
}

/// What waits in the hot store to be told, as it was queued in the step that made it happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// An onboarding came into the state that it is in here.
    State {
        /// When it came into it, by the clock of the bridge that did it.
        at: Timestamp,
        /// As it was then.
        onboarding: Box<Onboarding>,
    },
    /// What the judgement of one SMS means, one after the other.
    Judged(ToldOfSms),
}

/// The events of one judged SMS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldOfSms {
    /// Its sender.
    pub mobile_number: String,
    /// When it came in.
    pub taken_in: Timestamp,
    /// What is told of it, in this order.
    pub events: Vec<Event>,
}

impl Told {
    /// Whose it is.
    #[must_use]
    pub fn mobile_number(&self) -> &str {
        match self {
            Told::State { onboarding, .. } => onboarding.mobile.e164(),
            Told::Judged(of_sms) => &of_sms.mobile_number,
        }
    }

    /// When what it tells of came to be: who is erased until then takes it along.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match self {
            Told::State { onboarding, .. } => onboarding.request_timestamp,
            Told::Judged(of_sms) => of_sms.taken_in,
        }
    }
}

/// Something that waits to be told, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedEvent {
    /// Its place in the queue, to be forgotten by.
    pub place: String,
    /// What it is.
    pub told: Told,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_a_sentence() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.word()), Some(*kind));
            assert!(kind.about().trim().ends_with('.'), "{}", kind.word());
        }
        assert_eq!(EventKind::from_word("onboarding.started"), None);
    }

    #[test]
    fn a_body_has_type_time_and_data() {
        let event = Event {
            id: "evt_1".to_owned(),
            kind: EventKind::OnboardingValidated,
            at: Timestamp(1_769_860_800_000),
            since: Timestamp(0),
            subject: None,
            mobile_number: None,
            data: "{\"metadata\":1.50}".to_owned(),
        };
        let body = "{\"type\":\"onboarding.validated\",\"timestamp\":\"2026-01-31T12:00:00.000Z\",\"data\":{\"metadata\":1.50}}";
        assert_eq!(event.body(), body, "what the app gave is handed back as it came");
    }
}
