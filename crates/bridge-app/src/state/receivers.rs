//! The receivers: phones, modems and providers that hand in SMS, known by name, each with its secret and its numbers,
//! and what was seen of each. The audit store keeps them; this is what the bridge knows of them, which holds while that
//! store is away. The receiver `default` is whatever has `SMS_BRIDGE_RECEIVER_KEY`: several phones may share it, so it
//! can never be missed.

mod doubt;
mod findings;
mod known;
mod lines;
mod note;
mod rhythm;
mod seen;
mod skew;
mod spelling;
mod trials;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bridge_core::{Mobile, Settings, Span, Timestamp};
use bridge_store::AuditStore;
use bridge_store::audit::{Receiver, Sighting};
use tokio::sync::watch;

pub use findings::{BATTERY_LOW, State};
pub use known::{DEFAULT, KnownReceiver, ReceiverIdentity};
pub use seen::{REPORT_MAX_CHARS, Sightings};
pub use spelling::SpellingQuestion;

use doubt::Doubt;
use lines::{Line, Load};
use trials::Trials;

/// All receivers.
#[derive(Debug)]
pub struct Receivers {
    known: watch::Sender<Arc<Vec<Arc<KnownReceiver>>>>,
    seen: Sightings,
    load: Load,
    data_dir: std::path::PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
    /// Nobody was heard before: what was not said while the bridge was away, or by another clock, is not held against a
    /// phone.
    listening_since: AtomicI64,
    trials: Trials,
    doubt: Doubt,
}

/// Whether any receiver is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// None was added by name and heard of: nobody can be missed.
    NoneNamed,
    /// At least one is alive, or nobody can know that it is not.
    Alive,
    /// Every one has a habit of speaking, and broke it; the last of them then.
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
            listening_since: AtomicI64::new(now.0),
            trials: Trials::default(),
            doubt: Doubt::default(),
        };
        let (rows, sightings) = note::load(data_dir);
        receivers.replace(rows);
        receivers.seen.learn(sightings);
        receivers
    }

    fn replace(&self, rows: Vec<Receiver>) {
        self.known.send_replace(Arc::new(rows.into_iter().map(KnownReceiver::new).map(Arc::new).collect()));
    }

    fn listening_since(&self) -> Timestamp {
        Timestamp(self.listening_since.load(Ordering::Relaxed))
    }

    /// The clock was set: nobody was silent for that, and no phone's clock is off by it.
    pub fn clock_was_set(&self, now: Timestamp, by: Span) {
        self.listening_since.store(now.0, Ordering::Relaxed);
        self.seen.clock_was_set(now, by);
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

    /// Is it silent, though it usually speaks? One that was never heard of is not missed, nor one that has no habit.
    #[must_use]
    pub fn is_silent(&self, name: &str, now: Timestamp, settings: &Settings) -> bool {
        self.silent_from(name, now, settings).is_some_and(|from| now > from)
    }

    /// Has nobody heard of it for that long, whatever its habit? Nothing is wrong then, but something may have been missed.
    #[must_use]
    pub fn is_quiet(&self, name: &str, now: Timestamp, settings: &Settings) -> bool {
        let last = self.seen.of(name).last_seen_at;
        last.is_some_and(|last| {
            now > self.heard(last, now) + Span::seconds(settings.receiver_silence_seconds)
        })
    }

    /// From when on it is silent if it does not speak. None: nobody can know.
    fn silent_from(&self, name: &str, now: Timestamp, settings: &Settings) -> Option<Timestamp> {
        let seen = self.seen.of(name);
        let expected = self.named(name).and_then(|known| known.row.expected_every_seconds);
        let habit = match expected {
            Some(seconds) => Span(3 * Span::seconds(seconds).0),
            None => Span(3 * seen.ping_gap?.0).max(Span::seconds(settings.receiver_silence_seconds)),
        };
        Some(self.heard(seen.last_seen_at?, now) + habit)
    }

    /// When it was last heard, or could have been. A time to come was told by another clock.
    fn heard(&self, last: Timestamp, now: Timestamp) -> Timestamp {
        let since = self.listening_since();
        if last > now { since } else { last.max(since) }
    }

    /// Whether any is alive ("never tell a user to text a dead phone").
    #[must_use]
    pub fn liveness(&self, now: Timestamp, settings: &Settings) -> Liveness {
        let mut silent_since = None;
        // One that the operator paused is expected to say nothing; one that was never heard of may not be set up yet.
        for known in self.live().iter().filter(|known| !known.row.paused) {
            let name = &known.row.name;
            if self.seen.of(name).last_seen_at.is_none() {
                continue;
            }
            match self.silent_from(name, now, settings) {
                Some(from) if now > from => silent_since = silent_since.max(Some(from)),
                _ => return Liveness::Alive,
            }
        }
        silent_since.map_or(Liveness::NoneNamed, Liveness::Silent)
    }

    /// May this number try, while all are silent since then? Asking is trying.
    pub fn let_through(&self, since: Timestamp, user: &Mobile, now: Timestamp) -> bool {
        self.trials.let_through(since, user.e164(), now)
    }

    /// When the next number may try.
    #[must_use]
    pub fn next_trial(&self) -> Timestamp {
        self.trials.next()
    }

    /// Somebody registered, and has until then to send the SMS.
    pub fn registered(&self, deadline: Timestamp) {
        self.doubt.registered(deadline, self.seen.delivered_in_all());
    }

    /// Since when it is in doubt whether SMS still come: several people registered, and none came.
    #[must_use]
    pub fn in_doubt_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.doubt.since(now, self.seen.delivered_in_all())
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
