//! The people, messages and verdicts that cases are told with.

use bridge_core::checks::{CHECKS, SenderFacts};
use bridge_core::onboarding::{Applicant, Asked};
use bridge_core::sms::{Key, Part};
use bridge_core::verdict::{Code, Codes};
use bridge_core::{InboundSms, Mobile, Onboarding, Settings, Span, Timestamp, Verdict};
use uuid::Uuid;

use crate::HotStore;
use crate::audit::SmsRow;
use crate::blacklisting::Blacklisting;
use crate::events::{Event, EventKind};
use crate::hot::{Admission, IntakeLimits, Recorded, Registered, Registration, Restore, Right, Which};
use crate::judged::{Answer, Judged, QueuedSms};

/// When every case begins: 2026-01-31T12:00:00Z.
pub(super) const T0: Timestamp = Timestamp(1_769_860_800_000);
pub(super) const ALICE: &str = "+919876543210";
pub(super) const BOB: &str = "+919876543211";
pub(super) const MILLI: Span = Span(1);
pub(super) const SECOND: Span = Span(1_000);
pub(super) const HOUR: Span = Span(3_600_000);
pub(super) const LIMITS: IntakeLimits =
    IntakeLimits { blacklist_above: 3, takeover_after: Span(10_000), behind_waiting: true };
pub(super) const MAX: usize = 100;

/// A row as a list shows it: with so much of its text.
pub(super) fn shown(row: &SmsRow, text_chars: Option<u32>) -> SmsRow {
    let chars = text_chars.map_or(usize::MAX, |chars| usize::try_from(chars).unwrap());
    SmsRow { sms_message: row.sms_message.chars().take(chars).collect(), ..row.clone() }
}

/// The nth id of a case.
pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(super) fn mobile(e164: &str) -> Mobile {
    Mobile::from_e164(e164).unwrap()
}

/// An onboarding as it would be opened: five minutes to the deadline, a day in the hot store.
pub(super) fn onboarding(n: u128, e164: &str, device: Option<&str>, now: Timestamp) -> Onboarding {
    let who = Applicant {
        mobile: mobile(e164),
        email: Some("a@example.org".to_owned()),
        device_id: device.map(str::to_owned),
        client: None,
    };
    let salt = n.to_be_bytes();
    Onboarding::open(who, "ONBOARD", id(n), &salt, now, &Settings::default())
}

/// Everything that an app can ask for.
pub(super) fn asked() -> Asked {
    Asked {
        locale: Some("hi".to_owned()),
        return_url: Some("https://shop.example/done".to_owned()),
        metadata: Some("{\"order\":[12345678901234567890,\"\\u0000 \u{928}\",null]}".to_owned()),
        short: true,
        place: Some("IN".to_owned()),
    }
}

pub(super) fn registration(onboarding: Onboarding) -> Registration {
    Registration { onboarding, per_hour: 3, places: 8, refuse_blacklisted: true }
}

/// Registers somebody new and gives their onboarding.
pub(super) async fn open(store: &dyn HotStore, now: Timestamp, onboarding: Onboarding) -> Onboarding {
    let registered = store.register(now, &registration(onboarding.clone())).await.unwrap();
    assert_eq!(registered, Registered::New(onboarding.clone()));
    onboarding
}

/// Registers somebody new on a number with one place: whoever was there ends.
pub(super) async fn open_alone(store: &dyn HotStore, now: Timestamp, onboarding: Onboarding) -> Onboarding {
    let alone = Registration { places: 1, ..registration(onboarding.clone()) };
    assert_eq!(store.register(now, &alone).await.unwrap(), Registered::New(onboarding.clone()));
    onboarding
}

/// An SMS that the phone stamped and that reached the bridge at once.
pub(super) fn sms(n: u128, e164: &str, text: &str, now: Timestamp) -> InboundSms {
    InboundSms {
        sms_id: id(n),
        sender_raw: e164.to_owned(),
        sender: Ok(mobile(e164)),
        text: text.to_owned(),
        received_timestamp: now,
        stamped: true,
        stamp_raw: None,
        clock_not_set: None,
        server_received_at: now,
        receiver_id: "phone-1".to_owned(),
        format: "generic".to_owned(),
        line: None,
        delivery_id: None,
        clock_skew: Span(0),
        part: None,
    }
}

/// One part of a longer SMS.
pub(super) fn part(number: u8, total: u8) -> Part {
    Part { reference: "17".to_owned(), total, number }
}

