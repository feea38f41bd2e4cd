//! The result of an import: what became of its rows, and for each hour what the phone's list has and the bridge lacked.

use std::collections::BTreeMap;

use bridge_core::{Timestamp, Verdict};
use bridge_store::audit::HourCount;
use serde::Serialize;
use utoipa::ToSchema;

const HOUR_MS: i64 = 3_600_000;
/// Hours that are told apart: six years of them. What is in more than that is counted, but by no hour.
const HOURS_MAX: usize = 50_000;

/// The counts of an import.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Report {
    /// Rows of the list.
    pub rows: u64,
    /// Judged now.
    pub judged: u64,
    /// Of those, how many validated a number.
    pub passed: u64,
    /// The bridge had them: they came live, or with an import before.
    pub redelivered: u64,
    /// Nobody can use them; they are kept with their lines.
    pub quarantined: u64,
    /// Judged now, received before their onboarding's deadline.
    pub late: u64,
    /// No received SMS: sent ones, drafts, multimedia messages.
    pub skipped: u64,
    /// Kept, to be judged later.
    pub stored: u64,
    /// On the phone's list, and not on the bridge before.
    pub missing: u64,
    /// By hour of reception, oldest first, of those whose time is known.
    #[schema(value_type = Vec<Hour>)]
    pub hours: Hours,
}

impl Report {
    /// The counts as a sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Report { rows, judged, stored, quarantined, .. } = self;
        match judged + stored + quarantined {
            0 => format!("{rows} SMS are on its list; nothing was missing"),
            _ => format!(
                "{rows} SMS are on its list: {judged} were missing and are judged now, {stored} are kept for later, {quarantined} nobody can use"
            ),
        }
    }
}

/// One hour of one receiver.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hour {
    /// Whose list.
    pub receiver_id: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub hour: Timestamp,
    /// SMS on the phone's list.
    pub phone: u64,
    /// Of those, what the bridge had.
    pub known: u64,
    /// Of those, what it had not.
    pub missing: u64,
    /// What the bridge has of this receiver in this hour, on the phone's list or not; where it was compared alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<u64>,
}

/// The counts of one hour.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    known: u64,
    missing: u64,
    bridge: Option<u64>,
}

/// Hours in their order.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    receiver_id: String,
    all: BTreeMap<i64, Counts>,
}

impl Hours {
    /// Each with its counts.
    pub fn iter(&self) -> impl Iterator<Item = Hour> {
        self.all.iter().map(|(hour, counts)| Hour {
            receiver_id: self.receiver_id.clone(),
            hour: Timestamp(hour * HOUR_MS),
            phone: counts.known + counts.missing,
            known: counts.known,
            missing: counts.missing,
            bridge: counts.bridge,
        })
    }

    fn of(&mut self, stamp: Timestamp) -> Option<&mut Counts> {
        let hour = stamp.0.div_euclid(HOUR_MS);
        if self.all.len() >= HOURS_MAX && !self.all.contains_key(&hour) {
            return None;
        }
        Some(self.all.entry(hour).or_default())
    }
}

impl Serialize for Hours {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Report {
    pub(super) fn new(receiver_id: &str) -> Report {
        Report {
            hours: Hours { receiver_id: receiver_id.to_owned(), ..Hours::default() },
            ..Report::default()
        }
    }

    pub(super) fn known(&mut self, stamp: Option<Timestamp>) {
        self.redelivered += 1;
        if let Some(counts) = stamp.and_then(|stamp| self.hours.of(stamp)) {
            counts.known += 1;
        }
    }

    pub(super) fn missing(&mut self, stamp: Option<Timestamp>) {
        self.missing += 1;
        if let Some(counts) = stamp.and_then(|stamp| self.hours.of(stamp)) {
            counts.missing += 1;
        }
    }

    /// From the first hour up to the end of the last. None: there is no SMS on the list.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = (self.hours.all.first_key_value()?, self.hours.all.last_key_value()?);
        Some((Timestamp(first.0 * HOUR_MS), Timestamp((last.0 + 1) * HOUR_MS)))
    }

    /// What the bridge has in each of these hours, on the list or not.
    pub(super) fn compare(&mut self, bridge: &[HourCount]) {
        self.hours.all.values_mut().for_each(|counts| counts.bridge = Some(0));
        let own = self.hours.receiver_id.clone();
        for one in bridge.iter().filter(|one| one.receiver_id == own) {
            if let Some(counts) = self.hours.of(one.hour) {
                counts.bridge = Some(u64::try_from(one.count).unwrap_or_default());
            }
        }
    }

    pub(super) fn judged(&mut self, stamp: Option<Timestamp>, verdict: &Verdict) {
        self.missing(stamp);
        self.judged += 1;
        self.passed += u64::from(verdict.passed());
        self.late += u64::from(verdict.late_delivery);
    }

    pub(super) fn stored(&mut self, stamp: Option<Timestamp>) {
        self.missing(stamp);
        self.stored += 1;
    }
}
