//! Which phones' own lists are still to be read, and since when: after the bridge was away, and after a receiver was.
//! It stays owed until the list was read, over restarts too; a phone that does not answer is asked again, ever more
//! rarely.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};

use crate::base::data_file;
use crate::state::receivers::{KnownReceiver, Receivers};

/// What was on its way when a receiver was last heard.
const BEFORE: Span = Span(3_600_000);
const AGAIN_FIRST: Span = Span(30_000);
const AGAIN_MAX: Span = Span(600_000);

const FILE: &str = "pulls.json";

/// What is owed by every receiver with a list.
#[derive(Debug, Default)]
pub struct InboxReads {
    all: Mutex<BTreeMap<String, Owed>>,
    /// Where it is noted what is owed.
    note: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Owed {
    since: Option<Timestamp>,
    /// It is silent, and was last heard then.
    silent: Option<Timestamp>,
    failures: u32,
    not_before: Timestamp,
}

impl InboxReads {
    /// The bridge starts: what came while it was away is owed by everybody.
    #[must_use]
    pub fn begin(receivers: &Receivers, data_dir: &Path) -> InboxReads {
        let note = data_dir.join(FILE);
        let noted: BTreeMap<String, Timestamp> = std::fs::read(&note)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let reads = InboxReads { note: Some(note), ..InboxReads::default() };
        for known in receivers.live().iter().filter(|known| has_list(known)) {
            let name = &known.row.name;
            let last_seen = receivers.seen().of(name).last_seen_at;
            reads.change(name, |owed| {
                owed.owe(since(known, last_seen));
                noted.get(name).into_iter().for_each(|since| owed.owe(*since));
            });
        }
        reads
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Owed) -> T) -> T {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = all.entry(name.to_owned()).or_default();
        let before = owed.since;
        let done = change(owed);
        if owed.since != before {
            self.save(&all);
        }
        done
    }

    /// A note that cannot be written is only missed when the bridge starts again before the list was read.
    fn save(&self, all: &BTreeMap<String, Owed>) {
        let Some(note) = &self.note else { return };
        let owed: BTreeMap<&str, Timestamp> =
            all.iter().filter_map(|(name, owed)| Some((name.as_str(), owed.since?))).collect();
        if let Err(error) = data_file::write_json(note, &owed) {
            tracing::warn!(%error, "what is to be read from phones cannot be noted in the data folder");
        }
    }

    /// From when on this list is to be read now. `last_seen`: when it was heard, if it is silent since.
    #[must_use]
    pub fn due(
        &self,
        known: &KnownReceiver,
        last_seen: Option<Timestamp>,
        is_silent: bool,
        now: Timestamp,
    ) -> Option<Timestamp> {
        self.change(&known.row.name, |owed| {
            if is_silent {
                owed.silent = last_seen;
            } else if let Some(before) = owed.silent.take() {
                owed.owe(since(known, Some(before)));
            }
            owed.since.filter(|_| now >= owed.not_before)
        })
    }

    /// It was read from then on.
    pub fn read(&self, name: &str, since: Timestamp) {
        self.change(name, |owed| {
            if owed.since.is_some_and(|owed| owed >= since) {
                owed.since = None;
            }
            owed.failures = 0;
            owed.not_before = Timestamp::default();
        });
    }

    /// It could not be read.
    pub fn failed(&self, name: &str, now: Timestamp) {
        self.change(name, |owed| {
            let pause = AGAIN_FIRST.0.saturating_mul(1 << owed.failures.min(8)).min(AGAIN_MAX.0);
            owed.failures += 1;
            owed.not_before = now + Span(pause);
        });
    }
}

impl Owed {
    fn owe(&mut self, since: Timestamp) {
        self.since = Some(self.since.map_or(since, |earlier| earlier.min(since)));
        self.not_before = Timestamp::default();
    }
}

/// Can this receiver's list be read at all?
#[must_use]
pub fn has_list(known: &KnownReceiver) -> bool {
    known.format.is_some_and(|format| format.has_inbox) && known.row.inbox_url.is_some()
}

/// From when on the list of a receiver that was last heard then may hold what never came.
#[must_use]
pub fn since(known: &KnownReceiver, last_seen: Option<Timestamp>) -> Timestamp {
    last_seen.map_or(known.row.added_at, |at| at - BEFORE)
}

#[cfg(test)]
mod tests {
    use bridge_store::audit::Receiver;

    use super::*;

    const HOUR: Span = Span(3_600_000);

    fn known() -> KnownReceiver {
        KnownReceiver::new(Receiver {
            name: "hall".into(),
            format: "smsgate".into(),
            numbers: Vec::new(),
            secrets: Vec::new(),
            signing_keys: Vec::new(),
            inbox_url: Some("http://user:password@192.0.2.1:8080".into()),
            number_style: None,
            time_zone: None,
            expected_every_seconds: None,
            paused: false,
            added_at: Timestamp(500),
            revoked_at: None,
        })
    }

    #[test]
    fn owed_after_silence_from_an_hour_before_it() {
        let (reads, known) = (InboxReads::default(), known());
        let heard = Timestamp(10 * HOUR.0);
        let now = heard + HOUR;
        assert_eq!(reads.due(&known, Some(heard), false, now), None);
        assert_eq!(reads.due(&known, Some(heard), true, now), None, "nobody is there to be asked");
        assert_eq!(reads.due(&known, Some(now), false, now), Some(heard - HOUR));
        reads.read("hall", heard - HOUR);
        assert_eq!(reads.due(&known, Some(now), false, now), None);
        assert_eq!(since(&known, None), Timestamp(500));
    }

    #[test]
    fn a_phone_that_does_not_answer_is_asked_again_ever_more_rarely() {
        let (reads, known) = (InboxReads::default(), known());
        let since = Timestamp(9);
        reads.change("hall", |owed| owed.owe(since));
        let mut now = Timestamp(1_000_000);
        for pause in [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
            assert_eq!(reads.due(&known, None, false, now), Some(since));
            reads.failed("hall", now);
            assert_eq!(reads.due(&known, None, false, now + Span(pause - 1)), None);
            now = now + Span(pause);
        }
        reads.read("hall", Timestamp(10));
        assert_eq!(
            reads.due(&known, None, false, now),
            Some(since),
            "what was read is less than what is owed"
        );
    }
}
