//! An SMS on its way through: admitted once, recorded once (D9), or waiting behind another (D25).

use bridge_core::onboarding::{LastSms, pair};
use bridge_core::time::DAY;
use bridge_core::{InboundSms, State, Timestamp};

use super::{Delivery, Memory, Seen, counted, live};
use crate::blacklisting::Blacklisting;
use crate::events::{Told, ToldOfSms};
use crate::hot::restored::Window;
use crate::hot::{Admission, Admitted, IntakeLimits, Recorded, THRESHOLD_EXCEEDED};
use crate::judged::{Answer, Judged, QueuedSms};

impl Memory {
    pub(super) fn admit(&mut self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Admitted {
        let identity = sms.identity();
        let delivered =
            identity.delivery.and_then(|key| self.deliveries.get(&key)).copied().filter(|d| d.until > now);
        let delivery_id_reused = delivered.is_some_and(|d| d.content != identity.content);
        let fingerprint = match delivered {
            Some(delivery) if !delivery_id_reused => delivery.fingerprint,
            _ => identity.fingerprint,
        };
        let waits_behind = limits.behind_waiting && self.is_marked(now, sms.mobile_number());
        let outcome = match self.seen.get_mut(&fingerprint).filter(|seen| seen.until > now) {
            Some(Seen { answer: Some(answer), .. }) => Admission::Answered(answer.clone()),
            _ if waits_behind => Admission::BehindWaiting,
            Some(seen) if now - seen.admitted_at < limits.takeover_after => Admission::BeingJudged,
            Some(seen) => {
                seen.admitted_at = now;
                let (sms_id, server_received_at) = (seen.sms_id, seen.received_at);
                let known = Box::new(self.known(now, sms.mobile_number(), self.count_of(now, sms)));
                Admission::Judge { sms_id, server_received_at, fingerprint, known }
            }
            None => {
                let until = now + identity.remembered;
                let (sms_id, server_received_at) = (sms.sms_id, sms.server_received_at);
                let first =
                    Seen { sms_id, received_at: server_received_at, admitted_at: now, answer: None, until };
                self.seen.insert(fingerprint, first);
                if let Some(key) = identity.delivery.filter(|_| !delivery_id_reused) {
                    self.deliveries.insert(key, Delivery { content: identity.content, fingerprint, until });
                }
                self.count_new(now, sms, limits);
                let known = Box::new(self.known(now, sms.mobile_number(), self.count_of(now, sms)));
                Admission::Judge { sms_id, server_received_at, fingerprint, known }
            }
        };
        Admitted { outcome, delivery_id_reused }
    }

    fn is_marked(&self, now: Timestamp, mobile: &str) -> bool {
        self.waiting.iter().any(|((marked, _), until)| marked == mobile && *until > now)
    }

    fn count_new(&mut self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) {
        let Some(sender) = sms.sender.as_ref().ok().filter(|_| sms.is_counted()) else { return };
        let mobile = sender.e164();
        let window =
            live(&self.sms_counts, now, &mobile.to_owned()).unwrap_or(Window { count: 0, until: now + DAY });
        let count = window.count + 1;
        self.sms_counts.insert(mobile.to_owned(), Window { count, ..window });
        if count > limits.blacklist_above && !self.is_blocked(now, mobile) {
            self.put_on_blacklist(Blacklisting {
                mobile_number: mobile.to_owned(),
                country_code: sender.calling_code().to_owned(),
                local_mobile: sender.national().to_owned(),
                blacklisted_at: now,
                reason: THRESHOLD_EXCEEDED.to_owned(),
                message_count: count,
                expires_at: None,
                blocked_by: None,
            });
        }
    }

    fn count_of(&self, now: Timestamp, sms: &InboundSms) -> i64 {
        if sms.is_counted() { counted(&self.sms_counts, now, sms.mobile_number()) } else { 0 }
    }

    pub(super) fn put_on_blacklist(&mut self, entry: Blacklisting) {
        self.blacklist.insert(entry.mobile_number.clone(), entry.expires_at);
        self.blacklist_queue.insert(entry.mobile_number.clone(), entry);
    }

    pub(super) fn record(&mut self, now: Timestamp, judged: &Judged) -> Recorded {
        let Judged { key, precondition, row, events } = judged;
        let QueuedSms { sms, verdict, .. } = row;
        let seen = self.seen.get(key).filter(|seen| seen.until > now && seen.sms_id == sms.sms_id);
        match seen {
            None => return Recorded::NotAdmitted,
            Some(Seen { answer: Some(answer), .. }) => return Recorded::Done(answer.clone()),
            Some(_) => {}
        }
        let mobile = sms.mobile_number();
        let standing = self.standing(now, mobile);
        let meant = match precondition.onboarding {
            Some((id, state)) => standing.iter().find(|there| (there.id, there.state) == (id, state)),
            None => None,
        };
        let device = meant.and_then(|meant| meant.device_id.as_deref());
        let holds = (meant.is_some() || precondition.onboarding.is_none() && standing.is_empty())
            && self.validated.contains(&pair(mobile, device)) == precondition.pair_validated;
        if !holds {
            return Recorded::Changed(Box::new(self.known(now, mobile, self.count_of(now, sms))));
        }
        self.counters.queue_input_sms += 1;
        let id = self.counters.queue_input_sms;
        self.queue.insert(id, QueuedSms { id, judged_at: now, ..row.clone() });
        if let Some(mut onboarding) = meant.filter(|o| o.state.can_be_validated()).cloned() {
            onboarding.last_sms = Some(LastSms { id, judged_at: now, verdict: verdict.clone() });
            if verdict.passed() {
                self.validated.insert(onboarding.pair());
                onboarding.validated_at = Some(now);
                onboarding.state = State::Validated;
                self.write(now, onboarding, true);
            } else {
                // The table has heard of its end: it hears what came after it, too.
                let ended = onboarding.state == State::Expired;
                self.write(now, onboarding, ended);
            }
        }
        if !events.is_empty() {
            self.tell(Told::Judged(ToldOfSms {
                mobile_number: mobile.to_owned(),
                taken_in: sms.server_received_at,
                events: events.clone(),
            }));
        }
        let answer = Answer { id, sms_id: sms.sms_id, verdict: verdict.clone() };
        if let Some(seen) = self.seen.get_mut(key) {
            seen.answer = Some(answer.clone());
        }
        Recorded::Done(answer)
    }
}
