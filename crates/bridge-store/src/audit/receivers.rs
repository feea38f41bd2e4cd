//! Receivers that were added by name, and what was seen of each. Not how one is recognised or told what is wrong.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bridge_core::Zone;
use bridge_core::phone::NumberStyle;
use bridge_core::{Span, Timestamp};
use url::Url;

use crate::Result;

/// A receiver that was added by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name, the `receiver_id` of what it delivers.
    pub name: String,
    /// The format it delivers in.
    pub format: String,
    /// The numbers that its SMS are sent to, E.164.
    pub numbers: Vec<String>,
    /// SHA-256 of each live secret, hex.
    pub secrets: Vec<String>,
    /// Keys that sign its deliveries.
    pub signing_keys: Vec<String>,
    /// Where its own list of SMS can be read (SMSGate, local mode), with user and password.
    pub inbox_url: Option<String>,
    /// How it writes the numbers of senders, where the operator said so.
    pub number_style: Option<NumberStyle>,
    /// In which zone its clock runs, for stamps that do not say it (D40). None: nobody has said so.
    pub time_zone: Option<Zone>,
    /// How often it is heard from at least, in seconds, where its operator says so (D50).
    pub expected_every_seconds: Option<u32>,
    /// What it delivers is not taken now.
    pub paused: bool,
    /// When it was added.
    pub added_at: Timestamp,
    /// When its right to deliver ended.
    pub revoked_at: Option<Timestamp>,
}

/// Whoever logs a receiver logs no secret: lists of them by their length, the address without who may read it.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("name", &self.name)
            .field("format", &self.format)
            .field("numbers", &self.numbers.len())
            .field("secrets", &self.secrets.len())
            .field("signing_keys", &self.signing_keys.len())
            .field("inbox_url", &self.inbox_url.as_deref().map(bare))
            .field("number_style", &self.number_style)
            .field("time_zone", &self.time_zone)
            .field("expected_every_seconds", &self.expected_every_seconds)
            .field("paused", &self.paused)
            .field("added_at", &self.added_at)
            .field("revoked_at", &self.revoked_at)
            .finish()
    }
}

/// Scheme, host and port of an address: the rest may hold what nobody else is to know.
fn bare(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        _ => "not readable".to_owned(),
    }
}

/// What was seen of one receiver; as an argument: since it was last noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Its name; there may be no [`Receiver`] of it.
    pub name: String,
    /// When it first delivered or reported anything.
    pub first_seen_at: Option<Timestamp>,
    /// When it last did.
    pub last_seen_at: Option<Timestamp>,
    /// When somebody last came under its name with a wrong secret.
    pub wrong_secret_at: Option<Timestamp>,
    /// SMS that were new.
    pub delivered: i64,
    /// SMS that were known.
    pub redelivered: i64,
    /// Bodies that nobody could use.
    pub rejected: i64,
    /// Of those, bodies that named two senders, texts, times or ids.
    pub contradictory: i64,
    /// SMS whose sender was a number both with a calling code and without one.
    pub ambiguous: i64,
    /// SMS whose sender could be read in one way only: with a plus,
    pub wrote_e164: i64,
    /// with a calling code and no plus,
    pub wrote_international: i64,
    /// and without a calling code.
    pub wrote_national: i64,
    /// What it sent that is no SMS, by kind: pictures, delivery reports, signs of life (D45).
    pub events: BTreeMap<String, i64>,
    /// How far its stamps were ahead of the time.
    pub clock_skew: Span,
    /// When that was measured; None: never.
    pub skew_measured_at: Option<Timestamp>,
    /// How far apart its pings and heartbeats usually are (D50); None: it has no habit.
    pub ping_gap: Option<Span>,
    /// When that was measured.
    pub ping_measured_at: Option<Timestamp>,
    /// What it said of itself last: the version of its app,
    pub app_version: Option<String>,
    /// its battery in percent,
    pub battery: Option<u8>,
    /// whether that is being charged,
    pub charging: Option<bool>,
    /// and which network it is in.
    pub network: Option<String>,
    /// When it said so.
    pub reported_at: Option<Timestamp>,
}

