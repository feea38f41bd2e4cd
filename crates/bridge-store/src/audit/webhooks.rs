//! Webhooks: who is told which events, what waits to be told to whom, and how every try went. Each event is kept once;
//! for each webhook that wants it there is a delivery. Not when it is tried again: that is decided by whoever tries.

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Result;
use crate::events::{Event, EventKind};

/// An endpoint of an app, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where events are posted.
    pub url: String,
    /// Which events.
    pub events: Vec<EventKind>,
    /// What it is for, in the operator's words.
    pub description: String,
    /// Is it told anything?
    pub enabled: bool,
    /// What its messages are signed with: `whsec_…`.
    pub secret: String,
    /// The secret before, which signs too until `previous_until`.
    pub previous_secret: Option<String>,
    /// Until when.
    pub previous_until: Option<Timestamp>,
    /// When it was added: what happened before is not told.
    pub created_at: Timestamp,
    /// Since when no try has succeeded; none: the last one did, or there was none.
    pub failing_since: Option<Timestamp>,
    /// Why the bridge switched it off, where it did.
    pub disabled_reason: Option<String>,
}

impl Webhook {
    /// It is told events of this kind.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.enabled && self.events.contains(&kind)
    }

    /// What a message is signed with at that time, newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let still = self.previous_until.is_some_and(|until| now < until);
        std::iter::once(self.secret.as_str()).chain(self.previous_secret.as_deref().filter(|_| still))
    }
}

/// A delivery whose turn it is, as somebody claimed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub delivery: i64,
    /// `webhook-id`.
    pub event_id: String,
    /// What is posted, the same at every try.
    pub body: String,
    /// How often it was tried since it was last asked for.
    pub tries: u32,
}

/// How one try went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: i64,
    /// The status of the answer; none: there was none.
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: String,
    /// Why there is no answer that counts.
    pub error: Option<String>,
}

/// A try that was made, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The delivery.
    pub delivery: i64,
    /// How it went.
    pub outcome: Outcome,
    /// What comes next.
    pub next: Next,
}

/// What comes after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It was taken.
    Delivered,
    /// It is tried again then.
    Again(Timestamp),
    /// It is not tried again.
    GivenUp,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried, or tried again.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed => "failed",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<DeliveryState> {
        [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl Next {
    /// How the delivery stands after it.
    #[must_use]
    pub fn state(self) -> DeliveryState {
        match self {
            Next::Delivered => DeliveryState::Delivered,
            Next::Again(_) => DeliveryState::Waiting,
            Next::GivenUp => DeliveryState::Failed,
        }
    }

    /// When it is tried again.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Next::Again(at) => Some(at),
            Next::Delivered | Next::GivenUp => None,
        }
    }
}

/// One delivery, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: i64,
    /// `webhook-id`.
    pub event_id: String,
    /// `type`.
    pub kind: EventKind,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What is posted, the same at every try.
    pub body: String,
    /// How it stands.
    pub state: DeliveryState,
    /// When it is tried next, where it waits.
    pub next_at: Option<Timestamp>,
    /// Every try, oldest first.
    pub tries: Vec<Outcome>,
}

/// What is to be delivered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Everything that happened at or after that time.
    Since(Timestamp),
    /// One delivery.
    Delivery(i64),
}

/// How many deliveries of a webhook are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// They wait.
    pub waiting: u64,
    /// They were taken.
    pub delivered: u64,
    /// They were given up.
    pub failed: u64,
}

/// What one bridge sees of something that every bridge of a group may see: that registration is paused, that a receiver is
/// silent, or that it is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What it is about: the same for every bridge.
    pub subject: Uuid,
    /// It is so now, for this bridge.
    pub is_on: bool,
    /// What is told if this is news.
    pub event: Event,
    /// What is told when it begins: the end is told only after it.
    pub begins: EventKind,
}

impl Observed {
    /// Is it news? It is not what this bridge, or another one that lives, said before, and what is over was told to begin.
    #[must_use]
    pub fn is_news(&self, was_mine: bool, is_another_s: bool, newest: Option<EventKind>) -> bool {
        let has_begun = newest == Some(self.begins);
        if self.is_on { !(was_mine || is_another_s || has_begun) } else { has_begun && !is_another_s }
    }
}

/// Who is told what, and how it goes.
#[async_trait]
pub trait WebhookTrail: Send + Sync + 'static {
    /// Every webhook, oldest first.
    async fn webhooks(&self) -> Result<Vec<Webhook>>;
    /// Adds a webhook, or writes it anew; then what waits for it is tried at once, and from the beginning.
    async fn put_webhook(&self, webhook: &Webhook) -> Result<()>;
    /// Removes a webhook and its deliveries. False: there is none.
    async fn remove_webhook(&self, id: Uuid) -> Result<bool>;
    /// Keeps those events that some webhook wants that was there when they happened, each with a delivery for each of these.
    /// One that is there already stays as it is. Answers how many are new.
    async fn append_events(&self, events: &[Event]) -> Result<usize>;
    /// Notes what this bridge of a group sees, one after the other. What no bridge saw before begins, and what none sees any
    /// more is over: each is kept as one event. A bridge that said nothing for `silent`, by the store's own clock, sees
    /// nothing any more. Answers how many events are new.
    async fn observe(&self, bridge: Uuid, silent: Span, observed: &[Observed]) -> Result<usize>;
    /// Takes up to `max` deliveries of a webhook whose turn it is, until then: nobody else gets them before. Of the events
    /// about one subject only the first that waits.
    async fn claim_deliveries(
        &self,
        now: Timestamp,
        webhook: Uuid,
        by: Uuid,
        until: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>>;
    /// Whatever this bridge had claimed nobody works on any more.
    async fn release_deliveries(&self, by: Uuid) -> Result<()>;
    /// Keeps how tries went, all of one webhook, and since when it fails: a try that was taken ends that.
    async fn note_tries(&self, webhook: Uuid, tries: &[Tried]) -> Result<()>;
    /// Up to `max` deliveries of a webhook, newest first: those before this one.
    async fn deliveries(&self, webhook: Uuid, before: Option<i64>, max: usize) -> Result<Vec<Delivery>>;
    /// Delivers again what was delivered or given up. Answers how many.
    async fn replay(&self, now: Timestamp, webhook: Uuid, what: Replay) -> Result<u64>;
    /// How the deliveries of a webhook stand.
    async fn tally_deliveries(&self, webhook: Uuid) -> Result<Tally>;
}
