//! One person: what is kept of a number, and its removal.

use bridge_core::sms::Key;
use bridge_core::time::DAY;
use bridge_core::{State, Timestamp};

use super::{Memory, live};
use crate::hot::REGISTRATION_WINDOW;
use crate::hot::restored::Window;
use crate::judged::QueuedSms;
use crate::person::{Count, HotPerson, Removed, Traces};

impl Memory {
    fn queued_of<'a>(&'a self, mobile: &'a str) -> impl Iterator<Item = &'a QueuedSms> {
        self.queue.values().filter(move |queued| queued.sms.mobile_number() == mobile)
    }

    fn pairs_of(&self, mobile: &str) -> Vec<String> {
        let of_number = format!("{mobile}:");
        self.validated.iter().filter(|pair| pair.starts_with(&of_number)).cloned().collect()
    }

    fn remembered(&self, mobile: &str, traces: &Traces) -> Vec<Key> {
        let mut all = traces.remembered.clone();
        all.extend(self.queued_of(mobile).filter_map(QueuedSms::key));
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> HotPerson {
        let of_number = self.onboardings.iter().map(|kept| &kept.onboarding);
        let mut onboardings: Vec<_> = of_number.filter(|o| o.mobile.e164() == mobile).cloned().collect();
        onboardings.sort_by_key(|onboarding| onboarding.id);
        let seen = self.remembered(mobile, traces);
        let seen = seen.iter().filter_map(|key| self.seen.get(key)).filter(|seen| seen.until > now);
        let mut answers: Vec<_> = seen.filter_map(|seen| seen.answer.clone()).collect();
        answers.sort_by_key(|answer| answer.id);
        let count = |window: Window| Count { count: window.count, until: window.until };
        let marks = self.waiting.iter().filter(|((marked, _), until)| marked == mobile && **until > now);
        HotPerson {
            onboardings,
            registrations: Count::of_all(
                self.registrations
                    .iter()
                    .filter(|((number, _), window)| number == mobile && window.until > now)
                    .map(|(_, window)| count(*window)),
            ),
            sms: live(&self.sms_counts, now, &mobile.to_owned()).map(count),
            validated: self.pairs_of(mobile),
            blacklisted: self.is_blocked(now, mobile),
            queued_blacklisting: self.blacklist_queue.get(mobile).cloned(),
            queued_sms: self.queued_of(mobile).cloned().collect(),
            answers,
            waiting: marks.map(|((_, id), _)| *id).collect(),
        }
    }

    /// Takes all pairs of a number but these.
    pub(super) fn unvalidate(&mut self, mobile: &str, but: &[String]) -> u64 {
        let gone: Vec<String> =
            self.pairs_of(mobile).into_iter().filter(|pair| !but.contains(pair)).collect();
        self.validated.retain(|pair| !gone.contains(pair));
        gone.len() as u64
    }

    pub(super) fn erase(&mut self, mobile: &str, until: Timestamp, traces: &Traces) -> Removed {
        let mut removed = Removed::new();
        let mut note = |kind: &str, count: u64| {
            if count > 0 {
                removed.insert(kind.to_owned(), count);
            }
        };
        // By what came to be until then, before the queue is emptied of it.
        let queued: Vec<i64> = self
            .queued_of(mobile)
            .filter(|queued| queued.sms.server_received_at <= until)
            .map(|queued| queued.id)
            .collect();
        let mut remembered = traces.remembered.clone();
        let mut deliveries = traces.deliveries.clone();
        for sms in queued.iter().filter_map(|id| self.queue.get(id)) {
            remembered.extend(sms.key());
            deliveries.extend(sms.sms.identity().delivery);
        }
        let (gone, stay): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.onboardings).into_iter().partition(|kept| {
                kept.onboarding.mobile.e164() == mobile && kept.onboarding.request_timestamp <= until
            });
        self.onboardings = stay;
        self.changed.extend(gone.iter().map(|kept| kept.onboarding.id));
        note("onboardings", gone.len() as u64);
        let stays: Vec<String> = self
            .onboardings
            .iter()
            .filter(|kept| {
                kept.onboarding.mobile.e164() == mobile && kept.onboarding.state == State::Validated
            })
            .map(|kept| kept.onboarding.pair())
            .collect();
        let mut counts = 0;
        let before = self.registrations.len();
        self.registrations
            .retain(|(number, _), window| number != mobile || window.until > until + REGISTRATION_WINDOW);
        counts += (before - self.registrations.len()) as u64;
        if self.sms_counts.get(mobile).is_some_and(|w| w.until <= until + DAY) {
            self.sms_counts.remove(mobile);
            counts += 1;
        }
        if self.uncounted.get(mobile).is_some_and(|at| *at <= until) {
            self.uncounted.remove(mobile);
            counts += 1;
        }
        note("counts", counts);
        note("validated", self.unvalidate(mobile, &stays));
        queued.iter().for_each(|id| drop(self.queue.remove(id)));
        note("queued_sms", queued.len() as u64);
        let before = self.told.len();
        self.told.retain(|_, told| told.mobile_number() != mobile || told.since() > until);
        note("queued_events", (before - self.told.len()) as u64);
        let mut answers = 0;
        for key in remembered {
            if self.seen.get(&key).is_some_and(|seen| seen.received_at <= until) {
                self.seen.remove(&key);
                answers += 1;
            }
        }
        note("answers", answers);
        note(
            "deliveries",
            deliveries.iter().filter(|key| self.deliveries.remove(*key).is_some()).count() as u64,
        );
        let marks = traces.waiting.iter().map(|id| (mobile.to_owned(), *id));
        note("waiting", marks.filter(|mark| self.waiting.remove(mark).is_some()).count() as u64);
        removed
    }
}