impl Sighting {
    /// Adds what else was seen: counts add up, the earliest and the latest time stay, the skew that was measured
    /// last, and of each thing it said of itself what it said last.
    pub fn add(&mut self, seen: &Sighting) {
        self.first_seen_at = [self.first_seen_at, seen.first_seen_at].into_iter().flatten().min();
        self.last_seen_at = self.last_seen_at.max(seen.last_seen_at);
        self.wrong_secret_at = self.wrong_secret_at.max(seen.wrong_secret_at);
        self.delivered = self.delivered.saturating_add(seen.delivered);
        self.redelivered = self.redelivered.saturating_add(seen.redelivered);
        self.rejected = self.rejected.saturating_add(seen.rejected);
        self.contradictory = self.contradictory.saturating_add(seen.contradictory);
        self.ambiguous = self.ambiguous.saturating_add(seen.ambiguous);
        self.wrote_e164 = self.wrote_e164.saturating_add(seen.wrote_e164);
        self.wrote_international = self.wrote_international.saturating_add(seen.wrote_international);
        self.wrote_national = self.wrote_national.saturating_add(seen.wrote_national);
        for (kind, count) in &seen.events {
            let known = self.events.entry(kind.clone()).or_default();
            *known = known.saturating_add(*count);
        }
        if seen.skew_measured_at.is_some() && seen.skew_measured_at >= self.skew_measured_at {
            (self.clock_skew, self.skew_measured_at) = (seen.clock_skew, seen.skew_measured_at);
        }
        if seen.ping_measured_at.is_some() && seen.ping_measured_at >= self.ping_measured_at {
            (self.ping_gap, self.ping_measured_at) = (seen.ping_gap, seen.ping_measured_at);
        }
        let is_newer = seen.reported_at >= self.reported_at;
        said(&mut self.app_version, &seen.app_version, is_newer);
        said(&mut self.battery, &seen.battery, is_newer);
        said(&mut self.charging, &seen.charging, is_newer);
        said(&mut self.network, &seen.network, is_newer);
        self.reported_at = self.reported_at.max(seen.reported_at);
    }
}

/// What was said last; a report that does not tell takes nothing away.
fn said<T: Clone>(known: &mut Option<T>, told: &Option<T>, is_newer: bool) {
    if told.is_some() && (is_newer || known.is_none()) {
        known.clone_from(told);
    }
}

/// One sighting for each name, in their order: what several tell of one is added up.
pub fn by_name(seen: &[Sighting]) -> Vec<Sighting> {
    let mut names: BTreeMap<&str, Sighting> = BTreeMap::new();
    for sighting in seen {
        match names.get_mut(sighting.name.as_str()) {
            Some(known) => known.add(sighting),
            None => drop(names.insert(&sighting.name, sighting.clone())),
        }
    }
    names.into_values().collect()
}

/// Who delivers, and what was seen of each.
#[async_trait]
pub trait ReceiverTrail: Send + Sync + 'static {
    /// Every receiver that was added, revoked ones too, by name.
    async fn receivers(&self) -> Result<Vec<Receiver>>;
    /// Adds a receiver, or changes the one of that name.
    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()>;
    /// What was seen of every receiver, by name.
    async fn sightings(&self) -> Result<Vec<Sighting>>;
    /// Adds what was seen since it was last noted, all or nothing, as [`Sighting::add`] does.
    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let receiver = Receiver {
            name: "phone-1".to_owned(),
            format: "smsgate".to_owned(),
            numbers: vec!["+919876543210".to_owned()],
            secrets: vec!["hidden".to_owned()],
            signing_keys: vec!["hidden".to_owned()],
            inbox_url: Some("http://hidden:hidden@192.0.2.7:8080/hidden?key=hidden".to_owned()),
            number_style: None,
            time_zone: None,
            expected_every_seconds: None,
            paused: false,
            added_at: Timestamp(0),
            revoked_at: None,
        };
        let shown = format!("{receiver:#?}");
        assert!(!shown.contains("hidden") && shown.contains("\"http://192.0.2.7:8080\""), "{shown}");
        let crooked = Receiver { inbox_url: Some("hidden:hidden@192.0.2.7".to_owned()), ..receiver };
        assert!(!format!("{crooked:?}").contains("hidden"));
    }
}
