//! The books that the phones and apps keep: every SMS, every answer, and whatever was answered that must not be.
//! Only written while the run goes; the proof reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::oracle::Verdict;

/// An acknowledgement with when and by which bridge it was given.
#[derive(Clone, Debug)]
pub(crate) struct Acked {
    /// For whoever lays it beside the logs.
    pub(crate) at: jiff::Timestamp,
    pub(crate) bridge: usize,
    pub(crate) ack: Ack,
}

/// One answer with a 2xx to one delivery of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ack {
    /// 202: kept for later.
    Stored,
    /// 200: judged.
    Judged { id: i64, sms_id: String, verdict: Verdict },
}

/// One SMS on a phone.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Journey and step, for whoever looks for it.
    pub(crate) place: (u32, usize),
    pub(crate) mobile: String,
    pub(crate) text: String,
    /// The phone's stamp in milliseconds, where it gave one.
    pub(crate) stamp_ms: Option<i64>,
    pub(crate) expected: Verdict,
    pub(crate) acks: Vec<Acked>,
}

impl Sent {
    pub(crate) fn is_acknowledged(&self) -> bool {
        !self.acks.is_empty()
    }

    /// Every answer so far was 202.
    pub(crate) fn is_stored_only(&self) -> bool {
        self.is_acknowledged() && self.acks.iter().all(|acked| acked.ack == Ack::Stored)
    }
}

/// A new hash that was given.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// When the answer came, and from which bridge.
    pub(crate) at: jiff::Timestamp,
    pub(crate) bridge: usize,
    pub(crate) mobile: String,
    pub(crate) device: String,
    pub(crate) hash: String,
}

/// Who asked for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    Register,
    Sms,
    Cancel,
    Block,
}

impl Route {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Route::Register => "register",
            Route::Sms => "SMS",
            Route::Cancel => "cancel",
            Route::Block => "block",
        }
    }
}

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Status(u16),
    /// Refused, cut or closed half way.
    Broken,
    /// No answer within the phone's patience.
    TimedOut,
}

#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) sms: Vec<Sent>,
    pub(crate) opened: Vec<Opened>,
    /// Pairs that must be validated in the end, of the journeys that were played to their end.
    pub(crate) validated: BTreeSet<String>,
    pub(crate) journeys: u32,
    /// Those that had no answer when the run had to end.
    pub(crate) unfinished: u32,
    pub(crate) ends: BTreeMap<(Route, End), u64>,
    /// Answers that came later than the bridge promises, and the longest.
    pub(crate) slow: u64,
    pub(crate) slowest: Duration,
    /// What was answered that must not be; the first ones in words.
    pub(crate) wrong: Vec<String>,
    pub(crate) wrongs: u64,
}

/// D26: whatever is down, an answer comes within 2 s.
const PROMISED: Duration = Duration::from_secs(2);
const WRONG_KEPT: usize = 20;

#[derive(Default)]
pub(crate) struct Ledger(Mutex<Entries>);

impl Ledger {
    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an SMS before it is delivered the first time. Answers its number.
    pub(crate) fn sends(&self, sent: Sent) -> usize {
        let mut entries = self.entries();
        entries.sms.push(sent);
        entries.sms.len() - 1
    }

    pub(crate) fn acknowledged(&self, number: usize, bridge: usize, ack: Ack) {
        if let Some(sent) = self.entries().sms.get_mut(number) {
            sent.acks.push(Acked { at: jiff::Timestamp::now(), bridge, ack });
        }
    }

    pub(crate) fn ended(&self, route: Route, end: End, took: Duration) {
        let mut entries = self.entries();
        *entries.ends.entry((route, end)).or_default() += 1;
        if matches!(end, End::Status(_)) {
            entries.slow += u64::from(took > PROMISED);
            entries.slowest = entries.slowest.max(took);
        }
    }

    pub(crate) fn is_wrong(&self, what: String) {
        let mut entries = self.entries();
        entries.wrongs += 1;
        if entries.wrong.len() < WRONG_KEPT {
            entries.wrong.push(what);
        }
    }
}
