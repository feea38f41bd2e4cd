//! Losing everything and getting it back (D28): what `begin_rebuild` empties and `restore` brings.

use bridge_core::time::DAY;
use bridge_core::{Onboarding, State, Timestamp};
use uuid::Uuid;

use super::{Delivery, Memory, Seen};
use crate::hot::restored::{Window, is_newer, told, updated};
use crate::hot::{REBUILD, REGISTRATION_WINDOW, Restore, Right};
use crate::judged::{Answer, QueuedSms};

pub(super) fn epoch_name(token: Uuid) -> String {
    token.to_string()
}

impl Memory {
    /// Nothing is left but what is being waited for: the counters, the lease of the rebuild.
    pub(super) fn empty(&mut self, token: Uuid) {
        let mut leases = std::mem::take(&mut self.leases);
        leases.retain(|job, _| job == REBUILD);
        let (counters, entered) = (self.counters, self.entered.take());
        let (tells, last_told) = (self.tells, self.last_told);
        let rebuilding = Some(token);
        *self = Memory { counters, entered, leases, rebuilding, tells, last_told, ..Memory::default() };
    }

    pub(super) fn restore(&mut self, now: Timestamp, right: Right, part: Restore<'_>) -> bool {
        let may = match right {
            Right::Rebuilding(token) => self.rebuilding == Some(token) && self.epoch.is_none(),
            Right::Entered => self.entered.is_some() && self.entered == self.epoch,
        };
        if may {
            match part {
                Restore::Onboardings(list) => list.iter().for_each(|o| self.restore_onboarding(now, o)),
                Restore::Validated(pairs) => self.validated.extend(pairs.iter().cloned()),
                Restore::Judged(list) => list.iter().for_each(|sms| self.restore_judged(now, sms)),
                Restore::Uncounted(list) => {
                    for (mobile, at) in list {
                        let there = self.uncounted.entry(mobile.clone()).or_insert(*at);
                        *there = (*there).max(*at);
                    }
                }
            }
        }
        may
    }

    fn restore_onboarding(&mut self, now: Timestamp, restored: &Onboarding) {
        if restored.expires_at <= now {
            return;
        }
        let there = self.onboardings.iter().find(|kept| kept.onboarding.id == restored.id);
        if let Some(there) = there.map(|kept| kept.onboarding.clone()) {
            if let Some(onboarding) = updated(&there, restored) {
                self.put(now, &onboarding, false);
            }
            return;
        }
        let mobile = restored.mobile.e164();
        let from = (mobile.to_owned(), restored.client.clone());
        let window = Window::with_registration(
            self.registrations.get(&from).copied(),
            restored.request_timestamp,
            REGISTRATION_WINDOW,
        );
        self.registrations.insert(from, window);
        let standing = self.standing(now, mobile);
        let theirs: Vec<_> =
            standing.iter().filter(|there| there.is_same_person(restored)).cloned().collect();
        match standing.first().filter(|newest| !is_newer(restored, newest)) {
            // Its number has a newer one: it comes before all others.
            Some(_) => {
                self.insert_before(restored.clone(), false);
                if !theirs.is_empty() {
                    self.supersede(now, restored.clone());
                }
            }
            None => {
                self.insert(restored.clone(), false);
                theirs.into_iter().for_each(|older| self.supersede(now, older));
            }
        }
    }

    /// What a newer registration of the same person did to it, whether or not `onboarding_mobile` ever heard of that.
    fn supersede(&mut self, now: Timestamp, older: Onboarding) {
        if older.state.can_be_validated() {
            self.change_state(now, older, State::Superseded);
        }
    }

    fn restore_judged(&mut self, now: Timestamp, sms: &QueuedSms) {
        if let Some(there) = sms.onboarding_id.and_then(|id| self.by_id(now, id))
            && let Some((onboarding, is_validated)) = told(&there, sms)
        {
            if is_validated {
                self.validated.insert(onboarding.pair());
            }
            let onboarding = self.write(now, onboarding, is_validated);
            if is_validated {
                self.tell_state(now, &onboarding);
            }
        }
        let Some(fingerprint) = sms.key() else { return };
        let identity = sms.sms.identity();
        let taken_in = sms.sms.server_received_at;
        let until = taken_in + identity.remembered;
        let there = self.seen.get(&fingerprint).filter(|seen| seen.until > now);
        if there.is_some_and(|seen| seen.sms_id == sms.sms.sms_id && seen.answer.is_some()) {
            return;
        }
        if until > now && there.is_none_or(|seen| seen.answer.is_none()) {
            let answer = Answer { id: sms.id, sms_id: sms.sms.sms_id, verdict: sms.verdict.clone() };
            let answered = Seen {
                sms_id: sms.sms.sms_id,
                received_at: taken_in,
                admitted_at: taken_in,
                answer: Some(answer),
                until,
            };
            self.seen.insert(fingerprint, answered);
        }
        if let Some(key) = identity.delivery.filter(|_| until > now)
            && self.deliveries.get(&key).is_none_or(|delivery| delivery.until <= now)
        {
            self.deliveries.insert(key, Delivery { content: identity.content, fingerprint, until });
        }
        self.restore_count(sms);
    }

    fn restore_count(&mut self, sms: &QueuedSms) {
        let (mobile, taken_in) = (sms.sms.mobile_number(), sms.sms.server_received_at);
        let is_forgotten = self.uncounted.get(mobile).is_some_and(|until| taken_in <= *until);
        if sms.sms_in_window > 0 && !is_forgotten {
            let there = self.sms_counts.get(mobile).copied();
            let window = Window::with_sms(there, sms.sms_in_window, taken_in, DAY);
            self.sms_counts.insert(mobile.to_owned(), window);
        }
    }
}
