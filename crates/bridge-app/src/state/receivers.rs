//! The receivers: phones, modems and providers that hand in SMS, known by name, each with its secret and its numbers,
//! and what was seen of each. The audit store keeps them; this is what the bridge knows of them, which holds while that
//! store is away. The receiver `default` is whatever has `SMS_BRIDGE_RECEIVER_KEY`: several phones may share it, so it
//! can never be missed.

mod findings;
mod known;
mod lines;
mod note;
mod seen;
mod skew;
mod spelling;

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge_core::{Mobile, Settings, Span, Timestamp};
use bridge_store::AuditStore;
use bridge_store::audit::{Receiver, Sighting};
use tokio::sync::watch;

pub use findings::{BATTERY_LOW, State};
pub use known::{DEFAULT, KnownReceiver, ReceiverIdentity};
pub use seen::{REPORT_MAX_CHARS, Sightings};
pub use spelling::SpellingQuestion;

use lines::{Line, Load};

/// All receivers.
#[derive(Debug)]
pub struct Receivers {
    known: watch::Sender<Arc<Vec<Arc<KnownReceiver>>>>,
    seen: Sightings,
    load: Load,
    data_dir: std::path::PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
    /// Nobody was heard before: what was not said while the bridge was away is not held against a phone.
    listening_since: Timestamp,
}

/// Whether any receiver is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// None was added by name and heard of: nobody can be missed.
    NoneNamed,
    /// At least one is alive.
    Alive,
    /// Every one is silent; the last of them since then.
    Silent(Timestamp),
}

impl Receivers {
    /// Begins with what the data folder remembers.
    #[must_use]
    pub fn open(data_dir: &std::path::Path, now: Timestamp) -> Receivers {
        let receivers = Receivers {
            known: watch::Sender::new(Arc::default()),
            seen: Sightings::default(),
            load: Load::default(),
            data_dir: data_dir.to_owned(),
            reading: tokio::sync::Mutex::default(),
            listening_since: now,
        };
        let (rows, sightings) = note::load(data_dir);
        receivers.replace(rows);
        receivers.seen.learn(sightings);
        receivers
    }

    fn replace(&self, rows: Vec<Receiver>) {
        self.known.send_replace(Arc::new(rows.into_iter().map(KnownReceiver::new).map(Arc::new).collect()));
    }

    /// Reads them from their source: who they are, and what all bridges saw of them.
    pub async fn reload(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let _turn = self.reading.lock().await;
        let rows = audit.receivers().await?;
        let sightings = audit.sightings().await?;
        let changed = !self.known.borrow().iter().map(|known| &known.row).eq(rows.iter());
        if changed {
            self.replace(rows.clone());
            note::save(&self.data_dir, &rows, &sightings);
        }
        self.seen.learn(sightings);
        Ok(())
    }

    /// Writes down what was seen here, and reads what the others saw.
    pub async fn exchange(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let fresh = self.seen.take_fresh();
        if !fresh.is_empty()
            && let Err(error) = audit.note_sightings(&fresh).await
        {
            self.seen.give_back(fresh);
            return Err(error);
        }
        self.reload(audit).await
    }

    /// Every one that was added and is not revoked, by name.
    #[must_use]
    pub fn live(&self) -> Vec<Arc<KnownReceiver>> {
        self.known.borrow().iter().filter(|known| known.is_live()).cloned().collect()
    }

    /// The one of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<KnownReceiver>> {
        self.known.borrow().iter().find(|known| known.is_live() && known.row.name == name).cloned()
    }

    /// The one with that secret. Every secret of every receiver is compared.
    #[must_use]
    pub fn with_secret(&self, secret: &str) -> Option<Arc<KnownReceiver>> {
        let mut found = None;
        for known in self.known.borrow().iter().filter(|known| known.is_live()) {
            if known.accepts(secret) {
                found = Some(known.clone());
            }
        }
        found
    }

    /// What was seen of each.
    #[must_use]
    pub fn seen(&self) -> &Sightings {
        &self.seen
    }

    /// What is known of all that were heard of, revoked ones left out.
    #[must_use]
    pub fn all_seen(&self) -> BTreeMap<String, Sighting> {
        let live = self.live();
        let mut all = self.seen.all();
        all.retain(|name, _| name == DEFAULT || live.iter().any(|known| known.row.name == *name));
        all
    }

    /// Does it speak? One that was never heard of is not missed.
    #[must_use]
    pub fn is_silent(&self, name: &str, now: Timestamp, settings: &Settings) -> bool {
        self.silent_since(name, settings).is_some_and(|since| now > since)
    }

    /// From when on it is silent if it does not speak.
    fn silent_since(&self, name: &str, settings: &Settings) -> Option<Timestamp> {
        let last = self.seen.of(name).last_seen_at?;
        Some(last.max(self.listening_since) + Span::seconds(settings.receiver_silence_seconds))
    }

    /// Whether any is alive ("never tell a user to text a dead phone").
    #[must_use]
    pub fn liveness(&self, now: Timestamp, settings: &Settings) -> Liveness {
        let live = self.live();
        // One that the operator paused is expected to say nothing.
        let silent = live
            .iter()
            .filter(|known| !known.row.paused)
            .filter_map(|known| self.silent_since(&known.row.name, settings));
        match silent.max() {
            None => Liveness::NoneNamed,
            Some(since) if now > since => Liveness::Silent(since),
            Some(_) => Liveness::Alive,
        }
    }

    /// The number that this user is to text.
    #[must_use]
    pub fn number_for(&self, user: &Mobile, now: Timestamp, settings: &Settings) -> Option<String> {
        let mut lines: Vec<Line> = Vec::new();
        let own = Some(settings.sms_receiver_number.clone()).filter(|number| !number.is_empty());
        for known in self.live().iter().filter(|known| !known.row.paused) {
            let seen = self.seen.of(&known.row.name).last_seen_at.is_some();
            let alive = seen && !self.is_silent(&known.row.name, now, settings);
            lines.extend(known.row.numbers.iter().map(|number| Line { number: number.clone(), alive }));
        }
        if let Some(number) = own
            && lines.iter().all(|line| line.number != number)
        {
            // The number of `default`, which is never missed: before one that is known to be silent or was never heard of.
            let alive = !lines.iter().any(|line| line.alive)
                || self.seen.of(DEFAULT).last_seen_at.is_some() && !self.is_silent(DEFAULT, now, settings);
            lines.push(Line { number, alive });
        }
        self.load.hand_out(&lines, user, now)
    }

    /// Can a user be told a number?
    #[must_use]
    pub fn has_number(&self, settings: &Settings) -> bool {
        !settings.sms_receiver_number.is_empty()
            || self.live().iter().any(|known| !known.row.paused && !known.row.numbers.is_empty())
    }
}
