//! What apps are told, as pure functions of what happened. An id is made of what happened: found once more after a loss,
//! it is the same event. Neither the text of an SMS nor a hash is ever in it; numbers are whole.

use bridge_core::onboarding::hex;
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Onboarding, State, Timestamp, Verdict};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::events::{Event, EventKind};
use bridge_store::judged::QueuedSms;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An id for what happened to whom: the same for the same.
fn id(kind: EventKind, whom: &str) -> String {
    format!("evt_{}", hex(&digest(&[kind.word(), whom])))
}

fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let mut first = [0; 16];
    first.iter_mut().zip(hasher.finalize()).for_each(|(to, byte)| *to = byte);
    first
}

/// What a name is to the order of events.
pub(crate) fn subject(what: &str) -> Uuid {
    Uuid::from_bytes(digest(&["subject", what]))
}

/// `data` of `onboarding.…`.
#[derive(Serialize)]
struct OnboardingData<'a> {
    onboarding_id: Uuid,
    status: &'a str,
    mobile_number: &'a str,
    email: Option<&'a str>,
    device_id: Option<&'a str>,
    request_timestamp: String,
    user_deadline: String,
    validated_at: Option<String>,
    /// Why its last SMS failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at_check: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    metadata: Option<&'a RawValue>,
}

/// `data` of `sms.judged`.
#[derive(Serialize)]
struct SmsData<'a> {
    sms_id: Uuid,
    onboarding_id: Option<Uuid>,
    mobile_number: &'a str,
    status: &'a str,
    failed_at_check: Option<&'static str>,
    reason: Option<&'a str>,
    late_delivery: bool,
    device_id: Option<&'a str>,
    receiver_id: &'a str,
    received_timestamp: String,
    judged_at: String,
    metadata: Option<&'a RawValue>,
}