/// Empties the store and enters its new epoch.
pub(super) async fn rebuild(store: &dyn HotStore, token: u128) -> String {
    let epoch = store.begin_rebuild(id(token)).await.unwrap();
    assert!(store.finish_rebuild(id(token)).await.unwrap());
    assert_eq!(store.epoch().await.unwrap().as_ref(), Some(&epoch));
    store.enter(Some(&epoch));
    epoch
}

/// The store loses everything, and gets these parts back.
pub(super) async fn lose(store: &dyn HotStore, token: u128, now: Timestamp, parts: &[Restore<'_>]) {
    let counters = store.counters().await.unwrap();
    let epoch = store.begin_rebuild(id(token)).await.unwrap();
    for part in parts {
        assert!(store.restore(now, Right::Rebuilding(id(token)), *part).await.unwrap());
    }
    store.raise_counters(counters).await.unwrap();
    assert!(store.finish_rebuild(id(token)).await.unwrap());
    store.enter(Some(&epoch));
}

/// All that waits for `input_sms`, as it will be read back from there.
pub(super) async fn judged(store: &dyn HotStore) -> Vec<QueuedSms> {
    let mut judged = store.queued_sms(Which::All, MAX).await.unwrap();
    judged.sort_by_key(|queued| queued.sms.server_received_at);
    judged
}

/// What an admission that is to be judged holds.
pub(super) struct Taken {
    pub(super) sms: InboundSms,
    pub(super) fingerprint: Key,
    pub(super) known: SenderFacts,
    pub(super) delivery_id_reused: bool,
}

impl Taken {
    pub(super) fn judged(&self, verdict: Verdict) -> Judged {
        Judged::new(self.sms.clone(), self.fingerprint, verdict, &self.known)
    }
}

/// Takes in an SMS that must come out as one to judge.
pub(super) async fn take(store: &dyn HotStore, now: Timestamp, sms: &InboundSms) -> Taken {
    let admitted = store.admit(now, sms, LIMITS).await.unwrap();
    let Admission::Judge { sms_id, server_received_at, fingerprint, known } = admitted.outcome else {
        panic!("to be judged, not {:?}", admitted.outcome)
    };
    let sms = InboundSms { sms_id, server_received_at, ..sms.clone() };
    Taken { sms, fingerprint, known: *known, delivery_id_reused: admitted.delivery_id_reused }
}

pub(super) async fn record(store: &dyn HotStore, now: Timestamp, judged: &Judged) -> Answer {
    match store.record(now, judged).await.unwrap() {
        Recorded::Done(answer) => answer,
        other => panic!("recorded, not {other:?}"),
    }
}

/// Takes in and records one SMS.
pub(super) async fn settle(
    store: &dyn HotStore,
    now: Timestamp,
    sms: &InboundSms,
    verdict: Verdict,
) -> Answer {
    let taken = take(store, now, sms).await;
    record(store, now, &taken.judged(verdict)).await
}

pub(super) fn passed() -> Verdict {
    Verdict { codes: Codes([Code::Pass; CHECKS.len()]), failed_at: None, reason: None, late_delivery: false }
}

pub(super) fn failed() -> Verdict {
    Verdict::failed_match("no_onboarding")
}

pub(super) fn blacklisting(e164: &str, now: Timestamp, reason: &str) -> Blacklisting {
    let mobile = mobile(e164);
    Blacklisting {
        mobile_number: e164.to_owned(),
        country_code: mobile.calling_code().to_owned(),
        local_mobile: mobile.national().to_owned(),
        blacklisted_at: now,
        reason: reason.to_owned(),
        message_count: 4,
        expires_at: None,
        blocked_by: None,
    }
}

/// The nth event, of that number.
pub(super) fn event(n: u128, e164: &str, at: Timestamp) -> Event {
    Event {
        id: format!("evt_{n}"),
        kind: EventKind::SmsJudged,
        at,
        since: at,
        subject: Some(id(n / 10)),
        mobile_number: Some(e164.to_owned()),
        data: format!("{{\"n\":{n},\"text\":\"ü\\n\\\"'\\u0000\"}}"),
    }
}

/// A judged SMS on its way to `input_sms`.
pub(super) fn queued(id: i64, sms: InboundSms, verdict: Verdict) -> QueuedSms {
    QueuedSms {
        id,
        sms,
        fingerprint: "f".repeat(32),
        verdict,
        judged_at: T0,
        onboarding_id: None,
        device_id: Some("d1".to_owned()),
        sms_in_window: 0,
    }
}
