//! What a batch adds to the figures, added up and written in its transaction. Not how figures are read.

use std::collections::BTreeMap;

use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Span, Timestamp};
use bridge_store::desk::{HOUR, Kind, LATENCY_GRAIN, MINUTE, bucket_of, floor};
use bridge_store::judged::QueuedSms;
use rusqlite::{Connection, params};

/// What a batch adds to the figures.
#[derive(Default)]
pub(super) struct Added {
    by_minute: BTreeMap<(i64, &'static str), i64>,
    by_hour: BTreeMap<(i64, String, &'static str), i64>,
    onboardings: BTreeMap<(i64, &'static str, String), i64>,
    took: BTreeMap<(i64, &'static str, i32), i64>,
}

impl Added {
    /// A row of `input_sms` that is new.
    pub(super) fn sms(&mut self, queued: &QueuedSms) {
        if queued.sms.is_timeless() {
            return;
        }
        let outcome = queued.verdict.failed_at.map_or("passed", FailedAt::as_str);
        let at = queued.sms.counted_at();
        *self.by_minute.entry((floor(at, MINUTE).0, outcome)).or_default() += 1;
        let by_hour = (floor(at, HOUR).0, queued.sms.receiver_id.clone(), outcome);
        *self.by_hour.entry(by_hour).or_default() += 1;
        let came = queued.sms.server_received_at;
        self.took(Kind::Verdict, came, queued.judged_at - came);
    }

    /// A row of `onboarding_mobile` as it is now, and how it was before: no longer counted there.
    pub(super) fn onboarding(
        &mut self,
        onboarding: &Onboarding,
        last_sms: Option<String>,
        before: Option<(State, Option<String>)>,
    ) {
        let minute = floor(onboarding.request_timestamp, MINUTE).0;
        let mut count = |state: State, last_sms: Option<String>, by: i64| {
            let last_sms = if state == State::Validated { Some("passed".to_owned()) } else { last_sms };
            *self.onboardings.entry((minute, state.as_str(), last_sms.unwrap_or_default())).or_default() +=
                by;
        };
        let state_before = before.as_ref().map(|(state, _)| *state);
        count(onboarding.state, last_sms, 1);
        if let Some((state, last_sms)) = before {
            count(state, last_sms, -1);
        }
        if let Some(at) = onboarding.validated_at
            && onboarding.state == State::Validated
            && state_before != Some(State::Validated)
        {
            self.took(Kind::Validation, at, at - onboarding.request_timestamp);
        }
    }

    fn took(&mut self, kind: Kind, at: Timestamp, took: Span) {
        *self.took.entry((floor(at, LATENCY_GRAIN).0, kind.as_str(), bucket_of(took))).or_default() += 1;
    }

    /// Into the tables.
    pub(super) fn write(self, conn: &Connection) -> rusqlite::Result<()> {
        let mut write = conn.prepare_cached(
            "INSERT INTO ops_sms_minute (minute, outcome, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (minute, outcome) DO UPDATE SET count = count + excluded.count",
        )?;
        for ((minute, outcome), count) in self.by_minute {
            write.execute(params![minute, outcome, count])?;
        }
        let mut write = conn.prepare_cached(
            "INSERT INTO ops_sms_hour (hour, receiver_id, outcome, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (hour, receiver_id, outcome) DO UPDATE SET count = count + excluded.count",
        )?;
        for ((hour, receiver_id, outcome), count) in self.by_hour {
            write.execute(params![hour, receiver_id, outcome, count])?;
        }
        let mut write = conn.prepare_cached(
            "INSERT INTO ops_onboarding_minute (minute, state, last_sms, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (minute, state, last_sms) DO UPDATE SET count = count + excluded.count",
        )?;
        for ((minute, state, last_sms), count) in
            self.onboardings.into_iter().filter(|(_, count)| *count != 0)
        {
            write.execute(params![minute, state, last_sms, count])?;
        }
        let mut write = conn.prepare_cached(
            "INSERT INTO ops_latency (since, kind, bucket, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (since, kind, bucket) DO UPDATE SET count = count + excluded.count",
        )?;
        for ((since, kind, bucket), count) in self.took {
            write.execute(params![since, kind, bucket, count])?;
        }
        Ok(())
    }
}
