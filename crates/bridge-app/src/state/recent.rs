//! What this bridge did in the last hour, in memory: judged SMS and registrations by minute, and the newest verdicts.
//! For people who look; what must be kept is in the audit store.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge_core::Timestamp;
use bridge_core::verdict::Verdict;
use uuid::Uuid;

/// Minutes that are remembered.
pub const MINUTES: u8 = 60;
/// Verdicts that are remembered.
const NEWEST: usize = 20;
const MINUTE_MS: i64 = 60_000;

/// What happened in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Its number: whole minutes since 1970.
    pub number: i64,
    /// SMS that passed.
    pub passed: u64,
    /// SMS that failed.
    pub failed: u64,
    /// Onboardings that were opened.
    pub registered: u64,
}

/// One SMS that was judged.
#[derive(Clone, Debug)]
pub struct RecentSms {
    /// Which SMS.
    pub sms_id: Uuid,
    /// Its sender: shown masked.
    pub sender: String,
    /// Who delivered it.
    pub receiver: String,
    /// When it was judged.
    pub at: Timestamp,
    /// From the request to the recorded verdict.
    pub took: Duration,
    /// The verdict.
    pub verdict: Verdict,
}

/// What happened in the last hour, for people who look.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// The oldest first; minutes without anything are left out.
    minutes: VecDeque<Minute>,
    /// The newest first.
    newest: VecDeque<RecentSms>,
    /// Did the newest registration say where its user is?
    client_was_told: Option<bool>,
}

impl Recent {
    /// A registration said from which address its user came, or did not (D51).
    pub fn told_an_address(&self, told: bool) {
        self.lock().client_was_told = Some(told);
    }

    /// Did the newest registration? None: there was none yet.
    #[must_use]
    pub fn client_was_told(&self) -> Option<bool> {
        self.lock().client_was_told
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An SMS was judged.
    pub fn judged(&self, sms: RecentSms) {
        let mut remembered = self.lock();
        let minute = remembered.minute(sms.at);
        if sms.verdict.passed() {
            minute.passed += 1;
        } else {
            minute.failed += 1;
        }
        remembered.newest.truncate(NEWEST - 1);
        remembered.newest.push_front(sms);
    }

    /// An onboarding was opened.
    pub fn registered(&self, now: Timestamp) {
        self.lock().minute(now).registered += 1;
    }

    /// The newest verdicts, the newest first.
    #[must_use]
    pub fn newest(&self) -> Vec<RecentSms> {
        self.lock().newest.iter().cloned().collect()
    }

    /// The last hour, every minute of it, the oldest first.
    #[must_use]
    pub fn minutes(&self, now: Timestamp) -> Vec<Minute> {
        let last = now.0.div_euclid(MINUTE_MS);
        let remembered = self.lock();
        let known = |number| remembered.minutes.iter().find(|minute| minute.number == number).copied();
        let first = last - i64::from(MINUTES) + 1;
        (first..=last).map(|number| known(number).unwrap_or(Minute { number, ..Minute::default() })).collect()
    }
}

impl Remembered {
    fn minute(&mut self, now: Timestamp) -> &mut Minute {
        let number = now.0.div_euclid(MINUTE_MS);
        // A clock that was set back goes on in the minute it had reached.
        if self.minutes.back().is_none_or(|minute| minute.number < number) {
            self.minutes.push_back(Minute { number, ..Minute::default() });
            if self.minutes.len() > usize::from(MINUTES) {
                self.minutes.pop_front();
            }
        }
        let newest = self.minutes.len() - 1;
        &mut self.minutes[newest]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_remembered_and_no_more() {
        let recent = Recent::default();
        let at = |minute: i64| Timestamp(minute * MINUTE_MS + 7);
        for minute in 0..200 {
            recent.registered(at(minute));
            recent.registered(at(minute));
        }
        let minutes = recent.minutes(at(210));
        assert_eq!((minutes.len(), minutes[0].number, minutes[0].registered), (60, 151, 2));
        assert_eq!(minutes[59].registered, 0);
        recent.registered(at(3));
        assert_eq!(recent.minutes(at(199))[59].registered, 3);
    }
}
