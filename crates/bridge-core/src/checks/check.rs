//! What a check is, and the facts it may look at. Not the list of them, and not how they are run one after the
//! other: that is `checks`.

use super::reason::Reason;
use super::window::Window;
use crate::judged_record::JudgedRecord;
use crate::message::Found;
use crate::onboarding::Onboarding;
use crate::phone::{Mobile, PhoneError};
use crate::settings::Settings;
use crate::sms::InboundSms;
use crate::time::Timestamp;

/// One check: its name in settings, tables and answers, what it asks in words, and the question itself.
pub struct Check {
    /// `mobile_check`; its toggle is `mobile_check_enabled`.
    pub name: &'static str,
    /// What it makes sure of, for people.
    pub about: &'static str,
    /// What its failure means to whoever sent the SMS.
    pub to_sender: ToSender,
    /// A person may know better than it: an operator may accept an SMS that failed here alone (D48).
    pub may_be_waived: bool,
    pub(super) run: fn(&Facts<'_>, &Settings) -> Outcome,
    pub(super) reasons: &'static [Reason],
    pub(super) off: Option<&'static str>,
    pub(super) rule: fn(&Settings) -> String,
    pub(super) fact: fn(&JudgedRecord<'_>, &Settings) -> String,
}

/// What a failure means to the person who sent the SMS: they need no more of it, and are told no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToSender {
    /// It is not the SMS that was asked for: they can send that one.
    NotMatched,
    /// It came after the time was over.
    Late,
    /// Too many came of their number.
    TooMany,
    /// Their number cannot be confirmed here.
    Refused,
}

impl Check {
    /// What may happen while it is switched off, where that is dangerous.
    #[must_use]
    pub fn danger_when_off(&self) -> Option<&'static str> {
        self.off
    }

    /// Its rule in words, with the values that hold.
    #[must_use]
    pub fn rule(&self, settings: &Settings) -> String {
        (self.rule)(settings)
    }

    /// What it found, or would have found, as far as the stored SMS tells.
    #[must_use]
    pub fn fact(&self, record: &JudgedRecord<'_>, settings: &Settings) -> String {
        (self.fact)(record, settings)
    }

    /// What would have made an SMS pass that failed here for that reason. None: the check knows no such reason.
    #[must_use]
    pub fn remedy(&self, reason: &str, record: &JudgedRecord<'_>, settings: &Settings) -> Option<String> {
        let reason = self.reasons.iter().find(|known| known.word == reason)?;
        Some((reason.remedy)(record, settings))
    }
}

/// What a check says when it runs: pass, or fail with a reason.
pub(super) type Outcome = Result<(), Reason>;

/// What a store knows about the sender of one SMS, read in one atomic step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderFacts {
    /// The onboarding that the SMS is judged by. A store gives the newest of the sender, in any state (D7);
    /// [`SenderFacts::meant_by`] puts the one in its place whose hash the text holds (D51).
    pub onboarding: Option<Onboarding>,
    /// The pair of sender and that onboarding's device is in `Queue_validated_mobiles`.
    pub pair_validated: bool,
    /// Further onboardings of the sender that an SMS may mean, newest first.
    pub others: Vec<Standing>,
    /// Distinct SMS of this sender in 24 h, this one included; 0 if it is not counted (D3).
    pub sms_in_window: i64,
    /// The sender is in `blacklist_mobiles`.
    pub blacklisted: bool,
}

/// One of several onboardings of a number that stand side by side (D51).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// As it stands.
    pub onboarding: Onboarding,
    /// The pair of its number and its device is in `Queue_validated_mobiles`.
    pub pair_validated: bool,
}

impl SenderFacts {
    /// What is known of a sender with these onboardings, newest first.
    #[must_use]
    pub fn of(standing: Vec<Standing>, sms_in_window: i64, blacklisted: bool) -> SenderFacts {
        let mut standing = standing.into_iter();
        let newest = standing.next();
        let pair_validated = newest.as_ref().is_some_and(|newest| newest.pair_validated);
        let onboarding = newest.map(|newest| newest.onboarding);
        SenderFacts { onboarding, pair_validated, others: standing.collect(), sms_in_window, blacklisted }
    }

    /// The facts as they are for an SMS whose text holds these hashes: it is judged by the onboarding that was given
    /// one of them, and else by the newest (D51).
    #[must_use]
    pub fn meant_by(mut self, found: &Found) -> SenderFacts {
        // All are compared, whichever fits: how long that takes tells nothing.
        let fits = |onboarding: &Onboarding| found.holds(&onboarding.hash, onboarding.asked.short);
        let newest = self.onboarding.as_ref().is_some_and(fits);
        let place = self.others.iter().enumerate().fold(None, |place, (nth, other)| {
            let fits = fits(&other.onboarding);
            place.or(fits.then_some(nth))
        });
        if let (false, Some(place), Some(onboarding)) = (newest, place, &mut self.onboarding) {
            let meant = &mut self.others[place];
            std::mem::swap(onboarding, &mut meant.onboarding);
            std::mem::swap(&mut self.pair_validated, &mut meant.pair_validated);
        }
        self
    }
}

/// Everything the checks may look at: the SMS itself, what the store knows, and the time.
pub struct Facts<'a> {
    /// The SMS.
    pub sms: &'a InboundSms,
    /// The hashes in its text.
    pub found: &'a Found,
    /// What the store knows.
    pub sender: &'a SenderFacts,
    /// When it is judged.
    pub now: Timestamp,
}

impl Facts<'_> {
    pub(super) fn mobile(&self) -> Result<&Mobile, PhoneError> {
        self.sms.sender.as_ref().map_err(|e| *e)
    }

    /// When it came, against the window of that onboarding.
    pub(super) fn window(&self, onboarding: &Onboarding, settings: &Settings) -> Window {
        Window::of(self.sms, onboarding, settings.tolerance(), settings.asks_for_a_hash())
    }

    /// Could it be meant by this SMS, going by its times?
    pub(super) fn was_open(&self, onboarding: &Onboarding, settings: &Settings) -> bool {
        onboarding.state.can_be_validated() && self.window(onboarding, settings).is_in_time()
    }

    /// Sent in time, judged after the deadline.
    pub(super) fn is_late(&self, settings: &Settings) -> bool {
        self.sender.onboarding.as_ref().is_some_and(|onboarding| {
            self.now > onboarding.user_deadline + settings.tolerance()
                && self.window(onboarding, settings).is_in_time()
        })
    }
}
