//! Onboardings: which of a number stand, and registering, cancelling, reviving, expiring.

use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::{LastSms, ending};
use bridge_core::{Onboarding, State, Timestamp};
use uuid::Uuid;

use super::{Kept, Memory, counted, live};
use crate::hot::restored::Window;
use crate::hot::{Cancelled, REGISTRATION_WINDOW, Registered, Registration};

impl Memory {
    pub(super) fn standing(&self, now: Timestamp, mobile: &str) -> Vec<Onboarding> {
        let newest_first =
            self.onboardings.iter().rev().filter(|kept| kept.stands).map(|kept| &kept.onboarding);
        newest_first.filter(|o| o.mobile.e164() == mobile && o.expires_at > now).cloned().collect()
    }

    pub(super) fn by_id(&self, now: Timestamp, id: Uuid) -> Option<Onboarding> {
        let kept = self.onboardings.iter().find(|kept| kept.onboarding.id == id)?;
        Some(kept.onboarding.clone()).filter(|o| o.expires_at > now)
    }

    /// As the newest of its number: a cancelled one before it stands no more.
    pub(super) fn insert(&mut self, onboarding: Onboarding, queued: bool) {
        self.counters.queue_onboarding += 1;
        for kept in &mut self.onboardings {
            let before = &kept.onboarding;
            kept.stands &= before.mobile != onboarding.mobile || before.state != State::Cancelled;
        }
        let stands = onboarding.state != State::Superseded;
        self.onboardings.push(Kept { onboarding, queued, stands });
    }

    /// Before all others.
    pub(super) fn insert_before(&mut self, onboarding: Onboarding, queued: bool) {
        self.counters.queue_onboarding += 1;
        let stands = !matches!(onboarding.state, State::Superseded | State::Cancelled);
        self.onboardings.insert(0, Kept { onboarding, queued, stands });
    }

    /// A new version of an onboarding; `queue` if `onboarding_mobile` must hear of it.
    pub(super) fn write(&mut self, now: Timestamp, mut onboarding: Onboarding, queue: bool) -> Onboarding {
        onboarding.version += 1;
        self.put(now, &onboarding, queue);
        onboarding
    }

    pub(super) fn put(&mut self, now: Timestamp, onboarding: &Onboarding, queue: bool) {
        let newest = self.standing(now, onboarding.mobile.e164()).first().map(|newest| newest.id);
        let (id, state) = (onboarding.id, onboarding.state);
        for kept in self.onboardings.iter_mut().filter(|kept| kept.onboarding.id == id) {
            kept.queued |= queue;
            kept.onboarding = onboarding.clone();
            kept.stands = match state {
                State::Superseded => false,
                State::Cancelled => kept.stands && newest == Some(id),
                State::Validated => true,
                State::Pending | State::Expired => kept.stands,
            };
        }
        self.changed.push(id);
    }

    pub(super) fn change_state(
        &mut self,
        now: Timestamp,
        onboarding: Onboarding,
        state: State,
    ) -> Onboarding {
        self.write(now, Onboarding { state, ..onboarding }, true)
    }

    pub(super) fn register(&mut self, now: Timestamp, registration: &Registration) -> Registered {
        let wanted = &registration.onboarding;
        let mobile = wanted.mobile.e164();
        if registration.refuse_blacklisted && self.is_blocked(now, mobile) {
            return Registered::Blacklisted;
        }
        if self.validated.contains(&wanted.pair()) {
            return Registered::AlreadyValidated;
        }
        let standing = self.standing(now, mobile);
        if let Some(same) = standing.iter().find(|older| older.is_same_again(wanted)) {
            return Registered::Same(same.clone());
        }
        let from = (mobile.to_owned(), wanted.client.clone());
        let window = live(&self.registrations, now, &from)
            .unwrap_or(Window { count: 0, until: now + REGISTRATION_WINDOW });
        if window.count >= registration.per_hour {
            return Registered::TooMany { until: window.until };
        }
        self.registrations.insert(from, Window { count: window.count + 1, ..window });
        for one in ending(&standing, wanted, registration.places) {
            self.change_state(now, one.clone(), State::Superseded);
        }
        self.insert(wanted.clone(), true);
        Registered::New(wanted.clone())
    }

    pub(super) fn cancel(&mut self, now: Timestamp, id: Uuid) -> Cancelled {
        match self.by_id(now, id) {
            None => Cancelled::NotFound,
            Some(onboarding) if onboarding.state.can_be_validated() => {
                Cancelled::Done(self.change_state(now, onboarding, State::Cancelled))
            }
            Some(onboarding) if onboarding.state == State::Cancelled => Cancelled::Done(onboarding),
            Some(onboarding) => Cancelled::Final(onboarding),
        }
    }

    pub(super) fn show_last(&mut self, now: Timestamp, id: Uuid, last: &LastSms) -> bool {
        let Some(mut onboarding) = self.by_id(now, id).filter(|o| o.state.can_be_validated()) else {
            return false;
        };
        onboarding.last_sms = Some(last.clone());
        self.write(now, onboarding, false);
        true
    }

    pub(super) fn move_deadline(&mut self, now: Timestamp, moved: &Onboarding) -> bool {
        let stands = |kept: &&Kept| {
            let there = &kept.onboarding;
            there.id == moved.id && there.state == State::Pending && there.version == moved.version
        };
        let Some(there) = self.onboardings.iter().find(stands).map(|kept| kept.onboarding.clone()) else {
            return false;
        };
        let times = Onboarding {
            request_timestamp: moved.request_timestamp,
            user_deadline: moved.user_deadline,
            expires_at: moved.expires_at,
            ..there
        };
        self.write(now, times, true);
        true
    }

    pub(super) fn revive(
        &mut self,
        now: Timestamp,
        onboarding: &Onboarding,
        until: Timestamp,
    ) -> SenderFacts {
        let mobile = onboarding.mobile.e164();
        let standing = self.standing(now, mobile);
        if standing.iter().all(|there| there.id != onboarding.id) {
            let place = self.onboardings.iter().position(|kept| kept.onboarding.id == onboarding.id);
            let left = place.map(|place| self.onboardings.remove(place));
            // What waits for onboarding_mobile is newer than what came from there.
            let (back, queued) = match left {
                Some(Kept { onboarding, queued: true, .. }) => (onboarding, true),
                _ => (onboarding.clone(), false),
            };
            let back = Onboarding { expires_at: until, ..back };
            if standing.is_empty() {
                self.insert(back, queued);
            } else {
                self.insert_before(back, queued);
            }
        }
        self.known(now, mobile, counted(&self.sms_counts, now, mobile))
    }

    pub(super) fn expire_deadlines(&mut self, now: Timestamp, max: usize) -> usize {
        let mut due: Vec<Onboarding> = self
            .onboardings
            .iter()
            .map(|kept| kept.onboarding.clone())
            .filter(|o| o.state == State::Pending && o.user_deadline < now)
            .collect();
        due.sort_by_key(|o| o.user_deadline);
        due.truncate(max);
        due.into_iter().map(|onboarding| self.change_state(now, onboarding, State::Expired)).count()
    }
}
