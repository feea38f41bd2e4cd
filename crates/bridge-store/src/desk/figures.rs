//! Figures that are kept while rows are written: what is drawn from them costs no scan.

use bridge_core::Timestamp;
use bridge_core::onboarding::State;

/// How many passed and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
}

/// Judged SMS of one step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsRate {
    /// When the step begins.
    pub at: Timestamp,
    /// How many.
    pub count: Outcomes,
}

/// Judged SMS of one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverRate {
    /// Its name.
    pub receiver_id: String,
    /// How many.
    pub count: Outcomes,
}

/// Registrations of one step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationRate {
    /// When the step begins.
    pub at: Timestamp,
    /// How many registered.
    pub registered: u64,
    /// How many of them are validated by now.
    pub validated: u64,
}

/// How many SMS failed at one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The check, or `onboarding_match`.
    pub check: String,
    /// How many.
    pub count: u64,
}

/// What became of those who registered in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Registered.
    pub registered: u64,
    /// Of them: an SMS was judged against the onboarding, before its end or after it. Of one that is still pending that is
    /// not known yet.
    pub sms_seen: u64,
    /// Of them: validated.
    pub validated: u64,
    /// Where the others are, the most frequent first.
    pub drop_outs: Vec<DropOut>,
}

impl Funnel {
    /// From where those who registered stand, the most frequent first.
    pub fn of(stood: Vec<DropOut>) -> Funnel {
        let sum =
            |counts: &dyn Fn(&DropOut) -> bool| stood.iter().filter(|d| counts(d)).map(|d| d.count).sum();
        Funnel {
            registered: sum(&|_| true),
            sms_seen: sum(&|stands| stands.last_sms.is_some()),
            validated: sum(&|stands| stands.state == State::Validated),
            drop_outs: stood.into_iter().filter(|stands| stands.state != State::Validated).collect(),
        }
    }

    /// One person stands elsewhere now than where they are counted; none: they are not counted yet.
    pub fn moved(&mut self, before: Option<(State, Option<String>)>, now: (State, Option<String>)) {
        if let Some((state, last_sms)) = before {
            self.count(state, last_sms, |n| *n = n.saturating_sub(1));
        }
        self.count(now.0, now.1, |n| *n += 1);
        self.drop_outs.retain(|stands| stands.count > 0);
        self.drop_outs.sort_by_key(|stands| std::cmp::Reverse(stands.count));
    }

    fn count(&mut self, state: State, last_sms: Option<String>, change: fn(&mut u64)) {
        change(&mut self.registered);
        if state == State::Validated {
            change(&mut self.sms_seen);
            return change(&mut self.validated);
        }
        if last_sms.is_some() {
            change(&mut self.sms_seen);
        }
        match self.drop_outs.iter_mut().find(|one| one.state == state && one.last_sms == last_sms) {
            Some(one) => change(&mut one.count),
            None => {
                let mut count = 0;
                change(&mut count);
                self.drop_outs.push(DropOut { state, last_sms, count });
            }
        }
    }
}

/// Those who are not validated, by why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropOut {
    /// Where they stand: pending, expired, cancelled or superseded.
    pub state: State,
    /// The check at which their last SMS failed; none: no SMS came. A state of its own, `passed`, where an SMS passed and
    /// the onboarding had ended otherwise.
    pub last_sms: Option<String>,
    /// How many.
    pub count: u64,
}

/// One who sends SMS that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The number, or the sender as it came.
    pub mobile_number: String,
    /// How many failed.
    pub failed: u64,
    /// When the newest of them came in.
    pub last_at: Timestamp,
    /// It is blacklisted since then.
    pub blacklisted_at: Option<Timestamp>,
}

/// Refused registrations of one hour, reason and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRate {
    /// When the hour begins.
    pub hour: Timestamp,
    /// The error code that was answered.
    pub reason: String,
    /// The country that they came from, where an edge told.
    pub place: Option<String>,
    /// How many, those included for which a sampled one stands.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_moves_is_counted_once() {
        let stood = |state, last_sms: Option<&str>, count| DropOut {
            state,
            last_sms: last_sms.map(str::to_owned),
            count,
        };
        let mut funnel =
            Funnel::of(vec![stood(State::Expired, None, 2), stood(State::Validated, Some("passed"), 1)]);
        let late = (State::Expired, Some("time_window_check".to_owned()));
        funnel.moved(Some((State::Expired, None)), late);
        funnel.moved(None, (State::Pending, None));
        funnel.moved(Some((State::Pending, None)), (State::Validated, Some("passed".to_owned())));
        assert_eq!((funnel.registered, funnel.sms_seen, funnel.validated), (4, 3, 2));
        assert_eq!(
            funnel.drop_outs,
            [stood(State::Expired, None, 1), stood(State::Expired, Some("time_window_check"), 1)]
        );
    }
}