/// As JSON: structs of texts and of JSON that was read before, so that there is nothing that it could refuse.
fn json_of(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

fn metadata(onboarding: &Onboarding) -> Option<Box<RawValue>> {
    RawValue::from_string(onboarding.asked.metadata.clone()?).ok()
}

fn kind_of(onboarding: &Onboarding) -> Option<EventKind> {
    Some(match onboarding.state {
        State::Pending => return None,
        State::Validated => EventKind::OnboardingValidated,
        State::Cancelled => EventKind::OnboardingCancelled,
        State::Superseded => EventKind::OnboardingSuperseded,
        State::Expired if last_failed(onboarding) => EventKind::OnboardingFailed,
        State::Expired => EventKind::OnboardingExpired,
    })
}

fn last_failed(onboarding: &Onboarding) -> bool {
    onboarding.last_sms.as_ref().is_some_and(|last| !last.verdict.passed())
}

/// That an onboarding came into the state that it is in. None: there is nothing to tell.
pub(crate) fn of_onboarding(at: Timestamp, onboarding: &Onboarding) -> Option<Event> {
    let kind = kind_of(onboarding)?;
    let failed = onboarding.last_sms.as_ref().filter(|_| kind == EventKind::OnboardingFailed);
    let metadata = metadata(onboarding);
    let data = OnboardingData {
        onboarding_id: onboarding.id,
        status: kind.word().trim_start_matches("onboarding."),
        mobile_number: onboarding.mobile.e164(),
        email: onboarding.email.as_deref(),
        device_id: onboarding.device_id.as_deref(),
        request_timestamp: onboarding.request_timestamp.to_string(),
        user_deadline: onboarding.user_deadline.to_string(),
        validated_at: onboarding.validated_at.map(|at| at.to_string()),
        failed_at_check: failed.and_then(|last| last.verdict.failed_at).map(FailedAt::as_str),
        reason: failed.and_then(|last| last.verdict.reason.as_deref()),
        metadata: metadata.as_deref(),
    };
    Some(Event {
        id: id(kind, &onboarding.id.to_string()),
        kind,
        at,
        since: onboarding.request_timestamp,
        subject: Some(onboarding.id),
        mobile_number: Some(onboarding.mobile.e164().to_owned()),
        data: json_of(&data),
    })
}

/// What the judgement of an SMS means, given its onboarding as it was before: that it was judged, and what became of the
/// onboarding by it.
pub(crate) fn of_judged(
    now: Timestamp,
    sms: &InboundSms,
    verdict: &Verdict,
    before: Option<&Onboarding>,
) -> Vec<Event> {
    let mut events = vec![of_sms(now, sms, verdict, before)];
    if let Some(before) = before.filter(|before| before.state.can_be_validated()) {
        let last_sms =
            Some(bridge_core::onboarding::LastSms { id: 0, judged_at: now, verdict: verdict.clone() });
        let after = Onboarding { last_sms, ..before.clone() };
        let after = match (verdict.passed(), before.state) {
            (true, _) => Some(Onboarding { state: State::Validated, validated_at: Some(now), ..after }),
            // It had expired without any SMS, and now one failed.
            (false, State::Expired) if !last_failed(before) => Some(after),
            (false, _) => None,
        };
        events.extend(after.and_then(|after| of_onboarding(now, &after)));
    }
    events
}

fn of_sms(now: Timestamp, sms: &InboundSms, verdict: &Verdict, onboarding: Option<&Onboarding>) -> Event {
    let metadata = onboarding.and_then(metadata);
    let data = SmsData {
        sms_id: sms.sms_id,
        onboarding_id: onboarding.map(|onboarding| onboarding.id),
        mobile_number: sms.mobile_number(),
        status: verdict.status(),
        failed_at_check: verdict.failed_at.map(FailedAt::as_str),
        reason: verdict.reason.as_deref(),
        late_delivery: verdict.late_delivery,
        device_id: onboarding.and_then(|onboarding| onboarding.device_id.as_deref()),
        receiver_id: &sms.receiver_id,
        received_timestamp: sms.received_timestamp.to_string(),
        judged_at: now.to_string(),
        metadata: metadata.as_deref(),
    };
    Event {
        id: id(EventKind::SmsJudged, &sms.sms_id.to_string()),
        kind: EventKind::SmsJudged,
        at: now,
        since: sms.server_received_at,
        subject: onboarding.map(|onboarding| onboarding.id),
        mobile_number: Some(sms.mobile_number().to_owned()),
        data: json_of(&data),
    }
}

/// What a judged row means that comes from a journal: whether its events were ever queued nobody knows, and they have the ids
/// that they had then.
pub(crate) fn of_row(row: &QueuedSms, onboarding: Option<&Onboarding>) -> Vec<Event> {
    let before = onboarding.map(|onboarding| {
        // As it was: what is kept of it may know of this SMS already.
        let state = if row.verdict.passed() { State::Pending } else { onboarding.state };
        Onboarding { state, ..onboarding.clone() }
    });
    let mut events = of_judged(row.judged_at, &row.sms, &row.verdict, before.as_ref());
    // Whether a failed one was the first is told by the deadline that passes.
    events.retain(|event| event.kind != EventKind::OnboardingFailed);
    events
}

/// That a number was blocked.
pub(crate) fn of_blacklisting(entry: &Blacklisting) -> Event {
    let Blacklisting { mobile_number, blacklisted_at, reason, message_count, expires_at, blocked_by, .. } =
        entry;
    let data = json!({
        "mobile_number": mobile_number,
        "reason": reason,
        "message_count": message_count,
        "blacklisted_at": blacklisted_at.to_string(),
        "expires_at": expires_at.map(|at| at.to_string()),
        "blocked_by": blocked_by,
    });
    let kind = EventKind::NumberBlacklisted;
    Event {
        id: id(kind, &format!("{mobile_number} {}", blacklisted_at.0)),
        kind,
        at: *blacklisted_at,
        since: *blacklisted_at,
        subject: Some(subject(mobile_number)),
        mobile_number: Some(mobile_number.clone()),
        data: data.to_string(),
    }
}

/// That a receiver is silent, or speaks again.
pub(crate) fn of_receiver(
    kind: EventKind,
    at: Timestamp,
    name: &str,
    last_seen_at: Option<Timestamp>,
) -> Event {
    let data = json!({"receiver": name, "last_seen_at": last_seen_at.map(|at| at.to_string())});
    Event {
        id: id(kind, &format!("{name} {}", at.0)),
        kind,
        at,
        since: at,
        subject: Some(subject(&format!("receiver {name}"))),
        mobile_number: None,
        data: data.to_string(),
    }
}

/// That registration is paused, why, or that it goes on.
pub(crate) fn of_pause(kind: EventKind, at: Timestamp, cause: Option<(&str, &str)>) -> Event {
    let data = cause.map_or_else(|| json!({}), |(cause, why)| json!({"cause": cause, "why": why}));
    Event {
        id: id(kind, &at.0.to_string()),
        kind,
        at,
        since: at,
        subject: Some(subject("bridge")),
        mobile_number: None,
        data: data.to_string(),
    }
}

/// What is sent to try a webhook out.
pub(crate) fn of_test(at: Timestamp, of: Uuid) -> Event {
    let kind = EventKind::WebhookTest;
    let data = json!({"message": "This is a test. Nothing happened."}).to_string();
    Event { id: id(kind, &of.to_string()), kind, at, since: at, subject: None, mobile_number: None, data }
}

#[cfg(test)]
mod tests {
    use bridge_core::onboarding::{Applicant, Asked, LastSms};
    use bridge_core::{Mobile, Settings, Span};

    use super::*;

    const T0: Timestamp = Timestamp(1_769_860_800_000);

    fn onboarding() -> Onboarding {
        let mobile = Mobile::from_e164("+919876543210").unwrap();
        let who = Applicant { mobile, email: None, device_id: Some("d1".to_owned()), client: None };
        let opened = Onboarding::open(who, "ONBOARD", Uuid::from_u128(1), b"salt", T0, &Settings::default());
        let asked = Asked { metadata: Some("{\"order\": 1.50}".to_owned()), ..Asked::default() };
        Onboarding { asked, ..opened }
    }

    fn sms(text: &str) -> InboundSms {
        InboundSms {
            sms_id: Uuid::from_u128(2),
            sender_raw: "+919876543210".to_owned(),
            sender: Ok(Mobile::from_e164("+919876543210").unwrap()),
            text: text.to_owned(),
            received_timestamp: T0,
            stamped: true,
            stamp_raw: None,
            server_received_at: T0,
            receiver_id: "hall".to_owned(),
            format: "generic".to_owned(),
            line: None,
            delivery_id: None,
            clock_skew: Span(0),
            part: None,
            clock_not_set: None,
        }
    }

    fn passed() -> Verdict {
        Verdict { failed_at: None, reason: None, ..Verdict::failed_match("x") }
    }

    fn words(events: &[Event]) -> Vec<&'static str> {
        events.iter().map(|event| event.kind.word()).collect()
    }

    #[test]
    fn an_sms_tells_what_it_changed() {
        let pending = onboarding();
        let (sms, failed) = (sms("x"), Verdict::failed_match("hash_mismatch"));
        assert_eq!(words(&of_judged(T0, &sms, &failed, None)), ["sms.judged"]);
        assert_eq!(words(&of_judged(T0, &sms, &failed, Some(&pending))), ["sms.judged"]);
        let both = ["sms.judged", "onboarding.validated"];
        assert_eq!(words(&of_judged(T0, &sms, &passed(), Some(&pending))), both);
        let expired = Onboarding { state: State::Expired, ..pending.clone() };
        assert_eq!(words(&of_judged(T0, &sms, &passed(), Some(&expired))), both);
        let first = of_judged(T0, &sms, &failed, Some(&expired));
        assert_eq!(words(&first), ["sms.judged", "onboarding.failed"]);
        let last_sms = Some(LastSms { id: 1, judged_at: T0, verdict: failed.clone() });
        let failed_before = Onboarding { last_sms, ..expired };
        assert_eq!(words(&of_judged(T0, &sms, &failed, Some(&failed_before))), ["sms.judged"]);
        let cancelled = Onboarding { state: State::Cancelled, ..pending };
        assert_eq!(words(&of_judged(T0, &sms, &failed, Some(&cancelled))), ["sms.judged"]);
    }

    #[test]
    fn a_deadline_that_passes_is_an_expiry_or_a_failure() {
        let expired = Onboarding { state: State::Expired, ..onboarding() };
        assert_eq!(of_onboarding(T0, &expired).unwrap().kind, EventKind::OnboardingExpired);
        let verdict = Verdict::failed_match("hash_mismatch");
        let failed = Onboarding { last_sms: Some(LastSms { id: 1, judged_at: T0, verdict }), ..expired };
        let event = of_onboarding(T0, &failed).unwrap();
        assert_eq!(event.kind, EventKind::OnboardingFailed);
        assert!(event.data.contains("\"reason\":\"hash_mismatch\""), "{}", event.data);
        assert_eq!(of_onboarding(T0, &onboarding()), None, "that it is registered the app knows");
    }

    #[test]
    fn no_text_and_no_hash_is_told_and_metadata_comes_back_as_it_came() {
        let pending = onboarding();
        let text = format!("ONBOARD:{}", pending.hash);
        for event in of_judged(T0, &sms(&text), &passed(), Some(&pending)) {
            let body = event.body();
            assert!(!body.contains(&pending.hash) && !body.contains(&pending.salt), "{body}");
            assert!(!body.contains("ONBOARD"), "{body}");
            assert!(body.contains("\"metadata\":{\"order\": 1.50}"), "{body}");
            assert!(body.contains("\"mobile_number\":\"+919876543210\""), "{body}");
            serde_json::from_str::<serde_json::Value>(&body).unwrap();
        }
    }

    #[test]
    fn what_is_found_again_has_the_id_that_it_had() {
        let pending = onboarding();
        let told = of_judged(T0, &sms("x"), &passed(), Some(&pending));
        let row = QueuedSms {
            id: 7,
            sms: sms("x"),
            fingerprint: String::new(),
            verdict: passed(),
            judged_at: T0,
            onboarding_id: Some(pending.id),
            device_id: None,
            sms_in_window: 1,
        };
        let validated = Onboarding { state: State::Validated, validated_at: Some(T0), ..pending };
        let again = of_row(&row, Some(&validated));
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&told), ids(&again));
        assert_ne!(told[0].id, told[1].id);
        assert_eq!(told[1], of_onboarding(T0, &validated).unwrap(), "however it is found");
    }
}
